"""An MCP server of the package `fastmcp`, for the matrix. Usage: fastmcp_server.py PORT"""

import sys

from fastmcp import FastMCP

server = FastMCP("fastmcp", version="1.0.0")


@server.tool
def get_sum(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


if __name__ == "__main__":
    server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
