//! `WWW-Authenticate` (RFC 9110 section 11.6.1), of which the `Bearer` challenge is read.

use super::well_known::has_host_of;

/// Most bytes of a header that is looked at; what is behind them is not there.
const MAX_BYTES: usize = 8 * 1024;

/// A `Bearer` challenge (RFC 6750 section 3, RFC 9728 section 5.1). Its texts are a stranger's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the metadata of the resource are.
    pub resource_metadata: Option<String>,
    /// The scopes that would do, separated by spaces.
    pub scope: Option<String>,
    /// `invalid_token`, `insufficient_scope`, or another code.
    pub error: Option<String>,
}

impl Challenge {
    /// The first `Bearer` challenge of these header values; `None` if there is none, or it cannot be read.
    pub fn bearer<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        values.into_iter().find_map(Self::of_value)
    }

    /// Whether it asks for more scopes than the token has (RFC 6750 section 3.1).
    pub fn wants_scope(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }

    /// Whether it sends for metadata to another host than the server's. They stand at the server's own (RFC 9728 section
    /// 3.1): who sends elsewhere would have a token for, or of, somebody else.
    pub fn strays_from(&self, server: &str) -> bool {
        self.resource_metadata.as_deref().is_some_and(|url| !has_host_of(url, server))
    }

    fn of_value(value: &str) -> Option<Self> {
        let mut reader = Reader { rest: value.get(..MAX_BYTES).unwrap_or(value) };
        let mut found: Option<Self> = None;
        while let Some(word) = reader.next() {
            match word {
                Word::Scheme(_) if found.is_some() => break,
                Word::Scheme(name) if name.eq_ignore_ascii_case("bearer") => found = Some(Self::default()),
                Word::Scheme(_) => {}
                Word::Parameter(name, value) => {
                    if let Some(challenge) = &mut found {
                        challenge.take(name, value);
                    }
                }
            }
        }
        found
    }

    /// A parameter that is there twice keeps its first value.
    fn take(&mut self, name: &str, value: String) {
        let field = match name.to_ascii_lowercase().as_str() {
            "resource_metadata" => &mut self.resource_metadata,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            _ => return,
        };
        field.get_or_insert(value);
    }
}

/// A part of the header.
enum Word<'a> {
    /// The name of a scheme, or a `token68`.
    Scheme(&'a str),
    Parameter(&'a str, String),
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The next part; `None` at the end, and where what follows is no part.
    fn next(&mut self) -> Option<Word<'a>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~/".contains(&byte);
        let end = self.rest.bytes().position(|byte| !is_token(byte)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        let Some(value) = rest.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            self.rest = rest;
            return Some(Word::Scheme(name));
        };
        let value = value.trim_start_matches([' ', '\t']);
        if let Some(quoted) = value.strip_prefix('"') {
            let (text, rest) = unquoted(quoted)?;
            self.rest = rest;
            return Some(Word::Parameter(name, text));
        }
        // The padding of a `token68` reads as a value that is not there.
        let end = value.bytes().position(|byte| !is_token(byte)).unwrap_or(value.len());
        let (text, rest) = value.split_at_checked(end)?;
        self.rest = rest.trim_start_matches('=');
        Some(Word::Parameter(name, text.to_owned()))
    }
}

/// A quoted text, behind its first quote, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(signs.next()?.1),
            sign => value.push(sign),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &str) -> Option<(Option<String>, Option<String>, Option<String>)> {
        Challenge::bearer([value]).map(|found| (found.resource_metadata, found.scope, found.error))
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let text = |text: &str| Some(text.to_owned());
        let table = [
            ("Bearer", Some((None, None, None))),
            ("bearer scope=\"a b\"", Some((None, text("a b"), None))),
            (
                "Basic realm=\"x, Bearer scope=no\", Bearer error=\"insufficient_scope\" , scope=a,\
                 resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource\"",
                Some((
                    text("https://mcp.example/.well-known/oauth-protected-resource"),
                    text("a"),
                    text("insufficient_scope"),
                )),
            ),
            ("Negotiate YWJj==, Bearer scope=\"a\\\"b\"", Some((None, text("a\"b"), None))),
            ("Bearer scope=a, DPoP scope=b", Some((None, text("a"), None))),
            ("Bearer scope=a, scope=b", Some((None, text("a"), None))),
            ("DPoP algs=\"ES256\", Bearer SCOPE = a", Some((None, text("a"), None))),
            ("Basic realm=\"x\"", None),
            ("", None),
            ("Bearer scope=\"never ends", Some((None, None, None))),
        ];
        for (value, expected) in table {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn metadata_of_another_host_are_astray() {
        let server = "https://mcp.example:8443/mcp?x=1";
        let table = [
            ("https://mcp.example:8443/.well-known/oauth-protected-resource/mcp", false),
            ("https://mcp.example/.well-known/oauth-protected-resource", false),
            ("http://MCP.example:80/x", false),
            ("https://evil.example/", true),
            ("https://mcp.example.evil.example/", true),
            ("https://mcp.example@evil.example/", true),
            ("https://[::1]:8443/", true),
            ("/.well-known/oauth-protected-resource", true),
            ("", true),
        ];
        for (url, expected) in table {
            let challenge = Challenge { resource_metadata: Some(url.to_owned()), ..Challenge::default() };
            assert_eq!(challenge.strays_from(server), expected, "{url}");
        }
        assert!(!Challenge::default().strays_from(server), "what names no address leads nowhere");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_panics(value in "(Bearer )?\\PC{0,120}") {
            let _ = Challenge::bearer([value.as_str()]);
        }
    }
}
