//! The HTTP entry over a spine on in-memory ports: what a caller sees.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agents;
mod answers;
mod bodies;
mod calls;
mod federation;
mod happy_path;
mod headers;
mod keys;
mod listener;
mod load;
mod log;
mod pages;
mod rounds;
mod secrets;
mod support;
mod tenancy;
mod tokens;
