"""What a municipality's contact does by the link in its mail with the standing team: name it, once for all meetings.

A GET changes nothing, and all of it works without JavaScript.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.needs import asked_of_team, may_say_on_team
from services.enrollment.domain.team import size_text
from services.enrollment.pages.needs import LABELS as NEEDS
from services.enrollment.pages.needs import fields, kept_on_team, standing_unseen, ticked
from services.enrollment.pages.own_link import who_changed
from services.enrollment.pages.visits import do, find, mark_of, see_other, show
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_needs_mark import read_mark_of_team
from services.enrollment.usecases.read_visit import Visit
from services.enrollment.usecases.set_needs import SetTeamNeeds
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.enrollment import NameTeamMember, RemoveTeamMember, ReplaceTeamMember
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in

_LABELS = {"name": "Navn", "email": "E-mail", **NEEDS}
_DONE = {
    "navngivet": "Personen er på holdet",
    "fjernet": "Personen er taget af holdet",
    "skiftet": "Personen er skiftet",
    "behov": "Kost og adgang er opdateret",
}


async def team(host: Host, act: Act, request: Request) -> Response:
    visit = await _find(host, request, act)
    if isinstance(visit, Response):
        return visit
    if request.method == "GET":
        return _show(host, "team.html", visit, form=Form(), done=_DONE.get(request.query_params.get("besked", "")))
    form = await read_form(request, labels=_LABELS)
    command = form.command(NameTeamMember, enrolment_id=visit.enrolment.id)
    if command is None:
        return _show(host, "team.html", visit, 422, form=form, done=None)
    refused = await do(host, act, request, command, form, visit)
    if refused is None:
        return see_other(f"{visit.path}/hold?besked=navngivet")
    # What was refused may be that the team has just been filled: the page shows it as it is now.
    again = await _find(host, request, act)
    return (
        again if isinstance(again, Response) else _show(host, "team.html", again, refused.status, form=form, done=None)
    )


async def _about_one(
    host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str
) -> Response:
    visit = await _find(host, request, act)
    if isinstance(visit, Response):
        return visit
    back, person_id = f"{visit.path}/hold", request.path_params["person_id"]
    member = next((one for one in visit.members if one.person.person_id == person_id), None)
    if member is None and request.method == "GET":
        return see_other(back)
    form, status = Form(labels=_LABELS), 200
    stands = partial(_stands, host, visit, person_id) if model is SetTeamNeeds else None
    if request.method == "GET" and stands is not None:
        begin(form, (await stands()).fields)
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        about: dict[str, Any] = {"enrolment_id": visit.enrolment.id, "person_id": person_id}
        if stands is not None:
            about["seen"] = seen_in(form)
        command = form.command(model, **about)
        ticked(form)
        refused = None if command is None else await do(host, act, request, command, form, visit, stands)
        if command is not None and (refused is None or member is None):
            return see_other(f"{back}?besked={done}" if refused is None else back)
        status = 422 if refused is None else refused.status
    return _show(
        host, template, visit, status, form=form, member=member, person=member.person if member else None, back=back
    )


async def _stands(host: Host, visit: Visit, person_id: str) -> Stands:
    """What is kept of them, by its mark, and who has changed it last."""
    about = (visit.enrolment.id, person_id)
    mark = await mark_of(host, lambda tx: read_mark_of_team(tx, *about))
    wrote, me = Wrote.team_needs(*about), visit.speaker.person_id
    return standing_unseen(mark, await who_changed(host, visit.programme.id, SetTeamNeeds, wrote, me))


remove = partial(_about_one, template="leave_team.html", model=RemoveTeamMember, done="fjernet")
needs = partial(_about_one, template="their_needs.html", model=SetTeamNeeds, done="behov")
replace = partial(_about_one, template="replace_member.html", model=ReplaceTeamMember, done="skiftet")


async def _find(host: Host, request: Request, act: Act) -> Visit | Response:
    visit = await find(host, request, act, explains_team=True)
    if isinstance(visit, Visit) and visit.team is None:
        raise Problem(404, "not_found")
    return visit


def _show(host: Host, template: str, visit: Visit, status: int = 200, **values: Any) -> Response:
    team, explained = visit.team, visit.explained
    size = size_text(team) if team else None
    asks, meetings = (asked_of_team(team), visit.team_meetings) if team else (None, None)
    told = {
        "asked": asks,
        "fields": fields(asks),
        "changeable": team is not None and meetings is not None and may_say_on_team(team, meetings, visit.now),
        "told": ("jeres deltagere", f"{visit.enrolment.organisation.name}, {visit.programme.ref.title}", "møderne"),
        "keeps": kept_on_team(asks, meetings.last_day() if meetings else None),
    }
    return show(
        host,
        template,
        visit,
        status,
        team=team,
        size=size,
        members=visit.members,
        explained=explained,
        **told,
        **values,
    )
