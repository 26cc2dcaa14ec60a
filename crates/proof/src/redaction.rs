//! No secret leaves (P6): an upstream sends its credential back in every form and place, callers put it where it does
//! not belong, and afterwards it is nowhere.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::{Result, WrapErr};
use portcullis_server::config::LogLevel;

use self::collector::Collector;
use self::echo::Echo;
pub(crate) use self::forms::CANARY;
use self::sinks::{Sink, Sinks};
use self::story::Story;
use crate::process::{Child, GateOptions};
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::wiring::Wiring;
use crate::wiring::indiscreet::PANIC_WORDS;

mod collector;
mod echo;
mod forms;
mod mcp;
pub(crate) mod raw;
mod sinks;
mod story;

const FORMS: &str = "encodings in which the upstream sends it back, besides the plain one";
const SENT: &str = "requests with the credential that reached the upstream";
const OWN: &str = "of them with it as the caller's own secret";
const PANICS: &str = "panics in the middle of a call, which tell all they have";
const ANSWERS: &str = "answers to agents with the credential, in head or body";
const MCP: &str = "answers over MCP with the credential: lists, results, progress, errors";
const PROGRESS: &str = "notifications of progress that agents heard";
const FAILED: &str = "calls over MCP that were told to have failed";
const VIEWS: &str = "answers to admins with the credential, over every route that reads";
const PROBLEMS: &str = "answers to requests that hold it in the wrong place";
const LOG: &str = "lines of the log and of panics with the credential, at the most talkative level";
const DATA: &str = "files of the data directory, and dumps of the database, with the credential";
const METRICS: &str = "pages of metrics with the credential";
const EXPORTS: &str = "exports of spans to a collector";
const SPANS: &str = "exports of spans with the credential";
/// Whether the gates of this proof can export spans.
const EXPORTS_SPANS: bool = cfg!(feature = "otlp");

pub(crate) fn suite() -> Suite {
    let control = |broken, breaks, wiring| Control { broken, breaks, trial: Arc::new(Redaction { wiring }) };
    let mut controls = vec![
        control("answers are not searched for the credential", &[ANSWERS], Wiring::HandsEchoesOn),
        control("what comes over MCP is not searched for it", &[MCP], Wiring::HandsEchoesOn),
        control("failures are told in the upstream's words", &[LOG, DATA, VIEWS], Wiring::QuotesUpstreams),
        control("the log has a line too many", &[LOG], Wiring::LogsCredentials),
        control("secrets are stored as they are", &[DATA], Wiring::StoresPlainly),
    ];
    if EXPORTS_SPANS {
        controls.push(control("a span has a member too many", &[SPANS], Wiring::LogsCredentials));
    }
    Suite {
        name: "redaction",
        promises: &["P6"],
        what: "A server is asked with a credential, the tenant's and then a caller's own, and sends it back in heads, results, errors, streams, redirects, \
               definitions, progress and its own name, each time plain and in twelve encodings. Agents call over REST \
               and over MCP of both eras. Callers put it in arguments, paths, queries, keys, references and broken \
               bodies. A call panics with everything in its message. Then answers, log, metrics, every file of the \
               data directory and the database are searched for all forms, and so is what a collector of spans is sent \
               (OTLP), where the proof was built with the feature `otlp`.",
        per_database: true,
        trial: Arc::new(Redaction { wiring: Wiring::PanicsWhenAsked }),
        controls,
    }
}

/// The trial.
struct Redaction {
    wiring: Wiring,
}

#[async_trait]
impl Trial for Redaction {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let home = Home::new(setting)?;
        let (echo, collector) = (Echo::start().await?, Collector::start().await?);
        let mut settings = home.settings("gate", &[echo.origin()]);
        settings.log.level = LogLevel::Trace;
        settings.metrics.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        settings.otlp.endpoint = EXPORTS_SPANS.then(|| collector.endpoint());
        let plan = GateOptions::new("gate", home.path(), settings, self.wiring);
        let gate = Child::gate(&plan).await?;
        let mut sinks = Sinks::default();
        let mut story = Story::begin(&gate, &echo).await?;
        story.agents(setting.times(100, 1), &mut sinks).await?;
        let heard = story.agents_over_mcp(setting.times(100, 1), &mut sinks).await?;
        story.admins(&mut sinks).await?;
        let sent = echo.asked_with_credential();
        story.own_secret(&mut sinks).await?;
        let sent_as_own = echo.asked_with_credential() - sent;
        story.mistakes(&mut sinks).await?;
        let page = raw::get(gate.said("metrics")?, "/metrics").await.wrap_err("no metrics")?;
        sinks.search(Sink::Metrics, "/metrics", &page);
        gate.stop().await?;
        let exports = collector.received();
        exports.iter().for_each(|export| sinks.search(Sink::Spans, "an export", export));
        let log = std::fs::read(plan.directory.join("gate.log"))?;
        sinks.search_lines(Sink::Log, &log);
        sinks.search_files(Sink::Data, home.path())?;
        sinks.search(Sink::Data, "a dump", &home.dump()?);
        let panics = String::from_utf8_lossy(&log).matches(PANIC_WORDS).count() as u64;
        Ok(vec![
            Figure::exactly(FORMS, 12, forms::disguised().len() as u64 - 1),
            Figure::at_least(SENT, story::SENT, echo.asked_with_credential()),
            Figure::at_least(OWN, 1, sent_as_own),
            Figure::at_least(PANICS, 1, panics),
            sinks.figure(ANSWERS, Sink::Agents),
            sinks.figure(MCP, Sink::Mcp),
            Figure::at_least(PROGRESS, 1, heard.progress),
            Figure::at_least(FAILED, 1, heard.failed),
            sinks.figure(VIEWS, Sink::Admins),
            sinks.figure(PROBLEMS, Sink::Problems),
            sinks.figure(LOG, Sink::Log),
            sinks.figure(METRICS, Sink::Metrics),
            Figure::at_least(EXPORTS, u64::from(EXPORTS_SPANS), exports.len() as u64),
            sinks.figure(SPANS, Sink::Spans),
            sinks.figure(DATA, Sink::Data),
            Figure::told("texts that were searched", sinks.searched()),
        ])
    }
}
