//! What a task says, and the audit: `layer_audit::cli` with the root of this repository.

use std::path::Path;
use std::process::ExitCode;

use layer_audit::Exit;
use layer_audit::cli::{self, Setting};

/// Text and exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Said {
    pub(crate) fn clean(text: String) -> Self {
        Self { text, exit: Exit::Clean }
    }

    pub(crate) fn unusable(message: &str) -> Self {
        Self { text: format!("{}\n", message.trim_end()), exit: Exit::Unusable }
    }

    /// Says it, on standard error where nothing could be done, and hands the exit code on.
    pub(crate) fn tell(self) -> ExitCode {
        let (out, err) = match self.exit {
            Exit::Unusable => (String::new(), self.text),
            Exit::Clean | Exit::Violations | Exit::Stale => (self.text, String::new()),
        };
        cli::Said { out, err, exit: self.exit }.tell()
    }
}

/// Hands the words to the audit of the workspace in `root`.
pub(crate) fn run(root: &Path, words: &[String]) -> cli::Said {
    cli::run(words, &Setting::from_environment().at(root.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_fixed_and_nothing_is_green_by_mistake() {
        let exit = |line: &str| {
            run(Path::new("/nonexistent"), &line.split(' ').map(str::to_owned).collect::<Vec<_>>()).exit
        };
        for line in ["audit", "audit --rule LA-999", "audit --root .", "explain LA-999"] {
            assert_eq!(exit(line), Exit::Unusable, "{line}");
        }
        assert_eq!(exit("explain LA-101"), Exit::Clean);
    }
}
