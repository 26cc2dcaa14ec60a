//! LA-004: an allowance that lets off nothing goes from `layers.toml`, with the comment right above it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mend;
use crate::config::{Allow, Config};
use crate::finding::Finding;
use crate::manifest::line_of;
use crate::report::Report;
use crate::rules::CONFIG;
use crate::terms::{ALLOWANCES, covers};

pub(super) fn mends(report: &Report, config: &Config, read: &dyn Fn(&str) -> Option<String>) -> Vec<Mend> {
    let said_so: Vec<&Finding> =
        report.open().filter(|finding| finding.rule == ALLOWANCES && finding.stale).collect();
    if said_so.is_empty() {
        return Vec::new();
    }
    let text = read(CONFIG).unwrap_or_default();
    let idle = |entry: &Allow| {
        let subject = format!("{} {}", entry.rule, entry.file);
        said_so.iter().any(|finding| finding.subject == subject)
            && !report.findings.iter().any(|finding| covers(entry, finding))
    };
    let entries = config.allowances.iter().zip(entries(&text));
    entries.filter(|(entry, _)| idle(entry)).map(|(entry, lines)| removal(entry, lines)).collect()
}

fn removal(entry: &Allow, lines: Range<usize>) -> Mend {
    let subject = format!("{} {}", entry.rule, entry.file);
    let said = format!("no [[allow]] {subject} any more");
    Mend {
        rule: ALLOWANCES,
        file: CONFIG.to_owned(),
        subject: Some(subject),
        lines,
        text: String::new(),
        said,
    }
}

/// The lines of each `[[allow]]`, in file order. None at all where they are written in another form.
fn entries(text: &str) -> Vec<Range<usize>> {
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let entries = document.get_ref().get("allow").and_then(|value| value.get_ref().as_array());
    let entries = entries.into_iter().flat_map(|entries| entries.iter());
    let headed = |entry: &Spanned<DeValue<'_>>| text[entry.span()].starts_with("[[");
    entries.map(|entry| headed(entry).then(|| lines(text, entry))).collect::<Option<_>>().unwrap_or_default()
}

/// From the comment right above the header to the last value, and the empty line after it.
fn lines(text: &str, entry: &Spanned<DeValue<'_>>) -> Range<usize> {
    let values = entry.get_ref().as_table().into_iter().flat_map(|table| table.iter());
    let last = values.map(|(_, value)| value.span().end).max().unwrap_or(entry.span().end);
    let (header, last) = (line_of(text, entry.span().start), line_of(text, last));
    let lines: Vec<&str> = text.lines().collect();
    let above = lines[..header - 1].iter().rev().take_while(|line| line.starts_with('#')).count();
    let empty_below = lines.get(last).is_some_and(|line| line.trim().is_empty());
    header - above..last + 1 + usize::from(empty_below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};
    use crate::mend::apply;
    use crate::workspace::Workspace;

    const HEAD: &str = "schema = 1\n\n# --- allowed ---\n\n";
    const USED: &str = "[[allow]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\nreason = \"moves\" # soon\n\
                        owner = \"rules\"\nuntil = \"1970-06-30\"\n";
    const REST: &str = "# The rest.\n[headers]\nroot_labels = []\n";

    fn idle(subject: &str) -> String {
        format!("# Why it is there.\n{}subject = \"{subject}\"\n\n", USED.replace("lib.rs", "m.rs"))
    }

    fn mended(text: &str) -> String {
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "fn f() {}");
        workspace.plant("crates/a/src/m.rs", "//! Good.");
        let config = Config::parse(text).expect("valid");
        let report = evaluate(&workspace, &config, &Selection::all());
        let mends = mends(&report, &config, &|_| Some(text.to_owned()));
        apply(text, &mends.iter().collect::<Vec<_>>())
    }

    #[test]
    fn only_what_lets_off_nothing_goes() {
        let (one, two) = (idle("x"), idle("y"));
        let cases = [
            (format!("{HEAD}{USED}\n{REST}"), format!("{HEAD}{USED}\n{REST}")),
            (format!("{HEAD}{one}{USED}\n{REST}"), format!("{HEAD}{USED}\n{REST}")),
            (format!("{HEAD}{USED}\n{one}{two}{REST}"), format!("{HEAD}{USED}\n{REST}")),
            (format!("{HEAD}{REST}\n{}", one.trim_end()), format!("{HEAD}{REST}\n")),
        ];
        for (text, expected) in cases {
            assert_eq!(mended(&text), expected, "{text}");
        }
    }

    #[test]
    fn another_form_of_writing_is_left_alone() {
        let inline = "schema = 1\nallow = [{ rule = \"LA-401\", file = \"crates/a/src/m.rs\", reason = \"r\", owner = \"o\", \
                      until = \"1970-06-30\" }]\n[headers]\nroot_labels = []\n";
        assert_eq!(mended(inline), inline);
    }
}
