//! Rows: what a villain does, what the gate must answer, record and tell, and what is counted besides.

use std::future::Future;
use std::pin::Pin;

use color_eyre::eyre::Result;
use serde_json::{Value, json};

use super::scene::{Scene, Seen};
use super::speech::{Era, TOOL, definition, server};
use super::villain::{Asked, Script, Step, Villain};

/// What a row expects, in the words of the corpus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// What the caller is told.
    pub(super) code: &'static str,
    /// `failed`, `succeeded`, `denied`, `unknown`, `n/a`.
    pub(super) state: &'static str,
    /// `none`, `low`, `high`.
    pub(super) incident: &'static str,
}

pub(super) const fn expect(code: &'static str, state: &'static str, incident: &'static str) -> Expected {
    Expected { code, state, incident }
}

/// A play that is under way.
pub(super) type Playing<'a> = Pin<Box<dyn Future<Output = Result<Seen>> + Send + 'a>>;

/// Has it done, before the gate of a scene.
pub(super) type Play = for<'a> fn(&'a Scene, &'a [Villain]) -> Playing<'a>;
/// What is wrong with what can be counted, if anything is.
pub(super) type Counting = fn(&Seen, &[Villain]) -> Option<String>;

/// One row, in one era.
pub(super) struct Row {
    pub(super) id: &'static str,
    /// What tells it from the others of the same row.
    pub(super) variant: String,
    pub(super) expected: Expected,
    pub(super) cast: Vec<Script>,
    pub(super) play: Play,
    pub(super) figure: Option<Counting>,
    /// Needs a gate that reads lists anew after a second, and lets none be older than 3 s.
    pub(super) is_eager: bool,
}

impl Row {
    /// A row with a play of its own.
    pub(super) fn of(id: &'static str, expected: Expected, cast: Vec<Script>, play: Play) -> Self {
        let variant = String::new();
        Self { id, variant, expected, cast, play, figure: None, is_eager: false }
    }

    /// One call, in this era.
    pub(super) fn call(
        id: &'static str,
        era: Era,
        expected: Expected,
        script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let cast = vec![server(era, vec![definition(TOOL)], script)];
        Self { variant: era.to_string(), ..Self::of(id, expected, cast, call_once) }
    }

    /// One call, in both eras.
    pub(super) fn calls(
        id: &'static str,
        expected: Expected,
        script: impl Fn(&Asked) -> Vec<Step> + Clone + Send + Sync + 'static,
    ) -> [Self; 2] {
        [Era::Modern, Era::Legacy].map(|era| Self::call(id, era, expected, script.clone()))
    }

    /// A list with definitions none of which may be admitted.
    pub(super) fn list(id: &'static str, expected: Expected, tools: Vec<Value>) -> [Self; 2] {
        [Era::Modern, Era::Legacy].map(|era| {
            let cast = vec![server(era, tools.clone(), |_| Vec::new())];
            Self { variant: era.to_string(), ..Self::of(id, expected, cast, list_once) }
        })
    }

    pub(super) fn counting(self, figure: Counting) -> Self {
        Self { figure: Some(figure), ..self }
    }

    pub(super) fn named(self, variant: impl std::fmt::Display) -> Self {
        let variant = format!("{} {variant}", self.variant).trim().to_owned();
        Self { variant, ..self }
    }

    pub(super) fn eager(self) -> Self {
        Self { is_eager: true, ..self }
    }
}

/// Trusts the one villain, and calls its tool.
pub(super) fn call_once<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        scene.one.call(&tool, &json!({})).await
    })
}

/// Registers the one villain: nothing that it lists may become a tool, and there is one incident about all of it.
fn list_once<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let (server, registered) = scene.one.register(&cast[0].url(), &json!({})).await?;
        let refused = registered["discovery"]["refused"].as_array().cloned().unwrap_or_default();
        let mut codes: Vec<String> =
            refused.iter().map(|one| code_of(one["rule"].as_str().unwrap_or_default()).to_owned()).collect();
        codes.sort_unstable();
        codes.dedup();
        let tools = scene.one.tools(&server).await?;
        let outcome = if tools.is_empty() { "blocked" } else { "admitted" };
        Ok(Seen {
            code: codes.join(" and "),
            outcome: outcome.to_owned(),
            incident: scene.one.incident("definition_refused", &server).await?,
            answer: registered,
            ..Seen::default()
        })
    })
}

/// The corpus has a code for each reason for which a definition is refused; here they are rules of the listing.
fn code_of(rule: &str) -> &str {
    match rule {
        "name" | "duplicate_name" => "list_invalid",
        "hidden_characters" => "text_hidden",
        "schema" => "schema_invalid",
        "schema_cost" => "schema_too_costly",
        other => other,
    }
}

impl Expected {
    /// What differs from what was seen, in code, state and incident.
    pub(super) fn differences(&self, seen: &Seen) -> [Option<String>; 3] {
        let code = ours(self.code);
        let states: &[&str] = match self.state {
            "failed" => &["failure", "timeout"],
            "succeeded" => &["success"],
            "denied" => &["blocked"],
            "unknown" => &["unknown"],
            _ => &[],
        };
        // What was sent before it was refused is a failure on record: only what was not sent is blocked.
        let is_state = states.contains(&seen.outcome.as_str())
            || (self.state == "denied" && seen.outcome == "failure" && seen.code.ends_with("_refused"))
            || states.is_empty();
        [
            (seen.code != code).then(|| format!("code {} instead of {code}", seen.code)),
            (!is_state).then(|| format!("on record as {} instead of {}", seen.outcome, self.state)),
            (seen.incident != self.incident)
                .then(|| format!("incident {} instead of {}", seen.incident, self.incident)),
        ]
    }
}

/// The corpus's codes in our words, where we say the same otherwise. What is not the same is a deviation. Its
/// `oauth_refused` is three codes of ours, by who refused: rows of an authorization server that breaks a rule name theirs.
fn ours(code: &str) -> &str {
    match code {
        "result_too_large" => "upstream_too_large",
        "ssrf_blocked" => "egress_refused",
        "version_refused" => "upstream_incompatible",
        "args_refused" => "arguments_invalid",
        "tool_changed" | "needs_approval" => "tool_quarantined",
        "oauth_refused" => "upstream_unauthorized",
        code => code,
    }
}
