//! Business rules of Portcullis, per domain: decisions as pure functions, and the flow of the governed call.
//!
//! Never: no clock, randomness, filesystem, network, ORM or HTTP; what crosses the edge is a port of the vocabulary.
//! Start: [`integrations::mcp`], then its `decision` and `invocation` modules.

#![deny(clippy::disallowed_methods)]

pub mod api_keys;
mod caught;
pub mod controls;
mod framed;
pub mod incidents;
pub mod integrations;
mod json_strings;
pub mod logs;
pub mod policies;
pub mod redaction;
pub mod results;
mod schema_bounds;
pub mod upstream_tokens;
mod words;

pub use caught::caught;
pub use framed::framed;
