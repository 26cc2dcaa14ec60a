//! Power loss (P3): what a gate has acknowledged is there after the power went, whatever the disk had not been told to
//! keep. `disk::cut` says what the model covers.

use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_server::demo::{tools, upstream::Upstream};

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

const LOST: &str = "acknowledged calls and keys that were lost";
const BROKEN: &str = "trails that do not verify after a cut";
const DEAD: &str = "gates that do not start after a cut";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "power",
        promises: &["P3"],
        what: "The gate runs in a process of its own, on a disk that keeps what was synced and may lose the rest, whole \
               or in part, torn and out of order. Agents call, an admin makes keys, and the power goes at a random \
               time, also while the gate starts. After each cut the gate starts on what the disk kept, and every \
               answer that was given before is looked for: the invocation, its events, the key.",
        per_database: false,
        trial: Arc::new(PowerLoss { sync_off: false }),
        controls: vec![Control {
            broken: "commits that do not wait for the disk (synchronous=OFF)",
            breaks: &[LOST],
            trial: Arc::new(PowerLoss { sync_off: true }),
        }],
    }
}

/// The trial.
struct PowerLoss {
    sync_off: bool,
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
    lost: u64,
    broken_trails: u64,
    /// What was said when one did not start.
    dead: Vec<String>,
}

#[async_trait]
impl Trial for PowerLoss {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let cuts = if self.sync_off { setting.times(20, 3) } else { setting.times(500, 20) };
        let upstream = Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await?;
        let disk = Disk::build()?;
        let mut counts = Counts::default();
        while counts.cuts < cuts {
            let mut site = Site::found(setting, &upstream, self.sync_off).await?;
            let end = cuts.min(counts.cuts + CUTS_OF_A_SITE);
            let mut lives = true;
            while lives && counts.cuts < end {
                // Of its own for each cut: what one cut finds does not change when the next one comes.
                let mut dice = setting.dice(&format!("power-{}", counts.cuts));
                lives = site.live_until_cut(&disk, &mut dice, &mut counts).await?;
            }
            site.look_once_more(&mut counts).await?;
        }
        Ok(figures(&counts))
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
        Figure::exactly(LOST, 0, counts.lost),
        Figure::exactly(BROKEN, 0, counts.broken_trails),
        Figure::none(DEAD, &counts.dead),
    ]
}
