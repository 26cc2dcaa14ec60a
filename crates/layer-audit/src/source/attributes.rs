//! What attributes say: that an item is there for tests only, that it is unsafe; and where syntax keeps its attributes.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Expr, ForeignItem, ImplItem, Item, TraitItem};

/// `#[test]`, `#[tokio::test]`, and `#[cfg(..)]` with a condition that holds in tests alone.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if attribute.path().is_ident("cfg") => needs_test(&list.tokens),
        _ => last_segment(attribute) == "test",
    })
}

/// Last segment of its path.
pub(super) fn last_segment(attribute: &Attribute) -> String {
    attribute.path().segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

/// `#[unsafe(no_mangle)]`, also under `cfg_attr`.
pub(super) fn unsafe_word(attribute: &Attribute) -> Option<proc_macro2::Span> {
    let path = attribute.path();
    let first = path.segments.first().filter(|_| path.is_ident("unsafe")).map(|first| first.ident.span());
    first.or_else(|| match &attribute.meta {
        syn::Meta::List(list) if path.is_ident("cfg_attr") => unsafe_words(&list.tokens).first().copied(),
        _ => None,
    })
}

/// Every `unsafe` among tokens, at any depth.
pub(super) fn unsafe_words(tokens: &TokenStream) -> Vec<proc_macro2::Span> {
    let mut found = Vec::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(ident) if ident == "unsafe" => found.push(ident.span()),
            TokenTree::Group(group) => found.extend(unsafe_words(&group.stream())),
            _ => {}
        }
    }
    found
}

/// The condition cannot hold outside of tests: `test`, `all(.., test)`, `any(test, all(test, ..))`.
fn needs_test(condition: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(word)] | [TokenTree::Ident(word), TokenTree::Punct(_)] => word == "test",
        [TokenTree::Ident(word), TokenTree::Group(inner), ..] => {
            let parts = conditions(&inner.stream());
            match word.to_string().as_str() {
                "all" => parts.iter().any(needs_test),
                "any" => !parts.is_empty() && parts.iter().all(needs_test),
                _ => false,
            }
        }
        _ => false,
    }
}

/// What stands between commas.
fn conditions(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let parts = tokens.split(comma).filter(|part| !part.is_empty());
    parts.map(|part| part.iter().cloned().collect()).collect()
}

/// The attributes of one of these variants; none for any other.
macro_rules! kept {
    ($syntax:expr, $kind:ident: $($variant:ident)*) => {
        match $syntax {
            $($kind::$variant(inner) => &inner.attrs,)*
            _ => &[],
        }
    };
}

pub(super) fn of_item(item: &Item) -> &[Attribute] {
    kept!(item, Item: Const Enum ExternCrate Fn ForeignMod Impl Macro Mod Static Struct Trait TraitAlias Type Union Use)
}

pub(super) fn of_impl_item(item: &ImplItem) -> &[Attribute] {
    kept!(item, ImplItem: Const Fn Type Macro)
}

pub(super) fn of_trait_item(item: &TraitItem) -> &[Attribute] {
    kept!(item, TraitItem: Const Fn Type Macro)
}

pub(super) fn of_foreign_item(item: &ForeignItem) -> &[Attribute] {
    kept!(item, ForeignItem: Fn Static Type Macro)
}

pub(super) fn of_expression(expression: &Expr) -> &[Attribute] {
    kept!(expression, Expr: Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop
        If Index Let Lit Loop Macro Match MethodCall Paren Path Range Reference Repeat Return Struct Try Tuple Unary
        Unsafe While Yield)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_need_a_test() {
        let cases = [
            ("test", true),
            ("all(test, feature = \"x\")", true),
            ("all(feature = \"x\", test)", true),
            ("all(unix, any(test, all(windows, test)))", true),
            ("any(test, feature = \"x\")", false),
            ("any()", false),
            ("not(test)", false),
            ("all(unix, not(test))", false),
            ("feature = \"test\"", false),
            ("testing", false),
        ];
        for (condition, expected) in cases {
            let tokens: TokenStream = condition.parse().expect("tokens");
            assert_eq!(needs_test(&tokens), expected, "{condition}");
        }
    }
}
