//! What of a tool's result an agent may get. Nothing of a result is trusted, and nothing of it is judged by its meaning;
//! but what a person does not see an agent does not get either, what a client would load by itself is taken out, and
//! content that is not what it says that it is is refused.
//!
//! A result that gives no cause stays byte for byte. In one that does, the strings and members that nobody objects to stay.

mod blocks;
mod hidden;
mod media;
mod questions;

use portcullis_mcp::members::{Members, folded};
use portcullis_mcp::scan::{JsonLimits, scan};
use portcullis_schemas::integrations::mcp::invocation::Sanitised;
use portcullis_schemas::json::RawJson;
use serde_json::value::RawValue;

use self::blocks::Verdict;
pub use self::questions::{QuestionProblem, Questions, examine_questions};

#[cfg(test)]
mod tests;

/// Members of a result that decide something.
const DECIDING: [&str; 7] =
    ["content", "messages", "contents", "structuredContent", "isError", "resultType", "_meta"];
/// Members of a `notifications/progress`.
const PROGRESS: [&str; 4] = ["progressToken", "progress", "total", "message"];
/// What speaks for the gate in `_meta` begins so.
pub const OURS: &str = "portcullis/";

/// A result that may be handed on.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The result.
    pub result: RawJson,
    /// What was taken out; without the hash of what was received. Absent when nothing was.
    pub sanitised: Option<Sanitised>,
}

/// Why nothing of a result is handed on, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentProblem(pub &'static str);

/// Examines a result.
///
/// # Errors
/// [`ContentProblem`] when it holds content of a kind that is not handed on, or content that is not of its kind.
pub fn examine(result: &RawJson) -> Result<Examined, ContentProblem> {
    let mut counts = Sanitised::default();
    let visible = hidden::without_hidden(result.as_str(), &mut counts.hidden_characters);
    let text = visible.as_deref().unwrap_or(result.as_str());
    let changed = without_objectionable(text, &mut counts)?;
    let Some(text) = changed.map(|members| members.to_raw().get().to_owned()).or(visible) else {
        return Ok(Examined { result: result.clone(), sanitised: None });
    };
    // Two names may have become one, and two readers would see two results.
    scan(text.as_bytes(), &JsonLimits::STRICT).map_err(|_| {
        ContentProblem("the result cannot be read in one way once hidden characters are taken out")
    })?;
    let result = RawJson::from_text(text).map_err(|_| ContentProblem("the result is not JSON"))?;
    Ok(Examined { result, sanitised: Some(counts) })
}

/// What of a `notifications/progress` may be told: what the specification names, and nothing that a person does not see. It
/// is about a result that nobody has examined yet.
#[must_use]
pub fn examine_progress(params: &RawJson) -> RawJson {
    let visible = hidden::without_hidden(params.as_str(), &mut 0);
    let mut members = Members::of(visible.as_deref().unwrap_or(params.as_str())).unwrap_or_default();
    members.retain(|name| PROGRESS.contains(&name));
    members.to_raw().into()
}

/// The result with other members or content; `None` when it stays.
fn without_objectionable(text: &str, counts: &mut Sanitised) -> Result<Option<Members>, ContentProblem> {
    let Some(mut members) = Members::of(text) else { return Ok(None) };
    let mut is_changed = retain(&mut members, counts, |name| !is_variant(name, &DECIDING));
    if let Some(mut meta) = members.value::<Members>("_meta")
        && retain(&mut meta, counts, |name| !folded(name).starts_with(OURS))
    {
        members.put("_meta", &meta);
        is_changed = true;
    }
    let lists: [(&str, Judge); 3] = [
        ("content", blocks::judge),
        ("messages", blocks::judge_message),
        ("contents", blocks::judge_contents),
    ];
    for (name, judge) in lists {
        if let Some(list) = members.value::<Vec<Box<RawValue>>>(name)
            && let Some(list) = judged(list, judge, counts)?
        {
            members.put(name, &list);
            is_changed = true;
        }
    }
    Ok(is_changed.then_some(members))
}

type Judge = fn(&RawValue, &mut Sanitised) -> Result<Verdict, ContentProblem>;

fn judged(
    list: Vec<Box<RawValue>>,
    judge: Judge,
    counts: &mut Sanitised,
) -> Result<Option<Vec<Box<RawValue>>>, ContentProblem> {
    let (mut kept, mut is_changed) = (Vec::with_capacity(list.len()), false);
    for item in list {
        match judge(&item, counts)? {
            Verdict::Keep => kept.push(item),
            Verdict::Change(changed) => {
                kept.push(changed.to_raw());
                is_changed = true;
            }
            Verdict::Drop => is_changed = true,
        }
    }
    Ok(is_changed.then_some(kept))
}

/// Takes members out and counts them; whether there were any.
fn retain(members: &mut Members, counts: &mut Sanitised, wanted: impl Fn(&str) -> bool) -> bool {
    let out = members.names().filter(|name| !wanted(name)).count();
    members.retain(wanted);
    counts.members += out as u64;
    out > 0
}

/// Whether a reader who does not mind case takes this name for one of those.
fn is_variant(name: &str, known: &[&str]) -> bool {
    !known.contains(&name) && {
        let name = folded(name);
        known.iter().any(|known| folded(known) == name)
    }
}
