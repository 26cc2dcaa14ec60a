//! `new engine <domain> <name>`: a decision over plain values, with its table test.
//!
//! It permits only what somebody has permitted in words, so it is safe to ask before its rule is written. Named as an
//! operation that waits for its rule, it is asked by that operation's handler; else it is a stub until one asks.

use super::draft::{Draft, Plan};
use super::homes::{ENGINES, Home, SPINE};
use super::law::Law;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};

/// How the line begins before which a fresh handler can ask its rule.
const REFUSAL: &str = "    let public = ";

const STUB: &str = "\n//! Stub: the rule, and the handler that asks it.";

/// Plans an engine.
///
/// # Errors
/// When the domain is unknown, or the name is bad or taken.
pub(crate) fn plan(tree: &Tree, domain: &str, name: &str) -> Result<Plan, String> {
    let home = Home::find(tree, domain)?;
    Law::of(tree).module(name)?;
    let path = ENGINES.inside(&home, &format!("{name}.rs"));
    let folder = ENGINES.inside(&home, &format!("{name}/mod.rs"));
    if tree.text(&folder).is_some() {
        return Err(format!("{folder} is there already: choose another name"));
    }
    let mut draft = Draft::of(tree);
    let asked = ask(&mut draft, &home, name)?;
    let title = names::capitalized(&names::words(name));
    let camel = names::camel(name);
    let values = [("title", title.as_str()), ("Name", &camel), ("stub", if asked { "" } else { STUB })];
    draft.write(&path, fill(include_str!("templates/engine.rs.txt"), &values)?)?;
    let module = ENGINES.module(&mut draft, &home)?;
    let declaration = format!("pub mod {name};");
    draft.insert(&module, declaration.clone(), |text| insert::module(text, &declaration))?;
    let handler = match asked {
        true => format!(
            "{}: load the facts, and answer where the rule permits it",
            SPINE.inside(&home, &format!("{name}.rs"))
        ),
        false => format!(
            "ask it from a handler of `{}`, and remove the line `Stub:` from its header",
            home.dotted()
        ),
    };
    let rule = format!("{path}: write the facts that decide, the rule, and a row of the table for each case");
    Ok(draft.plan(&[], vec![rule, handler]))
}

/// Has the handler of the operation of this name ask the rule, if there is one that still refuses without a rule.
fn ask(draft: &mut Draft<'_>, home: &Home, name: &str) -> Result<bool, String> {
    let handler = SPINE.inside(home, &format!("{name}.rs"));
    let text = draft.text(&handler).unwrap_or_default();
    let Some(refusal) = text.lines().find(|line| line.starts_with(REFUSAL)).map(str::to_owned) else {
        return Ok(false);
    };
    let facts = format!("{}Facts", names::camel(name));
    let import = format!("use portcullis_engines::{}::{name}::{{{facts}, decide}};", home.path());
    let question = format!(
        "    // Nothing is stored that could permit it, and what is not known is not permitted.\n    \
         decide({facts}::default())?;"
    );
    draft.insert(&handler, format!("decide({facts}::default())?;"), |text| {
        insert::before(&insert::export(text, &import)?, &refusal, &refusal, &question)
    })?;
    Ok(true)
}
