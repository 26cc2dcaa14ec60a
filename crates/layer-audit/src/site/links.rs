//! Where a link leads: another document, the web, a file that is no document, or nowhere.

use std::fmt;

use pulldown_cmark::{Event, LinkType, Tag};

use super::library::{Document, Library};
use super::{markdown, paths};

/// A link that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenLink {
    /// Path of the document.
    pub page: String,
    /// Line of the link, from 1.
    pub line: usize,
    /// What the link names.
    pub target: String,
    /// What is wrong with it.
    pub problem: LinkProblem,
}

/// Why a link leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkProblem {
    /// It names nothing.
    Empty,
    /// It starts at the root of a host or disk, which is elsewhere for every reader.
    Absolute,
    /// A scheme other than http, https and mailto.
    Scheme,
    /// No such document, or a folder without a `README.md`.
    NoPage,
    /// The document has no heading with that anchor.
    NoHeading,
}

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// A place in this site, relative to the page.
    Here(String),
    /// The web, or a mailbox.
    Away(String),
    /// A file that is no document, or an item of code; its path as written.
    File(String),
    /// Nowhere.
    Broken(LinkProblem),
}

impl fmt::Display for BrokenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, line, target, problem } = self;
        write!(f, "{page}:{line} links to `{target}`: {problem}")
    }
}

impl fmt::Display for LinkProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the link is empty; name a document, or remove the link",
            Self::Absolute => "the path is absolute; write it relative to this document",
            Self::Scheme => "expected http, https or mailto; for a file write `./` before its name",
            Self::NoPage => "no such document; mend the path, or add the document",
            Self::NoHeading => "the document has no such heading; mend the part after `#`",
        })
    }
}

/// Every broken link of a document, in order.
pub(super) fn broken(document: &Document<'_>, library: &Library<'_>) -> Vec<BrokenLink> {
    let mut found = Vec::new();
    for (event, at) in markdown::events(document.markdown) {
        let Event::Start(Tag::Link { link_type, dest_url, .. }) = event else { continue };
        if let Destination::Broken(problem) = destination(link_type, &dest_url, document, library) {
            let line = document.markdown.get(..at).unwrap_or_default().matches('\n').count() + 1;
            let (page, target) = (document.path.clone(), dest_url.into_string());
            found.push(BrokenLink { page, line, target, problem });
        }
    }
    found
}

/// Judges one link of a document.
pub(super) fn destination(
    kind: LinkType,
    target: &str,
    from: &Document<'_>,
    library: &Library<'_>,
) -> Destination {
    if kind == LinkType::Email {
        return Destination::Away(format!("mailto:{target}"));
    }
    if target.is_empty() {
        return Destination::Broken(LinkProblem::Empty);
    }
    if target.starts_with(['/', '\\']) {
        return Destination::Broken(LinkProblem::Absolute);
    }
    // A path of Rust, as in text that comes from doc comments.
    if target.contains("::") {
        return Destination::File(target.to_owned());
    }
    match scheme(target) {
        Some("http" | "https" | "mailto") => Destination::Away(target.to_owned()),
        Some(_) => Destination::Broken(LinkProblem::Scheme),
        None => relative(target, from, library),
    }
}

/// What stands before a colon, in lower case letters only: other spellings are no link that we vouch for.
fn scheme(target: &str) -> Option<&str> {
    let before = &target[..target.find(['/', '?', '#']).unwrap_or(target.len())];
    before.split_once(':').map(|(scheme, _)| scheme)
}

fn relative(target: &str, from: &Document<'_>, library: &Library<'_>) -> Destination {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = paths::decode(path.split('?').next().unwrap_or_default());
    let anchor = paths::decode(anchor);
    let document = if path.is_empty() {
        from
    } else {
        let Some(joined) = paths::join(&from.path, &path) else { return Destination::File(path) };
        match library.find(&joined) {
            Some(document) => document,
            None if path.ends_with('/') || joined.ends_with(".md") || library.has_folder(&joined) => {
                return Destination::Broken(LinkProblem::NoPage);
            }
            None => return Destination::File(path),
        }
    };
    let file = || format!("{}{}", paths::to_root(&from.output), paths::encode(&document.output));
    match (anchor.as_str(), path.is_empty()) {
        ("", _) => Destination::Here(file()),
        (id, _) if !document.outline.has(id) => Destination::Broken(LinkProblem::NoHeading),
        (id, true) => Destination::Here(format!("#{}", paths::encode(id))),
        (id, false) => Destination::Here(format!("{}#{}", file(), paths::encode(id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Page, Site};

    fn site() -> Site {
        let page = |path: &str, markdown: &str| Page { path: path.to_owned(), markdown: markdown.to_owned() };
        let pages = vec![
            page("README.md", "# Home"),
            page("orders/README.md", "# Orders\n## Größe\n"),
            page("orders/a b.md", "# Ab"),
            page("audit/checks.md", "# Checks\n## Rules\n"),
        ];
        Site { title: "S".to_owned(), pages }
    }

    #[test]
    fn links_lead_where_they_should() {
        let site = site();
        let library = Library::of(&site);
        let from = library.find("orders").expect("a folder's README");
        let (here, away) =
            (|to: &str| Destination::Here(to.to_owned()), |to: &str| Destination::Away(to.to_owned()));
        let file = |to: &str| Destination::File(to.to_owned());
        for (target, expected) in [
            ("../audit/checks.md", here("../audit/checks.html")),
            ("../audit/checks.md?x=1#rules", here("../audit/checks.html#rules")),
            ("../", here("../index.html")),
            ("#gr%C3%B6%C3%9Fe", here("#größe")),
            ("a%20b.md", here("../orders/a%20b.html")),
            ("https://example.org/a?b#c", away("https://example.org/a?b#c")),
            ("mailto:a@example.org", away("mailto:a@example.org")),
            ("../../crates/x.rs#L3", file("../../crates/x.rs")),
            ("../../STYLE.md", file("../../STYLE.md")),
            ("graph.svg", file("graph.svg")),
            ("orders::Order", file("orders::Order")),
            ("", Destination::Broken(LinkProblem::Empty)),
            ("/orders/README.md", Destination::Broken(LinkProblem::Absolute)),
            ("//example.org", Destination::Broken(LinkProblem::Absolute)),
            ("javascript:alert(1)", Destination::Broken(LinkProblem::Scheme)),
            ("JavaScript:alert(1)", Destination::Broken(LinkProblem::Scheme)),
            ("data:text/html,x", Destination::Broken(LinkProblem::Scheme)),
            ("gone.md", Destination::Broken(LinkProblem::NoPage)),
            ("../audit", Destination::Broken(LinkProblem::NoPage)),
            ("../gone/", Destination::Broken(LinkProblem::NoPage)),
            ("#gone", Destination::Broken(LinkProblem::NoHeading)),
            ("../audit/checks.md#gone", Destination::Broken(LinkProblem::NoHeading)),
        ] {
            assert_eq!(destination(LinkType::Inline, target, from, &library), expected, "{target}");
        }
    }
}
