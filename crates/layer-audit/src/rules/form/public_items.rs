//! LA-504: no file offers so many things that nobody finds the one.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-504",
    title: "files offer few public items",
    why: "What a file offers is what its reader must hold in mind; a long list of it is several ideas in one file.",
    fix: "Split the file by idea, or make private what nobody outside names.",
    blind: "methods, re-exports, and items that a macro declares.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[sizes]\nfile_lines = 9\nfunction_lines = 9\npublic_items = 1\n",
        bad: &[("crates/a/src/lib.rs", "pub struct A;\npub fn b() {}")],
        good: &[("crates/a/src/lib.rs", "pub struct A;\nfn b() {}")],
        finds: "offers 2 public items, at most 1",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let most = config.sizes.as_ref()?.public_items?;
    let mut checked = Checked::new();
    for file in workspace.crates.iter().flat_map(|member| member.src()) {
        checked.matched += 1;
        let count = file.facts.public_items;
        if count > most {
            let message = format!("offers {count} public items, at most {most}; split it by idea");
            checked.report(Place::file(&file.path), &file.path, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[sizes]\nfile_lines = 99\nfunction_lines = 99\npublic_items = 2";

    #[test]
    fn must_fire() {
        for text in [
            "pub struct A; pub enum B {} pub trait C {}",
            "pub const A: u8 = 1; pub type B = u8; pub mod m { pub fn c() {} }",
        ] {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-504", LAW);
            assert_eq!(
                found,
                ["LA-504 crates/a/src/m.rs offers 3 public items, at most 2; split it by idea"],
                "{text}"
            );
        }
    }

    #[test]
    fn must_not_fire() {
        let text = "pub struct A; impl A { pub fn b() {} pub fn c() {} } pub(crate) fn d() {} pub use e::{F, G};\n\
                    #[cfg(test)] mod t { pub fn h() {} pub fn i() {} pub fn j() {} }";
        let test = "pub fn a() {} pub fn b() {} pub fn c() {}";
        let files = [("src/m.rs", text.to_owned()), ("tests/t.rs", test.to_owned())];
        Ws::default().member_with("a", "", &files).clean("LA-504", LAW);
    }
}
