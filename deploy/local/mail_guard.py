"""Who may see the mails that were caught: whoever has the key, on this machine, and no website that is open beside it.

Every user of a machine reaches a port of it, and so does every page in a browser on it: a page can send what it likes
there, and read the answers too if its own name suddenly leads here (DNS rebinding). So the Host must be a name of this
machine; a program sends the key as `Authorization: Bearer`; a person opens the link that `tovholder up` prints, whose
key is exchanged for a cookie at once, so that it stays in no address. A cookie only reads, for half a day.
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from starlette.datastructures import URL, Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.base.clock import machine_now
from shared.base.links import sign, verify
from shared.web.safety import is_cross_site

HOSTS = ("127.0.0.1", "localhost")
OPEN = ("/livez", "/readyz")
"""Say that it runs, and nothing of the mails."""
SHORTEST_KEY = 32
HALF_A_DAY = timedelta(hours=12)
_PURPOSE = "caught mails"
_WHO = "page"
_READS = ("GET", "HEAD")
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_PAGE = """<!doctype html><html lang="da"><head><meta charset="utf-8"><title>Sendte mails</title>{head}</head>
<body><main><h1>Sendte mails</h1><p>{said}</p></main></body></html>"""


def link(address: str, key: str) -> str:
    """What a person opens. It is a secret."""
    return f"{address}/?key={key}"


def bearer(key: str) -> dict[str, str]:
    """What a program sends along."""
    return {"Authorization": f"Bearer {key}"}


class Guard:
    """Lets nobody through to `app` without the key. The Host is checked before (`HOSTS`)."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        answer = self._refusal(Request(scope))
        await (answer or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        """None for whoever may go on."""
        reads = request.method in _READS
        if not reads and is_cross_site(request.headers, str(request.base_url)):
            return _refused(403, "En anden side må ikke ændre noget her.")
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return None if self._is_key(given.strip()) else self._unknown(request)
        if reads and request.url.path == "/" and "key" in request.query_params:
            return self._exchanged(request)
        if not reads or not self._knows(request):
            return self._unknown(request)
        if _is_fetched_elsewhere(request.headers):
            return _refused(403, "En anden side må ikke hente noget her.")
        return None

    def _is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key)

    def _knows(self, request: Request) -> bool:
        cookie = request.cookies.get(_cookie(request.url), "")
        return verify(self._key, _PURPOSE, cookie, machine_now()) == _WHO

    def _exchanged(self, request: Request) -> Response:
        """The key in the address for a cookie, and on to the list.

        By the page itself and not by a redirect: a browser that followed the link from another program's page would
        count the redirect to that page, and keep a Strict cookie back.
        """
        if not self._is_key(request.query_params["key"]):
            return self._unknown(request)
        refresh = '<meta http-equiv="refresh" content="0; url=/">'
        page = HTMLResponse(_PAGE.format(head=refresh, said='<a href="/">Vis dem</a>'), headers=_NO_STORE)
        page.set_cookie(
            _cookie(request.url),
            sign(self._key, _PURPOSE, _WHO, machine_now() + HALF_A_DAY),
            max_age=int(HALF_A_DAY.total_seconds()),
            httponly=True,
            samesite="strict",
        )
        return page

    def _unknown(self, request: Request) -> Response:
        if request.url.path.startswith(("/api/", "/control/")):
            challenge = {"WWW-Authenticate": 'Bearer realm="mails"', **_NO_STORE}
            return JSONResponse({"code": "unauthorized"}, status_code=401, headers=challenge)
        return _refused(
            401, "Åbn den adresse, som «tovholder up» skrev; <code>tovholder status</code> skriver den igen."
        )


def _refused(status: int, said: str) -> Response:
    return HTMLResponse(_PAGE.format(head="", said=said), status_code=status, headers=_NO_STORE)


def _cookie(address: URL) -> str:
    """Cookies know no ports, and two installations on one machine are not to put each other out."""
    return f"tovholder-mail-{address.port}"


def _is_fetched_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site loads this into a page of its own; to follow a link here is fine."""
    beyond = headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}
    return beyond and not (headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document")
