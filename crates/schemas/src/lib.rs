//! The vocabulary of Portcullis: ids, DTOs, enums, errors, operations and the ports that other crates implement.
//!
//! Never: no rule, no I/O, no workspace crate; only types, and the checks that make a value of a type valid.
//! Start: [`operation::Operation`], then the `operations` module of a domain, for example [`integrations::mcp`].
//!
//! Domains are modules with the same path in every layer crate. A domain's `ports` module holds the traits that
//! other crates implement; everything else in it is data.

#![deny(clippy::disallowed_methods)]

#[macro_use]
mod macros;

pub mod api_keys;
pub mod codes;
pub mod context;
pub mod controls;
pub mod egress;
pub mod error;
pub mod ids;
pub mod incidents;
pub mod integrations;
pub mod json;
pub mod logs;
pub mod operation;
pub mod paging;
pub mod policies;
pub mod principal;
pub mod runtime;
pub mod secret;
pub mod store;
pub mod tenants;
pub mod text;
pub mod timestamp;

pub use error::{Error, ErrorKind, PortError, PortErrorKind};
