//! Reading the snapshot of port surfaces: traits without docs and attributes, a blank line between them, the closing
//! brace of each left out.

use std::collections::BTreeMap;

/// A trait.
#[derive(Debug)]
pub(super) struct Port {
    /// `pub trait Name: Bound + Bound`, the bounds sorted.
    pub(super) head: String,
    pub(super) items: BTreeMap<String, Item>,
}

/// A method, type or constant of a trait.
#[derive(Debug)]
pub(super) struct Item {
    /// On one line, without what stands for its default.
    pub(super) text: String,
    /// The same without the names of parameters, which bind nobody.
    pub(super) shape: String,
    /// The body of a method, the value of a constant.
    pub(super) default: Option<String>,
}

/// The traits by name.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Port>, String> {
    let mut ports = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let next = rest.find("\npub trait ").map_or(rest.len(), |at| at + 1);
        let (one, others) = rest.split_at(next);
        let (name, port) = port(one)?;
        ports.insert(name, port);
        rest = others;
    }
    Ok(ports)
}

fn port(text: &str) -> Result<(String, Port), String> {
    let strange =
        || format!("expected `pub trait Name {{`, found `{}`", text.lines().next().unwrap_or_default());
    let (head, body) = text.split_once('{').ok_or_else(strange)?;
    let head = one_line(head);
    let name: String = head
        .strip_prefix("pub trait ")
        .ok_or_else(strange)?
        .chars()
        .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
        .collect();
    let items = items(body).map_err(|rest| format!("{name}: no item ends in `{rest}`"))?;
    let items = items.into_iter().map(|item| (name_of(&item.text), item)).collect();
    Ok((name, Port { head: sorted_bounds(&head), items }))
}

/// Cuts a body into its items: each ends with `;`, or with the brace that closes its own. The error is what is left.
fn items(body: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut end = body.len();
    let (mut from, mut depth, mut opened, mut quoted, mut escaped) = (0, 0_i32, None, false, false);
    for (at, sign) in body.char_indices() {
        if quoted {
            quoted = sign != '"' || escaped;
            escaped = sign == '\\' && !escaped;
            continue;
        }
        match sign {
            '"' => quoted = true,
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' => {
                opened = opened.or((depth == 0).then_some(at));
                depth += 1;
            }
            '}' if depth == 0 => {
                // The end of the trait, where the snapshot holds it.
                end = at;
                break;
            }
            '}' => {
                depth -= 1;
                if let Some(brace) = opened.filter(|_| depth == 0) {
                    items.push(item(&body[from..brace], Some(&body[brace..=at])));
                    (from, opened) = (at + 1, None);
                }
            }
            ';' if depth == 0 => {
                items.push(item(&body[from..at], None));
                from = at + 1;
            }
            _ => {}
        }
    }
    let rest = one_line(&body[from..end]);
    if rest.is_empty() { Ok(items) } else { Err(rest) }
}

fn item(text: &str, body: Option<&str>) -> Item {
    let text = one_line(text);
    let is_method = text.split(' ').any(|word| word == "fn");
    let (text, default) = match (body, text.split_once(" = ")) {
        (Some(body), _) => (text, Some(one_line(body))),
        (None, Some((name, value))) if !is_method => (name.to_owned(), Some(value.to_owned())),
        (None, _) => (text, None),
    };
    Item { shape: shape(&text), text, default }
}

/// The text without the names of parameters: `fn f(&self, &Id) -> bool`.
fn shape(text: &str) -> String {
    let Some((before, rest)) = text.split_once('(') else { return text.to_owned() };
    let mut depth = 1_i32;
    let Some(end) = rest.char_indices().find_map(|(at, sign)| {
        depth += i32::from(sign == '(') - i32::from(sign == ')');
        (depth == 0).then_some(at)
    }) else {
        return text.to_owned();
    };
    let kinds: Vec<&str> = parameters(&rest[..end]).into_iter().map(kind).collect();
    format!("{before}({}{}", kinds.join(", "), &rest[end..])
}

/// Cut at the commas that stand in no bracket. `->` closes none.
fn parameters(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let mut previous = ' ';
    text.split(|sign| {
        match sign {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if previous != '-' => depth -= 1,
            _ => {}
        }
        previous = sign;
        sign == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|parameter| !parameter.is_empty())
    .collect()
}

/// What binds of a parameter: its type, or all of `self`.
fn kind(parameter: &str) -> &str {
    match parameter.split_once(": ") {
        Some((name, kind)) if name != "self" => kind,
        _ => parameter,
    }
}

fn name_of(text: &str) -> String {
    let words = text.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
    let skipped = ["", "async", "const", "unsafe", "fn", "type"];
    words.into_iter().find(|word| !skipped.contains(word)).unwrap_or_default().to_owned()
}

/// On one line, as if rustfmt had not wrapped it.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(").replace(", )", ")").replace(",)", ")")
}

fn sorted_bounds(head: &str) -> String {
    let Some((name, bounds)) = head.split_once(": ").filter(|_| !head.contains('<')) else {
        return head.to_owned();
    };
    let mut bounds: Vec<&str> = bounds.split(" + ").collect();
    bounds.sort_unstable();
    format!("{name}: {}", bounds.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_every_form_are_read() {
        let text = "pub trait A {\n    const N: &'static str;\n    const M: D = D::of(3);\n    type Out: Send + 'static;\n    \
                    async fn f(self: Box<Self>, page: &Page<(u8, u8)>) -> Result<(), E>;\n    \
                    fn g(&self, f: Box<dyn Fn(&Id) -> bool>) {\n        say(\"}\\\"{\", [1; 2]);\n    }\n    \
                    fn h();\n";
        let ports = read(text).unwrap();
        let items: Vec<String> = ports["A"]
            .items
            .iter()
            .map(|(name, item)| {
                format!("{name}: {} | {}", item.shape, item.default.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(
            items,
            [
                "M: const M: D | D::of(3)",
                "N: const N: &'static str | -",
                "Out: type Out: Send + 'static | -",
                "f: async fn f(self: Box<Self>, &Page<(u8, u8)>) -> Result<(), E> | -",
                "g: fn g(&self, Box<dyn Fn(&Id) -> bool>) | { say(\"}\\\"{\", [1; 2]); }",
                "h: fn h() | -",
            ]
        );
    }

    #[test]
    fn what_is_no_trait_is_an_error() {
        assert!(read("pub struct A {\n").is_err());
        assert!(read("pub trait A;\n").is_err());
        assert!(read("pub trait A {\n    fn f(&self)\n").is_err());
    }
}
