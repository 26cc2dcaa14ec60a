//! One line of an export, read strictly: each has one spelling.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::FORMAT;
use crate::canonical::{NotCanonical, check_canonical};
use crate::checkpoint::MAX_ORIGIN;
use crate::digest::Digest;
use crate::note::{NoteError, SignedNote};
use crate::number;
use crate::strict::{self, Limits};

/// The longest line, in bytes, without its line feed. Whoever reads a file need not hold more.
pub const MAX_LINE: usize = 1 << 20;
/// The longest name of a tenant, in bytes.
const MAX_TENANT: usize = 128;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'l> {
    Header(Header),
    /// A record as stored; its bytes are not looked at yet.
    Record {
        index: u64,
        record: &'l [u8],
    },
    /// 2^`level` records of others.
    Others {
        index: u64,
        level: u32,
        root: Digest,
    },
    /// A checkpoint, which is the `number`-th of the export.
    Checkpoint {
        number: u64,
        note: SignedNote,
    },
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) origin: String,
    /// The tenants that are shown; `None` for all.
    pub(crate) tenants: Option<BTreeSet<String>>,
}

impl<'l> Line<'l> {
    pub(crate) fn read(line: &'l [u8]) -> Result<Self, LineError> {
        if line.len() > MAX_LINE {
            return Err(LineError::Long);
        }
        if let Some(rest) = line.strip_prefix(b"{\"index\":") {
            return indexed(rest).ok_or(LineError::Unknown);
        }
        check_canonical(line)?;
        let Ok(Value::Object(members)) = strict::parse(line, Limits::default()) else {
            return Err(LineError::Unknown);
        };
        match (members.get("checkpoint"), members.get("number").and_then(Value::as_u64)) {
            (Some(Value::String(note)), Some(number)) if members.len() == 2 && number < 1 << 53 => {
                Ok(Self::Checkpoint { number, note: note.parse()? })
            }
            _ => header(members).map(Self::Header).ok_or(LineError::Unknown),
        }
    }
}

/// The rest of a line that begins with an index.
fn indexed(rest: &[u8]) -> Option<Line<'_>> {
    let (index, rest) = whole_number(rest)?;
    if let Some(record) = rest.strip_prefix(b",\"record\":") {
        return Some(Line::Record { index, record: record.strip_suffix(b"}")? });
    }
    let (level, rest) = whole_number(rest.strip_prefix(b",\"level\":")?)?;
    let root = rest.strip_prefix(b",\"others\":\"")?.strip_suffix(b"\"}")?;
    let root = std::str::from_utf8(root).ok()?.parse().ok()?;
    Some(Line::Others { index, level: u32::try_from(level).ok()?, root })
}

/// The number before the next comma, and what follows it.
fn whole_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (digits, rest) = text.split_at(text.iter().take(20).position(|byte| *byte == b',')?);
    let number = number::whole(std::str::from_utf8(digits).ok()?)?;
    (number <= 1 << 53).then_some((number, rest))
}

fn header(mut members: Map<String, Value>) -> Option<Header> {
    let of_this_format = members.get("format").and_then(Value::as_str) == Some(FORMAT);
    let Some(Value::String(origin)) = members.remove("origin") else { return None };
    let tenants = match members.remove("tenants")? {
        Value::Null => None,
        Value::Array(names) => Some(tenants(names)?),
        _ => return None,
    };
    let usable = (1..=MAX_ORIGIN).contains(&origin.len()) && !origin.contains(char::is_control);
    (of_this_format && usable && members.len() == 1).then_some(Header { origin, tenants })
}

/// A list that is sorted and names none twice.
fn tenants(names: Vec<Value>) -> Option<BTreeSet<String>> {
    let name = |value| match value {
        Value::String(name) if is_tenant(&name) => Some(name),
        _ => None,
    };
    let names: Vec<String> = names.into_iter().map(name).collect::<Option<_>>()?;
    names.is_sorted_by(|left, right| left < right).then(|| names.into_iter().collect())
}

/// Whether a text may be the name of a tenant: short, and safe to print.
pub(super) fn is_tenant(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    (1..=MAX_TENANT).contains(&name.len()) && name.bytes().all(plain)
}

/// A line is none of an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("line is longer than {MAX_LINE} bytes")]
    Long,
    #[error("expected a header, a record with its index, a run of others, or a checkpoint")]
    Unknown,
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    #[error(transparent)]
    Note(#[from] NoteError),
}
