//! The options of `audit`, and which of them go together.

use std::path::PathBuf;

use super::words::{Word, Words, once};
use crate::render::Format;

/// What `audit` is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) root: Option<PathBuf>,
    /// A rule id, or a family with `*` at the end.
    pub(super) rule: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) format: Option<Format>,
    /// Where the first form goes; standard output if nowhere.
    pub(super) output: Option<PathBuf>,
    /// Further forms, each with its file.
    pub(super) also: Vec<(Format, PathBuf)>,
    pub(super) advisory: bool,
    pub(super) summary: bool,
    pub(super) timings: bool,
    pub(super) deed: Deed,
}

/// What the audit does besides judging.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing.
    #[default]
    Judge,
    /// Mends what needs no decision, then judges.
    Fix,
    /// Takes out of the baseline what is gone, then judges.
    UpdateBaseline,
    /// Begins a baseline where the law names none, then judges.
    FirstBaseline,
    /// Judges itself: plants a violation of each rule.
    SelfTest,
}

pub(super) const KNOWN: &[&str] = &[
    "--rule",
    "--domain",
    "--advisory",
    "--format",
    "--json",
    "--sarif",
    "--github",
    "--output",
    "--also",
    "--summary",
    "--timings",
    "--fix",
    "--update-baseline",
    "--first-baseline",
    "--self-test",
    "--root",
    "--manifest-path",
];

impl Options {
    /// Reads the words after `audit`.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut deed = None;
        let mut words = Words::of(words, "audit", KNOWN);
        while let Some(word) = words.next() {
            options.take(&word?, &mut words, &mut deed)?;
        }
        options.deed = deed.unwrap_or_default();
        options.go_together()?;
        Ok(options)
    }

    fn take<'a>(
        &mut self,
        word: &Word<'a>,
        words: &mut Words<'a>,
        deed: &mut Option<Deed>,
    ) -> Result<(), String> {
        match word.name {
            "--rule" => return once(&mut self.rule, words.value(word)?.to_owned(), word.name),
            "--domain" => return once(&mut self.domain, words.value(word)?.to_owned(), word.name),
            "--output" => return once(&mut self.output, words.value(word)?.into(), word.name),
            "--root" | "--manifest-path" => return once(&mut self.root, root(word, words)?, "the root"),
            "--format" => return once(&mut self.format, format(words.value(word)?)?, "the format"),
            "--also" => {
                self.also.push(also(words.value(word)?)?);
                return Ok(());
            }
            _ => words.bare(word)?,
        }
        match word.name {
            "--advisory" => self.advisory = true,
            "--summary" => self.summary = true,
            "--timings" => self.timings = true,
            "--fix" => once(deed, Deed::Fix, CHANGES)?,
            "--update-baseline" => once(deed, Deed::UpdateBaseline, CHANGES)?,
            "--first-baseline" => once(deed, Deed::FirstBaseline, CHANGES)?,
            "--self-test" => once(deed, Deed::SelfTest, CHANGES)?,
            short => once(&mut self.format, format(short.trim_start_matches('-'))?, "the format")?,
        }
        Ok(())
    }

    fn go_together(&self) -> Result<(), String> {
        let narrowed = self.rule.is_some() || self.domain.is_some();
        let formed = self.format.is_some() || self.output.is_some() || !self.also.is_empty();
        match self.deed {
            Deed::UpdateBaseline | Deed::FirstBaseline if narrowed => {
                Err("a baseline needs all rules: what does not run would be taken for mended; remove --rule and --domain".to_owned())
            }
            Deed::SelfTest if formed || self.domain.is_some() => {
                Err("--self-test prints its own lines; of the others it takes --rule and --root alone".to_owned())
            }
            _ => Ok(()),
        }
    }
}

const CHANGES: &str = "--fix, --update-baseline, --first-baseline or --self-test";

/// `--root FOLDER`, or `--manifest-path FOLDER/Cargo.toml` as Cargo has it.
pub(super) fn root<'a>(word: &Word<'a>, words: &mut Words<'a>) -> Result<PathBuf, String> {
    let path = PathBuf::from(words.value(word)?);
    match word.name {
        "--manifest-path" if !path.ends_with("Cargo.toml") => {
            Err(format!("--manifest-path {}: expected the path of a Cargo.toml", path.display()))
        }
        "--manifest-path" => {
            Ok(path.parent().filter(|parent| *parent != "").unwrap_or(".".as_ref()).to_owned())
        }
        _ => Ok(path),
    }
}

fn format(name: &str) -> Result<Format, String> {
    let named = Format::NAMED.iter().find(|(known, _)| *known == name);
    named.map(|(_, format)| *format).ok_or_else(|| {
        let known = Format::NAMED.map(|(known, _)| known).join(", ");
        format!("no format {name}; known: {known}")
    })
}

fn also(value: &str) -> Result<(Format, PathBuf), String> {
    match value.split_once('=') {
        Some((name, file)) if !file.is_empty() => Ok((format(name)?, file.into())),
        _ => Err(format!("--also {value}: expected a format and its file, as in --also sarif=audit.sarif")),
    }
}
