//! The facade's names are a contract: every public item, read from the sources, against a snapshot.
//!
//! The reader knows the shapes that the facade uses (`pub use`, `pub mod`, items, methods and fields of its own types)
//! and panics on a glob, since a glob would hide names from the contract.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_public_items_are_a_contract() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let items = public_items(&sources, "lib.rs", "portcullis");
    insta::assert_snapshot!(items.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_name_has_one_path() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let items = public_items(&sources, "lib.rs", "portcullis");
    let origins: Vec<_> =
        items.iter().filter_map(|item| item.split_once(" = ")).map(|(_, origin)| origin).collect();
    let once: BTreeSet<_> = origins.iter().collect();
    assert_eq!(origins.len(), once.len(), "a name is re-exported under two paths");
}

#[test]
fn the_reader_sees_names_and_refuses_globs() {
    let text = "//! pub use no::Comment;\npub use a::{B, c::{D as E, f}};\npub struct G {\n pub h: u8,\n i: u8,\n}\nimpl G {\n    pub fn j() {}\n}\n#[cfg(feature = \"x\")]\npub use k as l;\nmod m;\npub(crate) fn n() {}\n";
    let mut found = BTreeSet::new();
    let modules = read(text, "r", &mut found);
    let expected =
        ["r::B = a::B", "r::E = a::c::D", "r::G", "r::G.h", "r::G::j", "r::f = a::c::f", "r::l = k [x]"];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(modules.is_empty(), "a private module has no public path");
    assert!(std::panic::catch_unwind(|| read("pub use a::*;\n", "r", &mut BTreeSet::new())).is_err());
}

fn public_items(sources: &Path, file: &str, path: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(sources.join(file)).unwrap();
    let mut items = BTreeSet::new();
    for module in read(&text, path, &mut items) {
        items.insert(format!("{path}::{module}"));
        let folder =
            if file == "lib.rs" { String::new() } else { format!("{}/", file.trim_end_matches(".rs")) };
        items.extend(public_items(sources, &format!("{folder}{module}.rs"), &format!("{path}::{module}")));
    }
    if file == "embedded.rs" {
        // What private modules beside it hold is re-exported; its methods are public all the same.
        for private in ["embedded/attached.rs", "embedded/error.rs"] {
            read(&fs::read_to_string(sources.join(private)).unwrap(), path, &mut items);
        }
    }
    items
}

/// Collects the public items of one file, and returns the names of its public modules.
fn read(text: &str, path: &str, items: &mut BTreeSet<String>) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut modules = Vec::new();
    let mut owner = String::new();
    let mut feature = String::new();
    let mut statement = String::new();
    for line in code.lines() {
        if !line.starts_with(' ') && line.contains("feature = ") {
            line.split('"').nth(1).unwrap().clone_into(&mut feature);
            continue;
        }
        if let Some(target) = line.strip_prefix("impl ") {
            owner = target.split(" for ").last().unwrap().trim_end_matches(" {").to_owned();
        }
        if statement.is_empty() && !line.trim_start().starts_with("pub ") {
            continue;
        }
        statement.push_str(line.trim());
        if statement.starts_with("pub use ") && !statement.ends_with(';') {
            continue;
        }
        if !line.starts_with(' ') {
            owner.clear(); // not a member of what stood before it
        }
        let suffix = if feature.is_empty() { String::new() } else { format!(" [{feature}]") };
        record(&statement, path, &mut owner, &suffix, items, &mut modules);
        statement.clear();
        feature.clear();
    }
    modules
}

fn record(
    statement: &str,
    path: &str,
    owner: &mut String,
    suffix: &str,
    items: &mut BTreeSet<String>,
    modules: &mut Vec<String>,
) {
    let rest = statement.strip_prefix("pub ").unwrap();
    let words: Vec<_> = rest.split([' ', '(', '<', ';', ':', '{']).filter(|word| !word.is_empty()).collect();
    let words: Vec<_> =
        words.into_iter().skip_while(|word| matches!(*word, "async" | "const" | "unsafe")).collect();
    match words[0] {
        "use" => {
            let tree = rest.trim_start_matches("use ").trim_end_matches(';').replace(' ', "\u{1}");
            for (name, origin) in leaves(&tree, "") {
                // What comes from the crate's own modules is listed by its item.
                if !origin.starts_with("self::") {
                    items.insert(format!("{path}::{name} = {origin}{suffix}"));
                }
            }
        }
        "mod" => modules.push(words[1].to_owned()),
        "struct" | "enum" | "trait" | "type" => {
            words[1].clone_into(owner);
            items.insert(format!("{path}::{}{suffix}", words[1]));
        }
        "fn" if owner.is_empty() => {
            items.insert(format!("{path}::{}{suffix}", words[1]));
        }
        "fn" => {
            items.insert(format!("{path}::{owner}::{}{suffix}", words[1]));
        }
        field => {
            items.insert(format!("{path}::{owner}.{field}{suffix}"));
        }
    }
}

/// The leaves of a use tree, as `(name, origin)`. A blank is written as U+0001.
fn leaves(tree: &str, prefix: &str) -> Vec<(String, String)> {
    let tree = tree.trim_matches('\u{1}');
    assert!(!tree.ends_with('*'), "a glob hides names: list them");
    if let Some((head, inner)) = tree.split_once('{') {
        let inner = inner.strip_suffix('}').unwrap();
        let mut depth = 0;
        let parts = inner.split(|sign| {
            depth += i32::from(sign == '{') - i32::from(sign == '}');
            sign == ',' && depth == 0
        });
        let prefix = format!("{prefix}{head}");
        return parts
            .filter(|part| !part.trim_matches('\u{1}').is_empty())
            .flat_map(|part| leaves(part, &prefix))
            .collect();
    }
    let (origin, name) = tree.split_once("\u{1}as\u{1}").unwrap_or((tree, tree));
    vec![(name.rsplit("::").next().unwrap().to_owned(), format!("{prefix}{origin}"))]
}
