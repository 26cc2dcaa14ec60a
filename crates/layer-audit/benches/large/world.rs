//! A workspace of 300 crates and over a million lines: ten layers of thirty crates, the same ten domains in each, code as
//! people write it (imports across crates, traits and their implementations, functions, macros, tests). Always the same.

use std::fs;
use std::io;
use std::path::Path;

mod law;
mod operations;
mod text;

/// Layers, the lowest first. A crate uses crates of lower layers.
pub(crate) const LAYERS: usize = 10;
/// Crates in each layer.
pub(crate) const CRATES: usize = 30;
/// Modules of the same name in each crate.
pub(crate) const DOMAINS: [&str; 10] = [
    "accounts", "billing", "catalog", "disputes", "events", "freight", "grants", "holds", "invoices",
    "journals",
];
/// Files in each domain of each crate, besides the one that declares them.
const PARTS: usize = 2;
/// Crates that each crate uses.
const USES: usize = 6;
/// The crate that registers handlers, by layer and number.
pub(crate) const HANDLERS: (usize, usize) = (5, 0);
/// The crate that holds the routes.
pub(crate) const ROUTES: (usize, usize) = (LAYERS - 1, 0);

/// Writes it, whatever stood in `root` before.
pub(crate) fn write(root: &Path) -> io::Result<()> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    put(root, "Cargo.toml", text::WORKSPACE)?;
    put(root, "layers.toml", &law::text())?;
    put(root, "contract.json", &operations::contract())?;
    for layer in 0..LAYERS {
        for at in 0..CRATES {
            member(&root.join("crates").join(name(layer, at)), layer, at)?;
        }
    }
    Ok(())
}

fn member(dir: &Path, layer: usize, at: usize) -> io::Result<()> {
    let mut uses = uses(layer, at);
    for (number, domain) in DOMAINS.iter().enumerate() {
        let more = if layer == 0 { operations::declared(domain, at) } else { text::bridge(domain) };
        put(dir, &format!("src/{domain}.rs"), &text::domain(domain, PARTS, &more))?;
        for part in 0..PARTS {
            let text = text::part(domain, part, uses.get(number % USES));
            put(dir, &format!("src/{domain}/part_{part}.rs"), &text)?;
        }
    }
    let table = match (layer, at) {
        HANDLERS => Some(("handlers", operations::handlers())),
        ROUTES => Some(("routes", operations::routes())),
        _ => None,
    };
    if let Some((module, text)) = &table {
        put(dir, &format!("src/{module}.rs"), text)?;
        uses.extend((0..CRATES).map(|at| name(0, at)));
        uses.sort();
        uses.dedup();
    }
    put(dir, "Cargo.toml", &text::manifest(&name(layer, at), &uses))?;
    put(dir, "src/lib.rs", &text::root(layer, table.map(|(module, _)| module)))
}

pub(crate) fn name(layer: usize, at: usize) -> String {
    format!("layer-{layer}-crate-{at}")
}

/// Crates of the layers below, spread evenly.
fn uses(layer: usize, at: usize) -> Vec<String> {
    let below = |step: usize| name((at + step) % layer, (at * 7 + step * 11) % CRATES);
    let mut uses: Vec<String> = if layer == 0 { Vec::new() } else { (0..USES).map(below).collect() };
    uses.sort();
    uses.dedup();
    uses
}

fn put(root: &Path, path: &str, text: &str) -> io::Result<()> {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    fs::write(path, text)
}
