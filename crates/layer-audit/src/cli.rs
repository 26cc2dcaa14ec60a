//! The command line: words in, text and an exit code out. `cargo layer-audit` and the task runners of others share it.
//!
//! What the words mean is decided in `cli/command.rs`, what is said in `render`; only `cli/place.rs` and
//! `cli/site_folder.rs` read and write.

mod audit;
mod command;
mod graph;
mod help;
mod listing;
mod literature;
mod options;
mod place;
mod self_test;
mod site_folder;
mod timings;
mod tombstones;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::Config;
use crate::report::Exit;
use crate::rules::CONFIG;
use command::Command;
use place::Place;

/// What holds besides the words.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The root of the workspace where it is fixed: then nobody may name another.
    pub root: Option<PathBuf>,
    /// A workflow of GitHub Actions runs us: its form of output is the default.
    pub github: bool,
    /// Some CI runs us: the baseline is not written.
    pub ci: bool,
}

/// What is to be said, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit code.
    pub exit: Exit,
}

/// Does what `words`, the arguments after the program's name, ask for. Reads the workspace, and writes what they name.
pub fn run(words: &[String], setting: &Setting) -> Said {
    let done = Command::parse(words).and_then(|command| act(command, setting));
    done.unwrap_or_else(|message| Said::unusable(&message))
}

fn act(command: Command, setting: &Setting) -> Result<Said, String> {
    match command {
        Command::Audit(options) => audit::run(&options, setting),
        Command::Explain(id) => listing::explain(&id).map(Said::fine),
        Command::Rules { json } => Ok(Said::fine(listing::rules(json))),
        Command::Graph(options) => graph::run(&options, setting),
        Command::Init { root } => init(root.as_deref(), setting),
        Command::Tombstones { root, collapse } => tombstones::run(root.as_deref(), collapse, setting),
        Command::Literature(options) => literature::run(&options, setting),
        Command::Help => Ok(Said::fine(help::HELP.to_owned())),
        Command::Version => Ok(Said::fine(format!("layer-audit {}\n", env!("CARGO_PKG_VERSION")))),
    }
}

/// Writes a first law, which the workspace keeps as it is.
fn init(root: Option<&Path>, setting: &Setting) -> Result<Said, String> {
    let place = Place::find(root, setting)?;
    if place.has(CONFIG) {
        return Err(format!("{CONFIG} is there already; edit it, or move it away first"));
    }
    let none = Config::parse("schema = 1").map_err(|error| error.to_string())?;
    place.write(CONFIG, &crate::init::init(&place.workspace(&none)?))?;
    Ok(Said::fine(format!("wrote {CONFIG}; read it, then run the audit\n")))
}

impl Setting {
    /// What the environment says: `GITHUB_ACTIONS`, `CI`.
    pub fn from_environment() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
        Self { root: None, github: set("GITHUB_ACTIONS"), ci: set("CI") }
    }

    /// The same with the root fixed.
    pub fn at(self, root: PathBuf) -> Self {
        Self { root: Some(root), ..self }
    }
}

impl Said {
    /// All is well, and this is what there is to say.
    pub fn fine(out: String) -> Self {
        Self { out, err: String::new(), exit: Exit::Clean }
    }

    /// Nothing could be judged, and why.
    pub fn unusable(message: &str) -> Self {
        let err =
            format!("layer-audit: {}\nRun `help` for the commands and their options.\n", message.trim_end());
        Self { out: String::new(), err, exit: Exit::Unusable }
    }

    /// Says it, and hands the exit code on.
    pub fn tell(&self) -> ExitCode {
        // A closed pipe (`| head`) is the reader's choice, and no reason to change the exit code.
        let _ = std::io::stderr().write_all(self.err.as_bytes());
        let _ = std::io::stdout().write_all(self.out.as_bytes());
        ExitCode::from(self.exit as u8)
    }
}
