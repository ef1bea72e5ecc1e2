"""How far each of those who take part is with its own tracks, and a step that is said to be completed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.domain.outline import Outline
from services.scheduling.pages.programme import ELSEWHERE, address, show
from services.scheduling.usecases.read_tracks import OnTheirWay, Tracks, read_track, read_tracks
from shared.base.acts import Act
from shared.contracts.danish import long_day, short_day
from shared.contracts.event import Command
from shared.contracts.programme import PhaseTerm, TrackTerm
from shared.contracts.scheduling import CompleteStep
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.programme_page import cursor_of, following, not_there, of_one, reader, unheard
from shared.web.staff_action import Ask, Doing, carry_out

NOT_KNOWN = "Mødeplanen kender ikke sporene i forløbets udgave. De kommer med næste udgave af forløbet."
NO_TRACKS = "Forløbet har ingen spor, som hver deltager har for sig."


async def tracks(host: Host, request: Request) -> Response:
    programme_id = request.path_params["programme_id"]
    async with host.transaction(reader(request)) as tx:
        found = await read_tracks(tx, programme_id, cursor_of(request))
    if found is None:
        return unheard(host, request)
    own = found.outline.own_tracks
    return show(
        host,
        request,
        "scheduling/tracks.html",
        found.outline,
        why_none=_why_none(found.outline),
        phases=[(track, phase) for track in own for phase in track.phases],
        rows=[
            {
                "name": row.one.organisation.name,
                "path": address(request, f"/spor/{row.one.enrolment_id}"),
                "counts": [_counted(row, track, phase) for track in own for phase in track.phases],
            }
            for row in found.rows
        ],
        following=following(request, found.following),
    )


def _why_none(outline: Outline) -> str:
    if outline.own_tracks:
        return ""
    return NOT_KNOWN if outline.tracks is None else NO_TRACKS


def _counted(row: OnTheirWay, track: TrackTerm, phase: PhaseTerm) -> str:
    """Of a phase, how many of its steps are completed: 2 af 3."""
    done = sum((track.id, phase.id, step.id) in row.done for step in phase.steps)
    return f"{done} af {len(phase.steps)}"


async def _find(host: Host, request: Request) -> Tracks | Response:
    """The page of a programme that has no such enrolment, or that nobody has told of, is one that says so (404)."""
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        found = await read_track(tx, named["programme_id"], named["enrolment_id"])
    if found is None:
        return unheard(host, request)
    return found if found.rows else not_there(host, request, found.outline.ref, "Tilmeldingen kendes ikke her endnu")


_of_one = of_one(_find)


@_of_one
async def track(host: Host, request: Request, found: Tracks) -> Response:
    """The steps of one enrolment's tracks."""
    (row,) = found.rows
    here = address(request, f"/spor/{row.one.enrolment_id}")
    changeable = found.outline.ours and not found.outline.cancelled
    return show(
        host,
        request,
        "scheduling/track.html",
        found.outline,
        why_none=_why_none(found.outline),
        name=row.one.organisation.name,
        enrolment=f"/stab/forloeb/{found.outline.ref.id}/tilmeldinger/{row.one.enrolment_id}",
        tracks=[
            (one.title, [(phase.title, _steps(row, one, phase, here)) for phase in one.phases])
            for one in found.outline.own_tracks
        ],
        changeable=changeable,
        elsewhere="" if found.outline.ours else ELSEWHERE,
    )


def _steps(row: OnTheirWay, track: TrackTerm, phase: PhaseTerm, here: str) -> list[dict[str, Any]]:
    return [
        {
            "title": step.title,
            "done": short_day(done) if (done := row.done.get((track.id, phase.id, step.id))) else "",
            "optional": step.option is not None,
            "path": f"{here}/faerdigt?{urlencode({'spor': track.id, 'fase': phase.id, 'skridt': step.id})}",
        }
        for step in phase.steps
    ]


@_of_one
async def complete(host: Host, act: Act, request: Request, found: Tracks) -> Response:
    """Which step it is, the address says."""
    (row,), asked = found.rows, request.query_params
    names = [asked.get(name, "") for name in ("spor", "fase", "skridt")]
    title = _title(found.outline, *names)
    if title is None:
        return not_there(host, request, found.outline.ref, "Skridtet findes ikke")

    def command(form: Form) -> Command | None:
        step = dict(zip(("track", "phase", "step"), names, strict=True))
        return form.command(CompleteStep, programme_id=found.outline.ref.id, enrolment_id=row.one.enrolment_id, **step)

    def sentences(body: Mapping[str, Any]) -> list[str]:
        said = [f"{row.one.organisation.name} er derefter igennem skridtet."]
        if body["option"]:
            said.append("Har kommunen bestilt det tilkøb, som skridtet leverer, meldes det leveret og kan faktureres.")
        return said

    name = row.one.organisation.name
    doing = Doing(
        title="Meld skridtet færdigt",
        about=f"{name}: {title}",
        button="Meld skridtet færdigt",
        back=address(request, f"/spor/{row.one.enrolment_id}"),
        crumb=name,
        done="skridt",
        text=("Det kan ikke tages tilbage.",),
        asks=(Ask("completed_on", "Den dag, det blev færdigt", type="date", width="m"),),
        start={"completed_on": found.today.isoformat()},
        sentences=sentences,
        warns=True,
        why_not=_why_not(found, row, names),
    )
    return await carry_out(host, request, act, doing, command, partial(show, host, request, outline=found.outline))


def _title(outline: Outline, track_id: str, phase_id: str, step_id: str) -> str | None:
    """Analysen, Dialog; None where the programme has no such step."""
    for one in outline.own_tracks:
        for phase in one.phases:
            for step in phase.steps:
                if (one.id, phase.id, step.id) == (track_id, phase_id, step_id):
                    return f"{phase.title}, {step.title}"
    return None


def _why_not(found: Tracks, row: OnTheirWay, names: list[str]) -> str:
    track_id, phase_id, step_id = names
    if not found.outline.ours:
        return ELSEWHERE
    if (day := row.done.get((track_id, phase_id, step_id))) is not None:
        return f"Skridtet blev færdigt {long_day(day)}."
    return "Forløbet er aflyst." if found.outline.cancelled else ""
