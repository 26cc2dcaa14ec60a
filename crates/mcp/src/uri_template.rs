//! URI templates of resources (RFC 6570, level 1): texts and `{variable}`, and nothing else.
//!
//! A template that is approved stands for every URI of its form, so a URI is matched strictly: a variable is one or
//! more unreserved characters or percent escapes (RFC 6570, section 3.2.2), and never a step upwards or a character that
//! another reader might decode to something else.

/// Most variables of a template.
const MAX_VARIABLES: usize = 16;

/// A template that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// The rule that it breaks: operators, modifiers and lists of variables (levels 2 to 4) are not read, and neither are
    /// two variables without a text between them, or one that occurs twice.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, expression) = rest.split_at(at);
            let (name, after) = expression
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
                .ok_or("expected pairs of braces")?;
            push_text(&mut parts, before);
            push_variable(&mut parts, name)?;
            rest = after;
        }
        push_text(&mut parts, rest);
        let template = Self { parts };
        match template.variables().count() {
            0 => Err("expected a variable in braces"),
            1..=MAX_VARIABLES => Ok(template),
            _ => Err("expected at most 16 variables"),
        }
    }

    /// The names of its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether the URI is of this form. Linear in its length, for each part.
    #[must_use]
    pub fn matches(&self, uri: &str) -> bool {
        let uri = uri.as_bytes();
        if misleads(uri) {
            return false;
        }
        // Where a match of the parts so far may end.
        let mut ends = vec![false; uri.len() + 1];
        ends[0] = true;
        for part in &self.parts {
            ends = match part {
                Part::Text(text) => after_text(uri, &ends, text.as_bytes()),
                Part::Variable(_) => after_variable(uri, &ends),
            };
        }
        ends[uri.len()]
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn push_variable(parts: &mut Vec<Part>, name: &str) -> Result<(), &'static str> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err("expected plain variables such as `{id}` (RFC 6570, level 1)");
    }
    if matches!(parts.last(), Some(Part::Variable(_))) {
        return Err("expected a text between two variables");
    }
    let variable = Part::Variable(name.to_owned());
    if parts.contains(&variable) {
        return Err("expected each variable once");
    }
    parts.push(variable);
    Ok(())
}

fn after_text(uri: &[u8], starts: &[bool], text: &[u8]) -> Vec<bool> {
    let mut ends = vec![false; uri.len() + 1];
    for start in (0..=uri.len()).filter(|start| starts[*start]) {
        if uri[start..].starts_with(text) {
            ends[start + text.len()] = true;
        }
    }
    ends
}

fn after_variable(uri: &[u8], starts: &[bool]) -> Vec<bool> {
    let mut ends = vec![false; uri.len() + 1];
    for at in 0..uri.len() {
        if starts[at] || ends[at] {
            match uri[at] {
                byte if is_unreserved(byte) => ends[at + 1] = true,
                b'%' if escaped(uri, at).is_some() => ends[at + 3] = true,
                _ => {}
            }
        }
    }
    ends
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The byte that the escape at this place stands for.
fn escaped(uri: &[u8], at: usize) -> Option<u8> {
    let digits = std::str::from_utf8(uri.get(at + 1..at + 3)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Whether decoding makes another place of it: a step `.` or `..` between separators of whatever spelling, a control
/// character, an escape of an escape, or a `%` that escapes nothing.
fn misleads(uri: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(uri.len());
    let mut at = 0;
    while at < uri.len() {
        match (uri[at], escaped(uri, at)) {
            (b'%', None | Some(b'%' | 0..=31 | 127)) => return true,
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    let steps = plain.split(|byte| matches!(byte, b'/' | b'\\' | b'?' | b'#'));
    steps.into_iter().any(|step| matches!(step, b"." | b".."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_level_one_is_read() {
        for good in ["test://{id}", "test://a/{id}/b/{x.y_2}", "{scheme}://x"] {
            assert!(UriTemplate::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "test://a",
            "test://{",
            "test://}",
            "test://{}",
            "test://{+path}",
            "test://{a,b}",
            "test://{a*}",
            "test://{a:3}",
            "test://{a}{b}",
            "test://{a}/{a}",
            "test://{?q}",
            "test://{a b}",
            "t://{{a}}",
        ] {
            assert!(UriTemplate::parse(bad).is_err(), "{bad}");
        }
        let many: String = (0..17).map(|n| format!("/{{v{n}}}")).collect();
        assert!(UriTemplate::parse(&many).is_err());
    }

    #[test]
    fn a_uri_is_of_the_form_or_is_not() {
        let template = UriTemplate::parse("test://docs/{id}/page/{n}").unwrap();
        assert_eq!(template.variables().collect::<Vec<_>>(), ["id", "n"]);
        for good in ["test://docs/a/page/1", "test://docs/a-b_c.d~/page/%20x", "test://docs/..a/page/1"] {
            assert!(template.matches(good), "{good}");
        }
        for bad in [
            "test://docs//page/1",
            "test://docs/a/page/",
            "test://docs/a/b/page/1",
            "test://docs/a/page/1/",
            "test://docs/../page/1",
            "test://docs/%2e%2E/page/1",
            "test://docs/..%2F../page/1",
            "test://docs/a%5c..%5Cb/page/1",
            "test://docs/%252e/page/1",
            "test://docs/%00/page/1",
            "test://docs/%zz/page/1",
            "test://docs/%+1/page/1",
            "test://docs/%2/page/1",
            "test://docs/a?b/page/1",
            "TEST://docs/a/page/1",
            "test://docs/{id}/page/{n}",
            "",
        ] {
            assert!(!template.matches(bad), "{bad}");
        }
        assert!(UriTemplate::parse("x:{a}a{b}").unwrap().matches("x:aaaa"), "whichever way it may be split");
    }

    proptest! {
        #[test]
        fn nothing_panics(template in "[a-z:/{}%.+]{0,40}", uri in "[a-z:/%0-9.]{0,60}") {
            if let Ok(template) = UriTemplate::parse(&template) {
                let _ = template.matches(&uri);
            }
        }

        #[test]
        fn what_is_expanded_matches(id in "[A-Za-z0-9_~-]{1,20}", n in "[A-Za-z0-9_~-]{1,20}") {
            let template = UriTemplate::parse("a://x/{id}/{n}").unwrap();
            let uri = format!("a://x/{id}/{n}");
            prop_assert!(template.matches(&uri));
        }
    }
}
