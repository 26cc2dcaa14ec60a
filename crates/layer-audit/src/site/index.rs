//! The search index: a script that assigns a global, since a page opened from a folder may not fetch.

use std::collections::BTreeMap;

use serde::Serialize;

use super::library::Library;
use super::paths;
use super::words::words;

/// A word of a page's title, at the page itself.
const TITLE: usize = 100;
/// A word of a section's heading.
const HEADING: usize = 30;
/// Each time a word is in the text, and the most that this may add up to: never a heading's weight.
const TEXT: usize = 1;
const MOST_TEXT: usize = 8;
/// A word of the page's title, at each of its sections: with it, two words may stand in title and section.
const IN_TITLE: usize = 2;

/// `search.js` reads this.
#[derive(Debug, Default, Serialize)]
struct Index<'a> {
    /// File and title of each page.
    pages: Vec<(String, &'a str)>,
    /// Page, anchor, heading and text of each section; the heading of a page's own section is empty.
    sections: Vec<(usize, &'a str, &'a str, &'a str)>,
    /// Every word, sorted.
    words: Vec<String>,
    /// For each word its sections, each followed by the word's weight there.
    hits: Vec<Vec<usize>>,
}

/// The text of the index's file.
pub(super) fn script(library: &Library<'_>) -> String {
    // Strings, numbers and lists always serialize.
    let json = serde_json::to_string(&index(library)).unwrap_or_else(|_| "null".to_owned());
    format!("globalThis.siteIndex = {json};\n")
}

fn index<'a>(library: &'a Library<'_>) -> Index<'a> {
    let mut index = Index::default();
    let mut hits: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for document in library.documents.values() {
        let outline = &document.outline;
        let page = index.pages.len();
        index.pages.push((paths::encode(&document.output), &outline.title));
        for (at, section) in outline.sections.iter().enumerate() {
            let own = at == 0 && section.level < 2;
            let weights = if own {
                weights(&outline.title, "", &section.text, TITLE)
            } else {
                weights(&outline.title, &section.heading, &section.text, IN_TITLE)
            };
            for (word, weight) in weights {
                hits.entry(word).or_default().extend([index.sections.len(), weight]);
            }
            let (anchor, heading) =
                if own { ("", "") } else { (section.id.as_str(), section.heading.as_str()) };
            index.sections.push((page, anchor, heading, section.text.trim_end()));
        }
    }
    (index.words, index.hits) = hits.into_iter().unzip();
    index
}

/// What each word of a section weighs.
fn weights(title: &str, heading: &str, text: &str, in_title: usize) -> BTreeMap<String, usize> {
    let mut weights = BTreeMap::new();
    for word in words(text) {
        let weight = weights.entry(word).or_insert(0);
        *weight = MOST_TEXT.min(*weight + TEXT);
    }
    for (words, weight) in [(words(title), in_title), (words(heading), HEADING)] {
        for word in words {
            *weights.entry(word).or_insert(0) += weight;
        }
    }
    weights
}
