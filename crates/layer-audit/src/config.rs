//! `layers.toml`: the law as data. Strict: an unknown key or an empty reason is an error, not a silent gap.
//!
//! A rule whose section is absent is off, and the closing line counts one rule fewer.

mod allowances;
mod checks;
mod code;
mod conformance;
mod form;
mod graph;
mod lifecycle;
mod literature;
mod names;
mod operations;
mod ports;
mod self_test;

use std::fmt;

use serde::Deserialize;

use crate::manifest::ROOT;

pub use allowances::*;
pub use code::*;
pub use conformance::*;
pub use form::*;
pub use graph::*;
pub use lifecycle::*;
pub use literature::*;
pub use names::*;
pub use operations::*;
pub use ports::*;
pub use self_test::*;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Format of this file; 1.
    pub schema: u32,
    /// Folders that must hold members.
    pub roots: Option<Vec<String>>,
    /// Layers, outermost first.
    #[serde(default, rename = "layer")]
    pub layers: Vec<Layer>,
    /// Every member, once.
    #[serde(default, rename = "crate")]
    pub crates: Vec<Member>,
    /// What tests may use.
    pub tests: Option<Tests>,
    /// Members that nothing may depend on.
    #[serde(default)]
    pub never: Vec<Never>,
    /// Members and externals that others must not reach by any way.
    #[serde(default)]
    pub unreachable: Vec<Unreachable>,
    /// Externals that only some members may name.
    #[serde(default)]
    pub exclusive: Vec<Exclusive>,
    /// Members that may not name I/O, clocks and the like.
    #[serde(default)]
    pub pure: Vec<Pure>,
    /// Domains, and where they must keep apart.
    pub domains: Option<Domains>,
    /// Port traits.
    pub ports: Option<Ports>,
    /// Operations, their handlers, routes and engines.
    pub operations: Option<Operations>,
    /// Bridge types.
    pub bridges: Option<Bridges>,
    /// Header contract.
    pub headers: Option<Headers>,
    /// File and function sizes.
    pub sizes: Option<Sizes>,
    /// File names.
    pub naming: Option<Naming>,
    /// What each manifest must inherit.
    pub manifests: Option<Manifests>,
    /// Where files stand.
    pub modules: Option<Modules>,
    /// Who ends transactions.
    pub transactions: Option<Transactions>,
    /// Names that nobody may use any more.
    #[serde(default)]
    pub abolished: Vec<Abolished>,
    /// Shared modules, which list their consumers.
    pub shared: Option<SharedSchemas>,
    /// Members that hold data only.
    pub vocabulary: Option<Vocabulary>,
    /// Modules that nobody may name.
    #[serde(default)]
    pub frozen: Vec<Frozen>,
    /// Labels of headers that say how a module lives.
    #[serde(default)]
    pub markers: Markers,
    /// What code may not say.
    pub code: Option<Code>,
    /// Migrations.
    pub migrations: Option<Migrations>,
    /// The documents about domains, and where their inventories come from.
    pub literature: Option<Literature>,
    /// How the audit of this workspace is put to the test.
    pub self_test: Option<SelfTest>,
    /// Findings that are allowed for a while.
    #[serde(default, rename = "allow")]
    pub allowances: Vec<Allow>,
    /// How far ahead a last day may lie.
    #[serde(default)]
    pub expiry: Expiry,
    /// Findings that were there before the audit.
    pub baseline: Option<BaselineFile>,
}

/// A configuration that cannot be used. The message names the key and the line.
#[derive(Debug)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the text of a `layers.toml`.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        if config.schema != 1 {
            let message = format!("schema = {}: this audit reads schema 1", config.schema);
            return Err(ConfigError(message));
        }
        checks::check(&config)?;
        Ok(config)
    }

    /// Files and folders besides manifests and sources that rules read: relative to the workspace root.
    pub fn documents(&self) -> Vec<&str> {
        let contract = self.operations.iter().filter_map(|operations| operations.contract.as_ref());
        let lints = self.manifests.as_ref().is_some_and(|manifests| manifests.lints);
        (self.baseline.iter().map(|baseline| baseline.file.as_str()))
            .chain(lints.then_some(ROOT))
            .chain(contract.map(|contract| contract.file.as_str()))
            .chain(self.literature.iter().map(|literature| literature.folder.as_str()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_match_nothing_is_refused() {
        let pure = |names: &str| format!("[[pure]]\ncrates = [\"a\"]\nnames = [{names}]\nbecause = \"x\"");
        let externals =
            |names: &str| format!("[[exclusive]]\nexternals = [{names}]\nonly = []\nbecause = \"x\"");
        let names = "[[pure]] names";
        let cases = [
            (pure("\"std::fs::*\""), names, "\"std::fs::*\" can match nothing; expected a path such as"),
            (pure("\"std::fs::\""), names, "can match nothing"),
            (pure("\"::std::fs\""), names, "can match nothing"),
            (pure("\"std:fs\""), names, "can match nothing"),
            (pure("\"std::fs \""), names, "can match nothing"),
            (pure("\"\""), names, "can match nothing"),
            (pure(""), names, "expected at least one entry"),
            (pure("\"a\"").replace("[\"a\"]\nn", "[]\nn"), "[[pure]] crates", "expected at least one entry"),
            (
                "[[abolished]]\nname = \".a.b\"\nuse = \"b\"\nbecause = \"x\"".into(),
                "[[abolished]] name",
                "nothing",
            ),
            (
                "[[exclusive]]\nexternals = []\nonly = []\nbecause = \"x\"".into(),
                "[[exclusive]] externals",
                "empty",
            ),
            (externals("\"*-tls\""), "[[exclusive]] externals", "\"*-tls\" can match nothing"),
            (
                externals("\"sqlx\", \"open ssl\""),
                "[[exclusive]] externals",
                "\"open ssl\" can match nothing",
            ),
            (externals("\"\""), "[[exclusive]] externals", "\"\" can match nothing"),
            (
                "[[unreachable]]\nfrom = [\"a\"]\nto = [\"sqlx::query\"]\nbecause = \"x\"".into(),
                "[[unreachable]] to",
                "\"sqlx::query\" can match nothing",
            ),
            (
                "[[layer]]\nid = \"a\"\nexternals = { allow = [\"serde**\"], because = \"x\" }".into(),
                "[[layer]] externals.allow",
                "\"serde**\" can match nothing",
            ),
            ("[transactions]\nmethods = []".into(), "[transactions] methods", "empty"),
        ];
        for (text, field, expected) in cases {
            let error = Config::parse(&format!("schema = 1\n{text}")).expect_err(&text).to_string();
            assert!(error.starts_with(field) && error.contains(expected), "{text}: {error}");
        }
        for good in [
            externals("\"*\", \"sqlx*\", \"native-tls\", \"serde_json\""),
            pure("\"std::fs\", \"rand\""),
            pure("\"r#try::x_1\"").replace("r#", ""),
        ] {
            assert!(Config::parse(&format!("schema = 1\n{good}")).is_ok(), "{good}");
        }
    }

    #[test]
    fn an_allowance_of_the_law_itself_is_refused() {
        let entry = |rule: &str, file: &str, subject: &str| {
            format!(
                "schema = 1\n[[allow]]\nrule = \"{rule}\"\nfile = \"{file}\"\n{subject}reason = \"r\"\nowner = \"o\"\n\
                 until = \"2030-01-01\"\n"
            )
        };
        let vacuous = "subject = \"vacuous\"\n";
        for text in [
            entry("LA-002", "crates/a/tests/t.rs", ""),
            entry("LA-004", "layers.toml", ""),
            entry("LA-201", "layers.toml", vacuous),
        ] {
            let error = Config::parse(&text).expect_err(&text).to_string();
            assert!(error.contains("cannot be let off; mend what is reported"), "{error}");
        }
        for text in [entry("LA-201", "layers.toml", ""), entry("LA-401", "crates/a/src/lib.rs", vacuous)] {
            assert!(Config::parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_exemption_from_no_ban_is_refused() {
        let bans = [
            ("unsafe", "unsafe = \"forbid\""),
            ("panic", "panic_methods = [\"unwrap\"]"),
            ("print", "print_macros = [\"dbg\"]"),
            ("pass_through", "pass_through = [\"a\"]"),
        ];
        for (from, ban) in bans {
            let exempt = format!("[[code.exempt]]\nfrom = \"{from}\"\npath = \"crates/a\"\nbecause = \"x\"");
            assert!(Config::parse(&format!("schema = 1\n[code]\n{ban}\n{exempt}")).is_ok(), "{from}");
            let others: String =
                bans.iter().filter(|other| other.0 != from).map(|(_, ban)| format!("{ban}\n")).collect();
            let error =
                Config::parse(&format!("schema = 1\n[code]\n{others}{exempt}")).expect_err(from).to_string();
            assert!(error.contains(&format!("from = \"{from}\", but [code] has no such ban")), "{error}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            ("", "schema"),
            ("schema = 2", "reads schema 1"),
            ("schema = 1\ncolour = 1", "colour"),
            ("schema = 1\n[[never]]\ncrate = \"a\"\nbecause = \" \"", "give it"),
            ("schema = 1\n[[exclusive]]\nexternals = [\"a\"]\nonly = []", "because"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Config::parse("schema = 1").is_ok());
    }
}
