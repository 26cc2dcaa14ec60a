//! The tools that answer at once, and all as they are listed.

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, ErrorCode, JsonObject, ProgressNotificationParam, Tool};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, object};
use serde_json::{Value, json};

use crate::resources::{PIXEL, SOUND};
use crate::{argument, client, rounds};

/// Those without arguments.
const PLAIN: [(&str, &str); 11] = [
    ("test_simple_text", "Answers with a text."),
    ("test_image_content", "Answers with an image."),
    ("test_audio_content", "Answers with a sound."),
    ("test_embedded_resource", "Answers with a resource."),
    ("test_multiple_content_types", "Answers with a text, an image and a resource."),
    ("test_error_handling", "Fails."),
    ("test_tool_with_progress", "Tells how far it is."),
    ("test_logging_tool", "Would log, if it were asked to."),
    ("test_streaming_elicitation", "Would ask its caller, if its caller said that it could be asked."),
    ("test_missing_capability", "Needs a client with a model."),
    ("failing_job", "Needs a client that has tasks."),
];

pub(crate) fn all() -> Vec<Tool> {
    let plain = PLAIN.iter().chain(&rounds::TOOLS);
    let plain = plain.map(|(name, what)| Tool::new(*name, *what, object!({ "type": "object" })));
    let mirrored = object!({
        "type": "object",
        "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        "required": ["region"],
    });
    let named = object!({
        "type": "object",
        "properties": { "name": { "type": "string" } },
        "required": ["name"],
    });
    let seconds = object!({
        "type": "object",
        "properties": { "seconds": { "type": "number" }, "label": { "type": "string" } },
    });
    plain
        .chain([
            Tool::new("greet", "Greets.", named),
            // A server may well answer where it could make a task, and must where its client has none.
            Tool::new("slow_compute", "Computes, faster than one thinks.", seconds),
            Tool::new("test_mirrored", "Takes an argument that is mirrored into a header.", mirrored),
            Tool::new("json_schema_2020_12_tool", "Has a schema with words of 2020-12.", of_2020_12()),
        ])
        .collect()
}

pub(crate) async fn call(
    name: &str,
    arguments: &JsonObject,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let text = |text: &str| ContentBlock::text(text);
    let image = || ContentBlock::image(PIXEL, "image/png");
    let resource =
        || ContentBlock::embedded_text("test://embedded-resource", "This is an embedded resource content.");
    let content = match name {
        "test_simple_text" => vec![text("This is a simple text response for testing.")],
        "test_image_content" => vec![image()],
        "test_audio_content" => vec![ContentBlock::audio(SOUND, "audio/wav")],
        "test_embedded_resource" => vec![resource()],
        "test_multiple_content_types" => vec![text("Multiple content types test:"), image(), resource()],
        "test_error_handling" => {
            let why = text("This tool intentionally returns an error for testing");
            return Ok(CallToolResult::error(vec![why]));
        }
        "test_tool_with_progress" => {
            tell_progress(context).await?;
            vec![text("Progress was told.")]
        }
        "test_logging_tool" => vec![text("Nothing was logged.")],
        "test_streaming_elicitation" => vec![text("Nobody was asked.")],
        "test_missing_capability" if client(context).sampling.is_none() => {
            return Err(needs(json!({ "sampling": {} })));
        }
        "test_missing_capability" => vec![text("The client has a model.")],
        // The gate never says that it has tasks, and there are none here.
        "failing_job" => {
            return Err(needs(json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })));
        }
        "greet" => vec![ContentBlock::text(format!("Hello, {}!", argument(arguments, "name")?))],
        "slow_compute" => vec![text("It is computed.")],
        "test_mirrored" => {
            vec![ContentBlock::text(format!("The region is {}.", argument(arguments, "region")?))]
        }
        "json_schema_2020_12_tool" => vec![text("The arguments fit.")],
        _ => return Err(ErrorData::invalid_params(format!("no tool `{name}`"), None)),
    };
    Ok(CallToolResult::success(content))
}

/// The error of 2026-07-28 for a client that lacks a capability.
fn needs(capabilities: Value) -> ErrorData {
    let needed = json!({ "requiredCapabilities": capabilities });
    let code = ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY;
    ErrorData::new(code, "the client lacks a capability", Some(needed))
}

async fn tell_progress(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    let Some(token) = context.meta.get_progress_token() else {
        return Ok(());
    };
    for done in [0.0, 50.0, 100.0] {
        let told = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        let sent = context.peer.notify_progress(told).await;
        sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn of_2020_12() -> JsonObject {
    object!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}
