"""How a municipality signs up: what is in order, the form that waits for its confirmation, and the place it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.address_book import Entry, billing_of, require_billing, require_email, require_name
from services.enrollment.domain.enrolment import Agreed, Enrolment, enrolment_id
from services.enrollment.domain.programme import (
    Programme,
    cancelled,
    deadline_passed,
    require_group,
    unknown_programme,
)
from shared.contracts.danish import long_day
from shared.contracts.decision import Decision
from shared.contracts.enrollment import EnrolmentReceived, EnrolMunicipality, MunicipalityEnrolled
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import FormField, ProgrammeTerms
from shared.contracts.refusal import Refused

CONFIRM_DAYS = 14
"""So long a form waits for its confirmation."""
FORMS_A_DAY = 10
"""For one municipality and programme: each sends a mail to an address that a stranger may have typed."""
YES = frozenset({"ja", "yes", "true", "on"})
_LONGEST_ANSWER = 4000


@dataclass(frozen=True, slots=True)
class Application:
    """A sign-up that is in order: what is left to know is the contact's person_id.

    `received_at` is what counts against the deadline.
    """

    programme: Programme
    organisation: Organisation
    contact_name: str
    contact_email: str
    contact_role: str
    billing: Billing
    answers: Mapping[str, str]
    group: str | None
    forbehold: bool
    received_at: datetime

    @property
    def enrolment_id(self) -> str:
        return enrolment_id(self.programme.id, self.organisation.code)

    def contact(self, person_id: str) -> Contact:
        return Contact(person_id=person_id, name=self.contact_name, email=self.contact_email, role=self.contact_role)


@dataclass(frozen=True, slots=True)
class SignUp:
    """A form that waits for its contact to press the mailed link; afterwards, that it was pressed."""

    id: str
    enrolment_id: str
    person_id: str
    command: EnrolMunicipality
    received_at: datetime
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forms:
    """Those that came for one enrolment: how many the last day, and whether another contact's is not confirmed yet."""

    lately: int
    another_waits: bool


def apply(
    programme: Programme | None,
    entry: Entry | None,
    current: Enrolment | None,
    asked: EnrolMunicipality,
    received_at: datetime,
    source: str,
) -> Application:
    """A sign-up that may have a place, or Refused.

    A form that waits for its confirmation and an earlier withdrawal are no hindrance.
    """
    if programme is None:
        raise unknown_programme()
    if programme.ref.owner != source:
        raise Refused("other_owner", "Tilmeldinger til dette forløb sker i et andet system.", field="programme_id")
    if entry is None:
        raise Refused(
            "unknown_organisation",
            "Vælg en kommune i adressebogen; koden har fire cifre.",
            status=422,
            field="organisation_code",
        )
    if not programme.open:
        raise cancelled(programme)
    if current is not None and current.has_place:
        raise _already(programme, current, asked)
    if deadline_passed(programme, received_at):
        deadline = programme.terms.terms.deadline
        raise Refused("deadline_passed", f"Tilmeldingsfristen var {long_day(deadline)}." if deadline else "")
    if programme.is_full:
        raise Refused("programme_full", f"Alle {programme.places} pladser er taget.")
    if asked.forbehold and not programme.terms.terms.reservation_allowed:
        raise Refused(
            "no_reservation", "Man kan ikke tilmelde sig dette forløb med forbehold.", status=422, field="forbehold"
        )
    return Application(
        programme=programme,
        organisation=entry.organisation,
        contact_name=require_name(asked.contact_name, "contact_name"),
        contact_email=require_email(asked.contact_email, "contact_email"),
        contact_role=require_name(asked.contact_role, "contact_role"),
        billing=billing_of(entry.billing, require_billing(asked.billing)),
        answers=_answers(programme.terms, asked.answers),
        group=group_of(programme.terms, entry.organisation, asked.group),
        forbehold=asked.forbehold,
        received_at=received_at,
    )


def enrol_in_turn(
    programmes: Mapping[str, Programme],
    book: Mapping[str, Entry],
    standing: Mapping[str, Enrolment],
    asked: Iterable[EnrolMunicipality],
    received_at: datetime,
    now: datetime,
    source: str,
) -> tuple[Mapping[str, Programme], list[Enrolment | Refused]]:
    """Many at once, one after the other: the programmes with the places taken, and one outcome each, in their order.

    A "no" to one does not touch the others. All maps are by id or code. Who a contact is, is said by `welcome`.
    """
    programmes, standing = dict(programmes), dict(standing)
    outcomes: list[Enrolment | Refused] = []
    for one in asked:
        this = enrolment_id(one.programme_id, one.organisation_code)
        programme, entry = programmes.get(one.programme_id), book.get(one.organisation_code)
        try:
            application = apply(programme, entry, standing.get(this), one, received_at, source)
        except Refused as refused:
            outcomes.append(refused)
        else:
            programmes[one.programme_id], standing[this] = enrol(application, now)
            outcomes.append(standing[this])
    return programmes, outcomes


def enrol(application: Application, now: datetime) -> tuple[Programme, Enrolment]:
    """The programme with one place fewer, and the enrolment that has it; whose contact has no person_id yet."""
    programme = application.programme
    terms = programme.terms.terms
    enrolment = Enrolment(
        id=application.enrolment_id,
        programme_id=programme.id,
        organisation=application.organisation,
        state="enrolled",
        group=application.group,
        contact=application.contact(""),
        billing=application.billing,
        answers=application.answers,
        agreed=Agreed(fees=terms.fees, seats=terms.seats),
        forbehold_open=application.forbehold,
        number=programme.next_number,
        received_at=application.received_at,
        enrolled_at=now,
    )
    return replace(programme, taken=programme.taken + 1, next_number=programme.next_number + 1), enrolment


def welcome(enrolment: Enrolment, programme: Programme, person_id: str, participants_path: str) -> Decision[Enrolment]:
    """Once it is known who the contact is: the fact that carries all a place brings with it."""
    contact = enrolment.known_contact.model_copy(update={"person_id": person_id})
    if enrolment.received_at is None or enrolment.enrolled_at is None:
        raise ValueError(f"enrolment {enrolment.id} has no place")
    fact = MunicipalityEnrolled(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=enrolment.id,
        organisation=enrolment.organisation,
        contact=contact,
        billing=enrolment.billing,
        group=enrolment.group,
        fees=enrolment.agreed.fees,
        seats=enrolment.agreed.seats,
        deadline=programme.terms.terms.deadline,
        forbehold_open=enrolment.forbehold_open,
        received_at=enrolment.received_at,
        enrolled_at=enrolment.enrolled_at,
        participants_path=participants_path,
    )
    return Decision(replace(enrolment, contact=contact), (fact,))


def receive(application: Application, person_id: str, confirm_path: str) -> Decision[Enrolment]:
    """Modtaget: a form waits for its confirmation. The contact of the newest form is shown until one is confirmed."""
    programme, contact = application.programme, application.contact(person_id)
    enrolment = Enrolment(
        id=application.enrolment_id,
        programme_id=programme.id,
        organisation=application.organisation,
        state="received",
        group=application.group,
        contact=contact,
        billing=application.billing,
        answers=application.answers,
        received_at=application.received_at,
    )
    fact = EnrolmentReceived(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=enrolment.id,
        organisation=enrolment.organisation,
        contact=contact,
        received_at=application.received_at,
        confirm_path=confirm_path,
    )
    return Decision(enrolment, (fact,))


def require_few(forms: Forms, application: Application) -> None:
    """Refused 429 `too_many_sign_ups` when one more would be more than FORMS_A_DAY."""
    if forms.lately >= FORMS_A_DAY:
        raise Refused(
            "too_many_sign_ups",
            f"Der er sendt mange tilmeldinger for {application.organisation.name} i dag. Skriv til "
            f"{application.programme.ref.seller.organizer_email}.",
            status=429,
        )


def require_waiting(sign_up: SignUp | None) -> SignUp:
    """The form that a link is about; Refused 410 `link_replaced` when a later one has taken its place."""
    if sign_up is None:
        raise Refused("link_replaced", "Linket er erstattet af et nyere. Brug den seneste mail fra os.", status=410)
    return sign_up


def group_of(terms: ProgrammeTerms, organisation: Organisation, wanted: str | None) -> str | None:
    """The group that was asked for, else the one of the organisation's region, else none."""
    if wanted is not None:
        return require_group(terms, wanted)
    return next((one.id for one in terms.groups if organisation.region in one.regions), None)


def _already(programme: Programme, current: Enrolment, asked: EnrolMunicipality) -> Refused:
    same = current.contact is not None and current.contact.email.casefold() == asked.contact_email.strip().casefold()
    by_whom = "med jer som kontakt" if same else f"af en anden. Skriv til {programme.ref.seller.organizer_email}"
    return Refused(
        "already_enrolled",
        f"{current.organisation.name} er allerede tilmeldt {programme.ref.title}, {by_whom}.",
        enrolment_id=current.id,
    )


def _answers(programme: ProgrammeTerms, said: Mapping[str, str]) -> dict[str, str]:
    """The answers with the blanks around them gone; Refused names the field at fault."""
    plan = programme.enrolment
    known = {one.id for one in plan.form} | {one.id for one in plan.declarations}
    for unknown in sorted(said.keys() - known):
        raise Refused(
            "unknown_answer", "Formularen har ikke det spørgsmål.", status=422, field=f"answers.{unknown[:60]}"
        )
    answers = {key: text.strip() for key, text in said.items() if text.strip()}
    for question in plan.form:
        problem = _problem(question, answers.get(question.id, ""))
        if problem is not None:
            code, detail = problem
            raise Refused(code, detail, status=422, field=f"answers.{question.id}")
    for declaration in plan.declarations:
        if declaration.required and answers.get(declaration.id, "").casefold() not in YES:
            raise Refused(
                "declaration_missing",
                f"Det skal bekræftes: {declaration.text}",
                status=422,
                field=f"answers.{declaration.id}",
            )
    return answers


def _problem(question: FormField, text: str) -> tuple[str, str] | None:
    if not text:
        return ("answer_missing", f"Udfyld »{question.label}«.") if question.required else None
    if len(text) > _LONGEST_ANSWER:
        return "answer_too_long", f"»{question.label}« må højst være på {_LONGEST_ANSWER} tegn."
    lines = len(text.splitlines())
    if question.max_lines is not None and lines > question.max_lines:
        return "too_many_lines", f"»{question.label}« må højst være på {question.max_lines} linjer; der er {lines}."
    chosen = text.split("; ") if question.kind == "choices" else [text]
    if question.kind in {"choice", "choices"} and not set(chosen) <= set(question.choices):
        return "unknown_choice", f"Vælg et af svarene under »{question.label}«."
    if question.kind == "yes_no" and text.casefold() not in YES | {"nej", "no", "false"}:
        return "unknown_choice", f"Svar ja eller nej til »{question.label}«."
    return None
