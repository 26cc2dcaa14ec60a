//! Workflow commands of GitHub Actions: each finding stands beside its line in the pull request.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use super::{Account, text};
use crate::finding::{Finding, Severity};

pub(super) fn render(account: &Account<'_>) -> String {
    let mut text: String = account.report.open().map(annotation).collect();
    text.push_str(&text::end(account));
    text
}

fn annotation(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Blocking => "error",
        Severity::Advisory => "warning",
    };
    let place = &finding.place;
    let mut properties = format!("file={}", property(&place.file));
    if place.line > 0 {
        properties.push_str(&format!(",line={}", place.line));
        if place.column > 0 {
            properties.push_str(&format!(",col={}", place.column));
        }
    }
    format!("::{command} {properties},title={}::{}\n", property(finding.rule), data(&finding.message))
}

/// Text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, in which `:` and `,` have a meaning as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_to_the_runner_is_escaped() {
        let cases = [
            ("plain", "plain", "plain"),
            ("a: b, c", "a: b, c", "a%3A b%2C c"),
            ("100%\r\n::error::", "100%25%0D%0A::error::", "100%25%0D%0A%3A%3Aerror%3A%3A"),
        ];
        for (text, as_data, as_property) in cases {
            assert_eq!((data(text).as_str(), property(text).as_str()), (as_data, as_property), "{text:?}");
        }
    }
}
