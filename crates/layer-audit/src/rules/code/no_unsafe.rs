//! LA-801: no unsafe code.

use crate::config::{Ban, Config, Unsafety};
use crate::rules::code::exemptions::Exemptions;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-801",
    title: "no unsafe code",
    why: "Memory safety is what Rust gives; one block takes it from the whole program. A lint can be switched off in \
          the crate that breaks it, and this rule cannot. Tests count too.",
    fix: "Use a safe interface of the standard library or of a crate that is reviewed for it; or exempt the file in \
          [[code.exempt]] with the argument why it is sound.",
    blind: "unsafe that a macro of another crate expands to, attributes that are unsafe though the word is not there \
            (`#[no_mangle]` before the edition 2024), and dependencies.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[code]\nunsafe = \"forbid\"\n",
        bad: &[(
            "crates/a/src/lib.rs",
            "fn first(bytes: &[u8]) -> u8 { unsafe { *bytes.get_unchecked(0) } }",
        )],
        good: &[("crates/a/src/lib.rs", "fn first(bytes: &[u8]) -> Option<u8> { bytes.first().copied() }")],
        finds: "says unsafe",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let code = config.code.as_ref().filter(|code| code.unsafety == Unsafety::Forbid)?;
    let mut checked = Checked::new();
    let mut exempt = Exemptions::from(code, Ban::Unsafe);
    for file in workspace.crates.iter().flat_map(|member| &member.files) {
        checked.matched += 1;
        for spot in &file.facts.unsafes {
            if !exempt.cover(&file.path, None) {
                checked.report(file.place(spot.at), &file.path, "says unsafe; use a safe interface");
            }
        }
    }
    exempt.report_idle(&mut checked);
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[code]\nunsafe = \"forbid\"\n";
    const EXEMPT: &str =
        "[[code.exempt]]\nfrom = \"unsafe\"\npath = \"crates/a/src/raw\"\nbecause = \"it maps memory\"";

    #[test]
    fn must_fire() {
        for text in [
            "unsafe fn f() {}",
            "fn f() { unsafe {} }",
            "unsafe impl A for B {}",
            "unsafe extern \"C\" { fn f(); }",
            "#[unsafe(no_mangle)] fn f() {}",
            "#[cfg_attr(unix, unsafe(export_name = \"g\"))] fn f() {}",
            "fn f() { println!(\"{}\", unsafe { g() }); }",
            "#[test] fn f() { unsafe {} }",
        ] {
            let found = Ws::default().file("a", "tests/t.rs", text).findings("LA-801", LAW);
            assert!(
                found.len() == 1 && found[0].ends_with("says unsafe; use a safe interface"),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn an_exemption_holds_below_its_path_and_must_be_used() {
        let law = format!("{LAW}{EXEMPT}");
        Ws::default().file("a", "src/raw/map.rs", "unsafe fn f() {}").clean("LA-801", &law);
        assert_eq!(
            Ws::default().file("a", "src/raw_map.rs", "unsafe fn f() {}").findings("LA-801", &law),
            [
                "LA-801 crates/a/src/raw_map.rs:1:1 says unsafe; use a safe interface",
                "LA-801 layers.toml [[code.exempt]] crates/a/src/raw lets nothing off there; remove it",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let text = "/// unsafe in words.\nfn f() { let _ = \"unsafe\"; }";
        Ws::default().file("a", "src/lib.rs", text).clean("LA-801", LAW);
    }
}
