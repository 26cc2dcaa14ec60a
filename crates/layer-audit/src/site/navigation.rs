//! The navigation: all documents by folder, and the headings of one document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::frame::escape;
use super::library::{Document, Library};
use super::paths;

/// A folder of documents.
#[derive(Default)]
struct Folder<'a> {
    readme: Option<&'a Document<'a>>,
    pages: Vec<&'a Document<'a>>,
    folders: BTreeMap<&'a str, Folder<'a>>,
}

/// All documents as nested lists, as seen from the file `from`: a folder is its README, or else its name.
pub(super) fn tree(library: &Library<'_>, from: &str) -> String {
    let mut root = Folder::default();
    for document in library.documents.values() {
        let mut folder = &mut root;
        let mut segments = document.path.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_some() {
                folder = folder.folders.entry(segment).or_default();
            } else if segment == paths::README {
                folder.readme = Some(document);
            } else {
                folder.pages.push(document);
            }
        }
    }
    let mut out = String::from("<ul>\n");
    if let Some(readme) = root.readme {
        let _ = writeln!(out, "<li>{}</li>", entry(readme, from));
    }
    inside(&root, from, &mut out);
    out.push_str("</ul>\n");
    out
}

/// The headings of levels 2 and 3, or nothing if there are fewer than two.
pub(super) fn contents(document: &Document<'_>) -> String {
    let headings: Vec<_> =
        document.outline.headings().filter(|section| matches!(section.level, 2 | 3)).collect();
    if headings.len() < 2 {
        return String::new();
    }
    let mut out = String::from("<ul>\n");
    for section in headings {
        let (level, id, heading) = (section.level, paths::encode(&section.id), escape(&section.heading));
        let _ = writeln!(out, "<li class=\"level-{level}\"><a href=\"#{id}\">{heading}</a></li>");
    }
    out.push_str("</ul>\n");
    out
}

fn inside(folder: &Folder<'_>, from: &str, out: &mut String) {
    for document in &folder.pages {
        let _ = writeln!(out, "<li>{}</li>", entry(document, from));
    }
    for (name, folder) in &folder.folders {
        let label = folder.readme.map_or_else(
            || format!("<span class=\"folder\">{}</span>", escape(name)),
            |readme| entry(readme, from),
        );
        let _ = write!(out, "<li>{label}");
        if !folder.pages.is_empty() || !folder.folders.is_empty() {
            out.push_str("\n<ul>\n");
            inside(folder, from, out);
            out.push_str("</ul>\n");
        }
        out.push_str("</li>\n");
    }
}

fn entry(document: &Document<'_>, from: &str) -> String {
    let href = format!("{}{}", paths::to_root(from), paths::encode(&document.output));
    let current = if document.output == from { " aria-current=\"page\"" } else { "" };
    format!("<a href=\"{href}\"{current}>{}</a>", escape(&document.outline.title))
}
