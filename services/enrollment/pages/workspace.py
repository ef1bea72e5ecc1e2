"""The front of the workspace: what waits for staff today, and their programmes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.workspace import Found, One
from services.enrollment.usecases.read_workspace import Workspace, read_open_letters, read_workspace
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.contracts.danish import short_day
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.web.badge import Badge
from shared.web.staff import badge_in, render, staff_form
from shared.web.today import Item, Kind, More, dead_letters, runs_it

SEES = "enrollment.enrolments"
"""The scope of what stands here of a programme."""
PARTS = (
    ("moeder", "Møder", "/scheduling/stab/i-dag", "scheduling.meetings"),
    ("fakturaer", "Fakturaer", "/invoicing/stab/i-dag", "invoicing.invoices"),
    ("mails", "Mails", "/notifications/stab/i-dag", "notifications.messages"),
)
"""What the other services show here: its place, its heading, its page, and the scope of it."""
_NEXT, _SHOWN, _ENDED = "fra", "vis", "afsluttede"
_FEW = 5


async def front(host: Host, request: Request) -> Response:
    """Whoever has no role yet is told how to get one."""
    badge = badge_in(request)
    sees, only_ended = badge.may_somewhere(SEES), request.query_params.get(_SHOWN) == _ENDED
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT)) else {}
    async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
        found = await read_workspace(tx, badge.programmes(SEES), asked, only_ended=only_ended) if sees else None
        letters = await read_open_letters(tx) if runs_it(badge) else None
        today = day_of(tx.now)
    kinds = [
        *(_kinds(found, today) if found else ()),
        *([dead_letters(host.service.name, *letters)] if letters else ()),
    ]
    return render(
        host,
        request,
        "enrollment/workspace.html",
        found=found,
        kinds=[one for one in kinds if one.total],
        parts=[one for one in PARTS if badge.may_somewhere(one[3]) or runs_it(badge)],
        only_ended=only_ended,
        today=today,
        form=staff_form(host, request),
        **_may(badge),
    )


def _may(badge: Badge) -> dict[str, bool]:
    return {
        "has_role": bool(badge.roles),
        "publishes": badge.may("enrollment.PublishProgramme"),
        "administers": badge.may_somewhere("enrollment.staff"),
    }


def _kinds(found: Workspace, today: date) -> Iterator[Kind]:
    """The most urgent first: somebody waits for us; something lapses; something is late; something is missing."""
    waits = found.waits

    def named(
        key: str, of: Found, one: str, many: str, about: Callable[[One], str], *, tab: str = "", note: str = ""
    ) -> Kind:
        items = [
            Item(
                each.organisation,
                f"{found.titles[each.programme_id]}: {about(each)}",
                _programme(each.programme_id) + (tab or f"/tilmeldinger/{each.id}"),
            )
            for each in of.named
        ]
        return Kind(key, one if of.total == 1 else many, of.total, items, _all(of, found.titles, tab), note)

    yield named(
        "formularer",
        waits.forms,
        "tilmelding venter på, at I siger god for afsenderen",
        "tilmeldinger venter på, at I siger god for afsenderen",
        lambda one: f"kom ind {_since(one.since, today)}",
        tab="/formularer",
    )
    yield Kind(
        "ledige-pladser",
        "forløb har både ledige pladser og venteliste",
        len(waits.lines),
        [
            Item(one.title, f"{_number(count, 'venter', 'venter')}. {why}", f"{_programme(one.id)}/venteliste")
            for one, count, why in waits.lines[:_FEW]
        ],
    )
    yield named(
        "forbehold",
        waits.forbehold,
        "forbehold er ved at løbe ud eller skal snart besvares",
        "forbehold er ved at løbe ud eller skal snart besvares",
        lambda one: _forbehold(one, today),
    )
    silent = sum(count for _, count in waits.silent)
    yield Kind(
        "ubesvarede",
        "invitation er ikke besvaret, og fristen er nær"
        if silent == 1
        else "invitationer er ikke besvaret, og fristen er nær",
        silent,
        [
            Item(one.title, f"{count} mangler at svare, frist {_until(one.deadline, today)}", _programme(one.id))
            for one, count in waits.silent[:_FEW]
        ],
    )
    yield Kind(
        "mange-pladser",
        "forløb har givet alle de pladser, det plejer, eller flere"
        if len(waits.beyond_usual) == 1
        else "forløb har givet alle de pladser, de plejer, eller flere",
        len(waits.beyond_usual),
        [
            Item(
                one.title,
                f"{one.taken} pladser er taget; {one.usual} er det sædvanlige"
                + ("" if one.places is None else f", og der er højst {one.places}"),
                _programme(one.id),
            )
            for one in waits.beyond_usual[:_FEW]
        ],
    )
    yield named(
        "postkasser",
        waits.mailboxes,
        "medlem har ingen postkasse og får ingen mails",
        "medlemmer har ingen postkasse og får ingen mails",
        lambda one: f"med siden {_day(one.since)}",
        note="Skriv postkassen i adressebogen.",
    )
    yield named(
        "hold",
        waits.teams,
        "hold er for lille",
        "hold er for små",
        lambda one: f"{one.count[0]} af mindst {one.count[1]} er navngivet; har haft plads siden {_day(one.since)}",
    )
    yield named(
        "betaling",
        waits.billing,
        "tilmeldt mangler oplysninger til fakturaen",
        "tilmeldte mangler oplysninger til fakturaen",
        lambda one: f"mangler {waits.missing.get(one.id) or 'oplysninger'}; kom ind {_since(one.since, today)}",
    )


def _all(of: Found, titles: Mapping[str, str], tab: str) -> list[More]:
    """Where there are more than are named: all of them, programme by programme of those that are named."""
    if of.total <= len(of.named):
        return []
    there = {one.programme_id: one.there for one in of.named}
    return [More(f"Alle {count} i {titles[key]}", _programme(key) + tab) for key, count in there.items() if count > 1]


def _programme(programme_id: str) -> str:
    return f"/stab/forloeb/{programme_id}"


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _day(at: datetime | None) -> str:
    return "" if at is None else short_day(day_of(at))


def _since(at: datetime | None, today: date) -> str:
    days = 0 if at is None else (today - day_of(at)).days
    return "i dag" if days <= 0 else "i går" if days == 1 else f"for {days} dage siden"


def _until(day: date | None, today: date) -> str:
    days = 0 if day is None else (day - today).days
    if days < 0:
        return f"{short_day(day)} (overskredet)" if day else ""
    near = "i dag" if days == 0 else "i morgen" if days == 1 else f"om {days} dage"
    return f"{short_day(day)} ({near})" if day else ""


def _forbehold(one: One, today: date) -> str:
    """The day on which it is answered, and the one on which the place lapses."""
    words = []
    if one.day is not None:
        words.append(
            f"svaret var ventet {_until(one.day, today)}"
            if one.day < today
            else f"svaret ventes {_until(one.day, today)}"
        )
    if one.until is not None:
        words.append(f"pladsen holdes til og med {_until(one.until, today)}")
    return "; ".join(words)
