//! Power loss (P1, P3): what a gate has acknowledged is there after the power went, whatever the disk had not been told
//! to keep, and so is the intent of every call that went upstream. `disk::cut` says what the model covers.

use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::Result;

use self::site::Site;
use crate::disk::Disk;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

mod audit;
mod files;
mod load;
mod site;

/// Cuts of one data directory; then a new one is set up, so that trails do not grow without end.
const CUTS_OF_A_SITE: usize = 20;

/// Cuts of a broken wiring, and how often so many are made until it shows.
const CONTROL_CUTS: usize = 20;
const SHORT_CONTROL_CUTS: usize = 3;
const CONTROL_ROUNDS: usize = 5;

const WITHOUT_INTENT: &str = "upstream calls without a durable intent";
const LOST: &str = "acknowledged calls and keys that were lost";
const BROKEN: &str = "trails that do not verify after a cut";
const DEAD: &str = "gates that do not start after a cut";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "power",
        promises: &["P1", "P3"],
        what: "The gate runs in a process of its own, on a disk that keeps what was synced and may lose the rest, whole \
               or in part, torn and out of order. Agents call, an admin makes keys, and the power goes at a random \
               time, also while the gate starts. The upstream keeps its power, and a ledger of its own. After each cut \
               the gate starts on what the disk kept, and every answer that was given before is looked for: the \
               invocation, its events, the key; and so is the intent of every call in the upstream's ledger.",
        per_database: false,
        trial: Arc::new(PowerLoss(Synced::All)),
        controls: vec![
            Control {
                broken: "commits that do not wait for the disk (synchronous=OFF)",
                breaks: &[LOST],
                trial: Arc::new(PowerLoss(Synced::Nothing)),
            },
            Control {
                broken: "commits wait for the disk, but intents do not",
                breaks: &[WITHOUT_INTENT],
                trial: Arc::new(PowerLoss(Synced::AllButIntents)),
            },
        ],
    }
}

/// The trial.
struct PowerLoss(Synced);

/// What waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// Every commit, as it is built.
    All,
    /// Nothing.
    Nothing,
    /// Every commit but those of intents.
    AllButIntents,
}

/// What is counted over all cuts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    cuts: usize,
    /// Cuts while the gate was starting.
    starts_cut: usize,
    /// Changes of the database that had not been synced, over all cuts.
    unsynced: usize,
    /// Cuts at which there was something to lose.
    cuts_with_unsynced: usize,
    acknowledged_calls: u64,
    acknowledged_keys: u64,
    upstream_calls: u64,
    without_intent: u64,
    lost: u64,
    broken_trails: u64,
    /// What was said when one did not start.
    dead: Vec<String>,
}

#[async_trait]
impl Trial for PowerLoss {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let disk = Disk::build()?;
        let mut counts = Counts::default();
        if self.0 == Synced::All {
            self.cut(setting, &disk, setting.times(500, 20), &mut counts).await?;
            return Ok(figures(&counts));
        }
        let cuts = setting.times(CONTROL_CUTS, SHORT_CONTROL_CUTS);
        for round in 1..=CONTROL_ROUNDS {
            self.cut(setting, &disk, round * cuts, &mut counts).await?;
            if self.is_found(&counts) {
                break;
            }
        }
        Ok(figures(&counts))
    }
}

impl PowerLoss {
    /// Whether what is broken has shown.
    fn is_found(&self, counts: &Counts) -> bool {
        match self.0 {
            Synced::AllButIntents => counts.without_intent > 0,
            _ => counts.lost > 0,
        }
    }

    /// Cuts the power until there have been so many cuts.
    async fn cut(&self, setting: &Setting, disk: &Disk, cuts: usize, counts: &mut Counts) -> Result<()> {
        while counts.cuts < cuts {
            let mut site = Site::found(setting, self.0).await?;
            let end = cuts.min(counts.cuts + CUTS_OF_A_SITE);
            let mut lives = true;
            while lives && counts.cuts < end {
                // Of its own for each cut: what one cut finds does not change when the next one comes.
                let mut dice = setting.dice(&format!("power-{}", counts.cuts));
                lives = site.live_until_cut(disk, &mut dice, counts).await?;
            }
            site.look_once_more(counts).await?;
        }
        Ok(())
    }
}

fn figures(counts: &Counts) -> Vec<Figure> {
    vec![
        Figure::told("power cuts", format!("{}, {} of them during a start", counts.cuts, counts.starts_cut)),
        Figure::told("changes of the database not yet synced when the power went", counts.unsynced),
        // Otherwise there was nothing to lose, and nothing is shown.
        Figure::at_least(
            "cuts that came while something was not yet synced",
            (counts.cuts / 5) as u64,
            counts.cuts_with_unsynced as u64,
        ),
        Figure::at_least("calls acknowledged before a cut", counts.cuts as u64, counts.acknowledged_calls),
        Figure::told("keys acknowledged before a cut", counts.acknowledged_keys),
        // Otherwise no intent was at stake.
        Figure::at_least(
            "calls that were upstream and not acknowledged when the power went",
            (counts.cuts / 2) as u64,
            counts.upstream_calls.saturating_sub(counts.acknowledged_calls),
        ),
        Figure::exactly(WITHOUT_INTENT, 0, counts.without_intent),
        Figure::exactly(LOST, 0, counts.lost),
        Figure::exactly(BROKEN, 0, counts.broken_trails),
        Figure::none(DEAD, &counts.dead),
    ]
}
