//! Takes out of strings what a person does not see: tag characters, bidi controls, zero-width characters, variation
//! selectors, controls, terminal sequences. What writing needs stays: selectors and joiners within emoji, joiners between
//! letters of scripts that are written with them, and the line ends of every system.

use portcullis_schemas::text::is_hidden;

use crate::json_strings::rewritten;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';
const ESCAPE: char = '\u{1b}';
/// Most characters of a sequence that is taken out as one.
const LONGEST_SEQUENCE: usize = 4096;

/// A JSON text whose strings hide nothing; `None` when none does. `count` grows by the characters that were taken out.
/// `text` must be JSON.
pub(super) fn without_hidden(text: &str, count: &mut u64) -> Option<String> {
    rewritten(text, |token| visible_token(token, count))
}

fn visible_token(token: &str, count: &mut u64) -> Option<String> {
    // Plain ASCII without escapes of controls hides nothing; what stands between strings is that.
    let escapes = || {
        token
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0] == b'\\' && matches!(pair[1], b'u' | b'b' | b'f' | b'r'))
    };
    if token.bytes().all(|byte| byte < 0x7f) && !escapes() {
        return None;
    }
    let (visible, out) = visible(&serde_json::from_str::<String>(token).ok()?)?;
    *count += out;
    serde_json::to_string(&visible).ok()
}

/// The text without what it hides, and how many characters that was; `None` when it hides nothing.
pub(super) fn visible(text: &str) -> Option<(String, u64)> {
    if !text.chars().any(|sign| is_hidden(sign) && !matches!(sign, '\n' | '\t')) {
        return None;
    }
    let signs: Vec<char> = text.chars().collect();
    let (mut out, mut count, mut at) = (String::with_capacity(text.len()), 0, 0);
    while at < signs.len() {
        let hidden = hidden_at(&signs, at);
        if hidden == 0 {
            out.push(signs[at]);
        }
        count += hidden as u64;
        at += hidden.max(1);
    }
    (count > 0).then_some((out, count))
}

/// How many characters from here on are to be taken out.
fn hidden_at(signs: &[char], at: usize) -> usize {
    let (sign, next) = (signs[at], signs.get(at + 1).copied());
    match sign {
        '\n' | '\t' => 0,
        '\r' if next == Some('\n') => 0,
        ESCAPE | '\u{9b}' | '\u{9d}' => sequence(&signs[at..]),
        '\u{fe0e}' | '\u{fe0f}' if selects(signs, at) => 0,
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER if joins(signs, at) => 0,
        sign => usize::from(is_hidden(sign)),
    }
}

/// Length of a control sequence or operating system command (ECMA-48), of which what it writes is as hidden as its start.
fn sequence(signs: &[char]) -> usize {
    let (kind, from) = match (signs[0], signs.get(1)) {
        (ESCAPE, Some('[')) => ('[', 2),
        (ESCAPE, Some(']')) => (']', 2),
        ('\u{9b}', _) => ('[', 1),
        ('\u{9d}', _) => (']', 1),
        _ => return 1,
    };
    let rest = signs.iter().enumerate().skip(from).take(LONGEST_SEQUENCE);
    for (at, sign) in rest {
        match (kind, sign) {
            ('[', '\u{40}'..='\u{7e}') | (']', '\u{7}' | '\u{9c}') => return at + 1,
            ('[', '\u{20}'..='\u{3f}') => {}
            // What follows ends it: the string terminator is two signs, and anything else was no sequence.
            (']', &ESCAPE) if signs.get(at + 1) == Some(&'\\') => return at + 2,
            (']', sign) if *sign != '\n' => {}
            _ => return from,
        }
    }
    from
}

/// Whether a variation selector stands where it chooses between two pictures.
fn selects(signs: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| signs[before]) else { return false };
    is_picture(before) || (matches!(before, '0'..='9' | '#' | '*') && signs.get(at + 1) == Some(&KEYCAP))
}

/// Whether a joiner stands within one picture, or between letters that it joins or keeps apart.
fn joins(signs: &[char], at: usize) -> bool {
    let (Some(before), Some(after)) = (at.checked_sub(1).map(|before| signs[before]), signs.get(at + 1))
    else {
        return false;
    };
    let is_drawn = is_picture(before) || (before == '\u{fe0f}' && selects(signs, at - 1));
    (signs[at] == ZERO_WIDTH_JOINER && is_drawn && is_picture(*after))
        || (is_joined(before) && is_joined(*after))
}

/// Unicode: Extended_Pictographic and emoji modifiers, by blocks.
fn is_picture(sign: char) -> bool {
    matches!(u32::from(sign),
        0xA9 | 0xAE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2194..=0x21AA | 0x231A..=0x23FF | 0x24C2
        | 0x25AA..=0x25FE | 0x2600..=0x27BF | 0x2934..=0x2935 | 0x2B05..=0x2B55 | 0x3030 | 0x303D | 0x3297 | 0x3299
        | 0x1F000..=0x1FAFF)
}

/// Letters of Arabic, Indic and South-East Asian scripts and Mongolian, by blocks.
fn is_joined(sign: char) -> bool {
    !is_hidden(sign)
        && matches!(u32::from(sign),
            0x600..=0x6FF | 0x750..=0x77F | 0x8A0..=0xDFF | 0xF00..=0x109F | 0x1780..=0x18AF | 0xFB50..=0xFDFF
            | 0xFE70..=0xFEFC)
}
