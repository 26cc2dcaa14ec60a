"""A FastMCP proxy whose requests share one client that is connected from the start."""

import asyncio
import sys

from fastmcp import Client
from fastmcp.server import create_proxy

OPTIONS = {
    "transport": "http",
    "host": "127.0.0.1",
    "port": int(sys.argv[1]),
    "stateless_http": True,
    "json_response": True,
    "show_banner": False,
    "log_level": "error",
    "uvicorn_config": {"access_log": False},
}


async def main() -> None:
    async with Client(sys.argv[2]) as client:
        await create_proxy(client, name="proxy").run_async(**OPTIONS)


asyncio.run(main())
