//! Markdown as events that are safe to show: no raw HTML, no images, no inputs.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

/// An event, and the byte of the source where it starts.
pub(super) type Spanned<'a> = (Event<'a>, usize);

/// The events of a document. Raw HTML becomes text, so that a type such as `Option<T>` in prose is seen as it was
/// written; comments are dropped; an image becomes its alternative text, a task's box a character.
pub(super) fn events(markdown: &str) -> Vec<Spanned<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut safe = Vec::new();
    let mut raw_block = String::new();
    for (event, span) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::HtmlBlock) => raw_block.clear(),
            Event::Html(html) => raw_block.push_str(&html),
            Event::End(TagEnd::HtmlBlock) => {
                let text = without_comments(&raw_block);
                if !text.trim().is_empty() {
                    let text = Event::Text(CowStr::from(text.trim().to_owned()));
                    let paragraph = [Event::Start(Tag::Paragraph), text, Event::End(TagEnd::Paragraph)];
                    safe.extend(paragraph.map(|event| (event, span.start)));
                }
            }
            Event::InlineHtml(html) if html.starts_with("<!--") => {}
            Event::InlineHtml(html) => safe.push((Event::Text(html), span.start)),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::TaskListMarker(done) => {
                safe.push((Event::Text(CowStr::Borrowed(if done { "☑ " } else { "☐ " })), span.start));
            }
            event => safe.push((event, span.start)),
        }
    }
    safe
}

/// The text between `<!--` and `-->` taken out; a comment without an end goes to the end.
fn without_comments(html: &str) -> String {
    let mut parts = html.split("<!--");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some((_, after)) = part.split_once("-->") {
            kept.push_str(after);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markdown: &str) -> String {
        let texts = events(markdown).into_iter().filter_map(|(event, _)| match event {
            Event::Text(text) => Some(text.into_string()),
            Event::Html(html) | Event::InlineHtml(html) => Some(format!("RAW {html}")),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn raw_html_is_text_and_comments_are_gone() {
        for (markdown, expected) in [
            ("an Option<String> here", "an Option<String> here"),
            ("<div onclick=x()>\nhello\n</div>", "<div onclick=x()>\nhello\n</div>"),
            ("<!-- generated: begin -->\n\ntext\n\n<!-- generated: end -->", "text"),
            ("<!-- a\n\nb --> after <!-- c", "after"),
            ("a<!-- b -->c", "ac"),
            ("![a *graph*](graph.svg)", "a graph"),
            ("- [x] done\n- [ ] open", "☑ done☐ open"),
        ] {
            assert_eq!(text(markdown), expected, "{markdown}");
        }
    }
}
