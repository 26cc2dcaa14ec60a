//! One database and its gates: load, kill, restart, wait for recovery, and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use color_eyre::eyre::Result;

use super::caller::{CALLERS, CallAt, Load};
use super::reconcile::{Call, Differences, reconcile};
use super::spared::Spared;
use super::stalls::StorageWatch;
use super::trail::Trail;
use crate::prove::dice::Dice;
use crate::prove::setting::Setting;
use crate::replicas::Replicas;
use crate::upstream::Place;
use crate::wiring::Wiring;

/// Load before a kill.
const SHORTEST_LOAD: Duration = Duration::from_millis(20);
const LONGEST_LOAD: Duration = Duration::from_millis(500);
/// One kill in so many is followed by a second one, while the gate recovers: within the time of a lease and a little.
const SECOND_KILL: u64 = 8;
const RECOVERY: Duration = Duration::from_millis(3500);
/// Callers at the gates that live on, from a kill until what it left open is closed: few, for all of it is read.
const CALLERS_BESIDE: u64 = 2;
/// Beyond this a call counts as left open.
const LONGEST_CLOSING: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A database under attack.
pub(super) struct Lane {
    name: String,
    dice: Dice,
    replicas: Replicas,
    calls: Vec<Call>,
    /// Nonces of those at gates that were not killed meanwhile.
    spared: BTreeSet<String>,
    storage: Arc<StorageWatch>,
    /// Nonces of those whose answers were withheld since the storage stood still.
    stalled: BTreeSet<String>,
    trail: Trail,
    tally: Tally,
}

/// What a lane leaves.
pub(super) struct Ended {
    name: String,
    calls: Vec<Call>,
    trail: Trail,
    pub(super) tally: Tally,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) kills: u64,
    pub(super) kills_while_recovering: u64,
    pub(super) kills_that_left_open: u64,
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    pub(super) unknown: u64,
    pub(super) events: u64,
    pub(super) slowest_closing: Duration,
    pub(super) flaws: Vec<String>,
    pub(super) took: Duration,
    pub(super) differences: Differences,
    pub(super) spared: Spared,
    /// For how long the storage of all lanes stood still, each time.
    pub(super) stalls: Vec<Duration>,
}

impl Lane {
    /// Founds a database with one gate, or on PostgreSQL with two, in front of the upstream.
    pub(super) async fn open(
        setting: &Setting,
        number: usize,
        wiring: Wiring,
        upstream: &Place,
        storage: Arc<StorageWatch>,
    ) -> Result<Self> {
        let replicas = Replicas::found(setting, wiring, upstream).await?;
        let dice = setting.dice(&format!("kill {number}"));
        let name = format!("lane{number}");
        let (calls, spared, stalled, trail, tally) = Default::default();
        Ok(Self { name, dice, replicas, calls, spared, storage, stalled, trail, tally })
    }

    /// Kills so often, then looks at what is left.
    pub(super) async fn run(mut self, kills: usize) -> Result<Ended> {
        let started = Instant::now();
        while self.tally.kills < kills as u64 {
            let prefix = format!("{}-{}", self.name, self.tally.kills);
            let load = Load::start(&self.replicas.tools_but(None), CALLERS, &prefix);
            tokio::time::sleep(self.dice.time(SHORTEST_LOAD, LONGEST_LOAD)).await;
            let victim = self.kill_one().await?;
            self.keep(load.stop().await?, victim);
            let prefix = format!("{prefix}-beside");
            let beside = Load::start(&self.replicas.tools_but(Some(victim)), CALLERS_BESIDE, &prefix);
            let mut restarted = self.replicas.restart(victim).await?;
            if self.dice.below(SECOND_KILL) == 0 && self.tally.kills < kills as u64 {
                tokio::time::sleep(self.dice.time(Duration::ZERO, RECOVERY)).await;
                self.replicas.kill(victim).await?;
                self.tally.kills += 1;
                self.tally.kills_while_recovering += 1;
                restarted = self.replicas.restart(victim).await?;
            }
            self.wait_until_closed(victim, restarted, &prefix).await?;
            self.keep(beside.stop().await?, victim);
        }
        self.tally.took = started.elapsed();
        self.finish().await
    }

    async fn kill_one(&mut self) -> Result<usize> {
        let count = u64::try_from(self.replicas.count())?;
        let victim = usize::try_from(self.dice.below(count))?;
        self.replicas.kill(victim).await?;
        self.tally.kills += 1;
        Ok(victim)
    }

    /// Takes calls into the ledger, while which this gate was killed.
    fn keep(&mut self, calls: Vec<CallAt>, victim: usize) {
        for CallAt { gate, call, asked, ended } in calls {
            if gate != victim {
                self.spared.insert(call.nonce.clone());
            }
            if call.is_withheld() && self.storage.stood_still(asked, ended) {
                self.stalled.insert(call.nonce.clone());
            }
            self.calls.push(call);
        }
    }

    /// Waits for what the kill has left open; calls whose nonces begin with `beside` still come and go.
    async fn wait_until_closed(&mut self, victim: usize, restarted: Instant, beside: &str) -> Result<()> {
        self.trail.catch_up(&self.replicas.admins[victim]).await?;
        if self.trail.open_but(beside) == 0 {
            return Ok(());
        }
        self.tally.kills_that_left_open += 1;
        while self.trail.open_but(beside) > 0 && restarted.elapsed() < LONGEST_CLOSING {
            tokio::time::sleep(LOOK_AGAIN).await;
            self.trail.catch_up(&self.replicas.admins[victim]).await?;
        }
        self.tally.slowest_closing = self.tally.slowest_closing.max(restarted.elapsed());
        Ok(())
    }

    async fn finish(mut self) -> Result<Ended> {
        let verified = Trail::verified_by(&self.replicas.admins[0]).await?;
        self.trail.catch_up(&self.replicas.admins[0]).await?;
        self.replicas.stop().await?;
        let flaw = self.trail.flaw(&verified, self.replicas.settings()).await;
        self.tally.flaws.extend(flaw.map(|flaw| format!("{flaw} in {}", self.name)));
        self.tally.sent = self.calls.len() as u64;
        self.tally.acknowledged = self.calls.iter().filter(|call| call.answer.is_some()).count() as u64;
        self.tally.unknown = self.trail.count_of("tool_invocation.unknown");
        self.tally.events = self.trail.events();
        self.tally.spared = Spared::of(&self.calls, &self.spared, &self.stalled, &self.trail);
        Ok(Ended { name: self.name, calls: self.calls, trail: self.trail, tally: self.tally })
    }
}

impl Ended {
    /// Compares its ledgers with what the upstream wrote down of it.
    pub(super) fn reconciled_with(&self, upstream: &[String]) -> Differences {
        let own = format!("{}-", self.name);
        let of_this_lane = upstream.iter().map(String::as_str).filter(|nonce| nonce.starts_with(&own));
        reconcile(&self.calls, &self.trail, of_this_lane)
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.kills_while_recovering += other.kills_while_recovering;
        self.kills_that_left_open += other.kills_that_left_open;
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.events += other.events;
        self.slowest_closing = self.slowest_closing.max(other.slowest_closing);
        self.flaws.extend(other.flaws.iter().cloned());
        self.took += other.took;
        self.differences.add(&other.differences);
        self.spared.add(&other.spared);
        self.stalls.extend(&other.stalls);
    }
}
