//! One server that hangs all its places, beside one that works (P11).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::lateness::Sleeper;
use super::overload::unbounded;
use super::sample::{End, Samples};
use super::scene::{Manner, Scene};
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

const REFUSED: &str = "calls of the working server that failed";
/// Requests of the tenant at a time; callers of the server that hangs, who are more.
const ROOM: usize = 48;
const CROWD: usize = 64;
/// Answers of the working server: long enough that the disk's moods do not decide the ratio.
const STEADY: Way = Way::Slow(Duration::from_millis(40), Duration::from_millis(60));

pub(crate) fn suite() -> Suite {
    Suite {
        name: "isolation",
        promises: &["P11"],
        what: "Calls a server that works, by turns alone and beside 64 callers of a server of the same tenant that \
            never answers. The tenant may have 48 requests under way. Callers keep to Retry-After.",
        per_database: true,
        trial: Arc::new(Isolation {
            limits: LimitSettings { tenant_requests: ROOM, ..LimitSettings::default() },
        }),
        controls: vec![Control {
            broken: "no bulkhead",
            breaks: &[REFUSED],
            trial: Arc::new(Isolation { limits: LimitSettings { tenant_requests: ROOM, ..unbounded() } }),
        }],
    }
}

struct Isolation {
    limits: LimitSettings,
}

#[async_trait]
impl Trial for Isolation {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let length = Duration::from_secs(u64::try_from(setting.times(10, 4))?);
        let scene = Scene::set(setting, 2, self.limits).await?;
        let (stuck, works) = (&scene.servers[0], &scene.servers[1]);
        works.detour.take(STEADY);
        stuck.detour.take(Way::Silent);
        // The first calls open connections and fill caches.
        scene.callers(1, 4, Manner::default())?.work(Duration::from_secs(1)).await;
        let sleeper = Sleeper::start();
        let answered = |end: &End| *end == End::Answered;
        let (mut quiet, mut crowded) = (Samples::default(), Samples::default());
        let mut hanging = 0;
        for _ in 0..setting.times(9, 1) {
            let alone = scene.callers(1, 4, Manner::default())?.work(length).await;
            let crowd = scene.callers(0, CROWD, Manner::default())?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let beside = scene.callers(1, 4, Manner::default())?.work(length).await;
            hanging = hanging.max(stuck.detour.most());
            drop(crowd);
            quiet.0.extend(alone.0);
            crowded.0.extend(beside.0);
            // What was hanging ends as cancelled, on record.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let failed = crowded.0.len() - crowded.answered();
        // A single moment in which the machine stands still makes the p99 of a few hundred calls.
        let (share, name) = setting
            .bound((99, "p99 of the working server beside it"), (90, "p90 of the working server beside it"));
        let (before, after) = (quiet.percentile(share, answered), crowded.percentile(share, answered));
        let slower = after.as_secs_f64() / before.as_secs_f64();
        let most = setting.bound(1.1, 3.0);
        let medians = (quiet.percentile(50, answered), crowded.percentile(50, answered));
        Ok(vec![
            Figure::exactly(
                "calls that hang at a time",
                self.limits.server_calls.min(ROOM) as u64,
                hanging as u64,
            ),
            Figure::exactly(REFUSED, 0, failed as u64),
            Figure::told("its p50 alone, and beside it", format!("{:.1?}, {:.1?}", medians.0, medians.1)),
            Figure::told("the same of it alone", format!("{before:.1?}")),
            Figure::holds(
                name,
                &format!("at most {most:.2} of alone"),
                format!("{slower:.3}"),
                slower <= most,
            ),
            sleeper.stop()?,
        ])
    }
}
