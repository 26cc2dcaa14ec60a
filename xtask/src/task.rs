//! The command line, as a value.

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
cargo xtask audit [--json] [--rule LA-NNN | LA-N*] [--advisory]
    Judges this workspace by layers.toml. Exit: 0 clean, 1 violations, 3 bad configuration or unreadable workspace.
    --advisory prints all and exits 0 except for 3.
cargo xtask explain LA-NNN
    Why a rule is there, how to mend a finding, what the rule cannot see.
cargo xtask ci
    Runs .ci/run, the whole gate.
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Judge the workspace.
    Audit(AuditOptions),
    /// Explain a rule, by its id.
    Explain(String),
    /// Run the gate.
    Ci,
    /// Print the help.
    Help,
}

/// Options of the audit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditOptions {
    pub(crate) json: bool,
    pub(crate) advisory: bool,
    /// A rule id, or a family with `*` at the end.
    pub(crate) rule: Option<String>,
}

impl Task {
    /// Reads the arguments after `cargo xtask`. The error says what was not understood.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["audit", options @ ..] => Ok(Self::Audit(AuditOptions::parse(options)?)),
            ["explain", id] => Ok(Self::Explain((*id).to_owned())),
            ["explain", ..] => Err("explain takes one rule id: cargo xtask explain LA-101".to_owned()),
            ["ci"] => Ok(Self::Ci),
            [] | ["help" | "--help" | "-h"] => Ok(Self::Help),
            [other, ..] => Err(format!("no task of this form: {other}")),
        }
    }
}

impl AuditOptions {
    fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--json" => options.json = true,
                "--advisory" => options.advisory = true,
                "--rule" => options.rule = Some((*words.next().ok_or("--rule takes a rule id")?).to_owned()),
                other => return Err(format!("audit does not know {other}")),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, String> {
        Task::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn tasks_are_read() {
        let audit = |json, advisory, rule: Option<&str>| {
            Ok(Task::Audit(AuditOptions { json, advisory, rule: rule.map(str::to_owned) }))
        };
        assert_eq!(parse("audit"), audit(false, false, None));
        assert_eq!(parse("audit --json --rule LA-101 --advisory"), audit(true, true, Some("LA-101")));
        assert_eq!(parse("explain LA-101"), Ok(Task::Explain("LA-101".to_owned())));
        assert_eq!(parse("ci"), Ok(Task::Ci));
        assert_eq!(parse(""), Ok(Task::Help));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for line in ["audit --sarif", "audit --rule", "explain", "explain LA-101 LA-102", "ci now", "deploy"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
