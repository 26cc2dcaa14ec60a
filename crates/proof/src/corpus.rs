//! Tables of verdicts: one row is an input, the verdict that it must get, and the code of the first rule that fires.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{OptionExt, Result, WrapErr, bail};

pub(crate) mod credref;
pub(crate) mod ssrf;

/// One row, by the names of the table's first line.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    cells: Vec<(String, String)>,
}

impl Row {
    /// A cell; empty when the table has no such column.
    pub(crate) fn cell(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value)
    }
}

/// What the rules said of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) allowed: bool,
    pub(crate) code: String,
    /// A further column that must agree, if the table has it.
    pub(crate) class: Option<String>,
}

/// Judges every row and prints `N/M` and the ids that differ.
#[expect(clippy::print_stdout, reason = "this is what the command is for")]
pub(crate) async fn run<F>(table: &Path, judge: impl Fn(Row) -> F) -> Result<ExitCode>
where
    F: Future<Output = Result<Judgement>>,
{
    let text = fs::read_to_string(table).wrap_err_with(|| format!("cannot read {}", table.display()))?;
    let rows = parse(&text)?;
    let total = rows.len();
    let mut differing = Vec::new();
    for row in rows {
        let found = judge(row.clone()).await?;
        if let Some(difference) = difference(&row, &found) {
            differing.push(format!("{} {difference}", row.cell("id")));
        }
    }
    println!("{}/{total}", total - differing.len());
    for line in &differing {
        println!("{line}");
    }
    Ok(if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn difference(row: &Row, found: &Judgement) -> Option<String> {
    let verdict = if found.allowed { "allow" } else { "deny" };
    let class = found.class.as_deref().filter(|_| !row.cell("addr_class").is_empty());
    let same = row.cell("verdict") == verdict
        && row.cell("code") == found.code
        && class.is_none_or(|class| class == row.cell("addr_class"));
    (!same).then(|| {
        format!(
            "expected {} {} {}, got {verdict} {} {}",
            row.cell("verdict"),
            row.cell("code"),
            row.cell("addr_class"),
            found.code,
            class.unwrap_or_default()
        )
    })
}

/// The rows of a table: tab-separated, a first line of names, escapes `\t \n \r \0 \\`.
fn parse(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().ok_or_eyre("the table is empty")?.split('\t').collect();
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<String> = line.split('\t').map(unescape).collect();
        if cells.len() > names.len() {
            bail!("line {}: expected at most {} cells", number + 2, names.len());
        }
        rows.push(Row { cells: names.iter().map(ToString::to_string).zip(cells).collect() });
    }
    Ok(rows)
}

fn unescape(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('0') => out.push('\0'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (plain, false) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_short_lines_are_filled() {
        let rows = parse("id\turl\tverdict\nS1\ta\\\\b\\tc\n").unwrap();
        assert_eq!((rows[0].cell("url"), rows[0].cell("verdict")), ("a\\b\tc", ""));
        assert!(parse("id\nS1\tx\n").is_err());
    }

    #[test]
    fn a_wrong_code_is_a_difference_even_if_the_verdict_agrees() {
        let row = &parse("id\tverdict\tcode\nS1\tdeny\tscheme\n").unwrap()[0];
        let judged = |code: &str| Judgement { allowed: false, code: code.to_owned(), class: None };
        assert_eq!(difference(row, &judged("scheme")), None);
        assert!(difference(row, &judged("parse")).is_some());
    }
}
