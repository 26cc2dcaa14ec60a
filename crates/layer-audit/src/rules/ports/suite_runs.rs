//! LA-308: every implementation of a port is run by the port's suite.

use crate::config::{Config, Untested};
use crate::finding::Place;
use crate::inventory::{self, ImplementationFact, PortFact};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-308",
    title: "every implementation of a port runs its suite",
    why: "A suite proves only what it has been run on. A test of the member that holds the implementation must call a \
          suite of the port, and name the type, or a type that hands it out, in the same test binary or module.",
    fix: "Call the suite from a test of that member with the type; or list the type or its module in \
          [[ports.conformance.untested]] with the reason.",
    blind: "whether the value that the suite gets is of that type: names stand near each other, no more. A type that \
            two others hand out is taken for run when a test names either.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: LAW,
        bad: &[
            WORDS,
            SUITE,
            ("crates/memory/src/lib.rs", "pub struct Memory;\nimpl words::ports::ToolStore for Memory {}"),
        ],
        good: &[
            WORDS,
            SUITE,
            ("crates/memory/src/lib.rs", "pub struct Memory;\nimpl words::ports::ToolStore for Memory {}"),
            (
                "crates/memory/tests/conformance.rs",
                "use kit::conformance;\n#[test]\nfn memory() { conformance::tool_store(&memory::Memory); }",
            ),
        ],
        finds: "Memory runs no suite of ToolStore; call tool_store",
    },
    check,
};

const WORDS: (&str, &str) = ("crates/words/src/ports.rs", "pub trait ToolStore { fn get(&self); }");
const SUITE: (&str, &str) = ("crates/kit/src/conformance.rs", "pub fn tool_store(store: &dyn ToolStore) {}");
const LAW: &str = "[ports]\ncrates = [\"words\"]\nmodules = [\"ports\"]\nmax_methods = 12\n\
                   [ports.conformance]\ncrates = [\"kit\"]\nmodules = [\"conformance\"]\n";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let form = config.ports.as_ref()?.conformance.as_ref()?;
    let ports = inventory::ports(workspace, config);
    let mut untested: Vec<&ImplementationFact> = Vec::new();
    let mut checked = Checked::new();
    for port in ports.iter().filter(|port| !port.suites.is_empty()) {
        for fact in &port.implementations {
            checked.matched += 1;
            if !fact.tested_in.is_empty() {
                continue;
            }
            untested.push(fact);
            if !form.untested.iter().any(|entry| lets_off(entry, fact)) {
                report(&mut checked, port, fact);
            }
        }
    }
    for entry in &form.untested {
        for part in parts(entry).into_iter().filter(|part| !untested.iter().any(|fact| lets_off(part, fact)))
        {
            let what = part.types.first().or(part.modules.first()).unwrap_or(&part.name);
            let message = format!("[[ports.conformance.untested]] {what} exempts nothing; remove it");
            checked.report(Place::file(CONFIG), what, message);
        }
    }
    Some(checked)
}

fn report(checked: &mut Checked, port: &PortFact, fact: &ImplementationFact) {
    let (name, suites) = (&fact.type_name, port.suites.join(" or "));
    let message =
        format!("{name} runs no suite of {}; call {suites} from a test of {}", port.name, fact.krate);
    checked.report(fact.at.clone(), format!("{} for {name}", port.name), message);
}

/// The entry is about this type: by name, by module, or by the whole member if it lists neither.
fn lets_off(entry: &Untested, fact: &ImplementationFact) -> bool {
    let whole = entry.modules.is_empty() && entry.types.is_empty();
    let module = fact.module.join("::");
    let below = |of: &String| {
        module.strip_prefix(of.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    entry.name == fact.krate
        && (whole || entry.types.contains(&fact.type_name) || entry.modules.iter().any(below))
}

/// One entry for each type and module, so that each must be of use.
fn parts(entry: &Untested) -> Vec<Untested> {
    let of = |modules: &[String], types: &[String]| Untested {
        modules: modules.to_vec(),
        types: types.to_vec(),
        ..entry.clone()
    };
    let modules = entry.modules.iter().map(|module| of(std::slice::from_ref(module), &[]));
    let types = entry.types.iter().map(|name| of(&[], std::slice::from_ref(name)));
    let parts: Vec<_> = modules.chain(types).collect();
    if parts.is_empty() { vec![entry.clone()] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};

    const STORE: &str = "mod unit; use words::ports::ToolStore as Port; use unit::Unit; pub struct Store; pub struct Other; \
                         impl Port for Store {} impl Port for Other {}";

    fn found(files: &[(&str, &str)], more: &str) -> Vec<String> {
        let config = Config::parse(&format!("schema = 1\n{LAW}{more}")).expect("valid");
        let mut workspace = Workspace::default();
        workspace.plant(WORDS.0, WORDS.1);
        let suites = "pub fn tool_store(store: &dyn ToolStore) {}\n\
                      pub fn all(s: S) { tool_store(s); }\npub fn none(s: S) {}";
        workspace.plant("crates/kit/src/conformance.rs", suites);
        for (path, text) in files {
            workspace.plant(path, text);
        }
        let report = evaluate(&workspace, &config, &Selection::one(&RULE));
        report.findings.iter().map(|finding| finding.subject.clone()).collect()
    }

    #[test]
    fn a_call_of_the_suite_with_the_type_is_enough() {
        let store = ("crates/memory/src/lib.rs", STORE);
        let unit =
            ("crates/memory/src/unit.rs", "pub(crate) struct Unit; impl words::ports::ToolStore for Unit {}");
        let all = vec!["ToolStore for Store", "ToolStore for Other", "ToolStore for Unit"];
        let other = vec!["ToolStore for Other"];
        let cases: &[(&str, &str, Vec<&str>)] = &[
            (
                "tests/a.rs",
                "use kit::conformance; fn f() { conformance::tool_store(&memory::Store::new()); }",
                other.clone(),
            ),
            (
                "tests/a.rs",
                "use kit::conformance::*; use memory::Store; fn f() { tool_store(&Store); }",
                other.clone(),
            ),
            (
                "tests/a.rs",
                "use kit::conformance as suites; fn f(s: memory::Store) { suites::all(s); }",
                other.clone(),
            ),
            (
                "tests/a.rs",
                "use kit::conformance; use memory::Store; suites! { tool_store(); }",
                other.clone(),
            ),
            (
                "src/tests.rs",
                "use super::Store; fn f() { kit::conformance::tool_store(&Store); }",
                all.clone(),
            ),
            (
                "tests/a.rs",
                "use kit::conformance; fn f() { conformance::none(&memory::Store); }",
                all.clone(),
            ),
            ("tests/a.rs", "fn tool_store() {} fn f() { tool_store(&memory::Store); }", all.clone()),
            ("tests/a.rs", "use kit::conformance; fn f() { conformance::tool_store(make()); }", all),
        ];
        for (path, text, expected) in cases {
            let path = format!("crates/memory/{path}");
            assert_eq!(found(&[store, unit, (&path, text)], ""), *expected, "{text}");
        }
    }

    #[test]
    fn files_of_one_test_binary_stand_together() {
        let store =
            ("crates/memory/src/lib.rs", "pub struct Store; impl words::ports::ToolStore for Store {}");
        let scene =
            ("crates/memory/tests/it/main.rs", "mod suites; fn open() -> memory::Store { memory::Store }");
        let suites =
            ("crates/memory/tests/it/suites.rs", "fn f() { kit::conformance::tool_store(&super::open()); }");
        assert_eq!(found(&[store, scene, suites], ""), Vec::<String>::new());
        let elsewhere = ("crates/memory/tests/suites.rs", suites.1);
        assert_eq!(found(&[store, scene, elsewhere], "").len(), 1);
    }

    #[test]
    fn exemptions_must_exempt() {
        let store =
            ("crates/memory/src/broken.rs", "pub struct Store; impl words::ports::ToolStore for Store {}");
        let entry = |what: &str| {
            format!("[[ports.conformance.untested]]\ncrate = \"memory\"\n{what}\nbecause = \"it is broken\"")
        };
        for what in ["", "modules = [\"broken\"]", "types = [\"Store\"]"] {
            assert_eq!(found(&[store], &entry(what)), Vec::<String>::new(), "{what}");
        }
        assert_eq!(found(&[store], &entry("modules = [\"bro\"]")), ["ToolStore for Store", "bro"]);
        assert_eq!(found(&[store], &entry("types = [\"Store\", \"Gone\"]")), ["Gone"]);
    }
}
