"""A mail server that delivers to nobody: every mail becomes a file, and a page shows what people would have got.

`python -m deploy.local.mailsink --smtp HOST:PORT --http HOST:PORT --key-file FILE --mails DIR --calendar DIR
[--control]`. Pages and API are for whoever has the key in FILE (`deploy.local.mail_guard`). A mail counts as accepted
once its file has its final name, and only then is 250 answered. Numbers go on from the highest one found.
With `--control` tests may tell it to misbehave towards a recipient (`Rule`), and to forget everything.
"""

import argparse
import asyncio
import contextlib
import email
import email.policy
import json
import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

import jinja2
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from deploy.local.mail_guard import HOSTS, SHORTEST_KEY, Guard
from shared.base.files import for_its_owner_alone
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN

PAGE_LENGTH = 200
LARGEST_MAIL = 33_554_432
LATIN = str.maketrans({ord("æ"): "ae", ord("ø"): "oe", ord("å"): "aa"})
NUMBER = re.compile(r"(\d{6})-.*\.eml")
HEADERS_SHOWN = {
    "Date": "Dato",
    "From": "Fra",
    "To": "Til",
    "Cc": "Kopi til",
    "Reply-To": "Svar til",
    "Subject": "Emne",
    "Message-ID": "Message-ID",
    "In-Reply-To": "Svar på",
    "References": "Hører til",
}
CALENDAR_METHODS = {"REQUEST": "Invitation", "CANCEL": "Aflysning", "REPLY": "Svar", "PUBLISH": "Kalender"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SAVED_AS_THEY_ARE = ("text/plain", "text/calendar", "application/xml", "text/xml")
PDF_POLICY = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""A sandbox would keep browsers from showing it."""
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
)

Action = Literal["refuse", "refuse_for_now", "hang", "accept_and_drop", "answer_and_drop"]


@dataclass(slots=True)
class Rule:
    """How to treat mail to `recipient` (`*` = anyone), the next `times` times (None = from now on).

    refuse = 550 and refuse_for_now = 451, both at RCPT; hang = no answer after DATA and nothing kept; accept_and_drop =
    kept, but the connection ends before the answer; answer_and_drop = kept and answered 250, then the connection ends.
    """

    recipient: str
    action: Action
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the list says of a mail."""

    number: int
    file: str
    sender: str
    to: list[str]
    subject: str
    date: str
    message_id: str
    calendar: str | None
    """The method of its calendar part (REQUEST, CANCEL, …)."""
    attachments: list[str]
    """The names of the files that came with it."""


def parse(raw: bytes) -> Message:
    """A mail with its headers as they came; `header` decodes one. A parser that decodes all is ten times slower."""
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def header(value: object) -> str:
    """A header's text, unfolded and decoded (RFC 2047); bytes that are no text are replaced."""
    unfolded = "".join(str(value).splitlines())
    try:
        return str(make_header(decode_header(unfolded)))
    except (LookupError, UnicodeError, HeaderParseError):
        return unfolded


def body(message: Message, kind: str) -> str | None:
    """Its first part of `text/<kind>`, decoded."""
    for part in message.walk():
        if part.get_content_type() == f"text/{kind}":
            content = part.get_payload(decode=True)
            return (
                content.decode(part.get_content_charset("utf-8"), errors="replace")
                if isinstance(content, bytes)
                else None
            )
    return None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail. Its name is the sender's and may be anything."""

    name: str
    kind: str
    content: bytes


def attachments(message: Message) -> list[Attachment]:
    """In the order of the mail."""
    found: list[Attachment] = []
    for part in message.walk():
        named = part.get_filename()
        if part.is_multipart() or (named is None and part.get_content_disposition() != "attachment"):
            continue
        content = part.get_payload(decode=True)
        name = re.sub(r"[^\w .,()+-]", "_", header(named or "")).strip(" .") or f"fil-{len(found) + 1}"
        found.append(Attachment(name, part.get_content_type(), content if isinstance(content, bytes) else b""))
    return found


def in_danish(date: str) -> str:
    """A mail's date (RFC 5322) in Denmark; one that cannot be read as it stands."""
    try:
        at = parsedate_to_datetime(date)
        # Without a zone that is known (-0000) it is UTC.
        there = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(COPENHAGEN)
    except (ValueError, OverflowError):
        return date
    return f"{short_day(there.date())} kl. {clock(there.time())}"


class Mailbox:
    """The folder of mails."""

    def __init__(self, mails: Path, calendar: Path) -> None:
        self.mails = mails
        self.calendar = calendar
        for folder in (mails, calendar):
            folder.mkdir(parents=True, exist_ok=True)
            for unfinished in folder.glob("*.new"):
                unfinished.unlink()
        self.kept: dict[int, Kept] = {}
        for file in sorted(mails.glob("*.eml")):
            found = NUMBER.fullmatch(file.name)
            if found:
                number = int(found[1])
                self.kept[number] = _describe(number, file.name, parse(file.read_bytes()))
        self._last = max(self.kept, default=0)

    def keep(self, raw: bytes, sender: str, recipients: list[str]) -> Kept:
        """Writes the mail, under its final name at once or not at all, and its calendar part beside."""
        self._last = number = self._last + 1
        delivery = "".join(f"Delivered-To: {recipient}\r\n" for recipient in recipients)
        whole = f"Return-Path: <{sender}>\r\n{delivery}".encode() + raw
        message = parse(whole)
        name = f"{number:06}-{_slug(header(message.get('Subject', '')))}"
        invitation = body(message, "calendar")
        if invitation is not None:
            _write(self.calendar / f"{name}.ics", invitation.encode())
        _write(self.mails / f"{name}.eml", whole)
        kept = self.kept[number] = _describe(number, f"{name}.eml", message)
        return kept

    def forget(self) -> None:
        """Removes every mail; numbers begin with 1 again."""
        for folder, kind in ((self.mails, "*.eml"), (self.calendar, "*.ics")):
            for file in folder.glob(kind):
                file.unlink()
        self.kept.clear()
        self._last = 0

    def read(self, number: int) -> Message:
        """One mail. Raises KeyError when there is none of this number."""
        return parse(self.raw(number))

    def raw(self, number: int) -> bytes:
        """One mail as it came."""
        return (self.mails / self.kept[number].file).read_bytes()


def _describe(number: int, file: str, message: Message) -> Kept:
    calendar = next((part for part in message.walk() if part.get_content_type() == "text/calendar"), None)
    return Kept(
        number=number,
        file=file,
        sender=header(message.get("From", "")),
        to=[str(value) for value in message.get_all("Delivered-To", [])],
        subject=header(message.get("Subject", "")),
        date=header(message.get("Date", "")),
        message_id=header(message.get("Message-ID", "")).strip(),
        calendar=None if calendar is None else str(calendar.get_param("method", "PUBLISH")).upper(),
        attachments=[header(name) for part in message.walk() if (name := part.get_filename())],
    )


def _slug(text: str) -> str:
    latin = unicodedata.normalize("NFKD", text.lower().translate(LATIN)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:60] or "uden-emne"


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(content)
    unfinished.replace(path)


class Sink:
    """aiosmtpd's handler: keeps what comes, unless a rule says otherwise."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.rules: list[Rule] = []

    async def handle_RCPT(  # noqa: N802 # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._take(address, "refuse"):
            return "550 5.1.1 No such mailbox"
        if self._take(address, "refuse_for_now"):
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # as above
        recipients = list(envelope.rcpt_tos)
        if self._any(recipients, "hang"):
            await asyncio.Event().wait()
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            self.mailbox.keep(raw, envelope.mail_from or "", recipients)
        except OSError:
            # A full disk passes; aiosmtpd would answer 500, which means never.
            return "452 4.3.1 There is no room at the moment"
        transport = server.transport
        if isinstance(transport, asyncio.Transport) and self._any(recipients, "accept_and_drop"):
            transport.abort()
        if transport is not None and self._any(recipients, "answer_and_drop"):
            asyncio.get_running_loop().call_soon(transport.close)
        return "250 2.0.0 Kept"

    def _any(self, recipients: list[str], action: Action) -> bool:
        return any(self._take(recipient, action) for recipient in recipients)

    def _take(self, recipient: str, action: Action) -> bool:
        for rule in self.rules:
            if rule.action == action and rule.recipient in ("*", recipient):
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self.rules.remove(rule)
                return True
        return False


TEMPLATES = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    loader=jinja2.DictLoader(
        {
            "layout": """<!doctype html>
<html lang="da"><head><meta charset="utf-8"><title>{% block title %}Sendte mails{% endblock %}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1b1b }
 table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .6rem; vertical-align: top }
 tr { border-bottom: 1px solid #bfbfbf } a { color: #0059b3 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
 iframe { width: 100%; height: 32rem; border: 1px solid #767676 } .hidden { position: absolute; left: -999em }
 input, button { font: inherit; padding: .3rem .6rem }
</style></head><body><main>{% block main %}{% endblock %}</main></body></html>""",
            "list": """{% extends "layout" %}{% block main %}
<h1>Sendte mails</h1>
<p>{{ total }} mail{{ "s" if total != 1 }} er modtaget her. Intet er sendt videre til nogen.</p>
<form method="get"><label for="q">Søg i modtager og emne</label>
<input id="q" name="q" value="{{ query }}"> <button>Søg</button></form>
{% if mails %}<table><thead><tr><th scope="col">Nr.</th><th scope="col">Dato</th><th scope="col">Til</th>
<th scope="col">Emne</th><th scope="col">Kalender</th></tr></thead><tbody>
{% for mail in mails %}<tr><td>{{ mail.number }}</td><td>{{ mail.date | dansk }}</td><td>{{ mail.to | join(", ") }}</td>
<td><a href="/messages/{{ mail.number }}">{{ mail.subject or "(uden emne)" }}</a></td>
<td>{% if mail.calendar %}
<a href="/messages/{{ mail.number }}/calendar">{{ methods.get(mail.calendar, mail.calendar) }}</a>{% endif %}</td></tr>
{% endfor %}</tbody></table>{% else %}<p>Ingen mails at vise.</p>{% endif %}
{% if older %}<p><a href="/?before={{ older }}&amp;q={{ query | urlencode }}">Ældre mails</a></p>{% endif %}
{% endblock %}""",
            "mail": """{% extends "layout" %}{% block title %}{{ kept.subject }}{% endblock %}{% block main %}
<p><a href="/">Alle mails</a></p><h1>{{ kept.subject or "(uden emne)" }}</h1>
<table><tbody>{% for name, value in headers %}<tr><th scope="row">{{ name }}</th><td>{{ value }}</td></tr>
{% endfor %}</tbody></table>
{% if files %}<h2>Vedhæftet</h2><ul>{% for file in files %}
<li><a href="/messages/{{ kept.number }}/attachments/{{ loop.index }}">{{ file.name }}</a>
({{ file.content | length }} bytes)</li>
{% endfor %}</ul>{% endif %}
<p><a href="/messages/{{ kept.number }}/raw">Hent mailen (.eml)</a>
{% if kept.calendar %} · <a href="/messages/{{ kept.number }}/calendar">Hent kalenderfilen (.ics)</a>{% endif %}</p>
{% if html %}<h2>Som den ser ud</h2>
<iframe title="Mailens indhold" sandbox src="/messages/{{ kept.number }}/html"></iframe>{% endif %}
{% if text %}<h2>Som ren tekst</h2><pre>{{ text }}</pre>{% endif %}
{% endblock %}""",
        }
    ),
)


TEMPLATES.filters["dansk"] = in_danish
TEMPLATES.globals["methods"] = CALENDAR_METHODS


class Safe:
    """Every answer is what it says it is, is kept nowhere and shown in no other site's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: ASGIMessage) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, answer)


class Pages:
    """What the sink shows over HTTP: pages for people, `/api/messages` for programs."""

    def __init__(self, sink: Sink, *, control: bool) -> None:
        self.sink = sink
        self.mailbox = sink.mailbox
        self.control = control

    def routes(self) -> list[Route]:
        """The table of addresses."""
        open_to_all = [
            Route("/", self.index),
            Route("/messages/{number:int}", self.show),
            Route("/messages/{number:int}/html", self.html),
            Route("/messages/{number:int}/raw", self.raw),
            Route("/messages/{number:int}/calendar", self.calendar),
            Route("/messages/{number:int}/attachments/{position:int}", self.attachment),
            Route("/api/messages", self.listed),
            Route("/api/messages/{number:int}", self.one),
            Route("/api/count", self.count),
            Route("/livez", self.alive),
            Route("/readyz", self.alive),
        ]
        return (
            [
                Route("/api/messages", self.forget, methods=["DELETE"]),
                *open_to_all,
                Route("/control/rules", self.rules, methods=["GET", "PUT"]),
            ]
            if self.control
            else open_to_all
        )

    async def alive(self, _request: Request) -> Response:
        return PlainTextResponse("ok")

    async def index(self, request: Request) -> Response:
        """Newest first; `q` searches, `before` pages."""
        query = request.query_params.get("q", "")
        before = request.query_params.get("before", "")
        limit = int(before) if before.isdecimal() else None
        fitting = [
            mail
            for mail in sorted(self.mailbox.kept.values(), key=lambda mail: -mail.number)
            if (limit is None or mail.number < limit) and query.lower() in f"{mail.subject} {' '.join(mail.to)}".lower()
        ]
        shown = fitting[:PAGE_LENGTH]
        older = shown[-1].number if len(fitting) > PAGE_LENGTH else None
        return self._page("list", mails=shown, total=len(self.mailbox.kept), query=query, older=older)

    async def show(self, request: Request) -> Response:
        kept = self._kept(request)
        message = self.mailbox.read(kept.number)
        headers = [
            (title, in_danish(header(value)) if name == "Date" else header(value))
            for name, title in HEADERS_SHOWN.items()
            for value in message.get_all(name, [])
        ]
        parts = {"html": body(message, "html"), "text": body(message, "plain"), "files": attachments(message)}
        return self._page("mail", kept=kept, headers=headers, **parts)

    async def html(self, request: Request) -> Response:
        """The mail's HTML, which may run and fetch nothing."""
        content = body(self.mailbox.read(self._kept(request).number), "html")
        if content is None:
            raise HTTPException(404)
        return HTMLResponse(content, headers={"Content-Security-Policy": MAIL_POLICY})

    async def raw(self, request: Request) -> Response:
        kept = self._kept(request)
        return Response(
            self.mailbox.raw(kept.number),
            media_type="message/rfc822",
            headers={
                "Content-Disposition": f'attachment; filename="{kept.file}"',
                "Content-Security-Policy": MAIL_POLICY,
            },
        )

    async def calendar(self, request: Request) -> Response:
        kept = self._kept(request)
        content = body(self.mailbox.read(kept.number), "calendar")
        if content is None:
            raise HTTPException(404)
        name = kept.file.removesuffix(".eml") + ".ics"
        return Response(
            content, media_type="text/calendar", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    async def attachment(self, request: Request) -> Response:
        """A PDF is shown, everything else is saved: what a stranger sent never runs here."""
        files = attachments(self.mailbox.read(self._kept(request).number))
        position = request.path_params["position"]
        if not 0 < position <= len(files):
            raise HTTPException(404)
        file = files[position - 1]
        is_pdf = file.kind == "application/pdf" and file.content.startswith(b"%PDF-")
        plain = file.name.encode("ascii", "replace").decode().replace("?", "_")
        disposition = "inline" if is_pdf else "attachment"
        headers = {
            "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": PDF_POLICY if is_pdf else MAIL_POLICY,
        }
        kind = file.kind if is_pdf or file.kind in SAVED_AS_THEY_ARE else "application/octet-stream"
        return Response(file.content, headers={**headers, "Content-Type": kind})

    async def listed(self, request: Request) -> Response:
        """All mails, oldest first; `to` and `after` (a number) narrow it."""
        to, after = request.query_params.get("to"), request.query_params.get("after", "0")
        start = int(after) if after.isdecimal() else 0
        found = [
            asdict(mail)
            for number, mail in sorted(self.mailbox.kept.items())
            if number > start and (to is None or to in mail.to)
        ]
        return JSONResponse(found)

    async def forget(self, _request: Request) -> Response:
        self.mailbox.forget()
        return Response(status_code=204)

    async def one(self, request: Request) -> Response:
        """One mail with its text, HTML, calendar part and headers."""
        kept = self._kept(request)
        message = self.mailbox.read(kept.number)
        parts = {"text": body(message, "plain"), "html": body(message, "html"), "ics": body(message, "calendar")}
        headers = [[name, header(value)] for name, value in message.items()]
        return JSONResponse({**asdict(kept), **parts, "headers": headers})

    async def count(self, _request: Request) -> Response:
        return JSONResponse({"accepted": len(self.mailbox.kept)})

    async def rules(self, request: Request) -> Response:
        """GET tells the rules that are left; PUT replaces them."""
        if request.method == "PUT":
            try:
                wanted = [Rule(**rule) for rule in await request.json()]
            except (TypeError, json.JSONDecodeError) as error:
                raise HTTPException(422, str(error)) from error
            if any(rule.action not in get_args(Action) for rule in wanted):
                raise HTTPException(422, f"action must be one of {', '.join(get_args(Action))}")
            self.sink.rules[:] = wanted
        return JSONResponse([asdict(rule) for rule in self.sink.rules])

    def _kept(self, request: Request) -> Kept:
        kept = self.mailbox.kept.get(request.path_params["number"])
        if kept is None:
            raise HTTPException(404)
        return kept

    def _page(self, name: str, **values: object) -> Response:
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return HTMLResponse(TEMPLATES.get_template(name).render(**values), headers=headers)


def application(sink: Sink, smtp: tuple[str, int], key: str, *, control: bool) -> Starlette:
    """The pages; the mail server listens for as long as they are up."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(
                sink, hostname="tovholder.example", data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, loop=loop
            ),
            *smtp,
        )
        try:
            yield
        finally:
            server.close()

    middleware = [
        Middleware(Safe),
        Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        Middleware(Guard, key=key),
    ]
    routes = Pages(sink, control=control).routes()
    return Starlette(routes=routes, lifespan=lifespan, middleware=middleware)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def main() -> None:
    """Runs until it is told to stop (SIGTERM or SIGINT)."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.mailsink", description=main.__doc__)
    parser.add_argument("--smtp", type=_address, required=True, help="HOST:PORT for mail")
    parser.add_argument("--http", type=_address, required=True, help="HOST:PORT for the pages")
    parser.add_argument("--key-file", type=Path, required=True, help="file with the key that pages and API want")
    parser.add_argument("--mails", type=Path, required=True, help="folder for .eml files")
    parser.add_argument("--calendar", type=Path, required=True, help="folder for .ics files")
    parser.add_argument("--control", action="store_true", help="let tests make it misbehave")
    options = parser.parse_args()
    for_its_owner_alone()
    key = options.key_file.read_text().strip()
    if len(key) < SHORTEST_KEY:
        parser.error(f"{options.key_file} holds no key of {SHORTEST_KEY} characters or more")
    sink = Sink(Mailbox(options.mails, options.calendar))
    app = application(sink, options.smtp, key, control=options.control)
    host, port = options.http
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
