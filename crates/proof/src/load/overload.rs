//! Ten times what a server takes at a time, against what it takes alone and at its best (P11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::lateness::Sleeper;
use super::sample::{End, Samples};
use super::scene::{Manner, Scene};
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

const AT_A_TIME: &str = "most calls at the upstream at a time";
/// Times of the upstream's answers. On average 400 ms, so that it is the upstream, and not the machine, that is full.
const SLOW: Way = Way::Slow(Duration::from_millis(100), Duration::from_millis(700));

pub(crate) fn suite() -> Suite {
    Suite {
        name: "overload",
        promises: &["P11"],
        what: "Calls one MCP server, whose answers take 100 to 700 ms, with half as many callers as it has places (32 \
            places; 8 in the short form), with as many (the peak), and then at ten times the peak's rate, whatever is \
            refused.",
        per_database: true,
        trial: Arc::new(Overload { bulkhead: true }),
        controls: vec![Control {
            broken: "no bulkhead",
            breaks: &[AT_A_TIME],
            trial: Arc::new(Overload { bulkhead: false }),
        }],
    }
}

/// Limits without a bulkhead: the places of a server are more than ever come.
pub(super) fn unbounded() -> LimitSettings {
    LimitSettings { server_calls: 1024, server_queue: 1024, ..LimitSettings::default() }
}

struct Overload {
    bulkhead: bool,
}

#[async_trait]
impl Trial for Overload {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let length = Duration::from_secs(u64::try_from(setting.times(30, 5))?);
        let places = setting.times(LimitSettings::default().server_calls, 8);
        let limits = if self.bulkhead {
            LimitSettings { server_calls: places, server_queue: places, ..LimitSettings::default() }
        } else {
            unbounded()
        };
        let scene = Scene::set(setting, 1, limits).await?;
        let detour = &scene.servers[0].detour;
        detour.take(SLOW);
        let unloaded = scene.callers(0, places / 2, Manner::default())?.work(length).await;
        let peak = scene.callers(0, places, Manner::default())?.work(length).await;
        detour.forget();
        let sleeper = Sleeper::start();
        let crowd = scene.at_rate(0, rate(&peak, length) * 10.0, length).await?;
        let lateness = sleeper.stop()?;
        let mut figures = speed(setting, &unloaded, &peak, &crowd, length);
        figures.extend(refusals(setting, &crowd));
        figures.extend(at_the_upstream(&scene, places));
        figures.push(lateness);
        Ok(figures)
    }
}

fn speed(
    setting: &Setting,
    unloaded: &Samples,
    peak: &Samples,
    crowd: &Samples,
    length: Duration,
) -> Vec<Figure> {
    let (least, most) = (setting.bound(0.9, 0.5), setting.bound(2.0, 5.0));
    let answered = |end: &End| *end == End::Answered;
    let offered = crowd.0.len() as f64 / length.as_secs_f64();
    let goodput = rate(crowd, length) / rate(peak, length);
    let (before, under) = (unloaded.percentile(99, answered), crowd.percentile(99, answered));
    let slower = under.as_secs_f64() / before.as_secs_f64();
    vec![
        Figure::told("calls a second at the peak", format!("{:.1}", rate(peak, length))),
        Figure::told("calls offered a second", format!("{offered:.1}")),
        Figure::holds(
            "goodput at ten times the peak",
            &format!("at least {least:.2} of it"),
            format!("{goodput:.2}"),
            goodput >= least,
        ),
        Figure::told("p99 of answered calls, unloaded", format!("{:.0} ms", before.as_secs_f64() * 1e3)),
        Figure::holds(
            "p99 of answered calls",
            &format!("at most {most:.2} of unloaded"),
            format!("{slower:.2}"),
            slower <= most,
        ),
    ]
}

fn refusals(setting: &Setting, crowd: &Samples) -> Vec<Figure> {
    let longest = setting.bound(Duration::from_millis(10), Duration::from_millis(500));
    let refused = |end: &End| matches!(end, End::Refused(_));
    let silent = crowd.count(|end| *end == End::Refused(None));
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for sample in crowd.0.iter().filter(|sample| sample.end != End::Answered && !refused(&sample.end)) {
        *others.entry(format!("{:?}", sample.end)).or_default() += 1;
    }
    vec![
        Figure::at_least("calls refused", 1, crowd.refused() as u64),
        Figure::within("p50 of refusals", longest, crowd.percentile(50, refused)),
        Figure::within("p99 of refusals", longest, crowd.percentile(99, refused)),
        Figure::exactly("refusals without Retry-After", 0, silent as u64),
        Figure::holds("calls that ended otherwise", "none", format!("{others:?}"), others.is_empty()),
    ]
}

fn at_the_upstream(scene: &Scene, places: usize) -> [Figure; 2] {
    let detour = &scene.servers[0].detour;
    let (seen, most) = (detour.seen(), detour.most());
    let sent: u32 = seen.values().sum();
    let repeated = f64::from(sent) / seen.len() as f64 - 1.0;
    let shown = format!("{:.1} %", repeated * 100.0);
    [
        Figure::holds(AT_A_TIME, &format!("at most {places}"), most, most <= places),
        Figure::holds("calls sent more than once", "at most 10 %", shown, repeated <= 0.1),
    ]
}

fn rate(samples: &Samples, length: Duration) -> f64 {
    samples.answered() as f64 / length.as_secs_f64()
}
