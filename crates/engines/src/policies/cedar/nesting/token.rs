//! Just enough of Cedar's lexer to see what nests and what separates
//! (<https://docs.cedarpolicy.com/policies/syntax-grammar.html>).

/// A token that nests or separates; all others are [`Token::Other`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    /// Opens a pair; holds the bracket that closes it.
    Open(char),
    /// Closes a pair.
    Close(char),
    Or,
    And,
    If,
    /// Any other operator, or a character of one.
    Operator,
    Comma,
    End,
    Other,
}

/// The tokens of a text with their byte offsets. Strings and comments are skipped whole.
pub(super) struct Tokens<'t> {
    rest: &'t str,
    offset: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { rest: text, offset: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = (usize, Token);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = self.rest.chars().next()?;
            let offset = self.offset;
            let (word, rest) = self.rest.split_at(length(self.rest, first));
            self.offset += word.len();
            self.rest = rest;
            if !first.is_whitespace() && !word.starts_with("//") {
                return Some((offset, token(word)));
            }
        }
    }
}

fn token(word: &str) -> Token {
    match word {
        "(" => Token::Open(')'),
        "[" => Token::Open(']'),
        "{" => Token::Open('}'),
        ")" => Token::Close(')'),
        "]" => Token::Close(']'),
        "}" => Token::Close('}'),
        "||" => Token::Or,
        "&&" => Token::And,
        "if" => Token::If,
        "," => Token::Comma,
        ";" => Token::End,
        "." | "+" | "-" | "*" | "!" | "<" | ">" | "=" | "in" | "has" | "like" | "is" => Token::Operator,
        _ => Token::Other,
    }
}

/// Bytes of the token, string, comment or blank that starts with `first`.
fn length(rest: &str, first: char) -> usize {
    let until = |ends: fn(char) -> bool| rest.find(ends).unwrap_or(rest.len());
    match first {
        '"' => string_length(rest),
        '/' if rest.starts_with("//") => until(|other| matches!(other, '\n' | '\r')),
        '|' if rest.starts_with("||") => 2,
        '&' if rest.starts_with("&&") => 2,
        '0'..='9' => until(|other| !other.is_ascii_digit()),
        'a'..='z' | 'A'..='Z' | '_' => until(|other| !other.is_ascii_alphanumeric() && other != '_'),
        other => other.len_utf8(),
    }
}

/// Up to the closing quote and with it, or to the end of the text.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        if character == '"' && !escaped {
            return at + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    rest.len()
}
