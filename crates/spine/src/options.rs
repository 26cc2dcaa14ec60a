//! Settings of the spine.

use std::time::Duration;

pub use portcullis_engines::api_keys::key_text::KeyEnvironment;

/// Settings that an operator may change. The defaults are those of the limits in ARCHITECTURE.md.
#[derive(Clone, Debug)]
pub struct SpineOptions {
    /// The `<env>` part of new API keys, so that one can tell a test key from a live one.
    pub environment: KeyEnvironment,
    /// The longest that a tool call may take. Default 30 s, at most 300 s.
    pub call_deadline: Duration,
    /// The longest that a discovery may take. Default 60 s.
    pub discovery_deadline: Duration,
    /// The longest that a health check may take. Default 10 s.
    pub health_deadline: Duration,
}

impl SpineOptions {
    /// The default limits, with this environment.
    pub fn new(environment: KeyEnvironment) -> Self {
        Self {
            environment,
            call_deadline: Duration::from_secs(30),
            discovery_deadline: Duration::from_secs(60),
            health_deadline: Duration::from_secs(10),
        }
    }
}
