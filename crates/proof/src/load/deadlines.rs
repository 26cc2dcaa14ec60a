//! Calls whose caller waits for one second, at servers that hang in every way (P13).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::lateness::Sleeper;
use super::ledgers::{Sent, compared};
use super::sample::{End, Samples};
use super::scene::{Manner, Scene};
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

const LATEST: &str = "the latest answer after its deadline";
const DEADLINE: Duration = Duration::from_secs(1);
const CALLERS: usize = 24;

pub(crate) fn suite() -> Suite {
    Suite {
        name: "deadlines",
        promises: &["P13"],
        what: "Calls with `Prefer: wait=1` at four servers by turns and together: one that answers after 0.5 to 1.5 s, \
            one that hangs before it accepts a connection, one before its answer, and one in the middle of it; callers do not go in step. The \
            promise speaks of a million calls; each takes a second here, so the full form makes 20 000.",
        per_database: true,
        trial: Arc::new(Deadlines { wait: Some("wait=1") }),
        controls: vec![Control {
            broken: "the caller's deadline is not heard",
            breaks: &[LATEST],
            trial: Arc::new(Deadlines { wait: None }),
        }],
    }
}

struct Deadlines {
    wait: Option<&'static str>,
}

#[async_trait]
impl Trial for Deadlines {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let limits = LimitSettings { call_seconds: 3, ..LimitSettings::default() };
        let mut scene = Scene::set(setting, 4, limits).await?;
        scene.servers[0].detour.take(Way::Slow(Duration::from_millis(500), Duration::from_millis(1500)));
        scene.servers[1].detour.close().await;
        scene.servers[2].detour.take(Way::Silent);
        scene.servers[3].detour.take(Way::Broken);
        let calls = if self.wait.is_some() { setting.times(20_000, 1_000) } else { 4 * CALLERS };
        let length = DEADLINE * u32::try_from(calls / (4 * CALLERS))?;
        let manner = Manner { wait: self.wait, spread: DEADLINE, ..Manner::default() };
        let sleeper = Sleeper::start();
        let mut crowds = Vec::new();
        for server in 0..4 {
            crowds.push(scene.callers(server, CALLERS, manner)?);
        }
        tokio::time::sleep(length).await;
        let mut samples = Samples::default();
        for crowd in crowds {
            samples.0.extend(crowd.stop().await.0);
        }
        let lateness = sleeper.stop()?;
        let recorded = scene.recorded().await?;
        let found = compared(&samples.0, &Sent::new(), &BTreeSet::new(), &recorded);
        let unknown = recorded.values().flatten().filter(|outcome| *outcome == "unknown").count();
        let grace = setting.bound(Duration::from_millis(250), Duration::from_secs(1));
        let latest = samples.0.iter().map(|sample| sample.took).max().unwrap_or_default();
        let otherwise = samples.count(|end| match end {
            End::Answered | End::Refused(_) => false,
            End::Failed(status, _) => *status != 504,
            End::Broken => true,
        });
        Ok(vec![
            Figure::at_least("calls", calls as u64 * setting.bound(9, 5) / 10, samples.0.len() as u64),
            Figure::told("answered in time", samples.answered()),
            Figure::told("refused for want of a place", samples.refused()),
            Figure::within(LATEST, grace, latest.saturating_sub(DEADLINE)),
            Figure::told("p99 of all", format!("{:.3} s", samples.percentile(99, |_| true).as_secs_f64())),
            Figure::exactly(
                "calls that ended otherwise than answered, refused or out of time",
                0,
                otherwise as u64,
            ),
            Figure::exactly("answered calls without one outcome on record", 0, found.unrecorded),
            Figure::exactly("calls with two outcomes on record", 0, found.doubled),
            Figure::exactly("calls on record as unknown", 0, unknown as u64),
            lateness,
        ])
    }
}
