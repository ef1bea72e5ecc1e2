"""One organisation in one programme, from its invitation to its withdrawal.

A rule takes the enrolment as it stands and decides how it stands afterwards, with the fact that tells it; or it
refuses. How it gets its place: `sign_up`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.programme import Programme, group_title, require_current_group, require_going_on
from services.enrollment.domain.status import ANSWERED, UNANSWERED, ForbeholdState, State
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import EnrolmentRegrouped, EnrolmentWithdrawn, InvitationDeclined
from shared.contracts.event import natural_id
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import FeeTerm, Owes, SeatTerm, WithdrawalTerm
from shared.contracts.refusal import Refused
from shared.contracts.seen import said
from shared.contracts.time import day_of

ENDED: frozenset[State] = frozenset({"withdrawn", "declined", "lapsed", "not_approved"})
"""There is nothing left to withdraw from."""
BEFORE = "before/"
"""Before the actor of whoever put an enrolment in with a version that did not keep it."""
ANSWER = "forbehold_answer"
"""The timer of a forbehold whose answer is awaited; its key is the enrolment's id."""
DETAILS = "invoice_details"
"""The timer of somebody whose invoices lack something; its key is the enrolment's id."""
_OWN = "/own"
"""After the id of a person, in `link_generations`: of the links to what is theirs alone."""
_CLIENTS = ("client/", f"{BEFORE}client/", f"{BEFORE}token/")
"""How the actors begin that another system has, or may have had before clients were told from staff."""


def enrolment_id(programme_id: str, organisation_code: str) -> str:
    return natural_id("enrolment", programme_id, organisation_code)


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms as they were on the day of the place."""

    fees: tuple[FeeTerm, ...] = ()
    seats: tuple[SeatTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Forbehold:
    """A reservation for a later political approval, the organisation's own: which body answers, and when it does.

    It is a part of its own beside the place: whoever waits for a place may have one, and keeps it with the place.
    """

    state: ForbeholdState = "none"
    committee: str = ""
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The last day on which an open forbehold holds its place, as agreed; None = for as long as it takes."""

    until: date | None


@dataclass(frozen=True, slots=True)
class Late:
    """It was let in after the deadline: why, and by which actor."""

    reason: str
    by: str


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
    asked: Mapping[str, str] = field(default_factory=dict)
    """The words of the questions and declarations that `answers` is about, as they were then; by id."""
    agreed: Agreed = Agreed()
    forbehold: Forbehold = Forbehold()
    number: int | None = None
    received_at: datetime | None = None
    enrolled_at: datetime | None = None
    withdrawn_at: datetime | None = None
    linked_number: int | None = None
    """The `number` that the links of its place name; another one, or None: a version that named none gave the place."""
    late: Late | None = None
    leaving: WithdrawalTerm | None = None
    """What it owes if it leaves, as agreed with its place."""
    held: Held | None = None
    """What was agreed with its place about an open forbehold; None = nothing is known: as the programme says."""
    ad_hoc: bool | None = None
    """Of a member (`membership`): whether it comes only to the meetings that it is invited to; None = it is none."""
    put_in_by: str | None = None
    """The actor whose wish it was; a client sees and changes what it put in itself, and nothing else."""

    link_generations: Mapping[str, int] = field(default_factory=dict)
    """By person: how often their links have been closed."""

    @property
    def by_client(self) -> bool:
        """Whether another system put it in: it was told the link to the participants, and so may be who comes by it."""
        return self.put_in_by is not None and self.put_in_by.startswith(_CLIENTS)

    @property
    def is_member(self) -> bool:
        """Whether it was invited by name: it has its place before anybody knows where it is written to."""
        return self.ad_hoc is not None

    @property
    def has_place(self) -> bool:
        return self.state == "enrolled"

    @property
    def waits(self) -> bool:
        """For a place; in the order of (received at, number)."""
        return self.state == "waitlisted"

    @property
    def is_signed_up(self) -> bool:
        """Whether it takes part, or would if there were room."""
        return self.has_place or self.waits

    @property
    def forbehold_open(self) -> bool:
        return self.forbehold.state == "open"

    @property
    def has_answered(self) -> bool:
        """Whether the invitation has its answer, whatever that was."""
        return self.state in ANSWERED

    @property
    def may_decline(self) -> bool:
        """Whether the link of its invitation still says no."""
        return self.state in UNANSWERED

    @property
    def known_contact(self) -> Contact:
        """ValueError as long as nobody has signed up."""
        if self.contact is None:
            raise ValueError(f"enrolment {self.id} has no contact")
        return self.contact

    def is_contact(self, person_id: str) -> bool:
        return self.contact is not None and self.contact.person_id == person_id

    def generation_of(self, person_id: str) -> int:
        """Of the links that this person has; all of an earlier one are closed."""
        return self.link_generations.get(person_id, 0)

    def own_generation_of(self, person_id: str) -> int:
        """Of the links to what is this person's alone: seats, a place on the team, their own page, their calendar."""
        return self.link_generations.get(f"{person_id}{_OWN}", 0)

    def has_closed_own(self, person_id: str, generation: int) -> bool:
        return generation < self.own_generation_of(person_id)

    def with_closed_links(self, person_id: str) -> Enrolment:
        """Whatever this person was mailed of their own is closed; of the contact's pages the contact's is not."""
        numbers = {**self.link_generations, f"{person_id}{_OWN}": self.own_generation_of(person_id) + 1}
        if not self.is_contact(person_id):
            numbers[person_id] = self.generation_of(person_id) + 1
        return replace(self, link_generations=numbers)

    def has_closed(self, person_id: str, generation: int) -> bool:
        return generation < self.generation_of(person_id)

    def lets_in(self, person_id: str, number: int | None) -> bool:
        """Whether a link that was given to this person, with the place of this number, still leads to the participants.

        A number never comes again, so that a link ends with its place, also when the enrolment comes back. None = a
        version before this one signed it: good only for a place that such a version gave.
        """
        of_this_place = self.linked_number != self.number if number is None else number == self.number
        return of_this_place and self.is_contact(person_id)

    def seat_terms(self, kind: str) -> SeatTerm | None:
        return next((term for term in self.agreed.seats if term.kind == kind), None)


def withdraw(enrolment: Enrolment, programme: Programme, reason: str, now: datetime) -> Decision[Enrolment]:
    """Afmeldt; who has no place has declined. Refused when there is nothing to withdraw, or nothing to take part in."""
    require_going_on(programme)
    if enrolment.state in ENDED:
        raise Refused("already_withdrawn", f"{enrolment.organisation.name} er allerede afmeldt.")
    if enrolment.may_decline:
        return _declined(enrolment, programme, now)
    if enrolment.contact is None:
        # A member that nobody was ever told of.
        return Decision(ended(enrolment, "withdrawn", now), alarms=no_reminders(enrolment))
    fact = EnrolmentWithdrawn(
        **about(enrolment, programme),
        contact=enrolment.known_contact,
        reason=reason,
        owes=owed_by(enrolment, now) if enrolment.has_place and enrolment.leaving else None,
        pays=may_pay(enrolment, programme),
    )
    return Decision(ended(enrolment, "withdrawn", now), (fact,), no_reminders(enrolment))


def may_pay(enrolment: Enrolment, programme: Programme) -> bool:
    """Whether an invoice may have come of it: of a fee, of one more than the included seats, or of an option."""
    agreed = enrolment.agreed
    return bool(agreed.fees or programme.terms.terms.options or any(seat.extra for seat in agreed.seats))


def owed_by(enrolment: Enrolment, now: datetime) -> Owes:
    """Of the fee, if it leaves now; the last moment of the free day in Denmark is still free.

    Whoever has a forbehold that is open has promised nothing yet.
    """
    term = enrolment.leaving
    if term is None or enrolment.forbehold_open:
        return "billed"
    return "nothing" if term.free_until is not None and day_of(now) <= term.free_until else term.owes


def decline(enrolment: Enrolment | None, programme: Programme | None, now: datetime) -> Decision[Enrolment]:
    """No by the link of an invitation. It never takes a place away: refused to who has answered otherwise."""
    if enrolment is not None and enrolment.state == "declined":
        return Decision(enrolment)
    if enrolment is None or programme is None or not enrolment.may_decline:
        raise Refused("already_answered", "Kommunen har allerede svaret på invitationen.")
    return _declined(enrolment, programme, now)


def regroup(enrolment: Enrolment, programme: Programme, group: str) -> Decision[Enrolment]:
    """To another group of the programme. The same one again changes nothing."""
    require_going_on(programme)
    if enrolment.contact is None or enrolment.state in {"withdrawn", "lapsed", "not_approved"}:
        raise Refused("unknown_enrolment", "Der er ingen tilmelding at flytte.", status=404, field="enrolment_id")
    after = replace(enrolment, group=require_current_group(programme, group))
    # Whoever has not answered has been told of no group.
    if after == enrolment or not after.is_signed_up:
        return Decision(after)
    fact = EnrolmentRegrouped(
        **about(after, programme),
        previous_group=enrolment.group,
        group=after.group,
        contact=after.known_contact,
        group_title=group_title(programme, after.group),
    )
    return Decision(after, (fact,))


def no_reminder(enrolment: Enrolment) -> Alarm:
    """Of its forbehold."""
    return Alarm(ANSWER, enrolment.id, None, {})


def asked_anew(enrolment: Enrolment, now: datetime) -> Alarm:
    """At once it is looked at what its invoices lack: nobody was asked while they waited for something else."""
    return Alarm(DETAILS, enrolment.id, now, {"since": (enrolment.enrolled_at or now).isoformat()})


def no_reminders(enrolment: Enrolment) -> tuple[Alarm, ...]:
    """Of anything: it has ended."""
    return (no_reminder(enrolment), Alarm(DETAILS, enrolment.id, None, {}))


def about(enrolment: Enrolment, programme: Programme) -> dict[str, Any]:
    """What every fact about it begins with."""
    return {
        "owner": programme.ref.owner,
        "programme": programme.ref,
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation,
    }


def put_in_by(client: Sequence[str]) -> tuple[str, ...]:
    """As whose a client's own (`Cause.client`) may stand. A client was known as `token/<name>`, as staff still are."""
    return (client[0], *(BEFORE + actor for actor in client))


def require_enrolment(enrolment: Enrolment | None, client: Sequence[str] | None) -> Enrolment:
    """The enrolment; to a client (`Cause.client`) what others put in is as unknown as what nobody did."""
    if enrolment is None or (client is not None and enrolment.put_in_by not in put_in_by(client)):
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")
    return enrolment


def group_fields(enrolment: Enrolment) -> dict[str, str]:
    """What a form about its group has in it."""
    return said({"group": enrolment.group})


def book_is_for(enrolment: Enrolment, *, client: bool, person: bool) -> bool:
    """Whether what the address book says of its invoices is for whoever asks: staff, and the `person` who has its link
    unless that may be a client's.
    """
    return not client and not (person and enrolment.by_client)


def require_place(enrolment: Enrolment | None, client: Sequence[str] | None) -> Enrolment:
    """The enrolment if it has a place, else Refused: without one there are no people to register.

    Nor are there any of a member as long as nobody knows where it is written to: Refused `mailbox_missing`.
    """
    known = require_enrolment(enrolment, client)
    if not known.has_place:
        raise Refused("no_place", f"{known.organisation.name} har ikke en bekræftet plads.")
    if known.contact is None:
        raise mailbox_missing(known)
    return known


def mailbox_missing(enrolment: Enrolment) -> Refused:
    name = enrolment.organisation.name
    return Refused("mailbox_missing", f"Skriv først i adressebogen, hvilken postkasse {name} skrives til på.")


def _declined(enrolment: Enrolment, programme: Programme, now: datetime) -> Decision[Enrolment]:
    """Nobody has been told anything that had to be taken back."""
    return Decision(
        ended(enrolment, "declined", now), (InvitationDeclined(**about(enrolment, programme), declined_at=now),)
    )


def ended(enrolment: Enrolment, state: State, now: datetime) -> Enrolment:
    """An open forbehold ends with it, and is nobody's to answer any more; one that was answered stays so."""
    left = enrolment.forbehold if not enrolment.forbehold_open else Forbehold()
    return replace(enrolment, state=state, forbehold=left, withdrawn_at=now)
