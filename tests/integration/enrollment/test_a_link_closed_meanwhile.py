"""A link is closed while somebody does something by it: one of the two is first, and what comes after a closing is not
done. Two transactions really meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.enrollment.adapters import links
from services.enrollment.domain.contact import Speaker
from services.enrollment.entrypoints import acts
from services.enrollment.usecases.appoint_secretary import AppointSecretary, appoint_secretary
from services.enrollment.usecases.as_secretary import as_secretary
from services.enrollment.usecases.by_link import by_link
from services.enrollment.usecases.close_guest_links import CloseGuestLinks, close_guest_links
from services.enrollment.usecases.close_links import CloseLinks, close_links_of
from services.enrollment.usecases.revoke_links import revoke_links
from services.enrollment.usecases.set_needs import SetGuestNeeds
from shared.base.acts import Act
from shared.base.answers import Answer
from shared.base.cause import Cause, new_correlation
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeBilling,
    ParticipantRegistered,
    RegisterParticipant,
    RemoveGuest,
    ReplaceParticipant,
    RevokeLinks,
    RoleAppointed,
)
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx, transaction
from tests.integration.enrollment.test_closed_own_links import seated, told
from tests.integration.enrollment.test_guest_page import invited
from tests.integration.enrollment.test_places import typed
from tests.integration.enrollment.test_secretary import SUE
from tests.integration.enrollment.test_team import P4
from tests.support.enrollment_desk import Desk
from tests.support.enrollment_web import Town
from tests.support.eventually import eventually
from tests.support.meeting_point import meet, somebody_waits

Work = Callable[[Tx], Awaitable[Any]]


def done_by(act: Act, speaker: Speaker, command: Command) -> Work:
    async def work(tx: Tx) -> Answer:
        return await by_link(act, speaker).do(tx, command)

    return work


async def both_ways(desk: Desk, close: Work, act: Work) -> None:
    """First the closing waits for what is done by the link, which stands; then the other way round, which does not."""
    first, second = await meet(desk, act, close)
    assert isinstance(first, Answer)
    assert not isinstance(second, Refused)


async def not_after(desk: Desk, close: Work, act: Work) -> None:
    _, refused = await meet(desk, close, act)
    assert isinstance(refused, Refused), "it was done by a link that is closed"
    assert (refused.code, refused.status) == ("link_closed", 403)


def closing(fact: ParticipantRegistered) -> Work:
    wish = CloseLinks(enrolment_id=fact.enrolment_id, person_id=fact.person.person_id)
    return lambda tx: close_links_of(tx, wish)


def about(fact: ParticipantRegistered) -> dict[str, str]:
    return {
        "enrolment_id": fact.enrolment_id,
        "meeting_id": fact.meeting.id,
        "person_id": fact.person.person_id,
    }


async def seats(desk: Desk) -> int:
    found: int = await desk.pool.fetchval("SELECT count(*) FROM seats")
    return found


@pytest.mark.parametrize("act", ["leave", "pass on"])
async def test_nobody_leaves_or_passes_on_a_seat_after_the_link_of_it_is_closed(desk: Desk, act: str) -> None:
    fact = await seated(desk)
    by = Speaker(fact.person.person_id, own=True)
    wish: tuple[Act, Command] = (
        (acts.CANCEL, CancelParticipant(**about(fact)))
        if act == "leave"
        else (acts.REPLACE, ReplaceParticipant(**about(fact), name="Bo Bo", email="bo@k0751.example"))
    )
    await not_after(desk, closing(fact), done_by(wish[0], by, wish[1]))
    assert await seats(desk) == 1
    assert await desk.pool.fetchval("SELECT person_id FROM seats") == fact.person.person_id
    await both_ways(
        desk,
        lambda tx: revoke_links(tx, RevokeLinks(enrolment_id=fact.enrolment_id)),
        done_by(wish[0], by._replace(generation=1), wish[1]),
    )


async def test_nothing_is_done_for_the_contact_after_its_links_are_closed(desk: Desk) -> None:
    fact = await seated(desk)
    assert fact.contact is not None
    by = Speaker(fact.contact.person_id)
    more = RegisterParticipant(
        enrolment_id=fact.enrolment_id, meeting_id=fact.meeting.id, name="Bo Bo", email="bo@k0751.example"
    )
    bill = ChangeBilling(enrolment_id=fact.enrolment_id, billing={"order_reference": "PO-1"})
    wishes = (
        (acts.REGISTER, more),
        (acts.CHANGE_BILLING, bill),
        (acts.REVOKE_LINKS, RevokeLinks(enrolment_id=fact.enrolment_id)),
    )
    for generation, (act, wish) in enumerate(wishes):
        old = by._replace(generation=generation)
        await not_after(
            desk, lambda tx: revoke_links(tx, RevokeLinks(enrolment_id=fact.enrolment_id)), done_by(act, old, wish)
        )
    assert await seats(desk) == 1
    # By the link that is good now they are, also the closing of that link itself.
    async with transaction(desk.pool, desk, desk.source, Cause(new_correlation(), None, None), desk.links) as tx:
        for act, wish in wishes:
            await by_link(act, by._replace(generation=len(wishes))).do(tx, wish)
    assert await seats(desk) == 2


async def test_nothing_is_done_for_a_secretary_after_staff_have_closed_the_secretarys_links(desk: Desk) -> None:
    fact = await seated(desk)
    await desk.ask(appoint_secretary, AppointSecretary(enrolment_id=fact.enrolment_id, **SUE))
    sue = (await told(desk, RoleAppointed)).person.person_id
    more = RegisterParticipant(
        enrolment_id=fact.enrolment_id, meeting_id=fact.meeting.id, name="Bo Bo", email="bo@k0751.example"
    )
    wish = CloseLinks(enrolment_id=fact.enrolment_id, person_id=sue)
    act = as_secretary(acts.REGISTER)

    async def register(tx: Tx) -> Answer:
        return await by_link(act, Speaker(sue, is_secretary=True)).do(tx, more)

    _, refused = await meet(desk, lambda tx: close_links_of(tx, wish), register)
    assert isinstance(refused, Refused)
    assert refused.code in {"link_closed", "access_closed"}
    assert await seats(desk) == 1


async def test_a_guest_does_nothing_after_the_links_are_closed(desk: Desk) -> None:
    person_id = (await invited(desk, "Lærke"))["Lærke"][1]
    named = {"programme_id": P4, "meeting_id": "m-1", "person_id": person_id}
    close = CloseGuestLinks(**named)
    wishes = (
        (acts.SET_GUEST_NEEDS, SetGuestNeeds(**named, consent=True, diet_text="Ingen nødder")),
        (acts.CLOSE_GUEST_LINKS, close),
        (acts.REMOVE_GUEST, RemoveGuest(**named)),
    )
    for generation, (act, wish) in enumerate(wishes):
        by = Speaker(person_id, generation=generation, own=True)
        await not_after(desk, lambda tx: close_guest_links(tx, close), done_by(act, by, wish))
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 1
    assert await desk.pool.fetchval("SELECT count(*) FROM guest_needs") == 0
    await both_ways(
        desk,
        lambda tx: close_guest_links(tx, close),
        done_by(wishes[0][0], Speaker(person_id, generation=len(wishes), own=True), wishes[0][1]),
    )
    assert await desk.pool.fetchval("SELECT guest_generation FROM guests") == len(wishes) + 1


async def test_a_browser_that_was_let_in_before_is_shown_that_the_link_is_closed(town: Town) -> None:
    """The page has been read, and the browser has shown the mailbox, when the closing commits."""
    desk = town.desk
    fact = await seated(desk)
    path = f"{fact.seat_path}/afmeld"
    assert (await town.client.get(path)).status_code == 200
    cause = Cause(new_correlation(), None, "token/staff")
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        await closing(fact)(tx)
        await tx.flush()
        sending = asyncio.create_task(town.client.post(path, data=typed()))
        await eventually(lambda: _met(desk, sending), because="the browser waits, or is answered")
        assert not sending.done(), "it did not wait for the closing"
    answer = await sending
    assert (answer.status_code, answer.headers["location"]) == (303, fact.seat_path)
    shown = await town.client.get(answer.headers["location"])
    assert (shown.status_code, "Linket er lukket" in shown.text) == (410, True)
    assert await seats(desk) == 1
    new = links.seat_path(desk.links, links.Seated(fact.enrolment_id, fact.person.person_id, 1, fact.meeting.id, 1))
    assert (await town.client.get(new)).status_code == 200


async def _met(desk: Desk, sending: asyncio.Task[Any]) -> bool:
    return sending.done() or await somebody_waits(desk.pool)
