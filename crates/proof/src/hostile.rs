//! Hostile upstreams (security.md, section 2; P1, P2, P10, P13): servers that do over raw TCP what no library lets one do,
//! behind a tool that was honest when it was approved.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::{Result, WrapErr};
use portcullis_server::config::Settings;
use portcullis_spine::Ports;
use tokio::task::JoinSet;

use self::deviations::{Deviation, JUDGED, MEASURED};
use self::logged::Logged;
use self::row::Row;
use self::scene::{Scene, Seen, Sizes};
use self::villain::Villain;
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::wiring::Wiring;

mod deviations;
mod logged;
mod names;
mod row;
mod rows;
mod scene;
mod speech;
mod tls;
mod told;
mod villain;

const PLAYED: &str = "rows of the corpus that are played";
const CODES: &str = "rows whose caller is told another code";
const STATES: &str = "rows that are on record otherwise";
const INCIDENTS: &str = "rows with another incident, none, or one too many";
const COUNTS: &str = "rows of which something counted is wrong";
const KEYS: &str = "upstreams that were sent the key of a caller";
const TRAIL: &str = "trails that do not verify";
const LINES: &str = "lines of a gate's log that are no event of its own, though servers send such lines";

/// A broken wiring that the short form looks for is played one in so many rows: it must be found, not counted.
const SOME: usize = 4;
/// Rows that are under way at a time: some wait for deadlines, most are over at once.
const AT_ONCE: usize = 8;

pub(crate) fn suite() -> Suite {
    let control = |broken, breaks, wiring| Control { broken, breaks, trial: Arc::new(Hostile { wiring }) };
    Suite {
        name: "hostile",
        promises: &["P10", "P13"],
        what: "Servers that were honest when their tools were approved slow down, flood, lie about lengths, ids, names and \
               types, redirect, ask back, change their definitions and hide text, each in its own way and in both eras. \
               For each: what the caller is told, what is on record, whether a person hears of it and how loudly, and \
               what can be counted. Where the corpus asks otherwise, that is told under its number.",
        per_database: true,
        trial: Arc::new(Hostile { wiring: Wiring::Sound }),
        controls: vec![
            control(
                "failures of upstreams are taken for answers",
                &[CODES, STATES],
                Wiring::TakesFailuresForAnswers,
            ),
            control("what servers do besides answering is not told", &[INCIDENTS], Wiring::OverlooksConduct),
        ],
    }
}

/// The trial.
struct Hostile {
    wiring: Wiring,
}

/// A row with its running villains.
struct Cast {
    row: Row,
    villains: Vec<Villain>,
}

#[derive(Default)]
struct Findings {
    codes: Vec<String>,
    states: Vec<String>,
    incidents: Vec<String>,
    counts: Vec<String>,
}

#[async_trait]
impl Trial for Hostile {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let sizes = Sizes {
            cuts: setting.times(10_000, 100),
            positions: setting.times(1_000, 50),
            swaps: setting.times(10_000, 100),
            flips: setting.times(10_000, 1_000),
            late: setting.times(4_000, 40),
            freed: setting.bound(Duration::from_millis(100), Duration::from_millis(500)),
        };
        let mut casts = Vec::new();
        let step = if self.wiring == Wiring::Sound { 1 } else { setting.times(1, SOME) };
        for row in rows::all().into_iter().step_by(step) {
            let mut villains = Vec::new();
            for script in &row.cast {
                villains.push(Villain::start(Arc::clone(script)).await?);
            }
            casts.push(Cast { row, villains });
        }
        let waived = waived(&casts);
        let (eager, calm): (Vec<Cast>, Vec<Cast>) = casts.into_iter().partition(|cast| cast.row.is_eager);
        let mut findings = Findings::default();
        let mut keys = Vec::new();
        let mut broken_trails = 0;
        for (casts, is_eager) in [(calm, false), (eager, true)] {
            let home = Home::new(setting)?;
            let settings = settings(&home, &waived, is_eager);
            let scene = Arc::new(self.set(&settings, sizes, &home, &waived).await?);
            let casts = play(&scene, casts, &mut findings).await?;
            keys.extend(told_keys(&scene, &casts));
            for tenant in [&scene.one, &scene.other] {
                let verified = tenant.get("/logs/trail/verify").await?;
                broken_trails += u64::from(verified["intact"] != true);
            }
            Arc::into_inner(scene)
                .ok_or_else(|| color_eyre::eyre::eyre!("a row is still under way"))?
                .end()
                .await?;
        }
        let logged = logged::play(setting, self.wiring).await?;
        Ok(figures(findings, &keys, broken_trails, &logged))
    }
}

impl Hostile {
    async fn set(&self, settings: &Settings, sizes: Sizes, home: &Home, waived: &[String]) -> Result<Scene> {
        let mut refused = None;
        let wire = |ports: Ports| match names::wire(ports.clone(), waived) {
            Ok(ports) => self.wiring.apply(ports, home.path()),
            Err(error) => {
                refused = Some(error);
                ports
            }
        };
        let scene = Scene::set(settings, sizes, wire).await?;
        refused.map_or(Ok(scene), Err)
    }
}

fn settings(home: &Home, waived: &[String], is_eager: bool) -> Settings {
    let mut settings = home.settings("gate", waived);
    // Longer than a head may take, and no longer than a row should.
    settings.limits.call_seconds = 12;
    if is_eager {
        settings.limits.list_refresh_seconds = 1;
        settings.limits.list_max_age_seconds = 3;
    }
    settings
}

fn waived(casts: &[Cast]) -> Vec<String> {
    let villains = casts.iter().flat_map(|cast| &cast.villains);
    villains
        .flat_map(|villain| {
            let port = villain.address().port();
            let by_name = |name: &str| format!("https://{name}:{port}");
            [villain.origin(), by_name(names::SILENT), by_name(names::ELSEWHERE)]
        })
        .collect()
}

/// Plays all of them, some at a time, and gives them back.
async fn play(scene: &Arc<Scene>, casts: Vec<Cast>, findings: &mut Findings) -> Result<Vec<Cast>> {
    let (mut waiting, mut tasks, mut played) = (casts.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while tasks.len() < AT_ONCE
            && let Some(cast) = waiting.next()
        {
            let scene = Arc::clone(scene);
            tasks.spawn(async move {
                let seen = (cast.row.play)(&scene, &cast.villains).await;
                (cast, seen)
            });
        }
        let Some(done) = tasks.join_next().await else { return Ok(played) };
        let (cast, seen) = done?;
        let name = format!("{} {}", cast.row.id, cast.row.variant).trim().to_owned();
        findings.judge(&cast, &name, &seen.wrap_err_with(|| name.clone())?);
        played.push(cast);
    }
}

impl Findings {
    fn judge(&mut self, cast: &Cast, name: &str, seen: &Seen) {
        let [code, state, incident] = cast.row.expected.differences(seen);
        let tell = |found: Option<String>| found.map(|what| format!("{name}: {what}"));
        self.codes.extend(tell(code));
        self.states.extend(tell(state));
        self.incidents.extend(tell(incident));
        let counted = cast.row.figure.and_then(|figure| figure(seen, &cast.villains));
        self.counts
            .extend(seen.complaints.iter().cloned().chain(counted).map(|what| format!("{name}: {what}")));
    }
}

fn told_keys(scene: &Scene, casts: &[Cast]) -> Vec<String> {
    let keys = [&scene.one.admin, &scene.one.agent, &scene.other.admin, &scene.other.agent];
    let told = |cast: &&Cast| {
        let is_told =
            |villain: &Villain| keys.iter().any(|key| villain.was_told(key.key().expose().as_bytes()));
        cast.villains.iter().any(is_told)
    };
    casts.iter().filter(told).map(|cast| cast.row.id.to_owned()).collect()
}

fn figures(findings: Findings, keys: &[String], broken_trails: u64, logged: &Logged) -> Vec<Figure> {
    let all = rows::all();
    let mut ids: Vec<&str> = all.iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut figures = vec![
        Figure::exactly(PLAYED, rows::OF, ids.len() as u64),
        Figure::told("variants of them, most in both eras", all.len()),
        Figure::none(CODES, &findings.codes),
        Figure::none(STATES, &findings.states),
        Figure::none(INCIDENTS, &findings.incidents),
        Figure::none(COUNTS, &findings.counts),
        Figure::none(KEYS, keys),
        Figure::exactly(TRAIL, 0, broken_trails),
        Figure::exactly(LINES, 0, logged.forged),
        Figure::holds(
            "calls with such lines, each of which is a line of that log",
            &logged.calls.to_string(),
            logged.of_calls,
            logged.of_calls == logged.calls,
        ),
        Figure::told("lines of that log", logged.lines),
    ];
    for (what, deviations) in [
        ("rows of which the corpus asks otherwise, each told below", &JUDGED[..]),
        ("rows that are shown by another amount, time or measure, each told below", &MEASURED),
    ] {
        figures.push(Figure::told(what, deviations.len()));
        figures.extend(deviations.iter().map(|Deviation { row, corpus, here, why }| {
            Figure::told(row, format!("the corpus: {corpus}; here: {here}; {why}"))
        }));
    }
    figures
}
