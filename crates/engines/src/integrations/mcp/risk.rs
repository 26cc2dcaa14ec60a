//! How much harm a tool can do, from its name, its server's hints and an admin's classification.
//!
//! The name is the server's choice and the hints are untrusted, so signs only add up: the worst of them wins, and a
//! name that says nothing counts as high until an admin has classified the tool.

use portcullis_schemas::integrations::mcp::tool::{ItemKind, RiskLevel, ToolAnnotations};

use crate::words::words;

#[cfg(test)]
mod tests;

/// What a name's tokens mean. A token counts whole: `truncate` is no `run`, `reset` no `set`.
const KEYWORDS: [(RiskLevel, &[&str]); 4] = [
    (RiskLevel::Critical, &["delete", "remove", "drop", "destroy", "kill"]),
    (RiskLevel::High, &["write", "execute", "run", "shell", "eval", "create"]),
    (RiskLevel::Medium, &["update", "modify", "set", "put", "post"]),
    (RiskLevel::Low, &["read", "get", "list", "search", "query", "fetch"]),
];

/// Tokens that join two deeds in one name; each deed is judged by itself.
const CONJUNCTIONS: [&str; 3] = ["and", "or", "then"];

/// The risk of a tool and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskAssessment {
    /// From name and hints alone.
    pub inferred: RiskLevel,
    /// Whether the name says what the tool does: every deed that it names is in the keyword table.
    pub known: bool,
    /// The risk that policies see: `inferred`, with an unknown name's `high` replaced by the admin's classification if
    /// there is one, and never below that classification.
    pub level: RiskLevel,
}

/// Judges a tool, or what else is listed: a prompt is got and a resource read, so these are low by what the protocol lets
/// be asked of them, whatever their names say; an admin's level can raise it. For a tool `classified` is an admin's level: it stands in for what the name does not say, and it can raise what
/// the name says, but it does not lower a known sign.
#[must_use]
pub fn assess(
    kind: ItemKind,
    name: &str,
    annotations: ToolAnnotations,
    classified: Option<RiskLevel>,
) -> RiskAssessment {
    if kind != ItemKind::Tool {
        let level = classified.unwrap_or(RiskLevel::Low);
        return RiskAssessment { inferred: RiskLevel::Low, known: true, level };
    }
    let of_name = judge_name(name);
    let hinted = judge_annotations(annotations);
    let floor = of_name.worst.max(hinted);
    let with = |unknown: RiskLevel| if of_name.known { floor } else { floor.max(Some(unknown)) };
    RiskAssessment {
        inferred: with(RiskLevel::High).unwrap_or(RiskLevel::High),
        known: of_name.known,
        level: with(classified.unwrap_or(RiskLevel::High)).max(classified).unwrap_or(RiskLevel::High),
    }
}

struct NameVerdict {
    worst: Option<RiskLevel>,
    known: bool,
}

/// A name such as `get_and_purge` names two deeds: the known one does not speak for the unknown one.
fn judge_name(name: &str) -> NameVerdict {
    let words = words(name);
    let deeds = words.split(|word| CONJUNCTIONS.contains(&word.as_str()));
    let mut verdict = NameVerdict { worst: None, known: true };
    for deed in deeds {
        let level = deed.iter().filter_map(|token| keyword(token)).max();
        verdict.known &= level.is_some();
        verdict.worst = verdict.worst.max(level);
    }
    verdict
}

fn keyword(token: &str) -> Option<RiskLevel> {
    KEYWORDS.iter().find(|(_, words)| words.contains(&token)).map(|(level, _)| *level)
}

/// Only what is said counts: an absent hint is covered by the name being unknown.
fn judge_annotations(annotations: ToolAnnotations) -> Option<RiskLevel> {
    if annotations.destructive == Some(true) {
        return Some(RiskLevel::Critical);
    }
    let acts = annotations.open_world == Some(true) || annotations.read_only == Some(false);
    acts.then_some(RiskLevel::Medium)
}
