//! MCP: registered servers and their tools, the immutable rows of calls, and the client that speaks to servers.

pub mod client;
pub mod invocations;
pub mod servers;
pub mod tools;
