//! What is wrong with a policy text, for the person who wrote it.

use cedar_policy::ffi::DetailedError;
use cedar_policy::{PolicySet, ValidationError, ValidationMode, Validator};
use portcullis_schemas::policies::PolicyProblem;
use portcullis_schemas::text::is_hidden;

use super::schema::{ACTIONS, Vocabulary};
use super::{literals, nesting};

/// Most problems that are told at once.
pub(super) const MAX_PROBLEMS: usize = 20;
/// Most characters of one message.
const MAX_MESSAGE_CHARS: usize = 500;

const TOO_DEEP: &str = "the policy nests too deep: write several policies, or sets with `contains`, in place of long \
     chains of operators and nested brackets";

/// Every problem of a text, in order of lines, at most [`MAX_PROBLEMS`].
pub(super) fn find(vocabulary: &Vocabulary, text: &str) -> Vec<PolicyProblem> {
    if let Some(offset) = nesting::first_too_deep(text) {
        return vec![PolicyProblem { line: line_of(text, offset), message: TOO_DEEP.to_owned() }];
    }
    let mut problems = match text.parse::<PolicySet>() {
        Ok(parsed) => find_in_parsed(vocabulary, text, &parsed),
        Err(errors) => errors.iter().map(|error| problem(text, &DetailedError::from(error))).collect(),
    };
    problems.sort_by(|one, other| (one.line, &one.message).cmp(&(other.line, &other.message)));
    // A mistake in a policy that names no action is one, though Cedar finds it once for each of them.
    problems.dedup_by(|one, other| {
        one.line == other.line && without_action(&one.message) == without_action(&other.message)
    });
    problems.truncate(MAX_PROBLEMS);
    problems
}

fn find_in_parsed(vocabulary: &Vocabulary, text: &str, parsed: &PolicySet) -> Vec<PolicyProblem> {
    if parsed.num_of_templates() > 0 {
        return vec![unplaced(
            "templates are not supported: write an entity in place of `?principal` and `?resource`",
        )];
    }
    if parsed.is_empty() {
        return vec![unplaced("the text holds no policy: expected at least one `permit` or `forbid`")];
    }
    let found = Validator::new(vocabulary.schema.clone()).validate(parsed, ValidationMode::Strict);
    let errors: Vec<&ValidationError> = found.validation_errors().collect();
    // That no action applies, and that the policy is impossible, follow from other errors: tell those alone.
    let follows = |error: &ValidationError| matches!(error, ValidationError::InvalidActionApplication(_));
    let all_follow = errors.iter().all(|error| follows(error));
    let told = errors.iter().filter(|error| all_follow || !follows(error));
    let told: Vec<PolicyProblem> = told.map(|error| problem(text, &DetailedError::from(*error))).collect();
    if !told.is_empty() {
        return told;
    }
    let warnings = found.validation_warnings().map(|warning| problem(text, &DetailedError::from(warning)));
    let unknown_words = parsed.policies().flat_map(|policy| {
        literals::unknown_words(policy)
            .into_iter()
            .map(|message| format!("for policy `{}`, {message}", policy.id()))
    });
    warnings.chain(unknown_words.map(|message| unplaced(&numbered(&message)))).collect()
}

fn without_action(message: &str) -> String {
    ACTIONS.iter().fold(message.to_owned(), |message, action| message.replace(action, "Action"))
}

fn unplaced(message: &str) -> PolicyProblem {
    PolicyProblem { line: None, message: message.to_owned() }
}

/// Cedar's message, what it expected at the place, and its advice.
fn problem(text: &str, error: &DetailedError) -> PolicyProblem {
    let place = error.source_locations.first();
    let mut message = error.message.clone();
    if let Some(label) = place.and_then(|place| place.label.as_deref()) {
        message = format!("{message}: {label}");
    }
    if let Some(help) = &error.help {
        message = format!("{message}; {help}");
    }
    PolicyProblem {
        line: place.and_then(|place| line_of(text, place.loc.start)),
        message: plain(&numbered(&message)),
    }
}

/// Says `policy #1: ` where Cedar says ``for policy `policy1`, ``.
fn numbered(message: &str) -> String {
    let Some((before, after)) = message.split_once("for policy `policy") else { return message.to_owned() };
    match after.split_once("`, ") {
        Some((position, rest)) => format!("{before}policy #{position}: {rest}"),
        None => message.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> Option<u32> {
    let before = text.as_bytes().get(..offset)?;
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).ok()
}

/// One line of visible characters, bounded: messages quote the text, and end up in logs and terminals.
fn plain(message: &str) -> String {
    message.chars().map(|char| if is_hidden(char) { ' ' } else { char }).take(MAX_MESSAGE_CHARS).collect()
}
