//! Which files operations reach: what handlers name, what that names, and so on through all members.

use std::collections::{HashMap, HashSet};

use super::{EngineFact, EngineStanding, table};
use crate::config::{Config, Operations};
use crate::names::by_module::ByModule;
use crate::source::{Alias, NamedPath, SourceFile, Visibility};
use crate::workspace::{Crate, Workspace, in_code};

/// A member and one of its files, by index.
type Node = (usize, usize);

/// The engines with who reaches them; `None` where the configuration names no members for them.
pub(super) fn all(workspace: &Workspace, config: &Config) -> Option<Vec<EngineFact>> {
    let operations = config.operations.as_ref().filter(|operations| !operations.rules_crates.is_empty())?;
    let graph = Graph::of(workspace);
    let wired = graph.reach(seeds(&graph, config)?, |_| true);
    let is_engine = |member: &Crate| operations.rules_crates.contains(&member.name);
    let direct = graph.reach(graph.entered(operations), is_engine);
    let mut engines = Vec::new();
    for (at, member) in workspace.crates.iter().enumerate().filter(|(_, member)| is_engine(member)) {
        for (file, source) in graph.files_of(at) {
            if source.module.is_empty() || graph.only_declares(member, source) {
                continue;
            }
            let standing = match (wired.contains(&(at, file)), direct.contains(&(at, file))) {
                (true, _) => EngineStanding::Wired,
                (false, true) => EngineStanding::Direct,
                (false, false) => EngineStanding::Orphaned,
            };
            engines.push(EngineFact {
                krate: member.name.clone(),
                module: source.module.join("::"),
                domain: source.module[0].clone(),
                file: source.path.clone(),
                standing,
            });
        }
    }
    Some(engines)
}

/// The files of all handlers, and the configured roots.
fn seeds(graph: &Graph<'_>, config: &Config) -> Option<Vec<Node>> {
    let operations = table(graph.workspace, config)?.operations;
    let handlers = operations.iter().flat_map(|operation| &operation.handlers);
    let roots = config.operations.iter().flat_map(|operations| &operations.roots).filter_map(|root| {
        let module: Vec<String> = root.module.split("::").map(str::to_owned).collect();
        graph.modules.get(&in_code(&root.name), &module)
    });
    Some(handlers.filter_map(|handler| graph.file(&handler.at.file)).chain(roots).collect())
}

/// The files of all members, and the modules that they are.
struct Graph<'a> {
    workspace: &'a Workspace,
    modules: ByModule<Node>,
    tests: HashSet<Node>,
    /// Files that hold further `impl` blocks of a file's types: whoever has the type has them, and names no module.
    more: HashMap<Node, Vec<Node>>,
}

impl<'a> Graph<'a> {
    fn of(workspace: &'a Workspace) -> Self {
        let mut graph =
            Self { workspace, modules: ByModule::default(), tests: HashSet::new(), more: HashMap::new() };
        for (at, member) in workspace.crates.iter().enumerate() {
            let (tests, root) = (member.test_modules(), member.root_file().map(|file| &file.path));
            for (node, file) in (0..).map(|file| (at, file)).zip(&member.files) {
                if file.area != crate::source::Area::Src || tests.hold(file) {
                    graph.tests.insert(node);
                } else if !file.module.is_empty() || Some(&file.path) == root {
                    graph.modules.put(&in_code(&member.name), &file.module, node);
                }
            }
            for (home, file) in graph.scattered(at) {
                graph.more.entry(home).or_default().push(file);
            }
        }
        graph
    }

    /// The file of a type, and each other file of the member that holds an `impl` of it.
    fn scattered(&self, member: usize) -> Vec<(Node, Node)> {
        let mut homes: HashMap<&str, Vec<Node>> = HashMap::new();
        for (at, file) in self.files_of(member) {
            for fact in file.facts.types.iter().filter(|fact| !fact.in_test) {
                homes.entry(&fact.name).or_default().push((member, at));
            }
        }
        let mut found = Vec::new();
        for (at, file) in self.files_of(member) {
            let inherent = file.facts.methods.iter().map(|method| method.of.as_str());
            let of_traits =
                file.facts.impls.iter().filter(|fact| !fact.in_test).map(|fact| fact.for_type.as_str());
            let types: HashSet<&str> = inherent.chain(of_traits).collect();
            let of_types = types.into_iter().filter_map(|name| homes.get(name)).flatten();
            found.extend(of_types.filter(|home| **home != (member, at)).map(|home| (*home, (member, at))));
        }
        found
    }

    /// The files of a member outside tests.
    fn files_of(&self, member: usize) -> impl Iterator<Item = (usize, &'a SourceFile)> + use<'a, '_> {
        let files = self.workspace.crates[member].files.iter().enumerate();
        files.filter(move |(file, _)| !self.tests.contains(&(member, *file)))
    }

    fn file(&self, path: &str) -> Option<Node> {
        self.workspace.crates.iter().enumerate().find_map(|(at, member)| {
            member.files.iter().position(|file| file.path == path).map(|file| (at, file))
        })
    }

    /// All that `seeds` lead to, through members that `within` lets pass.
    fn reach(&self, seeds: Vec<Node>, within: impl Fn(&Crate) -> bool) -> HashSet<Node> {
        let passes = |node: &Node| within(&self.workspace.crates[node.0]);
        let mut open: Vec<Node> = seeds.into_iter().filter(passes).collect();
        let mut reached: HashSet<Node> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            for next in self.named_by(node).into_iter().filter(passes) {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    }

    /// What the members of the entry name themselves.
    fn entered(&self, operations: &Operations) -> Vec<Node> {
        let members = self.workspace.crates.iter().enumerate();
        let entry = members.filter(|(_, member)| operations.entry_crates.contains(&member.name));
        let files = entry.flat_map(|(at, _)| self.files_of(at).map(move |(file, _)| (at, file)));
        files.flat_map(|node| self.named_by(node)).collect()
    }

    /// The files that a file names outside tests. What it only re-exports it does not use: whoever names that is led
    /// to the file behind it.
    fn named_by(&self, node: Node) -> Vec<Node> {
        let member = &self.workspace.crates[node.0];
        let file = &member.files[node.1];
        if self.only_declares(member, file) {
            return Vec::new();
        }
        let Some(meant) = self.workspace.meant(member).nth(node.1) else { return Vec::new() };
        let meanings = meant.different(|name| !name.in_test && !is_offered(file, name)).flatten();
        let paths = meanings.filter_map(|meaning| meaning.in_full(meant.across.own_name()));
        let named = paths.filter_map(|(krate, path)| self.modules.innermost(krate, path));
        named.chain(self.more.get(&node).into_iter().flatten().copied()).collect()
    }

    /// Nothing but modules that are files of their own, and `use`.
    fn only_declares(&self, member: &Crate, file: &SourceFile) -> bool {
        let facts = &file.facts;
        let is_file = |(module, name): &(Vec<String>, String)| {
            let path: Vec<String> = module.iter().chain([name]).cloned().collect();
            self.modules.get(&in_code(&member.name), &path).is_some() || facts.test_modules.contains(&path)
        };
        facts.impls.is_empty()
            && facts.methods.is_empty()
            && facts.macros.is_empty()
            && facts.items.iter().all(is_file)
    }
}

/// The `use` is a re-export.
fn is_offered(file: &SourceFile, name: &NamedPath) -> bool {
    let offers = |alias: &Alias| {
        let same = alias.module == name.module && alias.target == name.segments;
        same && alias.name.is_none() == name.glob && alias.visibility > Visibility::Private
    };
    name.import && file.facts.aliases.iter().any(offers)
}
