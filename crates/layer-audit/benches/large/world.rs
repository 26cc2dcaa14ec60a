//! A workspace of 300 crates and a million lines: ten layers of thirty crates, the same ten domains in each, code as
//! people write it (imports across crates, traits and their implementations, functions, macros, tests). Always the same.

use std::fs;
use std::io;
use std::path::Path;

mod law;
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

/// Writes it, whatever stood in `root` before.
pub(crate) fn write(root: &Path) -> io::Result<()> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    put(
        root,
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n",
    )?;
    put(root, "layers.toml", &law::text())?;
    for layer in 0..LAYERS {
        for at in 0..CRATES {
            let dir = root.join("crates").join(name(layer, at));
            let uses = uses(layer, at);
            put(&dir, "Cargo.toml", &text::manifest(&name(layer, at), &uses))?;
            put(&dir, "src/lib.rs", &text::root(layer))?;
            for (number, domain) in DOMAINS.iter().enumerate() {
                put(&dir, &format!("src/{domain}.rs"), &text::domain(domain, PARTS, layer == 0))?;
                for part in 0..PARTS {
                    let text = text::part(domain, part, uses.get(number % USES));
                    put(&dir, &format!("src/{domain}/part_{part}.rs"), &text)?;
                }
            }
        }
    }
    Ok(())
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
