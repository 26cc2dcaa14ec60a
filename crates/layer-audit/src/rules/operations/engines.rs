//! LA-606: every engine serves an operation.

use crate::config::{Config, Operations};
use crate::finding::Place;
use crate::inventory::{self, EngineStanding};
use crate::markers::marked;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::SourceFile;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-606",
    title: "every engine is reached from a handler",
    why: "Rules that no operation reaches are tested, reviewed and believed in, and decide nothing. Rules that only \
          the entry reaches run past authority, transaction and trail. From each handler's file, names are followed \
          through all members; a file that none of them leads to is reported.",
    fix: "Call it from a handler; or remove it; or, if something else runs it, list that in [[operations.roots]].",
    blind: "calls through trait objects: what hands an engine in as a port is a root. A file counts as a whole. What a \
            file re-exports and uses only by its methods counts as unused there. Stubs that say so are passed: LA-704 \
            keeps everybody from them.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: LAW,
        bad: &[
            ("crates/words/src/lib.rs", DECLARED),
            ("crates/spine/src/lib.rs", "fn register(r: R) { r.on::<words::GetTool>(get); }\nfn get() {}"),
            ("crates/engines/src/lib.rs", "pub mod tools;"),
            ("crates/engines/src/tools.rs", "pub fn judge() {}"),
        ],
        good: &[
            ("crates/words/src/lib.rs", DECLARED),
            (
                "crates/spine/src/lib.rs",
                "fn register(r: R) { r.on::<words::GetTool>(get); }\nfn get() { engines::tools::judge(); }",
            ),
            ("crates/engines/src/lib.rs", "pub mod tools;"),
            ("crates/engines/src/tools.rs", "pub fn judge() {}"),
        ],
        finds: "tools is reached from no handler",
    },
    check,
};

const LAW: &str = "[operations]\ncrates = [\"words\"]\ntrait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
                   register = { crates = [\"spine\"], call = \"on\" }\nrules_crates = [\"engines\"]\n";
const DECLARED: &str = "pub struct GetTool;\n\
                        impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let operations = config.operations.as_ref()?;
    if operations.rules_crates.is_empty() || operations.register.is_none() {
        return None;
    }
    let mut checked = Checked::new();
    let stubs = config.markers.stub.as_ref().map_or_else(Vec::new, |label| marked(workspace, label));
    for engine in inventory::engines(workspace, config) {
        checked.matched += 1;
        // Nobody may name a stub (LA-704), so that none can reach it.
        if stubs.iter().any(|stub| stub.file.path == engine.file) {
            continue;
        }
        let (krate, module) = (&engine.krate, &engine.module);
        let message = match engine.standing {
            EngineStanding::Wired => continue,
            EngineStanding::Direct => {
                format!("{krate} {module} is reached from the entry alone; put an operation between")
            }
            EngineStanding::Orphaned => {
                format!("{krate} {module} is reached from no handler; call it from one, or remove it")
            }
        };
        checked.report(Place::file(&engine.file), module, message);
    }
    stale(&mut checked, workspace, operations);
    Some(checked)
}

/// A root that is gone must not keep its reason.
fn stale(checked: &mut Checked, workspace: &Workspace, operations: &Operations) {
    for root in &operations.roots {
        let is_root = |file: &SourceFile| file.module.join("::") == root.module;
        if !workspace.get(&root.name).is_some_and(|member| member.src().any(is_root)) {
            let message =
                format!("[[operations.roots]] {} has no module {}; remove it", root.name, root.module);
            checked.report(Place::file(CONFIG), &root.module, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};

    const SPINE: &str = "mod tools; use words::GetTool; fn register(r: R) { r.on::<GetTool>(tools::get); }";

    fn found(files: &[(&str, &str)], more: &str) -> Vec<String> {
        let config = Config::parse(&format!("schema = 1\n{LAW}{more}")).expect("valid");
        let mut workspace = Workspace::default();
        let ground = [("crates/words/src/lib.rs", DECLARED), ("crates/spine/src/lib.rs", SPINE)];
        for (path, text) in ground.iter().chain(files) {
            workspace.plant(path, text);
        }
        let report = evaluate(&workspace, &config, &Selection::one(&RULE));
        report.findings.iter().map(|finding| format!("{}: {}", finding.place, finding.message)).collect()
    }

    const HANDLER: (&str, &str) =
        ("crates/spine/src/tools.rs", "use engines::tools; pub fn get() { tools::judge(); }");
    const ROOT: (&str, &str) = ("crates/engines/src/lib.rs", "pub mod tools;");

    #[test]
    fn a_file_behind_a_file_is_reached() {
        let tools = ("crates/engines/src/tools.rs", "mod risk; pub use risk::judge; pub mod more;");
        let more = ("crates/engines/src/tools/more.rs", "pub fn more() {}");
        let risk = ("crates/engines/src/tools/risk.rs", "pub fn judge() { super::more::more(); }");
        assert_eq!(found(&[HANDLER, ROOT, tools, risk, more], ""), Vec::<String>::new());
        let alone = ("crates/engines/src/tools/risk.rs", "pub fn judge() {}");
        assert_eq!(
            found(&[HANDLER, ROOT, tools, alone, more], ""),
            ["crates/engines/src/tools/more.rs: engines tools::more is reached from no handler; \
              call it from one, or remove it"]
        );
    }

    #[test]
    fn a_reexport_and_a_test_reach_nothing() {
        let tools =
            ("crates/engines/src/tools.rs", "mod risk; mod old; pub use risk::judge; pub use old::weigh;");
        let risk = (
            "crates/engines/src/tools/risk.rs",
            "pub fn judge() {} #[cfg(test)] mod tests { use super::super::old::weigh; }",
        );
        let old = ("crates/engines/src/tools/old.rs", "pub fn weigh() {}");
        let found = found(&[HANDLER, ROOT, tools, risk, old], "");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("tools::old is reached from no handler"), "{found:?}");
    }

    #[test]
    fn a_reexport_beside_code_reaches_only_what_the_code_uses() {
        let risk = ("crates/engines/src/tools/risk.rs", "pub fn weigh() {} pub struct Risk;");
        let cases = [
            ("pub use risk::weigh; pub fn judge() {}", false),
            ("pub use risk::*; pub fn judge() {}", false),
            ("pub use risk::weigh; pub fn judge() { weigh(); }", true),
            ("pub(crate) use risk::Risk; pub fn judge(risk: Risk) {}", true),
            ("pub use risk::*; pub fn judge() { assert!(weigh()); }", true),
            ("pub use self::risk; pub fn judge() { risk::weigh(); }", true),
            ("use risk::weigh; pub fn judge() { f(weigh); }", true),
        ];
        for (text, reached) in cases {
            let tools = format!("mod risk; {text}");
            let found = found(&[HANDLER, ROOT, ("crates/engines/src/tools.rs", &tools), risk], "");
            assert_eq!(found.is_empty(), reached, "{text}: {found:?}");
        }
    }

    #[test]
    fn the_entry_alone_is_not_enough() {
        let handler = ("crates/spine/src/tools.rs", "pub fn get() {}");
        let tools = ("crates/engines/src/tools.rs", "mod risk; pub fn judge() { risk::weigh(); }");
        let risk = ("crates/engines/src/tools/risk.rs", "pub fn weigh() {}");
        let api = ("crates/api/src/lib.rs", "fn page() { engines::tools::judge(); }");
        let found = found(&[handler, ROOT, tools, risk, api], "entry_crates = [\"api\"]");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|finding| finding.contains("is reached from the entry alone")), "{found:?}");
    }

    #[test]
    fn a_root_reaches_and_must_be_there() {
        let handler = ("crates/spine/src/tools.rs", "pub fn get() {}");
        let sweep = ("crates/spine/src/sweep.rs", "fn sweep() { engines::tools::judge(); }");
        let tools = ("crates/engines/src/tools.rs", "pub fn judge() {}");
        let root = |module: &str| {
            format!(
                "[[operations.roots]]\ncrate = \"spine\"\nmodule = \"{module}\"\nbecause = \"it runs by itself\""
            )
        };
        assert_eq!(found(&[handler, ROOT, sweep, tools], &root("sweep")), Vec::<String>::new());
        let gone = found(&[handler, ROOT, sweep, tools], &root("gone"));
        assert_eq!(gone.len(), 2, "{gone:?}");
        assert!(gone[1].contains("spine has no module gone; remove it"), "{gone:?}");
    }
}
