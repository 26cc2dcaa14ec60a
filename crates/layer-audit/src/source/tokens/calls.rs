//! Calls inside macro calls: `join!(work.commit(), b)`. Without a parser a call is a name before parentheses.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use super::{is_colons, is_punct, segments};
use crate::source::deeds::{is_type, text_of};
use crate::source::types::position;
use crate::source::{Call, Handed, Operand};

/// Words before parentheses that call nothing.
const NO_CALLS: [&str; 9] = ["if", "in", "match", "while", "return", "for", "let", "move", "else"];

/// What tokens call.
#[derive(Default)]
pub(in crate::source) struct Calls {
    pub(in crate::source) calls: Vec<Call>,
    /// Functions of types as values.
    pub(in crate::source) handed: Vec<Handed>,
    /// Macros, by the last segment of their paths.
    pub(in crate::source) macros: Vec<(String, Span)>,
}

/// Every call in `tokens`, at any depth. Module and test are the caller's to fill in.
pub(in crate::source) fn calls(tokens: &TokenStream) -> Calls {
    let mut found = Calls::default();
    found.scan(&tokens.clone().into_iter().collect::<Vec<_>>());
    found
}

impl Calls {
    fn scan(&mut self, tokens: &[TokenTree]) {
        for (at, token) in tokens.iter().enumerate() {
            if let TokenTree::Ident(name) = token {
                self.handed.extend(handed(name, &tokens[..at], &tokens[at + 1..]));
            }
            let TokenTree::Group(group) = token else { continue };
            let before = &tokens[..at];
            if is_punct(before, '#') {
                continue; // An attribute.
            }
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            match before {
                [.., TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => {
                    self.macros.push((name.to_string(), name.span()));
                }
                _ if group.delimiter() == Delimiter::Parenthesis => {
                    self.calls.extend(call(before, &inner));
                }
                _ => {}
            }
            self.scan(&inner);
        }
    }
}

fn call(before: &[TokenTree], inner: &[TokenTree]) -> Option<Call> {
    let before = &before[..before.len() - generics(before)];
    let (TokenTree::Ident(name), before) = before.split_last()? else { return None };
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let arguments: Vec<&[TokenTree]> = inner.split(comma).filter(|part| !part.is_empty()).collect();
    let method = is_punct(before, '.');
    let receiver = match method {
        true => receiver(&before[..before.len() - 1]),
        false => path(before),
    };
    let is_of_type = receiver.last().is_some_and(|last| is_type(last));
    let subject = match method {
        true => Some(receiver.clone()),
        false => arguments.first().filter(|_| is_of_type).map(|first| self::receiver(first)),
    };
    let declared = matches!(before.last(), Some(TokenTree::Ident(word)) if word == "fn");
    let is_word = !method && NO_CALLS.iter().any(|word| name == word);
    (!declared && !is_word).then(|| Call {
        name: name.to_string(),
        method,
        receiver,
        subject,
        types: Vec::new(),
        arguments: arguments.into_iter().map(operand).collect(),
        module: Vec::new(),
        in_test: false,
        at: position(name.span()),
    })
}

/// `Type::name`, and nothing after it that calls it or goes on with the path.
fn handed(name: &Ident, before: &[TokenTree], after: &[TokenTree]) -> Option<Handed> {
    let called = match after.first() {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        Some(TokenTree::Punct(sign)) => matches!(sign.as_char(), ':' | '!'),
        _ => false,
    };
    let of = path(before);
    let name_of = name.to_string();
    let is_function = of.last().is_some_and(|last| is_type(last)) && !is_type(&name_of);
    let at = position(name.span());
    (is_function && !called).then(|| Handed { of, name: name_of, module: Vec::new(), in_test: false, at })
}

/// How many tokens at the end are a turbofish: `::<..>`.
fn generics(tokens: &[TokenTree]) -> usize {
    if !is_punct(tokens, '>') {
        return 0;
    }
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().rev() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at >= 2 && is_colons(tokens, at - 2) { tokens.len() - at + 2 } else { 0 };
        }
    }
    0
}

/// The path that ends in `::` here.
fn path(tokens: &[TokenTree]) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut rest = tokens;
    while let [before @ .., TokenTree::Ident(segment), TokenTree::Punct(_), TokenTree::Punct(_)] = rest {
        if !is_colons(rest, rest.len() - 2) {
            break;
        }
        path.insert(0, segment.to_string());
        rest = before;
    }
    path
}

/// The last name of what a method is called on: `self.work()?` gives `work`.
fn receiver(tokens: &[TokenTree]) -> Vec<String> {
    match tokens {
        [rest @ .., TokenTree::Punct(sign)] if sign.as_char() == '?' => receiver(rest),
        [rest @ .., TokenTree::Punct(dot), TokenTree::Ident(word)]
            if dot.as_char() == '.' && word == "await" =>
        {
            receiver(rest)
        }
        [rest @ .., TokenTree::Punct(dot), TokenTree::Literal(_)] if dot.as_char() == '.' => receiver(rest),
        [rest @ .., TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            let rest = &rest[..rest.len() - generics(rest)];
            match rest.last() {
                Some(TokenTree::Ident(name)) => vec![name.to_string()],
                _ => receiver(&group.stream().into_iter().collect::<Vec<_>>()),
            }
        }
        [.., TokenTree::Ident(name)] => vec![name.to_string()],
        _ => Vec::new(),
    }
}

fn operand(tokens: &[TokenTree]) -> Operand {
    match tokens {
        [TokenTree::Punct(sign), rest @ ..] if sign.as_char() == '&' => operand(rest),
        [TokenTree::Literal(text)] => text_of(text).map_or(Operand::Other, Operand::Text),
        _ => match segments(tokens, 0) {
            (path, end) if end > 0 && end == tokens.len() => {
                Operand::Path(path.iter().map(Ident::to_string).collect())
            }
            _ => Operand::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<String> {
        let told = |call: &Call| {
            let receiver = call.receiver.join("::");
            let subject = call.subject.as_ref().map_or(String::new(), |on| format!(" on {}", on.join("::")));
            let sign = if call.method { "." } else { "::" };
            format!("{receiver}{sign}{}/{}{subject}", call.name, call.arguments.len())
        };
        calls(&text_of_tokens(text)).calls.iter().map(told).collect()
    }

    fn text_of_tokens(text: &str) -> TokenStream {
        text.parse().expect("tokens")
    }

    #[test]
    fn calls_are_seen_with_what_they_are_called_on() {
        let cases: &[(&str, &[&str])] = &[
            ("work.commit(), b", &["work.commit/0 on work"]),
            (
                "x = self.work()?.commit().await => { y(1, 2) }",
                &["self.work/0 on self", "work.commit/0 on work", "::y/2"],
            ),
            ("Tx::commit(&mut self.work)", &["Tx::commit/1 on work"]),
            ("a::commit(work)", &["a::commit/1"]),
            ("x.get::<T>(1)", &["x.get/1 on x"]),
            ("fn commit(x: X) {} if (a) {} #[cfg(x)] z.0.f()", &["z.f/0 on z"]),
        ];
        for (text, expected) in cases {
            assert_eq!(seen(text), *expected, "{text}");
        }
    }

    #[test]
    fn macros_inside_are_seen() {
        let found = calls(&text_of_tokens("a => panic!(\"{}\", b.unwrap()), !(c)"));
        assert_eq!(found.macros.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["panic"]);
        assert_eq!(found.calls.len(), 1);
    }
}
