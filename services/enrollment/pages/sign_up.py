"""The front page, and the form by which a municipality signs up.

All of it works without JavaScript. A GET never changes anything: mail scanners follow links. That the link of an
invitation was opened is kept, and when first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.draft import DRAFT_DAYS, Draft
from services.enrollment.domain.form import BETWEEN, WIDTH, answered, condition, limits
from services.enrollment.domain.price_text import fee_lines, is_billed, seat_lines
from services.enrollment.domain.sign_up import CONFIRM_DAYS, FORM
from services.enrollment.usecases.mark_opened import mark_opened
from services.enrollment.usecases.read_draft import Found, read_draft
from services.enrollment.usecases.read_front_page import read_front_page
from services.enrollment.usecases.read_sign_up_form import Offer, SignUpForm, read_offer, read_sign_up_form
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp
from services.enrollment.usecases.save_draft import SaveDraft
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.base.problems import Problem, field_errors
from shared.contracts.danish import long_day
from shared.contracts.enrollment import EnrolMunicipality, RoleWish
from shared.contracts.event import Command
from shared.contracts.programme import AskedWhen, FormField, ProgrammeTerms
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

SAVE, REVISION = "_gem", "_udgave"
"""The button that only saves, and which saving of a draft is on the page."""
LONGEST_REVISION = 10
"""Digits."""
_TYPES = {"email": "email", "phone": "tel", "link": "url", "day": "date"}
"""How a browser helps with a text of this format."""
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


async def accessibility(host: Host, request: Request) -> Response:  # noqa: ARG001  (as every page)
    """What is known of how everybody can use the pages, and who hears of a barrier."""
    return host.pages.render("enrollment/accessibility.html")


async def sign_up(host: Host, send: Act, save: Act, request: Request) -> Response:
    programme_id = request.path_params["programme_id"]
    if request.method == "POST":
        return await _receive(host, send, save, request, programme_id)
    form, invitation = host.gate.open(Form(labels=_LABELS)), request.query_params.get("invitation", "")
    shown = await _form(host, programme_id, form, invitation=invitation)
    if invitation and request.method == "GET":
        async with host.transaction(by_visitor()) as tx:
            await mark_opened(tx, invitation)
    return shown


async def draft(host: Host, send: Act, save: Act, request: Request) -> Response:
    """The same form as it was left. A GET changes nothing."""
    async with host.transaction(by_visitor()) as tx:
        found = await read_draft(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if request.method == "POST":
        return await _receive(host, send, save, request, found.programme_id, found)
    if found.draft is None:
        return host.pages.render(
            "enrollment/no_draft.html",
            status=410,
            headers=SECRET_ADDRESS,
            programme_id=found.programme_id,
            days=DRAFT_DAYS,
        )
    form = host.gate.open(Form(dict(found.draft.typed), labels=_LABELS))
    return await _form(host, found.programme_id, form, draft=found.draft, path=request.url.path)


async def saved(host: Host, request: Request) -> Response:
    """The same for everybody, as `receipt`."""
    terms, _ = await _offer(host, request.path_params["programme_id"])
    return host.pages.render("enrollment/saved.html", terms=terms, days=DRAFT_DAYS)


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


def answers(terms: ProgrammeTerms, form: EnrolMunicipality, asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was typed beside the contact, under the words that the form asked by."""
    groups, plan = {one.id: one.title for one in terms.groups}, terms.enrolment
    billing = form.billing.model_dump()
    typed = [
        ("Gruppe", groups.get(form.group or "", form.group)),
        *((_capitalised(role.label), _named(form.roles[role.id])) for role in plan.roles if role.id in form.roles),
        *((one.question, one.answer) for one in answered(plan, form.answers, asked)),
        ("Forbehold", "med forbehold for politisk godkendelse" if form.forbehold else None),
        (_LABELS["forbehold_committee"], form.forbehold_committee),
        (
            _LABELS["forbehold_expected_on"],
            long_day(form.forbehold_expected_on) if form.forbehold_expected_on else None,
        ),
        *((_LABELS[name], billing[name.removeprefix("billing.")]) for name in _LABELS if name.startswith("billing.")),
    ]
    return [(name, said) for name, said in typed if said]


def _named(one: RoleWish) -> str:
    return ", ".join(filter(None, (one.name, one.email)))


def _capitalised(label: str) -> str:
    return label[:1].upper() + label[1:]


def facts(terms: ProgrammeTerms) -> Mapping[str, Any]:
    """What `facts.html` shows, and whether there will be an invoice."""
    deadline = terms.terms.deadline
    return {
        "deadline": long_day(deadline) if deadline else None,
        "fees": fee_lines(terms),
        "seats": seat_lines(terms),
        "billed": is_billed(terms),
    }


async def _receive(
    host: Host, send: Act, save: Act, request: Request, programme_id: str, begun: Found | None = None
) -> Response:
    """Sent, or only saved: as the button says that was pressed. `begun` is what the link to a draft leads to."""
    form = await read_form(request, labels=_LABELS)
    joined(form)
    terms, _ = await _offer(host, programme_id)
    path, draft, draft_id = (request.url.path, begun.draft, begun.draft_id) if begun else (None, None, "")
    shown, caller = partial(_form, host, programme_id, form, draft=draft, path=path), caller_of(request)
    # An attacker has a whole site as easily as one address; that a neighbour shares its mails locks nobody out.
    site = caller.site or caller.who
    saves, key = SAVE in form.own, form.key
    wish: Command | None = None
    if host.gate.passes(form):
        wish = _saving(form, terms, draft_id, site) if saves else _sending(form, terms, draft_id, site)
    if wish is None:
        await host.gate.refuse(SIGN_UPS, caller, **REFUSED)
        return await shown(422)
    if saves:
        # The page that a browser goes back to has the same key; what is typed there since is another wish.
        key = sha256(f"{key} {wish.model_dump_json()}".encode()).hexdigest()
    async with host.gate.counted(SIGN_UPS, caller, **FORMS) as counted:
        reply = await host.door.submit(save if saves else send, wish, key, actor=ACTOR, patient=True)
        refused = reply.refusal()
        counted.sent = refused is None and not reply.replayed
    if refused:
        await host.gate.refuse(SIGN_UPS, caller, **REFUSED)
        form.refuse(refused)
        return await shown(refused.status)
    done = path if saves and path else f"/tilmeld/{programme_id}/{'gemt' if saves else 'modtaget'}"
    return RedirectResponse(done, 303, headers=SECRET_ADDRESS)


def wish_of(form: Form, terms: ProgrammeTerms, **given: Any) -> EnrolMunicipality | None:
    """What the fields of the form say, and what is `given` beside them; None, and errors, when that is no sign-up."""
    for name in ("group", "forbehold_expected_on"):
        if not form.value(name):
            form.values.pop(name, None)
    # What is not filled in is said by the domain, with all else that is wrong.
    needed = {name: form.value(name) for name in ("organisation_code", "contact_name", "contact_email")}
    role = terms.terms.contact_label
    return form.command(EnrolMunicipality, programme_id=terms.ref.id, contact_role=role, **needed, **given)


def joined(form: Form) -> None:
    """Several choices of one question are one answer."""
    for name in [name for name in form.values if len(form.chosen(name)) > 1]:
        form.values[name] = BETWEEN.join(form.chosen(name))


def _sending(form: Form, terms: ProgrammeTerms, draft_id: str, site: str) -> ReceiveSignUp | None:
    command = wish_of(form, terms)
    return None if command is None else ReceiveSignUp(form=command, draft_id=draft_id, caller=site)


def _saving(form: Form, terms: ProgrammeTerms, draft_id: str, site: str) -> SaveDraft | None:
    typed = {name: form.value(name) for name in form.values if form.value(name)}
    revision = form.own.get(REVISION, "")
    try:
        return SaveDraft(
            programme_id=terms.ref.id,
            typed=typed,
            draft_id=draft_id,
            revision=int(revision) if revision.isdecimal() and len(revision) < LONGEST_REVISION else 0,
            caller=site,
        )
    except ValidationError as error:
        for one in field_errors(error):
            form.add_error(one.field.removeprefix("typed."), one.code, one.detail)
        return None


async def _form(
    host: Host,
    programme_id: str,
    form: Form,
    status_code: int = 200,
    *,
    invitation: str = "",
    draft: Draft | None = None,
    path: str | None = None,
) -> Response:
    async with host.transaction(by_visitor()) as tx:
        found = await read_sign_up_form(tx, programme_id, invitation)
    if found is None:
        raise Problem(404, "not_found")
    if found.chosen is not None:
        form.values["organisation_code"] = found.chosen
    form.labels = labels(found.terms)
    return host.pages.render(
        "enrollment/sign_up.html",
        status=status_code,
        headers=SECRET_ADDRESS,
        form=form,
        terms=found.terms,
        cancelled=found.cancelled,
        because=found.because,
        closed=found.closed,
        full=found.full,
        decline=f"/tilmeld/nej/{invitation}" if found.may_decline else None,
        next=found.next,
        steps=STEPS,
        path=path or f"/tilmeld/{programme_id}",
        saved=sent_at(draft.saved_at) if draft else None,
        revision=form.own.get(REVISION) or (draft.revision if draft else ""),
        kept_until=long_day(draft.forgotten_after) if draft else None,
        **fields(found),
        **facts(found.terms),
    )


def labels(terms: ProgrammeTerms) -> dict[str, str]:
    """Of all fields of the programme's form."""
    plan = terms.enrolment
    return {
        **_LABELS,
        **{f"answers.{one.id}": one.label for one in plan.form},
        **{f"answers.{one.id}": "Erklæring" for one in plan.declarations},
        **{f"roles.{one.id}.name": f"{_capitalised(one.label)}, navn" for one in plan.roles},
        **{f"roles.{one.id}.email": f"{_capitalised(one.label)}, e-mail" for one in plan.roles},
    }


def fields(found: SignUpForm, *, contact_hint: str = "") -> dict[str, Any]:
    """What `sign_up_fields.html` shows beside the programme's terms; `contact_hint`: what the contact is mailed, where
    that is something else than a link to confirm by.
    """
    plan, billed = found.terms.enrolment, is_billed(found.terms)
    return {
        "groups": found.groups,
        "municipalities": [(one.code, one.name) for one in found.municipalities],
        "questions": [Asking.of(one, plan.form) for one in plan.form],
        "width": WIDTH,
        "asks_billing": billed if plan.asks_billing is None else billed and plan.asks_billing,
        "contact_hint": contact_hint,
    }


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as the page shows it: `hint` says all that is to be known before it is answered."""

    field: FormField
    name: str
    hint: str
    type: str
    choices: Sequence[tuple[str, str]]
    when: AskedWhen | None

    @classmethod
    def of(cls, question: FormField, form: Sequence[FormField]) -> Asking:
        choices = (
            [("ja", "Ja"), ("nej", "Nej")] if question.kind == "yes_no" else [(one, one) for one in question.choices]
        )
        return cls(
            field=question,
            name=f"answers.{question.id}",
            hint=" ".join(filter(None, (question.help, limits(question), condition(question, form)))),
            type=_TYPES.get(question.format, "text"),
            choices=choices,
            when=question.when,
        )


async def _offer(host: Host, programme_id: str) -> Offer:
    async with host.transaction(by_visitor()) as tx:
        found = await read_offer(tx, programme_id)
    if found is None:
        raise Problem(404, "not_found")
    return found
