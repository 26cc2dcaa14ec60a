//! Where the credential might come out, and what was found there.

use std::collections::BTreeMap;
use std::path::Path;

use color_eyre::eyre::Result;

use super::forms::found_in;
use crate::prove::suite::Figure;

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sink {
    Agents,
    Mcp,
    Admins,
    Problems,
    Log,
    Metrics,
    Spans,
    Data,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sinks {
    found: BTreeMap<Sink, Vec<String>>,
    searched: u64,
}

impl Sinks {
    /// Looks for the credential in `text`, which came from `place`.
    pub(super) fn search(&mut self, sink: Sink, place: &str, text: &[u8]) {
        self.searched += 1;
        let forms = found_in(text);
        if !forms.is_empty() {
            self.found.entry(sink).or_default().push(format!("{place} ({})", forms.join(", ")));
        }
    }

    /// Each line alone, so that a finding says where it is.
    pub(super) fn search_lines(&mut self, sink: Sink, text: &[u8]) {
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            self.search(sink, &format!("line {}", number + 1), line);
        }
    }

    /// Every file below this directory.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn search_files(&mut self, sink: Sink, directory: &Path) -> Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                self.search_files(sink, &path)?;
            } else if path.extension().is_none_or(|extension| extension != "log") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.search(sink, &name, &std::fs::read(&path)?);
            }
        }
        Ok(())
    }

    /// What was found in one of them.
    pub(super) fn figure(&self, name: &'static str, sink: Sink) -> Figure {
        Figure::none(name, self.found.get(&sink).map_or(&[], Vec::as_slice))
    }

    pub(super) fn searched(&self) -> u64 {
        self.searched
    }
}
