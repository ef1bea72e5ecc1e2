"""The mails of a programme: who was told what, how each stands, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import Message
from services.notifications.domain.shown import GROUPS, SoughtMail, group_of, sought_mail, standing
from services.notifications.pages.programme import (
    carry_out,
    mails_at,
    may,
    programme_of,
    reader,
    show,
)
from services.notifications.usecases.read_programme_mails import (
    Shown,
    read_programme_mail,
    read_programme_mails,
)
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage
from shared.base.acts import Act
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN
from shared.runtime.service import Host
from shared.web.forms import read_form
from shared.web.programme_page import unheard
from shared.web.staff import staff_form
from shared.web.staff_action import Doing

NEXT_PAGE = "fra"
SEES_ADDRESSES = "notifications.ResendMessage"
"""Whoever may put a mail right sees where it went; others see whose it is."""
_ASKED = {"stilling": "state", "brev": "template", "organisation": "organisation"}
_HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_MB = 1_000_000
_FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


async def mails(host: Host, request: Request) -> Response:
    """By what the address asks for; POST looks for what was typed among all of them, and nothing of it stands there."""
    form, sought = staff_form(host, request), SoughtMail()
    asked = {name: request.query_params.get(name, "").strip()[:200] for name in _ASKED}
    if request.method == "POST":
        typed = await read_form(request)
        sought, asked = sought_mail(typed.value("q")), dict.fromkeys(_ASKED, "")
        form.values["q"] = sought.text
        if sought.address and not may(request, SEES_ADDRESSES):
            # Whether somebody was written to is as much as the address.
            sought = SoughtMail(sought.text)
    query = {api: asked[name] for name, api in _ASKED.items()} | {"programme_id": programme_of(request)}
    if (cursor := request.query_params.get(NEXT_PAGE)) and request.method == "GET":
        query[CURSOR] = cursor
    async with host.transaction(reader(request)) as tx:
        found = await read_programme_mails(tx, query, sought)
    if found is None:
        return unheard(host, request)
    chosen = {name: value for name, value in asked.items() if value}
    group = group_of(asked["stilling"])
    return show(
        host,
        request,
        "staff_mails.html",
        found.programme,
        form=form,
        sought=sought,
        rows=[] if sought.text and sought.is_empty else [_row(request, one) for one in found.mails],
        groups=[
            ("Alle", _with(request, chosen, stilling=""), group is None),
            *((one.word, _with(request, chosen, stilling=one.key), one is group) for one in GROUPS),
        ],
        titles=sorted(found.titles.items(), key=lambda one: one[1]),
        organisations=found.organisations,
        asked=asked,
        is_filtered=bool(chosen),
        following=_with(request, {**chosen, NEXT_PAGE: str(found.following)})
        if found.following and request.method == "GET"
        else None,
        cut_short=found.following is not None and request.method == "POST",
    )


def _with(request: Request, chosen: Mapping[str, str], **other: str) -> str:
    kept = {name: value for name, value in {**chosen, **other}.items() if value}
    return f"{mails_at(request)}?{urlencode(kept)}" if kept else mails_at(request)


def _row(request: Request, one: Message) -> dict[str, Any]:
    return {
        "href": mails_at(request, f"/{one.id}"),
        "to": whom(one),
        "about": _part(one),
        "email": one.email if may(request, SEES_ADDRESSES) else "",
        "title": TITLES.get(one.template, one.template),
        "subject": one.subject or "Teksten er slettet, fordi mailen er så gammel",
        "standing": standing(one),
        "warns": one.state in {"failed", "unknown"},
    }


def whom(one: Message) -> str:
    """Whose it is, whoever may see where it went."""
    if one.forgotten:
        return "Modtageren er slettet"
    return str(one.says.get("organisation") or one.name or "En person")


def _part(one: Message) -> str:
    """Who of the organisation it is: a mailbox's role, or a person's name."""
    if "/" in one.recipient:
        return one.recipient.partition("/")[2].replace("_", " ")
    return "" if one.forgotten or one.name == whom(one) else one.name


async def mail(host: Host, request: Request) -> Response:
    found = await _found(host, request)
    message, at = found.message, mails_at(request, f"/{request.path_params['message_id']}")
    sees = may(request, SEES_ADDRESSES)
    address = f"{message.name} <{message.email}>" if sees else f"{message.name} (adressen vises ikke for din rolle)"
    return show(
        host,
        request,
        "staff_mail.html",
        found.programme,
        one=message,
        at=at,
        standing=standing(message),
        heading=message.subject or TITLES.get(message.template, message.template),
        letter=TITLES.get(message.template, message.template),
        whom=whom(message),
        envelope=[("Til", address), *found.headers] if not message.forgotten else [],
        text=found.texts.plain,
        has_html=bool(found.texts.html),
        files=[(number, one.name, size(len(one.octets))) for number, one in enumerate(found.files)],
        history=_history(found),
        decidable=message.state in {"failed", "unknown"} and not message.forgotten,
        enrolment=_enrolment_at(found),
    )


async def mail_as_html(host: Host, request: Request) -> Response:
    """As its reader's program shows it, in a frame that can do nothing and knows nobody."""
    found = await _found(host, request)
    if not found.texts.html:
        raise Problem(404, "not_found")
    return framed(found.texts.html)


def framed(text: str) -> Response:
    """A page of its own that is only ever shown in a frame of ours."""
    return Response(
        text,
        media_type="text/html",
        headers={
            "Content-Security-Policy": _HTML_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )


async def file_of_mail(host: Host, request: Request) -> Response:
    found, number = await _found(host, request), request.path_params["number"]
    if number >= len(found.files):
        raise Problem(404, "not_found")
    one = found.files[number]
    return as_file(one.name, one.media_type, one.octets)


def as_file(name: str, media_type: str, octets: bytes) -> Response:
    """To be saved, and never shown by the browser as something of ours."""
    return Response(
        octets,
        headers={
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": _FILE_POLICY,
            "Cache-Control": "no-store",
        },
    )


async def send_again(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    doing = Doing(
        title="Send mailen igen",
        about=_about(found),
        button="Send mailen igen",
        back=mails_at(request, f"/{found.message.id}"),
        done="igen",
        sentences=lambda _: (
            "Mailen lægges i kø og sendes med det samme, med de samme ord som før.",
            "Kom den frem alligevel, får modtageren den to gange. De fleste mailprogrammer viser den som den samme."
            if found.message.state == "unknown"
            else "Mailserveren har afvist den før; er adressen den samme, gør den det formentlig igen.",
        ),
        warns=found.message.state == "unknown",
    )
    return await carry_out(host, request, act, found.programme, doing, ResendMessage(message_id=found.message.id))


async def settle(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    doing = Doing(
        title="Mailen skal ikke sendes",
        about=_about(found),
        button="Den skal ikke sendes",
        back=mails_at(request, f"/{found.message.id}"),
        done="afgjort",
        sentences=lambda _: (
            "Den er kommet frem, eller I har klaret det på en anden måde.",
            "Mailen forsvinder fra det, der venter på jer, og kan ikke sendes siden.",
        ),
        warns=True,
    )
    return await carry_out(host, request, act, found.programme, doing, SettleMessage(message_id=found.message.id))


def _about(found: Shown) -> str:
    return f"{TITLES.get(found.message.template, found.message.template)} til {whom(found.message)}"


async def _found(host: Host, request: Request) -> Shown:
    """Problem 404 for whatever is no mail of the programme in the path."""
    async with host.transaction(reader(request)) as tx:
        found = await read_programme_mail(
            tx,
            programme_of(request),
            request.path_params["message_id"],
            host.settings.public_url,
            sees_address=may(request, SEES_ADDRESSES),
        )
    if found is None:
        raise Problem(404, "not_found")
    return found


def _enrolment_at(found: Shown) -> str:
    kind, _, one = found.message.about.partition("/")
    return f"/stab/forloeb/{found.programme.id}/tilmeldinger/{one}" if kind == "enrolment" else ""


def _history(found: Shown) -> list[tuple[str, str]]:
    """What happened to it, in order."""
    message = found.message
    steps = [(moment(message.written_at), "Skrevet")]
    said = {
        "resent": "En medarbejder lod den sende igen",
        "settled": "En medarbejder afgjorde, at den ikke skal sendes",
    }
    steps += [(moment(one.at), said[one.kind]) for one in found.decided]
    if message.attempts:
        tried = "Forsøgt sendt" if message.attempts == 1 else f"Forsøgt sendt {message.attempts} gange"
        steps.append(("", tried))
    if message.sent_at is not None:
        steps.append((moment(message.sent_at), "Mailserveren tog imod den"))
    elif message.state != "settled":
        steps.append(("", standing(message)))
    return steps


def moment(at: datetime) -> str:
    """In Danish time."""
    there = at.astimezone(COPENHAGEN)
    return f"{short_day(there.date())} kl. {clock(there.time())}"


def size(octets: int) -> str:
    """As people say how large a file is."""
    return f"{octets / _MB:.1f} MB".replace(".", ",") if octets >= _MB else f"{max(1, octets // 1000)} kB"
