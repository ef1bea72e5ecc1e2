"""Municipalities get their place: many at once, decided one after the other under the programmes' locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.enrollment.adapters import contacts, enrolments, links, organisations, people, programmes
from services.enrollment.adapters.people import Named
from services.enrollment.domain.address_book import main_mailbox
from services.enrollment.domain.enrolment import Enrolment, enrolment_id
from services.enrollment.domain.programme import allots
from services.enrollment.domain.roles import Held, appoint_first, given
from services.enrollment.domain.sign_up import FORM, Paths, SignUp, Wish, enrol_in_turn, welcome, wish_of
from services.enrollment.domain.status import status
from services.enrollment.domain.waiting_list import Placed
from services.enrollment.usecases.fill_places import fill_places
from services.enrollment.usecases.forget_sign_ups import look_for_void
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.decision import Decision
from shared.contracts.parties import Person
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Asking:
    """A wish, and who or what it goes back to."""

    wish: Wish
    cause: Cause
    applicant_id: str | None = None
    """Who the contact has been told to be, unless they are known as somebody else."""
    quiet: bool = False
    """Nobody is written to because of it; of those who move up before it they are."""

    @classmethod
    def by_form(cls, sign_up: SignUp, cause: Cause) -> Asking:
        """A form that is confirmed."""
        return cls(wish_of(sign_up), cause, sign_up.applicant_id)


async def give_places(tx: Tx, asked: Sequence[Asking]) -> Sequence[Answer | Refused]:
    """One outcome each, in the same order."""
    commands = [one.wish.command for one in asked]
    locked = await programmes.lock_many(tx, [one.programme_id for one in commands])
    known = (await fill_places(tx, locked.values(), tx.cause)).programmes
    book = await organisations.load_many(tx, [one.organisation_code for one in commands])
    standing = await enrolments.lock_many(
        tx, [enrolment_id(one.programme_id, one.organisation_code) for one in commands]
    )

    taken, outcomes = enrol_in_turn(known, book, standing, [one.wish for one in asked], tx.now, tx.source)
    placed = [(one, by) for one, by in zip(outcomes, asked, strict=True) if isinstance(one, Placed)]
    # The contact's word of how somebody is called comes last, and counts.
    beside = [one for new, by in placed for one in _beside(new, by).values()]
    persons = await people.recognise_many(tx, [*beside, *(_named(new.enrolment, by) for new, by in placed)])
    with_roles = [new.enrolment.id for new, _ in placed if new.programme.terms.enrolment.roles]
    histories = await contacts.load_histories(tx, with_roles) if with_roles else {}
    welcomed: list[tuple[Decision[Enrolment], Cause]] = []
    appointed: list[tuple[str, Decision[tuple[Held, ...]], Cause]] = []
    answers: list[Answer | Refused] = []
    for one, by in zip(outcomes, asked, strict=True):
        if isinstance(one, Refused):
            answers.append(one)
            continue
        new, by_form = one.enrolment, by.wish.by_form
        contact = persons[_named(new, by).key].person_id
        # Whoever let a form in has not put it in: what came of it is the contact's.
        mine = replace(
            new,
            contact=new.known_contact.model_copy(update={"person_id": contact}),
            put_in_by=FORM if by_form else by.cause.actor,
        )
        notify, paths = main_mailbox(book[new.organisation.code]) if by_form else None, links.paths_of(tx.links, mine)
        decided = welcome(replace(one, enrolment=mine), paths, tx.now, notify=notify, by_form=by_form, quiet=by.quiet)
        welcomed.append((decided, by.cause))
        holding = {
            role: Person(person_id=persons[who.key].person_id, name=who.name, email=who.email)
            for role, who in _beside(one, by).items()
        }
        history = histories.get(mine.id, [])
        roles = appoint_first(decided.after, one.programme, history, holding, tx.now, quiet=by.quiet)
        appointed.append((mine.id, roles, by.cause))
        answers.append(_answer(decided.after, paths, allotted=allots(one.programme, tx.now)))

    await programmes.take_places(tx, list(taken.values()))
    await enrolments.save_many(tx, [(decided.after, cause) for decided, cause in welcomed])
    await look_for_void(tx, [(decided.after.id, cause) for decided, cause in welcomed])
    for decided, cause in welcomed:
        tx.tell(decided, because=cause)
    for enrolment, roles, cause in appointed:
        await contacts.save(tx, enrolment, roles.after, cause)
        tx.tell(roles, because=cause)
    return answers


def _beside(one: Placed, by: Asking) -> dict[str, Named]:
    """Who is named beside the contact, by role."""
    code, renames = one.enrolment.organisation.code, people.may_rename(by.cause, one.enrolment) or by.wish.by_form
    wanted = given(one.programme.terms.enrolment.roles, by.wish.command.roles)
    return {role: Named(code, who.name, who.email, renames) for role, who in wanted.items()}


def _named(enrolment: Enrolment, by: Asking) -> Named:
    """A form is its contact's word, whoever lets it in."""
    contact, renames = enrolment.known_contact, by.wish.by_form or people.may_rename(by.cause, enrolment)
    return Named(enrolment.organisation.code, contact.name, contact.email, renames, by.applicant_id)


def _answer(enrolment: Enrolment, paths: Paths, *, allotted: bool) -> Answer:
    return Answer(
        {
            "enrolment_id": enrolment.id,
            "state": enrolment.state,
            "status": status(enrolment.state, forbehold_open=enrolment.forbehold_open, allotted=allotted),
            "group": enrolment.group,
            "participants_path": paths.participants if enrolment.has_place else None,
            "standing_path": paths.standing,
        },
        location=f"/api/enrollment/enrolments/{enrolment.id}",
    )
