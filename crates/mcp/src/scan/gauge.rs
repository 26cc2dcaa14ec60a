//! Measures a JSON text while it arrives: depth, number of values, and the size of the one member that a server may
//! fill at will and we would have to carry.

use super::{JsonLimits, ScanError};

/// The member of a result by which a server hands us its state, at this depth of the message.
const STATE: &[u8] = b"requestState";
const STATE_DEPTH: usize = 2;

/// Why a text need not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GaugeError {
    /// A limit that the whole text breaks already.
    #[error("{0}")]
    Scan(ScanError),
    /// `result.requestState` is too large.
    #[error("requestState: larger than {limit} bytes")]
    StateTooLarge {
        /// The limit that was passed.
        limit: usize,
    },
}

/// Takes the pieces of one text. It judges structure alone, as [`super::scan`] does, and no duplicate names.
#[derive(Clone, Debug)]
pub struct Gauge {
    limits: JsonLimits,
    max_state: usize,
    open: Vec<Frame>,
    nodes: usize,
    within: Within,
    /// The name of the member that comes, as far as it matters.
    name: Vec<u8>,
}

/// An open array or object.
#[derive(Clone, Copy, Debug)]
struct Frame {
    is_object: bool,
    expects_name: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Within {
    Structure,
    Scalar,
    String { is_name: bool, escaped: bool, bytes: usize },
}

impl Gauge {
    /// A gauge for one message of these limits; `max_state` in bytes, as written.
    #[must_use]
    pub fn new(limits: JsonLimits, max_state: usize) -> Self {
        Self { limits, max_state, open: Vec::new(), nodes: 0, within: Within::Structure, name: Vec::new() }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`GaugeError`]: whatever comes after, the text will be refused.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), GaugeError> {
        piece.iter().try_for_each(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Result<(), GaugeError> {
        match self.within {
            Within::String { is_name, escaped, bytes } => self.in_string(byte, is_name, escaped, bytes + 1),
            Within::Scalar if !is_structural(byte) => Ok(()),
            Within::Scalar | Within::Structure => self.between(byte),
        }
    }

    fn in_string(&mut self, byte: u8, is_name: bool, escaped: bool, bytes: usize) -> Result<(), GaugeError> {
        if byte == b'"' && !escaped {
            self.within = Within::Structure;
            return Ok(());
        }
        if is_name && self.name.len() <= STATE.len() {
            self.name.push(byte);
        }
        if !is_name && bytes > self.max_state && self.open.len() == STATE_DEPTH && self.name == STATE {
            return Err(GaugeError::StateTooLarge { limit: self.max_state });
        }
        self.within = Within::String { is_name, escaped: byte == b'\\' && !escaped, bytes };
        Ok(())
    }

    fn between(&mut self, byte: u8) -> Result<(), GaugeError> {
        self.within = Within::Structure;
        match byte {
            b'"' => self.begin_string(),
            b'{' | b'[' => self.enter(byte == b'{'),
            b'}' | b']' => {
                self.open.pop();
                Ok(())
            }
            b',' => {
                if let Some(frame) = self.open.last_mut() {
                    frame.expects_name = frame.is_object;
                }
                Ok(())
            }
            _ if is_structural(byte) => Ok(()),
            _ => {
                self.within = Within::Scalar;
                self.node()
            }
        }
    }

    fn begin_string(&mut self) -> Result<(), GaugeError> {
        let is_name = self.open.last_mut().is_some_and(|frame| std::mem::take(&mut frame.expects_name));
        self.within = Within::String { is_name, escaped: false, bytes: 0 };
        if is_name {
            self.name.clear();
            return Ok(());
        }
        self.node()
    }

    fn enter(&mut self, is_object: bool) -> Result<(), GaugeError> {
        self.node()?;
        let limit = self.limits.max_depth;
        if self.open.len() >= limit {
            return Err(GaugeError::Scan(ScanError::TooDeep { limit }));
        }
        self.open.push(Frame { is_object, expects_name: is_object });
        Ok(())
    }

    fn node(&mut self) -> Result<(), GaugeError> {
        self.nodes += 1;
        let limit = self.limits.max_nodes;
        if self.nodes > limit { Err(GaugeError::Scan(ScanError::TooManyNodes { limit })) } else { Ok(()) }
    }
}

fn is_structural(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\r' | b'\n')
}
