//! The header lines of a request that we received, as far as the ladder asks for them.

/// Header lines in the order of the wire. Names are compared without case. A gateway starts outgoing requests from an
/// empty set: this type is for reading only.
#[derive(Clone, Debug, Default)]
pub struct HeaderLines<'a>(Vec<(&'a str, &'a [u8])>);

/// What there is of a header that may occur once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// No line.
    Absent,
    /// One line.
    One(&'a [u8]),
    /// Several lines: two readers could pick different ones, so none is picked.
    Many,
}

impl<'a> HeaderLines<'a> {
    /// No lines.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a line.
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        self.0.push((name, value));
    }

    /// The one line of `name`.
    #[must_use]
    pub fn single(&self, name: &str) -> Line<'a> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (None, _) => Line::Absent,
            (Some(value), None) => Line::One(value),
            (Some(_), Some(_)) => Line::Many,
        }
    }

    /// The values of all lines of `name`.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.0.iter().filter(move |(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for HeaderLines<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(lines: I) -> Self {
        Self(lines.into_iter().collect())
    }
}
