//! A file as syntax: whole where `syn` understands it, item by item where it does not.
//!
//! Unstable syntax and the 2015 edition hold items that `syn` refuses though the compiler takes them. Of such an item the
//! tokens are kept: its paths are still seen, its shape is not.

use std::borrow::Cow;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Position;
use super::types::position;

/// The syntax of a file, and the items of which only tokens could be read.
pub(super) struct Parts {
    pub(super) file: syn::File,
    pub(super) tokens: Vec<TokenStream>,
}

/// Reads a file. `loose` takes what is no item for tokens; without it, that is an error.
pub(super) fn parts(text: &str, loose: bool) -> Result<Parts, (Position, String)> {
    let text = code(text);
    let error = match syn::parse_file(&text) {
        Ok(file) => return Ok(Parts { file, tokens: Vec::new() }),
        Err(error) => error,
    };
    let refused = || (position(error.span()), error.to_string());
    let tokens: TokenStream =
        if loose { text.parse().map_err(|_| refused())? } else { return Err(refused()) };
    let empty = syn::parse_file("").map_err(|_| refused())?;
    let mut parts = Parts { file: empty, tokens: Vec::new() };
    for part in split(tokens) {
        match syn::parse2::<syn::Item>(part.clone()) {
            Ok(item) => parts.file.items.push(item),
            Err(_) => parts.tokens.push(part),
        }
    }
    Ok(parts)
}

/// The text without byte order mark, and with blank lines for the front matter of a script: lines keep their numbers.
fn code(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = |line: &str| line.starts_with("---");
    let first = text.lines().position(|line| !line.trim().is_empty() && !is_shebang(line));
    let Some(first) = first.filter(|at| text.lines().nth(*at).is_some_and(begins)) else {
        return Cow::Borrowed(text);
    };
    let last = text.lines().skip(first + 1).position(|line| line.trim_end() == "---");
    let last = last.map_or(first, |at| first + 1 + at);
    let blank =
        |(at, line)| if (first..=last).contains(&at) || (at < first && is_shebang(line)) { "" } else { line };
    Cow::Owned(text.lines().enumerate().map(blank).collect::<Vec<_>>().join("\n"))
}

fn is_shebang(line: &str) -> bool {
    line.starts_with("#!") && !line.trim_start_matches("#!").trim_start().starts_with('[')
}

/// Items end at `;`, or at braces unless what begins so ends at `;` alone.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let Some(part) = parts.last_mut() else { break };
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let more = tokens.peek().is_some_and(|next| next.to_string() == ";");
                !more && !ends_at_semicolon(part)
            }
            _ => false,
        };
        part.push(token);
        if ends {
            parts.push(Vec::new());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.into_iter().map(|part| part.into_iter().collect()).collect()
}

fn ends_at_semicolon(part: &[TokenTree]) -> bool {
    let words: Vec<String> = part
        .iter()
        .filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        })
        .skip_while(|word| word == "pub" || word == "unsafe")
        .take(2)
        .collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["use" | "static" | "type", ..] => true,
        ["const", next] => !["fn", "unsafe", "extern", "async", "trait"].contains(next),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, loose: bool) -> Option<(usize, usize)> {
        parts(text, loose).ok().map(|parts| (parts.file.items.len(), parts.tokens.len()))
    }

    #[test]
    fn what_stands_before_the_code_is_no_error() {
        for text in [
            "fn f() {}",
            "\u{feff}fn f() {}",
            "#!/usr/bin/env run\nfn f() {}",
            "---\n[package]\nedition = \"2024\"\n---\nfn f() {}",
            "#!/usr/bin/env cargo\n---cargo\n[dependencies]\n---\n\nfn f() {}",
        ] {
            assert_eq!(read(text, false), Some((1, 0)), "{text}");
        }
        assert_eq!(parts("\n---\nx\n---\nfn f( {}", false).err().map(|(at, _)| at.line), Some(5));
    }

    #[test]
    fn items_that_syn_refuses_are_kept_as_tokens() {
        let cases = [
            ("fn async() {}\nfn g() {}", 1),
            ("use a::{b, c};\ngen fn f() { x() }\nconst X: T = T { a: 1 };\nstruct S;", 3),
            ("trait T { fn f(u8); }\nimpl T for S {}", 1),
            ("fn f() { super let x = 1; }", 0),
        ];
        for (text, whole) in cases {
            assert_eq!(read(text, false), None, "{text}");
            assert_eq!(read(text, true), Some((whole, 1)), "{text}");
        }
        assert_eq!(read("fn broken( {", true), None);
    }
}
