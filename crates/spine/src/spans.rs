//! The span of a dispatch. Its name and its fields are a contract of the telemetry.
//!
//! Spans are of level `debug`, so that nothing is made while nobody listens. They hold ids, names and codes: never
//! arguments, results, credentials or a text of an upstream. What a caller or a server has chosen is bounded, and holds
//! no sign that a reader would not see.

use std::fmt;

use portcullis_schemas::Error;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::text::is_hidden;
use tracing::field::{Empty, display};
use tracing::{Span, debug_span};

use crate::operations::method_of;

/// Most signs of a text that is not ours.
const LONGEST: usize = 128;

/// One dispatch; the steps of a governed call are its children. Names follow OpenTelemetry's conventions for MCP where
/// there are any.
pub(crate) fn dispatch(ctx: &CallContext, operation: &str) -> Span {
    debug_span!(
        "gate.dispatch",
        otel.name = %Bounded(method_of(operation).map_or(operation, |method| method.as_str())),
        otel.status_code = Empty,
        error.type = Empty,
        portcullis.operation = %Bounded(operation),
        portcullis.tenant.id = %ctx.principal.tenant(),
        portcullis.request.id = %ctx.request,
        mcp.method.name = Empty,
        gen_ai.operation.name = Empty,
        gen_ai.tool.name = Empty,
        portcullis.server.id = Empty,
        portcullis.tool.id = Empty,
        portcullis.invocation.id = Empty,
        portcullis.outcome = Empty,
    )
}

/// Which tool the current dispatch calls, or what it asks of what else.
pub(crate) fn call_of(method: CallMethod, tool: &McpTool) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    span.record("mcp.method.name", method.as_str());
    if method == CallMethod::CallTool {
        span.record("gen_ai.operation.name", "execute_tool");
        span.record("gen_ai.tool.name", display(Bounded(&tool.name)));
    }
    span.record("portcullis.server.id", display(&tool.server_id));
    span.record("portcullis.tool.id", display(&tool.tool_id));
}

/// How the current dispatch ended.
pub(crate) fn ended(error: Option<&Error>) {
    if let Some(error) = error {
        let span = Span::current();
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.code().as_str());
    }
}

/// A text that is not ours: cut off, and with hidden signs shown as such.
struct Bounded<'a>(&'a str);

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sign in self.0.chars().take(LONGEST) {
            if is_hidden(sign) {
                write!(f, "{}", sign.escape_unicode())?;
            } else {
                write!(f, "{sign}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_are_bounded_and_shown() {
        let table = [
            ("get_forecast", "get_forecast".to_owned()),
            ("a\nb\u{202e}c", "a\\u{a}b\\u{202e}c".to_owned()),
            (&"x".repeat(1000), "x".repeat(LONGEST)),
        ];
        for (given, expected) in table {
            assert_eq!(Bounded(given).to_string(), expected, "{given:?}");
        }
    }
}
