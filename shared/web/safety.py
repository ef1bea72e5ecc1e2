"""What keeps pages safe in a browser: security headers, and no form that another website sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Also a redirect to a secret address; what may be kept says so.
    "Cache-Control": "no-store",
}

SECRET_ADDRESS = {"Referrer-Policy": "strict-origin"}
"""For every page whose address holds a token: no other address ever sees more of it than the host (ASVS 3.4.5).

Not no-referrer: with that a browser sends `Origin: null` with the page's own forms (Fetch § 3.1, "append a request
`Origin` header"), as it does for a sandboxed page of anybody's; and over plain http to another machine than its own it
sends no Sec-Fetch-Site, by which we could tell them apart.
"""

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
PROGRAM_PATHS = ("/api/", "/events", "/_clock")
"""For programs: they carry a token in a header, which no website can make a browser send."""


class SecurityHeaders:
    """Sets SECURITY_HEADERS on every answer that has not set them itself.

    Strict-Transport-Security for `hsts_seconds` (0: not at all) stands only in answers to https (RFC 6797 § 7.2): over
    http it says nothing, and an installation that is tried without TLS shuts nobody out.
    """

    def __init__(self, app: ASGIApp, hsts_seconds: int = 0) -> None:
        self._app = app
        self._hsts = f"max-age={hsts_seconds}" if hsts_seconds else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self._hsts and scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", self._hsts)
            await send(message)

        await self._app(scope, receive, with_headers)


def is_cross_site(headers: Headers, public_url: str) -> bool:
    """Whether a browser says that another site sent this.

    Sec-Fetch-Site decides where there is one: only same-origin, or none (typed by the user), is ours. Without it
    (plain http to another machine) Origin must be this host or the public one. Without both no browser sent it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc not in {headers.get("host", ""), urlsplit(public_url).netloc}


class Nameable:
    """A page whose address has U+0000 in it, as no id and no text of ours does, is none: `refuse` says so, before
    anything looks for it in PostgreSQL, which takes no such text. What programs ask has an answer of its own.
    """

    def __init__(self, app: ASGIApp, refuse: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith(PROGRAM_PATHS)
        if is_page and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            await self._refuse(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class SameSite:
    """Refuses unsafe methods that come from another website, before anything reads them."""

    def __init__(
        self, app: ASGIApp, public_url: str, refuse: Callable[[Scope, Receive, Send], Awaitable[None]]
    ) -> None:
        self._app = app
        self._public_url = public_url
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        checked = (
            scope["type"] == "http"
            and scope["method"] not in _SAFE_METHODS
            and not scope["path"].startswith(PROGRAM_PATHS)
        )
        if checked and is_cross_site(Headers(scope=scope), self._public_url):
            await self._refuse(scope, receive, send)
        else:
            await self._app(scope, receive, send)
