//! The suite as an upstream: it starts the driver for each scenario, and judges what our client sent.

use std::fmt::Write as _;

use color_eyre::eyre::{ContextCompat, Result, ensure};

use super::verdict::Verdict;
use super::{Options, REVISIONS, driver};

/// Milliseconds that a scenario may take: all run at once, and each has a gate of its own.
const PATIENCE: &str = "180000";

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) fn run(options: &Options) -> Result<()> {
    let command = command(options)?;
    for revision in REVISIONS {
        let stories = tempfile::tempdir()?;
        let words = ["client", "--command", &command, "--requirements", revision, "--timeout", PATIENCE];
        let folder = stories.path().to_str().context("a folder whose name is no text")?;
        let mut verdict = Verdict::of(options, &words, &[(driver::STORIES, folder)])?;
        // The suite does not ask how its client ended.
        for scenario in &verdict.passed {
            let story = driver::told(stories.path(), scenario)?;
            ensure!(
                story == driver::DONE,
                "client {revision}: {scenario} passed, but the agent got: {story}"
            );
        }
        for scenario in verdict.failed.keys() {
            let story = driver::told(stories.path(), scenario).unwrap_or_else(|error| error.to_string());
            let _ = write!(verdict.said, "\n{scenario}: the agent got: {story}");
        }
        let total = verdict.expect(options, "client", revision)?;
        println!("ok conformance of the client, {revision}, but for the failures that are known: {total}");
    }
    Ok(())
}

/// The driver's command. The suite takes it apart at its spaces.
fn command(options: &Options) -> Result<String> {
    let program = std::env::current_exe()?;
    let binary = options.binary.canonicalize()?;
    let words = [program.to_str(), Some("conformance-driver"), Some("--binary"), binary.to_str()];
    let words: Option<Vec<&str>> = words.into_iter().collect();
    let words = words.context("a program whose path is no text")?;
    ensure!(words.iter().all(|word| !word.contains(char::is_whitespace)), "a program's path holds a space");
    Ok(words.join(" "))
}
