//! What the suite said of one leg and revision, check by check, and whether that is what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use serde_json::Value;

use super::Options;

/// The end of the name of a scenario's folder: when it began.
const STAMP: &str = "-2026-12-01T12-34-56-789Z";

/// See the module.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Its total, in its own words.
    total: String,
    /// The scenarios that failed, each with the lines that say of what: `scenario:check-id` for a check, and the bare
    /// scenario for what has no check: it did not start, it has shown nothing, or more failed than was written down.
    pub(super) failed: BTreeMap<String, BTreeSet<String>>,
    pub(super) passed: BTreeSet<String>,
    /// All that it said.
    pub(super) said: String,
}

impl Verdict {
    /// Runs the suite with these words, of which the first is the leg.
    ///
    /// The suite could compare by itself, but counts what is known as a failure of the requirements all the same, and
    /// lets a scenario pass that shows nothing.
    pub(super) fn of(options: &Options, words: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let results = tempfile::tempdir()?;
        let modules = options.node.join("node_modules");
        let mut command = Command::new(modules.join(".bin/node"));
        command.arg(modules.join("@modelcontextprotocol/conformance/dist/index.js")).args(words);
        command.arg("--output-dir").arg(results.path()).envs(environment.iter().copied());
        let output = command.stdin(Stdio::null()).output().wrap_err("the suite cannot be started")?;
        let said = String::from_utf8_lossy(&output.stdout);
        // The folders of a server leg begin with its name, and so do some scenarios.
        let prefix = if words.first() == Some(&"server") { "server-" } else { "" };
        results_of(results.path(), prefix)
            .and_then(|results| Self::read(&said, &results))
            .wrap_err_with(|| format!("{words:?}"))
    }

    /// A warning has failed too, as it has for the suite where it compares.
    fn read(said: &str, results: &BTreeMap<String, Vec<Value>>) -> Result<Self> {
        let total = said.lines().find(|line| line.starts_with("Total:"));
        let total = total.with_context(|| format!("the suite did not run to its end: {said}"))?.to_owned();
        let (mut failed, mut passed) = (BTreeMap::new(), BTreeSet::new());
        for line in said.lines() {
            let judged = line.split_once(' ').and_then(|(mark, rest)| Some((mark, rest.split_once(": ")?)));
            let Some((mark @ ("✓" | "✗"), (name, counts))) = judged else {
                continue;
            };
            let checks = results.get(name).map_or(&[][..], Vec::as_slice);
            let of = |status: &'static str| checks.iter().filter(move |check| check["status"] == status);
            let ids = of("FAILURE").chain(of("WARNING")).filter_map(|check| check["id"].as_str());
            let mut lines: BTreeSet<_> = ids.map(|id| format!("{name}:{id}")).collect();
            // It counts what fails after it has written its checks down, as when an agent is gone too early.
            let counted = counts.split(", ").find_map(|count| count.strip_suffix(" failed")?.parse().ok());
            let unwritten = counted.unwrap_or(usize::MAX) > of("FAILURE").count();
            let shown = mark == "✓" && of("SUCCESS").next().is_some();
            if unwritten || (lines.is_empty() && !shown) {
                lines.insert(name.to_owned());
            }
            if lines.is_empty() {
                passed.insert(name.to_owned());
            } else {
                failed.insert(name.to_owned(), lines);
            }
        }
        Ok(Self { total, failed, passed, said: said.to_owned() })
    }

    /// Compares what failed with what is known to. The total, in the suite's words.
    pub(super) fn expect(self, options: &Options, leg: &str, revision: &str) -> Result<String> {
        let known = known(&options.folder, leg, revision)?;
        let failed: BTreeSet<_> = self.failed.values().flatten().cloned().collect();
        let new: Vec<_> = failed.difference(&known).collect();
        let gone: Vec<_> = known.difference(&failed).collect();
        ensure!(
            new.is_empty(),
            "{leg} {revision}: {new:#?} failed, which must not; {gone:#?} did not: {}",
            self.said
        );
        ensure!(
            gone.is_empty(),
            "{leg} {revision}: {gone:#?} failed no more: take them out of {}",
            file_name(leg, revision)
        );
        Ok(self.total)
    }
}

/// What is known to fail, line by line.
fn known(folder: &Path, leg: &str, revision: &str) -> Result<BTreeSet<String>> {
    let file = folder.join(file_name(leg, revision));
    let text = std::fs::read_to_string(&file).wrap_err_with(|| file.display().to_string())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn file_name(leg: &str, revision: &str) -> String {
    format!("expected-failures-{leg}-{revision}.txt")
}

/// The checks of each scenario that ran, from the folder that the suite wrote them to.
fn results_of(folder: &Path, prefix: &str) -> Result<BTreeMap<String, Vec<Value>>> {
    let (mut results, mut left) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.ends_with("checks.json") {
                let name = next.strip_prefix(folder)?.to_str().context("a folder whose name is no text")?;
                let checks = serde_json::from_slice(&std::fs::read(&path)?)?;
                let twice = results.insert(scenario(name, prefix)?.to_owned(), checks);
                ensure!(twice.is_none(), "{name}: ran twice");
            }
        }
    }
    Ok(results)
}

/// The scenario that a folder is named for.
fn scenario<'a>(folder: &'a str, prefix: &str) -> Result<&'a str> {
    let length = folder.len().checked_sub(STAMP.len());
    let name = length.and_then(|length| folder.get(..length)?.strip_prefix(prefix));
    name.with_context(|| format!("{folder} is no scenario's folder"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(id: &str, status: &str) -> Value {
        json!({ "id": id, "status": status })
    }

    #[test]
    fn what_failed_is_named_by_its_check_and_what_shows_nothing_has_failed() {
        let said = "✓ a: 2 passed, 0 failed\n✗ auth/b: 1 passed, 1 failed\n✓ c: 0 passed, 0 failed\n  ✗ auth/b (x)\n\
                    ✗ d: 1 passed, 0 failed, 1 warnings\n✗ e: 1 passed, 2 failed\n✗ f: 0 passed, 1 failed\n\
                    Total: 3 passed, 1 failed, 0 warnings\n";
        let results = BTreeMap::from([
            ("a".to_owned(), vec![check("a1", "SUCCESS"), check("a2", "SKIPPED")]),
            (
                "auth/b".to_owned(),
                vec![check("b1", "FAILURE"), check("b2", "SUCCESS"), check("b1", "SUCCESS")],
            ),
            ("c".to_owned(), vec![check("c1", "INFO")]),
            ("d".to_owned(), vec![check("d1", "SUCCESS"), check("d2", "WARNING")]),
            ("e".to_owned(), vec![check("e1", "SUCCESS"), check("e2", "FAILURE")]),
        ]);
        let verdict = Verdict::read(said, &results).unwrap();
        assert_eq!(verdict.passed, BTreeSet::from(["a".to_owned()]));
        let lines: Vec<_> = verdict.failed.values().flatten().collect();
        assert_eq!(lines, ["auth/b:b1", "c", "d:d2", "e", "e:e2", "f"]);
        assert_eq!(verdict.total, "Total: 3 passed, 1 failed, 0 warnings");
        assert!(Verdict::read("✓ a: 2 passed, 0 failed", &results).is_err(), "an end is required");
    }

    /// A line more is a step back, which must be meant: it takes a change here.
    #[test]
    fn what_is_known_to_fail_only_shrinks() {
        let folder = Path::new("conformance");
        for (leg, revision, most) in [
            ("client", "2026-07-28", 12),
            ("client", "2025-11-25", 12),
            ("server", "2026-07-28", 29),
            ("server", "2025-11-25", 11),
            ("server-legacy-upstream", "2026-07-28", 30),
        ] {
            let lines = known(folder, leg, revision).unwrap().len();
            assert_eq!(
                lines, most,
                "{leg} {revision}: write down how many are left, and never more than before"
            );
        }
    }

    #[test]
    fn results_are_found_by_scenario() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["server-server-stateless", "server-auth/basic"] {
            let path = folder.path().join(format!("{name}{STAMP}"));
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("checks.json"), json!([check(name, "SUCCESS")]).to_string()).unwrap();
        }
        let results = results_of(folder.path(), "server-").unwrap();
        assert_eq!(results["server-stateless"][0]["id"], "server-server-stateless");
        assert_eq!(results["auth/basic"][0]["id"], "server-auth/basic");
        assert!(results_of(folder.path(), "client-").is_err(), "a folder that is not understood");
    }
}
