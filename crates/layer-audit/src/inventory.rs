//! What a workspace offers, read from its source: operations with their handlers and routes, the engines behind them,
//! ports with their suites and implementations.
//!
//! Rules judge these facts, and documents print them. Empty where `layers.toml` does not say what they are.

mod conformance;
mod declared;
mod dispatch;
mod engines;
mod ports;
mod trials;

pub(crate) use conformance::snake_case;
pub(crate) use dispatch::{contract_names, table};
pub(crate) use ports::traits;

use crate::config::Config;
use crate::finding::Place;
use crate::workspace::Workspace;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationFact {
    /// Its name; empty if the declaration gives none.
    pub name: String,
    /// The type that is its request.
    pub request_type: String,
    /// The type of its answer, as far as the declaration shows it: a macro's row does, a trait's constants do not.
    pub output_type: Option<String>,
    /// What the caller must hold.
    pub authority: Option<String>,
    /// What it does to the world.
    pub effect: Option<String>,
    /// One line about it.
    pub summary: Option<String>,
    /// First part of its name.
    pub domain: String,
    /// The member that declares it.
    pub krate: String,
    /// Where.
    pub declared: Place,
    /// Its handlers; one, if all is well.
    pub handlers: Vec<HandlerFact>,
    /// Its routes.
    pub routes: Vec<RouteFact>,
    /// Its name stands in the snapshot of the contract.
    pub in_contract: bool,
}

/// A registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerFact {
    /// Path of the function, the crate as code spells it first; empty for a closure.
    pub function: String,
    /// The member that holds it.
    pub krate: String,
    /// Where the function stands, or the registration if the function cannot be found.
    pub at: Place,
    /// Where it is registered.
    pub registered: Place,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFact {
    /// Method, as the table spells it.
    pub method: String,
    /// Path pattern.
    pub path: String,
    /// The member that holds the table.
    pub krate: String,
    /// Modules that hold it.
    pub module: Vec<String>,
    /// Where.
    pub at: Place,
}

/// A file of a member that is there for operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFact {
    /// The member.
    pub krate: String,
    /// Path of its module, with `::`.
    pub module: String,
    /// First module of the path.
    pub domain: String,
    /// The file.
    pub file: String,
    /// Who reaches it.
    pub standing: EngineStanding,
}

/// Who reaches an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineStanding {
    /// A handler, or another root.
    Wired,
    /// Only a member of the entry, past all operations.
    Direct,
    /// Nobody outside of tests.
    Orphaned,
}

/// A port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFact {
    /// The trait.
    pub name: String,
    /// First module that holds it; empty if only the module of ports does.
    pub domain: String,
    /// The member that declares it.
    pub krate: String,
    /// Where.
    pub at: Place,
    /// Its methods.
    pub methods: Vec<String>,
    /// The suites that judge its implementations, of which one must run; none where no suite is configured or found.
    pub suites: Vec<String>,
    /// Its implementations outside tests.
    pub implementations: Vec<ImplementationFact>,
}

/// An implementation of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementationFact {
    /// The type, without its path.
    pub type_name: String,
    /// The member that holds it.
    pub krate: String,
    /// Modules that hold it.
    pub module: Vec<String>,
    /// Where.
    pub at: Place,
    /// Files of that member in which a suite of the port runs, beside code that names the type or what hands it out.
    pub tested_in: Vec<String>,
}

/// All operations, by name.
pub fn operations(workspace: &Workspace, config: &Config) -> Vec<OperationFact> {
    let mut operations = table(workspace, config).map(|table| table.operations).unwrap_or_default();
    operations.sort_by(|a, b| (&a.name, &a.declared).cmp(&(&b.name, &b.declared)));
    operations
}

/// The files that are there for operations, by path. Files that only declare modules and re-export are left out.
pub fn engines(workspace: &Workspace, config: &Config) -> Vec<EngineFact> {
    engines::all(workspace, config).unwrap_or_default()
}

/// All ports, by file and line.
pub fn ports(workspace: &Workspace, config: &Config) -> Vec<PortFact> {
    ports::all(workspace, config).unwrap_or_default()
}
