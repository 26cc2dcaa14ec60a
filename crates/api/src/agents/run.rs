//! The agent's run, as its client names it: `_meta["portcullis/runId"]` of a request. MCP has no word for it.

use portcullis_mcp::members::Members;
use portcullis_schemas::text::RunId;
use serde_json::value::RawValue;

/// The member of `_meta`.
const RUN_ID: &str = "portcullis/runId";

/// The run of a call; none if it names none.
///
/// # Errors
/// What was expected, when the run is named in a way that cannot be read: it must not count as another run.
pub(super) fn run_of(params: Option<&RawValue>) -> Result<Option<RunId>, String> {
    let meta = params.and_then(|raw| Members::of(raw.get())?.value::<Members>("_meta"));
    let Some(named) = meta.filter(|meta| meta.has(RUN_ID)) else { return Ok(None) };
    let text = named.value::<String>(RUN_ID).ok_or_else(|| format!("`_meta.{RUN_ID}`: expected a string"))?;
    RunId::new(&text).map(Some).map_err(|error| format!("`_meta.{RUN_ID}`: {error}"))
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
        let odd = run(r#"{"_meta":{"portcullis/runId":"run-7","x":1e999}}"#);
        assert_eq!(odd, Ok(Some("run-7".to_owned())), "whatever stands beside it");
        for bad in ["7", "null", "\"\"", "[\"run\"]", "\"a\\u0000b\""] {
            let text = format!(r#"{{"_meta":{{"portcullis/runId":{bad}}}}}"#);
            assert!(run(&text).is_err(), "{bad}");
        }
        assert_eq!(run_of(None), Ok(None));
    }
}
