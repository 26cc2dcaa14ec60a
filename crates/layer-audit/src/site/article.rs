//! The markup of one document.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd, html};

use super::frame::escape;
use super::library::{Document, Library};
use super::links::{Destination, destination};
use super::markdown::{self, Spanned};
use super::outline::Section;
use super::paths;
use super::table::Table;

/// Inline code longer than this may break at its separators.
const BREAKABLE: usize = 20;

/// Renders a document, without the page around it.
pub(super) fn article(document: &Document<'_>, library: &Library<'_>) -> String {
    let events = markdown::events(document.markdown);
    let headings: Vec<_> = document.outline.headings().collect();
    let mut writer =
        Writer { document, library, headings, heading: 0, table: None, end_of_link: "", out: Vec::new() };
    if document.outline.untitled {
        writer.raw(format!("<h1>{}</h1>\n", escape(&document.outline.title)));
    }
    for (at, (event, _)) in events.iter().enumerate() {
        writer.event(event, &events[at + 1..]);
    }
    let mut markup = String::new();
    html::push_html(&mut markup, writer.out.into_iter());
    markup
}

/// Replaces the events whose markup is ours, and leaves the rest to `pulldown_cmark`.
struct Writer<'a> {
    document: &'a Document<'a>,
    library: &'a Library<'a>,
    headings: Vec<&'a Section>,
    /// How many headings have begun.
    heading: usize,
    table: Option<Table>,
    end_of_link: &'static str,
    out: Vec<Event<'a>>,
}

impl<'a> Writer<'a> {
    fn event(&mut self, event: &Event<'a>, rest: &[Spanned<'a>]) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading += 1;
                let id = self.section().map_or("", |section| section.id.as_str());
                self.raw(format!("<{level} id=\"{}\">", escape(id)));
            }
            Event::End(TagEnd::Heading(level)) => {
                let end = self.section().map_or_else(String::new, permalink);
                self.raw(format!("{end}</{level}>\n"));
            }
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let (start, end) = link(&destination(*link_type, dest_url, self.document, self.library));
                self.end_of_link = end;
                self.raw(start);
            }
            Event::End(TagEnd::Link) => self.raw(self.end_of_link),
            Event::Start(Tag::CodeBlock(kind)) => self.raw(start_of_code(kind)),
            Event::End(TagEnd::CodeBlock) => self.raw("</code></pre>\n"),
            Event::Code(code) => self.raw(format!("<code>{}</code>", breakable(code))),
            Event::Start(Tag::Table(alignments)) => {
                self.table = Some(Table::measure(alignments, rest));
                let label = self.section().map_or(&self.document.outline.title, |section| &section.heading);
                self.raw(Table::open(label));
            }
            Event::End(TagEnd::Table) => {
                self.table = None;
                self.raw(Table::CLOSE);
            }
            event => match self.table.as_mut().and_then(|table| in_table(table, event)) {
                Some(markup) => self.raw(markup),
                None if matches!(event, Event::Start(Tag::TableHead)) => {}
                None => self.out.push(event.clone()),
            },
        }
    }

    /// The section of the heading that has begun last.
    fn section(&self) -> Option<&'a Section> {
        self.headings.get(self.heading.checked_sub(1)?).copied()
    }

    fn raw(&mut self, markup: impl Into<CowStr<'a>>) {
        self.out.push(Event::Html(markup.into()));
    }
}

fn in_table(table: &mut Table, event: &Event<'_>) -> Option<String> {
    match event {
        Event::End(TagEnd::TableHead) => Some(table.end_head().to_owned()),
        Event::Start(Tag::TableRow) => Some(table.start_row().to_owned()),
        Event::End(TagEnd::TableRow) => Some("</tr>\n".to_owned()),
        Event::Start(Tag::TableCell) => Some(table.start_cell()),
        Event::End(TagEnd::TableCell) => Some(table.end_cell().to_owned()),
        _ => None,
    }
}

fn permalink(section: &Section) -> String {
    let (id, heading) = (paths::encode(&section.id), escape(&section.heading));
    format!(" <a class=\"permalink\" href=\"#{id}\" aria-label=\"Link to: {heading}\">#</a>")
}

fn link(destination: &Destination) -> (String, &'static str) {
    match destination {
        Destination::Here(href) => (format!("<a href=\"{}\">", escape(href)), "</a>"),
        Destination::Away(href) => (format!("<a href=\"{}\" rel=\"noreferrer\">", escape(href)), "</a>"),
        Destination::File(path) => {
            (format!("<span class=\"file\" title=\"{} (not part of this site)\">", escape(path)), "</span>")
        }
        Destination::Broken(problem) => (
            format!("<span class=\"broken\" title=\"{}\">", escape(&format!("broken link: {problem}"))),
            "</span>",
        ),
    }
}

fn start_of_code(kind: &CodeBlockKind<'_>) -> String {
    let language = match kind {
        CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    };
    let class =
        if language.is_empty() { String::new() } else { format!(" class=\"language-{}\"", escape(language)) };
    format!("<pre class=\"scrolls\" tabindex=\"0\" role=\"group\" aria-label=\"Code\"><code{class}>")
}

/// Long code may break after a separator, so that a path or an operation's name fits into a column.
fn breakable(code: &str) -> String {
    let mut markup = String::new();
    let mut pieces = code.split_inclusive(['/', '_', '.', ':', ',']).peekable();
    while let Some(piece) = pieces.next() {
        markup.push_str(&escape(piece));
        // `::` and a file's extension stay together.
        let after = pieces.peek().map_or(0, |next| next.len());
        let apart = if piece.ends_with('.') { after > 4 } else { after > 1 };
        if apart && code.len() > BREAKABLE {
            markup.push_str("<wbr>");
        }
    }
    markup
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_code_breaks_after_separators() {
        for (code, expected) in [
            ("a.b_c", "a.b_c"),
            ("std::sync::atomic::Ordering", "std::<wbr>sync::<wbr>atomic::<wbr>Ordering"),
            ("crates/a/src/&<x>/lib.rs", "crates/<wbr>a/<wbr>src/<wbr>&amp;&lt;x&gt;/<wbr>lib.rs"),
        ] {
            assert_eq!(breakable(code), expected);
        }
    }
}
