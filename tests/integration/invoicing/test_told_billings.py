"""A municipality says how it wants its invoices after it has signed up: whichever is heard first ends alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.invoicing.usecases.change_billings import change_billings
from services.invoicing.usecases.claim_extra_participant import claim_extra_participant
from services.invoicing.usecases.follow_meetings import release_extra_participants
from services.invoicing.usecases.read_claims import read_claims
from shared.contracts.enrollment import (
    BillingChanged,
    EnrolmentWithdrawn,
    ExtraBillingChanged,
    OptionBillingChanged,
)
from shared.contracts.event import Event
from shared.contracts.invoicing import ClaimHeldBack, Invoice
from shared.contracts.parties import Billing
from tests.integration.invoicing.test_claims_and_invoices import FEES_FALL_DUE, issued
from tests.support.facts import (
    BILLING,
    BILLING_OF_UNIT,
    CONTACT,
    ENROLMENT_ID,
    MEETING,
    ORGANISATION,
    OWNER,
    PERSON,
    PROGRAMME,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
    an_option_delivered,
    an_option_ordered,
)
from tests.support.meeting_point import meet
from tests.support.room import Room

ABOUT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
}
LACKING = BILLING.model_copy(update={"order_reference": None, "demands": ("order",)})
GIVEN = LACKING.model_copy(update={"order_reference": "4711-2020"})
LATER = datetime(2020, 8, 1, tzinfo=UTC)
HELD_AND_DUE = datetime(2021, 4, 16, 7, tzinfo=UTC)


def changed(billing: Billing = GIVEN) -> BillingChanged:
    return BillingChanged(**ABOUT, billing=billing)


async def claims(books: Room) -> list[tuple[str, str]]:
    return [(one["state"], one["finding"].partition("(")[2]) for one in (await books.read(read_claims))["claims"]]


async def orders(books: Room) -> list[str | None]:
    return [one.billing.order_reference for one in await issued(books)]


async def test_what_was_held_back_for_a_missing_reference_is_released_when_it_is_given(books: Room) -> None:
    await books.hear(an_enrolment(billing=LACKING))
    assert await claims(books) == [("waiting", "order_demanded)")]
    assert [type(one) for one in await books.told()] == [ClaimHeldBack]
    books.time = LATER
    await books.hear(changed())
    assert await claims(books) == [("ready", "")]
    await books.ring(FEES_FALL_DUE)
    assert await orders(books) == ["4711-2020"]


async def test_what_is_invoiced_stays_as_it_was_and_what_is_not_is_billed_as_it_holds_now(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.hear(an_extra_participant())
    books.time = datetime(2020, 9, 2, tzinfo=UTC)
    await books.hear(changed())
    await books.hear(a_meeting_held())
    await books.ring(HELD_AND_DUE)
    assert await orders(books) == ["UNGE-2020", "4711-2020"]


async def test_an_extra_participant_that_is_heard_of_later_but_was_told_before_is_billed_as_it_holds_now(
    books: Room,
) -> None:
    """They are told on different partitions: either may come first."""
    facts: list[list[Event]] = [[an_extra_participant(billing=LACKING)], [changed()]]
    seen = []
    for first, second in ((0, 1), (1, 0)):
        for at in (first, second):
            books.time = LATER if at else datetime(2020, 6, 15, tzinfo=UTC)
            await books.hear(*facts[at])
        (claim,) = (await books.read(read_claims))["claims"]
        seen.append((claim["state"], claim["finding"]))
        await books.pool.execute("DELETE FROM claims; DELETE FROM told_billings")
    assert seen == [("waiting", ""), ("waiting", "")]
    books.time = datetime(2020, 9, 1, tzinfo=UTC)
    await books.hear(changed(LACKING))
    books.time = datetime(2020, 9, 2, tzinfo=UTC)
    # Told since: what it carries itself holds.
    await books.hear(an_extra_participant(billing=GIVEN))
    assert await claims(books) == [("waiting", "")]


async def test_an_extra_participant_with_a_payer_of_its_own_keeps_it_and_has_an_invoice_of_its_own(books: Room) -> None:
    other = a_person("Carl Prøvesen", "carl@kobenhavn.example")
    for turn in (0, 1):
        books.time = LATER
        told: list[Event] = [
            an_extra_participant(),
            an_extra_participant(person=other, billing=BILLING_OF_UNIT, own_billing=True),
        ]
        if turn:
            await books.hear(changed())
            await books.hear(*told)
        else:
            await books.hear(*told)
            await books.hear(changed())
    await books.hear(a_meeting_held())
    await books.ring(HELD_AND_DUE)
    found = {one.billing.unit: one for one in await issued(books)}
    assert set(found) == {None, "beskaeftigelse"}
    assert found[None].billing == GIVEN
    assert found["beskaeftigelse"].billing == BILLING_OF_UNIT
    assert [len(one.lines) for one in found.values()] == [1, 1]


async def test_an_extra_participant_is_released_when_what_their_payers_invoice_lacked_is_given(books: Room) -> None:
    unit = BILLING_OF_UNIT.model_copy(update={"order_reference": None})
    await books.hear(an_extra_participant(billing=unit, own_billing=True))
    await books.hear(a_meeting_held())
    assert await claims(books) == [("waiting", "order_demanded)")]
    books.time = datetime(2021, 4, 20, 8, tzinfo=UTC)
    given = ExtraBillingChanged(**ABOUT, contact=CONTACT, meeting=MEETING, person=PERSON, billing=BILLING_OF_UNIT)
    await books.hear(given)
    assert await claims(books) == [("ready", "")]
    # What is told of the enrolment does not touch it from then on.
    await books.hear(changed())
    await books.ring(datetime(2021, 4, 20, 9, tzinfo=UTC))
    assert [one.billing for one in await issued(books)] == [BILLING_OF_UNIT]
    await books.hear(given.model_copy(update={"billing": unit}))
    assert [state for state, _ in await claims(books)] == ["invoiced"]


async def test_an_extra_participant_whom_another_pays_for_since_has_that_billing_whatever_the_enrolment_says(
    books: Room,
) -> None:
    await books.hear(an_extra_participant())
    await books.hear(
        ExtraBillingChanged(**ABOUT, contact=CONTACT, meeting=MEETING, person=PERSON, billing=BILLING_OF_UNIT)
    )
    books.time = LATER
    await books.hear(changed())
    await books.hear(a_meeting_held())
    await books.ring(HELD_AND_DUE)
    assert [one.billing for one in await issued(books)] == [BILLING_OF_UNIT]


async def test_an_option_is_invoiced_to_the_unit_that_its_order_names_whatever_the_enrolment_says(books: Room) -> None:
    """And another one of the same enrolment is not."""
    await books.hear(
        an_option_ordered(billing=BILLING_OF_UNIT, own_billing=True), an_option_ordered(option_id="analyse")
    )
    books.time = LATER
    await books.hear(changed())
    await books.hear(an_option_delivered(), an_option_delivered(option_id="analyse"))
    await books.ring(datetime(2021, 2, 2, 7, tzinfo=UTC))
    found = {one.billing.unit: one.billing for one in await issued(books)}
    assert found == {None: GIVEN, "beskaeftigelse": BILLING_OF_UNIT}


async def test_an_option_is_billed_as_is_said_later_and_released_with_it_until_it_is_invoiced(books: Room) -> None:
    unit = BILLING_OF_UNIT.model_copy(update={"order_reference": None})
    await books.hear(an_option_ordered(billing=unit, own_billing=True), an_option_delivered())
    assert await claims(books) == [("waiting", "order_demanded)")]
    books.time = datetime(2021, 2, 2, 8, tzinfo=UTC)
    given = OptionBillingChanged(
        **ABOUT, option_id=an_option_ordered().option_id, contact=CONTACT, billing=BILLING_OF_UNIT
    )
    await books.hear(given)
    assert await claims(books) == [("ready", "")]
    await books.hear(changed())
    await books.ring(datetime(2021, 2, 2, 9, tzinfo=UTC))
    assert [one.billing for one in await issued(books)] == [BILLING_OF_UNIT]
    await books.hear(given.model_copy(update={"billing": unit}))
    assert [state for state, _ in await claims(books)] == ["invoiced"]


async def test_an_order_that_another_pays_for_since_is_theirs_and_one_that_nobody_knows_is_nobodys(
    books: Room,
) -> None:
    given = OptionBillingChanged(
        **ABOUT, option_id=an_option_ordered().option_id, contact=CONTACT, billing=BILLING_OF_UNIT
    )
    await books.hear(given)
    assert await claims(books) == []
    await books.hear(an_option_ordered())
    await books.hear(given)
    books.time = LATER
    await books.hear(changed(), an_option_delivered())
    await books.ring(datetime(2021, 2, 2, 7, tzinfo=UTC))
    assert [one.billing for one in await issued(books)] == [BILLING_OF_UNIT]


async def test_whoever_comes_back_is_billed_as_it_says_then(books: Room) -> None:
    await books.hear(an_enrolment())
    books.time = LATER
    await books.hear(changed())
    await books.hear(EnrolmentWithdrawn(**ABOUT, contact=CONTACT))
    books.time = datetime(2020, 8, 2, tzinfo=UTC)
    await books.hear(an_enrolment())
    # An extra participant that was told meanwhile, and is heard of now.
    books.time = datetime(2020, 7, 1, tzinfo=UTC)
    await books.hear(an_extra_participant())
    await books.hear(a_meeting_held())
    await books.ring(HELD_AND_DUE)
    assert await orders(books) == ["UNGE-2020", "UNGE-2020"]


async def test_staff_hear_that_what_was_said_holds_an_invoice_back_and_not_again_of_the_same(books: Room) -> None:
    await books.hear(an_enrolment())
    books.time = LATER
    await books.hear(changed(LACKING))
    assert [type(one) for one in await books.told()] == [ClaimHeldBack]
    await books.hear(changed(LACKING.model_copy(update={"person_reference": "Afsnit 5"})))
    assert await books.told() == []


known_or_not = pytest.mark.parametrize("known", [False, True], ids=["the first one", "one more"])
"""Nothing but the lock of its billing makes the two wait for each other, be there a row of it or not."""


async def is_known(books: Room, *, known: bool) -> None:
    if known:
        await books.hear(an_extra_participant(person=a_person("Carl Prøvesen", "carl@kobenhavn.example")))


async def extra_of(books: Room) -> tuple[str, str]:
    """Of the one that lacked something."""
    found = (await books.read(read_claims))["claims"]
    (claim,) = [one for one in found if one["person"] == "Bo Prøvesen"]
    return claim["state"], claim["finding"]


@known_or_not
async def test_somebody_who_is_added_as_the_billing_changes_is_billed_as_it_is_then(
    books: Room, *, known: bool
) -> None:
    await is_known(books, known=known)
    added = books.received(an_extra_participant(billing=LACKING))
    books.time = LATER
    told = books.received(changed())
    await meet(books, lambda tx: change_billings(tx, [told]), lambda tx: claim_extra_participant(tx, [added]))
    assert await extra_of(books) == ("waiting", "")


@known_or_not
async def test_the_billing_that_changes_is_that_of_somebody_who_is_just_being_added(
    books: Room, *, known: bool
) -> None:
    await is_known(books, known=known)
    added = books.received(an_extra_participant(billing=LACKING))
    books.time = LATER
    told = books.received(changed())
    await meet(books, lambda tx: claim_extra_participant(tx, [added]), lambda tx: change_billings(tx, [told]))
    assert await extra_of(books) == ("waiting", "")


async def test_a_meeting_that_is_held_as_the_billing_changes_leaves_its_claims_ready_and_billed_anew(
    books: Room,
) -> None:
    await books.hear(an_extra_participant(billing=LACKING))
    books.time = LATER
    told, held = books.received(changed()), books.received(a_meeting_held())
    await meet(books, lambda tx: release_extra_participants(tx, [held]), lambda tx: change_billings(tx, [told]))
    assert await claims(books) == [("ready", "")]


@pytest.mark.parametrize(
    "wrong",
    [
        "INSERT INTO told_billings (enrolment_id, told_billing) VALUES ('e', '{}')",
        "INSERT INTO told_billings (enrolment_id, told_billing_at) VALUES ('e', now())",
        "UPDATE claims SET own_billing = true",
    ],
)
async def test_the_database_keeps_nothing_that_cannot_be(books: Room, wrong: str) -> None:
    await books.hear(an_enrolment())
    with pytest.raises(asyncpg.CheckViolationError):
        await books.pool.execute(wrong)


def test_an_invoice_without_a_unit_is_written_as_it_always_was() -> None:
    assert {"unit", "unit_name", "cvr"} & set(BILLING.model_dump()) == set()
    assert Invoice.model_fields["billing"].annotation is Billing
