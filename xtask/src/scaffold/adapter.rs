//! `new adapter <name>`: an external service behind a feature, over the `Egress` port.
//!
//! The service gets a purpose of its own in the vocabulary, so that logs say for whom a connection was opened.

use super::draft::{Draft, Plan};
use super::law::Law;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};

const CRATE: &str = "crates/adapters/";
const MANIFEST: &str = "crates/adapters/Cargo.toml";
const LOCK: &str = "Cargo.lock";
const EGRESS: &str = "crates/schemas/src/egress.rs";

/// What the test of an adapter stands on, as the manifest says it.
const DEV: [(&str, &str); 3] = [
    ("portcullis-testkit", "portcullis-testkit.workspace = true"),
    ("serde_json", "serde_json.workspace = true"),
    ("tokio", "tokio = { workspace = true, features = [\"macros\", \"rt\"] }"),
];

/// Plans an adapter.
///
/// # Errors
/// When the name is bad or taken.
pub(crate) fn plan(tree: &Tree, name: &str) -> Result<Plan, String> {
    let law = Law::of(tree);
    law.module(name)?;
    let service = names::camel(name);
    law.type_name(&service, &["portcullis-adapters"])?;
    if law.domains.iter().any(|domain| domain == name) {
        return Err(format!("`{name}` is a domain: an adapter is named for the service that it reaches"));
    }
    if tree.names(EGRESS, &service) {
        return Err(format!("{EGRESS} names `{service}` already: choose another name"));
    }
    let mut draft = Draft::of(tree);
    let title = names::capitalized(&names::words(name));
    let values = [("name", name), ("Service", service.as_str()), ("title", &title)];
    draft
        .write(&format!("{CRATE}src/{name}.rs"), fill(include_str!("templates/adapter.rs.txt"), &values)?)?;
    declared(&mut draft, name)?;
    let purpose = fill(include_str!("templates/adapter_purpose.txt"), &values)?;
    draft.insert(EGRESS, format!("purpose {service}"), |text| {
        insert::before(text, "EgressPurpose {", "    }", purpose.trim_end())
    })?;
    features(&mut draft, name)?;
    let next = vec![
        format!(
            "{CRATE}src/{name}.rs: the requests of the service, each with its limits; its credential comes \
                 from the caller, at the moment of use"
        ),
        format!("cargo test -p portcullis-adapters --features {name}"),
        format!(
            "crates/portcullis/Cargo.toml: a feature that switches `portcullis-adapters/{name}` on, and what \
                 hands {service} out"
        ),
    ];
    Ok(draft.plan(&[], next))
}

/// The module in the crate's root, behind its feature. Whoever reads the header of an empty crate is told so.
fn declared(draft: &mut Draft<'_>, name: &str) -> Result<(), String> {
    let declaration = format!("#[cfg(feature = \"{name}\")]\npub mod {name};");
    draft.insert(&format!("{CRATE}src/lib.rs"), format!("pub mod {name};"), |text| {
        let header = match text.split_once("//! Start: there is no adapter yet") {
            Some((before, _)) => format!("{before}//! Start: any module; each is a feature of its name.\n"),
            None => text.to_owned(),
        };
        let gap = if header.contains("#[cfg(feature") { "" } else { "\n" };
        Ok(format!("{}\n{gap}{declaration}\n", header.trim_end()))
    })
}

/// The feature, and what its test needs. The lock changes with the manifest, so that `--locked` builds go on.
fn features(draft: &mut Draft<'_>, name: &str) -> Result<(), String> {
    let feature = format!("{name} = []");
    draft.insert(MANIFEST, feature.clone(), |text| entry(text, "[features]", "[dependencies]", &feature))?;
    for (package, line) in DEV {
        let manifest = draft.text(MANIFEST).unwrap_or_default();
        if manifest.lines().any(|known| known == line) {
            continue;
        }
        draft.insert(MANIFEST, line, |text| entry(text, "[dev-dependencies]", "", line))?;
        draft.insert(LOCK, format!("portcullis-adapters needs {package}"), |text| locked(text, package))?;
    }
    Ok(())
}

/// Adds a line to a section of a manifest in its order. A new section stands before `next`, or at the end.
fn entry(text: &str, section: &str, next: &str, line: &str) -> Result<String, String> {
    if let Some((before, after)) = text.split_once(&format!("{section}\n")) {
        let end = after.find("\n\n[").map_or(after.len(), |at| at + 1);
        let mut lines: Vec<&str> = after[..end].trim_end().lines().chain([line]).collect();
        lines.sort_unstable();
        return Ok(format!("{before}{section}\n{}\n{}", lines.join("\n"), &after[end..]));
    }
    let at = if next.is_empty() { None } else { text.find(&format!("{next}\n")) };
    Ok(match at {
        Some(at) => format!("{}{section}\n{line}\n\n{}", &text[..at], &text[at..]),
        None => format!("{}\n\n{section}\n{line}\n", text.trim_end()),
    })
}

/// Adds a dependency of this crate to the lock, as Cargo would write it.
fn locked(text: &str, package: &str) -> Result<String, String> {
    let start = "name = \"portcullis-adapters\"\n";
    let at = text.find(start).ok_or("the package portcullis-adapters is not there")?;
    let list =
        text[at..].find("dependencies = [\n").ok_or("portcullis-adapters has no dependencies there")?;
    let begin = at + list + "dependencies = [\n".len();
    let end = text[begin..].find(']').map(|end| begin + end).ok_or("a list there does not end")?;
    let line = format!(" \"{package}\",");
    let mut lines: Vec<&str> = text[begin..end].lines().chain([line.as_str()]).collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(format!("{}{}\n{}", &text[..begin], lines.join("\n"), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_in_order_in_their_section() {
        let text = "[package]\nname = \"a\"\n\n[dependencies]\nb = []\n";
        let once = entry(text, "[features]", "[dependencies]", "s3 = []").unwrap();
        assert_eq!(once, "[package]\nname = \"a\"\n\n[features]\ns3 = []\n\n[dependencies]\nb = []\n");
        let twice = entry(&once, "[features]", "[dependencies]", "chat = []").unwrap();
        assert!(twice.contains("[features]\nchat = []\ns3 = []\n\n[dependencies]\n"), "{twice}");
        let last = entry(&entry(text, "[dev]", "", "z = []").unwrap(), "[dev]", "", "y = []").unwrap();
        assert!(last.ends_with("b = []\n\n[dev]\ny = []\nz = []\n"), "{last}");
    }

    #[test]
    fn the_lock_names_the_new_dependency_once() {
        let text = "[[package]]\nname = \"portcullis-adapters\"\nversion = \"0.1.0\"\ndependencies = [\n \"b\",\n]\n\n[[package]]\n";
        let once = locked(text, "a").unwrap();
        assert!(once.contains("dependencies = [\n \"a\",\n \"b\",\n]\n\n[[package]]\n"), "{once}");
        assert_eq!(locked(&once, "a"), Ok(once));
        assert!(locked("", "a").is_err());
    }
}
