//! Broken on purpose, over a database that syncs nothing: everything waits for the disk, but intents do not.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::points::Passage;

/// What writes, but for `Ledger::record`. Where the gate only reads nothing is synced: that would keep intents too.
const WAITING: [&str; 4] = ["Ledger::settle", "Ledger::refuse", "Ledger::renew_lease", "UnitOfWork::commit"];

/// Syncs the database after each of these. So no answer is lost, and each intent is there once its call has ended; only
/// one whose call is upstream may be gone.
pub(super) struct SyncsAllButIntents {
    /// The log first: what is in it is in the database later.
    files: [PathBuf; 2],
}

impl SyncsAllButIntents {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { files: ["portcullis.db-wal", "portcullis.db"].map(|name| data_dir.join(name)) }
    }
}

impl Passage for SyncsAllButIntents {
    fn before(&self, _: &'static str) {}

    fn after(&self, point: &'static str) {
        if WAITING.contains(&point) {
            // A sync that fails shows as something else that is lost.
            let _ = self.files.iter().try_for_each(|file| File::open(file)?.sync_data());
        }
    }
}
