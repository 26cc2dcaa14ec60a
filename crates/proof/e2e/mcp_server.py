"""An MCP server of the official Python SDK, for the end-to-end suite.

Usage: mcp_server.py PORT [ITEMS], with as many further tools `get_item_000`, `get_item_001` and so on.
"""

import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import BaseModel

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


class Portions(BaseModel):
    portions: int


@server.tool()
async def order(dish: str, ctx: Context) -> str:
    """Orders a dish, for as many as its caller says when asked."""
    asked = await ctx.elicit(f"How many portions of {dish}?", Portions)
    return f"{dish} for {asked.data.portions}"


@server.tool()
async def get_lesson(ctx: Context) -> str:
    """Learns one more tool, and tells who listens."""
    server.add_tool(item(0), name="get_learnt", description="Has been learnt.")
    await ctx.notify_tools_changed()
    return "learnt"


def item(number: int):
    def get_item() -> str:
        return f"item {number}"

    return get_item


@server.prompt()
def greeting() -> str:
    """How to greet."""
    return "Greet politely."


@server.resource("e2e://note", mime_type="text/plain")
def note() -> str:
    """A note."""
    return "Bring milk."


if __name__ == "__main__":
    for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
        server.add_tool(item(number), name=f"get_item_{number:03}", description="Reads an item.")
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
