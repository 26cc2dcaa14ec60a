"""An MCP server of the official Python SDK that wants tokens of an issuer, checked by PyJWT.

Usage: mcp_server_oauth.py PORT ISSUER
"""

import sys

import jwt
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings

port, issuer = int(sys.argv[1]), sys.argv[2]
resource = f"http://127.0.0.1:{port}/mcp"


class Issued(TokenVerifier):
    def __init__(self) -> None:
        self.keys = jwt.PyJWKClient(f"{issuer}/jwks")

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            key = self.keys.get_signing_key_from_jwt(token).key
            claims = jwt.decode(token, key, algorithms=["RS256"], audience=resource, issuer=issuer)
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            subject=claims["sub"],
            scopes=claims.get("scope", "").split(),
            expires_at=claims["exp"],
            resource=resource,
        )


server = MCPServer(
    "python-sdk-oauth",
    version="1.0.0",
    token_verifier=Issued(),
    auth=AuthSettings(issuer_url=issuer, resource_server_url=resource, required_scopes=["tools"]),
)


@server.tool()
def get_caller() -> str:
    """Says whose token came."""
    token = get_access_token()
    return f"{token.subject}: {' '.join(token.scopes)}"


if __name__ == "__main__":
    server.run("streamable-http", host="127.0.0.1", port=port)
