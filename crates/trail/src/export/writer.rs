//! Makes the lines of an export.

use std::collections::BTreeSet;

use super::FORMAT;
use crate::canonical::write_string;
use crate::digest::Digest;
use crate::note::SignedNote;
use crate::tree::{CompactRange, record_leaf};

/// Writes an export, line by line, into a buffer of the caller's; holds one run of hidden records as a few hashes.
/// Judges nothing: verify what was written.
#[derive(Debug)]
pub struct ExportWriter {
    /// The hidden records since the last line.
    hidden: CompactRange,
    checkpoints: u64,
}

impl ExportWriter {
    /// Writes the header. `tenants` are those whose records will be shown, `None` for all.
    pub fn begin(origin: &str, tenants: Option<&BTreeSet<String>>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"{\"format\":");
        write_string(FORMAT, out);
        out.extend_from_slice(b",\"origin\":");
        write_string(origin, out);
        out.extend_from_slice(b",\"tenants\":");
        match tenants {
            None => out.extend_from_slice(b"null"),
            Some(tenants) => {
                out.push(b'[');
                for (number, tenant) in tenants.iter().enumerate() {
                    if number > 0 {
                        out.push(b',');
                    }
                    write_string(tenant, out);
                }
                out.push(b']');
            }
        }
        out.extend_from_slice(b"}\n");
        Self { hidden: CompactRange::default(), checkpoints: 0 }
    }

    /// The log index of the next record.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.hidden.end()
    }

    /// Writes the record with the next log index, in its stored form.
    pub fn record(&mut self, record: &str, out: &mut Vec<u8>) {
        self.flush(out);
        let index = self.next_index();
        out.extend_from_slice(format!("{{\"index\":{index},\"record\":").as_bytes());
        out.extend_from_slice(record.as_bytes());
        out.extend_from_slice(b"}\n");
        self.hidden = CompactRange::starting_at(index + 1);
    }

    /// Takes the chain hash of the record with the next log index, which is of a tenant that is not shown.
    pub fn hide(&mut self, record_hash: &Digest) {
        self.hidden.push(0, record_leaf(record_hash));
    }

    /// Writes a checkpoint, whose size is [`next_index`](Self::next_index).
    pub fn checkpoint(&mut self, note: &SignedNote, out: &mut Vec<u8>) {
        self.flush(out);
        out.extend_from_slice(b"{\"checkpoint\":");
        write_string(&note.to_string(), out);
        out.extend_from_slice(format!(",\"number\":{}}}\n", self.checkpoints).as_bytes());
        self.checkpoints += 1;
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        for (index, node) in self.hidden.subtrees() {
            let (level, root) = (node.level, node.hash);
            out.extend_from_slice(
                format!("{{\"index\":{index},\"level\":{level},\"others\":\"{root}\"}}\n").as_bytes(),
            );
        }
        self.hidden = CompactRange::starting_at(self.hidden.end());
    }
}
