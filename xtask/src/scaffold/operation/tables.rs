//! The lines of an operation in the tables that others share: registration, routes, the facade.

use super::{Operation, insert, names};
use crate::scaffold::draft::Draft;
use crate::scaffold::family::ROUTES;

pub(super) const REGISTRATION: &str = "crates/spine/src/operations.rs";
pub(super) const FACADE: &str = "crates/portcullis/src/operations.rs";

/// The one line that says which handler an operation has.
pub(super) fn registration(draft: &mut Draft<'_>, operation: &Operation) -> Result<(), String> {
    let Operation { request, verb_noun, .. } = operation;
    let (alias, _) = alias(draft, REGISTRATION, "use", operation, operation.home().last())?;
    let path = operation.home().path();
    let line = format!("registry.on::<{alias}::{request}>(crate::{path}::{verb_noun}::{verb_noun})?;");
    let siblings = format!("    registry.on::<{alias}::");
    draft.insert(REGISTRATION, line.clone(), |text| {
        let line = format!("    {line}");
        let is_sibling = |found: &str| found.starts_with(&siblings) && found.ends_with("?;");
        match insert::after_last(text, &line, is_sibling) {
            Some(text) => Ok(text),
            None => before_tail(text, operation.home().domain(), &line),
        }
    })
}

/// Embedders reach the operations of a home by a module of the facade; says whether this is its first.
pub(super) fn facade(draft: &mut Draft<'_>, operation: &Operation) -> Result<bool, String> {
    let family = operation.name.split('.').nth(1).unwrap_or_default();
    alias(draft, FACADE, "pub use", operation, family).map(|(_, new)| new)
}

/// The name under which a file imports the operations of a home, and whether it is new there: `wanted`, or the whole
/// path where that is another's.
fn alias(
    draft: &mut Draft<'_>,
    file: &str,
    keyword: &str,
    operation: &Operation,
    wanted: &str,
) -> Result<(String, bool), String> {
    let import = format!("{keyword} portcullis_schemas::{}::operations as ", operation.home().path());
    let text = draft.text(file).unwrap_or_default();
    if let Some(known) = text.lines().find_map(|line| line.strip_prefix(&import)?.strip_suffix(';')) {
        return Ok((known.to_owned(), false));
    }
    let taken = text.contains(&format!(" as {wanted};"));
    let alias = if taken { operation.home().path().replace("::", "_") } else { wanted.to_owned() };
    let line = format!("{import}{alias};");
    draft.insert(file, line.clone(), |text| insert::export(text, &line))?;
    Ok((alias, true))
}

/// Before the last expression of the function that registers the domain.
fn before_tail(text: &str, domain: &str, line: &str) -> Result<String, String> {
    let own = format!("fn register_{domain}(");
    let function = if text.contains(&own) { own.as_str() } else { "fn register(" };
    let body = text.lines().skip_while(|found| !found.contains(function)).take_while(|found| *found != "}");
    let tail = body.filter(|found| found.starts_with("    registry.on")).last();
    insert::before(text, function, tail.ok_or("the registration has no line yet to stand before")?, line)
}

/// One line of the route table, next to those of its family.
pub(super) fn route(draft: &mut Draft<'_>, operation: &Operation) -> Result<(), String> {
    let import = format!("use portcullis_schemas::{}::operations::*;", operation.home().path());
    let table = draft.text(ROUTES).unwrap_or_default();
    let entry = route_line(table, operation)?;
    if !table.contains(&import) {
        draft.insert(ROUTES, import.clone(), |text| insert::export(text, &import))?;
    }
    let starts: Vec<String> =
        operation.family.declared.iter().map(|one| format!("    route::<{}>(", one.request)).collect();
    let of_family = |line: &str| starts.iter().any(|start| line.starts_with(start));
    draft.insert(ROUTES, entry.trim_start().to_owned(), |text| {
        match insert::after_last(text, &entry, of_family) {
            Some(text) => Ok(text),
            None => insert::before(text, "static ROUTES", "];", &format!("\n{entry}")),
        }
    })
}

fn route_line(table: &str, operation: &Operation) -> Result<String, String> {
    let prefix = &operation.family.prefix;
    let method = operation.shape.method;
    let (_, noun) = operation.verb_noun.split_once('_').unwrap_or_default();
    let own = format!("/{}", names::kebab(noun));
    let mut paths = vec![format!("{prefix}/{}", names::kebab(&operation.verb_noun))];
    if method == "GET" {
        // The list of a family stands at the family's own path.
        paths.insert(0, if prefix.ends_with(&own) { prefix.clone() } else { format!("{prefix}{own}") });
    }
    let is_free = |path: &String| !table.contains(&format!(">({method}, \"{path}\")"));
    let path = paths.into_iter().find(is_free);
    let path =
        path.ok_or_else(|| format!("{ROUTES}: {method} below {prefix} is taken: choose another noun"))?;
    Ok(format!("    route::<{}>({method}, \"{path}\"),", operation.request))
}
