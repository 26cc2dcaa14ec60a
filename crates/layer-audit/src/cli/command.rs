//! What the words mean, as a value.

use std::path::PathBuf;

use super::options::{Options, root};
use super::words::{Words, once};

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Judge the workspace.
    Audit(Options),
    /// Explain the rule of that id.
    Explain(String),
    /// List the rules.
    Rules { json: bool },
    /// Draw the crate graph.
    Graph(Graph),
    /// Write a first `layers.toml`.
    Init { root: Option<PathBuf> },
    /// List the re-exports that wait for their end, or remove those whose day has come.
    Tombstones { root: Option<PathBuf>, collapse: bool },
    /// Write the inventories of the literature, check them, or render its site.
    Literature(Literature),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// What `graph` is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Graph {
    pub(super) root: Option<PathBuf>,
    pub(super) form: Form,
    /// Where the picture goes; standard output if nowhere.
    pub(super) output: Option<PathBuf>,
}

/// What `literature` is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Literature {
    pub(super) root: Option<PathBuf>,
    /// Write nothing; say what differs.
    pub(super) check: bool,
    /// The folder for the site.
    pub(super) site: Option<PathBuf>,
}

/// A way to write a picture down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Mermaid,
    Dot,
    Svg,
}

impl Command {
    /// Reads the words after the program's name. Where none names a command, they are for `audit`.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let named = words.split_first().filter(|(first, _)| !first.starts_with('-'));
        let (command, rest) = named.map_or(("audit", words), |(first, rest)| (first.as_str(), rest));
        if rest.iter().any(|word| word == "--help" || word == "-h") {
            return Ok(Self::Help);
        }
        match (command, rest) {
            ("audit", [word]) if word == "--version" || word == "-V" => Ok(Self::Version),
            ("audit", _) => Options::parse(rest).map(Self::Audit),
            ("explain", [id]) => Ok(Self::Explain(id.clone())),
            ("explain", _) => Err("explain takes one rule id: explain LA-101".to_owned()),
            ("rules", _) => rules(rest),
            ("graph", _) => graph(rest),
            ("init", _) => init(rest),
            ("tombstones", _) => tombstones(rest),
            ("literature", _) => literature(rest),
            ("help", _) => Ok(Self::Help),
            (other, _) => Err(format!("no command {other}; known: {}", COMMANDS.join(", "))),
        }
    }
}

pub(super) const COMMANDS: &[&str] =
    &["audit", "explain", "rules", "graph", "init", "tombstones", "literature", "help"];

fn rules(words: &[String]) -> Result<Command, String> {
    let mut json = false;
    let mut words = Words::of(words, "rules", &["--json"]);
    while let Some(word) = words.next() {
        words.bare(&word?)?;
        json = true;
    }
    Ok(Command::Rules { json })
}

fn graph(words: &[String]) -> Result<Command, String> {
    let (mut at, mut form, mut output) = (None, None, None);
    let known = &["--mermaid", "--dot", "--svg", "--output", "--root", "--manifest-path"];
    let mut words = Words::of(words, "graph", known);
    while let Some(word) = words.next() {
        let word = word?;
        match word.name {
            "--output" => once(&mut output, words.value(&word)?.into(), word.name)?,
            "--root" | "--manifest-path" => once(&mut at, root(&word, &mut words)?, "the root")?,
            name => {
                words.bare(&word)?;
                let named = match name {
                    "--mermaid" => Form::Mermaid,
                    "--dot" => Form::Dot,
                    _ => Form::Svg,
                };
                once(&mut form, named, "the form")?;
            }
        }
    }
    let form = form.ok_or("graph takes a form: --mermaid, --dot or --svg")?;
    Ok(Command::Graph(Graph { root: at, form, output }))
}

fn init(words: &[String]) -> Result<Command, String> {
    let mut at = None;
    let mut words = Words::of(words, "init", &["--root", "--manifest-path"]);
    while let Some(word) = words.next() {
        once(&mut at, root(&word?, &mut words)?, "the root")?;
    }
    Ok(Command::Init { root: at })
}

fn tombstones(words: &[String]) -> Result<Command, String> {
    let (mut at, mut collapse) = (None, false);
    let mut words = Words::of(words, "tombstones", &["--collapse", "--root", "--manifest-path"]);
    while let Some(word) = words.next() {
        let word = word?;
        match word.name {
            "--collapse" => {
                words.bare(&word)?;
                collapse = true;
            }
            _ => once(&mut at, root(&word, &mut words)?, "the root")?,
        }
    }
    Ok(Command::Tombstones { root: at, collapse })
}

fn literature(words: &[String]) -> Result<Command, String> {
    let mut asked = Literature::default();
    let mut words = Words::of(words, "literature", &["--check", "--site", "--root", "--manifest-path"]);
    while let Some(word) = words.next() {
        let word = word?;
        match word.name {
            "--check" => {
                words.bare(&word)?;
                asked.check = true;
            }
            "--site" => once(&mut asked.site, words.value(&word)?.into(), word.name)?,
            _ => once(&mut asked.root, root(&word, &mut words)?, "the root")?,
        }
    }
    if asked.check && asked.site.is_some() {
        return Err("literature takes --check or --site, not both".to_owned());
    }
    Ok(Command::Literature(asked))
}

#[cfg(test)]
mod tests;
