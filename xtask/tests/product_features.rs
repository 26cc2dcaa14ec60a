//! Tools share the workspace and its lock, and must not switch on a feature in the product's dependencies: it would
//! ship, and builds with and without the tools would throw each other's artefacts away.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use layer_audit::{Config, load};

const TOOLS: [&str; 2] = ["layer-audit", "xtask"];

/// `name vX features` of every package that a build of `members` links or runs.
fn resolved(root: &Path, members: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none"]);
    command.args(["--no-dedupe", "--format", "{p} [{f}]"]);
    for member in members {
        command.args(["--package", member]);
    }
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn tools_switch_on_no_feature_of_the_product() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace");
    let workspace =
        load(root, &Config::parse("schema = 1").expect("valid")).expect("the workspace is readable");
    let all: Vec<&str> = workspace.crates.iter().map(|member| member.name.as_str()).collect();
    let product: Vec<&str> = all.iter().copied().filter(|name| !TOOLS.contains(name)).collect();
    let without = resolved(root, &product);
    let with = resolved(root, &all);
    let changed: Vec<&String> = without.difference(&with).collect();
    assert!(changed.is_empty(), "the tools change what these are built with: {changed:#?}");
}
