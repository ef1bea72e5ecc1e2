"""What a municipality's contact does by the link in its mail with the standing team: name it, once for all meetings.

A GET changes nothing, and all of it works without JavaScript.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.team import Team, size_text
from services.enrollment.usecases.read_visit import Visit, read_visit
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.problems import Problem
from shared.contracts.enrollment import NameTeamMember, RemoveTeamMember, ReplaceTeamMember
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"name": "Navn", "email": "E-mail"}
_DONE = {
    "navngivet": "Personen er på holdet",
    "fjernet": "Personen er taget af holdet",
    "skiftet": "Personen er skiftet",
}


async def team(host: Host, act: Act, request: Request) -> Response:
    visit = await _visit(host, request)
    if isinstance(visit, Response):
        return visit
    if request.method == "GET":
        return _page(host, "team.html", visit, form=Form(), done=_DONE.get(request.query_params.get("besked", "")))
    form = await read_form(request, labels=_LABELS)
    command = form.command(NameTeamMember, enrolment_id=visit.enrolment.id)
    if command is None:
        return _page(host, "team.html", visit, 422, form=form, done=None)
    refused = await _do(host, act, command, form, visit)
    if refused is None:
        return _see_other(f"{visit.path}/hold?besked=navngivet")
    # What was refused may be that the team has just been filled: the page shows it as it is now.
    again = await _visit(host, request)
    return (
        again if isinstance(again, Response) else _page(host, "team.html", again, refused.status, form=form, done=None)
    )


async def _about_one(
    host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str
) -> Response:
    visit = await _visit(host, request)
    if isinstance(visit, Response):
        return visit
    back, person_id = f"{visit.path}/hold", request.path_params["person_id"]
    member = next((one for one in visit.members if one.person.person_id == person_id), None)
    if member is None and request.method == "GET":
        return _see_other(back)
    form, status = Form(labels=_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        command = form.command(model, enrolment_id=visit.enrolment.id, person_id=person_id)
        refused = None if command is None else await _do(host, act, command, form, visit)
        if command is not None and (refused is None or member is None):
            return _see_other(f"{back}?besked={done}" if refused is None else back)
        status = 422 if refused is None else refused.status
    return _page(host, template, visit, status, form=form, member=member, back=back)


remove = partial(_about_one, template="leave_team.html", model=RemoveTeamMember, done="fjernet")
replace = partial(_about_one, template="replace_member.html", model=ReplaceTeamMember, done="skiftet")


async def _do(host: Host, act: Act, command: Command, form: Form, visit: Visit) -> Refused | None:
    """The "no", shown in the form, or None when it is done."""
    reply = await host.door.submit(act, command, form.key, actor=f"person/{visit.contact_id}", patient=True)
    refused = reply.refusal()
    if refused is not None:
        form.refuse(refused)
    return refused


async def _visit(host: Host, request: Request) -> Visit | Response:
    """The visit; or a page that says that the link does not work any more, or that there is no place."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        visit = await read_visit(tx, request.path_params["token"], {}, explains_team=True)
    if visit is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if not visit.by_contact:
        return host.pages.render("enrollment/dead_link.html", status=410, headers=SECRET_ADDRESS)
    if not visit.enrolment.has_place:
        return _page(host, "no_place.html", visit, 410)
    if visit.team is None:
        raise Problem(404, "not_found")
    return visit


def _page(host: Host, template: str, visit: Visit, status: int = 200, **values: Any) -> Response:
    found: Team | None = visit.team
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        terms=visit.programme.terms,
        enrolment=visit.enrolment,
        path=visit.path,
        team=found,
        size=size_text(found) if found else None,
        members=visit.members,
        explained=visit.explained,
        **values,
    )


def _see_other(path: str) -> Response:
    return RedirectResponse(path, 303, headers=SECRET_ADDRESS)
