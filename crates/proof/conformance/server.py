"""The tools that the official conformance suite calls, as far as a gate of tools relays them. On the Python SDK.

Usage: conformance_server.py PORT
"""

import base64
import sys

from mcp.server import MCPServer
from mcp.types import AudioContent, EmbeddedResource, ImageContent, TextContent, TextResourceContents

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
SOUND = base64.b64encode(b"RIFF" + bytes(40)).decode()

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


if __name__ == "__main__":
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
