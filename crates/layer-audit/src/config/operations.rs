//! Operations: where they are declared, registered, routed and written down, and the engines that they reach.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What an operation is here. A rule whose key is absent is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// Members that declare operations.
    pub crates: Vec<String>,
    /// A macro that declares one in each row: `Request => Output, "name", Authority, Effect, "summary";`.
    #[serde(rename = "macro")]
    pub macro_call: Option<MacroForm>,
    /// A trait that a request type implements: `const NAME: &str = "..";`.
    #[serde(rename = "trait")]
    pub of_trait: Option<TraitForm>,
    /// Parts of a name, between its dots.
    pub name_parts: Option<usize>,
    /// What an operation may ask of its caller.
    #[serde(default)]
    pub authorities: Vec<String>,
    /// The call that gives an operation its handler: `registry.on::<Request>(handler)`.
    pub register: Option<CallForm>,
    /// The call that gives an operation its route: `route::<Request>(GET, "/path")`.
    pub routes: Option<RouteForm>,
    /// The snapshot of the contract.
    pub contract: Option<Contract>,
    /// Members whose modules are there for operations.
    #[serde(default)]
    pub rules_crates: Vec<String>,
    /// Members of the entry: what only they name is no part of any operation.
    #[serde(default)]
    pub entry_crates: Vec<String>,
    /// Modules besides handlers that engines serve.
    #[serde(default)]
    pub roots: Vec<Root>,
    /// Operations that need no route.
    #[serde(default)]
    pub without_route: Vec<OperationExempt>,
    /// Operations that need no handler.
    #[serde(default)]
    pub without_handler: Vec<OperationExempt>,
    /// Domains whose handlers may name another domain's engines.
    #[serde(default)]
    pub crossings: Vec<Crossing>,
}

/// A macro and its rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroForm {
    /// Its name.
    pub name: String,
    /// What the string literals of a row are, in order: of `name`, `summary`, `authority`, `effect`.
    pub texts: Vec<String>,
    /// What the last identifiers of a row are, in order: the same words. The request type stands first.
    pub idents: Vec<String>,
}

/// A trait and its constants.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraitForm {
    /// Its name.
    pub name: String,
    /// `name`, `summary`, `authority`, `effect`: the constant that holds it.
    pub constants: BTreeMap<String, String>,
}

/// A call of one type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallForm {
    /// Members that make it.
    pub crates: Vec<String>,
    /// The function or method.
    pub call: String,
}

/// The call that makes a route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteForm {
    /// Members that make it.
    pub crates: Vec<String>,
    /// The function or method.
    pub call: String,
    /// What every path begins with before its domain: `/v1`.
    #[serde(default)]
    pub prefix: String,
    /// What names a route's domain.
    #[serde(default)]
    pub domain: RouteDomain,
    /// Routes that stand under another domain.
    #[serde(default)]
    pub foreign: Vec<ForeignRoute>,
}

/// What names a route's domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteDomain {
    /// The first segment of its path, hyphens read as underscores.
    #[default]
    Path,
    /// A module that the table stands in.
    Module,
}

/// A route that stands under another domain than its operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignRoute {
    /// Its path.
    pub path: String,
    /// Reason.
    pub because: String,
}

/// Where the contract is written down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The file, relative to the workspace root.
    pub file: String,
    /// The key whose string is an operation's name: `name` for `"name": "tools.get"`.
    pub key: String,
}

/// A module that handlers do not lead to, and that engines serve all the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The member.
    #[serde(rename = "crate")]
    pub name: String,
    /// The module's path, with `::`.
    pub module: String,
    /// Reason.
    pub because: String,
}

/// An operation that a rule lets off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationExempt {
    /// Its name.
    pub operation: String,
    /// Reason.
    pub because: String,
}

/// A domain whose handlers may name another's engines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Domain of the handlers.
    pub from: String,
    /// Domain of the engines.
    pub to: String,
    /// Reason.
    pub because: String,
}

impl Operations {
    /// Every reason, with its section.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let foreign = self.routes.iter().flat_map(|routes| &routes.foreign);
        (self.roots.iter().map(|entry| ("operations.roots", &entry.because)))
            .chain(self.without_route.iter().map(|entry| ("operations.without_route", &entry.because)))
            .chain(self.without_handler.iter().map(|entry| ("operations.without_handler", &entry.because)))
            .chain(self.crossings.iter().map(|entry| ("operations.crossings", &entry.because)))
            .chain(foreign.map(|entry| ("operations.routes.foreign", &entry.because)))
    }

    /// Every member that it names, with its key.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let register = self.register.iter().flat_map(|form| &form.crates);
        let routes = self.routes.iter().flat_map(|form| &form.crates);
        (self.crates.iter().map(|name| ("[operations] crates", name)))
            .chain(register.map(|name| ("[operations] register", name)))
            .chain(routes.map(|name| ("[operations] routes", name)))
            .chain(self.rules_crates.iter().map(|name| ("[operations] rules_crates", name)))
            .chain(self.entry_crates.iter().map(|name| ("[operations] entry_crates", name)))
            .chain(self.roots.iter().map(|entry| ("[[operations.roots]]", &entry.name)))
    }
}
