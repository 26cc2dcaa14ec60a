//! `new domain <name>`: a module of the same path in every layer, its line in the law, its first document.
//!
//! `<domain>.<part>` makes a part of a domain that is there, as `integrations.mcp` is one.

use super::draft::{Draft, Plan};
use super::homes::{DRIVERS, ENGINES, Home, SCHEMAS, SPINE, known};
use super::insert;
use super::law::{LAW, Law};
use super::tree::Tree;

/// Plans a domain or a part of one.
///
/// # Errors
/// When the name is bad or taken, or the domain of a part is unknown.
pub(crate) fn plan(tree: &Tree, name: &str) -> Result<Plan, String> {
    let parts: Vec<&str> = name.split('.').collect();
    let law = Law::of(tree);
    parts.iter().try_for_each(|part| law.module(part))?;
    let home = match parts.as_slice() {
        [domain] => Home::new([*domain]),
        [domain, part] => {
            Home::find(tree, domain)?;
            Home::new([*domain, *part])
        }
        _ => return Err(format!("`{name}`: expected a domain, or <domain>.<part>")),
    };
    let mut draft = Draft::of(tree);
    if known(tree).contains(&home) {
        return Err(format!("`{name}` is there already: cargo xtask new operation {}", example(&home)));
    }
    for layer in [SCHEMAS, ENGINES, DRIVERS, SPINE] {
        if layer.has(&draft, &home) && !law.domains.contains(&home.dotted()) {
            return Err(format!("a layer has a module `{}` already: choose another name", home.dotted()));
        }
        layer.module(&mut draft, &home)?;
    }
    let is_new = home.parent().is_none();
    if is_new && !law.domains.contains(&home.dotted()) {
        let line = format!("  {{ name = \"{name}\" }},");
        draft.insert(LAW, line.trim_start().to_owned(), |text| listed(text, &line))?;
    }
    let next = vec![
        format!("its first operation: cargo xtask new operation {}", example(&home)),
        "then, as they are needed: cargo xtask new engine | port | driver | bridge".to_owned(),
        format!("literature/{}/README.md and ARCHITECTURE.md: what it is for", home.domain()),
    ];
    let plan = draft.plan(&[], next);
    Ok(Plan { new_domain: is_new.then(|| name.to_owned()), ..plan })
}

fn example(home: &Home) -> String {
    match home.parent() {
        Some(_) => format!("{}.<verb_noun>", home.dotted()),
        None => format!("{}.<family>.<verb_noun>", home.dotted()),
    }
}

/// In the order of the list.
fn listed(text: &str, line: &str) -> Result<String, String> {
    let is_later = |found: &&str| found.starts_with("  { name = \"") && *found > line;
    let anchor = text.lines().find(is_later).unwrap_or("]");
    insert::before(text, "domain = [", anchor, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_lists_domains_in_order() {
        let text = "[domains]\ndomain = [\n  { name = \"b\" },\n  { name = \"d\" },\n]\n";
        let line = |name: &str| format!("  {{ name = \"{name}\" }},");
        for (name, place) in [("a", 2), ("c", 3), ("e", 4)] {
            let changed = listed(text, &line(name)).unwrap();
            assert_eq!(changed.lines().nth(place), Some(line(name).as_str()), "{changed}");
        }
    }
}
