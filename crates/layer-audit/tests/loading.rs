//! What is read from disk besides the files that a walk finds, and what Cargo says of dependencies.

use std::path::Path;

use layer_audit::cli::{Said, Setting, run};
use tempfile::TempDir;

const ROOT: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n";
const MANIFEST: &str = "[package]\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn audit(files: &[(&str, &str)]) -> Said {
    run(&[], &Setting::default().at(disk(files).path().to_owned()))
}

fn disk(files: &[(&str, &str)]) -> TempDir {
    let disk: TempDir = tempfile::tempdir().expect("a temporary folder");
    let put = |path: &str, text: &str| {
        let path = disk.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("writable");
        std::fs::write(path, text).expect("writable");
    };
    put("Cargo.toml", ROOT);
    for (path, text) in files {
        put(path, text);
    }
    disk
}

#[test]
fn what_include_brings_in_is_judged_whatever_its_name() {
    let law = "schema = 1\n[headers]\nroot_labels = []\n[[pure]]\ncrates = [\"a\"]\nnames = [\"std::fs\"]\nbecause = \"take a port\"\n";
    let said = audit(&[
        ("crates/a/Cargo.toml", &format!("{MANIFEST}name = \"a\"\n")),
        (
            "crates/a/src/lib.rs",
            "//! A.\ninclude!(\"items.in\");\nfn f() { let _ = include!(\"../parts/value.in\"); }\n\
             fn g() { include!(concat!(env!(\"OUT_DIR\"), \"/made.in\")); include!(\"made.in\"); }\n",
        ),
        ("crates/a/src/items.in", "include!(\"more.in\");\nfn i() { std::fs::read(\"x\"); }\n"),
        ("crates/a/src/more.in", "fn m() { std::fs::read(\"x\"); }\n"),
        ("crates/a/parts/value.in", "std::fs::read(\"x\")\n"),
        ("crates/a/src/unread.in", "fn u() { std::fs::read(\"x\"); }\n"),
        ("layers.toml", law),
    ]);
    let found: Vec<_> = said.out.lines().filter(|line| line.contains("LA-")).collect();
    assert_eq!(
        found,
        [
            "LA-201 crates/a/parts/value.in:1:1 names std::fs; take a port",
            "LA-201 crates/a/src/items.in:2:10 names std::fs; take a port",
            "LA-201 crates/a/src/more.in:1:10 names std::fs; take a port",
        ],
        "{said:?}"
    );
}

#[test]
fn a_package_from_a_registry_is_no_member_though_it_has_the_name() {
    let law = "schema = 1\n[[never]]\ncrate = \"a\"\nbecause = \"it is a tool\"\n";
    let member = |name: &str, line: &str| format!("{MANIFEST}name = \"{name}\"\n[dependencies]\n{line}\n");
    let said = |line: &str, root: &str| {
        audit(&[
            ("Cargo.toml", &format!("{ROOT}{root}")),
            ("crates/a/Cargo.toml", &member("a", "")),
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/b/Cargo.toml", &member("b", line)),
            ("crates/b/src/lib.rs", "//! B.\n"),
            ("layers.toml", law),
        ])
    };
    let shared = "[workspace.dependencies]\na = { path = \"crates/a\" }\n";
    let patched = "[patch.crates-io]\na = { path = \"crates/a\" }\n";
    let cases = [
        ("a = \"0.1\"", "", false),
        ("a = { path = \"../a\", version = \"0.1\" }", "", true),
        ("a = { workspace = true }", shared, true),
        ("a = { workspace = true }", "[workspace.dependencies]\na = \"0.1\"\n", false),
        ("a = \"0.1\"", patched, true),
        ("other = { package = \"a\", path = \"../a\" }", "", true),
    ];
    for (line, root, is_member) in cases {
        let said = said(line, root);
        assert_eq!(said.out.contains("b -> a"), is_member, "{line} {root}: {said:?}");
    }
}

#[test]
fn a_target_that_does_not_parse_is_a_finding_and_hides_nothing() {
    let law = "schema = 1\n[sizes]\nfile_lines = 3\nfunction_lines = 80\n";
    let long = "// 1\n// 2\n// 3\n// 4\n";
    let said = audit(&[
        ("crates/a/Cargo.toml", &format!("{MANIFEST}name = \"a\"\n")),
        ("crates/a/src/lib.rs", "//! A.\n"),
        ("crates/a/build.rs", "fn main( {\n"),
        ("crates/a/benches/b.rs", "fn main( {\n"),
        ("crates/a/examples/e.rs", "fn main() { let = 1; }\n"),
        ("crates/a/tests/it/main.rs", "mod near;\n#[path = \"../far/x.rs\"]\nmod far;\nfn broken( {\n"),
        ("crates/a/tests/it/near.rs", long),
        ("crates/a/tests/it/near/below.rs", long),
        ("crates/a/tests/far/x.rs", long),
        ("crates/a/tests/snippets/bad.rs", "fn snippet( {\n"),
        ("layers.toml", law),
    ]);
    let places = said.out.lines().filter(|line| line.starts_with("LA-"));
    let places: Vec<_> =
        places.filter_map(|line| line.split_once(" crates/a/")?.1.split([':', ' ']).next()).collect();
    assert_eq!(
        places,
        [
            "benches/b.rs",
            "build.rs",
            "examples/e.rs",
            "tests/far/x.rs",
            "tests/it/main.rs",
            "tests/it/near.rs"
        ],
        "{said:?}"
    );
}

#[test]
fn what_a_document_says_in_no_known_letters_is_one_finding() {
    let law = "schema = 1\n[literature]\nfolder = \"texts\"\nsections = []\n\
               [[literature.document]]\nfolder = \"a\"\ncrates = [\"a\"]\n";
    let disk = disk(&[
        ("crates/a/Cargo.toml", &format!("{MANIFEST}name = \"a\"\n")),
        ("crates/a/src/lib.rs", "//! A.\n"),
        ("texts/README.md", "# Texts\n"),
        ("layers.toml", law),
    ]);
    for path in ["texts/a/README.md", "texts/a/picture.png"] {
        std::fs::create_dir_all(disk.path().join("texts/a")).expect("writable");
        std::fs::write(disk.path().join(path), b"# A\n\xff\xfe\n").expect("writable");
    }
    let said = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        run(&words, &Setting::default().at(disk.path().to_owned()))
    };
    let found = said(&[]).out;
    let found: Vec<_> = found.lines().filter(|line| line.starts_with("LA-")).collect();
    assert_eq!(found, ["LA-002 texts/a/README.md cannot be read: stream did not contain valid UTF-8"]);
    let refused = said(&["literature"]);
    assert!(refused.err.contains("texts/a/README.md: cannot be read"), "{refused:?}");
    let kept = std::fs::read(disk.path().join("texts/a/README.md")).expect("it is there");
    assert_eq!(kept, b"# A\n\xff\xfe\n");
}
