//! The export of a trail: a text that an auditor verifies alone, with a public key and an old checkpoint.
//!
//! Every line is one object of canonical JSON and ends in a line feed:
//!
//! ```text
//! {"format":"portcullis-trail-export/1","origin":"portcullis.example/trail","tenants":null}
//! {"index":0,"record":{"event_type":"tool_invocation.requested",...,"sequence":1,"tenant_id":"t_a"}}
//! {"index":1,"level":3,"others":"9f86d081..."}
//! {"checkpoint":"portcullis.example/trail\n9\nCsUYapGG...\n\n— portcullis.example/trail Az3grlgt...\n","number":0}
//! ```
//!
//! - The header comes first. `tenants` lists the tenants whose records are shown, sorted; `null` means all of them.
//! - Records stand in the order of the tree ([`crate::tree`]), each in its stored form, byte for byte.
//! - `others` stands for the 2^`level` records from `index` on, all of tenants that are not shown: the root of their
//!   subtree takes the place of their leaves, so the roots can still be computed and nothing is given away.
//! - A checkpoint stands where its size says; those of an export are numbered, so that none is missed. The last line
//!   is one: an export ends at what was signed.
//!
//! [`ExportWriter`] makes the lines, [`ExportVerifier`] judges them.
//!
//! # What verification shows, and what it cannot
//!
//! Each record is as it was written, each tenant's chain has no gap, and the whole is what the holder of the key has
//! signed. An export that was cut off right behind a checkpoint is a true export of that day; so is one of a database
//! that was put back. Only a newer checkpoint that was kept elsewhere tells: see [`Trust::checkpoints`].
//!
//! The header is no part of what was signed, and `others` can stand for anybody's records. So the auditor says what is
//! expected: everything ([`ExportVerifier::new`]), or some tenants ([`ExportVerifier::of_tenants`]), and an export of
//! another kind is refused. One of some tenants could still pass off their newest records as those of others. Only a head
//! that was kept elsewhere tells: see [`Trust::heads`], and [`Verdict`] for how much was shown without.

mod anchors;
mod chains;
mod finding;
mod line;
mod scope;
mod verifier;
mod writer;

pub use finding::{Finding, FindingKind};
pub(crate) use line::Line;
pub use line::MAX_LINE;
pub use scope::{TenantEnd, TenantHead, Verdict};
pub use verifier::{ExportVerifier, Report, Trust};
pub use writer::ExportWriter;

/// What the header says about the form of the lines.
pub const FORMAT: &str = "portcullis-trail-export/1";

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
