//! Conformance suites: the public functions that judge implementations of a port.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Conformance;
use crate::source::{Call, FileFacts, FunctionFact, MacroCall};
use crate::workspace::{Crate, Workspace};

/// Every suite, with the suites that it runs itself.
pub(super) struct Suites<'a> {
    form: &'a Conformance,
    inner: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Suites<'a> {
    pub(super) fn of(workspace: &Workspace, form: &'a Conformance) -> Self {
        let mut inner: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in workspace.listed(&form.crates).flat_map(Crate::src) {
            for function in file.facts.functions.iter().filter(|function| is_suite(form, function)) {
                let calls = file.facts.calls.iter().filter(|call| stands_in(function, call));
                let calls = calls.map(|call| call.name.clone());
                inner.entry(function.name.clone()).or_default().extend(calls);
            }
        }
        let known: BTreeSet<String> = inner.keys().cloned().collect();
        for calls in inner.values_mut() {
            calls.retain(|name| known.contains(name));
        }
        Self { form, inner }
    }

    /// The suites of a port that are there: those that the configuration gives it, else the one of its name.
    pub(super) fn of_port(&self, port: &str) -> Vec<String> {
        let given = self.form.suites.iter().filter(|entry| entry.port == port);
        let mut suites: Vec<String> = given.flat_map(|entry| entry.suites.iter().cloned()).collect();
        if suites.is_empty() {
            suites.push(snake_case(port));
        }
        suites.retain(|suite| self.inner.contains_key(suite));
        suites
    }

    /// The suites that a test runs, if it is one of these calls or macros.
    pub(super) fn run_by(&self, facts: &FileFacts, call: &Call) -> BTreeSet<String> {
        // Of most calls the name says enough.
        if call.method || !self.inner.contains_key(&call.name) {
            return BTreeSet::new();
        }
        let imported = |name: &str| {
            facts.aliases.iter().any(|alias| {
                let named = alias.name.as_deref().is_none_or(|called| called == name);
                named && self.leads_here(&alias.target)
            })
        };
        let is_suite = match call.receiver.first() {
            None => imported(&call.name),
            Some(first) => self.leads_here(&call.receiver) || imported(first),
        };
        if is_suite { self.with_inner([&call.name]) } else { BTreeSet::new() }
    }

    /// The suites that the rows of a macro name, in a file that names their module.
    pub(super) fn named_by(&self, facts: &FileFacts, call: &MacroCall) -> BTreeSet<String> {
        let named = self.with_inner(call.rows.iter().flat_map(|row| &row.idents));
        let here = !named.is_empty() && facts.names.iter().any(|name| self.leads_here(&name.segments));
        if here { named } else { BTreeSet::new() }
    }

    fn leads_here(&self, path: &[String]) -> bool {
        path.iter().any(|part| self.form.modules.contains(part))
    }

    fn with_inner<'b>(&self, names: impl IntoIterator<Item = &'b String>) -> BTreeSet<String> {
        let mut open: Vec<&String> = names.into_iter().collect();
        let mut all = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(inner) = self.inner.get(name).filter(|_| !all.contains(name)) {
                all.insert(name.clone());
                open.extend(inner);
            }
        }
        all
    }
}

fn is_suite(form: &Conformance, function: &FunctionFact) -> bool {
    let free = function.public && function.owner.is_none() && !function.in_test;
    free && function.module.iter().any(|part| form.modules.contains(part))
}

fn stands_in(function: &FunctionFact, call: &Call) -> bool {
    let (first, line) = (function.at.line, call.at.line);
    !call.method && call.module == function.module && (first..first + function.lines).contains(&line)
}

/// `McpServerStore` as a function: `mcp_server_store`. Several capitals in a row are one word.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && !letters[at - 1].is_uppercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_functions() {
        let cases = [
            ("Clock", "clock"),
            ("McpServerStore", "mcp_server_store"),
            ("MCPAuditEmitterPort", "mcp_audit_emitter_port"),
            ("S3Store", "s3_store"),
        ];
        for (port, suite) in cases {
            assert_eq!(snake_case(port), suite);
        }
    }
}
