//! `contract diff REV`: what changed in the contracts between a git revision and the working tree, and whom it breaks.
//!
//! The contracts are the committed snapshots; that they are true to the code is what the tests hold. Not compared: what
//! follows from these (OpenAPI, the pages of `/docs`), and wording.
//! Start: [`diff`], then `snapshots.rs`, which says what lies where.

mod change;
mod codes;
mod events;
mod help;
mod operations;
mod ports;
mod public_items;
mod report;
mod revision;
mod routes;
mod schema;
mod snapshots;
mod tables;

use std::path::Path;

use layer_audit::Exit;

use crate::audit::Said;
use report::Report;
use revision::Revision;

/// Compares the contracts of the revision `rev` with those of the tree in `root`.
///
/// Exit: 0 nothing breaks, 1 at least one change breaks somebody, 3 no comparison: an unknown revision, or a snapshot
/// that is missing or cannot be read.
pub(crate) fn diff(root: &Path, rev: &str, json: bool) -> Said {
    compare(root, rev)
        .and_then(|report| {
            let exit = if report.breaks() { Exit::Violations } else { Exit::Clean };
            let text = if json { report.json()? } else { report.text() };
            Ok(Said { text, exit })
        })
        .unwrap_or_else(|message| Said::unusable(&message))
}

fn compare(root: &Path, rev: &str) -> Result<Report, String> {
    let revision = Revision::resolve(root, rev)?;
    let mut changes = Vec::new();
    for source in snapshots::SOURCES {
        changes.extend(source.compare(&revision, root)?);
    }
    Ok(Report::new(rev, &revision.commit, changes))
}

#[cfg(test)]
mod tests;
