//! The page around a document: header, search, navigation, contents.

use super::library::{Document, Library};
use super::{article, navigation, paths};

const TEMPLATE: &str = include_str!("page.html");

/// The file of one document.
pub(super) fn page(document: &Document<'_>, library: &Library<'_>) -> String {
    let title = &document.outline.title;
    let headings = navigation::contents(document);
    let contents = if headings.is_empty() {
        String::new()
    } else {
        format!(
            "<details class=\"contents\" open>\n<summary>On this page</summary>\n\
             <nav aria-label=\"On this page\">\n{headings}</nav>\n</details>\n"
        )
    };
    let article = article::article(document, library);
    let source = format!("<footer>Source: <code>{}</code></footer>\n", escape(&document.path));
    frame(library, &document.output, title, &contents, &format!("{article}{source}"))
}

/// The start page of a site whose root has no README: its documents.
pub(super) fn overview(library: &Library<'_>) -> String {
    let file = "index.html";
    let list = navigation::tree(library, file);
    let article = format!("<h1>{}</h1>\n{list}", escape(library.title));
    frame(library, file, library.title, "", &article)
}

/// Text as it may stand in markup, also in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn frame(library: &Library<'_>, file: &str, title: &str, contents: &str, article: &str) -> String {
    let (site, title) = (escape(library.title), escape(title));
    let full = if site == title { site.clone() } else { format!("{title} · {site}") };
    fill(&[
        ("title", &full),
        ("site", &site),
        ("root", &paths::to_root(file)),
        ("navigation", &navigation::tree(library, file)),
        ("contents", contents),
        ("article", article),
    ])
}

/// Puts the values, which are markup, at the template's `{{name}}`. A value is never searched for names itself.
fn fill(values: &[(&str, &str)]) -> String {
    let mut pieces = TEMPLATE.split("{{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, after) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        out.push_str(value);
        out.push_str(after);
    }
    out
}
