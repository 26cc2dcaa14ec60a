//! Server-sent events: an incremental parser and an encoder.
//!
//! Source: WHATWG HTML, server-sent events. Three deliberate differences: an event is handed out even when it has no
//! `data` field (legacy MCP servers open a stream with an event that has only an id), text that is not UTF-8 is an
//! error instead of being patched, and what a stream may cost is capped. An event that the stream's end cuts off is
//! dropped, as the standard says.

mod encode;

pub use encode::{comment, encode};

/// Caps of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseLimits {
    /// Bytes of one event, line ends included, finished or not.
    pub max_event_bytes: usize,
    /// Bytes of the whole stream, comments included.
    pub max_total_bytes: u64,
}

impl Default for SseLimits {
    /// 4 MiB for the stream, of which one event may take all: an answer may be as long as one that is no stream.
    fn default() -> Self {
        Self { max_event_bytes: 4 << 20, max_total_bytes: 4 << 20 }
    }
}

/// Why a stream cannot be read on. The parser is then finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// One event is larger than the cap, or never ends.
    #[error("event stream: an event larger than {limit} bytes")]
    EventTooLarge {
        /// The cap.
        limit: usize,
    },
    /// The stream is larger than the cap.
    #[error("event stream: larger than {limit} bytes")]
    StreamTooLarge {
        /// The cap.
        limit: u64,
    },
    /// A line is not UTF-8.
    #[error("event stream: a line that is not UTF-8")]
    NotUtf8,
}

/// One event: the fields that it had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; absent means `message`.
    pub event: Option<String>,
    /// The `data` fields, joined by LF; absent when there was none.
    pub data: Option<String>,
    /// The `id` field of this very event.
    pub id: Option<String>,
    /// The `retry` field in milliseconds. Advice of a stranger: cap it or ignore it.
    pub retry: Option<u64>,
}

impl Event {
    /// Whether it can carry a message: typed `message` or untyped, with data that is not empty.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let typed = self.event.as_deref().unwrap_or("message");
        self.data.as_deref().filter(|data| typed == "message" && !data.is_empty())
    }
}

/// An incremental parser. The same bytes give the same events and the same error however they are cut.
#[derive(Debug)]
pub struct Parser {
    limits: SseLimits,
    line: Vec<u8>,
    event: Event,
    event_bytes: usize,
    total_bytes: u64,
    last_event_id: Option<String>,
    retry: Option<u64>,
    at_start: bool,
    after_cr: bool,
    failed: Option<SseError>,
}

impl Parser {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new(limits: SseLimits) -> Self {
        Self {
            limits,
            line: Vec::new(),
            event: Event::default(),
            event_bytes: 0,
            total_bytes: 0,
            last_event_id: None,
            retry: None,
            at_start: true,
            after_cr: false,
            failed: None,
        }
    }

    /// Reads the next bytes and appends the events that they finish to `out`. Events before an error are appended.
    ///
    /// # Errors
    /// [`SseError`], and the same one ever after.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read(bytes, out).inspect_err(|error| self.failed = Some(*error))
    }

    /// The last `id` of a finished event, for legacy resumption. An empty id resets it.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref().filter(|id| !id.is_empty())
    }

    /// The last `retry` of a finished event, in milliseconds: how long to wait before the stream is resumed. Advice of a
    /// stranger: cap it.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Goes on at the start of the stream that resumes this one. An event that was cut off is dropped; what was read
    /// before still counts.
    pub fn restart(&mut self) {
        self.line.clear();
        self.event = Event::default();
        self.event_bytes = 0;
        (self.at_start, self.after_cr) = (true, false);
    }

    /// Whether the stream stands inside an event: if it ends now, that event is lost.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        !self.line.is_empty() || self.event != Event::default()
    }

    fn read(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) -> Result<(), SseError> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                self.count(1)?;
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let line = &bytes[..end.unwrap_or(bytes.len())];
            self.extend(line)?;
            let Some(end) = end else { return Ok(()) };
            self.count(1)?;
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.end_line(out)?;
        }
        Ok(())
    }

    /// Takes the part of a line. Counts byte by byte in effect: which cap is passed first does not depend on cuts.
    fn extend(&mut self, part: &[u8]) -> Result<(), SseError> {
        let event_room = self.limits.max_event_bytes.saturating_sub(self.event_bytes + self.line.len());
        let stream_room =
            usize::try_from(self.limits.max_total_bytes - self.total_bytes).unwrap_or(usize::MAX);
        if part.len() > stream_room && stream_room <= event_room {
            return Err(SseError::StreamTooLarge { limit: self.limits.max_total_bytes });
        }
        if part.len() > event_room {
            return Err(SseError::EventTooLarge { limit: self.limits.max_event_bytes });
        }
        self.total_bytes += part.len() as u64;
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), SseError> {
        self.total_bytes += bytes;
        if self.total_bytes > self.limits.max_total_bytes {
            return Err(SseError::StreamTooLarge { limit: self.limits.max_total_bytes });
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Event>) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let text = std::str::from_utf8(&line).map_err(|_| SseError::NotUtf8)?;
        let text =
            if std::mem::take(&mut self.at_start) { text.strip_prefix(BOM).unwrap_or(text) } else { text };
        if text.is_empty() {
            self.end_event(out);
        } else if !text.starts_with(':') {
            self.event_bytes += line.len() + 1;
            self.field(text);
        }
        self.line = line;
        self.line.clear();
        Ok(())
    }

    fn field(&mut self, text: &str) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.event.event = Some(value.to_owned()),
            "data" => match &mut self.event.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.event.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.event.retry = value.parse().ok();
            }
            _ => {}
        }
    }

    fn end_event(&mut self, out: &mut Vec<Event>) {
        self.event_bytes = 0;
        let event = std::mem::take(&mut self.event);
        if event == Event::default() {
            return;
        }
        if let Some(id) = &event.id {
            self.last_event_id = Some(id.clone());
        }
        self.retry = event.retry.or(self.retry);
        out.push(event);
    }
}

/// A byte order mark, allowed once at the start of the stream.
const BOM: char = '\u{feff}';

#[cfg(test)]
mod tests;
