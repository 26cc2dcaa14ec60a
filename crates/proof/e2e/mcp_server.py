"""An MCP server of the official Python SDK, for the end-to-end suite. Usage: mcp_server.py PORT"""

import sys

from mcp.server import MCPServer

server = MCPServer("python-sdk", version="1.0.0")


@server.tool()
def get_sum(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def delete_row(row: int) -> str:
    """Deletes a row."""
    return f"row {row} is gone"


@server.tool()
def get_failure(reason: str) -> str:
    """Fails, as tools do."""
    raise ValueError(reason)


@server.prompt()
def greeting() -> str:
    """How to greet."""
    return "Greet politely."


@server.resource("e2e://note", mime_type="text/plain")
def note() -> str:
    """A note."""
    return "Bring milk."


if __name__ == "__main__":
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
