//! Ports with their implementations and what tests them.

use std::collections::HashMap;

use super::conformance::Suites;
use super::trials::Trials;
use super::{ImplementationFact, PortFact};
use crate::config::{Config, Ports};
use crate::source::{ImplFact, SourceFile, TraitFact};
use crate::workspace::{Crate, Workspace, in_code};

/// Every port; `None` where none are configured.
pub(super) fn all(workspace: &Workspace, config: &Config) -> Option<Vec<PortFact>> {
    let config = config.ports.as_ref()?;
    let suites = config.conformance.as_ref().map(|form| Suites::of(workspace, form));
    let mut index = HashMap::new();
    let mut ports = Vec::new();
    for (member, file, port) in traits(workspace, config) {
        let path = std::iter::once(in_code(&member.name)).chain(port.module.iter().cloned());
        index.insert(path.chain([port.name.clone()]).collect::<Vec<_>>(), ports.len());
        let domain = port.module.first().filter(|first| !config.modules.contains(first));
        ports.push(PortFact {
            name: port.name.clone(),
            domain: domain.cloned().unwrap_or_default(),
            krate: member.name.clone(),
            at: file.place(port.at),
            methods: port.methods.iter().map(|method| method.name.clone()).collect(),
            suites: suites.as_ref().map(|suites| suites.of_port(&port.name)).unwrap_or_default(),
            implementations: Vec::new(),
        });
    }
    let index = Index { workspace, ports: index };
    for member in &workspace.crates {
        let found = implementations(&index, member);
        if found.is_empty() {
            continue;
        }
        let trials = suites.as_ref().map(|suites| Trials::of(member, suites));
        for (port, mut fact) in found {
            let port = &mut ports[port];
            fact.tested_in =
                trials.as_ref().map(|trials| trials.of_type(&fact, &port.suites)).unwrap_or_default();
            port.implementations.push(fact);
        }
    }
    Some(ports)
}

/// Every port: a trait in a module of a configured name, outside tests.
pub(crate) fn traits<'a>(
    workspace: &'a Workspace,
    config: &'a Ports,
) -> impl Iterator<Item = (&'a Crate, &'a SourceFile, &'a TraitFact)> {
    workspace.listed(&config.crates).flat_map(move |member| {
        member.src().flat_map(move |file| {
            let traits = file.facts.traits.iter().filter(|port| !port.in_test);
            let ports = traits.filter(|port| port.module.iter().any(|part| config.modules.contains(part)));
            ports.map(move |port| (member, file, port))
        })
    })
}

struct Index<'a> {
    workspace: &'a Workspace,
    ports: HashMap<Vec<String>, usize>,
}

impl Index<'_> {
    /// The port that an implementation is of. A path that cannot be followed means the only port of its name.
    fn port(&self, member: &Crate, file: &SourceFile, fact: &ImplFact) -> Option<usize> {
        let last = fact.of_trait.last()?;
        let renamed = || file.facts.aliases.iter().find(|alias| alias.name.as_ref() == Some(last));
        let named = |name: &String| self.ports.keys().any(|path| path.last() == Some(name));
        if !named(last) && !renamed().and_then(|alias| alias.target.last()).is_some_and(named) {
            return None;
        }
        let found = self.workspace.in_full(member, &fact.module, &fact.of_trait, false);
        let by_path = found.iter().find_map(|path| self.ports.get(path)).copied();
        if by_path.is_some() || found.iter().any(|path| self.workspace.is_known(path)) {
            return by_path;
        }
        let mut of_name = self.ports.iter().filter(|(path, _)| path.last() == Some(last));
        of_name.next().filter(|_| of_name.next().is_none()).map(|(_, port)| *port)
    }
}

/// The implementations of ports in a member, outside tests.
fn implementations(index: &Index<'_>, member: &Crate) -> Vec<(usize, ImplementationFact)> {
    let tests = member.test_modules();
    let mut found = Vec::new();
    for file in member.src().filter(|file| !tests.hold(file)) {
        for fact in file.facts.impls.iter().filter(|fact| !fact.in_test) {
            let Some(port) = index.port(member, file, fact) else { continue };
            let implementation = ImplementationFact {
                type_name: fact.for_type.clone(),
                krate: member.name.clone(),
                module: fact.module.clone(),
                at: file.place(fact.at),
                tested_in: Vec::new(),
            };
            found.push((port, implementation));
        }
    }
    found
}
