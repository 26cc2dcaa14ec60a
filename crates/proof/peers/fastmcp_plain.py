"""A FastMCP proxy as its documentation begins: a client of its own for each request."""

import sys

from fastmcp.server import create_proxy

create_proxy(sys.argv[2], name="proxy").run(
    transport="http",
    host="127.0.0.1",
    port=int(sys.argv[1]),
    stateless_http=True,
    json_response=True,
    show_banner=False,
    log_level="error",
    uvicorn_config={"access_log": False},
)
