//! What reaches the outside: the database, the one egress function, the MCP client transport, time and randomness.
//!
//! Never: no business rule, no commit of a unit of work that a handler opened, no row type outside of this crate.
//! Start: [`database::Database`] and [`uow::SqlStore`] for persistence, [`egress`] for everything that opens a socket.
//!
//! Rows and queries are private; what other crates see are the ports of `portcullis-schemas` and the types that
//! implement them. Every query of a tenant's data starts from [`tenancy`].

pub mod api_keys;
mod bulk;
pub mod controls;
pub mod database;
pub mod egress;
pub mod incidents;
pub mod integrations;
pub mod ledger;
pub mod logs;
mod paging;
pub mod policies;
mod rows;
pub mod system;
mod tenancy;
pub mod tenants;
pub mod uow;
