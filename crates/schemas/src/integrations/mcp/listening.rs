//! Hearing from a server that its lists have changed.

use std::fmt;
use std::sync::Arc;

use super::tool::ItemKind;

/// Which lists of a server somebody wants to hear of, and who is told.
#[derive(Clone, Debug)]
pub struct ListWatch {
    /// Those that the server says it tells of. Templates are in the list of resources.
    pub lists: Vec<ItemKind>,
    /// Who is told.
    pub sink: ChangeSink,
}

/// Where it goes that lists may have changed. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ChangeSink(Arc<dyn Fn() + Send + Sync>);

impl ChangeSink {
    /// Tells this function, which must not block, and may be told often.
    pub fn new(take: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// A list may be another one than before: the server says so, or begins to be heard only now.
    pub fn tell(&self) {
        (self.0)();
    }
}

impl fmt::Debug for ChangeSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeSink(..)")
    }
}
