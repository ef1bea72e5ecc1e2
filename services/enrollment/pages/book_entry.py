"""An organisation in the address book: all that is known of it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.address_book import MAIN, Entry, Unit, require_entry, unit_key
from services.enrollment.domain.book import LACKS, Noted, Part, Refusal
from services.enrollment.domain.book_form import OF_ORGANISATION, OF_UNIT, fields_of, fields_of_unit, said_of
from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.status import status
from services.enrollment.pages.book import HERE, MERGE, PUT, mailbox_word
from services.enrollment.usecases.accept_mailbox import AcceptMailbox
from services.enrollment.usecases.read_book import Known, read_known
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.programme_page import reader
from shared.web.staff import badge_in, render
from shared.web.staff_action import Ask, Doing, carry_out

_SEES = "enrollment.enrolments"
_DONE = {
    "gemt": "Oplysningerne er gemt",
    "enhed": "Enheden er gemt",
    "enhed-fjernet": "Enheden er fjernet",
    "virker": "Postkassen regnes for at virke igen",
    "lagt-sammen": "De to er lagt sammen",
}
_WHOLE = ("main_email", "cvr")
_SPEAKERS = ("mailboxes", "domains")


def address(code: str, rest: str = "") -> str:
    """Of a page of this organisation's."""
    return f"{HERE}/{quote(code, safe='')}{rest}"


async def known_of(host: Host, request: Request) -> Known:
    """Problem 404 where there is no such organisation."""
    badge = badge_in(request)
    async with host.transaction(reader(request)) as tx:
        found = await read_known(tx, request.path_params["code"], badge.programmes(_SEES))
    if found is None:
        raise Problem(404, "not_found")
    return found


async def entry(host: Host, request: Request) -> Response:
    found, badge = await known_of(host, request), badge_in(request)
    one = found.entry
    fields = fields_of(one)
    own = one.merged_into is None
    return render(
        host,
        request,
        "enrollment/book_entry.html",
        base=HERE,
        place=address(one.organisation.code),
        one=one,
        into=found.into,
        merged=found.merged,
        said=_DONE.get(request.query_params.get("besked", ""), ""),
        mailbox=mailbox_word(found.lacks),
        facts=[("Kode", one.organisation.code), ("Region", one.organisation.region or ""), *_rows(fields, _WHOLE)],
        roles=[(role, email) for role, email in (one.roles or {}).items()],
        billing=_rows(fields, [name for name in OF_ORGANISATION if name.startswith("billing.")]),
        speakers=_rows(fields, _SPEAKERS),
        health=_health(found, may=badge.may(PUT)),
        units=[_unit(unit) for unit in one.units],
        parts=[_part(part, one) for part in found.parts],
        changes=[_change(noted, one, found.who) for noted in found.changes],
        may=badge.may(PUT) and own,
        may_merge=badge.may(MERGE) and own,
    )


def _rows(fields: Mapping[str, str], names: Sequence[str]) -> list[tuple[str, str]]:
    labels = {**OF_UNIT, **OF_ORGANISATION}
    return [(labels[name], said_of(name, fields[name])) for name in names if name in fields]


def _unit(unit: Unit) -> dict[str, Any]:
    fields = fields_of_unit(unit)
    shown = _rows(fields, [name for name in OF_UNIT if name != "name"])
    return {"id": unit.id, "name": unit.name, "key": unit_key(unit.id), "rows": shown}


def _part(part: Part, one: Entry) -> dict[str, Any]:
    people = [part.contact] if part.contact else []
    return {
        "programme": part.programme,
        "path": f"/stab/forloeb/{part.programme_id}/tilmeldinger/{part.enrolment_id}",
        "status": status(part.state, forbehold_open=part.forbehold_open),
        "under": part.code if part.code != one.organisation.code else "",
        "people": [(who.role, who.name, who.email) for who in (*people, *part.others)],
    }


def _change(noted: Noted, one: Entry, who: Mapping[str, str]) -> dict[str, str]:
    what = ", ".join(noted.columns)
    unit = next((known.name for known in one.units if known.id == noted.unit), noted.unit or "")
    kind, _, rest = (noted.actor or "").partition("/")
    program = f"Et program ({rest})" if kind == "token" else "Tovholder selv"
    return {
        "what": f"Enheden {unit}: {what}" if unit else what[:1].upper() + what[1:],
        "who": who.get(noted.actor or "") or ("En medarbejder" if kind == "staff" else program),
        "at": sent_at(noted.at),
    }


def _health(found: Known, *, may: bool) -> list[dict[str, str]]:
    """What is wrong, in a sentence, and the one thing to do about it."""
    one, sentences = found.entry, dict.fromkeys((key for key, _, _ in LACKS), "")
    place = address(one.organisation.code)
    refused = ", ".join(mailbox_name(each) for each in found.refused)
    last = max((each.at for each in found.refused), default=None)
    sentences |= {
        "missing": "Der er ingen hovedpostkasse, så ingen kan inviteres eller skrives til.",
        "bounced": f"Mails kommer retur fra {refused}" + (f", senest {sent_at(last)}." if last else "."),
        "silent": "Der er ikke svaret på de to seneste invitationer.",
        "no_role": "Ingen rolle har en adresse, så der kan kun skrives til hovedpostkassen.",
        "no_ean": "Der er intet EAN-nummer, hverken på organisationen eller på en enhed.",
    }
    deeds = {
        "missing": (f"{place}/ret#main_email", "Skriv hovedpostkassen"),
        "bounced": (f"{place}/virker", "Adressen virker igen"),
        "silent": (f"{place}/ret#role.0.name", "Skriv en rolle at spørge"),
        "no_role": (f"{place}/ret#role.0.name", "Skriv en rolle"),
        "no_ean": (f"{place}/ret#billing.ean", "Skriv EAN-nummeret"),
    }
    shown = []
    for key, _, title in LACKS:
        if key in found.lacks and one.merged_into is None:
            path, deed = deeds[key] if may else ("", "")
            also = f"{place}/ret#main_email" if key == "bounced" and may else ""
            shown.append({"title": title, "text": sentences[key], "path": path, "deed": deed, "also": also})
    return shown


def mailbox_name(one: Refusal) -> str:
    return f"{'hovedpostkassen' if one.role == MAIN else one.role} ({one.address})"


def not_yours(host: Host, request: Request) -> Response:
    """The book belongs to no programme: a role in one alone changes nothing of it."""
    return render(host, request, "web/no_role.html", status=403)


def action_page(host: Host, request: Request, _: str, *, status: int, **values: Any) -> Response:
    """What is done to an organisation, below the book's head instead of a programme's."""
    return render(host, request, "enrollment/book_action.html", status=status, **values)


async def accept(host: Host, act: Act, request: Request) -> Response:
    """A mailbox that refused mails is said to take them again."""
    if not badge_in(request).may("enrollment.AcceptMailbox"):
        return not_yours(host, request)
    found = await known_of(host, request)
    code = require_entry(found.entry).organisation.code

    def command(form: Form) -> Command | None:
        if form.value("role") not in {one.role for one in found.refused}:
            form.add_error("role", "required", "Vælg postkassen.")
            return None
        return form.command(AcceptMailbox, code=code)

    doing = Doing(
        title="Adressen virker igen",
        about=found.entry.organisation.name,
        button="Regn den for at virke",
        back=address(code),
        done="virker",
        text=("Mails til den er kommet retur. Er adressen forkert, så ret den i stedet.",),
        asks=(
            Ask("role", "Postkasse", type="radio", choices=[(one.role, mailbox_name(one)) for one in found.refused]),
        ),
        start={"role": found.refused[0].role} if len(found.refused) == 1 else {},
        sentences=lambda _: ["Organisationen står ikke længere under »Kommet retur«, før en ny mail kommer retur."],
        why_not="" if found.refused else "Ingen af postkasserne har sendt noget retur.",
    )
    return await carry_out(host, request, act, doing, command, partial(action_page, host, request))
