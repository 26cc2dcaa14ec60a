"""An agent that we did not write: the client of the `mcp` package, in one mode, against one endpoint.

Usage: mcp_client.py URL MODE TOOL ARGUMENTS PROMPT URI, with the API key in PORTCULLIS_KEY. MODE is `auto`, `legacy` or a
version. Prints one JSON object: the names that were listed, and the answers to the call, for the prompt and the resource.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def main(url: str, mode: str, tool: str, arguments: str, prompt: str, uri: str) -> None:
    key = os.environ["PORTCULLIS_KEY"]
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            listed = await client.list_tools()
            called = await client.call_tool(tool, json.loads(arguments))
            prompts = await client.list_prompts()
            got = await client.get_prompt(prompt)
            resources = await client.list_resources()
            read = await client.read_resource(uri)
    print(
        json.dumps(
            {
                "tools": [tool.name for tool in listed.tools],
                "is_error": bool(called.is_error),
                "text": called.content[0].text,
                "prompts": [prompt.name for prompt in prompts.prompts],
                "prompt": got.messages[0].content.text,
                "resources": [str(resource.uri) for resource in resources.resources],
                "resource": read.contents[0].text,
            }
        )
    )


asyncio.run(main(*sys.argv[1:7]))
