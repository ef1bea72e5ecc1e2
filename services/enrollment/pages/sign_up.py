"""The front page, and the form by which a municipality signs up.

All of it works without JavaScript. A GET never changes anything: mail scanners follow links.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.price_text import fee_lines, is_billed, seat_lines
from services.enrollment.domain.sign_up import CONFIRM_DAYS, FORM
from services.enrollment.usecases.read_front_page import read_front_page
from services.enrollment.usecases.read_sign_up_form import Offer, read_offer, read_sign_up_form
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.contracts.danish import long_day
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.programme import ProgrammeTerms
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.gate import caller_of
from shared.web.safety import SECRET_ADDRESS

ACTOR = FORM
STEPS = ("Udfyld formularen", "Bekræft i mailen", "Pladsen er jeres")
SIGN_UPS = "/tilmeld/{programme_id}"
"""What is counted."""
FORMS = {"limit": 60, "seconds": 600}
"""For one address in one window: a whole town hall may sit behind one."""
REFUSED = {"limit": 600, "seconds": 600}
"""The same for forms that something is wrong with; they leave those that are sent alone."""

NEXT_PAGE = "fra"
"""Parameter of the front page, and of a page of forms: the cursor of a page."""

_LABELS = {
    "organisation_code": "Kommune",
    "contact_name": "Navn",
    "contact_email": "E-mail",
    "group": "Gruppe",
    "billing.ean": "EAN-nummer",
    "billing.order_reference": "Ordre-/rekvisitionsnummer",
    "billing.person_reference": "Personreference",
    "billing.account_string": "Kontostreng",
    "forbehold": "Forbehold",
    "forbehold_committee": "Udvalg, der skal godkende",
    "forbehold_expected_on": "Dag, hvor I venter svar",
}


async def front(host: Host, request: Request) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(NEXT_PAGE)) else {}
    async with host.transaction(by_visitor()) as tx:
        found = await read_front_page(tx, asked)
    return host.pages.render(
        "enrollment/front.html",
        programmes=found.offers,
        following=f"/?{urlencode({NEXT_PAGE: found.following})}" if found.following else None,
    )


async def sign_up(host: Host, act: Act, request: Request) -> Response:
    programme_id = request.path_params["programme_id"]
    if request.method == "POST":
        return await _receive(host, act, request, programme_id)
    form = host.gate.open(Form(labels=_LABELS))
    return await _form(host, programme_id, form, invitation=request.query_params.get("invitation", ""))


async def receipt(host: Host, request: Request) -> Response:
    """The same for everybody: what is known of the address that was typed is told to nobody."""
    terms, following = await _offer(host, request.path_params["programme_id"])
    return host.pages.render(
        "enrollment/receipt.html",
        terms=terms,
        steps=STEPS,
        days=CONFIRM_DAYS,
        by_main_mailbox=terms.enrolment.confirmation == "main_mailbox",
        next=following,
    )


def by_visitor() -> Cause:
    """Of those who look, and are nobody we know."""
    return Cause(new_correlation(), None, ACTOR)


def answers(terms: ProgrammeTerms, form: EnrolMunicipality) -> list[tuple[str, str]]:
    """What was typed beside the contact, under the words that the form asks by."""
    asked = {one.id: one.label for one in terms.enrolment.form}
    groups = {one.id: one.title for one in terms.groups}
    billing = form.billing.model_dump()
    typed = [
        ("Gruppe", groups.get(form.group or "", form.group)),
        *((label, form.answers.get(one)) for one, label in asked.items()),
        ("Forbehold", "med forbehold for politisk godkendelse" if form.forbehold else None),
        (_LABELS["forbehold_committee"], form.forbehold_committee),
        (
            _LABELS["forbehold_expected_on"],
            long_day(form.forbehold_expected_on) if form.forbehold_expected_on else None,
        ),
        *((_LABELS[name], billing[name.removeprefix("billing.")]) for name in _LABELS if name.startswith("billing.")),
    ]
    return [(name, said) for name, said in typed if said]


def facts(terms: ProgrammeTerms) -> Mapping[str, Any]:
    """What `facts.html` shows, and whether there will be an invoice."""
    deadline = terms.terms.deadline
    return {
        "deadline": long_day(deadline) if deadline else None,
        "fees": fee_lines(terms),
        "seats": seat_lines(terms),
        "billed": is_billed(terms),
    }


async def _receive(host: Host, act: Act, request: Request, programme_id: str) -> Response:
    form = await read_form(request, labels=_LABELS)
    for name in [name for name in form.values if len(form.chosen(name)) > 1]:
        form.values[name] = "; ".join(form.chosen(name))
    for name in ("group", "forbehold_expected_on"):
        if not form.value(name):
            form.values.pop(name, None)
    terms, _ = await _offer(host, programme_id)
    command, caller = None, caller_of(request)
    if host.gate.passes(form):
        role = terms.terms.contact_label
        command = form.command(EnrolMunicipality, programme_id=programme_id, contact_role=role)
    if command is None:
        await host.gate.refuse(SIGN_UPS, caller, **REFUSED)
        return await _form(host, programme_id, form, 422)
    # An attacker has a whole site as easily as one address; that a neighbour shares its mails locks nobody out.
    wish = ReceiveSignUp(form=command, caller=caller.site or caller.who)
    async with host.gate.counted(SIGN_UPS, caller, **FORMS) as counted:
        reply = await host.door.submit(act, wish, form.key, actor=ACTOR, patient=True)
        refused = reply.refusal()
        counted.sent = refused is None and not reply.replayed
    if refused:
        await host.gate.refuse(SIGN_UPS, caller, **REFUSED)
        return await _form(host, programme_id, form.refuse(refused), refused.status)
    return RedirectResponse(f"/tilmeld/{programme_id}/modtaget", 303)


async def _form(host: Host, programme_id: str, form: Form, status_code: int = 200, *, invitation: str = "") -> Response:
    async with host.transaction(by_visitor()) as tx:
        found = await read_sign_up_form(tx, programme_id, invitation)
    if found is None:
        raise Problem(404, "not_found")
    if found.chosen is not None:
        form.values["organisation_code"] = found.chosen
    plan = found.terms.enrolment
    form.labels = {
        **_LABELS,
        **{f"answers.{one.id}": one.label for one in plan.form},
        **{f"answers.{one.id}": "Erklæring" for one in plan.declarations},
    }
    return host.pages.render(
        "enrollment/sign_up.html",
        status=status_code,
        headers=SECRET_ADDRESS,
        form=form,
        terms=found.terms,
        closed=found.closed,
        full=found.full,
        decline=f"/tilmeld/nej/{invitation}" if found.may_decline else None,
        municipalities=[(one.code, one.name) for one in found.municipalities],
        next=found.next,
        choices={one.id: [(text, text) for text in one.choices] for one in plan.form},
        steps=STEPS,
        **facts(found.terms),
    )


async def _offer(host: Host, programme_id: str) -> Offer:
    async with host.transaction(by_visitor()) as tx:
        found = await read_offer(tx, programme_id)
    if found is None:
        raise Problem(404, "not_found")
    return found
