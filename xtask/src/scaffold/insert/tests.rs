//! Every insertion against the shapes of text that this repository has.

use super::*;

#[test]
fn modules_stand_by_name() {
    let table = [
        (
            "//! D.\n\npub mod a;\npub mod c;\n",
            "pub mod b;",
            "//! D.\n\npub mod a;\npub mod b;\npub mod c;\n",
        ),
        (
            "//! D.\n\nmod a;\npub mod b;\n\nuse x;\n",
            "mod c;",
            "//! D.\n\nmod a;\npub mod b;\nmod c;\n\nuse x;\n",
        ),
        ("#[macro_use]\nmod steps;\n\nmod b;\n", "mod a;", "#[macro_use]\nmod steps;\n\nmod a;\nmod b;\n"),
        (
            "pub mod b;\n\n#[cfg(test)]\nmod samples;\n",
            "pub mod c;",
            "pub mod b;\npub mod c;\n\n#[cfg(test)]\nmod samples;\n",
        ),
        (
            "//! D.\n\nuse a::{\n    b,\n};\n\nfn f() {}\n",
            "mod x;",
            "//! D.\n\nuse a::{\n    b,\n};\n\nmod x;\n\nfn f() {}\n",
        ),
        ("//! D.\n\n#[cfg(test)]\nmod tests;\n", "mod x;", "//! D.\n\nmod x;\n\n#[cfg(test)]\nmod tests;\n"),
        ("//! D.\n", "mod x;", "//! D.\n\nmod x;\n"),
    ];
    for (text, declaration, expected) in table {
        assert_eq!(module(text, declaration).as_deref(), Ok(expected), "{declaration} in {text}");
    }
    assert!(module("pub(crate) mod a;\n", "mod a;").is_err(), "a name is taken once");
    assert!(module("", "fn a() {}").is_err());
}

#[test]
fn exports_join_those_of_their_kind() {
    let text = "mod a;\n\npub use a::{\n    A,\n    B,\n};\n\nuse c::C;\n";
    let expected = "mod a;\n\npub use a::{\n    A,\n    B,\n};\npub use d::D;\n\nuse c::C;\n";
    assert_eq!(export(text, "pub use d::D;").as_deref(), Ok(expected));
    assert!(export(expected, "pub use d::D;").is_err());
    let groups = "use own_a::A;\n\nuse crate::b::B;\n";
    let expected = "use own_a::A;\nuse own_c::C;\n\nuse crate::b::B;\n";
    assert_eq!(export(groups, "use own_c::C;").as_deref(), Ok(expected), "crates of a family stand together");
    assert_eq!(export("//! D.\n", "use d::D;").as_deref(), Ok("//! D.\n\nuse d::D;\n"));
}

#[test]
fn imports_are_merged() {
    let table = [
        ("use crate::text::{B, D};\n", "use crate::text::{B, C, D};\n"),
        ("use crate::text::D;\n", "use crate::text::{C, D};\n"),
        ("use crate::text::{\n    A,\n    B,\n};\nfn f() {}\n", "use crate::text::{A, B, C};\nfn f() {}\n"),
        ("use crate::text::{B, C};\n", "use crate::text::{B, C};\n"),
        ("use crate::ids::Id;\n", "use crate::ids::Id;\nuse crate::text::C;\n"),
    ];
    for (text, expected) in table {
        assert_eq!(import(text, "crate::text", "C").as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn lines_find_their_anchor_or_say_that_it_is_gone() {
    let text = "fn a() {\n    1\n}\nfn b() {\n    1\n}\n";
    assert_eq!(
        before(text, "fn b(", "}", "    + 2").as_deref(),
        Ok("fn a() {\n    1\n}\nfn b() {\n    1\n    + 2\n}\n")
    );
    assert!(before(text, "fn c(", "}", "").unwrap_err().contains("`fn c(`"));
    assert!(before(text, "fn b(", "];", "").unwrap_err().contains("`];`"));
    assert_eq!(
        after_last("a1\na2\nb\n", "a3", |line| line.starts_with('a')).as_deref(),
        Some("a1\na2\na3\nb\n")
    );
    assert_eq!(after_last("b\n", "a3", |line| line.starts_with('a')), None);
    assert_eq!(replaced("a b", "b", "c").as_deref(), Ok("a c"));
    assert!(replaced("b b", "b", "c").is_err() && replaced("a", "b", "c").is_err());
}

#[test]
fn items_stand_before_unit_tests() {
    assert_eq!(item("a\n", "\nb\n").as_deref(), Ok("a\n\nb\n"));
    assert_eq!(
        item("a\n\n#[cfg(test)]\nmod tests {}\n", "b").as_deref(),
        Ok("a\n\nb\n\n#[cfg(test)]\nmod tests {}\n")
    );
}
