"""One organisation in one programme, from its invitation to its withdrawal: what may happen, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.enrollment.domain.address_book import Entry, billing_of, require_billing, require_email, require_name
from services.enrollment.domain.status import ANSWERED, State
from shared.contracts.danish import long_day
from shared.contracts.enrollment import EnrolMunicipality, MunicipalityEnrolled
from shared.contracts.event import natural_id
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import FeeTerm, FormField, ProgrammeRef, ProgrammeTerms, SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.time import start_of_day

YES = frozenset({"ja", "yes", "true", "on"})
_LONGEST_ANSWER = 4000


def enrolment_id(programme_id: str, organisation_code: str) -> str:
    return natural_id("enrolment", programme_id, organisation_code)


@dataclass(frozen=True, slots=True)
class Programme:
    """A published programme, and how many of its places are given. `hard` None = as many as sign up."""

    terms: ProgrammeTerms
    open: bool = True
    taken: int = 0
    hard: int | None = None
    next_number: int = 1

    @property
    def ref(self) -> ProgrammeRef:
        return self.terms.ref

    @property
    def id(self) -> str:
        return self.terms.ref.id


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms as they were on the day of the place."""

    fees: tuple[FeeTerm, ...] = ()
    seats: tuple[SeatTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`contact`, `received_at` and `agreed` are there once there is somebody, something, and a place to speak of."""

    id: str
    programme_id: str
    organisation: Organisation
    state: State = "invited"
    group: str | None = None
    contact: Contact | None = None
    billing: Billing = field(default_factory=Billing)
    answers: Mapping[str, str] = field(default_factory=dict)
    agreed: Agreed = Agreed()
    forbehold_open: bool = False
    number: int | None = None
    received_at: datetime | None = None
    enrolled_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def has_place(self) -> bool:
        return self.state == "enrolled"

    def seat_terms(self, kind: str) -> SeatTerm | None:
        return next((term for term in self.agreed.seats if term.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Application:
    """A sign-up that is in order: what is left to know is the contact's person_id."""

    enrolment_id: str
    contact_name: str
    contact_email: str
    contact_role: str
    billing: Billing
    answers: Mapping[str, str]
    group: str | None
    forbehold: bool

    def contact(self, person_id: str) -> Contact:
        return Contact(person_id=person_id, name=self.contact_name, email=self.contact_email, role=self.contact_role)


def is_answered(state: State) -> bool:
    return state in ANSWERED


def deadline_passed(programme: Programme, now: datetime) -> bool:
    """The last moment of the deadline's day in Denmark is still in time."""
    deadline = programme.terms.terms.deadline
    return deadline is not None and now >= start_of_day(deadline + timedelta(days=1))


def apply(
    programme: Programme | None,
    entry: Entry | None,
    current: Enrolment | None,
    asked: EnrolMunicipality,
    received_at: datetime,
    source: str,
) -> Application:
    """A sign-up that may have a place, or Refused. `received_at` is what counts against the deadline.

    A form that waits for its confirmation and an earlier withdrawal are no hindrance.
    """
    if programme is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
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
        raise Refused("programme_cancelled", f"{programme.ref.title} er aflyst.", field="programme_id")
    if current is not None and current.has_place:
        raise _already(programme, current, asked)
    if deadline_passed(programme, received_at):
        deadline = programme.terms.terms.deadline
        raise Refused("deadline_passed", f"Tilmeldingsfristen var {long_day(deadline)}." if deadline else "")
    if programme.hard is not None and programme.taken >= programme.hard:
        raise Refused("programme_full", f"Alle {programme.hard} pladser er taget.")
    if asked.forbehold and not programme.terms.terms.reservation_allowed:
        raise Refused(
            "no_reservation", "Man kan ikke tilmelde sig dette forløb med forbehold.", status=422, field="forbehold"
        )
    return Application(
        enrolment_id=enrolment_id(programme.id, entry.organisation.code),
        contact_name=require_name(asked.contact_name, "contact_name"),
        contact_email=require_email(asked.contact_email, "contact_email"),
        contact_role=require_name(asked.contact_role, "contact_role"),
        billing=billing_of(entry.billing, require_billing(asked.billing)),
        answers=_answers(programme.terms, asked.answers),
        group=group_of(programme.terms, entry.organisation, asked.group),
        forbehold=asked.forbehold,
    )


def enrol(
    programme: Programme,
    organisation: Organisation,
    application: Application,
    received_at: datetime,
    now: datetime,
) -> tuple[Programme, Enrolment]:
    """The enrolment with its place, and the programme with one place fewer. Whose person_id the contact has is said by
    `known_as`, once it is looked up for all that were accepted.
    """
    terms = programme.terms.terms
    enrolment = Enrolment(
        id=application.enrolment_id,
        programme_id=programme.id,
        organisation=organisation,
        state="enrolled",
        group=application.group,
        contact=application.contact(""),
        billing=application.billing,
        answers=application.answers,
        agreed=Agreed(fees=terms.fees, seats=terms.seats),
        forbehold_open=application.forbehold,
        number=programme.next_number,
        received_at=received_at,
        enrolled_at=now,
    )
    return replace(programme, taken=programme.taken + 1, next_number=programme.next_number + 1), enrolment


def known_as(enrolment: Enrolment, person_id: str) -> Enrolment:
    if enrolment.contact is None:
        raise ValueError(f"enrolment {enrolment.id} has no contact")
    return replace(enrolment, contact=enrolment.contact.model_copy(update={"person_id": person_id}))


def enrolled(programme: Programme, enrolment: Enrolment, participants_path: str) -> MunicipalityEnrolled:
    """The fact that carries all a place brings with it."""
    if enrolment.contact is None or enrolment.received_at is None or enrolment.enrolled_at is None:
        raise ValueError(f"enrolment {enrolment.id} has no place")
    return MunicipalityEnrolled(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=enrolment.id,
        organisation=enrolment.organisation,
        contact=enrolment.contact,
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


def receive(
    programme_id: str,
    organisation: Organisation,
    application: Application,
    person_id: str,
    received_at: datetime,
) -> Enrolment:
    """Modtaget: a form waits for its confirmation. The contact of the newest form is shown until one is confirmed."""
    return Enrolment(
        id=application.enrolment_id,
        programme_id=programme_id,
        organisation=organisation,
        state="received",
        group=application.group,
        contact=application.contact(person_id),
        billing=application.billing,
        answers=application.answers,
        received_at=received_at,
    )


def withdraw(enrolment: Enrolment | None, now: datetime) -> Enrolment:
    """Afmeldt; somebody who was only invited has declined. Refused when there is nothing to withdraw."""
    if enrolment is None:
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")
    if enrolment.state in {"withdrawn", "declined", "lapsed", "not_approved"}:
        raise Refused("already_withdrawn", f"{enrolment.organisation.name} er allerede afmeldt.")
    state: State = "declined" if enrolment.state == "invited" else "withdrawn"
    return replace(enrolment, state=state, forbehold_open=False, withdrawn_at=now)


def regroup(programme: ProgrammeTerms, enrolment: Enrolment | None, group: str) -> Enrolment:
    """Refused for a group the programme does not have. The same group again changes nothing."""
    if enrolment is None or enrolment.contact is None or enrolment.state in {"withdrawn", "lapsed", "not_approved"}:
        raise Refused("unknown_enrolment", "Der er ingen tilmelding at flytte.", status=404, field="enrolment_id")
    if all(one.id != group for one in programme.groups):
        raise _unknown_group(programme)
    return replace(enrolment, group=group)


def group_of(programme: ProgrammeTerms, organisation: Organisation, wanted: str | None) -> str | None:
    """The group that was asked for, else the one of the organisation's region, else none."""
    if wanted is not None:
        if all(one.id != wanted for one in programme.groups):
            raise _unknown_group(programme)
        return wanted
    return next((one.id for one in programme.groups if organisation.region in one.regions), None)


def require_place(enrolment: Enrolment | None) -> Enrolment:
    """The enrolment if it has a place, else Refused: without one there are no people to register."""
    if enrolment is None:
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")
    if not enrolment.has_place:
        raise Refused("no_place", f"{enrolment.organisation.name} har ikke en bekræftet plads.")
    return enrolment


def _already(programme: Programme, current: Enrolment, asked: EnrolMunicipality) -> Refused:
    same = current.contact is not None and current.contact.email.casefold() == asked.contact_email.strip().casefold()
    by_whom = "med jer som kontakt" if same else f"af en anden. Skriv til {programme.ref.seller.organizer_email}"
    return Refused(
        "already_enrolled",
        f"{current.organisation.name} er allerede tilmeldt {programme.ref.title}, {by_whom}.",
        enrolment_id=current.id,
    )


def _unknown_group(programme: ProgrammeTerms) -> Refused:
    groups = ", ".join(one.id for one in programme.groups) or "ingen"
    return Refused("unknown_group", f"Gruppen findes ikke i forløbet (der er: {groups}).", status=422, field="group")


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
