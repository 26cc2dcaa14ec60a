//! The HTTP entry over a spine on in-memory ports: what a caller sees.

mod answers;
mod bodies;
mod happy_path;
mod headers;
mod keys;
mod listener;
mod log;
mod pages;
mod secrets;
mod support;
mod tenancy;
