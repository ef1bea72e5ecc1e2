"""One meeting as staff work with it: all that is known of it, its history, and what can be done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.domain.advice import (
    MODE_TITLES,
    dated_text,
    held_text,
    lacks,
    warnings,
    when_text,
    who_hears,
)
from services.scheduling.domain.meeting import STATE_TITLES, Standing, date_fields
from services.scheduling.domain.outline import Outline
from services.scheduling.pages.programme import ELSEWHERE, address, show
from services.scheduling.usecases.read_plan import MeetingPage, read_beside, read_meeting_page
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.danish import day_and_clock, long_day
from shared.contracts.event import Command
from shared.contracts.scheduling import CancelMeeting, MarkMeetingHeld, SetMeetingDate, When
from shared.contracts.time import COPENHAGEN, day_of
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.meanwhile import Stands, seen_in
from shared.web.programme_page import UNDO, cursor_of, following, not_there, of_one, reader, unheard, who
from shared.web.staff_action import Ask, Doing, carry_out, stood_before

_LABELS = {
    "day": "Dag",
    "last_day": "Sidste dag",
    "starts": "Begynder kl.",
    "ends": "Slutter kl.",
    "place": "Sted",
    "link": "Link til mødet",
}
_BOTH = ("place", "link")
_PLACE = (
    Ask("place", "Sted", required=False, maxlength=200),
    Ask("link", "Link til mødet", type="url", required=False, hint="En adresse, der begynder med https://."),
)


async def _find(host: Host, request: Request) -> MeetingPage | Response:
    """The page of a programme that has no such meeting, or that nobody has told of, is one that says so (404)."""
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        found = await read_meeting_page(tx, named["programme_id"], named["meeting_id"], cursor_of(request))
    if found is None:
        return unheard(host, request)
    return not_there(host, request, found.ref, "Mødet findes ikke") if isinstance(found, Outline) else found


_of_one = of_one(_find)


def _place(request: Request) -> str:
    return address(request, f"/moeder/{request.path_params['meeting_id']}")


def _who_comes(found: MeetingPage) -> str:
    """Where enrollment shows who is registered."""
    return f"/stab/forloeb/{found.outline.ref.id}/deltagere?moede={found.standing.meeting.id}"


@_of_one
async def meeting(host: Host, request: Request, found: MeetingPage) -> Response:
    one = found.standing
    return show(
        host,
        request,
        "scheduling/meeting.html",
        found.outline,
        one=one,
        meeting=one.meeting,
        when=when_text(one.meeting, one.plan),
        state=STATE_TITLES[one.state],
        facts=_facts(found),
        lacks=lacks(one, day_of(found.now)),
        place=_place(request),
        who_comes=_who_comes(found),
        warned=_warned(found),
        history=[_change(row) for row in found.history],
        following=following(request, found.following),
        changeable=found.outline.ours and not one.over,
        elsewhere="" if found.outline.ours else ELSEWHERE,
    )


def _warned(found: MeetingPage) -> Sequence[str]:
    """What speaks against the date that it has, as long as it is to come."""
    when = found.standing.meeting.when
    return () if when is None or found.standing.over else warnings(when, found.outline, (), found.now)


def _facts(found: MeetingPage) -> list[tuple[str, str]]:
    one, meeting = found.standing, found.standing.meeting
    rows = [
        ("Slags", found.outline.kind(meeting.kind)),
        ("Gruppe", found.outline.group(meeting.group)),
        ("Hvem", "Kun kontakter i bestemte roller" if meeting.roles else ""),
        ("Hvordan", MODE_TITLES[meeting.mode]),
        ("Sted", meeting.place or ""),
        ("Afholdt", held_text(one.held_on).removeprefix("Afholdt ") if one.held_on else ""),
        ("Begrundelse", one.reason),
        ("Ændret", _times(meeting.date_version) if one.state != "cancelled" and meeting.date_version else ""),
        ("Planen siger", one.plan.note if one.plan and one.plan.note else ""),
        ("I forløbets fil", "" if one.plan else "Nej, mødet er planlagt ved siden af"),
    ]
    return [(name, said) for name, said in rows if said]


def _times(count: int) -> str:
    return "1 gang" if count == 1 else f"{count} gange"


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    when = ""
    if row["first_day"] is not None:
        when = dated_text(
            When(
                first_day=row["first_day"], last_day=row["last_day"], starts_at=row["starts_at"], ends_at=row["ends_at"]
            )
        )
    at = row["changed_at"].astimezone(COPENHAGEN)
    return {
        "state": STATE_TITLES[row["state"]],
        "when": when or "–",
        "place": row["place"] or "–",
        "reason": row["reason"],
        "who": who(row["actor"]),
        "at": day_and_clock(at.date(), at.time()),
    }


def _why_not(found: MeetingPage) -> str:
    if not found.outline.ours:
        return ELSEWHERE
    match found.standing.state:
        case "cancelled":
            return "Mødet er aflyst, og det kan ikke tages tilbage. Planlæg et nyt i stedet."
        case "held":
            return "Mødet er afholdt."
        case _:
            return ""


async def _about(
    host: Host,
    act: Act,
    request: Request,
    found: MeetingPage,
    command: Any,
    *,
    title: str,
    button: str,
    done: str,
    **more: Any,
) -> Response:
    prepare = more.pop("prepare", None)
    meeting = found.standing.meeting
    doing = Doing(
        title=title,
        about=f"{meeting.title}: {when_text(meeting, found.standing.plan)}",
        button=button,
        back=_place(request),
        crumb=meeting.title,
        done=done,
        why_not=_why_not(found),
        links=(("Se, hvem der er tilmeldt mødet", _who_comes(found)),),
        **more,
    )
    shows = partial(show, host, request, outline=found.outline)
    return await carry_out(host, request, act, doing, command, shows, prepare=prepare)


@_of_one
async def set_date(host: Host, act: Act, request: Request, found: MeetingPage) -> Response:
    """The first date, or another one; with place and link."""
    known, beside = found.standing.meeting, list[str]()

    def command(form: Form) -> SetMeetingDate | None:
        clocks = {name: form.value(name).replace(".", ":") or None for name in ("starts", "ends")}
        said = {"place": form.value("place"), "link": form.value("link")}
        return form.command(SetMeetingDate, meeting_id=known.id, **said, **clocks, seen=seen_in(form))

    async def prepare(form: Form) -> None:
        """The other meetings on the days that were typed; where these are none the form says so."""
        wish = command(Form(dict(form.values)))
        if wish is not None:
            days = (wish.day, max(wish.day, wish.last_day or wish.day))
            async with host.transaction(reader(request)) as tx:
                beside[:] = await read_beside(tx, found.outline.ref.id, known.id, *days)

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Flyt mødet" if known.when else "Fastsæt mødets dato",
        button="Flyt mødet" if known.when else "Fastsæt datoen",
        done="dato",
        asks=(
            Ask("day", "Dag", type="date", width="m"),
            Ask(
                "last_day", "Sidste dag", type="date", required=False, width="m", hint="Kun når mødet varer flere dage."
            ),
            Ask("starts", "Begynder kl.", type="time", required=False, width="s"),
            Ask("ends", "Slutter kl.", type="time", required=False, width="s", hint="Begge klokkeslæt, eller ingen."),
            *_PLACE,
        ),
        start={**_start(found.standing), **_before(await stood_before(host, request))},
        undone=partial(_undone, request, found, "dato"),
        sentences=partial(_follows, found),
        warnings=lambda body: warnings(_when(body), found.outline, beside, found.now),
        prepare=prepare,
        stands=_stands(host, request),
    )


@_of_one
async def set_place(host: Host, act: Act, request: Request, found: MeetingPage) -> Response:
    """Place and link alone: the date stays."""
    known = found.standing.meeting
    start = _start(found.standing)

    def command(form: Form) -> Command | None:
        said = {name: form.value(name) for name in ("place", "link")}
        # As whoever types was shown it: by now it may be another one.
        shown = start if form.stood is None else form.stood
        rest = {name: shown.get(name) or None for name in ("day", "last_day", "starts", "ends")}
        return form.command(SetMeetingDate, meeting_id=known.id, **rest, **said, seen=seen_in(form))

    return await _about(
        host,
        act,
        request,
        found,
        command if known.when else lambda _: None,
        title="Ret sted og link",
        button="Gem sted og link",
        done="sted",
        text=() if known.when else ("Mødet har ingen dato endnu. Sted og link skrives sammen med den.",),
        asks=_PLACE if known.when else (),
        start={**{name: start[name] for name in _BOTH}, **_before(await stood_before(host, request), _BOTH)},
        undone=partial(_undone, request, found, "sted"),
        sentences=partial(_follows, found),
        stands=_stands(host, request) if known.when else None,
    )


def _before(was: Mapping[str, str] | None, names: Sequence[str] = tuple(_LABELS)) -> dict[str, str]:
    """What stood before, where that is known."""
    return {name: was.get(name, "") for name in names} if was is not None else {}


def _undone(request: Request, found: MeetingPage, page: str, _: Mapping[str, Any], key: str) -> str:
    """A meeting that had no date has one from now on."""
    return f"{_place(request)}/{page}?{UNDO}={key}" if found.standing.meeting.when else ""


def _start(standing: Standing) -> dict[str, str]:
    """What the form begins with: as it stands; without a date the plan's own place."""
    planned = standing.plan.place if standing.plan and standing.meeting.when is None else None
    return {**dict.fromkeys(_LABELS, ""), "place": planned or "", **date_fields(standing)}


def _stands(host: Host, request: Request) -> Callable[[], Awaitable[Stands]]:
    """How the meeting stands, and who has changed it last."""

    async def stands() -> Stands:
        named = request.path_params
        async with host.transaction(reader(request)) as tx:
            found = await read_meeting_page(tx, named["programme_id"], named["meeting_id"], {})
        if not isinstance(found, MeetingPage):
            raise Problem(404, "not_found")
        last = _change(found.history[0]) if found.history else None
        by = "" if last is None else f"{last['at']} af {last['who'][:1].lower()}{last['who'][1:]}"
        return Stands(
            fields=date_fields(found.standing),
            who=by,
            together=(("day", "last_day"), ("starts", "ends")),
            labels=_LABELS,
            as_read=lambda name, text: long_day(date.fromisoformat(text)) if name in {"day", "last_day"} else text,
        )

    return stands


def _follows(found: MeetingPage, body: Mapping[str, Any]) -> list[str]:
    """What becomes of the meeting, and who hears of it; nothing when it stays as it was."""
    before, after = found.standing.meeting, _when(body)
    if (before.when, before.place, before.link) == (after, body["place"], body["link"]):
        return []
    said = []
    if before.when is None:
        said.append(f"Mødet får datoen {_inside(after)}.")
    elif before.when != after:
        said.append(f"Mødet flyttes fra {_inside(before.when)} til {_inside(after)}.")
    for name, word in (("place", "Stedet"), ("link", "Linket")):
        was, becomes = getattr(before, name), body[name]
        if was != becomes:
            said.append(f"{word} bliver {becomes}." if becomes else f"{word} fjernes.")
    return [*said, *who_hears(before, after)]


def _when(body: Mapping[str, Any]) -> When:
    """As the answer has it: days and instants in texts."""
    return When.model_validate(body["when"], strict=False)


def _inside(when: When) -> str:
    text = dated_text(when)
    return text[0].lower() + text[1:]


@_of_one
async def cancel(host: Host, act: Act, request: Request, found: MeetingPage) -> Response:
    known = found.standing.meeting

    def command(form: Form) -> Command | None:
        return form.command(CancelMeeting, meeting_id=known.id)

    hears = who_hears(known, None) if known.when else ("Mødet har ingen dato, så ingen er inviteret til det.",)
    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Aflys mødet",
        button="Aflys mødet for altid",
        done="aflyst",
        warns=True,
        text=(
            "Det kan ikke tages tilbage: skal mødet holdes alligevel, planlægges et nyt.",
            *hears,
            "Ekstra deltagere ved mødet faktureres ikke.",
        ),
        asks=(
            Ask(
                "reason",
                "Hvorfor aflyses det?",
                type="textarea",
                rows=3,
                maxlength=1000,
                required=False,
                hint="De inviterede læser det, som det står.",
            ),
        ),
        sentences=lambda body: [f"Mødet står derefter som »{body['state_title']}«."],
    )


@_of_one
async def mark_held(host: Host, act: Act, request: Request, found: MeetingPage) -> Response:
    known, today = found.standing.meeting, day_of(found.now)

    def command(form: Form) -> Command | None:
        return form.command(MarkMeetingHeld, meeting_id=known.id)

    last = known.when.last_day if known.when else today
    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Mødet er afholdt",
        button="Registrér, at mødet er afholdt",
        done="afholdt",
        warns=True,
        text=(
            "Et møde med en dato tæller selv som afholdt dagen efter. Det her er til den, der ikke vil vente.",
            "Ekstra deltagere ved mødet faktureres derefter. Det kan ikke tages tilbage.",
        ),
        asks=(Ask("held_on", "Den dag, det blev holdt", type="date", width="m"),),
        start={"held_on": min(last, today).isoformat()},
        sentences=lambda body: [f"Mødet står som afholdt {long_day(date.fromisoformat(body['held_on']))}."],
    )
