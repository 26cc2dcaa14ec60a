//! A schema as the set of what it takes: constants, null among them, and open schemas.
//!
//! So `enum`, `const`, `type: [..]`, `anyOf` and `oneOf` compare alike, however the generator writes them.

use serde_json::Value;

use super::node::{self, Open};
use super::place::Place;

static NULL: Value = Value::Null;

/// One of the things that a schema takes.
#[derive(Debug, Clone)]
pub(super) enum Alternative<'a> {
    Constant(&'a Value),
    /// A definition by its name: left closed, in case the other side has it too.
    Definition(&'a str, Open<'a>),
    Open(Open<'a>),
}

/// What `schema` takes.
pub(super) fn of<'a>(root: &'a Value, schema: &'a Value, place: &Place) -> Vec<Alternative<'a>> {
    let mut found = Vec::new();
    add(root, schema, place, &mut found);
    found
}

/// What one of `schemas` takes.
pub(super) fn of_list<'a>(root: &'a Value, schemas: &'a [Value], place: &Place) -> Vec<Alternative<'a>> {
    let mut found = Vec::new();
    for (index, schema) in schemas.iter().enumerate() {
        add(root, schema, &place.keyword(&index.to_string()), &mut found);
    }
    found
}

/// Whether one value can be two of these: constants and null stand apart, open schemas need not.
pub(super) fn can_overlap(alternatives: &[Alternative<'_>]) -> bool {
    let open = |alternative: &&Alternative<'_>| !matches!(alternative, Alternative::Constant(_));
    alternatives.iter().filter(open).count() > 1
}

/// Takes the definitions out that both sides have by the same name.
pub(super) fn shared<'a>(
    old: &mut Vec<Alternative<'a>>,
    new: &mut Vec<Alternative<'a>>,
) -> Vec<(Open<'a>, Open<'a>)> {
    let mut pairs = Vec::new();
    old.retain(|before| {
        let Alternative::Definition(name, open) = before else { return true };
        let same = |now: &Alternative<'a>| matches!(now, Alternative::Definition(other, _) if other == name);
        let Some(at) = new.iter().position(same) else { return true };
        if let Alternative::Definition(_, now) = new.remove(at) {
            pairs.push((open.clone(), now));
        }
        false
    });
    pairs
}

/// Constants and open schemas; definitions that are left are opened.
pub(super) fn sorted<'a>(
    root: &'a Value,
    alternatives: Vec<Alternative<'a>>,
    place: &Place,
) -> (Vec<&'a Value>, Vec<Open<'a>>) {
    let (mut constants, mut schemas, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = alternatives;
    while !left.is_empty() {
        let mut inside = Vec::new();
        for alternative in left {
            match alternative {
                Alternative::Constant(constant) => constants.push(constant),
                Alternative::Open(schema) => schemas.push(schema),
                // One that holds itself holds no more than what stands beside it.
                Alternative::Definition(name, _) if opened.contains(&name) => {}
                Alternative::Definition(name, schema) => {
                    opened.push(name);
                    collect(root, schema, place, &mut inside);
                }
            }
        }
        left = inside;
    }
    (constants, schemas)
}

fn add<'a>(root: &'a Value, schema: &'a Value, place: &Place, found: &mut Vec<Alternative<'a>>) {
    let open = Open::resolved(root, schema, place);
    match open.definition {
        Some(name) => found.push(Alternative::Definition(name, open)),
        None => collect(root, open, place, found),
    }
}

fn collect<'a>(root: &'a Value, mut open: Open<'a>, place: &Place, found: &mut Vec<Alternative<'a>>) {
    let keywords = open.keywords();
    if open.value == &Value::Bool(false) {
        return; // takes nothing
    }
    if let Some((keyword, schemas)) = node::choice(open.value) {
        found.extend(of_list(root, schemas, &place.at(&open.pointer).keyword(keyword)));
        return;
    }
    match (keywords.get("const"), keywords.get("enum")) {
        (Some(constant), None) if node::only(keywords, &["const", "type"]) => {
            found.push(Alternative::Constant(constant));
        }
        (None, Some(Value::Array(values))) if node::only(keywords, &["enum", "type"]) => {
            found.extend(values.iter().map(Alternative::Constant));
        }
        _ if open.kinds.contains("null") && open.kinds.len() > 1 => {
            open.kinds.remove("null");
            found.extend([Alternative::Constant(&NULL), Alternative::Open(open)]);
        }
        _ if open.kinds.contains("null") && node::only(keywords, &["type"]) => {
            found.push(Alternative::Constant(&NULL));
        }
        _ => found.push(Alternative::Open(open)),
    }
}
