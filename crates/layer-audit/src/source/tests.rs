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

#[test]
fn calls_are_seen_with_receiver_types_and_arguments() {
    let facts = parse(
        "fn f(r: R) { r.on::<mcp::Get>(servers::get)?; self.uow.commit().await; route::<Get>(GET, \"/x\"); }",
    );
    let on = &facts.calls[0];
    assert_eq!((on.name.as_str(), on.method, on.receiver.join("::").as_str()), ("on", true, "r"));
    assert_eq!(on.types, [["mcp", "Get"]]);
    assert_eq!(on.arguments, [Operand::Path(vec!["servers".to_owned(), "get".to_owned()])]);
    assert_eq!(
        (facts.calls[1].name.as_str(), facts.calls[1].receiver.join("::").as_str()),
        ("commit", "uow")
    );
    assert_eq!(facts.calls[2].arguments[1], Operand::Text("/x".to_owned()));
}

#[test]
fn rows_of_macros_keep_names_texts_and_docs() {
    let facts =
        parse("codes! {\n    /// Gone.\n    A = \"a\";\n    B => Page<C>, \"b\", Admin, \"says\";\n}");
    let rows = &facts.macros[0].rows;
    assert_eq!(
        (rows[0].idents.join(" "), rows[0].texts.join(" "), rows[0].docs.join(" ")),
        ("A".into(), "a".into(), "Gone.".into())
    );
    assert_eq!(
        (rows[1].idents.join(" "), rows[1].texts.join(" ")),
        ("B Page C Admin".into(), "b says".into())
    );
    assert_eq!((rows[0].line, rows[1].line), (3, 4));
}

#[test]
fn implementations_and_functions_that_only_hand_on_are_seen() {
    let facts = parse(
        "impl op::Operation for Get { const NAME: &'static str = \"a.b.get\"; const AUTHORITY: A = A::Read; fn x() {} }\n\
         impl S { pub async fn pass(&self, a: u8, b: u8) { self.port.other(a, b).await } fn adds(a: u8) -> u8 { other(a, 1) } }\n\
         fn free() {}",
    );
    let fact = &facts.impls[0];
    assert_eq!((fact.of_trait.join("::").as_str(), fact.for_type.as_str()), ("op::Operation", "Get"));
    let constant = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(fact.constants, [constant("NAME", "a.b.get"), constant("AUTHORITY", "Read")]);
    let seen: Vec<_> = facts
        .functions
        .iter()
        .map(|f| (f.name.as_str(), f.passes_through, f.owner.as_deref(), f.of_trait))
        .collect();
    let expected = [
        ("x", false, Some("Get"), true),
        ("pass", true, Some("S"), false),
        ("adds", false, Some("S"), false),
        ("free", false, None, false),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn functions_that_do_nothing_and_public_items_are_seen() {
    let facts = parse(
        "pub fn a() {} pub(crate) fn b() -> R { Ok(()) } pub const C: u8 = 1; pub mod m { pub struct D; }\n\
         impl D { pub fn c() -> R { Ok(1) } fn d() { a(); } }\n#[cfg(test)] mod t { pub fn e() {} } pub use f::G;",
    );
    let idle: Vec<_> = facts.functions.iter().map(|function| function.does_nothing).collect();
    assert_eq!(idle, [true, true, false, false, true]);
    assert_eq!(facts.public_items, 3);
}

#[test]
fn every_unsafe_is_seen() {
    let facts = parse(
        "unsafe fn a() {} fn b() { unsafe { c() } } unsafe impl D for E {} unsafe trait F {}\n#[cfg(test)] mod t { fn g() { unsafe { h() } } }",
    );
    let seen: Vec<_> = facts.unsafes.iter().map(|spot| spot.in_test).collect();
    assert_eq!(seen, [false, false, false, false, true]);
}

#[test]
fn pairs_are_seen_at_any_depth_with_their_doc() {
    let facts = parse(
        "kinds!(\n/// Kind.\nKind {\n/// Opened.\n/// More.\nOpened = \"a.opened\",\nShut = \"a.shut\" });",
    );
    let seen: Vec<_> = facts.macros[0]
        .pairs
        .iter()
        .map(|p| (p.name.as_str(), p.text.as_str(), p.doc.as_str(), p.at.line))
        .collect();
    assert_eq!(seen, [("Opened", "a.opened", "Opened.", 6), ("Shut", "a.shut", "", 7)]);
    let facts = parse("#[derive(A)] #[orm(table_name = \"t\", x)] struct S;");
    assert_eq!(facts.types[0].attributes, [("orm".to_owned(), "table_name".to_owned(), "t".to_owned())]);
}
