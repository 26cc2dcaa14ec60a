//! Verifies an export line by line, and goes on behind whatever it finds.

use std::collections::BTreeSet;

use super::anchors::{Anchors, Comparison};
use super::chains::Chains;
use super::line::{Header, Line, is_tenant};
use super::scope::Scope;
use super::{Finding, FindingKind, TenantEnd, TenantHead, Verdict};
use crate::chain::StoredRecord;
use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::note::{Ed25519Verify, SignedNote, VerifierKey};
use crate::tree::record_leaf;

/// What the auditor brings along. None of it may come from where the export comes from.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The keys of the log; a key that was replaced stays in the list.
    pub keys: Vec<VerifierKey>,
    /// How a signature is checked.
    pub verify: Ed25519Verify,
    /// Checkpoints kept from before, already [opened](Checkpoint::open): the export must begin with each of them.
    pub checkpoints: Vec<Checkpoint>,
    /// Heads of tenants kept from before; the export must hold each of them.
    pub heads: Vec<TenantHead>,
}

/// Takes the lines of an export in order and says what does not hold. Holds for each tenant its name and one hash,
/// for the whole at most 63 hashes, and no record.
#[derive(Debug)]
pub struct ExportVerifier {
    keys: Vec<VerifierKey>,
    verify: Ed25519Verify,
    scope: Scope,
    header: Option<Header>,
    chains: Chains,
    anchors: Anchors,
    /// The findings of the line at hand.
    found: Vec<Finding>,
    lines: u64,
    next_checkpoint: u64,
    records: u64,
    hidden: u64,
    findings: u64,
}

/// What an export held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How much was shown.
    pub verdict: Verdict,
    /// How many things did not hold.
    pub findings: u64,
    /// How many records were shown and read.
    pub records: u64,
    /// How many records were hidden, as those of others.
    pub hidden: u64,
    /// How many tenants had records in it.
    pub tenants: u64,
    /// The signed checkpoints whose root was the computed one.
    pub checkpoints: u64,
    /// The signed checkpoints that could not be compared, because of something found before them.
    pub unproven: u64,
    /// The newest checkpoint whose root was the computed one. After a clean report: keep it for the next time.
    pub newest: Option<Checkpoint>,
    /// Where it ends for each tenant that was expected by name. None after a finding: there is nothing to keep then.
    pub ends: Vec<TenantEnd>,
}

impl ExportVerifier {
    /// The verification of an export of all tenants, from the first line on. One that hides records is refused,
    /// whatever its header says.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self::expecting(trust, Scope::All)
    }

    /// The verification of an export that shows these tenants and no other. They come from the auditor, and not from
    /// the export. That none of their newest records is hidden shows only against [`Trust::heads`]: see [`Verdict`].
    #[must_use]
    pub fn of_tenants(trust: Trust, tenants: BTreeSet<String>) -> Self {
        Self::expecting(trust, Scope::Tenants(tenants))
    }

    /// Takes the next line, without its line feed; what does not hold there. A line that is longer than
    /// [`MAX_LINE`](super::MAX_LINE) is one finding, so a reader may cut it off behind that.
    pub fn push(&mut self, line: &[u8]) -> Vec<Finding> {
        self.lines += 1;
        let line = Line::read(line);
        if (self.lines == 1) != matches!(line, Ok(Line::Header(_))) {
            self.no_header();
        }
        match line {
            Ok(Line::Header(header)) => self.header(header),
            Ok(Line::Record { index, record }) => self.record(index, record),
            Ok(Line::Others { index, level, root }) => self.others(index, level, root),
            Ok(Line::Checkpoint { number, note }) => self.checkpoint(number, &note),
            Err(error) => self.find(FindingKind::Line, None, error.to_string()),
        }
        self.meet_known();
        std::mem::take(&mut self.found)
    }

    /// What does not hold at the end, and the sum of it all.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Finding>, Report) {
        if self.lines == 0 {
            self.no_header();
        }
        self.meet_known();
        let end = self.anchors.next_index();
        match self.anchors.covered() {
            Some(covered) if covered == end => (),
            Some(covered) => self.find(
                FindingKind::Uncovered,
                Some(covered),
                format!("expected a checkpoint of size {end} at the end, found the newest at {covered}"),
            ),
            None => self.find(
                FindingKind::Uncovered,
                Some(0),
                "expected a checkpoint at the end that a trusted key signed, found none".to_owned(),
            ),
        }
        while let Some(known) = self.anchors.unreached() {
            let detail = format!("expected at least {} records, as known before, found {end}", known.size);
            self.find(FindingKind::RolledBack, Some(end), detail);
        }
        for (tenant, sequence) in self.chains.unreached() {
            let detail =
                format!("expected record {sequence} of tenant {tenant}, as known before, found none");
            self.find(FindingKind::RolledBack, None, detail);
        }
        self.report()
    }

    fn expecting(trust: Trust, scope: Scope) -> Self {
        Self {
            keys: trust.keys,
            verify: trust.verify,
            scope,
            header: None,
            chains: Chains::new(trust.heads),
            anchors: Anchors::new(trust.checkpoints),
            found: Vec::new(),
            lines: 0,
            next_checkpoint: 0,
            records: 0,
            hidden: 0,
            findings: 0,
        }
    }

    fn report(self) -> (Vec<Finding>, Report) {
        let chains = &self.chains;
        let ends = match self.findings {
            0 => self.scope.ends(|tenant| chains.newest(tenant), |head| chains.was_given(head)),
            _ => Vec::new(),
        };
        let (checkpoints, unproven, newest) = self.anchors.finish();
        let report = Report {
            verdict: Verdict::of(self.findings, &self.scope, &ends),
            findings: self.findings,
            records: self.records,
            hidden: self.hidden,
            tenants: chains.tenants(),
            checkpoints,
            unproven,
            newest,
            ends,
        };
        (self.found, report)
    }

    /// What comes after the header is held against it, so that an export of another kind is told once.
    fn header(&mut self, header: Header) {
        // A second one was found already.
        if self.header.is_none() {
            if let Some(detail) = self.scope.objection(header.tenants.as_ref()) {
                self.find(FindingKind::Scope, None, detail);
            }
            self.header = Some(header);
        }
    }

    fn record(&mut self, index: u64, bytes: &[u8]) {
        self.place(index);
        let record = match StoredRecord::read(bytes) {
            Ok(record) if is_tenant(record.tenant()) => record,
            other => {
                let reason = other.err().map_or("tenant has no printable name".to_owned(), |e| e.to_string());
                self.find(FindingKind::Line, Some(index), reason);
                return self.anchors.lose_record();
            }
        };
        self.records += 1;
        if !self.header.as_ref().is_none_or(|header| header.shows(record.tenant())) {
            let detail = "expected records of the tenants in the header only".to_owned();
            self.find_in(&record, index, FindingKind::Foreign, detail);
        }
        if let Some(broken) = self.chains.push(&record) {
            let detail = format!("expected {}, found {}", broken.expected, broken.found);
            self.find_in(&record, index, FindingKind::Chain(broken.kind), detail);
        }
        if let Some(known) = self.chains.rewritten(&record) {
            let detail = format!("expected hash {known}, as known before, found {}", record.hash());
            self.find_in(&record, index, FindingKind::Rewritten, detail);
        }
        // The stated hash: if the content was changed, that is found above, and the rest can still be proven.
        self.anchors.append(0, record_leaf(&record.hash()));
    }

    fn others(&mut self, index: u64, level: u32, root: Digest) {
        self.place(index);
        if self.header.as_ref().is_some_and(|header| header.tenants.is_none()) {
            let detail = "expected every record to be shown, as the header says".to_owned();
            self.find(FindingKind::Foreign, Some(index), detail);
        }
        if self.anchors.append(level, root) {
            self.hidden += 1 << level;
        } else {
            let detail = format!("expected an index that is a multiple of 2^{level}, below 2^53");
            self.find(FindingKind::Line, Some(index), detail);
        }
    }

    fn checkpoint(&mut self, number: u64, note: &SignedNote) {
        let size = self.anchors.next_index();
        if number != self.next_checkpoint {
            let due = self.next_checkpoint;
            let detail =
                format!("expected number {due}, found {number}: lines are missing, doubled or moved");
            self.find(FindingKind::Place, Some(size), detail);
        }
        self.next_checkpoint = number + 1;
        let checkpoint = match Checkpoint::open(note, &self.keys, self.verify) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return self.find(FindingKind::Signature, Some(size), error.to_string()),
        };
        if self.header.as_ref().is_some_and(|header| header.origin != checkpoint.origin) {
            let detail = "expected a checkpoint of the log that the header names".to_owned();
            self.find(FindingKind::Signature, Some(size), detail);
        }
        if checkpoint.size != size {
            let detail =
                format!("expected a checkpoint of size {size} here, found one of {}", checkpoint.size);
            return self.find(FindingKind::Place, Some(size), detail);
        }
        let signed = checkpoint.root;
        if let Comparison::Differs { computed } = self.anchors.meet_signed(checkpoint) {
            let from = self.anchors.proven_size();
            let detail =
                format!("expected root {signed}, found {computed}: not the records from log index {from} on");
            self.find(FindingKind::Root, Some(size), detail);
        }
    }

    /// Sees to it that the line stands at its index.
    fn place(&mut self, index: u64) {
        let due = self.anchors.next_index();
        if index != due {
            let detail = format!("expected {due}, found {index}: lines are missing, doubled or moved");
            self.find(FindingKind::Index, Some(index), detail);
            self.anchors.jump(index);
        }
    }

    fn meet_known(&mut self) {
        while let Some((known, comparison)) = self.anchors.meet_known() {
            let (kind, detail) = match comparison {
                Comparison::Same => continue,
                Comparison::Differs { computed } => (
                    FindingKind::Rewritten,
                    format!("expected root {}, as known before, found {computed}", known.root),
                ),
                // Something was found before that says why.
                Comparison::Impossible if !self.anchors.is_whole() => continue,
                Comparison::Impossible => (
                    FindingKind::Obscured,
                    format!("expected an export with the checkpoint of size {}", known.size),
                ),
            };
            self.find(kind, Some(known.size), detail);
        }
    }

    fn no_header(&mut self) {
        let detail = format!("expected the header of {} on line 1 and nowhere else", super::FORMAT);
        self.find(FindingKind::Header, None, detail);
    }

    fn find_in(&mut self, record: &StoredRecord<'_>, index: u64, kind: FindingKind, detail: String) {
        self.find(kind, Some(index), detail);
        if let Some(finding) = self.found.last_mut() {
            finding.tenant = Some(record.tenant().to_owned());
            finding.sequence = Some(record.sequence());
        }
    }

    fn find(&mut self, kind: FindingKind, index: Option<u64>, detail: String) {
        self.findings += 1;
        self.found.push(Finding { line: self.lines, index, tenant: None, sequence: None, kind, detail });
    }
}

impl Header {
    fn shows(&self, tenant: &str) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.contains(tenant))
    }
}
