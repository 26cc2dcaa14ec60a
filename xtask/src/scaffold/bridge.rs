//! `new bridge <Domain>`: how handlers of other domains reach one, over a port and without a session.
//!
//! Its first capability is the check that any caller needs who is about to do what cannot be taken back: whether the
//! domain can be asked at all.

use super::draft::{Draft, Plan};
use super::homes::{Home, known};
use super::law::LAW;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};

const BRIDGES: &str = "crates/spine/src/bridges";

/// Plans a bridge.
///
/// # Errors
/// When the name is no domain's, or the domain has a bridge.
pub(crate) fn plan(tree: &Tree, name: &str) -> Result<Plan, String> {
    let name = name.strip_suffix("Bridge").unwrap_or(name);
    names::type_name(name)?;
    let domain = names::snake(name);
    let domains = known(tree);
    if !domains.contains(&Home::new([domain.as_str()])) {
        let whole = domains.iter().filter(|home| home.parent().is_none());
        let known: Vec<String> = whole.map(|home| names::camel(home.domain())).collect();
        return Err(format!(
            "a bridge leads into a domain, and `{domain}` is none: expected one of {}; or make it first: \
             cargo xtask new domain {domain}",
            known.join(", ")
        ));
    }
    let mut draft = Draft::of(tree);
    let words = names::words(&domain);
    let values = [("Name", name), ("domain", domain.as_str()), ("words", &words)];
    draft
        .write(&format!("{BRIDGES}/{domain}.rs"), fill(include_str!("templates/bridge.rs.txt"), &values)?)?;
    let (path, module) = (format!("{BRIDGES}.rs"), format!("mod {domain};"));
    draft.insert(&path, module.clone(), |text| insert::module(text, &module))?;
    let listed = format!("{{ name = \"{domain}\", bridge = \"{name}Bridge\" }}");
    draft.insert(LAW, listed.clone(), |text| {
        insert::replaced(text, &format!("{{ name = \"{domain}\" }}"), &listed)
    })?;
    let next = vec![
        format!(
            "{BRIDGES}/{domain}.rs: what other domains may ask, each a check or a translation (5 at most)"
        ),
        format!(
            "{path}: `pub(crate) use {domain}::{name}Bridge;` with the first handler that asks it, and remove the \
             `expect(dead_code)`"
        ),
    ];
    Ok(draft.plan(&[], next))
}
