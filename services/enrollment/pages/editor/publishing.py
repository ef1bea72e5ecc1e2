"""A draft is published: first it is said what it comes to, field by field and for whom, then a button does it."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.programme_preview import Differences, Standing, differences
from services.enrollment.pages.editor.common import EDITION, HERE, SCOPE, Desk, desk_if_there, edition_in, show
from services.enrollment.pages.staff_action import told_by, who_moves_up
from services.enrollment.pages.staff_programme import reader
from services.enrollment.usecases.discard_programme_draft import DiscardProgrammeDraft
from services.enrollment.usecases.publish_programme import PublishProgramme
from services.enrollment.usecases.read_programme_page import read_concerned
from services.enrollment.usecases.rehearse_programme import RehearseProgramme
from shared.base.acts import Act
from shared.runtime.service import Host
from shared.web.door import Rehearsal
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, staff_form

SEEN = "_gaelder"
"""Hidden in the form: the version that held when it was shown what changes, 0 for none."""


async def publish(host: Host, act: Act, end: Act, look: Act, request: Request) -> Response:
    at = await desk_if_there(host, request)
    if at is None:
        return RedirectResponse(f"{HERE}?besked=vaek", 303)
    form, status = staff_form(host, request), 200
    why_not = _why_not(request, at)
    if request.method == "POST":
        form = await read_form(request)
        draft = at.opened.draft
        if why_not:
            form.add_error("", "not_yet", why_not)
            status = 409
        elif edition_in(form.own.get(EDITION, "")) != draft.edition:
            form.add_error("", "draft_edited", "Kladden er gemt af en anden imens. Se den igennem igen.")
            status = 409
        else:
            actor = badge_in(request).actor
            seen = form.own.get(SEEN, "")
            wish = PublishProgramme(file=draft.text, seen=edition_in(seen) if seen else None)
            reply = await host.door.submit(act, wish, form.key, actor=actor, patient=True)
            if (refused := reply.refusal()) is None:
                # A draft that stays behind says the same as what is published, and can be thrown away by hand.
                gone = DiscardProgrammeDraft(draft_id=draft.id, edition=draft.edition)
                await host.door.submit(end, gone, f"{form.key[:32]}-kladde", actor=actor, patient=True)
                return RedirectResponse(f"/stab/forloeb/{draft.programme_id}?besked=udgivet", 303)
            form.refuse(refused)
            status = refused.status
    found = None if why_not else await _rehearsed(host, look, request, at, form)
    return await _page(host, request, at, form, found, why_not, status)


async def _rehearsed(host: Host, look: Act, request: Request, at: Desk, form: Form) -> Rehearsal | None:
    """None when it would be refused, which is among the errors then."""
    wish = RehearseProgramme(file=at.opened.draft.text)
    found = await host.door.rehearse(look, wish, actor=badge_in(request).actor)
    if found.refused is not None:
        if not form.errors:
            form.refuse(found.refused)
        return None
    return Rehearsal(found.body["told"], found.body)


def _why_not(request: Request, at: Desk) -> str:
    if at.of("error") or not at.result.publishable:
        return "Kladden kan ikke udgives endnu: der er noget at rette."
    if at.proposals:
        return "Kladden kan ikke udgives endnu: der er flyttede datoer, som ingen har set efter."
    named = at.result.programme.id if at.result.programme else ""
    if not badge_in(request).may(SCOPE, named):
        return "Din rolle gælder ikke det forløb, som kladden hedder."
    return ""


async def _page(
    host: Host, request: Request, at: Desk, form: Form, found: Rehearsal | None, why_not: str, status: int
) -> Response:
    opened = at.opened
    changed = Differences((), ())
    if found is not None:
        changed = Differences(found.body["changes"], found.body["effects"])
    elif opened.published_text:
        async with host.transaction(reader(request)) as tx:
            concerned = await read_concerned(tx, opened.draft.programme_id)
        standing = Standing(concerned.with_place, concerned.waiting, concerned.invited)
        changed = differences(opened.published_text, opened.draft.text, standing)
    return show(
        host,
        request,
        "editor_publish.html",
        at,
        status=status,
        form=form,
        why_not=why_not,
        may_press=found is not None,
        is_first=opened.published is None,
        version=opened.published.ref.version if opened.published else 0,
        seen_name=SEEN,
        changed=changed.changes,
        effects=changed.effects,
        told=told_by(found) if found else (),
        moves=who_moves_up(found) if found else (),
        findings=found.body.get("findings", ()) if found else (),
        invites_at=found.body.get("invites_at") if found else None,
        facts=json.dumps(found.body["facts"], ensure_ascii=False) if found else "",
        nothing=found is not None and found.body.get("outcome") == "unchanged",
    )
