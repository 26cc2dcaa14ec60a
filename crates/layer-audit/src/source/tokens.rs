//! Paths inside macro calls and attributes. `syn` does not parse these tokens, so `a :: b` is taken for a path as it
//! stands; a path that a macro glues together cannot be seen.

use proc_macro2::{Ident, TokenStream, TokenTree};

/// A path found among tokens: its segments, and whether a `::` stood before the first.
pub(super) struct TokenPath {
    pub(super) segments: Vec<Ident>,
    pub(super) absolute: bool,
}

/// Every path of two or more segments in `tokens`, at any depth.
pub(super) fn paths(tokens: TokenStream) -> Vec<TokenPath> {
    let mut found = Vec::new();
    scan(tokens, &mut found);
    found
}

fn scan(tokens: TokenStream, found: &mut Vec<TokenPath>) {
    let mut segments: Vec<Ident> = Vec::new();
    let mut absolute = false;
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 || segments.is_empty() {
                    flush(&mut segments, absolute, found);
                    absolute = colons == 2;
                }
                segments.push(ident);
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                flush(&mut segments, absolute, found);
                absolute = false;
                colons = 0;
                if let TokenTree::Group(group) = other {
                    scan(group.stream(), found);
                }
            }
        }
    }
    flush(&mut segments, absolute, found);
}

fn flush(segments: &mut Vec<Ident>, absolute: bool, found: &mut Vec<TokenPath>) {
    let segments = std::mem::take(segments);
    if segments.len() >= 2 {
        found.push(TokenPath { segments, absolute });
    }
}
