"""The tools that the official conformance suite calls, as far as a gate of tools relays them. On the Python SDK.

Usage: server.py PORT
"""

import base64
import sys
from typing import Annotated

from mcp.server import MCPServer
from mcp.types import AudioContent, EmbeddedResource, ImageContent, TextContent, TextResourceContents, Tool
from pydantic import Field

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
SOUND = base64.b64encode(b"RIFF" + bytes(40)).decode()

# What the SDK would not derive from a function.
RICH_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Fixture(MCPServer):
    async def list_tools(self) -> list[Tool]:
        tools = await super().list_tools()
        for tool in tools:
            if tool.name == "json_schema_2020_12_tool":
                tool.input_schema = RICH_SCHEMA
        return tools


server = Fixture("conformance-fixture", version="1.0.0")


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


def resource() -> EmbeddedResource:
    text = "This is an embedded resource content."
    return EmbeddedResource(
        type="resource",
        resource=TextResourceContents(uri="test://embedded-resource", mime_type="text/plain", text=text),
    )


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
def json_schema_2020_12_tool() -> str:
    """Tool with JSON Schema 2020-12 features"""
    return "called"


@server.tool()
def test_x_mcp_header(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Has an argument that is mirrored into a header."""
    return f"in {region}"


@server.tool()
def test_logging_tool() -> str:
    """Would log, if it were asked to."""
    return "Nothing was logged."


@server.tool()
def test_streaming_elicitation() -> str:
    """Would ask its caller, if its caller said that it could be asked."""
    return "Nobody was asked."


if __name__ == "__main__":
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
