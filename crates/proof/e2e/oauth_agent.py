"""An agent that we did not write, which knows no key: the client of the `mcp` package finds out by itself where tokens are
to be had (RFC 9728, RFC 8414), gets one for the endpoint (RFC 8707), and calls a tool.

Usage: oauth_agent.py URL CLIENT_ID CLIENT_SECRET TOOL ARGUMENTS
Prints one JSON object: the answer to the call, or the error by which it ended.
"""

import asyncio
import json
import sys

from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


class Memory:
    """Where the provider keeps what it learns."""

    def __init__(self) -> None:
        self.tokens = None
        self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens) -> None:
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client) -> None:
        self.client = client


async def main(url: str, client_id: str, secret: str, tool: str, arguments: str) -> None:
    provider = ClientCredentialsOAuthProvider(url, Memory(), client_id, secret)
    async with create_mcp_http_client(auth=provider) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            called = await client.call_tool(tool, json.loads(arguments))
    print(json.dumps({"is_error": bool(called.is_error), "text": called.content[0].text}))


try:
    asyncio.run(main(*sys.argv[1:6]))
except BaseException as error:
    causes = getattr(error, "exceptions", [error])
    print(json.dumps({"failed": " ".join(repr(cause) for cause in causes)}))
