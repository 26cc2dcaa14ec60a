"""An agent that we did not write, with a user, a model and folders: the client of the `mcp` package, in 2026-07-28.

Usage: mcp_answerer.py URL CALLS, with the API key in PORTCULLIS_KEY. CALLS is a JSON array of objects with `tool` and
`arguments`. Prints one JSON object: what was asked, in order, and the answer to each call.
"""

import asyncio
import json
import os
import sys

from mcp import Client, types
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

asked: list[str] = []
# What the user writes into the fields of a form; the rest stays as it is proposed.
WRITES = {"name": "ada", "portions": 2}


async def fill_in(context, params) -> types.ElicitResult:
    asked.append("form")
    fields = params.requested_schema["properties"]
    content = {field: schema["default"] for field, schema in fields.items() if "default" in schema}
    content |= {field: value for field, value in WRITES.items() if field in fields}
    return types.ElicitResult(action="accept", content=content)


async def think(context, params) -> types.CreateMessageResult:
    asked.append("model")
    text = types.TextContent(type="text", text="a text by a model")
    return types.CreateMessageResult(role="assistant", content=text, model="none")


async def main(url: str, calls: str) -> None:
    key = os.environ["PORTCULLIS_KEY"]
    answering = {"elicitation_callback": fill_in, "sampling_callback": think}
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode="2026-07-28", **answering) as client:
            called = [await client.call_tool(one["tool"], one["arguments"]) for one in json.loads(calls)]
    told = [{"is_error": bool(one.is_error), "text": " ".join(part.text for part in one.content)} for one in called]
    print(json.dumps({"asked": asked, "calls": told}))


asyncio.run(main(*sys.argv[1:3]))
