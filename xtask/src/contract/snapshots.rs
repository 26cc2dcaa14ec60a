//! Where each contract's snapshots lie, and reading them from both sides.

use std::collections::BTreeMap;
use std::path::Path;

use super::change::{Change, Contract};
use super::revision::Revision;
use super::{codes, events, help, operations, ports, public_items, routes, tables};

/// The snapshots of one contract on one side: text without insta's header, by short name (`sqlite`).
type Snapshots = BTreeMap<String, String>;

/// Compares one snapshot, given its short name and both texts. The error says what cannot be read.
type Compare = fn(&str, &str, &str) -> Result<Vec<Change>, String>;

/// A contract, where it lies, and how it is compared.
pub(crate) struct Source {
    pub(crate) contract: Contract,
    folder: &'static str,
    /// How the names of its files end. What stands before it, from the last `__` on, is the short name.
    ends: &'static str,
    compare: Compare,
}

/// Every contract. A snapshot that moves, moves here as well.
pub(crate) const SOURCES: &[Source] = &[
    Source {
        contract: Contract::Operations,
        folder: "crates/spine/tests/it/snapshots",
        ends: "__operations.snap",
        compare: operations::compare,
    },
    Source {
        contract: Contract::Codes,
        folder: "crates/spine/tests/it/snapshots",
        ends: "__error_codes.snap",
        compare: codes::compare,
    },
    Source {
        contract: Contract::Routes,
        folder: "crates/api/src/routes/snapshots",
        ends: "__the_table_is_a_contract.snap",
        compare: routes::compare,
    },
    Source {
        contract: Contract::Ports,
        folder: "crates/schemas/tests/snapshots",
        ends: "__port_surfaces.snap",
        compare: ports::compare,
    },
    Source {
        contract: Contract::Tables,
        folder: "crates/drivers/src/database/snapshots",
        ends: "_schema.snap",
        compare: tables::compare,
    },
    Source {
        contract: Contract::Events,
        folder: "crates/engines/src/logs/emitter/snapshots",
        ends: "_is_a_contract.snap",
        compare: events::compare,
    },
    Source {
        contract: Contract::PublicItems,
        folder: "crates/portcullis/tests/snapshots",
        ends: "__the_public_items_are_a_contract.snap",
        compare: public_items::compare,
    },
    Source {
        contract: Contract::Help,
        folder: "crates/server/src/snapshots",
        ends: "__the_help_is_a_contract.snap",
        compare: help::compare,
    },
];

impl Source {
    /// The changes of this contract from `revision` to the tree in `root`.
    pub(crate) fn compare(&self, revision: &Revision<'_>, root: &Path) -> Result<Vec<Change>, String> {
        self.changes(&self.before(revision)?, &self.now(root)?)
    }

    fn changes(&self, before: &Snapshots, now: &Snapshots) -> Result<Vec<Change>, String> {
        let contract = self.contract;
        if now.is_empty() {
            return Err(format!(
                "{}: no snapshot at {}/*{}, so nothing can be compared; write it by running its test with \
                 INSTA_UPDATE=always, or mend SOURCES in xtask/src/contract/snapshots.rs if it moved",
                contract.name(),
                self.folder,
                self.ends
            ));
        }
        if before.is_empty() {
            return Ok(vec![contract.compatible("all", "new: the revision had no snapshot of it")]);
        }
        let mut changes = Vec::new();
        for (name, old) in before {
            match now.get(name) {
                Some(new) => changes.extend(self.judge(name, old, new)?),
                None => changes.push(contract.breaks(name, "removed", "it is gone for those who rely on it")),
            }
        }
        for name in now.keys().filter(|name| !before.contains_key(*name)) {
            changes.push(match contract {
                Contract::Events => contract.review(name, "added", "readers of the trail meet a new event"),
                _ => contract.compatible(name, "added"),
            });
        }
        Ok(changes)
    }

    /// The changes of one snapshot.
    pub(super) fn judge(&self, name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
        (self.compare)(name, old, new).map_err(|error| {
            let side =
                if (self.compare)(name, old, old).is_err() { "of the revision" } else { "in the tree" };
            format!("{}/*{name}{}, {side}: {error}", self.folder, self.ends)
        })
    }

    fn before(&self, revision: &Revision<'_>) -> Result<Snapshots, String> {
        let mut snapshots = Snapshots::new();
        for path in revision.files(self.folder)? {
            if let Some(name) = self.short_name(&path) {
                snapshots.insert(name, body(&path, &revision.read(&path)?)?);
            }
        }
        Ok(snapshots)
    }

    /// The snapshots in the tree.
    pub(super) fn now(&self, root: &Path) -> Result<Snapshots, String> {
        let mut snapshots = Snapshots::new();
        let Ok(entries) = std::fs::read_dir(root.join(self.folder)) else {
            return Ok(snapshots);
        };
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", self.folder))?;
            let path = format!("{}/{}", self.folder, entry.file_name().to_string_lossy());
            if let Some(name) = self.short_name(&path) {
                let text =
                    std::fs::read_to_string(entry.path()).map_err(|error| format!("{path}: {error}"))?;
                snapshots.insert(name, body(&path, &text)?);
            }
        }
        Ok(snapshots)
    }

    /// `sqlite` of `.../portcullis_drivers__database__tests__sqlite_schema.snap`, if the file is one of this contract.
    fn short_name(&self, path: &str) -> Option<String> {
        let file = path.rsplit('/').next()?;
        let stem = file.strip_suffix(self.ends)?;
        Some(stem.rsplit("__").next()?.to_owned())
    }
}

/// The text of a snapshot without insta's header.
fn body(path: &str, text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    text.strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map(|(_, body)| body.to_owned())
        .ok_or_else(|| {
            format!("{path}: not a snapshot of insta: it begins with no header between two lines `---`")
        })
}
