//! `portcullis-mcp`: the Model Context Protocol on the wire, without I/O.
//!
//! What it is: the JSON-RPC envelope over raw JSON, small typed views of the messages of both protocol eras, header
//! values, an SSE parser, and three state machines: which era an upstream speaks ([`era`]), what a server must check
//! before it dispatches ([`ladder`]), and which part of a reply is the answer to our request ([`answer`]).
//!
//! Never: sockets, clocks, randomness, files, another workspace crate, or a typed model of
//! tools and results that would drop members it does not know. Raw JSON is kept byte for byte, because pins, audit
//! and relays need it so.
//!
//! Start: a client reads [`era::EraProbe`], [`answer::Collector`] and [`headers::standard_headers`]; a
//! server reads [`ladder::judge`] and the replies in [`messages`]. Whose tokens a server takes: [`authorization`].
//!
//! Source: MCP specification revisions 2026-07-28 and 2025-11-25 (basic, streamable HTTP, versioning, tools).

#![deny(clippy::disallowed_methods)]

pub mod answer;
pub mod authorization;
pub mod capabilities;
pub mod era;
pub mod headers;
pub mod jsonrpc;
pub mod ladder;
pub mod members;
pub mod messages;
pub mod meta;
pub mod scan;
pub mod sse;
pub mod uri_template;
pub mod version;
