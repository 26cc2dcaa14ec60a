//! MCP servers, their tools, and the governed calls of those tools.

pub mod input;
pub mod invocation;
pub mod listening;
pub mod oauth;
pub mod operations;
pub mod ports;
pub mod progress;
pub mod server;
pub mod tool;
pub mod wire;
