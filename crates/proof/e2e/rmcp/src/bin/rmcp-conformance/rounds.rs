//! The tools and the prompt that ask before they answer: in rounds, as 2026-07-28 has them.

use rmcp::ErrorData;
use rmcp::model::{ClientCapabilities, InputRequests, InputRequiredResult, InputResponses};
use serde_json::{Value, json};

/// Those that ask, for the list.
pub(crate) const TOOLS: [(&str, &str); 8] = [
    ("test_input_required_result_elicitation", "Asks for a name, without a state."),
    ("test_input_required_result_sampling", "Asks the client's model."),
    ("test_input_required_result_list_roots", "Asks for the client's roots."),
    ("test_input_required_result_request_state", "Asks, and looks whether its state came back."),
    ("test_input_required_result_multiple_inputs", "Asks all that there is at once."),
    ("test_input_required_result_multi_round", "Asks twice."),
    ("test_input_required_result_tampered_state", "Asks, with a state that somebody will change."),
    ("test_input_required_result_capabilities", "Asks for what the client says that it can be asked for."),
];

/// What a client brings when it tries again; nothing when it first asks.
pub(crate) struct Round {
    responses: InputResponses,
    state: String,
}

/// What a round leads to.
pub(crate) enum Turn {
    Done(String),
    Ask(InputRequiredResult),
}

impl Round {
    pub(crate) fn new(responses: Option<InputResponses>, state: Option<String>) -> Self {
        Self { responses: responses.unwrap_or_default(), state: state.unwrap_or_default() }
    }

    /// Whether all of these questions are answered, in the form that their answers have, and nobody declined.
    fn answers(&self, questions: &Value) -> bool {
        questions.as_object().into_iter().flatten().all(|(key, question)| {
            let answer = self.responses.get(key).unwrap_or(&Value::Null);
            match question["method"].as_str() {
                Some("elicitation/create") => answer["action"] == "accept" && answer["content"].is_object(),
                Some("sampling/createMessage") => answer["content"].is_object(),
                _ => answer["roots"].is_array(),
            }
        })
    }

    /// A field of a form that was filled in.
    fn field(&self, key: &str, field: &str) -> &str {
        let answer = self.responses.get(key).and_then(|answer| answer["content"][field].as_str());
        answer.unwrap_or_default()
    }
}

/// Takes the turn of a tool or a prompt that asks; `None` for those that do not.
///
/// # Errors
/// When the state is none that was given along: somebody changed it.
pub(crate) fn turn(
    name: &str,
    round: &Round,
    client: &ClientCapabilities,
) -> Result<Option<Turn>, ErrorData> {
    let Some(what) = name.strip_prefix("test_input_required_result_") else {
        return Ok(None);
    };
    let (questions, state, done) = match what {
        "elicitation" => {
            let question = form("What is your name?", "name", "string");
            let done = format!("Hello, {}!", round.field("user_name", "name"));
            (json!({ "user_name": question }), "", done)
        }
        "prompt" => {
            let question = form("What context should the prompt use?", "context", "string");
            let done = format!("It is about {}.", round.field("user_context", "context"));
            (json!({ "user_context": question }), "", done)
        }
        "sampling" => {
            let question = sample("What is the capital of France?");
            (json!({ "capital_question": question }), "", "The model has answered.".to_owned())
        }
        "list_roots" => (json!({ "client_roots": roots() }), "", "The roots are known.".to_owned()),
        "request_state" => {
            let question = form("Please confirm", "ok", "boolean");
            (json!({ "confirm": question }), "a state", "state-ok".to_owned())
        }
        "multiple_inputs" => {
            let questions = json!({
                "user_name": form("What is your name?", "name", "string"),
                "greeting": sample("Generate a greeting"),
                "client_roots": roots(),
            });
            (questions, "several", "All is answered.".to_owned())
        }
        "tampered_state" => {
            let question = form("Please confirm", "ok", "boolean");
            (json!({ "confirm": question }), "untouched", "Nobody changed it.".to_owned())
        }
        "multi_round" => return Ok(Some(twice(round))),
        "capabilities" => return Ok(Some(what_is_possible(client))),
        _ => return Ok(None),
    };
    if !round.state.is_empty() && round.state != state {
        return Err(ErrorData::invalid_params("the state is not what was given along", None));
    }
    // Who brings answers without the state that was given along is asked again.
    let answered = round.answers(&questions) && round.state == state;
    Ok(Some(if answered { Turn::Done(done) } else { ask(questions, state) }))
}

/// The second state holds what the first answer was: the server itself keeps nothing.
fn twice(round: &Round) -> Turn {
    let first = json!({ "step1": form("Step 1: What is your name?", "name", "string") });
    let second = json!({ "step2": form("Step 2: What is your favorite color?", "color", "string") });
    if round.state.starts_with("second ") && round.answers(&second) {
        return Turn::Done(format!("Done: {}", round.state));
    }
    if round.state == "first" && round.answers(&first) {
        return ask(second, &format!("second {}", round.field("step1", "name")));
    }
    ask(first, "first")
}

fn what_is_possible(client: &ClientCapabilities) -> Turn {
    let mut questions = json!({});
    if client.sampling.is_some() {
        questions["greeting"] = sample("Generate a greeting");
    }
    if client.elicitation.is_some() {
        questions["user_name"] = form("What is your name?", "name", "string");
    }
    if questions == json!({}) {
        return Turn::Done("Nobody can be asked.".to_owned());
    }
    ask(questions, "")
}

fn ask(questions: Value, state: &str) -> Turn {
    let questions: InputRequests = serde_json::from_value(questions).expect("questions are written above");
    let state = (!state.is_empty()).then(|| state.to_owned());
    Turn::Ask(InputRequiredResult::new(Some(questions), state))
}

fn form(message: &str, field: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    json!({ "method": "elicitation/create", "params": { "message": message, "requestedSchema": schema } })
}

fn sample(text: &str) -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": 100 } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}
