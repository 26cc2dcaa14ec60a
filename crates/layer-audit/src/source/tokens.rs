//! Names inside macro calls and attributes. `syn` does not parse these tokens, so `a :: b` is taken for a path as it
//! stands; a path that a macro glues together cannot be seen.

mod calls;

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};

pub(super) use calls::{Calls, calls};

/// Words that are no part of a path, though a `::` may follow them.
const KEYWORDS: [&str; 20] = [
    "as", "break", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "mut", "pub", "ref",
    "return", "static", "unsafe", "use", "where", "while",
];

/// Words after which `<` begins a type, and compares nothing.
const BEFORE_A_TYPE: [&str; 4] = ["return", "in", "match", "if"];

/// A path found among tokens.
pub(super) struct TokenPath {
    pub(super) segments: Vec<Ident>,
    /// A `::` stood before the first.
    pub(super) absolute: bool,
    /// It ends in `::*`.
    pub(super) glob: bool,
    /// So many segments are a path of their own: the type in `<Type>::name`.
    pub(super) told: usize,
}

/// The names among tokens.
#[derive(Default)]
pub(super) struct TokenNames {
    /// Paths of two or more segments; each leaf of `a::{b, c::d}`.
    pub(super) paths: Vec<TokenPath>,
    /// Names of one segment: types, and functions called.
    pub(super) single: Vec<Ident>,
}

/// Every name in `tokens`, at any depth.
pub(super) fn names(tokens: TokenStream) -> TokenNames {
    let mut found = TokenNames::default();
    found.scan(&tokens.into_iter().collect::<Vec<_>>());
    found
}

impl TokenNames {
    fn scan(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Group(group) => {
                    self.scan(&group.stream().into_iter().collect::<Vec<_>>());
                    at + 1
                }
                TokenTree::Ident(word) if KEYWORDS.iter().any(|known| word == known) => at + 1,
                TokenTree::Ident(_) => self.path(tokens, at, false),
                TokenTree::Punct(punct) if punct.as_char() == '<' && begins_type(&tokens[..at]) => {
                    self.of_type(tokens, at + 1)
                }
                _ if is_colons(tokens, at) => match tokens.get(at + 2) {
                    // `Vec<u8>::new`: what stands after a type in brackets is no path of its own.
                    Some(TokenTree::Ident(_)) => self.path(tokens, at + 2, !is_punct(&tokens[..at], '>')),
                    _ => at + 2,
                },
                _ => at + 1,
            }
        }
    }

    /// Takes the path whose first segment stands at `at`; where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize, absolute: bool) -> usize {
        let (segments, end) = segments(tokens, at);
        match tokens.get(end + 2).filter(|_| is_colons(tokens, end)) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                self.tree(&group.stream().into_iter().collect::<Vec<_>>(), &segments, absolute);
                return end + 3;
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                self.paths.push(TokenPath { segments, absolute, glob: true, told: 0 });
                return end + 3;
            }
            _ => {}
        }
        match <[Ident; 1]>::try_from(segments) {
            Ok([single]) => {
                if !absolute && is_meant_bare(&single, &tokens[..at], tokens.get(end)) {
                    self.single.push(single);
                }
            }
            Err(segments) => self.paths.push(TokenPath { segments, absolute, glob: false, told: 0 }),
        }
        end
    }

    /// The leaves of a tree of `use`.
    fn tree(&mut self, tokens: &[TokenTree], prefix: &[Ident], absolute: bool) {
        let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        for leaf in tokens.split(comma) {
            let (mut more, end) = segments(leaf, 0);
            more.retain(|segment| segment != "self");
            let segments: Vec<Ident> = prefix.iter().cloned().chain(more).collect();
            let next =
                if end == 0 { leaf.first() } else { leaf.get(end + 2).filter(|_| is_colons(leaf, end)) };
            match next {
                Some(TokenTree::Group(group)) => {
                    self.tree(&group.stream().into_iter().collect::<Vec<_>>(), &segments, absolute);
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    self.paths.push(TokenPath { segments, absolute, glob: true, told: 0 });
                }
                _ if leaf.is_empty() => {}
                _ => self.paths.push(TokenPath { segments, absolute, glob: false, told: 0 }),
            }
        }
    }

    /// `Type>::name`, whose `<` stood before `at`. Where it ends, or where to go on if it is something else.
    fn of_type(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let absolute = is_colons(tokens, at);
        let (mut all, end) = segments(tokens, if absolute { at + 2 } else { at });
        let told = all.len();
        let closed = is_punct(tokens.get(..=end).unwrap_or_default(), '>') && is_colons(tokens, end + 1);
        let (rest, after) = segments(tokens, end + 3);
        if told == 0 || !closed || rest.is_empty() {
            return at;
        }
        if told > 1 {
            let segments = all.clone();
            self.paths.push(TokenPath { segments, absolute, glob: false, told: 0 });
        }
        all.extend(rest);
        self.paths.push(TokenPath { segments: all, absolute, glob: false, told });
        after
    }
}

/// The segments from `at` on, and where they end.
fn segments(tokens: &[TokenTree], mut at: usize) -> (Vec<Ident>, usize) {
    let mut segments = Vec::new();
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        segments.push(ident.clone());
        at += 1;
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(_)) if is_colons(tokens, at) => at += 2,
            _ => break,
        }
    }
    (segments, at)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    match tokens.get(at..) {
        Some([TokenTree::Punct(one), TokenTree::Punct(two), ..]) => {
            one.as_char() == ':' && one.spacing() == Spacing::Joint && two.as_char() == ':'
        }
        _ => false,
    }
}

/// The last of these tokens is this one.
fn is_punct(tokens: &[TokenTree], sign: char) -> bool {
    matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn begins_type(before: &[TokenTree]) -> bool {
    match before.last() {
        None => true,
        Some(TokenTree::Ident(word)) => BEFORE_A_TYPE.iter().any(|known| word == known),
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), ':' | '<' | '>'),
        Some(_) => false,
    }
}

/// A type, or a function that is called: any other word may be a variable, or a word of the macro.
fn is_meant_bare(ident: &Ident, before: &[TokenTree], after: Option<&TokenTree>) -> bool {
    let is_type = ident.to_string().starts_with(char::is_uppercase);
    let is_called =
        matches!(after, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    let is_declared = matches!(before.last(), Some(TokenTree::Ident(word)) if word == "fn");
    (is_type || is_called) && !is_declared && !is_punct(before, '.') && !is_punct(before, '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_trees_and_types_are_seen() {
        let cases = [
            ("a::b(c::d, [::e::f])", "a::b c::d ::e::f"),
            ("use a::{b, c::{self, d as e}, f::*}; use ::g::{h};", "a::b a::c a::c::d a::f::* ::g::h"),
            ("x: ::a::b, y: a::c", "::a::b a::c"),
            ("let t = <T>::now(); f(<a::T>::now())", "T::now a::T a::T::now"),
            ("return ::a::b(c as ::d::E)", "::a::b ::d::E"),
            ("a < b, c > ::d; Vec::<T>::new(); Vec<T>::new()", ""),
            ("<T as a::B>::c()", "a::B"),
        ];
        for (text, expected) in cases {
            let found = names(text.parse().expect("tokens"));
            let told = |path: &TokenPath| {
                let segments: Vec<_> = path.segments.iter().map(Ident::to_string).collect();
                let (before, after) =
                    (if path.absolute { "::" } else { "" }, if path.glob { "::*" } else { "" });
                format!("{before}{}{after}", segments.join("::"))
            };
            let found: Vec<_> = found.paths.iter().map(told).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn types_and_calls_of_one_segment_are_seen() {
        let found = names("x.f(a); g(B); h![C, d, fn i(e: E)]; j".parse().expect("tokens"));
        let found: Vec<_> = found.single.iter().map(Ident::to_string).collect();
        assert_eq!(found, ["g", "B", "C", "E"]);
    }
}
