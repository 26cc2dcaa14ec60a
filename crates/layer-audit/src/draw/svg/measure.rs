//! How large things are drawn, in pixels. Text is measured by counting: the picture must not depend on fonts at hand.

/// Height of a box with one line of text.
pub(super) const BOX: f64 = 34.0;
/// Height of a box that tells its layer too.
pub(super) const TALL_BOX: f64 = 48.0;
/// Space around boxes inside their band.
pub(super) const PAD: f64 = 15.0;
/// Space between bands.
pub(super) const BETWEEN: f64 = 14.0;
/// Space around everything.
pub(super) const EDGE: f64 = 20.0;
/// Width of the column that tells the layers.
pub(super) const NAMES: f64 = 172.0;
/// Characters per line in that column.
pub(super) const NAMES_CHARS: usize = 24;
/// Height of a line of small text.
pub(super) const LINE: f64 = 14.0;
/// Height of title and counts.
pub(super) const HEADING: f64 = 56.0;

/// Longer names are cut in the middle; the tooltip has them in full.
const NAME_CHARS: usize = 36;

/// Width of a box with that name and that line below it.
pub(super) fn box_width(name: &str, below: &str) -> f64 {
    let name = chars(&shortened(name)) * 7.3;
    name.max(small(below)).max(48.0) + 26.0
}

/// Width of small text.
pub(super) fn small(text: &str) -> f64 {
    chars(text) * 6.2
}

/// The name, or its beginning and end.
pub(super) fn shortened(name: &str) -> String {
    let all: Vec<char> = name.chars().collect();
    if all.len() <= NAME_CHARS {
        return name.to_owned();
    }
    let half = NAME_CHARS / 2;
    let (begin, end) = (&all[..half], &all[all.len() - half + 1..]);
    begin.iter().chain(&['…']).chain(end).collect()
}

/// The words in lines of at most `width` characters; a longer word is cut.
pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().take(width).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Characters of the far East are as wide as two others.
fn chars(text: &str) -> f64 {
    text.chars().map(|c| if u32::from(c) < 0x1100 { 1.0 } else { 1.7 }).sum()
}
