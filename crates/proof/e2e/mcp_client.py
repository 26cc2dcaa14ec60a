"""An agent that we did not write: the client of the `mcp` package, in one mode, against one endpoint.

Usage: mcp_client.py URL MODE CALLS, with the API key in PORTCULLIS_KEY. MODE is `auto`, `legacy` or a version; CALLS a
JSON array of objects with `tool` and `arguments`. Prints one JSON object: the version that was agreed on, how many pages
the list had, the names in it, and for each call its answer and the milliseconds that it took.
"""

import asyncio
import json
import os
import sys
import time

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def names(client: Client) -> tuple[int, list[str]]:
    pages, found, cursor = 0, [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        pages, cursor = pages + 1, page.next_cursor
        found += [tool.name for tool in page.tools]
        if cursor is None:
            return pages, found


async def call(client: Client, tool: str, arguments: dict) -> dict:
    begun = time.perf_counter()
    called = await client.call_tool(tool, arguments)
    took = (time.perf_counter() - begun) * 1000
    return {"is_error": bool(called.is_error), "text": called.content[0].text, "milliseconds": round(took, 1)}


async def main(url: str, mode: str, calls: str) -> None:
    key = os.environ["PORTCULLIS_KEY"]
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            pages, tools = await names(client)
            called = [await call(client, one["tool"], one["arguments"]) for one in json.loads(calls)]
            version = client.protocol_version
    print(json.dumps({"version": version, "pages": pages, "tools": tools, "calls": called}))


asyncio.run(main(*sys.argv[1:4]))
