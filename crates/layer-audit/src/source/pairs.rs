//! `Name = "text"` among tokens: what macros and attributes declare.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::Pair;
use super::deeds::{doc, text_of};
use super::types::position;

/// Every pair, at any depth, with the line of documentation before it.
pub(super) fn pairs(tokens: &TokenStream) -> Vec<Pair> {
    let mut found = Vec::new();
    scan(tokens, &mut found);
    found
}

/// The pairs of an attribute: last segment of its path, key, text.
pub(super) fn in_attribute(attribute: &syn::Attribute) -> Vec<(String, String, String)> {
    let (syn::Meta::List(list), Some(last)) = (&attribute.meta, attribute.path().segments.last()) else {
        return Vec::new();
    };
    let of = last.ident.to_string();
    pairs(&list.tokens).into_iter().map(|pair| (of.clone(), pair.name, pair.text)).collect()
}

fn scan(tokens: &TokenStream, found: &mut Vec<Pair>) {
    let mut name: Option<Ident> = None;
    let mut equals = false;
    let mut hash = false;
    let mut said = String::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) if hash && group.delimiter() == Delimiter::Bracket => {
                if said.is_empty() {
                    said = doc(&group.stream()).unwrap_or_default();
                }
                hash = false;
            }
            TokenTree::Group(group) => {
                scan(&group.stream(), found);
                (name, equals) = (None, false);
                said.clear();
            }
            TokenTree::Ident(ident) => (name, equals) = (Some(ident), false),
            TokenTree::Punct(punct) => {
                hash = punct.as_char() == '#';
                equals = punct.as_char() == '=' && name.is_some();
            }
            TokenTree::Literal(literal) => {
                if let (Some(name), true, Some(text)) = (name.take(), equals, text_of(&literal)) {
                    let at = position(name.span());
                    found.push(Pair { name: name.to_string(), text, doc: std::mem::take(&mut said), at });
                }
                equals = false;
            }
        }
    }
}
