//! A recipe merged into a JSON file. What is there stays as it is written, also numbers that no program keeps: only the members
//! that a server is added to are laid out anew, with the indentation of the file.

use color_eyre::eyre::{self, OptionExt, WrapErr, bail, ensure};
use portcullis_mcp::members::Members;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::clients::KEY_PLACE;

/// The file with what the recipe adds: members, the servers in them, and elements that an array lacks. The file as it was, if
/// it has all of it.
///
/// # Errors
/// When it is no plain JSON object, a name that counts stands twice, or a server of this name differs.
pub(super) fn merged(before: &str, new: &Map<String, Value>) -> eyre::Result<String> {
    let known = if before.trim().is_empty() { "{}" } else { before };
    serde_json::from_str::<&RawValue>(known)
        .wrap_err("it is not plain JSON (comments are not understood): merge by hand")?;
    let mut whole = Object::of(known).ok_or_eyre("expected a JSON object")?;
    let layout = Layout::of(known);
    let mut is_changed = false;
    for (name, value) in new {
        is_changed |= add(&mut whole, name, value, &layout)?;
    }
    Ok(if is_changed { format!("{}{}", layout.object(&whole, 0), layout.newline) } else { before.to_owned() })
}

/// Whether anything was to be added.
fn add(whole: &mut Object, name: &str, value: &Value, layout: &Layout) -> eyre::Result<bool> {
    let Some(there) = whole.text(name)? else {
        whole.put(name, layout.value(value, 1)?);
        return Ok(true);
    };
    let added = match value {
        Value::Object(servers) => with_servers(there, servers, layout)?,
        Value::Array(elements) => with_elements(there, elements, layout)?,
        _ => bail!("its member `{name}` has another form than this client's: change it by hand"),
    };
    let is_changed = added.is_some();
    added.into_iter().for_each(|text| whole.put(name, text));
    Ok(is_changed)
}

fn with_servers(there: &str, more: &Map<String, Value>, layout: &Layout) -> eyre::Result<Option<String>> {
    let mut servers = Object::of(there)
        .ok_or_eyre("its servers have another form than this client's: change it by hand")?;
    let mut is_changed = false;
    for (name, entry) in more {
        match servers.text(name)? {
            Some(known) => ensure!(
                serde_json::from_str(known).is_ok_and(|known| is_same(&known, entry)),
                "it has a server `{name}` already, and another one: take another name by --name"
            ),
            None => {
                servers.put(name, layout.value(entry, 2)?);
                is_changed = true;
            }
        }
    }
    Ok(is_changed.then(|| layout.object(&servers, 1)))
}

/// Whether a known server is this one; the key may have been put in its place.
fn is_same(known: &Value, entry: &Value) -> bool {
    match (known, entry) {
        (Value::Object(known), Value::Object(entry)) => {
            known.len() == entry.len()
                && entry
                    .iter()
                    .all(|(name, value)| known.get(name).is_some_and(|known| is_same(known, value)))
        }
        (Value::String(known), Value::String(place)) if place == KEY_PLACE => !known.is_empty(),
        (known, entry) => known == entry,
    }
}

fn with_elements(there: &str, more: &[Value], layout: &Layout) -> eyre::Result<Option<String>> {
    let mut texts: Vec<Box<RawValue>> = serde_json::from_str(there)
        .ok()
        .ok_or_eyre("one of its members is no array, as this client has it: change it by hand")?;
    // One that no program can read is none of ours.
    let known: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_str(text.get()).ok()).collect();
    let missing: Vec<&Value> = more.iter().filter(|one| !known.contains(one)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    for one in missing {
        texts.push(RawValue::from_string(layout.value(one, 2)?)?);
    }
    Ok(Some(layout.lines(["[", "]"], texts.iter().map(|text| text.get().to_owned()), 1)))
}

/// Members by their names, as they are written.
struct Object(Vec<(String, String)>);

impl Object {
    /// None if it is no object.
    fn of(text: &str) -> Option<Self> {
        let members = Members::of(text)?;
        Some(Self(members.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()))
    }

    /// Programs differ in which of two of a name they take.
    fn text(&self, name: &str) -> eyre::Result<Option<&str>> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let first = found.next();
        ensure!(found.next().is_none(), "`{name}` stands there twice: take one of them out by hand");
        Ok(first.map(|(_, text)| &**text))
    }

    fn put(&mut self, name: &str, text: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = text,
            None => self.0.push((name.to_owned(), text)),
        }
    }
}

/// How a file is written.
struct Layout {
    indent: String,
    newline: &'static str,
}

impl Layout {
    /// By its first line that is indented; two spaces where there is none.
    fn of(text: &str) -> Self {
        let indents =
            text.lines().map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
        let indent = indents.into_iter().find(|indent| !indent.is_empty()).unwrap_or("  ").to_owned();
        Self { indent, newline: if text.contains("\r\n") { "\r\n" } else { "\n" } }
    }

    fn object(&self, object: &Object, depth: usize) -> String {
        let line = |(name, text): &(String, String)| format!("{}: {text}", Value::from(&**name));
        self.lines(["{", "}"], object.0.iter().map(line), depth)
    }

    fn lines(&self, [first, last]: [&str; 2], parts: impl Iterator<Item = String>, depth: usize) -> String {
        let (newline, indent) = (self.newline, self.indent.repeat(depth));
        let parts: Vec<_> = parts.map(|part| format!("{indent}{}{part}", self.indent)).collect();
        format!("{first}{newline}{}{newline}{indent}{last}", parts.join(&format!(",{newline}")))
    }

    /// A value as it stands within so many others.
    fn value(&self, value: &Value, depth: usize) -> eyre::Result<String> {
        let mut text = Vec::new();
        let formatter = PrettyFormatter::with_indent(self.indent.as_bytes());
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
        let line = format!("{}{}", self.newline, self.indent.repeat(depth));
        Ok(String::from_utf8(text)?.replace('\n', &line))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn into(before: &str, new: Value) -> Result<String, String> {
        merged(before, new.as_object().unwrap()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_there_stays_as_it_is_written() {
        let before = "{\n  \"n\": 12345678901234567890123,\n  \"n\": 1.0,\n  \"mcpServers\": {\n    \"a\": { \"x\":  1e999 }\n  }\n}\n";
        let after = into(before, json!({ "mcpServers": { "t": { "url": "u" } } })).unwrap();
        let expected = "{\n  \"n\": 12345678901234567890123,\n  \"n\": 1.0,\n  \"mcpServers\": {\n    \"a\": { \"x\":  1e999 },\n    \
                        \"t\": {\n      \"url\": \"u\"\n    }\n  }\n}\n";
        assert_eq!(after, expected);
        let again = into(&after, json!({ "mcpServers": { "t": { "url": "u" } } })).unwrap();
        assert_eq!(again, after, "twice is as once");
    }

    #[test]
    fn a_file_keeps_its_indentation() {
        let new = || json!({ "mcpServers": { "t": { "headers": { "A": "b" } } } });
        let two = "{\n  \"mcpServers\": {\n    \"a\": {\n      \"x\": 1\n    }\n  }\n}\n";
        let two_after = into(two, new()).unwrap();
        for (indent, newline) in [("    ", "\n"), ("\t", "\n"), ("   ", "\r\n")] {
            let as_here = |text: &str| text.replace("  ", indent).replace('\n', newline);
            assert_eq!(into(&as_here(two), new()).unwrap(), as_here(&two_after), "{indent:?} {newline:?}");
        }
    }

    #[test]
    fn a_new_file_is_laid_out_as_what_is_printed() {
        let new = json!({ "inputs": [{ "id": "k" }], "servers": { "t": { "url": "u" } } });
        assert_eq!(into("", new.clone()).unwrap(), format!("{new:#}\n"));
        let beside = into("{\"inputs\": [ 1e400 ]}", new.clone()).unwrap();
        assert!(
            beside.starts_with("{\n  \"inputs\": [\n    1e400,\n    {\n      \"id\": \"k\"\n    }\n  ],\n"),
            "{beside}"
        );
        assert_eq!(into(&beside, new).unwrap(), beside);
    }

    #[test]
    fn a_server_whose_key_was_put_in_is_the_same() {
        let new = |key: &str| json!({ "mcpServers": { "t": { "env": { "A": key, "B": "b" } } } });
        let filled = new("Bearer pcl_x").to_string();
        assert_eq!(into(&filled, new(KEY_PLACE)).unwrap(), filled);
        assert!(into(&filled, new("Bearer other")).unwrap_err().contains("--name"));
        assert!(into(&new("").to_string(), new(KEY_PLACE)).is_err());
    }

    #[test]
    fn what_is_not_clear_is_left_alone() {
        let new = || json!({ "mcpServers": { "t": { "url": "u" } } });
        for (before, said) in [
            (r#"{"mcpServers": {}, "mcpServers": {}}"#, "twice"),
            (r#"{"mcpServers": {"t": {}, "t": {"url": "u"}}}"#, "twice"),
            (r#"{"mcpServers": []}"#, "by hand"),
            (r#"{"mcpServers": {"t": {"url": "v"}}}"#, "--name"),
            ("[]", "object"),
            ("// x\n{}", "comments"),
        ] {
            let error = into(before, new()).unwrap_err();
            assert!(error.contains(said), "{before}: {error}");
        }
    }
}
