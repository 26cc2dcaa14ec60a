//! What one call came to, and what many of them say.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::detour::mark;
use crate::permitted::PermittedTool;

/// One call, as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) mark: String,
    pub(crate) took: Duration,
    pub(crate) end: End,
}

/// How it ended for its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The tool's answer.
    Answered,
    /// Refused because too much was under way, with the seconds to wait.
    Refused(Option<u64>),
    /// Any other answer of the gate: its status and code.
    Failed(u16, String),
    /// No answer: the connection was refused or broke.
    Broken,
}

/// Calls a tool once, under the mark of this number.
pub(crate) async fn call(tool: &PermittedTool, number: usize, headers: &[(&str, &str)]) -> Sample {
    let mark = mark(number);
    let body = json!({ "arguments": { "city": mark }, "run_id": mark });
    let started = Instant::now();
    let answer = tool.invoke(&body, headers).await;
    let took = started.elapsed();
    let end = match answer {
        Err(_) => End::Broken,
        Ok(answer) => {
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            match answer.status {
                200 => End::Answered,
                429 | 503 if code == "overloaded" => End::Refused(answer.retry_after),
                status => End::Failed(status, code),
            }
        }
    };
    Sample { mark, took, end }
}

/// Many samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

impl Samples {
    pub(crate) fn count(&self, is: impl Fn(&End) -> bool) -> usize {
        self.0.iter().filter(|sample| is(&sample.end)).count()
    }

    pub(crate) fn answered(&self) -> usize {
        self.count(|end| *end == End::Answered)
    }

    pub(crate) fn refused(&self) -> usize {
        self.count(|end| matches!(end, End::Refused(_)))
    }

    /// A percentile of the times of those that ended so; zero if there is none.
    pub(crate) fn percentile(&self, share: usize, is: impl Fn(&End) -> bool) -> Duration {
        let mut times: Vec<_> =
            self.0.iter().filter(|sample| is(&sample.end)).map(|sample| sample.took).collect();
        times.sort_unstable();
        times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// The body of an answer's list of runs and outcomes.
pub(crate) fn runs_in(page: &Value) -> impl Iterator<Item = (String, String)> {
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| Some((item["run_id"].as_str()?.to_owned(), item["outcome"].as_str()?.to_owned())))
}
