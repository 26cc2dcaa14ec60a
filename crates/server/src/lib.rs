//! The server: configuration, telemetry, command line, signals, the demo; and the one place that wires it together.
//!
//! Never: a business rule; the server chooses ports and options, hands them to the spine, and serves the router.
//! Start: [`cli::run`], then [`running::start`], which is the server without signals and printing.

pub mod api_client;
mod audit;
pub mod cli;
pub mod config;
mod connect;
mod database;
pub mod demo;
mod metrics;
pub mod running;
mod serve;
pub mod telemetry;
mod wiring;
