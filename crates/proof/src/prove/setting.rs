//! What a suite is given: how thorough it is to be, on which database, with which luck.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use color_eyre::eyre::{Report, Result, WrapErr, bail};

use super::dice::Dice;

/// How often things are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As often as the promises say.
    Full,
    /// As often as the gate has time for: all suites together within ten minutes on two busy cores.
    Short,
}

/// The database under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnderTest {
    /// A file in the data directory.
    Sqlite,
    /// An empty database that nobody else uses.
    Postgres(String),
}

/// What a suite is given.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) seed: u64,
    pub(crate) form: Form,
    pub(crate) database: UnderTest,
    /// Where data directories are made.
    pub(crate) disk: PathBuf,
}

impl Setting {
    /// This many in the full form, that many in the short one.
    pub(crate) fn times(&self, full: usize, short: usize) -> usize {
        match self.form {
            Form::Full => full,
            Form::Short => short,
        }
    }

    /// The bound of a time or a speed: as promised in the full form, which needs a quiet machine. The short form runs where
    /// others work, so it looks for what is of another order.
    pub(crate) fn bound<T>(&self, promised: T, tolerated: T) -> T {
        match self.form {
            Form::Full => promised,
            Form::Short => tolerated,
        }
    }

    /// The random choices of one part of a suite: they depend on the seed and this name alone.
    pub(crate) fn dice(&self, part: &str) -> Dice {
        Dice::new(self.seed, part)
    }

    /// An empty directory, removed when dropped.
    pub(crate) fn directory(&self) -> Result<tempfile::TempDir> {
        let made = tempfile::Builder::new().prefix("prove-").tempdir_in(&self.disk);
        made.wrap_err("no directory for data can be made")
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Short => "short",
        })
    }
}

/// The kind only: a URL names a machine and a user.
impl fmt::Display for UnderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

impl FromStr for UnderTest {
    type Err = Report;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.to_owned()))
            }
            _ => bail!("expected `sqlite` or a URL like postgres://user@127.0.0.1/database"),
        }
    }
}
