//! Every way in which a file becomes part of a target.

use super::*;
use crate::fixture::Ws;

/// Root file, further files, and the files that are reached with their modules.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

fn reached(files: &[(&str, &str)], manifest: &str) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let manifest = format!("[package]\nname = \"a\"\nedition = \"2024\"\n{manifest}");
    let workspace = Ws::default().raw("a", &manifest, &files).build();
    let reached = Reached::of(&workspace.crates);
    let files = workspace.crates[0].files.iter();
    let mut lines: Vec<_> = files
        .filter(|file| reached.holds(&file.path))
        .map(|file| {
            format!("{} {}", file.path.trim_start_matches("crates/a/"), file.module.join("::"))
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_way_to_bring_in_a_file_is_followed() {
    let cases: &[Case] = &[
        ("mod m;", &[("src/m.rs", "mod n;"), ("src/m/n.rs", "")], "src/m.rs m, src/m/n.rs m::n"),
        ("mod m;", &[("src/m/mod.rs", "mod n;"), ("src/m/n.rs", "")], "src/m/mod.rs m, src/m/n.rs m::n"),
        ("mod m { mod n; }", &[("src/m/n.rs", "")], "src/m/n.rs m::n"),
        (
            "mod m;",
            &[("src/m.rs", "mod i { mod n; }"), ("src/m/i/n.rs", "")],
            "src/m.rs m, src/m/i/n.rs m::i::n",
        ),
        (
            "#[path = \"x/y.rs\"] mod m;",
            &[("src/x/y.rs", "mod n;"), ("src/x/n.rs", "")],
            "src/x/n.rs m::n, src/x/y.rs m",
        ),
        (
            "mod m;",
            &[("src/m.rs", "#[path = \"x\"] mod i { mod n; }"), ("src/x/n.rs", "")],
            "src/m.rs m, src/x/n.rs m::i::n",
        ),
        (
            "mod m;",
            &[("src/m.rs", "#[path = \".\"] mod i { #[path = \"y.rs\"] mod n; }"), ("src/y.rs", "")],
            "src/m.rs m, src/y.rs m::i::n",
        ),
        (
            "mod m;",
            &[("src/m.rs", "macro_rules! all { () => { mod n; } }"), ("src/n.rs", "")],
            "src/m.rs m, src/n.rs n",
        ),
        ("#[path = \"x\"] mod m { mod n; }", &[("src/x/n.rs", "")], "src/x/n.rs m::n"),
        (
            "#[cfg_attr(unix, path = \"u.rs\")] mod m;",
            &[("src/m.rs", ""), ("src/u.rs", "")],
            "src/m.rs m, src/u.rs m",
        ),
        ("#[cfg(windows)] mod m;", &[("src/m.rs", "")], "src/m.rs m"),
        (
            "cfg_rt! { pub mod m; mod i { mod n; } }",
            &[("src/m.rs", ""), ("src/i/n.rs", "")],
            "src/i/n.rs i::n, src/m.rs m",
        ),
        (
            "cfg_if! { if #[cfg(x)] { #[path = \"y.rs\"] mod m; } else { mod z; } }",
            &[("src/y.rs", ""), ("src/z.rs", "")],
            "src/y.rs m, src/z.rs z",
        ),
        ("include!(\"x.rs\");", &[("src/x.rs", "mod n;"), ("src/n.rs", "")], "src/n.rs n, src/x.rs"),
        ("const T: &str = include_str!(\"t.rs\");", &[("src/t.rs", "")], "src/t.rs t"),
        ("include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/x.rs\"));", &[("src/x.rs", "")], "src/x.rs"),
        ("include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));", &[("src/x.rs", "")], ""),
        ("mod m;", &[("src/m.rs", "const T: &str = include_str!(\"lib.rs\");")], "src/m.rs m"),
        ("#[path = \"lib.rs\"] mod m;", &[], ""),
        ("mod r#type;", &[("src/type.rs", "")], "src/type.rs type"),
        ("// mod m;\nmacro_rules! m { ($x:ident) => { mod $x; } }", &[("src/m.rs", "")], ""),
        ("", &[("src/bin/t.rs", "mod n;"), ("src/bin/n.rs", "")], "src/bin/n.rs, src/bin/t.rs"),
        (
            "",
            &[("src/bin/t/main.rs", "mod n;"), ("src/bin/t/n.rs", "")],
            "src/bin/t/main.rs, src/bin/t/n.rs n",
        ),
        (
            "",
            &[("tests/t.rs", "mod common;"), ("tests/common/mod.rs", "")],
            "tests/common/mod.rs common, tests/t.rs t",
        ),
        (
            "",
            &[("tests/t.rs", "#[path = \"../src/x.rs\"] mod x;"), ("src/x.rs", "")],
            "src/x.rs x, tests/t.rs t",
        ),
    ];
    for (root, files, expected) in cases {
        let files: Vec<_> = [("src/lib.rs", *root)].into_iter().chain(files.iter().copied()).collect();
        let found = reached(&files, "").join(", ").replacen("src/lib.rs, ", "", 1);
        assert_eq!(found.trim_end_matches("src/lib.rs").trim_end_matches(", "), *expected, "{root}");
    }
}

#[test]
fn targets_of_the_manifest_are_roots() {
    let manifest = "[lib]\npath = \"src/a.rs\"\n[[bin]]\nname = \"t\"\npath = \"src/tools/t.rs\"\n";
    let files = [("src/a.rs", "mod m;"), ("src/m.rs", ""), ("src/tools/t.rs", ""), ("src/left.rs", "")];
    assert_eq!(reached(&files, manifest), ["src/a.rs", "src/m.rs m", "src/tools/t.rs"]);
}

#[test]
fn paths_are_joined() {
    let cases = [
        ("a/src", "b.rs", Some("a/src/b.rs")),
        ("a/src", "../../b/./c.rs", Some("b/c.rs")),
        (".", "src/b.rs", Some("src/b.rs")),
        ("a", "../../b.rs", Some("../b.rs")),
        ("../a", "b.rs", Some("../a/b.rs")),
        ("a", "/b.rs", None),
    ];
    for (folder, path, expected) in cases {
        assert_eq!(join(folder, path).as_deref(), expected, "{folder} {path}");
    }
}
