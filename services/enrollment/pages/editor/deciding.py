"""What only a person can decide: how a place is read that can be read in two ways, and whether a moved day holds."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.programme_draft import Question, questions
from services.enrollment.domain.programme_file.day_notes import day_notes
from services.enrollment.domain.programme_file.places import spoken
from services.enrollment.pages.editor.common import EDITION, Desk, desk, edition_in, show
from services.enrollment.usecases.choose_reading import ChooseReading
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft
from shared.base.acts import Act
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, staff_form


async def readings(host: Host, act: Act, request: Request) -> Response:
    at = await desk(host, request)
    asked = questions(at.opened.draft, at.result, at.data)
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form, status = await read_form(request), 422
        number = form.own.get("_sted", "")
        one = asked[int(number)] if _is_place(number) and int(number) < len(asked) else None
        wish = _chosen(form, at, one, number) if one else None
        if wish is None:
            form.add_error(f"valg-{number}" if one else "", "required", "Vælg en af læsningerne.")
        else:
            reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(f"{at.base}/laesninger?besked=valgt", 303)
            form.refuse(refused)
            status = refused.status
    return show(
        host,
        request,
        "editor_readings.html",
        at,
        status=status,
        form=form,
        questions=[_asked(at, one) for one in asked],
    )


def _is_place(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_PLACE


_LONGEST_PLACE = 4
"""Digits."""


def _chosen(form: Form, at: Desk, one: Question, number: str) -> ChooseReading | None:
    """None when it is none of the readings, or no words that can be kept."""
    chosen = form.value(f"valg-{number}")
    if chosen not in {each.value for each in one.finding.readings}:
        return None
    try:
        return ChooseReading(
            draft_id=at.opened.draft.id,
            edition=max(1, edition_in(form.own.get(EDITION, ""))),
            where=one.where,
            chosen=chosen,
            why=form.value(f"hvorfor-{number}"),
        )
    except ValidationError:
        return None


def _asked(at: Desk, one: Question) -> dict[str, Any]:
    standing = next((each.value for each in one.finding.readings if each.chosen), "")
    return {
        "about": spoken(one.where, at.data),
        "message": one.finding.message,
        "choices": [(each.value, each.text) for each in one.finding.readings],
        "value": standing,
        "open": not standing,
        "by": at.opened.names.get(one.chosen.by, "nogen") if one.chosen and one.chosen.reading == standing else "",
        "at": sent_at(one.chosen.at) if one.chosen else "",
        "says_why": one.where[0] == "readings",
    }


async def dates(host: Host, act: Act, request: Request) -> Response:
    """Days that moved with a copy: all of them at once, and a tick for each that holds."""
    at = await desk(host, request)
    moved = list(at.proposals.items())
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form, status = await read_form(request), 422
        ticked = set(form.chosen("set"))
        seen = [one.where for path, one in moved if ".".join(map(str, path)) in ticked]
        if not seen:
            form.add_error("set", "required", "Sæt kryds ved de datoer, I har set efter.")
        else:
            wish = SaveProgrammeDraft(
                draft_id=at.opened.draft.id,
                edition=max(1, edition_in(form.own.get(EDITION, ""))),
                file=at.opened.draft.text,
                seen=tuple(seen),
            )
            reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(f"{at.base}/datoer?besked=set", 303)
            form.refuse(refused)
            status = refused.status
    return show(
        host,
        request,
        "editor_dates.html",
        at,
        status=status,
        form=form,
        moved=[
            {
                "name": ".".join(map(str, path)),
                "about": spoken(path, at.data),
                "was": day_notes(one.was) or one.was,
                "now": day_notes(one.now) or one.now,
                "link": at.link(path),
            }
            for path, one in moved
        ],
    )
