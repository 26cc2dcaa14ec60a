//! What an upstream tells of a call while it is at work.

use std::fmt;
use std::sync::Arc;

use crate::json::RawJson;

/// Where the progress of one exchange goes. Cheap to clone; all clones are one.
///
/// What goes there is content of the upstream before any outcome is on record: a caller gets it only if it has asked.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(RawJson) + Send + Sync>);

impl ProgressSink {
    /// Hands each notification to this function, which must not block: what it cannot take at once it drops.
    pub fn new(take: impl Fn(RawJson) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// The `params` of a `notifications/progress`. The token in them is the client's own; the rest is untrusted.
    pub fn tell(&self, params: RawJson) {
        (self.0)(params);
    }
}

impl fmt::Debug for ProgressSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressSink(..)")
    }
}
