//! Every form of one small report, as contracts.

use super::*;
use crate::finding::{Finding, Place, Severity, Standing};

const LAW: &str = r#"
schema = 1
layer = [{ id = "low", name = "rules" }, { id = "top", name = "web" }, { id = "none-here", name = "empty" }]
crate = [{ name = "rules", layer = "low" }, { name = "web", layer = "top" }]
baseline = { file = "known.toml", most = 0 }

[domains]
crates = ["rules"]
domain = [{ name = "logs" }, { name = "tools" }]

[ports]
crates = ["rules"]
modules = ["ports"]
max_methods = 12

[[allow]]
rule = "LA-401"
file = "crates/web/src/pages.rs"
reason = "the pages move out"
owner = "web"
until = "2031-03-01"
"#;

fn workspace() -> Workspace {
    let mut workspace = Workspace::default();
    for (path, text) in [
        ("crates/rules/src/lib.rs", "//! Rules.\npub mod logs;\npub mod ports;\n"),
        ("crates/rules/src/logs/ports.rs", "//! Ports.\npub trait Logs { fn add(&self); }\n"),
        ("crates/rules/src/logs.rs", "//! Logs.\npub mod ports;\n"),
        ("crates/web/Cargo.toml", "[package]\nname = \"web\"\n"),
        ("crates/web/src/pages.rs", "mod logs;\n"),
        ("crates/web/src/logs.rs", "//! Pages about logs.\nfn f() {}\n"),
    ] {
        workspace.plant(path, text);
    }
    workspace
}

fn finding(rule: &'static str, place: Place, subject: &str, message: &str) -> Finding {
    Finding {
        place,
        rule,
        severity: Severity::Blocking,
        subject: subject.to_owned(),
        message: message.to_owned(),
        standing: Standing::Open,
        stale: rule == "LA-004",
    }
}

fn report() -> Report {
    let web = |line, column| Place::at("crates/web/src/pages.rs", line, column);
    let logs = |line, column| Place::at("crates/rules/src/logs.rs", line, column);
    let mut findings = vec![
        finding("LA-202", logs(14, 5), "crate::tools", "names crate::tools; call it through ToolsBridge"),
        finding("LA-202", logs(20, 9), "crate::tools", "names crate::tools; call it through ToolsBridge"),
        finding(
            "LA-106",
            Place::file("crates/web/Cargo.toml"),
            "web",
            "web does not inherit the workspace's lints",
        ),
        Finding {
            severity: Severity::Advisory,
            ..finding("LA-502", web(3, 1), "page", "has 90% more lines, at most 80: split it")
        },
        Finding {
            standing: Standing::Allowed,
            ..finding("LA-401", web(1, 0), "crates/web/src/pages.rs", "does not begin with `//!`")
        },
        Finding {
            standing: Standing::Known,
            ..finding("LA-201", web(7, 2), "std::fs", "names std::fs; take a port")
        },
        finding(
            "LA-004",
            Place::file("layers.toml"),
            "LA-101 a",
            "[[allow]] LA-101 a lets off nothing any more; remove it",
        ),
    ];
    findings.sort();
    let rules = vec!["LA-004", "LA-106", "LA-201", "LA-202", "LA-401", "LA-502"];
    Report { crates: 2, files: 5, rules, findings }
}

fn rendered(format: Format, everything: bool, tables: bool) -> String {
    render(format, &report(), everything, tables)
}

fn render(format: Format, report: &Report, everything: bool, tables: bool) -> String {
    let mend = Mend {
        rule: "LA-106",
        file: "crates/web/Cargo.toml".to_owned(),
        subject: None,
        lines: 3..3,
        text: "\n[lints]\nworkspace = true\n".to_owned(),
        said: "inherits the workspace's lints".to_owned(),
    };
    let config = Config::parse(LAW).expect("valid");
    let (workspace, mends) = (workspace(), [mend]);
    format.render(&Account {
        workspace: &workspace,
        config: &config,
        report,
        mends: &mends,
        milliseconds: 143,
        everything,
        tables,
    })
}

#[test]
fn text() {
    insta::assert_snapshot!(rendered(Format::Text, false, false));
}

#[test]
fn text_with_everything() {
    insta::assert_snapshot!(rendered(Format::Text, true, true));
}

#[test]
fn github() {
    insta::assert_snapshot!(rendered(Format::Github, false, false));
}

#[test]
fn json() {
    insta::assert_snapshot!(rendered(Format::Json, false, false));
}

#[test]
fn sarif() {
    // One rule that ran is enough: what each says of itself is not this contract.
    let report = Report { rules: vec!["LA-106"], ..report() };
    insta::assert_snapshot!(render(Format::Sarif, &report, false, false));
}
