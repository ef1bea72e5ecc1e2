"""The roles beside the contact's: who is to hold one, who does, and how one follows the other.

A holder is written to. Links are the contact's, but for one: whoever holds the billing role gives what invoices lack.
The contact's secretary is none of these: `secretary`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.programme import Programme
from shared.contracts.addresses import is_erased
from shared.contracts.decision import Decision
from shared.contracts.enrollment import MAIN_ROLE, SECRETARY_ROLE, RoleAppointed, RoleWish
from shared.contracts.parties import Contact, Person
from shared.contracts.programme import RoleTerm
from shared.contracts.refusal import Refused, Together


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody had a role `since` then, and has it still (`until` None) or had it until then.

    `round` is the number of the place, or of the position on the waiting list, that it was held with; `turn` counts
    the holders of the role. `by` is the actor of the change that gave it to them.
    """

    role: str
    turn: int
    round: int
    holder: Contact
    since: datetime
    until: datetime | None = None
    because: str = ""
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """As it stands now; nobody holds it (`holder` None), or the programme has it no more (`term.purpose` empty)."""

    term: RoleTerm
    holder: Contact | None


def wrong_with(terms: Sequence[RoleTerm], asked: Mapping[str, RoleWish], *, demanded: bool) -> list[Refused]:
    """All of it. Where they are not `demanded` staff name those that are missing afterwards."""
    there = {one.id for one in terms}
    wrong = [_unknown(terms, f"roles.{key}") for key in asked if key not in there]
    for term in terms:
        wish, look = asked.get(term.id, RoleWish()), Together()
        if not _is_empty(wish):
            look.look(require_name, wish.name, f"roles.{term.id}.name")
            look.look(require_email, wish.email, f"roles.{term.id}.email")
        elif term.required and demanded:
            wrong.append(_missing(term, f"roles.{term.id}.name"))
        wrong.extend(look.wrong)
    return wrong


def given(terms: Sequence[RoleTerm], asked: Mapping[str, RoleWish]) -> Mapping[str, RoleWish]:
    """Those that are named, as they are written down; of a form of before, those that the programme still has, and who
    have not been erased since.
    """
    named = {
        term.id: asked[term.id]
        for term in terms
        if term.id in asked and not _is_empty(asked[term.id]) and not is_erased(asked[term.id].email)
    }
    return {
        key: RoleWish(name=require_name(one.name, "name"), email=require_email(one.email, "email"))
        for key, one in named.items()
    }


def roles_of(enrolment: Enrolment, programme: Programme, history: Sequence[Held]) -> tuple[Role, ...]:
    """The programme's, in its order, and those that somebody still holds though it has them no more."""
    held = _held(enrolment, history)
    terms = list(programme.terms.enrolment.roles)
    there = {one.id for one in terms}
    terms += [RoleTerm(id=key, label=one.holder.role, purpose="") for key, one in held.items() if key not in there]
    return tuple(Role(term, held[term.id].holder if term.id in held else None) for term in terms)


def holder_of(enrolment: Enrolment, history: Sequence[Held], role_id: str) -> Contact | None:
    """Who holds it now."""
    held = _held(enrolment, history).get(role_id)
    return held.holder if held else None


def billing_holders(enrolment: Enrolment, programme: Programme, history: Sequence[Held]) -> tuple[Contact, ...]:
    """Who is written to about invoices instead of the contact, and may say what these lack; nobody who was erased."""
    return tuple(
        one.holder
        for one in roles_of(enrolment, programme, history)
        if one.term.purpose == "billing" and one.holder is not None and not is_erased(one.holder.email)
    )


def require_billing_speaker(
    enrolment: Enrolment, programme: Programme, history: Sequence[Held], person_id: str | None
) -> None:
    """Raises Refused 403 for somebody with a mailed link who by now is neither the contact nor holds the billing role;
    `person_id` None = by another door.
    """
    holders = {one.person_id for one in billing_holders(enrolment, programme, history)}
    if person_id is not None and person_id not in holders and not enrolment.is_contact(person_id):
        raise Refused("not_for_invoices", "Det er en anden, der giver oplysninger til fakturaen nu.", status=403)


def require_role(
    enrolment: Enrolment, programme: Programme, history: Sequence[Held], role_id: str, *, empty: bool
) -> RoleTerm:
    """The role, which may have another holder, or (`empty`) none."""
    role = next((one for one in roles_of(enrolment, programme, history) if one.term.id == role_id), None)
    if role is None or (not role.term.purpose and not empty):
        raise _unknown(programme.terms.enrolment.roles, "role_id")
    if empty and role.term.required:
        raise _missing(role.term, "name")
    return role.term


def appoint(
    enrolment: Enrolment,
    programme: Programme,
    history: Sequence[Held],
    term: RoleTerm,
    person: Person | None,
    reason: str,
    now: datetime,
) -> Decision[tuple[Held, ...]]:
    """The rows that it writes. The same person, written the same, changes nothing, nor does nobody after nobody."""
    before = _held(enrolment, history).get(term.id)
    rows = next_turn_of_role(enrolment, history, term, person, reason, now)
    if (before.holder if before else None) == (_contact(term, person) if person else None):
        return Decision(rows)
    same = before is not None and person is not None and before.holder.person_id == person.person_id
    former = None if before is None or same or is_erased(before.holder.email) else before.holder
    fact = RoleAppointed(
        **about(enrolment, programme),
        role_id=term.id,
        label=term.label,
        purpose=term.purpose,
        person=person,
        before=_person(former) if former else None,
        reason="" if same else reason,
    )
    return Decision(rows, (fact,))


def appoint_first(
    enrolment: Enrolment,
    programme: Programme,
    history: Sequence[Held],
    persons: Mapping[str, Person],
    now: datetime,
    *,
    quiet: bool,
) -> Decision[tuple[Held, ...]]:
    """Of an enrolment that has just come in. A role that somebody held in an earlier round, and nobody does now, is
    told of as well: whoever heard of the holder then forgets them.
    """
    rows: list[Held] = []
    facts: list[RoleAppointed] = []
    for term in programme.terms.enrolment.roles:
        person = persons.get(term.id)
        if person is None and all(one.role != term.id for one in history):
            continue
        rows += next_turn_of_role(enrolment, history, term, person, "", now)
        facts.append(
            RoleAppointed(
                **about(enrolment, programme),
                role_id=term.id,
                label=term.label,
                purpose=term.purpose,
                person=person,
                quiet=quiet,
            )
        )
    return Decision(tuple(rows), tuple(facts))


def _held(enrolment: Enrolment, history: Sequence[Held]) -> Mapping[str, Held]:
    """What a version before this one ended may still look open: it is of another round."""
    return {
        one.role: one
        for one in history
        if one.role not in {MAIN_ROLE, SECRETARY_ROLE}
        and one.until is None
        and one.round == enrolment.number
        and enrolment.is_signed_up
    }


def next_turn_of_role(
    enrolment: Enrolment, history: Sequence[Held], term: RoleTerm, person: Person | None, reason: str, now: datetime
) -> tuple[Held, ...]:
    """The rows of the role that the change writes: whoever leaves it first."""
    if enrolment.received_at is None or enrolment.number is None:
        raise ValueError(f"enrolment {enrolment.id} is not signed up")
    rows = [one for one in history if one.role == term.id]
    current, written, since = next((one for one in rows if one.until is None), None), [], now
    if current is not None and current.round == enrolment.number:
        if person is not None and current.holder.person_id == person.person_id:
            return (replace(current, holder=_contact(term, person)),)
        since = max(now, current.since)
        written.append(replace(current, until=since))
    elif current is not None:
        written.append(replace(current, until=max(current.since, enrolment.received_at)))
    if person is not None:
        turn = max((one.turn for one in rows), default=0) + 1
        written.append(Held(term.id, turn, enrolment.number, _contact(term, person), since, because=reason))
    return tuple(written)


def _contact(term: RoleTerm, person: Person) -> Contact:
    return Contact(**_person(person).model_dump(), role=term.label)


def _person(one: Person) -> Person:
    return Person(person_id=one.person_id, name=one.name, email=one.email)


def _is_empty(wish: RoleWish) -> bool:
    return not wish.name.strip() and not wish.email.strip()


def _missing(term: RoleTerm, field: str) -> Refused:
    return Refused("role_missing", f"Skriv, hvem der er {term.label}: navn og e-mail.", status=422, field=field)


def _unknown(terms: Sequence[RoleTerm], field: str) -> Refused:
    there = f"der er: {', '.join(one.id for one in terms)}" if terms else "der er ingen ved siden af kontakten"
    return Refused("unknown_role", f"Rollen findes ikke i forløbet ({there}).", status=422, field=field)
