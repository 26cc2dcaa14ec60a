//! `cargo xtask prove`: builds what proves, and has it try what is promised on the running product.

use std::path::Path;
use std::process::{Command, ExitCode};

/// What `cargo xtask prove --help` prints. The options are those of `portcullis-proof prove`; asking for them builds
/// nothing.
pub(crate) const HELP: &str = "\
cargo xtask prove [OPTIONS]
    Tries what is promised on the running product, as often as the promises say, and writes PROOF.md. Takes long, and
    is of a release build. With --short, --suite or --list it writes a report only where --report says. Each run writes
    the whole report: name both databases in one.

  --suite NAME         Only this suite; may be repeated [default: all]
  --list               List the suites and what each does, and run none
  --full               The published form: as often as the promises say
  --short              The form of the gate: the same checks, less often
  --seed N             Where every random choice comes from; the same seed makes the same choices
  --database URL       `sqlite`, or the URL of a PostgreSQL database whose role may create others; may be repeated
  --disk DIR           Where data directories are made; take a real disk, not memory
  --report FILE        Write the report to this file, as Markdown
  --date YYYY-MM-DD    The day that the report shows [default: today]
";

/// Builds and proves. `words` go to `portcullis-proof prove`. What is published is proven of a release.
pub(crate) fn run(root: &Path, words: &[String]) -> ExitCode {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--locked", "--quiet", "-p", "portcullis-proof", "--features", "otlp"]);
    command.args(words.iter().any(|word| word == "--full").then_some("--release"));
    command.args(["--", "prove"]).args(words);
    crate::hand_over(root, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_tells_the_options_of_the_proof() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/proof/src/prove.rs");
        let source = std::fs::read_to_string(source).expect("the options are declared there");
        let options = source.split_once("struct Options {").expect("declared").1;
        let options = options.split_once("\n}").expect("closed").0;
        let (mut said, mut about, mut called) = (0, "", None);
        for line in options.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("/// ") {
                // Here the published form is the default.
                about = text.trim_end_matches(" [default]");
            } else if line.starts_with("#[arg(") {
                called = line.split_once("long = \"").and_then(|(_, rest)| rest.split('"').next());
            } else if let Some((field, _)) = line.split_once(": ") {
                let name = called.take().unwrap_or(field);
                let tells = |line: &str| {
                    line.trim_start().starts_with(&format!("--{name} "))
                        && line.ends_with(&format!(" {about}"))
                };
                assert!(HELP.lines().any(tells), "--{name}: {about}");
                said += 1;
            }
        }
        assert_eq!(said, HELP.lines().filter(|line| line.trim_start().starts_with("--")).count());
    }
}
