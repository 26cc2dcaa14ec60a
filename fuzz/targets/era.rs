//! Whatever a server answers, a probe ends within its bound, and never asks on after it has ended.
//!
//! The input is answers, one a line: a status, a space, and a body that is read as a result, as an error, or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_mcp::answer::Answered;
use portcullis_mcp::era::{Action, EraProbe, MAX_SENDS, ProbeAnswer};
use portcullis_mcp::version::Pin;
use serde_json::value::RawValue;

fn answer(line: &str) -> ProbeAnswer {
    let (status, body) = line.split_once(' ').unwrap_or((line, ""));
    let answered = match serde_json::from_str(body) {
        Ok(error) => Some(Answered::Error(error)),
        Err(_) => RawValue::from_string(body.to_owned()).ok().map(Answered::Result),
    };
    ProbeAnswer { status: status.parse().unwrap_or(200), session_id: None, answered }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let pin: Pin = lines.next().and_then(|line| line.parse().ok()).unwrap_or_default();
    let (mut probe, mut action) = EraProbe::start(pin);
    let mut sends = 0;
    while matches!(action, Action::SendDiscover(_) | Action::SendInitialize(_)) {
        sends += 1;
        assert!(sends <= MAX_SENDS, "a probe that does not end");
        let Some(line) = lines.next() else { return };
        action = probe.on_answer(&answer(line));
    }
});
