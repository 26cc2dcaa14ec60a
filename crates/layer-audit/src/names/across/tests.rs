//! What names mean, in their own crate and through other members.

use super::*;
use crate::fixture::Ws;

/// What the last name of `crates/a/src/lib.rs` means.
fn meant(text: &str) -> Vec<String> {
    let low = [
        ("src/lib.rs", "pub mod disk; pub use std::fs as fs_again; pub use disk::inner; pub type Conn = orm::Connection; \
          pub struct Row { pub conn: std::sync::Arc<orm::Pool>, hidden: std::net::TcpStream } \
          pub enum Event { Open(std::net::TcpListener) } pub struct Holder { pub row: Row } extern crate self as low; \
          use std::fs::File; pub fn open() -> Result<File, ()> { todo!() } fn shut() -> std::net::UdpSocket { todo!() } \
          pub mod open { pub struct Mode; } impl Row { pub fn since() -> std::time::Instant { todo!() } } \
          #[cfg(test)] pub fn fake() -> std::net::UdpSocket { todo!() } \
          #[macro_export] macro_rules! dump { ($x:expr) => { std::process::exit($crate::open()) } }"
            .to_owned()),
        ("src/disk.rs", "pub mod inner { pub use low::Conn; } pub use std::env::*; pub use std::process::Command;".to_owned()),
    ];
    let middle = [(
        "src/lib.rs",
        "pub use low::*; pub mod prelude { pub use low::fs_again; use std::thread; }".to_owned(),
    )];
    let a = [("src/lib.rs", text.to_owned())];
    let workspace = Ws::default()
        .member_with("low", "orm = { package = \"sea-orm\" }", &low)
        .member_with("middle", "low = {}", &middle)
        .member_with("a", "mid = { package = \"middle\" }\nlow = {}", &a)
        .build();
    let member = workspace.get("a").expect("it is there");
    let across = Across::of(&workspace, member);
    let name = member.files[0].facts.names.last().expect("a name");
    let text = |meaning: Meaning| {
        meaning.by.map_or_else(String::new, |by| format!("{by} shows ")) + &meaning.path.join("::")
    };
    across.meanings(name).into_iter().map(text).collect()
}

#[test]
fn names_of_other_members_are_followed() {
    let cases = [
        ("fn f() { low::fs_again::read(); }", "std::fs::read"),
        ("use low::fs_again as x; fn f() { x::read(); }", "std::fs::read"),
        ("fn f() { mid::fs_again::read(); }", "std::fs::read"),
        ("use mid::*; fn f() { fs_again::read(); }", "std::fs::read"),
        ("use mid::prelude::*; fn f() { fs_again::read(); }", "std::fs::read"),
        ("use mid::prelude::*;", "std::fs"),
        ("use low::disk::*;", "std::process::Command"),
        ("use low::disk::*;", "std::env"),
        ("fn f(c: low::Conn) {}", "sea_orm::Connection"),
        ("fn f(c: mid::Conn) {}", "sea_orm::Connection"),
        ("fn f(c: low::disk::inner::Conn) {}", "sea_orm::Connection"),
        ("fn f(c: low::inner::Conn) {}", "sea_orm::Connection"),
        ("fn f(r: mid::Row) {}", "low::Row.conn shows sea_orm::Pool"),
        ("fn f(r: low::Event) {}", "low::Event.Open shows std::net::TcpListener"),
        ("fn f(r: low::Holder) {}", "low::Holder.row.conn shows sea_orm::Pool"),
        ("fn f() { low::open(); }", "low::open() shows std::fs::File"),
        ("use mid::open;", "low::open() shows std::fs::File"),
        ("use mid::*; fn f() { low::Row::since(); }", "low::Row::since() shows std::time::Instant"),
        ("fn f() { low::dump!(1); }", "low::dump! shows std::process::exit"),
        ("fn f() { low::dump!(1); }", "low::dump!() shows std::fs::File"),
        ("extern crate low as l; mod m { fn f() { l::fs_again::read(); } }", "std::fs::read"),
    ];
    for (text, expected) in cases {
        let found = meant(text);
        assert!(found.contains(&expected.to_owned()), "{text}: {found:?}");
    }
}

#[test]
fn what_is_hidden_stays_hidden() {
    let cases = [
        ("use mid::prelude::*;", "std::thread"),
        ("fn f(r: low::Row) {}", "std::net::TcpStream"),
        ("fn f(m: low::open::Mode) {}", "std::fs::File"),
        ("fn f(r: low::Row) {}", "std::time::Instant"),
        ("fn f() { low::shut(); }", "std::net::UdpSocket"),
        ("fn f() { low::fake(); }", "std::net::UdpSocket"),
        ("use low::disk;", "std::process::Command"),
    ];
    for (text, hidden) in cases {
        let found = meant(text);
        assert!(!found.iter().any(|path| path.ends_with(hidden)), "{text}: {found:?}");
    }
}

fn resolved(files: &[(&str, &str)], file: &str) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let workspace = Ws::default().member_with("a", "orm = { package = \"sea-orm\" }", &files).build();
    let member = &workspace.crates[0];
    let across = Across::of(&workspace, member);
    let file = member.files.iter().find(|f| f.path.ends_with(file)).expect("the file is there");
    let meanings = file.facts.names.iter().flat_map(|name| across.meanings(name));
    meanings.map(|meaning| meaning.path.join("::")).collect()
}

#[test]
fn renames_reexports_and_globs_are_followed() {
    let cases: &[(&str, &str)] = &[
        ("use std as s; fn f() { s::fs::read(); }", "std::fs::read"),
        ("fn f() { crate::disk::read(); }", "std::fs::read"),
        ("use super::*; fn f() { disk::read(); }", "std::fs::read"),
        ("use super::*; mod n { use super::*; fn f() { disk::read(); } }", "std::fs::read"),
        ("fn f() { crate::outer::disk::read(); }", "std::fs::read"),
        ("fn f() { orm::Query::new(); }", "sea_orm::Query::new"),
        ("fn f() { super::disk::read(); }", "std::fs::read"),
        ("fn f() { ::std::env::var(); }", "std::env::var"),
        ("mod rand { pub fn x() {} } fn f() { rand::x(); }", "crate::m::rand::x"),
    ];
    for (text, expected) in cases {
        let root = "pub mod m; pub mod outer; pub use std::fs as disk;";
        let outer = "pub use crate::disk;";
        let seen = resolved(&[("src/lib.rs", root), ("src/m.rs", text), ("src/outer.rs", outer)], "src/m.rs");
        assert!(seen.contains(&(*expected).to_owned()), "{text}: {seen:?}");
    }
}

#[test]
fn cycles_of_reexports_end() {
    let files = [
        ("src/lib.rs", "mod a; mod b; pub use a::*;"),
        ("src/a.rs", "pub use crate::b::X; pub use crate::*;"),
        ("src/b.rs", "pub use crate::a::X; use crate::*; fn f() { X::g(); Y::h(); }"),
    ];
    assert!(resolved(&files, "src/a.rs").contains(&"crate::a::X".to_owned()));
    assert!(resolved(&files, "src/b.rs").contains(&"Y::h".to_owned()));
}
