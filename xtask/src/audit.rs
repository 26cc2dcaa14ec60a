//! `audit` and `explain`: read, judge, and say it with an exit code.

use std::path::Path;
use std::time::Instant;

use layer_audit::{Config, Exit, Rule, Selection, UnknownRule, evaluate, load};

use crate::task::AuditOptions;

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
}

/// Judges the workspace in `root` by its `layers.toml`.
pub(crate) fn run(root: &Path, options: &AuditOptions) -> Said {
    judge(root, options).unwrap_or_else(|message| Said::unusable(&message))
}

/// Explains the rule of that id.
pub(crate) fn explain(id: &str) -> Said {
    match (Rule::get(id), Selection::parse(id)) {
        (Some(rule), _) => Said::clean(rule.explain()),
        (None, Err(unknown)) => Said::unusable(&unknown.to_string()),
        (None, Ok(_)) => Said::unusable("explain takes one rule id, not a family"),
    }
}

fn judge(root: &Path, options: &AuditOptions) -> Result<Said, String> {
    let begun = Instant::now();
    let selection = select(options).map_err(|unknown| unknown.to_string())?;
    let path = root.join("layers.toml");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("layers.toml: cannot be read: {error}"))?;
    let config = Config::parse(&text).map_err(|error| format!("layers.toml: {error}"))?;
    let workspace = load(root, &config).map_err(|error| error.to_string())?;
    let report = evaluate(&workspace, &config, &selection);
    let milliseconds = begun.elapsed().as_millis();
    let text = if options.json {
        format!("{}\n", report.json(milliseconds).map_err(|error| error.to_string())?)
    } else {
        report.text(milliseconds)
    };
    let exit = if options.advisory { Exit::Clean } else { report.exit() };
    Ok(Said { text, exit })
}

fn select(options: &AuditOptions) -> Result<Selection, UnknownRule> {
    options.rule.as_deref().map_or_else(|| Ok(Selection::all()), Selection::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_and_a_missing_workspace_are_unusable_not_green() {
        let options = AuditOptions { rule: Some("LA-999".to_owned()), ..AuditOptions::default() };
        assert_eq!(run(Path::new("."), &options).exit, Exit::Unusable);
        assert_eq!(run(Path::new("/nonexistent"), &AuditOptions::default()).exit, Exit::Unusable);
        assert_eq!(explain("LA-999").exit, Exit::Unusable);
        assert_eq!(explain("LA-1*").exit, Exit::Unusable);
        assert_eq!(explain("LA-101").exit, Exit::Clean);
    }
}
