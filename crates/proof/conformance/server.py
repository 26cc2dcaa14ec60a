"""The tools, prompts and resources that the official conformance suite asks for, as far as a gate relays them. On the
Python SDK.

Usage: conformance_server.py PORT
"""

import asyncio
import base64
import json
import sys
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    AudioContent,
    Completion,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
SOUND = base64.b64encode(b"RIFF" + (36).to_bytes(4, "little") + b"WAVE" + bytes(32)).decode()

server = MCPServer("conformance-fixture", version="1.0.0")


@server.tool()
def test_simple_text() -> str:
    """Answers with a text."""
    return "This is a simple text response for testing."


@server.tool()
def test_image_content() -> list[ImageContent]:
    """Answers with an image."""
    return [ImageContent(type="image", data=PIXEL, mime_type="image/png")]


@server.tool()
def test_audio_content() -> list[AudioContent]:
    """Answers with a sound."""
    return [AudioContent(type="audio", data=SOUND, mime_type="audio/wav")]


def embedded(uri: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    return EmbeddedResource(type="resource", resource=contents)


def resource() -> EmbeddedResource:
    return embedded("test://embedded-resource", "This is an embedded resource content.")


@server.tool()
def test_embedded_resource() -> list[EmbeddedResource]:
    """Answers with a resource."""
    return [resource()]


@server.tool()
def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Answers with a text, an image and a resource."""
    return [
        TextContent(type="text", text="Multiple content types test:"),
        ImageContent(type="image", data=PIXEL, mime_type="image/png"),
        resource(),
    ]


@server.tool()
def test_error_handling() -> str:
    """Fails."""
    raise ValueError("This tool intentionally returns an error for testing")


@server.tool()
async def test_tool_with_progress(ctx: Context) -> str:
    """Tells how far it is."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100)
        await asyncio.sleep(0.05)
    return "Progress was told."


@server.tool()
def test_mirrored(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """Takes an argument that is mirrored into a header."""
    return f"The region is {region}."


@server.tool()
def test_logging_tool() -> str:
    """Would log, if it were asked to."""
    return "Nothing was logged."


@server.tool()
def test_streaming_elicitation() -> str:
    """Would ask its caller, if its caller said that it could be asked."""
    return "Nobody was asked."


@server.tool()
def test_missing_capability(ctx: Context) -> str:
    """Needs a client with a model."""
    if not (ctx.client_capabilities and ctx.client_capabilities.sampling):
        raise MCPError(-32021, "needs sampling", {"requiredCapabilities": {"sampling": {}}})
    return "The client has a model."


def asks(requests: dict, state: str | None = None) -> InputRequiredResult:
    return InputRequiredResult.model_validate({"inputRequests": requests, "requestState": state})


def form(message: str, field: str, kind: str = "string") -> dict:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}


def sample(text: str) -> dict:
    message = {"role": "user", "content": {"type": "text", "text": text}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": 100}}


ROOTS = {"method": "roots/list", "params": {}}


def answers(ctx: Context, *keys: str) -> list | None:
    """The answers to these questions, if all are answered, and what was asked was accepted."""
    given = [(ctx.input_responses or {}).get(key) for key in keys]
    accepted = all(answer and getattr(answer, "action", "accept") == "accept" for answer in given)
    return given if accepted else None


@server.tool()
def test_input_required_result_elicitation(ctx: Context) -> str | InputRequiredResult:
    """Asks for a name, without a state."""
    if given := answers(ctx, "user_name"):
        return f"Hello, {given[0].content['name']}!"
    return asks({"user_name": form("What is your name?", "name")})


@server.tool()
def test_input_required_result_sampling(ctx: Context) -> str | InputRequiredResult:
    """Asks the client's model."""
    if given := answers(ctx, "capital_question"):
        return f"The model says: {given[0].content}"
    return asks({"capital_question": sample("What is the capital of France?")})


@server.tool()
def test_input_required_result_list_roots(ctx: Context) -> str | InputRequiredResult:
    """Asks for the client's roots."""
    if given := answers(ctx, "client_roots"):
        return f"The roots are {[str(root.uri) for root in given[0].roots]}."
    return asks({"client_roots": ROOTS})


@server.tool()
def test_input_required_result_request_state(ctx: Context) -> str | InputRequiredResult:
    """Asks, and looks whether its state came back."""
    if answers(ctx, "confirm"):
        return "state-ok" if ctx.request_state == "a state" else "state-lost"
    return asks({"confirm": form("Please confirm", "ok", "boolean")}, "a state")


@server.tool()
def test_input_required_result_multiple_inputs(ctx: Context) -> str | InputRequiredResult:
    """Asks all that there is at once."""
    if answers(ctx, "user_name", "greeting", "client_roots"):
        return "All is answered."
    requests = {
        "user_name": form("What is your name?", "name"),
        "greeting": sample("Generate a greeting"),
        "client_roots": ROOTS,
    }
    return asks(requests, "several")


@server.tool()
def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
    """Asks twice."""
    if answers(ctx, "step2") and (ctx.request_state or "").startswith("second "):
        return f"Done: {ctx.request_state}"
    if (given := answers(ctx, "step1")) and ctx.request_state == "first":
        name = given[0].content["name"]
        return asks({"step2": form("Step 2: What is your favorite color?", "color")}, f"second {name}")
    return asks({"step1": form("Step 1: What is your name?", "name")}, "first")


@server.tool()
def test_input_required_result_tampered_state(ctx: Context) -> str | InputRequiredResult:
    """Asks, with a state that somebody will change."""
    if answers(ctx, "confirm") and ctx.request_state == "untouched":
        return "Nobody changed it."
    return asks({"confirm": form("Please confirm", "ok", "boolean")}, "untouched")


@server.tool()
def test_input_required_result_capabilities(ctx: Context) -> str | InputRequiredResult:
    """Asks for what the client says that it can be asked for."""
    can = ctx.client_capabilities
    requests = {}
    if can and can.sampling:
        requests["greeting"] = sample("Generate a greeting")
    if can and can.elicitation:
        requests["user_name"] = form("What is your name?", "name")
    return asks(requests) if requests else "Nobody can be asked."


@server.prompt()
def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
    """Asks what it is about."""
    if given := answers(ctx, "user_context"):
        return f"It is about {given[0].content['context']}."
    return asks({"user_context": form("What context should the prompt use?", "context")})


@server.prompt()
def test_simple_prompt() -> str:
    """A text."""
    return "This is a simple prompt for testing."


@server.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A text made of arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@server.prompt()
def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
    """A resource and a text."""
    return [
        UserMessage(content=embedded(resourceUri, "Embedded resource content for testing.")),
        UserMessage(content="Please process the embedded resource above."),
    ]


@server.prompt()
def test_prompt_with_image() -> list[UserMessage]:
    """An image and a text."""
    return [
        UserMessage(content=ImageContent(type="image", data=PIXEL, mime_type="image/png")),
        UserMessage(content="Please analyze the image above."),
    ]


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


@server.resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    """An image."""
    return base64.b64decode(PIXEL)


@server.resource("test://template/{id}/data", mime_type="application/json")
def template(id: str) -> str:
    """What the id stands for."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


@server.completion()
async def complete(ref, argument, context) -> Completion:
    return Completion(values=[argument.value + "ing"], total=1, has_more=False)


def with_schema_of_2020_12() -> None:
    """The SDK makes schemas of types, which have no words for these."""

    def json_schema_2020_12_tool(name: str = "", phone: str = "") -> str:
        """Tool with JSON Schema 2020-12 features"""
        return f"{name} {phone}"

    server.add_tool(json_schema_2020_12_tool)
    text = {"type": "string"}
    server._tool_manager.get_tool("json_schema_2020_12_tool").parameters = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": text, "city": text},
            }
        },
        "properties": {
            "name": text,
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": text,
            "email": text,
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    }


if __name__ == "__main__":
    with_schema_of_2020_12()
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
