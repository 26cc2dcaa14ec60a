//! The tests of a member that run suites, and the types that they name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::ImplementationFact;
use super::conformance::Suites;
use crate::source::{Area, Operand, SourceFile};
use crate::workspace::{Crate, TestModules};

/// How far a type may stand behind the one that a test names: a store hands out a unit of work, which hands out stores.
const HANDS: usize = 2;

/// The groups of tests in a member: a test binary, or a test module with all below it.
pub(super) struct Trials {
    groups: BTreeMap<String, Group>,
}

#[derive(Default)]
struct Group {
    /// Suites, and the files that run them.
    runs: BTreeMap<String, BTreeSet<String>>,
    /// Every name in it, and the types of the member that stand behind them.
    names: HashSet<String>,
    /// The module that it tests from inside.
    home: Option<Vec<String>>,
}

impl Trials {
    pub(super) fn of(member: &Crate, suites: &Suites<'_>) -> Self {
        let tests = member.test_modules();
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for file in &member.files {
            let Some((key, home)) = group(member, &tests, file) else { continue };
            let whole = file.area == Area::Tests || tests.hold(file);
            let group = groups.entry(key).or_default();
            group.home = home;
            group.read(file, whole, suites);
        }
        groups.retain(|_, group| !group.runs.is_empty());
        let behind = Behind::of(member, &tests);
        for group in groups.values_mut() {
            behind.add_to(group);
        }
        Self { groups }
    }

    /// The files that run one of these suites beside code that names the type.
    pub(super) fn of_type(&self, fact: &ImplementationFact, suites: &[String]) -> Vec<String> {
        let groups = self.groups.values().filter(|group| group.names.contains(&fact.type_name));
        let files = groups.flat_map(|group| suites.iter().filter_map(|suite| group.runs.get(suite)));
        let files: BTreeSet<_> = files.flatten().cloned().collect();
        files.into_iter().collect()
    }
}

impl Group {
    /// Notes the tests of a file: all of it, or what stands under `#[cfg(test)]`.
    fn read(&mut self, file: &SourceFile, whole: bool, suites: &Suites<'_>) {
        let facts = &file.facts;
        let names = facts.names.iter().filter(|name| whole || name.in_test);
        self.names.extend(names.flat_map(|name| name.segments.iter().cloned()));
        let mut run = BTreeSet::new();
        for call in facts.calls.iter().filter(|call| whole || call.in_test) {
            self.names.extend(call.receiver.iter().cloned());
            self.names.extend(call.arguments.iter().flat_map(named_by).cloned());
            run.extend(suites.run_by(facts, call));
        }
        for call in facts.macros.iter().filter(|call| whole || call.in_test) {
            run.extend(suites.named_by(facts, call));
        }
        for suite in run {
            self.runs.entry(suite).or_default().insert(file.path.clone());
        }
    }
}

fn named_by(argument: &Operand) -> &[String] {
    match argument {
        Operand::Path(path) => path,
        _ => &[],
    }
}

/// The binary of `tests/`, or the outermost test module, that a file belongs to; and the module that holds the latter.
fn group(member: &Crate, tests: &TestModules, file: &SourceFile) -> Option<(String, Option<Vec<String>>)> {
    match file.area {
        Area::Tests => {
            let within = file.path.strip_prefix(&member.dir)?.trim_start_matches("/tests/");
            let name = within.split('/').next().unwrap_or(within);
            Some((format!("tests/{}", name.trim_end_matches(".rs")), None))
        }
        Area::Src => Some(match tests.outermost(file) {
            Some(module) => (module.join("::"), module.split_last().map(|(_, home)| home.to_vec())),
            None => (file.path.clone(), Some(file.module.clone())),
        }),
        Area::Other => None,
    }
}

/// The types that stand behind a type: those that its file names by a path, and those that the file keeps to itself.
struct Behind {
    types: HashMap<String, HashSet<String>>,
    /// What each module keeps to itself: its own tests need not name it, since nobody else can make it.
    kept: HashMap<Vec<String>, Vec<String>>,
}

impl Behind {
    fn of(member: &Crate, tests: &TestModules) -> Self {
        let files: Vec<_> = member.src().filter(|file| !tests.hold(file)).collect();
        let own = |file: &SourceFile| {
            let types = file.facts.types.iter().filter(|fact| !fact.in_test);
            types.map(|fact| (fact.name.clone(), fact.public)).collect::<Vec<_>>()
        };
        let known: HashSet<String> = files.iter().flat_map(|file| own(file)).map(|(name, _)| name).collect();
        let mut types: HashMap<String, HashSet<String>> = HashMap::new();
        let mut all_kept: HashMap<Vec<String>, Vec<String>> = HashMap::new();
        for file in files {
            let names = file.facts.names.iter().filter(|name| !name.in_test);
            let named = names.flat_map(|name| &name.segments).filter(|part| known.contains(*part)).cloned();
            let kept = own(file).into_iter().filter(|(_, public)| !public).map(|(name, _)| name);
            let kept: Vec<String> = kept.collect();
            let behind: HashSet<String> = named.chain(kept.iter().cloned()).collect();
            all_kept.entry(file.module.clone()).or_default().extend(kept);
            for (name, _) in own(file) {
                types.entry(name).or_default().extend(behind.iter().cloned());
            }
        }
        Self { types, kept: all_kept }
    }

    fn add_to(&self, Group { names, home, .. }: &mut Group) {
        let kept = home.as_ref().and_then(|home| self.kept.get(home));
        names.extend(kept.into_iter().flatten().cloned());
        let mut front: Vec<String> = names.iter().cloned().collect();
        for _ in 0..HANDS {
            let behind = front.iter().filter_map(|name| self.types.get(name)).flatten();
            let new: HashSet<String> = behind.filter(|name| !names.contains(*name)).cloned().collect();
            names.extend(new.iter().cloned());
            front = new.into_iter().collect();
        }
    }
}
