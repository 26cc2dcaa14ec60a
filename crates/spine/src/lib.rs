//! The spine: the operation registry, the handlers of every domain, the bridges between them, and recovery.
//!
//! Never: SQL, HTTP or a concrete port; handlers see traits, and the facade decides what stands behind them.
//! Start: [`Spine`], then `operations.rs`, the table of every operation and its handler.

#![deny(clippy::disallowed_methods)]

mod admission;
mod api_keys;
mod authentication;
mod background;
mod bridges;
mod cancel;
mod client;
mod closing;
mod controls;
mod deadline;
pub mod dispatch_audit;
mod incidents;
pub mod input;
mod integrations;
mod logs;
pub mod operations;
pub mod options;
mod policies;
pub mod ports;
pub mod registry;
mod remembered;
pub mod scene;
mod spans;
mod spine;
mod taken;
mod tenants;
mod tenure;
mod tokens;
mod upstream_tokens;
mod watching;

pub use admission::Slot;
pub use background::Background;
pub use input::Input;
pub use logs::checkpoints::{CheckpointError, Checkpointer};
pub use logs::export::{ExportError, Exported, export};
pub use options::{CheckpointRules, KeyEnvironment, SpineOptions};
pub use ports::{CheckpointPorts, Ports};
pub use registry::{OperationRegistry, OperationSpec, RegistryError};
pub use spine::Spine;
pub use watching::{ConfigWatch, Watched};
