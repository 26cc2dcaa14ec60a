//! What is wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A configuration file.
    File(PathBuf),
    /// The environment; the variable follows from the key.
    Environment,
    /// The command line; the flag follows from the key.
    Flags,
}

/// One mistake: the key, where it came from, and what was expected. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as `log.level`; for a file that cannot be read at all, `configuration file`.
    pub key: String,
    /// From where: `portcullis.toml`, `environment variable PORTCULLIS_LOG__LEVEL` or `flag --log-level`.
    pub origin: String,
    /// What was expected, and what to do.
    pub expected: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.origin, self.expected)
    }
}

/// All mistakes of a configuration, file first, then environment, then flags. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(
            f,
            "the configuration has {count} mistake{}; nothing was started:",
            if count == 1 { "" } else { "s" }
        )?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
