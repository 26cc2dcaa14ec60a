//! Calendar days, so that what was let off for a while runs out.

use std::fmt;

use serde::Deserialize;

/// A day of the calendar, written `2030-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(time::Date);

/// Not a day. The message says what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayError(String);

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no day; expected a form like 2030-12-31", self.0)
    }
}

impl std::error::Error for DayError {}

impl Day {
    /// Reads `2030-12-31`; nothing shorter, longer or impossible.
    pub fn parse(text: &str) -> Result<Self, DayError> {
        read(text).map(Self).ok_or_else(|| DayError(text.to_owned()))
    }

    /// So many days later; the last day of the calendar where there are not so many.
    pub fn later_by(self, days: u16) -> Self {
        Self(self.0.saturating_add(time::Duration::days(days.into())))
    }

    /// The day in UTC by the clock of this machine.
    pub fn today() -> Self {
        Self(time::OffsetDateTime::now_utc().date())
    }
}

impl Default for Day {
    /// The first day of 1970, on which nothing has run out yet.
    fn default() -> Self {
        Self(time::OffsetDateTime::UNIX_EPOCH.date())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        Self::parse(&text)
    }
}

fn read(text: &str) -> Option<time::Date> {
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly_and_compare() {
        for text in
            ["", "2030", "2030-1-1", "2030-02-30", "2030-13-01", "30-01-01", "2030-01-01T", "+030-01-01"]
        {
            assert!(Day::parse(text).is_err(), "{text}");
        }
        let day = Day::parse("2028-02-29").expect("a leap day");
        assert_eq!(day.to_string(), "2028-02-29");
        assert!(day < Day::parse("2028-03-01").expect("valid") && Day::default() < day);
        assert_eq!((day.later_by(0), day.later_by(366).to_string()), (day, "2029-03-01".to_owned()));
        let last = Day::parse("9999-12-31").expect("valid");
        assert_eq!(last.later_by(1), last);
    }
}
