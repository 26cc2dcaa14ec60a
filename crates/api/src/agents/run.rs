//! The agent's run, as its client names it: `_meta["portcullis/runId"]` of a request. MCP has no word for it.

use portcullis_schemas::text::RunId;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The member of `_meta`.
const RUN_ID: &str = "portcullis/runId";

/// The run of a call; none if it names none.
///
/// # Errors
/// What was expected, when the run is named in a way that cannot be read: it must not count as another run.
pub(super) fn run_of(params: Option<&RawValue>) -> Result<Option<RunId>, String> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(default, rename = "_meta")]
        meta: Option<Value>,
    }
    let params = params.and_then(|raw| serde_json::from_str::<Params>(raw.get()).ok());
    let named = params.and_then(|params| params.meta?.get(RUN_ID).cloned());
    let Some(named) = named else { return Ok(None) };
    let text = named.as_str().ok_or_else(|| format!("`_meta.{RUN_ID}`: expected a string"))?;
    RunId::new(text).map(Some).map_err(|error| format!("`_meta.{RUN_ID}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_or_refused() {
        let run = |text: &str| {
            let raw = RawValue::from_string(text.to_owned()).unwrap();
            run_of(Some(&raw)).map(|run| run.map(|run| run.to_string()))
        };
        assert_eq!(run(r#"{"name":"t"}"#), Ok(None));
        assert_eq!(run(r#"{"_meta":{"progressToken":1}}"#), Ok(None));
        assert_eq!(run(r#"{"_meta":{"portcullis/runId":"run-7"}}"#), Ok(Some("run-7".to_owned())));
        for bad in ["7", "null", "\"\"", "[\"run\"]", "\"a\\u0000b\""] {
            let text = format!(r#"{{"_meta":{{"portcullis/runId":{bad}}}}}"#);
            assert!(run(&text).is_err(), "{bad}");
        }
        assert_eq!(run_of(None), Ok(None));
    }
}
