//! A stream gives the same events and the same error however it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_mcp::sse::{Event, Parser, SseError, SseLimits};

const LIMITS: SseLimits = SseLimits { max_event_bytes: 256, max_total_bytes: 4096 };

fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Event>, Result<(), SseError>, Option<String>) {
    let mut parser = Parser::new(LIMITS);
    let mut events = Vec::new();
    let mut outcome = Ok(());
    for piece in pieces {
        outcome = parser.push(piece, &mut events);
        if outcome.is_err() {
            break;
        }
    }
    let last = parser.last_event_id().map(str::to_owned);
    (events, outcome, last)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let whole = read(std::iter::once(stream));
    let cut = read(stream.chunks(usize::from(size).max(1)));
    assert_eq!(whole, cut);
});
