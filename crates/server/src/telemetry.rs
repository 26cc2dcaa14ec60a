//! Log lines on standard error, as text or JSON; spans to a collector, where the feature `otlp` is built in.
//!
//! Control characters never reach the terminal or the log collector, and an event is one line whatever it holds.

#[cfg(feature = "otlp")]
mod collector;
mod line_queue;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
#[cfg(feature = "otlp")]
pub(crate) mod propagation;

use std::io::{self, Write};
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use self::line_queue::LineQueue;
use crate::config::{LogFormat, LogLevel, LogSettings, Settings};

/// A layer of any kind.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// The longest that the end of the process waits for lines that nobody reads.
const LAST_LINES: Duration = Duration::from_millis(250);
/// How long the end of the process waits for the last export, if nothing else limits it.
pub const LAST_SPANS: Duration = Duration::from_secs(4);

/// What writes lines, and sends spans away if anything does. Cheap to clone; all clones are one.
#[must_use = "spans and lines that were not written yet are lost when the process ends"]
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    lines: Option<LineQueue>,
    #[cfg(feature = "otlp")]
    exporter: Option<otlp::Exporter>,
}

impl Telemetry {
    /// Sends the spans that are left, within this time, and no more after that. It blocks, so not on a thread of the
    /// runtime. Doing it again does nothing.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(unused_variables, reason = "without the feature there are no spans")
    )]
    pub fn send_spans(&self, time: Duration) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = &self.exporter {
            exporter.stop(time);
        }
    }

    /// Writes the lines that are left; who does not read them in 250 ms does not get them. It blocks.
    pub fn write_lines(&self) {
        if let Some(lines) = &self.lines {
            lines.flush(LAST_LINES);
        }
    }

    /// Sends and writes what is left, in 4 s and a little at most. It blocks, so not on a thread of the runtime.
    pub fn stop(self) {
        self.send_spans(LAST_SPANS);
        self.write_lines();
    }
}

/// Starts logging and, if asked for, the export of spans, once a process. Needs a Tokio runtime.
///
/// # Errors
/// When it has been started before, the collector cannot be used, or there is no thread for the lines.
pub fn start(settings: &Settings) -> eyre::Result<Telemetry> {
    let queue =
        LineQueue::to(io::stderr()).wrap_err("the log could not start: the system gives no threads")?;
    let (subscriber, mut telemetry) = subscriber(settings, queue.clone())?;
    telemetry.lines = Some(queue);
    subscriber.try_init().wrap_err("logging was started before; it starts once a process")?;
    Ok(telemetry)
}

/// What [`start`] starts, with another place for the lines.
///
/// # Errors
/// When the collector cannot be used.
#[cfg_attr(not(feature = "otlp"), expect(unused_mut, reason = "without the feature there is one layer"))]
pub fn subscriber<W>(
    settings: &Settings,
    writer: W,
) -> eyre::Result<(impl Subscriber + Send + Sync + use<W>, Telemetry)>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let mut layers: Layers = vec![lines(&settings.log, writer)];
    let mut telemetry = Telemetry::default();
    #[cfg(feature = "otlp")]
    if let Some(exporter) = otlp::Exporter::start(settings)? {
        layers.push(exporter.layer());
        telemetry.exporter = Some(exporter);
    }
    Ok((tracing_subscriber::registry().with(layers), telemetry))
}

/// The level holds for Portcullis; libraries speak from `warn` on. From `debug` on there is a line for each span that
/// ends, with the time that it took.
fn lines<W>(settings: &LogSettings, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter =
        Targets::new().with_default(LevelFilter::WARN).with_target("portcullis", level(settings.level));
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(Escaping(writer));
    match settings.format {
        LogFormat::Text => layer.with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Another writer, a whole line at a time.
struct Escaping<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaping<M> {
    type Writer = EscapingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.0.make_writer())
    }
}

/// Escapes what it is given. The formatter hands over one event a write, so the last line feed is the event's end and
/// any other would forge a line.
struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(escaped(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters and the two Unicode line ends as `\u001b`, which is right in text and within JSON strings.
fn escaped(event: &str) -> String {
    let (line, end) = event.strip_suffix('\n').map_or((event, ""), |line| (line, "\n"));
    let mut out = String::with_capacity(event.len());
    for sign in line.chars() {
        if sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}') {
            out.push_str(&format!("\\u{:04x}", u32::from(sign)));
        } else {
            out.push(sign);
        }
    }
    out.push_str(end);
    out
}

#[cfg(test)]
mod tests;
