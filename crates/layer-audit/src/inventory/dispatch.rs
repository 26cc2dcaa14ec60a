//! Operations with what serves them: the registration of their handlers, their routes, their line in the contract.

use std::collections::{BTreeSet, HashMap};

use super::declared::{self, Declared};
use super::{HandlerFact, OperationFact, RouteFact};
use crate::config::{Config, Operations};
use crate::finding::Place;
use crate::source::{Call, Operand, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// All operations in the order of their source, and the calls that serve none of them.
pub(crate) struct Table {
    pub(crate) operations: Vec<OperationFact>,
    pub(crate) strays: Vec<Stray>,
}

/// A registration or route whose type is no operation.
pub(crate) struct Stray {
    pub(crate) type_name: String,
    pub(crate) is_route: bool,
    pub(crate) at: Place,
}

/// Reads the table; `None` where no operations are configured.
pub(crate) fn table(workspace: &Workspace, config: &Config) -> Option<Table> {
    let config = config.operations.as_ref()?;
    let declared = declared::all(workspace, config);
    let mut desk = Desk { workspace, index: Index::of(&declared), strays: Vec::new() };
    let mut operations: Vec<_> = declared.into_iter().map(|declared| declared.fact).collect();
    desk.register(config, &mut operations);
    desk.route(config, &mut operations);
    if let Some(contract) = &config.contract {
        let text = workspace.documents.get(&contract.file).map_or("", String::as_str);
        let names: BTreeSet<_> =
            contract_names(text, &contract.key).into_iter().map(|(name, _)| name).collect();
        for operation in &mut operations {
            operation.in_contract = names.contains(operation.name.as_str());
        }
    }
    Some(Table { operations, strays: desk.strays })
}

/// The strings that stand behind a key, with their lines: `"key": "string"`.
pub(crate) fn contract_names<'a>(text: &'a str, key: &str) -> Vec<(&'a str, usize)> {
    let key = format!("\"{key}\"");
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(at) = rest.find(&key) {
        line += rest[..at].matches('\n').count();
        rest = &rest[at + key.len()..];
        let value =
            rest.trim_start().strip_prefix(':').and_then(|value| value.trim_start().strip_prefix('"'));
        if let Some((name, _)) = value.and_then(|value| value.split_once('"')) {
            found.push((name, line));
        }
    }
    found
}

/// Request types, by path and by name.
struct Index {
    paths: HashMap<Vec<String>, usize>,
    names: HashMap<String, Vec<usize>>,
}

impl Index {
    fn of(declared: &[Declared]) -> Self {
        let mut index = Self { paths: HashMap::new(), names: HashMap::new() };
        for (at, declared) in declared.iter().enumerate() {
            for path in &declared.requests {
                index.paths.entry(path.clone()).or_insert(at);
            }
            index.names.entry(declared.fact.request_type.clone()).or_default().push(at);
        }
        index
    }

    /// A path that cannot be followed means the only request of its name.
    fn find(&self, workspace: &Workspace, found: &[Vec<String>]) -> Option<usize> {
        let by_path = found.iter().find_map(|path| self.paths.get(path));
        if by_path.is_some() || found.iter().any(|path| workspace.is_known(path)) {
            return by_path.copied();
        }
        let name = found.first()?.last()?;
        self.names.get(name).filter(|places| places.len() == 1).map(|places| places[0])
    }
}

struct Desk<'a> {
    workspace: &'a Workspace,
    index: Index,
    strays: Vec<Stray>,
}

impl Desk<'_> {
    fn register(&mut self, config: &Operations, operations: &mut [OperationFact]) {
        let Some(form) = &config.register else { return };
        for (member, file, call) in calls(self.workspace, &form.crates, &form.call) {
            if let Some(at) = self.operation(member, file, call, false) {
                operations[at].handlers.push(self.handler(member, file, call));
            }
        }
    }

    fn route(&mut self, config: &Operations, operations: &mut [OperationFact]) {
        let Some(form) = &config.routes else { return };
        for (member, file, call) in calls(self.workspace, &form.crates, &form.call) {
            let Some(at) = self.operation(member, file, call, true) else { continue };
            let method = call.arguments.iter().find_map(|argument| match argument {
                Operand::Path(path) => path.last().cloned(),
                _ => None,
            });
            let path = call.arguments.iter().find_map(|argument| match argument {
                Operand::Text(text) => Some(text.clone()),
                _ => None,
            });
            operations[at].routes.push(RouteFact {
                method: method.unwrap_or_default(),
                path: path.unwrap_or_default(),
                krate: member.name.clone(),
                module: call.module.clone(),
                at: file.place(call.at),
            });
        }
    }

    fn operation(&mut self, member: &Crate, file: &SourceFile, call: &Call, route: bool) -> Option<usize> {
        let request = call.types.first()?;
        let found = self.workspace.in_full(member, &call.module, request, false);
        let operation = self.index.find(self.workspace, &found);
        if operation.is_none() {
            let type_name = request.join("::");
            self.strays.push(Stray { type_name, is_route: route, at: file.place(call.at) });
        }
        operation
    }

    fn handler(&self, member: &Crate, file: &SourceFile, call: &Call) -> HandlerFact {
        let registered = file.place(call.at);
        let closure = HandlerFact {
            function: String::new(),
            krate: member.name.clone(),
            at: registered.clone(),
            registered: registered.clone(),
        };
        let Some(Operand::Path(path)) = call.arguments.first() else { return closure };
        let found = self.workspace.in_full(member, &call.module, path, false);
        let standing = found.iter().find_map(|path| self.function(path).map(|place| (path, place)));
        match standing {
            Some((path, (member, at))) => {
                HandlerFact { function: path.join("::"), krate: member.name.clone(), at, registered }
            }
            None => HandlerFact {
                function: found.last().map(|path| path.join("::")).unwrap_or_default(),
                ..closure
            },
        }
    }

    /// The function of this full path, and where it stands.
    fn function(&self, path: &[String]) -> Option<(&Crate, Place)> {
        let (first, inside) = path.split_first()?;
        let member = self.workspace.crates.iter().find(|member| in_code(&member.name) == *first)?;
        member.src().filter(|file| inside.starts_with(&file.module)).find_map(|file| {
            let function = file.facts.functions.iter().find(|function| {
                let names = function.module.iter().chain(&function.owner).chain([&function.name]);
                names.eq(inside)
            });
            function.map(|function| (member, file.place(function.at)))
        })
    }
}

/// The calls of that name outside tests.
fn calls<'a>(
    workspace: &'a Workspace,
    crates: &'a [String],
    name: &'a str,
) -> impl Iterator<Item = (&'a Crate, &'a SourceFile, &'a Call)> {
    workspace.listed(crates).flat_map(move |member| {
        let tests = member.test_modules();
        let files = member.src().filter(move |file| !tests.hold(file));
        files.flat_map(move |file| {
            let named = file.facts.calls.iter().filter(move |call| call.name == name && !call.in_test);
            named.map(move |call| (member, file, call))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_behind_their_key() {
        let text = "---\n[{ \"name\": \"a.b.c\",\n \"x\": \"a.b.d\" },\n{\"name\":\"name\"}, {\"name\": {}}]";
        assert_eq!(contract_names(text, "name"), [("a.b.c", 2), ("name", 4)]);
        assert_eq!(contract_names("\"name\"", "name"), []);
    }
}
