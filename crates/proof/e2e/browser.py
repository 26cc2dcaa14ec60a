"""A person's browser, for the end-to-end suite: opens a URL, logs in, consents, and stops where it is sent back to.

Usage: browser.py URL REDIRECT_URI LOGIN
Prints one JSON object: the members with which it came back.
"""

import html
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing by itself, so that each step is seen."""

    def redirect_request(self, *_):
        return None


def main(url: str, redirect_uri: str, login: str) -> None:
    browser = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor(CookieJar()))
    form = None
    for _ in range(20):
        try:
            with browser.open(url, form) as answer:
                page = answer.read().decode()
        except urllib.error.HTTPError as step:
            if step.code not in (302, 303):
                raise
            url, form = urllib.parse.urljoin(url, step.headers["location"]), None
            if url.startswith(redirect_uri):
                query = urllib.parse.urlsplit(url).query
                print(json.dumps(dict(urllib.parse.parse_qsl(query))))
                return
            continue
        url = urllib.parse.urljoin(url, html.unescape(re.search(r'action="([^"]+)"', page).group(1)))
        prompt = re.search(r'name="prompt" value="([a-z]+)"', page).group(1)
        form = urllib.parse.urlencode({"prompt": prompt, "login": login, "password": "any"}).encode()
    raise SystemExit("the browser was not sent back")


main(*sys.argv[1:4])
