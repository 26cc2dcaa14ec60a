//! Makes checkpoints of the trail, and keeps copies of them outside of the database.
//!
//! Every replica looks once a second. Of several that find a checkpoint due at the same time one stores it; the others
//! are refused by the database and go on. Each replica exports to a sink of its own whatever that lacks, so a crash
//! between a commit and its export is made up for by the next look.

use std::fmt;
use std::sync::Arc;

use portcullis_engines::logs::checkpoints::{
    CheckpointRefusal, CheckpointRules, LogKeys, NextCheckpoint, check_covered, check_kept, fresh,
};
use portcullis_schemas::codes;
use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, KeptCheckpoint, StoredCheckpoint};
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::store::Store;
use portcullis_schemas::{PortError, PortErrorKind};
use portcullis_vault::signing::verify_ed25519;

use crate::ports::{CheckpointPorts, Ports};

/// Records read at a time.
const BATCH: u16 = 500;
/// The most records that one checkpoint adds. A database that has never had one gets several, one after the other.
const MOST_RECORDS: u64 = 20_000;
/// Checkpoints exported before the connection is given back.
const EXPORTS: u16 = 100;

/// Makes and exports checkpoints.
#[derive(Clone)]
pub struct Checkpointer {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ports: CheckpointPorts,
    rules: CheckpointRules,
}

/// Whether a checkpoint is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// When the rules say so.
    Due,
    /// When any record is not covered, or there is no checkpoint.
    Now,
}

/// Why no checkpoint was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It would not fit what was signed before.
    #[error("no checkpoint is signed: {0}")]
    Refused(#[from] CheckpointRefusal),
    /// The store, the signer or the sink failed.
    #[error("no checkpoint could be made: {0}")]
    Port(#[from] PortError),
}

/// What sink and database say.
struct Seen {
    outside: Option<KeptCheckpoint>,
    newest: Option<StoredCheckpoint>,
    coverage: Vec<ChainCoverage>,
}

impl Checkpointer {
    /// On these ports; `None` if they sign no checkpoints.
    pub fn new(ports: &Ports, rules: CheckpointRules) -> Option<Self> {
        let (store, clock) = (Arc::clone(&ports.store), Arc::clone(&ports.clock));
        ports.checkpoints.clone().map(|ports| Self::over(store, clock, ports, rules))
    }

    /// On a store alone, without the other ports of a spine.
    pub fn over(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ports: CheckpointPorts,
        rules: CheckpointRules,
    ) -> Self {
        Self { store, clock, ports, rules }
    }

    /// Exports what the sink lacks, and makes a checkpoint if one is due. The number of the newest one that was made.
    ///
    /// # Errors
    /// [`CheckpointError`]; nothing was signed that does not fit. What was stored is exported by the next look.
    pub async fn look(&self) -> Result<Option<u64>, CheckpointError> {
        self.run(When::Due).await
    }

    /// As [`look`](Self::look), but makes a checkpoint of whatever is recorded by now. Without new records the newest
    /// one stays.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub async fn make_now(&self) -> Result<Option<u64>, CheckpointError> {
        self.run(When::Now).await
    }

    async fn run(&self, when: When) -> Result<Option<u64>, CheckpointError> {
        let keys = LogKeys::new(&self.rules.origin, &self.ports.signer.public_keys(), verify_ed25519)?;
        let mut made = None;
        loop {
            let seen = self.see().await?;
            self.export_missing(&seen).await?;
            // At every look, not just when more is to be signed: a tail that was cut would otherwise go unnoticed until it
            // has grown again. What was signed before goes out first: it is what a changed database is held against.
            check_covered(seen.newest.as_ref(), &seen.coverage)?;
            if !self.is_wanted(&seen, when) {
                return Ok(made);
            }
            let Some(checkpoint) = self.make(&seen, &keys).await? else { return Ok(made) };
            self.ports.sink.keep(&kept(&checkpoint)).await?;
            tracing::info!(
                number = checkpoint.number,
                size = checkpoint.size,
                "checkpoint signed and exported"
            );
            made = Some(checkpoint.number);
        }
    }

    /// Looks at the sink first: another replica may add to both in between, and what is kept must be stored.
    async fn see(&self) -> Result<Seen, CheckpointError> {
        let outside = self.ports.sink.newest().await?;
        let mut work = self.store.read().await?;
        let same = match &outside {
            Some(outside) => work.checkpoints().list(outside.number, 1).await?,
            None => Vec::new(),
        };
        let same = same.first().filter(|same| Some(same.number) == outside.as_ref().map(|kept| kept.number));
        check_kept(outside.as_ref(), same)?;
        let newest = work.checkpoints().newest().await?;
        let coverage = work.checkpoints().coverage().await?;
        Ok(Seen { outside, newest, coverage })
    }

    fn is_wanted(&self, seen: &Seen, when: When) -> bool {
        let fresh = fresh(&seen.coverage);
        match when {
            When::Now => fresh > 0 || seen.newest.is_none(),
            When::Due => {
                let made = seen.newest.as_ref().map(|newest| newest.created_at);
                self.rules.is_due(fresh, made, self.clock.now())
            }
        }
    }

    /// In order, so that the newest one in the sink says what it has.
    async fn export_missing(&self, seen: &Seen) -> Result<(), CheckpointError> {
        let Some(newest) = &seen.newest else { return Ok(()) };
        let mut next = seen.outside.as_ref().map_or(0, |outside| outside.number + 1);
        while next <= newest.number {
            let missing = self.store.read().await?.checkpoints().list(next, EXPORTS).await?;
            let Some(last) = missing.last() else { return Ok(()) };
            next = last.number + 1;
            for checkpoint in &missing {
                self.ports.sink.keep(&kept(checkpoint)).await?;
            }
        }
        Ok(())
    }

    /// Signs first, then stores. What was signed and not stored goes nowhere. `None` if another replica was faster.
    async fn make(&self, seen: &Seen, keys: &LogKeys) -> Result<Option<StoredCheckpoint>, CheckpointError> {
        let mut next = NextCheckpoint::after(seen.newest.as_ref(), &seen.coverage, keys)?;
        let most = next.size().saturating_add(MOST_RECORDS);
        for chain in seen.coverage.iter().filter(|chain| chain.head > chain.covered) {
            let room = most - next.size();
            if room == 0 {
                break;
            }
            self.push_chain(&mut next, chain, room).await?;
        }
        let signature = self.ports.signer.sign(next.text().as_bytes()).await?;
        let (checkpoint, spans) = next.signed(&signature, keys, self.clock.now())?;
        Ok(self.store_one(&checkpoint, &spans).await?.then_some(checkpoint))
    }

    /// Reads batch by batch and holds no connection between: records never change, so batches fit together.
    async fn push_chain(
        &self,
        next: &mut NextCheckpoint,
        chain: &ChainCoverage,
        room: u64,
    ) -> Result<(), CheckpointError> {
        next.begin(chain)?;
        let mut from = chain.covered + 1;
        let last = chain.head.min(chain.covered + room);
        while from <= last {
            let limit = u16::try_from(last - from + 1).unwrap_or(BATCH).min(BATCH);
            let texts = self.store.read().await?.audit_log().texts(&chain.tenant, from, limit).await?;
            if texts.is_empty() {
                let (tenant, head, covered) = (chain.tenant.clone(), from - 1, last);
                return Err(CheckpointRefusal::Cut { tenant, head, covered }.into());
            }
            for text in &texts {
                next.push(text)?;
            }
            from += texts.len() as u64;
        }
        Ok(())
    }

    async fn store_one(
        &self,
        checkpoint: &StoredCheckpoint,
        spans: &[CheckpointSpan],
    ) -> Result<bool, PortError> {
        let mut work = self.store.begin().await?;
        match work.checkpoints().append(checkpoint, spans).await {
            Ok(()) => work.commit().await.map(|()| true),
            Err(error)
                if error.kind() == PortErrorKind::Conflict && error.code() == codes::ALREADY_EXISTS =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Checkpointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpointer").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn kept(checkpoint: &StoredCheckpoint) -> KeptCheckpoint {
    KeptCheckpoint { number: checkpoint.number, note: checkpoint.note.clone() }
}
