"""An agent that we did not write, reading: the client of the `mcp` package, in one mode, against one endpoint.

Usage: mcp_reader.py URL MODE PROMPTS URIS, with the API key in PORTCULLIS_KEY. MODE is `auto`, `legacy` or a version;
PROMPTS and URIS are JSON arrays of what to get and to read. Prints one JSON object: what was listed, and the texts.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def main(url: str, mode: str, prompts: str, uris: str) -> None:
    key = os.environ["PORTCULLIS_KEY"]
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            listed = await client.list_prompts()
            got = [await client.get_prompt(name) for name in json.loads(prompts)]
            resources = await client.list_resources()
            read = [await client.read_resource(uri) for uri in json.loads(uris)]
    print(
        json.dumps(
            {
                "prompts": [prompt.name for prompt in listed.prompts],
                "got": [one.messages[0].content.text for one in got],
                "resources": [str(resource.uri) for resource in resources.resources],
                "read": [one.contents[0].text for one in read],
            }
        )
    )


asyncio.run(main(*sys.argv[1:5]))
