//! An event is a line, whatever is in it.

use std::sync::{Arc, Mutex};

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

/// Where lines go in these tests.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while `events` run.
pub(super) fn logged(format: LogFormat, level: LogLevel, events: impl FnOnce()) -> String {
    let mut settings = Settings::new("unused");
    settings.log = LogSettings { format, level };
    let memory = Memory::default();
    let lines = memory.clone();
    let (subscriber, telemetry) = subscriber(&settings, move || lines.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, events);
    telemetry.stop();
    let bytes = memory.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Texts that try to end a line, to open a member, or to move a cursor; the same ones each time.
fn hostile() -> impl Iterator<Item = String> {
    const PIECES: [&str; 24] = [
        "\n",
        "\r\n",
        "\r",
        "\0",
        "\u{1b}[2J",
        "\u{1b}]0;x\u{7}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{b}",
        "\u{c}",
        "\u{8}",
        "\u{7f}",
        "\u{9b}31m",
        "\"",
        "\\",
        "\\n",
        "\",\"level\":\"ERROR\",\"x\":\"",
        "}\n{\"level\":\"ERROR\"}",
        "{}",
        "{name}",
        "\u{202e}",
        "\u{fffd}",
        "2026-11-29T00:00:00Z ERROR portcullis: forged",
    ];
    let mut state = 0x9e37_79b9_u32;
    (0..10_000).map(move |number| {
        let mut text = format!("{number} ");
        for _ in 0..=number % 7 {
            // Numerical Recipes' generator: spread is all that is needed.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(PIECES[(state >> 8) as usize % PIECES.len()]);
        }
        text
    })
}

#[test]
fn hostile_texts_forge_no_line_and_no_member() {
    let lines = logged(LogFormat::Json, LogLevel::Info, || {
        for text in hostile() {
            tracing::info!(name = text, shown = %text, debug = ?text, "registered");
        }
    });
    assert_eq!(lines.lines().count(), 10_000);
    for (line, text) in lines.lines().zip(hostile()) {
        let read: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!((&read["level"], &read["message"]), (&"INFO".into(), &"registered".into()), "{line}");
        assert_eq!((read["name"].as_str(), read["shown"].as_str()), (Some(&*text), Some(&*text)), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

#[test]
fn hostile_texts_forge_no_line_of_text_either() {
    let lines = logged(LogFormat::Text, LogLevel::Info, || {
        for text in hostile() {
            tracing::warn!(name = text, shown = %text, "registered");
        }
    });
    // As a log collector splits, and as a terminal shows.
    assert_eq!(lines.split('\n').count(), 10_001);
    let signs = |sign: char| (sign.is_control() && sign != '\n') || matches!(sign, '\u{2028}' | '\u{2029}');
    assert!(!lines.contains(signs));
    assert!(lines.lines().all(|line| line.contains(" WARN ")), "each line begins with an event of ours");
}

#[test]
fn spans_are_lines_from_debug_on() {
    let events = || {
        let span = tracing::debug_span!("gate.load", name = "a\nb");
        span.in_scope(|| tracing::info!("within"));
    };
    let quiet = logged(LogFormat::Json, LogLevel::Info, events);
    assert_eq!(quiet.lines().count(), 1);
    assert!(!quiet.contains("gate.load"), "{quiet}");
    let debug = logged(LogFormat::Json, LogLevel::Debug, events);
    let closed: serde_json::Value = serde_json::from_str(debug.lines().nth(1).unwrap()).unwrap();
    assert_eq!(
        (&closed["message"], &closed["span"]["name"]),
        (&"close".into(), &"gate.load".into()),
        "{debug}"
    );
    assert!(closed["time.busy"].is_string(), "{debug}");
}
