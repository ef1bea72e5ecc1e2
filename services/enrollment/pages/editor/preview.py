"""What a draft would look like: the page one signs up at, its invoices, and its meetings. Nothing can be sent there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.programme import Programme
from services.enrollment.domain.programme_preview import bills, entries, terms_shown
from services.enrollment.pages.editor.common import desk, show
from services.enrollment.pages.sign_up import STEPS, facts, fields, labels
from services.enrollment.pages.staff_programme import reader
from services.enrollment.usecases.read_sign_up_form import SignUpForm, read_form_of
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.staff import staff_form


async def preview(host: Host, request: Request) -> Response:
    at = await desk(host, request)
    terms = terms_shown(at.result.programme) if at.result.programme and at.result.publishable else None
    return show(
        host,
        request,
        "editor_preview.html",
        at,
        terms=terms,
        terms_json=terms.model_dump_json() if terms else "",
        form=staff_form(host, request),
        bills=bills(terms) if terms else (),
        entries=entries(terms) if terms else (),
        has_form=terms is not None and Programme(terms).has_form,
        **(facts(terms) if terms else {}),
    )


async def sign_up(host: Host, request: Request) -> Response:
    """The page itself, as municipalities would see it, with nothing to press."""
    at = await desk(host, request)
    terms = terms_shown(at.result.programme) if at.result.programme and at.result.publishable else None
    if terms is None or not Programme(terms).has_form:
        return show(host, request, "editor_preview.html", at, terms=None, status=409)
    async with host.transaction(reader(request)) as tx:
        found: SignUpForm = await read_form_of(tx, Programme(terms))
    return host.pages.render(
        "enrollment/sign_up.html",
        preview=f"{at.base}/vis",
        form=Form(labels=labels(terms)),
        terms=terms,
        cancelled=False,
        because="",
        closed=False,
        full=None,
        decline=None,
        next=found.next,
        steps=STEPS,
        path="",
        saved=None,
        revision="",
        kept_until=None,
        **fields(found),
        **facts(terms),
    )
