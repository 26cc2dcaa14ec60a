//! Markdown tables, with what stands in their cells escaped.

/// A table; empty if there are no rows.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rule: Vec<String> = heads.iter().map(|_| "---".to_owned()).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(&heads), line(&rule))
}

/// A word of code; a dash for nothing.
pub(crate) fn code(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { format!("`{}`", text.replace('|', "\\|").replace('`', "'")) }
}

/// Words of code, separated by commas; a dash for none.
pub(crate) fn codes<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(code).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
}

/// A sentence from the source.
pub(crate) fn sentence(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_their_table() {
        let rows = [vec![code("a|b"), codes(["x", "y"]), sentence("Page<T> | more")]];
        assert_eq!(
            table(&["A", "B", "C"], &rows),
            "| A | B | C |\n| --- | --- | --- |\n| `a\\|b` | `x`, `y` | Page\\<T> \\| more |\n"
        );
        assert_eq!((table(&["A"], &[]), codes([])), (String::new(), "-".to_owned()));
    }
}
