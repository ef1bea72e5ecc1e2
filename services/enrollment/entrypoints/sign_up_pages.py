"""The front page, the sign-up form, and the mailed link that confirms it.

All of it works without JavaScript. A GET never changes anything: mail scanners follow links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.enrollment.adapters import enrolments, links, organisations, programmes, sign_ups
from services.enrollment.domain.enrolment import Programme, deadline_passed
from services.enrollment.domain.price_text import fee_lines, seat_lines
from services.enrollment.domain.status import status
from services.enrollment.entrypoints import acts
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp
from services.enrollment.usecases.decline_invitation import DeclineInvitation
from shared.base.cause import Cause, new_correlation
from shared.base.problems import Problem
from shared.contracts.danish import long_day
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.programme import ProgrammeTerms
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.gate import caller
from shared.web.safety import SECRET_ADDRESS

ACTOR = "form"
STEPS = ("Udfyld formularen", "Bekræft i mailen", "Pladsen er jeres")
SIGN_UPS = "/tilmeld/{programme_id}"
"""What is counted."""
FORMS = {"limit": 60, "seconds": 600}
"""For one address in one window: a whole town hall may sit behind one."""

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
}


def sign_up_pages(host: Host) -> Sequence[BaseRoute]:
    desk = SignUpDesk(host)
    return (
        Route("/", desk.front, name="front"),
        Route("/tilmeld/bekraeft/{token}", desk.confirm, methods=["GET", "POST"], name="confirm"),
        Route("/tilmeld/nej/{token}", desk.decline, methods=["GET", "POST"], name="decline"),
        Route("/tilmeld/{programme_id}", desk.sign_up, methods=["GET", "POST"], name="sign_up"),
        Route("/tilmeld/{programme_id}/modtaget", desk.receipt, name="receipt"),
    )


class SignUpDesk:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def front(self, _request: Request) -> Response:
        async with self._host.transaction(_reading()) as tx:
            published = await programmes.all_by_title(tx)
            listed = [
                {"terms": one.terms, "open": _is_open(one) and not deadline_passed(one, tx.now)}
                for one in published
                if _is_open(one)
            ]
        return self._host.pages.render("enrollment/front.html", programmes=listed)

    async def sign_up(self, request: Request) -> Response:
        programme_id = request.path_params["programme_id"]
        if request.method == "POST":
            return await self._receive(request, programme_id)
        form = self._host.gate.open(Form(labels=_LABELS))
        token = request.query_params.get("invitation", "")
        async with self._host.transaction(_reading()) as tx:
            invited = links.invited_of(tx.links, token, tx.now) if token else None
            known = await enrolments.load(tx, invited) if invited else None
        if known is not None and known.programme_id == programme_id:
            form.values["organisation_code"] = known.organisation.code
        decline = f"/tilmeld/nej/{token}" if known is not None and known.state == "invited" else None
        return await self._form(programme_id, form, decline=decline)

    async def _receive(self, request: Request, programme_id: str) -> Response:
        await self._host.gate.admit(SIGN_UPS, caller(request), **FORMS)
        form = await read_form(request, labels=_LABELS)
        for name in [name for name in form.values if len(form.chosen(name)) > 1]:
            form.values[name] = "; ".join(form.chosen(name))
        if not form.value("group"):
            form.values.pop("group", None)
        programme = await self._programme(programme_id)
        if not self._host.gate.passes(form):
            return await self._form(programme_id, form, 422)
        role = programme.terms.terms.contact_label
        command = form.command(EnrolMunicipality, programme_id=programme_id, contact_role=role)
        if command is None:
            return await self._form(programme_id, form, 422)
        reply = await self._host.door.submit(acts.SIGN_UP, command, form.key, actor=ACTOR, patient=True)
        if refused := reply.refusal():
            return await self._form(programme_id, form.refuse(refused), refused.status)
        another = "?flere=ja" if reply.json()["another_waits"] else ""
        return RedirectResponse(f"/tilmeld/{programme_id}/modtaget{another}", 303)

    async def _form(
        self, programme_id: str, form: Form, status_code: int = 200, decline: str | None = None
    ) -> Response:
        async with self._host.transaction(_reading()) as tx:
            programme = await programmes.load(tx, programme_id)
            book = await organisations.municipalities_in_danish_order(tx)
            closed = programme is None or deadline_passed(programme, tx.now)
        if programme is None or not _is_open(programme):
            raise Problem(404, "not_found")
        labels = {**_LABELS, **{f"answers.{one.id}": one.label for one in programme.terms.enrolment.form}}
        labels |= {f"answers.{one.id}": "Erklæring" for one in programme.terms.enrolment.declarations}
        form.labels = labels
        return self._host.pages.render(
            "enrollment/sign_up.html",
            status=status_code,
            headers=SECRET_ADDRESS,
            form=form,
            terms=programme.terms,
            closed=closed,
            decline=decline,
            municipalities=[(one.organisation.code, one.organisation.name) for one in book],
            choices={one.id: [(text, text) for text in one.choices] for one in programme.terms.enrolment.form},
            steps=STEPS,
            **_facts(programme.terms),
        )

    async def receipt(self, request: Request) -> Response:
        programme = await self._programme(request.path_params["programme_id"])
        return self._host.pages.render(
            "enrollment/receipt.html",
            terms=programme.terms,
            steps=STEPS,
            days=links.CONFIRM_DAYS,
            another="flere" in request.query_params,
        )

    async def confirm(self, request: Request) -> Response:
        """GET shows a button, POST is the confirmation, and afterwards the same address says what has happened."""
        token = request.path_params["token"]
        async with self._host.transaction(_reading()) as tx:
            sign_up_id = links.sign_up_of(tx.links, token, tx.now)
            sign_up = await sign_ups.load(tx, sign_up_id) if sign_up_id else None
            enrolment = await enrolments.load(tx, sign_up.enrolment_id) if sign_up else None
            programme = await programmes.load(tx, enrolment.programme_id) if enrolment else None
        if sign_up is None or enrolment is None or programme is None:
            return self._host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
        form = Form()
        code = 200
        if request.method == "POST":
            form = await read_form(request)
            command = ConfirmSignUp(sign_up_id=sign_up.id)
            reply = await self._host.door.submit(acts.CONFIRM, command, form.key, actor=ACTOR, patient=True)
            refused = reply.refusal()
            if refused is None:
                return RedirectResponse(request.url.path, 303, headers=SECRET_ADDRESS)
            form.refuse(refused)
            code = refused.status
        path = None
        if sign_up.confirmed_at is not None and enrolment.contact is not None and enrolment.has_place:
            path = links.participants_path(self._host.settings.links, enrolment.id, enrolment.contact.person_id)
        return self._host.pages.render(
            "enrollment/confirm.html",
            status=code,
            headers=SECRET_ADDRESS,
            form=form,
            terms=programme.terms,
            organisation=enrolment.organisation,
            command=sign_up.command,
            confirmed=sign_up.confirmed_at is not None,
            word=status(enrolment.state, forbehold_open=enrolment.forbehold_open),
            participants_path=path,
            steps=STEPS,
            **_facts(programme.terms),
        )

    async def decline(self, request: Request) -> Response:
        async with self._host.transaction(_reading()) as tx:
            invited = links.invited_of(tx.links, request.path_params["token"], tx.now)
            enrolment = await enrolments.load(tx, invited) if invited else None
            programme = await programmes.load(tx, enrolment.programme_id) if enrolment else None
        if enrolment is None or programme is None:
            return self._host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
        form = Form()
        code = 200
        if request.method == "POST":
            form = await read_form(request)
            command = DeclineInvitation(enrolment_id=enrolment.id)
            reply = await self._host.door.submit(acts.DECLINE, command, form.key, actor=ACTOR, patient=True)
            refused = reply.refusal()
            if refused is None:
                return RedirectResponse(request.url.path, 303, headers=SECRET_ADDRESS)
            form.refuse(refused)
            code = refused.status
        return self._host.pages.render(
            "enrollment/decline.html",
            status=code,
            headers=SECRET_ADDRESS,
            form=form,
            terms=programme.terms,
            organisation=enrolment.organisation,
            state=enrolment.state,
        )

    async def _programme(self, programme_id: str) -> Programme:
        async with self._host.transaction(_reading()) as tx:
            programme = await programmes.load(tx, programme_id)
        if programme is None or not _is_open(programme):
            raise Problem(404, "not_found")
        return programme


def _is_open(programme: Programme) -> bool:
    """Whether municipalities sign up for it on these pages."""
    plan = programme.terms.enrolment
    return programme.open and plan.how == "sign_up" and plan.who == "municipalities"


def _facts(terms: ProgrammeTerms) -> Mapping[str, Any]:
    deadline = terms.terms.deadline
    return {
        "deadline": long_day(deadline) if deadline else None,
        "fees": fee_lines(terms),
        "seats": seat_lines(terms),
        "billed": bool(terms.terms.fees) or any(one.extra for one in terms.terms.seats),
    }


def _reading() -> Cause:
    return Cause(new_correlation(), None, ACTOR)
