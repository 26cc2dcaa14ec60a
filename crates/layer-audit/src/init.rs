//! Writes a first `layers.toml` for any workspace: the layers that its crate graph has, and limits that it keeps today.
//!
//! Every section that stands in it is kept, so that the first audit is clean; what is not kept yet is a comment that
//! says how much is missing.

mod levels;

use std::collections::BTreeSet;

use crate::config::Config;
use crate::evaluate::{Selection, evaluate};
use crate::workspace::Workspace;
use levels::Level;

/// Names of files that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["common", "helper", "helpers", "manager", "misc", "service", "util", "utils"];

const HEAD: &str = "\
# The layer law of this workspace, as it is today. `layer-audit explain LA-NNN` explains a rule.
# What to do next: give the layers names that say what stands there, merge those that are one, and tighten what follows.
schema = 1
";

const LAYERS: &str = "\
# --- layers, outermost first: a crate uses its own layer and those below ---
# Where several patterns mean a crate, the longest counts. A layer may also say
#   uses = [\"base\"]               only these layers besides its own
#   siblings = \"independent\"      its crates do not depend on each other
#   externals = { allow = [\"serde*\", \"thiserror\"], because = \"everybody builds what it builds\" }
";

const NEXT: &str = "\
# --- what to add when you know what you want to keep ---
# Packages with an owner, and ways that must not be:
#   [[exclusive]]
#   externals = [\"sqlx*\"]
#   only = [\"store\"]
#   because = \"queries live in one place\"
#
#   [[unreachable]]
#   from = [\"rules\"]
#   to = [\"store\", \"hyper*\"]
#   because = \"rules take values and ports\"
#
# Crates that decide, and so name no I/O, clock or random source:
#   [[pure]]
#   crates = [\"rules\"]
#   names = [\"std::fs\", \"std::net\", \"std::env\", \"std::time::SystemTime\", \"tokio::net\"]
#   because = \"take the value as an argument, or a port\"
#
# `layer-audit rules` lists all rules and the sections that configure them.
";

/// The text of a first `layers.toml`. It is valid, and the workspace keeps it.
pub fn init(workspace: &Workspace) -> String {
    let levels = levels::of(workspace);
    let base = format!("{HEAD}{}\n{LAYERS}\n{}", roots(workspace), layers(&levels));
    let law = base + &tests(workspace, &levels);
    let mut text = law.clone();
    for (title, sections) in [
        (
            "files",
            vec![sizes(workspace), headers(), naming(workspace), modules("reached"), modules("inside")],
        ),
        ("manifests", vec![manifests("lints"), manifests("dependencies")]),
    ] {
        text.push_str(&format!("# --- {title} ---\n\n"));
        for section in joined(workspace, &law, &sections) {
            text.push_str(&section);
            text.push('\n');
        }
    }
    text + NEXT
}

/// Folders that hold the members.
fn roots(workspace: &Workspace) -> String {
    let first = |dir: &str| dir.split('/').next().unwrap_or_default().to_owned();
    let roots: BTreeSet<String> = workspace.crates.iter().map(|member| first(&member.dir)).collect();
    format!("roots = {}\n", list(&roots.into_iter().collect::<Vec<_>>()))
}

fn layers(levels: &[Level]) -> String {
    let mut text = String::new();
    for (at, level) in levels.iter().enumerate() {
        let height = levels.len() - 1 - at;
        let name = if height == 0 { "name = \"depends on no other member\"\n" } else { "" };
        let crates = list(&level.patterns);
        text.push_str(&format!("[[layer]]\nid = \"level-{height}\"\n{name}crates = {crates}\n\n"));
    }
    text
}

/// Dev-dependencies that point upward: what they lead to is for tests.
fn tests(workspace: &Workspace, levels: &[Level]) -> String {
    let upward = levels::upward_in_tests(workspace, levels);
    if upward.is_empty() {
        return String::new();
    }
    format!(
        "# --- tests ---\n# Members below them use these in tests. Any member may, until you shorten the list.\n\n\
         [tests]\ncrates = {}\n\n",
        list(&upward)
    )
}

/// Lines of one section that are kept or not kept together.
struct Section {
    name: &'static str,
    lines: String,
}

fn sizes(workspace: &Workspace) -> Section {
    let members = || workspace.crates.iter();
    let files = members().flat_map(|member| &member.files).map(|file| file.facts.lines);
    let functions = members().flat_map(|member| {
        let tests = member.test_modules();
        let files = member.src().filter(move |file| !tests.hold(file));
        files.flat_map(|file| file.facts.functions.iter().filter(|function| !function.in_test))
    });
    let up = |most: Option<usize>, step: usize| most.unwrap_or_default().max(1).next_multiple_of(step);
    let file_lines = up(files.max(), 100);
    let function_lines = up(functions.map(|function| function.lines).max(), 10);
    Section {
        name: "sizes",
        lines: format!("file_lines = {file_lines}\nfunction_lines = {function_lines}\n"),
    }
}

fn headers() -> Section {
    Section { name: "headers", lines: "root_labels = []\n".to_owned() }
}

/// The empty names that no file has yet.
fn naming(workspace: &Workspace) -> Section {
    let files = workspace.crates.iter().flat_map(|member| &member.files);
    let parts = files.flat_map(|file| file.path.split('/'));
    let used: BTreeSet<&str> = parts.map(|part| part.trim_end_matches(".rs")).collect();
    let free = EMPTY_NAMES.iter().filter(|name| !used.contains(*name)).map(|name| (*name).to_owned());
    let free = list(&free.collect::<Vec<_>>());
    Section { name: "naming", lines: format!("banned_files = {free}\n") }
}

fn modules(key: &str) -> Section {
    Section { name: "modules", lines: format!("{key} = true\n") }
}

fn manifests(key: &str) -> Section {
    let says = |one: &str| format!("{one} = {}\n", one == key);
    Section { name: "manifests", lines: says("lints") + &says("dependencies") }
}

/// Each section as it is kept, or as a comment; parts of the same section together.
fn joined(workspace: &Workspace, law: &str, sections: &[Section]) -> Vec<String> {
    let known = findings(workspace, law);
    let mut names: Vec<&str> = sections.iter().map(|section| section.name).collect();
    names.dedup();
    let one = |name: &str| {
        let parts = sections.iter().filter(|section| section.name == name);
        let judged = parts.map(|section| {
            let with = findings(workspace, &format!("{law}\n[{name}]\n{}", section.lines));
            (section, with.saturating_sub(known))
        });
        let (kept, open): (Vec<_>, Vec<_>) = judged.partition(|(_, missing)| *missing == 0);
        let mut text = String::new();
        if !kept.is_empty() {
            let kept: Vec<&str> = kept.iter().flat_map(|(section, _)| section.lines.lines()).collect();
            text.push_str(&format!("[{name}]\n{}", merged(&kept)));
        }
        for (section, missing) in open {
            text.push_str(&format!("# Not kept yet, findings: {missing}\n#   [{name}]\n"));
            let wanted = section.lines.lines().filter(|line| !line.ends_with("= false"));
            text.extend(wanted.map(|line| format!("#   {line}\n")));
        }
        text
    };
    names.into_iter().map(one).collect()
}

/// Lines of one section; a key that several say is true if any says so.
fn merged(lines: &[&str]) -> String {
    let mut done = BTreeSet::new();
    let mut text = String::new();
    for line in lines {
        let key = line.split(" = ").next().unwrap_or_default();
        if done.insert(key) {
            let wanted = format!("{key} = true");
            let line = if lines.contains(&wanted.as_str()) { &wanted } else { *line };
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

/// How many findings this law brings. One that cannot be read is never kept.
fn findings(workspace: &Workspace, law: &str) -> usize {
    Config::parse(law).map_or(usize::MAX, |law| evaluate(workspace, &law, &Selection::all()).findings.len())
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| toml::Value::from(name.as_str()).to_string()).collect();
    let line = format!("[{}]", quoted.join(", "));
    if line.len() <= 100 { line } else { format!("[\n  {},\n]", quoted.join(",\n  ")) }
}

#[cfg(test)]
mod tests;
