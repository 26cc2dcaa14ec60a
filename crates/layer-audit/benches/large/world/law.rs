//! The law of the generated workspace: as many sections as a product would have.

use super::{CRATES, DOMAINS, HANDLERS, LAYERS, ROUTES, name};

/// The text of its `layers.toml`.
pub(super) fn text() -> String {
    let mut text = "schema = 1\nroots = [\"crates\"]\n".to_owned();
    for layer in (0..LAYERS).rev() {
        text.push_str(&format!("[[layer]]\nid = \"L{layer}\"\nname = \"layer {layer}\"\n"));
    }
    for layer in 0..LAYERS {
        let below = crates(0..layer);
        for at in 0..CRATES {
            let name = name(layer, at);
            text.push_str(&format!(
                "[[crate]]\nname = \"{name}\"\nlayer = \"L{layer}\"\nmay_use = [{below}]\n"
            ));
        }
    }
    let domains: Vec<String> = DOMAINS.iter().map(|domain| format!("{{ name = \"{domain}\" }}")).collect();
    let rest = REST.replace("$DOMAINS", &domains.join(", "));
    let rest = rest
        .replace("$MIDDLE", &crates(1..LAYERS - 1))
        .replace("$LOWEST", &crates(0..1))
        .replace("$PURE", &crates(0..LAYERS / 2));
    let of = |(layer, at)| name(layer, at);
    let rest = rest.replace("$HANDLERS", &of(HANDLERS)).replace("$ROUTES", &of(ROUTES));
    text + &rest.replace("$TOP", &crates(LAYERS - 1..LAYERS)).replace("$ALL", &crates(0..LAYERS))
}

/// The crates of these layers, as the items of a TOML array.
fn crates(layers: std::ops::Range<usize>) -> String {
    let names = layers.flat_map(|layer| (0..CRATES).map(move |at| format!("\"{}\"", name(layer, at))));
    names.collect::<Vec<_>>().join(", ")
}

const REST: &str = r#"
[[unreachable]]
from = [$LOWEST]
to = ["hyper*", "sqlx*"]
because = "records do no I/O"

[[exclusive]]
externals = ["hyper*", "sqlx*"]
only = [$TOP]
because = "the edges do I/O"

[[pure]]
crates = [$PURE]
names = ["std::fs", "std::net", "std::env", "std::process", "std::time::SystemTime", "std::time::Instant"]
because = "take a port"

[[pure]]
crates = [$PURE]
names = ["tokio", "hyper", "sqlx", "rand", "getrandom"]
because = "take a port"

[domains]
crates = [$ALL]
domain = [$DOMAINS]

[ports]
crates = [$LOWEST]
modules = ["ports"]
max_methods = 12
first_argument = "tenant: &str"

[bridges]
crates = [$MIDDLE]
suffix = "Bridge"
max_methods = 5
constructor = "new"
refuses = ["Session"]

[operations]
crates = [$LOWEST]
macro = { name = "operations", texts = ["name", "summary"], idents = ["authority"] }
name_parts = 3
authorities = ["Read"]
register = { crates = ["$HANDLERS"], call = "on" }
routes = { crates = ["$ROUTES"], call = "route" }
contract = { file = "contract.json", key = "name" }

[[abolished]]
name = "once_cell"
use = "std::sync::LazyLock"
because = "the standard library has it"

[modules]
reached = true
inside = true

[headers]
root_labels = ["Never:", "Start:"]

[sizes]
file_lines = 700
function_lines = 80
module_lines = 8000
public_items = 40

[naming]
banned_files = ["common", "helpers", "misc", "utils"]
banned_words = ["Common", "Helper", "Manager", "Misc", "Util"]
banned_suffixes = ["_engine", "_service"]

[[naming.role]]
suffix = "Engine"
crates = [$PURE]
because = "an engine decides"

[code]
unsafe = "forbid"
panic_macros = ["panic", "todo", "unimplemented"]
panic_methods = ["unwrap"]
print_macros = ["dbg", "print", "println"]
pass_through = [$ALL]

[markers]
frozen = "Frozen:"
stub = "Stub:"
tombstone = "Tombstone:"

[manifests]
lints = true
dependencies = false
"#;
