//! `new`: writes what an operation, engine, port, driver, adapter, bridge or domain needs in this repository.
//!
//! A scaffold is planned whole, from texts and a name to texts, and written only when nothing stands against it.
//! Never: overwrites a file, writes a part of a plan, or leaves what the audit or clippy would refuse.
//! Start: [`run`], then the file of a kind, then its templates.

mod adapter;
mod bridge;
mod disk;
mod domain;
mod draft;
mod driver;
mod engine;
mod family;
mod homes;
mod insert;
mod law;
mod literature;
mod names;
mod operation;
mod port;
mod template;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use self::draft::{Change, Contract, Plan};
use self::tree::Tree;
use crate::audit::Said;

/// What `new` understands.
const USAGE: &str = "\
cargo xtask new operation <domain>.<family>.<verb_noun>   integrations.mcp_servers.rename_server
cargo xtask new engine <domain> <name>                    integrations.mcp rate_limit
cargo xtask new port <domain> <Name>                      integrations RateLimits
cargo xtask new driver <domain> <Port>                    integrations RateLimits
cargo xtask new adapter <name>                            slack
cargo xtask new bridge <Domain>                           Incidents
cargo xtask new domain <name> | <domain>.<part>           billing, integrations.connectors
    Writes it, says what it wrote and what is next, and renews the contracts and inventories that change with it.
    Refuses to overwrite. --no-snapshots leaves the contracts to you.
    Exit: 0 written; 3 refused, or written with something left to renew.
";

/// Makes what `words` (after `new`) ask for, in the workspace at `root`.
pub(crate) fn run(root: &Path, words: &[&str]) -> Said {
    make(root, words).map_or_else(|refusal| Said::unusable(&refusal), Said::clean)
}

fn make(root: &Path, words: &[&str]) -> Result<String, String> {
    let renews = !words.contains(&"--no-snapshots");
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--no-snapshots").collect();
    if let [] | ["help"] = words.as_slice() {
        return Ok(USAGE.to_owned());
    }
    let tree = disk::read(root)?;
    let Plan { changes, contracts, next, new_domain } = plan(&tree, &words)?;
    let changes = disk::formatted(root, changes)?;
    disk::write(root, &tree, &changes)?;
    let mut said = format!("new {}\n\n{}", words.join(" "), written(&changes));
    let incomplete = |problem| format!("written; but what follows from it could not be renewed:\n{problem}");
    let documents = literature::renew(root, new_domain.as_deref())
        .map_err(|problem| format!("{said}\n{}", incomplete(problem)))?;
    said.push_str(&listed("literature\n", documents.into_iter()));
    if renews {
        disk::renew(root, &contracts).map_err(|problem| format!("{said}\n{}", incomplete(problem)))?;
    }
    said.push_str(&owned(&contracts, renews));
    said.push_str(&steps(&next));
    Ok(said)
}

/// Decides what is to be written: nothing is read or written here.
fn plan(tree: &Tree, words: &[&str]) -> Result<Plan, String> {
    match words {
        ["operation", name] => operation::plan(tree, name),
        ["engine", domain, name] => engine::plan(tree, domain, name),
        ["port", domain, name] => port::plan(tree, domain, name),
        ["driver", domain, port] => driver::plan(tree, domain, port),
        ["adapter", name] => adapter::plan(tree, name),
        ["bridge", name] => bridge::plan(tree, name),
        ["domain", name] => domain::plan(tree, name),
        _ => Err(format!("nothing of this form can be made: new {}\n\n{USAGE}", words.join(" "))),
    }
}

fn written(changes: &BTreeMap<String, Change>) -> String {
    let new = changes.iter().filter(|(_, change)| matches!(change, Change::Write { .. }));
    let mut text = listed("wrote\n", new.map(|(path, _)| path.clone()));
    text.push_str("changed\n");
    for (path, change) in changes {
        let Change::Insert { added, .. } = change else { continue };
        text.push_str(&format!("  {path}\n"));
        text.extend(added.iter().map(|line| format!("    + {line}\n")));
    }
    text
}

fn owned(contracts: &[Contract], renewed: bool) -> String {
    match renewed {
        true => listed(
            "contracts, written anew: read their diff, callers will hold you to it\n",
            contracts.iter().map(|contract| format!("git diff {}", contract.snapshots)),
        ),
        false => listed(
            "contracts, which fail until you accept them: INSTA_UPDATE=always with\n",
            contracts.iter().map(|contract| format!("cargo {}", contract.test)),
        ),
    }
}

/// A heading with a line for each; nothing if there is none.
fn listed(heading: &str, lines: impl Iterator<Item = String>) -> String {
    let text: String = lines.map(|line| format!("  {line}\n")).collect();
    if text.is_empty() { text } else { format!("{heading}{text}") }
}

fn steps(next: &[String]) -> String {
    let gate = "cargo xtask audit && cargo test --workspace".to_owned();
    let steps = next.iter().chain([&gate]).zip(1..);
    listed("next\n", steps.map(|(step, number)| format!("{number}. {step}")))
}

#[cfg(test)]
mod tests;
