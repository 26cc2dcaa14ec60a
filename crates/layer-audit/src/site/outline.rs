//! What a document is made of: its title, and its sections with heading, anchor and plain text.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::markdown::Spanned;

/// Between the cells of a row, in plain text.
const CELL: &str = " · ";

/// A document in outline.
pub(super) struct Outline {
    /// Plain text of the first heading of level 1.
    pub(super) title: String,
    /// Whether the title is not in the document, but made from its path.
    pub(super) untitled: bool,
    /// One for each heading, in order; one more for text before the first heading, with an empty id.
    pub(super) sections: Vec<Section>,
}

/// A heading and what follows it, up to the next heading of any level.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Level of the heading, from 1.
    pub(super) level: usize,
    /// Anchor, unique in the document; the one that code hosts give to the same heading.
    pub(super) id: String,
    /// Plain text of the heading.
    pub(super) heading: String,
    /// Plain text that follows; a line for each paragraph, item and row.
    pub(super) text: String,
}

impl Outline {
    /// Reads the events; `fallback` is the title if the document has none.
    pub(super) fn of(events: &[Spanned<'_>], fallback: &str) -> Self {
        let sections = sections(events);
        let title = sections.iter().find(|section| section.level == 1).map(|section| section.heading.clone());
        let untitled = title.is_none();
        Self { title: title.unwrap_or_else(|| fallback.to_owned()), untitled, sections }
    }

    /// Whether a heading has that anchor.
    pub(super) fn has(&self, id: &str) -> bool {
        self.headings().any(|section| section.id == id)
    }

    /// The sections that have a heading.
    pub(super) fn headings(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.level > 0)
    }
}

fn sections(events: &[Spanned<'_>]) -> Vec<Section> {
    let mut ids = BTreeSet::new();
    let mut sections = vec![Section::default()];
    let mut in_heading = false;
    for (event, _) in events {
        let Some(section) = sections.last_mut() else { continue };
        let target = if in_heading { &mut section.heading } else { &mut section.text };
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                in_heading = true;
                sections.push(Section { level: *level as usize, ..Section::default() });
            }
            Event::End(TagEnd::Heading(_)) => {
                in_heading = false;
                section.id = unique(slug(&section.heading), &mut ids);
            }
            Event::Text(text) | Event::Code(text) => target.push_str(text),
            Event::SoftBreak | Event::HardBreak => target.push(' '),
            Event::End(TagEnd::TableCell) if !at_start(target) => target.push_str(CELL),
            Event::End(end) if is_block(end) && !target.is_empty() && !target.ends_with('\n') => {
                target.truncate(target.trim_end_matches(CELL).len());
                target.push('\n');
            }
            _ => {}
        }
    }
    sections.retain(|section| section.level > 0 || !section.text.is_empty());
    sections
}

/// Whether nothing stands in this row yet that a separator could separate.
fn at_start(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n') || text.ends_with(CELL)
}

fn is_block(end: &TagEnd) -> bool {
    matches!(
        end,
        TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::List(_)
    )
}

/// Lower case, letters, digits, `-` and `_`; a space becomes `-`. Capitals never occur: the page's own ids have them.
fn slug(heading: &str) -> String {
    let slug: String = heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            kept if kept.is_alphanumeric() || matches!(kept, '-' | '_') => Some(kept),
            _ => None,
        })
        .collect();
    if slug.is_empty() { "section".to_owned() } else { slug }
}

/// The slug, or the slug with the first free number from 1.
fn unique(slug: String, taken: &mut BTreeSet<String>) -> String {
    let mut id = slug.clone();
    let mut number = 0;
    while !taken.insert(id.clone()) {
        number += 1;
        id = format!("{slug}-{number}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::markdown;

    fn outline(markdown: &str) -> Outline {
        Outline::of(&markdown::events(markdown), "fallback")
    }

    #[test]
    fn ids_are_unique_even_against_numbered_headings() {
        let outline = outline("# A\n## A-1\n## a\n## `McpTool::get`, twice!\n## A\n## ???\n## !\n## Größe_x");
        let ids: Vec<_> = outline.headings().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["a", "a-1", "a-2", "mcptoolget-twice", "a-3", "section", "section-1", "größe_x"]);
    }

    #[test]
    fn the_title_is_the_first_heading_of_level_one() {
        assert_eq!(outline("## Early\n# Real `x`\n# Late").title, "Real x");
        let without = outline("## Only");
        assert_eq!((without.title.as_str(), without.untitled), ("fallback", true));
    }

    #[test]
    fn text_belongs_to_the_heading_above_it() {
        let outline =
            outline("before\n\n# T\nfirst\nline\n\n- a\n- b\n\n## S\n|x|y|\n|-|-|\n|1|`2`|\n|3||\n||4|\n");
        let texts: Vec<_> = outline
            .sections
            .iter()
            .map(|section| (section.heading.as_str(), section.text.as_str()))
            .collect();
        assert_eq!(texts, [("", "before\n"), ("T", "first line\na\nb\n"), ("S", "x · y\n1 · 2\n3\n4\n")]);
    }
}
