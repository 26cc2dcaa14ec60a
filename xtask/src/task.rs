//! The command line, as a value.

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
cargo xtask audit [OPTIONS]
    Judges this workspace by layers.toml; `cargo xtask audit help` says all it can do.
    So do explain LA-NNN, rules, graph, tombstones and literature: with or without `audit` before them.
cargo xtask new KIND NAME
    Writes an operation, engine, port, driver, adapter, bridge or domain; `cargo xtask new` says more.
cargo xtask contract diff REV [--json]
    What changed in the contracts since a revision, and whom it breaks.
cargo xtask prove [OPTIONS]
    Tries what is promised on the running product, as often as the promises say, and writes PROOF.md. Takes long.
    With --short or --suite it writes a report only where --report says; `cargo xtask prove --help` lists the options.
cargo xtask bench [--peers] [OPTIONS]
    Measures a release build and writes BENCHMARKS.md; `cargo xtask bench --help` lists the options.
cargo xtask ci
    Runs .ci/run, the whole gate.
";

/// Tasks of the audit that stand for themselves.
const OF_THE_AUDIT: [&str; 5] = ["explain", "rules", "graph", "tombstones", "literature"];

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Hand these words to the audit.
    Audit(Vec<String>),
    /// Write a scaffold: its kind and name.
    New(Vec<String>),
    /// Compare the contracts with those of a revision.
    ContractDiff { rev: String, json: bool },
    /// Prove with these options.
    Prove(Vec<String>),
    /// Measure; the words are for `portcullis-proof bench`.
    Bench(Vec<String>),
    /// Run the gate.
    Ci,
    /// Print the help of `prove`.
    ProveHelp,
    /// Print the help of `bench`.
    BenchHelp,
    /// Print the help.
    Help,
}

impl Task {
    /// Reads the arguments after `cargo xtask`. The error says what was not understood.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["audit", ..] => Ok(Self::Audit(arguments[1..].to_vec())),
            [first, ..] if OF_THE_AUDIT.contains(first) => Ok(Self::Audit(arguments.to_vec())),
            ["new", ..] => Ok(Self::New(arguments[1..].to_vec())),
            ["contract", "diff", rest @ ..] => contract_diff(rest),
            ["contract", ..] => {
                Err("contract takes diff and a revision: cargo xtask contract diff main".to_owned())
            }
            ["prove", rest @ ..] if asks_for_help(rest) => Ok(Self::ProveHelp),
            ["prove", rest @ ..] => Ok(Self::Prove(proving(rest))),
            ["bench", rest @ ..] if asks_for_help(rest) => Ok(Self::BenchHelp),
            ["bench", ..] => Ok(Self::Bench(arguments[1..].to_vec())),
            ["ci"] => Ok(Self::Ci),
            [] | ["help" | "--help" | "-h"] => Ok(Self::Help),
            [other, ..] => Err(format!("no task of this form: {other}")),
        }
    }
}

fn asks_for_help(words: &[&str]) -> bool {
    words.iter().any(|word| ["--help", "-h", "help"].contains(word))
}

/// The published form and its report, unless something else is asked for.
fn proving(words: &[&str]) -> Vec<String> {
    let is_short = words.contains(&"--short");
    let is_published =
        !is_short && !words.iter().any(|word| ["--suite", "--list", "--report"].contains(word));
    let mut all = if is_short { Vec::new() } else { vec!["--full"] };
    if is_published {
        all.extend(["--report", "PROOF.md"]);
    }
    all.extend(words.iter().filter(|word| **word != "--full"));
    all.into_iter().map(str::to_owned).collect()
}

fn contract_diff(words: &[&str]) -> Result<Task, String> {
    match words {
        [rev] if !rev.starts_with('-') => Ok(Task::ContractDiff { rev: (*rev).to_owned(), json: false }),
        [rev, "--json"] | ["--json", rev] if !rev.starts_with('-') => {
            Ok(Task::ContractDiff { rev: (*rev).to_owned(), json: true })
        }
        _ => Err("contract diff takes one revision, and --json: cargo xtask contract diff main".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn tasks_are_read() {
        let diff = |json| Task::ContractDiff { rev: "main".to_owned(), json };
        let cases = [
            ("audit", Task::Audit(Vec::new())),
            ("audit --json --rule LA-101", Task::Audit(words("--json --rule LA-101"))),
            ("audit explain LA-101", Task::Audit(words("explain LA-101"))),
            ("explain LA-101", Task::Audit(words("explain LA-101"))),
            ("graph --svg", Task::Audit(words("graph --svg"))),
            ("literature --check", Task::Audit(words("literature --check"))),
            ("new engine logs tail", Task::New(words("engine logs tail"))),
            ("contract diff main", diff(false)),
            ("contract diff main --json", diff(true)),
            ("contract diff --json main", diff(true)),
            ("prove", Task::Prove(words("--full --report PROOF.md"))),
            ("prove --full --seed 2", Task::Prove(words("--full --report PROOF.md --seed 2"))),
            (
                "prove --database sqlite --database postgres://x/y",
                Task::Prove(words("--full --report PROOF.md --database sqlite --database postgres://x/y")),
            ),
            ("prove --short", Task::Prove(words("--short"))),
            ("prove --suite kill", Task::Prove(words("--full --suite kill"))),
            ("prove --help", Task::ProveHelp),
            ("prove --short -h", Task::ProveHelp),
            ("bench --peers", Task::Bench(words("--peers"))),
            ("bench --help", Task::BenchHelp),
            ("bench --peers -h", Task::BenchHelp),
            ("ci", Task::Ci),
            ("help", Task::Help),
            ("", Task::Help),
        ];
        for (line, task) in cases {
            assert_eq!(Task::parse(&words(line)), Ok(task), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for line in
            ["ci now", "deploy", "contract", "contract diff", "contract diff --json", "contract diff a b"]
        {
            assert!(Task::parse(&words(line)).is_err(), "{line}");
        }
    }
}
