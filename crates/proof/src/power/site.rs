//! A data directory and the lives of the gates on it, each ended by a power cut.

use std::path::PathBuf;
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, bail};
use portcullis_server::api_client::ApiClient;

use super::load::{Acknowledged, Load};
use super::{Counts, Synced, audit, files};
use crate::child::{ChildGate, Plan, SYNC_ALL_BUT_INTENTS};
use crate::disk::cut::{Folder, Loss};
use crate::disk::{Disk, journal};
use crate::permitted::PermittedTool;
use crate::process::Child;
use crate::prove::dice::Dice;
use crate::prove::setting::Setting;
use crate::upstream::{self, Place};

/// The longest that a call takes upstream: so that cuts meet calls there.
const UPSTREAM_DELAY: Duration = Duration::from_millis(20);
/// How long a sync takes on the disk of the model: a common solid-state disk.
const SYNC: Duration = Duration::from_millis(2);
/// One cut in so many comes while the gate starts.
const STARTS: usize = 8;
/// Within so many entries of the journal such a cut comes; after that the gate would be ready.
const STEPS_OF_A_START: u64 = 12;
/// And within so many any other.
const STEPS_OF_A_LIFE: u64 = 400;
/// Callers at a time, if nothing speaks against it.
const CALLERS: usize = 8;
/// By then the power goes at the latest.
const LIFE: Duration = Duration::from_secs(2);

/// The directory, what it must hold, and who may ask.
pub(super) struct Site {
    /// Removed when dropped.
    _folder: tempfile::TempDir,
    data: PathBuf,
    log: PathBuf,
    plan: Plan,
    synced: Synced,
    upstream: Child,
    /// The upstream's own, beside the disk that loses power.
    ledger: PathBuf,
    /// Lines of it whose intents have been looked for.
    looked_at: usize,
    admin: ApiClient,
    tool: PermittedTool,
    /// Acknowledged in the last life, and not looked for yet.
    new: Acknowledged,
    /// All that was acknowledged.
    all: Acknowledged,
}

impl Site {
    /// Sets a gate up on a disk that works. What is there at its end counts as synced.
    pub(super) async fn found(setting: &Setting, synced: Synced) -> Result<Self> {
        let folder = setting.directory()?;
        let root = folder.path().canonicalize()?;
        let (data, log, ledger) = (root.join("data"), root.join("log"), root.join("upstream"));
        let upstream = Child::upstream(&ledger, UPSTREAM_DELAY, Duration::ZERO).await?;
        let place = Place::of(&upstream)?;
        let mut plan = Plan {
            data_dir: data.clone(),
            database_url: None,
            waived_origins: vec![place.origin],
            sync_off: false,
            server_calls: None,
        };
        let mut gate = ChildGate::spawn(&plan, &[], &log)?;
        let announced = gate.ready().await?;
        let admin = announced.client(announced.first_key.clone().context("no first key")?)?;
        let tool = PermittedTool::admit(&admin, &place.url, upstream::TOOL).await?;
        gate.kill()?;
        plan.sync_off = synced != Synced::All;
        let (looked_at, new, all) = Default::default();
        let _folder = folder;
        Ok(Self { _folder, data, log, plan, synced, upstream, ledger, looked_at, admin, tool, new, all })
    }

    /// One life: start, look for what was acknowledged before, work, lose power. False when there can be no further
    /// one: the gate does not start, or what it was set up with is gone.
    pub(super) async fn live_until_cut(
        &mut self,
        disk: &Disk,
        dice: &mut Dice,
        counts: &mut Counts,
    ) -> Result<bool> {
        let before = files::read(&self.data)?;
        let during_start = counts.cuts % STARTS == STARTS - 1;
        disk.cut_after(if during_start { i32::try_from(1 + dice.below(STEPS_OF_A_START))? } else { 0 })?;
        let mut gate = self.spawn(&disk.journaled(&self.data, SYNC)?)?;
        if during_start {
            gate.end_within(LIFE).await?;
            counts.starts_cut += 1;
        } else {
            let Some(admin) = self.open(&mut gate, counts).await? else {
                return Ok(false);
            };
            let load = Load::start(&admin, &self.tool, counts.cuts, self.callers());
            // Half of the cuts come at a step of the disk, which is where most is under way; half at any time.
            if dice.coin() {
                disk.cut_after(i32::try_from(1 + dice.below(STEPS_OF_A_LIFE))?)?;
                gate.end_within(LIFE).await?;
            } else {
                gate.end_within(dice.time(Duration::from_millis(30), Duration::from_millis(400))).await?;
            }
            self.remember(load.end().await?, counts);
        }
        counts.cuts += 1;
        let entries = journal::read(&disk.read_journal()?)?;
        let folder = Folder::replay(&before, &entries);
        let seen = files::read(&self.data)?;
        if let Some(difference) = folder.differs_from(&seen) {
            bail!("the disk's journal is not the truth: {difference}");
        }
        let unsynced = folder.unsynced("portcullis.db");
        counts.unsynced += unsynced;
        counts.cuts_with_unsynced += usize::from(unsynced > 0);
        let loss = [Loss::Everything, Loss::TornTail, Loss::Sectors][dice.index(3)];
        files::replace(&self.data, &seen, &folder.after_cut(loss, dice))?;
        Ok(true)
    }

    /// After the last cut: everything that was ever acknowledged here must still be there.
    pub(super) async fn look_once_more(mut self, counts: &mut Counts) -> Result<()> {
        let mut gate = self.spawn(&[])?;
        if let Some(admin) = self.open(&mut gate, counts).await? {
            counts.lost += audit::unlisted(&admin, &self.all).await?;
        }
        gate.kill()?;
        self.upstream.stop().await?;
        Ok(())
    }

    fn spawn(&self, environment: &[(&str, PathBuf)]) -> Result<ChildGate> {
        let words: &[&str] = if self.synced == Synced::AllButIntents { &[SYNC_ALL_BUT_INTENTS] } else { &[] };
        ChildGate::spawn_with(&self.plan, words, environment, &self.log)
    }

    /// Callers at a time. What is synced keeps all that was written before it, so where intents do not wait, the answer to
    /// one caller would keep the intents of all. A lone caller's is in danger for as long as the call is upstream.
    fn callers(&self) -> usize {
        if self.synced == Synced::AllButIntents { 1 } else { CALLERS }
    }

    /// The admin of a gate that came up and still knows what was acknowledged. What is new is looked
    /// for here, on both sides.
    async fn open(&mut self, gate: &mut ChildGate, counts: &mut Counts) -> Result<Option<ApiClient>> {
        let new = std::mem::take(&mut self.new);
        let announced = match gate.ready().await {
            Ok(announced) => announced,
            Err(error) => {
                counts.dead.push(format!("{error}: {}", self.last_logged()));
                counts.lost += new.count();
                return Ok(None);
            }
        };
        let admin = self.admin.at(&announced.origin)?;
        self.tool.agent = self.tool.agent.at(&announced.origin)?;
        let missing = audit::missing(&admin, &new).await.unwrap_or(new.count());
        self.look_for_intents(&admin, counts).await?;
        let intact = audit::trail_is_intact(&admin).await?;
        counts.lost += missing;
        counts.broken_trails += u64::from(!intact);
        Ok(intact.then_some(admin))
    }

    /// Compares what has come into the upstream's ledger with the trail.
    async fn look_for_intents(&mut self, admin: &ApiClient, counts: &mut Counts) -> Result<()> {
        let calls = upstream::read(&self.ledger)?;
        let new = &calls[self.looked_at..];
        counts.upstream_calls += new.len() as u64;
        counts.without_intent += audit::without_intent(admin, new).await?;
        self.looked_at = calls.len();
        Ok(())
    }

    /// The last line that a gate here has logged.
    fn last_logged(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("nothing was logged").to_owned()
    }

    fn remember(&mut self, acknowledged: Acknowledged, counts: &mut Counts) {
        counts.acknowledged_calls += acknowledged.calls.len() as u64;
        counts.acknowledged_keys += acknowledged.keys.len() as u64;
        self.all.calls.extend(acknowledged.calls.iter().cloned());
        self.all.keys.extend(acknowledged.keys.iter().cloned());
        self.new = acknowledged;
    }
}
