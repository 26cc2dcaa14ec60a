//! The self-test: does each rule find what it is there for? Once on its own example, and once in the workspace itself,
//! where a violation is planted in memory and must be found.

mod plants;

use std::collections::BTreeMap;
use std::panic::resume_unwind;

pub use plants::{Edit, Plant, Plants, PlantsError, Replace};

use crate::config::Config;
use crate::cores::on_all_cores;
use crate::evaluate::{Selection, evaluate};
use crate::finding::Standing;
use crate::rules::{self, CONFIG, Rule};
use crate::workspace::Workspace;

/// How many violations were planted, and what went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Violations planted.
    pub planted: usize,
    /// Those that were found.
    pub found: usize,
    /// A line each: what was missed, and rules that nothing was planted for.
    pub faults: Vec<String>,
}

/// Gives the text of a file by its path from the root.
pub type Read<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// Where violations are planted.
struct Ground<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    read: &'a Read<'a>,
}

/// Tries each selected rule on its own example.
pub fn examples(selection: &Selection) -> Outcome {
    let mut outcome = Outcome::default();
    for rule in selected(selection) {
        let faults = rule.example.try_on(rule).faults;
        outcome.note(rule.id, faults.first().cloned());
    }
    outcome
}

/// Plants each violation for a selected rule in a copy of the workspace, and looks whether that rule finds it.
///
/// A rule that the law configures must have a plant, or an exemption with its reason.
pub fn here(
    workspace: &Workspace,
    config: &Config,
    plants: &Plants,
    selection: &Selection,
    read: &Read<'_>,
) -> Outcome {
    let ground = Ground { workspace, config, read };
    let exemptions: Vec<&str> = exemptions(config).collect();
    let rules: Vec<&'static Rule> = selected(selection).collect();
    let tried = on_all_cores(&rules, |rule| ground.try_rule(rule, plants, exemptions.contains(&rule.id)));
    let mut outcome = Outcome::default();
    for one in tried.unwrap_or_else(|panic| resume_unwind(panic)) {
        outcome.planted += one.planted;
        outcome.found += one.found;
        outcome.faults.extend(one.faults);
    }
    let named = plants.plants.iter().map(|plant| plant.rule.as_str()).chain(exemptions);
    for unknown in named.filter(|id| Rule::get(id).is_none()) {
        outcome.faults.push(format!("{unknown} is no rule; correct or remove its plant or exemption"));
    }
    outcome
}

fn exemptions(config: &Config) -> impl Iterator<Item = &str> {
    config.self_test.iter().flat_map(|test| &test.exempt).map(|entry| entry.rule.as_str())
}

fn selected(selection: &Selection) -> impl Iterator<Item = &'static Rule> {
    rules::all().filter(|rule| selection.holds(rule.id))
}

impl Outcome {
    fn note(&mut self, what: &str, fault: Option<String>) {
        self.planted += 1;
        match fault {
            None => self.found += 1,
            Some(fault) => self.faults.push(format!("{what}: {fault}")),
        }
    }
}

/// What one rule says where, and how often; nothing where it is not configured.
struct Findings(Option<BTreeMap<(String, String), usize>>);

impl Findings {
    fn of(rule: &'static Rule, workspace: &Workspace, config: &Config) -> Self {
        let report = evaluate(workspace, config, &Selection::one(rule));
        let mut findings = BTreeMap::new();
        let own = report
            .findings
            .into_iter()
            .filter(|found| found.rule == rule.id && found.standing == Standing::Open);
        for found in own {
            *findings.entry((found.place.file, found.message)).or_default() += 1;
        }
        Self(report.rules.contains(&rule.id).then_some(findings))
    }

    /// What is said more often than before.
    fn since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a (String, String)> {
        let earlier = |key| before.0.as_ref().and_then(|findings| findings.get(key)).copied().unwrap_or(0);
        self.0.iter().flatten().filter(move |(key, count)| **count > earlier(key)).map(|(key, _)| key)
    }
}

impl Ground<'_> {
    /// Every plant of one rule, and whether it has one as it should.
    fn try_rule(&self, rule: &'static Rule, plants: &Plants, exempt: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let before = Findings::of(rule, self.workspace, self.config);
        for plant in plants.plants.iter().filter(|plant| plant.rule == rule.id) {
            let fault = self.try_plant(rule, plant, &before).err();
            outcome.note(&format!("{} {}", rule.id, plant.file), fault);
        }
        match (outcome.planted, exempt) {
            (0, false) if before.0.is_some() => {
                outcome
                    .faults
                    .push(format!("{} nothing is planted for it; add a plant or an exemption", rule.id));
            }
            (1.., true) => {
                outcome.faults.push(format!("{} it is exempt and has a plant; remove one of them", rule.id));
            }
            _ => {}
        }
        outcome
    }

    fn try_plant(&self, rule: &'static Rule, plant: &Plant, before: &Findings) -> Result<(), String> {
        let mut workspace = self.workspace.clone();
        let mut config = self.config.clone();
        let mut expected: Vec<String> = plant.finds_in.iter().cloned().collect();
        for edit in plant.edits() {
            let text = edit.of((self.read)(&edit.file))?;
            match text {
                Some(text) if edit.file == CONFIG => {
                    config = Config::parse(&text).map_err(|error| error.to_string())?
                }
                Some(text) => workspace.plant(&edit.file, &text),
                None => uproot(&mut workspace, &edit.file),
            }
            if plant.finds_in.is_none() {
                expected.push(edit.file);
            }
        }
        let after = Findings::of(rule, &workspace, &config);
        let new: Vec<_> = after.since(before).collect();
        let meant =
            |(file, message): &&(String, String)| expected.contains(file) && message.contains(&plant.says);
        if new.iter().any(meant) {
            return Ok(());
        }
        let said = new.iter().map(|(file, message)| format!("{file} {message}")).collect::<Vec<_>>();
        Err(format!("missed in {}; new findings: [{}]", expected.join(", "), said.join("; ")))
    }
}

/// Takes a file out of a workspace in memory.
fn uproot(workspace: &mut Workspace, path: &str) {
    workspace.documents.remove(path);
    workspace.crates.retain(|member| member.manifest_path() != path);
    for member in &mut workspace.crates {
        member.files.retain(|file| file.path != path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: &str = "schema = 1\n[headers]\nroot_labels = []\n[self_test]\nplants = \"plants.toml\"\n";

    fn outcome(more: &str, plants: &str, rule: &str) -> Outcome {
        let config = Config::parse(&format!("{LAW}{more}")).expect("valid");
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "//! A.");
        workspace.plant("crates/a/src/old.rs", "fn f() {}");
        let read = |path: &str| (path == "crates/a/src/lib.rs").then(|| "//! A.".to_owned());
        let plants = Plants::parse(plants).expect("valid");
        here(&workspace, &config, &plants, &Selection::parse(rule).expect("known"), &read)
    }

    fn plant(file: &str, form: &str) -> String {
        format!("[[plant]]\nrule = \"LA-401\"\nfile = \"{file}\"\n{form}\n")
    }

    #[test]
    fn a_planted_violation_is_found_or_missed() {
        let new = "crates/a/src/new.rs";
        let cases = [
            (plant(new, "text = \"fn g() {}\""), None),
            (plant("crates/a/src/lib.rs", "replace = { from = \"//!\", to = \"//\" }"), None),
            (plant(new, "text = \"fn g() {}\"\nsays = \"does not begin\""), None),
            (
                plant(new, "text = \"fn g() {}\"\nsays = \"another thing\""),
                Some("missed in crates/a/src/new.rs"),
            ),
            (plant(new, "text = \"fn g() {}\"\nfinds_in = \"layers.toml\""), Some("missed in layers.toml")),
            (plant(new, "text = \"//! Good.\""), Some("new findings: []")),
            // It was there before, so that nobody knows whether the plant did it.
            (plant("crates/a/src/old.rs", "text = \"fn g() {}\""), Some("new findings: []")),
            (plant("crates/a/src/gone.rs", "remove = true"), Some("is not there")),
        ];
        for (plants, fault) in cases {
            let outcome = outcome("", &plants, "LA-401");
            match fault {
                None => assert_eq!(outcome, Outcome { planted: 1, found: 1, faults: Vec::new() }, "{plants}"),
                Some(fault) => {
                    assert_eq!((outcome.planted, outcome.found, outcome.faults.len()), (1, 0, 1), "{plants}");
                    assert!(outcome.faults[0].contains(fault), "{plants}: {:?}", outcome.faults);
                }
            }
        }
    }

    #[test]
    fn every_configured_rule_is_planted_or_exempt_with_a_reason() {
        let exempt = "[[self_test.exempt]]\nrule = \"LA-401\"\nbecause = \"it is proven elsewhere\"\n";
        let planted = plant("crates/a/src/new.rs", "text = \"fn g() {}\"");
        let cases = [
            ("", "", "LA-401", Some("LA-401 nothing is planted for it")),
            ("", "", "LA-301", None),
            (exempt, "", "LA-401", None),
            (exempt, planted.as_str(), "LA-401", Some("LA-401 it is exempt and has a plant")),
            ("", "[[plant]]\nrule = \"LA-999\"\nfile = \"a\"\n", "LA-301", Some("LA-999 is no rule")),
        ];
        for (more, plants, rule, fault) in cases {
            let faults = outcome(more, plants, rule).faults;
            assert_eq!(faults.len(), usize::from(fault.is_some()), "{more}{plants}: {faults:?}");
            assert!(fault.is_none_or(|fault| faults[0].contains(fault)), "{faults:?}");
        }
    }

    #[test]
    fn every_rule_finds_its_own_example() {
        let outcome = examples(&Selection::all());
        assert_eq!(outcome.faults, Vec::<String>::new());
        assert_eq!((outcome.planted, outcome.found), (rules::all().count(), rules::all().count()));
    }
}
