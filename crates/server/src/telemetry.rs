//! Log lines on standard error, as text or JSON. Control characters never reach the terminal or the log collector.

use std::io::{self, Write};

use color_eyre::eyre::{self, WrapErr};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogLevel, LogSettings};

/// Starts logging, once a process. The level holds for Portcullis; libraries speak from `warn` on.
///
/// # Errors
/// When it has been started before.
pub fn start(settings: &LogSettings) -> eyre::Result<()> {
    let filter =
        Targets::new().with_default(LevelFilter::WARN).with_target("portcullis", level(settings.level));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(EscapingStderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    started.wrap_err("logging was started before; it starts once a process")
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

/// Standard error, a whole line at a time.
struct EscapingStderr;

impl<'a> MakeWriter<'a> for EscapingStderr {
    type Writer = EscapingWriter<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(io::stderr())
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
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let table = [
            ("plain\n", "plain\n"),
            ("a\nb\n", "a\\u000ab\n"),
            ("red \u{1b}[31m\r\n", "red \\u001b[31m\\u000d\n"),
            ("\u{7f}\u{85}\u{9b}\u{2028}\n", "\\u007f\\u0085\\u009b\\u2028\n"),
            ("grüß\n", "grüß\n"),
            ("", ""),
        ];
        for (given, expected) in table {
            assert_eq!(escaped(given), expected, "{given:?}");
        }
    }

    #[test]
    fn json_stays_json() {
        let line = "{\"message\":\"\u{7f}\u{9b}\"}\n";
        let read: serde_json::Value = serde_json::from_str(&escaped(line)).unwrap();
        assert_eq!(read["message"], "\u{7f}\u{9b}");
    }

    #[test]
    fn the_writer_takes_everything() {
        let mut writer = EscapingWriter(Vec::new());
        writer.write_all(b"a\x07\xff\n").unwrap();
        assert_eq!(String::from_utf8(writer.0).unwrap(), "a\\u0007\u{fffd}\n");
    }
}
