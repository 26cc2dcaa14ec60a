"""What a machine gets of an authorization server in its own name (RFC 6749 section 4.4, RFC 8707): prints the token.

Usage: token_of.py ISSUER CLIENT_ID CLIENT_SECRET RESOURCE SCOPE
"""

import base64
import json
import sys
import urllib.parse
import urllib.request

issuer, client, secret, resource, scope = sys.argv[1:6]
pair = ":".join(urllib.parse.quote_plus(part) for part in (client, secret))
form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
request = urllib.request.Request(
    f"{issuer}/token",
    data=urllib.parse.urlencode(form).encode(),
    headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(json.load(answer)["access_token"])
