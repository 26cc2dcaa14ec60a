//! What the walk sees, and what it takes for a test.

use super::*;

fn parse(text: &str) -> FileFacts {
    SourceFile::parse("crates/a/src/b.rs", "src/b.rs", text).expect("fixture parses").facts
}

fn named(facts: &FileFacts) -> Vec<String> {
    let text =
        |name: &NamedPath| format!("{}{}", name.segments.join("::"), if name.glob { "::*" } else { "" });
    facts.names.iter().map(text).collect()
}

#[test]
fn module_paths_follow_the_files() {
    let cases = [
        ("src/lib.rs", ""),
        ("src/main.rs", ""),
        ("src/bin/tool.rs", ""),
        ("src/a.rs", "a"),
        ("src/a/mod.rs", "a"),
        ("src/a/lib.rs", "a::lib"),
        ("src/a/b.rs", "a::b"),
    ];
    for (path, module) in cases {
        assert_eq!(module_of(path).join("::"), module, "{path}");
    }
}

#[test]
fn use_trees_are_flattened() {
    let facts =
        parse("use a::{self, b::{c, d as e}, f::*};\nuse ::g as h;\nuse i::j as _;\nextern crate k as l;");
    assert_eq!(named(&facts), ["a", "a::b::c", "a::b::d", "a::f::*", "g", "i::j", "k"]);
    let names: Vec<_> = facts.aliases.iter().map(|alias| alias.name.clone().unwrap_or("*".into())).collect();
    assert_eq!(names, ["a", "c", "e", "*", "h", "l"]);
}

#[test]
fn paths_in_types_expressions_macros_and_attributes_are_seen() {
    let facts = parse(
        "#[derive(a::B)] struct S { f: c::D<e::F> }\n\
         fn g() { h::i(); let _ = <j::K as l::M>::n(); o::p!(q::r(1), [::s::t]); }\n\
         type U = v::W;",
    );
    for path in ["a::B", "c::D", "e::F", "h::i", "j::K", "l::M::n", "o::p", "q::r", "s::t", "v::W"] {
        assert!(named(&facts).contains(&path.to_owned()), "{path} in {:?}", named(&facts));
    }
}

#[test]
fn tests_are_told_from_code() {
    let facts = parse(
        "fn code() { a::b(); }\n#[cfg(test)] mod tests { fn helper() { c::d(); } }\n\
         #[tokio::test] async fn one() { e::f(); }\n#[cfg(not(test))] fn other() { g::h(); }",
    );
    let seen: Vec<_> = facts.names.iter().map(|name| (name.segments.join("::"), name.in_test)).collect();
    for (path, in_test) in [("a::b", false), ("c::d", true), ("e::f", true), ("g::h", false)] {
        assert!(seen.contains(&(path.to_owned(), in_test)), "{path}: {seen:?}");
    }
    assert_eq!(facts.test_modules, [["b", "tests"]]);
}

#[test]
fn positions_count_from_one() {
    let facts = parse("//! Head.\nuse a::b;\n  use c::d;");
    let at: Vec<_> = facts.names.iter().map(|name| (name.at.line, name.at.column)).collect();
    assert_eq!(at, [(2, 8), (3, 10)]);
    assert_eq!(facts.header, ["Head."]);
}

#[test]
fn an_unparsable_file_says_where() {
    let error = SourceFile::parse("p", "src/p.rs", "fn a() {}\nfn b( {}").expect_err("not Rust");
    assert_eq!(error.0.line, 2);
}
