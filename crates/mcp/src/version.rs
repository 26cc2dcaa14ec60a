//! Protocol versions, the two eras they fall into, and an administrator's pin.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a protocol version carries its version, identity and capabilities (specification: versioning, terminology).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2026-07-28 and later: stateless, all of it in each request's `_meta`.
    Modern,
    /// 2025-11-25 and earlier: an `initialize` handshake, on HTTP possibly with a session.
    Legacy,
}

/// A published revision of the protocol. Ordered by date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProtocolVersion {
    /// HTTP+SSE. Never offered, never accepted.
    #[serde(rename = "2024-11-05")]
    V2024_11_05,
    /// First Streamable HTTP.
    #[serde(rename = "2025-03-26")]
    V2025_03_26,
    /// Structured output, the `MCP-Protocol-Version` header, no batches.
    #[serde(rename = "2025-06-18")]
    V2025_06_18,
    /// The last version with a handshake.
    #[serde(rename = "2025-11-25")]
    V2025_11_25,
    /// The first stateless version.
    #[serde(rename = "2026-07-28")]
    V2026_07_28,
}

impl ProtocolVersion {
    /// The modern version offered first.
    pub const LATEST_MODERN: Self = Self::V2026_07_28;
    /// The legacy version offered in `initialize`.
    pub const LATEST_LEGACY: Self = Self::V2025_11_25;
    /// The oldest version that a server may choose unasked: later ones have no batches and name their version in every
    /// request. Older ones are spoken with servers that an administrator has pinned to them.
    pub const FLOOR: Self = Self::V2025_06_18;
    /// What a legacy request without a version header speaks (specification: protocol version header).
    pub const ASSUMED_WITHOUT_HEADER: Self = Self::V2025_03_26;
    /// The versions that this crate speaks on both sides, oldest first.
    pub const SPOKEN: [Self; 4] =
        [Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];
    const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The date by which the revision is known on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The version with exactly this date, if it is a known one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// The era that the version belongs to.
    #[must_use]
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => Era::Legacy,
        }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no protocol version of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "protocol version: expected one of 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28 (or `auto` for a pin)"
)]
pub struct UnknownVersion;

impl FromStr for ProtocolVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(UnknownVersion)
    }
}

/// The newest version of `era` that both the peer (`offered`, its own words) and this crate speak.
///
/// Unknown texts are skipped: a peer may speak versions that do not exist for us yet.
#[must_use]
pub fn highest_mutual<S: AsRef<str>>(offered: &[S], era: Era) -> Option<ProtocolVersion> {
    ProtocolVersion::SPOKEN
        .into_iter()
        .rev()
        .filter(|version| version.era() == era)
        .find(|version| offered.iter().any(|text| text.as_ref() == version.as_str()))
}

/// What an administrator allows era detection to do for one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pin {
    /// Probe the modern era first, fall back to the legacy one.
    #[default]
    Auto,
    /// Only this version: a modern pin never falls back, a legacy pin starts with `initialize`.
    Version(ProtocolVersion),
}

impl FromStr for Pin {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let version = ProtocolVersion::parse(text).ok_or(UnknownVersion)?;
        if ProtocolVersion::SPOKEN.contains(&version) {
            Ok(Self::Version(version))
        } else {
            Err(UnknownVersion)
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Version(version) => version.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
