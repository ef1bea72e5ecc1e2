"""A contact's secretary: who has the access, when it ends, and what it is good for.

The access is a role of the enrolment like those beside the contact's, but of every programme: it helps the contact, and
opens the contact's pages by links of the secretary's own. It is bound to the contact that gave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Held, next_turn_of_role
from shared.contracts.addresses import is_erased
from shared.contracts.decision import Decision
from shared.contracts.enrollment import MAIN_ROLE, SECRETARY, SECRETARY_ROLE, RegisterParticipant, RoleAppointed
from shared.contracts.event import Command
from shared.contracts.parties import Person
from shared.contracts.programme import RoleTerm
from shared.contracts.refusal import Refused

TERM = RoleTerm(id=SECRETARY_ROLE, label="sekretær", purpose=SECRETARY)

MAY: Mapping[str, bool] = {
    "RegisterParticipant": True,
    "ReplaceParticipant": True,
    "CancelParticipant": True,
    "SetNeeds": True,
    "NameTeamMember": True,
    "ReplaceTeamMember": True,
    "RemoveTeamMember": True,
    "SetTeamNeeds": True,
    "ChangeBilling": True,
    "ChangeExtraBilling": True,
    "ChangeOptionBilling": True,
    "ResolveReservation": False,
    "ChangeReservation": False,
    "OrderOption": False,
    "WithdrawOption": False,
    "AcceptQuote": False,
    "DeclineQuote": False,
    "WithdrawEnrolment": False,
    "ChangeContact": False,
    "ChangeRole": False,
    "RevokeLinks": False,
    "AppointSecretary": False,
    "DismissSecretary": False,
}
"""All that the contact's pages ask for, by command: whether a secretary does it too. Whatever promises something, costs
money, or says who else comes in is the contact's alone; so is an extra participant, whose price somebody accepts
(`require_may`). What is not here no secretary may. docs/enrolments.md has the same table.
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`rows` are written; `fact` tells whoever had the access."""

    rows: tuple[Held, ...]
    fact: RoleAppointed
    person_id: str
    email: str


def may(name: str) -> bool:
    """Whether a secretary may ask for the command of this name."""
    return MAY.get(name, False)


def require_may(name: str, command: Command) -> None:
    """Raises Refused 403 `only_the_contact`."""
    accepts_a_price = isinstance(command, RegisterParticipant) and command.accepted_price_ore is not None
    if not may(name) or accepts_a_price:
        what = "sige ja til en pris" if accepts_a_price else "gøre det"
        raise Refused("only_the_contact", f"Kun kontakten selv kan {what}.", status=403)


def secretary_of(enrolment: Enrolment, history: Sequence[Held]) -> Held | None:
    """Who has the access now; never longer than the contact who gave it is the contact.

    A version before this one changes a contact and leaves the row open: it is of an earlier contact's time.
    """
    held = _open_row(enrolment, history)
    if held is None or is_erased(held.holder.email):
        return None
    contacts = [one for one in history if one.role == MAIN_ROLE and one.until is None and one.round == held.round]
    return None if any(one.since > held.since for one in contacts) else held


def lets_in(enrolment: Enrolment, history: Sequence[Held], person_id: str, number: int | None, turn: int) -> bool:
    """Whether a link that was given with this access still opens the pages; `turn` counts those who had it."""
    held = secretary_of(enrolment, history)
    return (
        held is not None
        and (held.holder.person_id, held.turn) == (person_id, turn)
        and (number, held.round) == (enrolment.number, enrolment.number)
    )


def require_secretary(enrolment: Enrolment | None, history: Sequence[Held], person_id: str) -> None:
    """Raises Refused 403 `access_closed` for whoever has the access no more."""
    held = None if enrolment is None else secretary_of(enrolment, history)
    if held is None or held.holder.person_id != person_id:
        raise Refused("access_closed", "Jeres adgang er lukket, så det blev ikke gjort. Spørg kontakten.", status=403)


def next_turn(history: Sequence[Held]) -> int:
    """Of whoever gets the access next."""
    return max((one.turn for one in history if one.role == SECRETARY_ROLE), default=0) + 1


def appoint(
    enrolment: Enrolment,
    programme: Programme,
    history: Sequence[Held],
    person: Person,
    now: datetime,
    *,
    by_staff: bool,
    standing_path: str,
) -> Decision[tuple[Held, ...]]:
    """The rows that it writes. Whoever had the access until now has it no more; the same person again changes nothing.

    `standing_path` is of the link that they get with it. Refused `is_the_contact`.
    """
    contact = enrolment.known_contact
    if person.person_id == contact.person_id or person.email.lower() == contact.email.lower():
        raise Refused(
            "is_the_contact", f"{contact.name} er selv kontakten og har allerede adgang.", status=422, field="email"
        )
    before = secretary_of(enrolment, history)
    same = before is not None and before.holder.person_id == person.person_id
    if before is not None and same and (before.holder.name, before.holder.email) == (person.name, person.email):
        return Decision(())
    # An open row of an earlier contact's, which a version before this one left, is nobody's access.
    stale = before is None and _open_row(enrolment, history) is not None
    rows = _with_one_more(enrolment, history, person, now) if stale else _rows(enrolment, history, person, now)
    fact = RoleAppointed(
        **about(enrolment, programme),
        role_id=SECRETARY_ROLE,
        label=TERM.label,
        purpose=TERM.purpose,
        person=person,
        before=_person(before) if before and not same else None,
        standing_path=standing_path,
        by_staff=by_staff,
    )
    return Decision(rows, (fact,))


def dismiss(
    enrolment: Enrolment, programme: Programme, history: Sequence[Held], now: datetime, reason: str = ""
) -> Ended | None:
    """The access ends; None = nobody has it."""
    before = secretary_of(enrolment, history)
    if before is None:
        return None
    fact = RoleAppointed(
        **about(enrolment, programme),
        role_id=SECRETARY_ROLE,
        label=TERM.label,
        purpose=TERM.purpose,
        before=_person(before),
        reason=reason,
    )
    return Ended(_rows(enrolment, history, None, now), fact, before.holder.person_id, before.holder.email)


def _open_row(enrolment: Enrolment, history: Sequence[Held]) -> Held | None:
    """Of this round; what has ended with its round may still look open."""
    if not enrolment.is_signed_up:
        return None
    open_rows = (one for one in history if one.role == SECRETARY_ROLE and one.until is None)
    return next((one for one in open_rows if one.round == enrolment.number), None)


def _rows(enrolment: Enrolment, history: Sequence[Held], person: Person | None, now: datetime) -> tuple[Held, ...]:
    return next_turn_of_role(enrolment, history, TERM, person, "", now)


def _with_one_more(enrolment: Enrolment, history: Sequence[Held], person: Person, now: datetime) -> tuple[Held, ...]:
    """A turn of its own, whoever the open row is of: a link of that one opens nothing."""
    ended = _rows(enrolment, history, None, now)
    left = [one for one in history if (one.role, one.turn) not in {(each.role, each.turn) for each in ended}]
    return (*ended, *_rows(enrolment, [*left, *ended], person, now))


def _person(held: Held) -> Person:
    one = held.holder
    return Person(person_id=one.person_id, name=one.name, email=one.email)
