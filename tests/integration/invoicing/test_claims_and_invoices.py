"""From what others tell to invoices with numbers in a row, on a real database."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.usecases import run_invoices as the_run
from services.invoicing.usecases.claim_extra_participant import claim_extra_participant
from services.invoicing.usecases.correct_billing import correct_billing
from services.invoicing.usecases.explain import explain
from services.invoicing.usecases.follow_meetings import release_extra_participants
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.read_invoices import read_invoices, read_standing
from services.invoicing.usecases.read_overview import read_overview
from services.invoicing.usecases.run_invoices import run_invoices
from services.invoicing.usecases.waive_claim import waive_claim
from shared.contracts.enrollment import (
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    ProgrammeCancelled,
    ProgrammeChanged,
    ProgrammePublished,
    ReservationResolved,
    TovholderAppointed,
)
from shared.contracts.event import Event
from shared.contracts.invoicing import ClaimHeldBack, CorrectBilling, Invoice, InvoiceIssued, WaiveClaim
from shared.contracts.scheduling import Meeting, MeetingCancelled
from shared.messaging.subscriptions import On
from shared.runtime.timers import Timer
from shared.storage.tx import transaction
from tests.support.eventually import eventually
from tests.support.facts import (
    BILLING,
    CONTACT,
    ENROLMENT_ID,
    FEE,
    MEETING,
    MEETINGS_OWNER,
    ORGANISATION,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    SELLER,
    a_meeting,
    a_meeting_held,
    a_person,
    a_programme,
    an_enrolment,
    an_extra_participant,
    an_extra_participant_removed,
    an_organisation,
)
from tests.support.room import BY_HAND, Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
EXTRAS_FALL_DUE = datetime(2021, 4, 16, 6, tzinfo=UTC)
ENROLMENT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
}
BO, CARL = a_person("Bo Prøvesen"), a_person("Carl Prøvesen", "carl@kobenhavn.example")


def cancelled(meeting: Meeting = MEETING) -> MeetingCancelled:
    return MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting)


async def states(books: Room) -> list[str]:
    return [claim["state"] for claim in (await books.read(read_claims))["claims"]]


async def issued(books: Room) -> list[Invoice]:
    """Invoices told since the last look."""
    return [fact.invoice for fact in await books.told() if isinstance(fact, InvoiceIssued)]


async def test_the_fee_is_invoiced_once_on_its_day_with_moms(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.hear(an_enrolment())
    assert await books.ring(datetime(2020, 9, 1, 5, 59, tzinfo=UTC)) == 0
    assert await books.ring(FEES_FALL_DUE) == 1

    (invoice,) = await issued(books)
    assert (invoice.id, invoice.net_ore, invoice.vat_ore, invoice.gross_ore) == ("N-1", 1_950_000, 487_500, 2_437_500)
    assert (invoice.issued_on, invoice.due_on) == (date(2020, 9, 1), date(2020, 10, 1))
    assert (invoice.buyer, invoice.billing, invoice.contact) == (ORGANISATION, BILLING, CONTACT)
    assert invoice.programme == PROGRAMME

    await books.hear(an_enrolment())
    assert await books.ring() == 0
    assert await states(books) == ["invoiced"]


async def test_a_sign_up_after_the_day_of_the_fee_is_invoiced_at_once(books: Room) -> None:
    books.time = datetime(2020, 10, 5, 13, 7, tzinfo=UTC)
    await books.hear(an_enrolment())
    await books.ring()
    (invoice,) = await issued(books)
    assert invoice.issued_on == date(2020, 10, 5)


async def test_what_is_owed_is_what_was_agreed_whatever_later_versions_say(books: Room) -> None:
    assert not {ProgrammePublished, ProgrammeChanged} & {one.fact for one in SUBSCRIPTIONS if isinstance(one, On)}
    await books.hear(an_enrolment())
    seller = SELLER.model_copy(update={"series": "andet", "payment_days": 5})
    second = a_programme(version=2, seller=seller)
    dearer = FEE.model_copy(update={"amount_ore": 2_500_000, "vat_percent": 0, "invoice_on": date(2021, 1, 4)})
    # The same told again on the terms of a later version, and somebody who comes after it.
    await books.hear(an_enrolment(programme=second, fees=(dearer,)))
    late = {"enrolment_id": "late", "organisation": an_organisation("0751", "Aarhus Kommune")}
    await books.hear(an_enrolment(**late, programme=second, fees=(FEE,)))
    await books.ring(FEES_FALL_DUE)
    agreed, after = sorted(await issued(books), key=lambda invoice: invoice.programme.version)
    assert (agreed.series, agreed.net_ore, agreed.lines[0].vat_percent) == (SELLER.series, FEE.amount_ore, 25)
    assert (agreed.due_on - agreed.issued_on).days == SELLER.payment_days
    assert (after.series, (after.due_on - after.issued_on).days) == ("andet", 5)


async def test_a_whole_batch_is_claimed_and_shares_one_timer(books: Room) -> None:
    await books.hear(
        *(
            an_enrolment(enrolment_id=f"e{n}", organisation=an_organisation(f"{n:04}", f"Kommune {n}"))
            for n in range(500)
        )
    )
    assert await books.ring(FEES_FALL_DUE) == 1
    told = await issued(books)
    assert [invoice.number for invoice in told] == list(range(1, 501))
    assert [invoice.buyer.code for invoice in told] == [f"{n:04}" for n in range(500)]


@pytest.mark.parametrize("held_first", [True, False])
async def test_extras_wait_for_their_meeting_and_share_an_invoice_whichever_is_heard_first(
    books: Room, *, held_first: bool
) -> None:
    extras: list[Event] = [an_extra_participant(person=BO), an_extra_participant(person=CARL)]
    held: list[Event] = [a_meeting_held()]
    for facts in (held, extras) if held_first else (extras, held):
        assert await books.ring(datetime(2021, 4, 15, 22, tzinfo=UTC)) == 0
        await books.hear(*facts)
    assert await books.ring(datetime(2021, 4, 16, 5, 59, tzinfo=UTC)) == 0
    await books.ring(EXTRAS_FALL_DUE)

    (invoice,) = await issued(books)
    assert sorted(line.text for line in invoice.lines) == [
        "Ekstra deltager: Bo Prøvesen – 1. heldagsmøde, 15. april 2021",
        "Ekstra deltager: Carl Prøvesen – 1. heldagsmøde, 15. april 2021",
    ]
    assert (invoice.net_ore, invoice.gross_ore) == (200_000, 250_000)


async def test_a_late_extra_gets_an_invoice_of_its_own(books: Room) -> None:
    await books.hear(an_extra_participant(person=BO), a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE)
    books.time = datetime(2021, 4, 20, 12, tzinfo=UTC)
    await books.hear(an_extra_participant(person=CARL))
    await books.ring()
    assert [(invoice.number, len(invoice.lines)) for invoice in await issued(books)] == [(1, 1), (2, 1)]


async def test_removed_and_added_again_is_billed_once(books: Room) -> None:
    extra = an_extra_participant()
    await books.hear(extra, an_extra_participant_removed(person=BO), a_meeting_held())
    assert await states(books) == ["withdrawn"]
    await books.hear(extra)
    await books.ring(EXTRAS_FALL_DUE)
    await books.hear(an_extra_participant_removed(person=BO))
    await books.hear(extra)
    await books.ring()
    assert [invoice.net_ore for invoice in await issued(books)] == [100_000]


async def test_removed_after_the_invoice_is_listed_for_the_staff_and_credits_nothing_by_itself(books: Room) -> None:
    await books.hear(an_extra_participant(), a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE)
    await books.hear(an_extra_participant_removed(person=BO, reason="moved_in"))
    listed = (await books.read(read_claims, state="invoiced_then_removed"))["claims"]
    assert [(claim["invoice_id"], claim["person"]) for claim in listed] == [("N-1", "Bo Prøvesen")]
    assert listed[0]["reason"] == "Deltageren har fået en af de inkluderede pladser."


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_extras_of_a_cancelled_meeting_are_never_billed(books: Room, *, cancelled_first: bool) -> None:
    facts = [cancelled(), an_extra_participant()]
    await books.hear(*(facts if cancelled_first else reversed(facts)))
    assert await states(books) == ["withdrawn"]
    assert await books.ring(datetime(2022, 1, 1, tzinfo=UTC)) == 0


async def test_a_fee_with_an_open_forbehold_waits_for_the_politicians(books: Room) -> None:
    await books.hear(an_enrolment(forbehold_open=True))
    assert await books.ring(FEES_FALL_DUE) == 0
    books.time = datetime(2020, 9, 20, 10, tzinfo=UTC)
    await books.hear(ReservationResolved(**ENROLMENT, approved=True, resolved_at=books.time))
    await books.ring()
    assert [invoice.issued_on for invoice in await issued(books)] == [date(2020, 9, 20)]


async def test_a_fee_that_does_not_wait_for_them_is_invoiced_on_its_day(books: Room) -> None:
    await books.hear(an_enrolment(forbehold_open=True, fees_wait=False))
    await books.ring(FEES_FALL_DUE)
    assert len(await issued(books)) == 1
    await books.hear(ReservationResolved(**ENROLMENT, approved=True, resolved_at=books.time))
    await books.ring()
    assert await issued(books) == []


async def test_a_fee_that_the_politicians_said_no_to_falls_away(books: Room) -> None:
    await books.hear(an_enrolment(forbehold_open=True))
    await books.hear(ReservationResolved(**ENROLMENT, approved=False, resolved_at=books.time))
    assert await states(books) == ["withdrawn"]


async def test_an_enrolment_that_ends_before_the_invoice_owes_nothing(books: Room) -> None:
    await books.hear(an_enrolment(), EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT))
    assert await states(books) == ["withdrawn"]
    await books.ring(FEES_FALL_DUE)
    assert await issued(books) == []

    await books.hear(an_enrolment(), EnrolmentLapsed(**ENROLMENT, reason="reservation_expired"))
    assert await states(books) == ["withdrawn"]


async def test_an_enrolment_that_ends_after_the_invoice_is_for_the_staff_to_see(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.hear(EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT))
    assert await states(books) == ["invoiced_then_removed"]


async def test_withdrawn_and_enrolled_again_is_billed_once(books: Room) -> None:
    await books.hear(an_enrolment(), EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT), an_enrolment())
    await books.ring(FEES_FALL_DUE)
    assert len(await issued(books)) == 1


@pytest.mark.parametrize("enrolled_first", [True, False])
async def test_fees_of_a_cancelled_programme_fall_away(books: Room, *, enrolled_first: bool) -> None:
    ended = ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få tilmeldte.")
    facts: list[Event] = [an_enrolment(), ended]
    for fact in facts if enrolled_first else reversed(facts):
        await books.hear(fact)
    await books.ring(FEES_FALL_DUE)
    assert await issued(books) == []
    assert await states(books) == ["withdrawn"]


async def test_the_invoice_goes_to_the_contact_that_was_appointed_meanwhile(books: Room) -> None:
    newer = CONTACT.model_copy(update={"name": "Dorte Prøvesen", "email": "dorte@kobenhavn.example"})
    await books.hear(an_enrolment())
    books.time = datetime(2020, 8, 1, tzinfo=UTC)
    await books.hear(TovholderAppointed(**ENROLMENT, contact=newer))
    await books.ring(FEES_FALL_DUE)
    assert [invoice.contact for invoice in await issued(books)] == [newer]


async def test_a_contact_without_a_name_holds_the_invoice_back_until_another_is_appointed(books: Room) -> None:
    demanding = BILLING.model_copy(update={"demands": ("contact",)})
    nameless = CONTACT.model_copy(update={"name": " "})
    await books.hear(an_enrolment(billing=demanding))
    books.time = datetime(2020, 8, 1, tzinfo=UTC)
    await books.hear(TovholderAppointed(**ENROLMENT, contact=nameless))
    await books.ring(FEES_FALL_DUE)
    (told,) = await books.told()
    assert isinstance(told, ClaimHeldBack)
    assert "(contact_demanded)" in told.finding

    books.time = datetime(2020, 9, 2, tzinfo=UTC)
    await books.hear(TovholderAppointed(**ENROLMENT, contact=CONTACT))
    assert await states(books) == ["ready"]
    await books.ring(datetime(2020, 9, 3, tzinfo=UTC))
    assert [invoice.contact for invoice in await issued(books)] == [CONTACT]


async def test_a_waived_claim_is_not_invoiced_and_says_why(books: Room) -> None:
    await books.hear(an_enrolment())
    (claim,) = (await books.read(read_claims))["claims"]
    shown = await books.ask(waive_claim, WaiveClaim(claim_id=claim["id"], reason="Aftalt med kommunen."))
    assert (shown["state_title"], shown["reason"]) == ("faktureres ikke", "Aftalt med kommunen.")
    await books.ring(FEES_FALL_DUE)
    assert await issued(books) == []
    assert (await books.refusal(waive_claim, WaiveClaim(claim_id="x", reason="Fejl."))).status == 404


async def test_what_is_wrong_is_said_at_once_and_the_invoice_goes_out_when_it_has_been_put_right(books: Room) -> None:
    wrong = BILLING.model_copy(update={"ean": "5798009800010", "address": None})
    await books.hear(an_enrolment(billing=wrong))
    (claim,) = (await books.read(read_claims))["claims"]
    assert claim["state"] == "waiting"
    (told,) = [fact for fact in await books.told() if isinstance(fact, ClaimHeldBack)]
    assert (told.claim_id, told.finding) == (claim["id"], claim["reason"])
    assert [code in claim["reason"] for code in ("(gln_wrong)", "(address_missing)")] == [True, True]
    await books.ring(FEES_FALL_DUE)
    assert await issued(books) == []

    command = CorrectBilling(enrolment_id=claim["enrolment_id"], billing=BILLING)
    shown = await books.ask(correct_billing, command)
    assert [(one["state"], one["reason"]) for one in shown["claims"]] == [("ready", "")]
    await books.ring(FEES_FALL_DUE)
    assert [invoice.billing for invoice in await issued(books)] == [BILLING]
    later = await books.ask(correct_billing, CorrectBilling(enrolment_id=claim["enrolment_id"], billing=wrong))
    assert [one["state"] for one in later["claims"]] == ["invoiced"]
    assert (await books.refusal(correct_billing, CorrectBilling(enrolment_id="x", billing=wrong))).status == 404


async def test_what_is_wrong_is_said_also_when_others_of_the_same_batch_are_told_again(books: Room) -> None:
    await books.hear(an_enrolment(enrolment_id="e1"))
    wrong = BILLING.model_copy(update={"ean": "5798009800010"})
    await books.hear(an_enrolment(enrolment_id="e1"), an_enrolment(enrolment_id="e2", billing=wrong))
    assert [fact.enrolment_id for fact in await books.told() if isinstance(fact, ClaimHeldBack)] == ["e2"]
    await books.ring(FEES_FALL_DUE)
    assert [invoice.enrolment_id for invoice in await issued(books)] == ["e1"]


async def test_a_new_claim_falls_due_also_when_others_of_the_same_batch_are_told_again(books: Room) -> None:
    await books.hear(an_enrolment(enrolment_id="e1"))
    await books.ring(FEES_FALL_DUE)
    await books.hear(an_enrolment(enrolment_id="e1"), an_enrolment(enrolment_id="e2"))
    await books.ring()
    assert [invoice.enrolment_id for invoice in await issued(books)] == ["e1", "e2"]


async def test_a_forbehold_stays_on_hold_when_the_billing_is_corrected(books: Room) -> None:
    await books.hear(an_enrolment(forbehold_open=True))
    (claim,) = (await books.read(read_claims))["claims"]
    shown = await books.ask(correct_billing, CorrectBilling(enrolment_id=claim["enrolment_id"], billing=BILLING))
    assert [(one["state"], one["on_hold"]) for one in shown["claims"]] == [("waiting", True)]


async def test_another_order_reference_is_another_invoice(books: Room) -> None:
    other = BILLING.model_copy(update={"order_reference": "UNGE-2021"})
    await books.hear(
        an_extra_participant(person=BO), an_extra_participant(person=CARL, billing=other), a_meeting_held()
    )
    await books.ring(EXTRAS_FALL_DUE)
    assert {invoice.billing.order_reference for invoice in await issued(books)} == {"UNGE-2020", "UNGE-2021"}


async def test_two_organisers_count_each_on_their_own_and_one_cannot_take_the_others_series(books: Room) -> None:
    def seller(cvr: str, series: str) -> dict[str, Any]:
        ref = a_programme(f"p-{cvr}-{series}", seller=SELLER.model_copy(update={"cvr": cvr, "series": series}))
        return {"programme": ref, "enrolment_id": f"e-{cvr}-{series}"}

    for one in (seller("62532416", "N"), seller("88146328", "P"), seller("88146328", "N")):
        await books.hear(an_enrolment(**one))
        await books.ring(FEES_FALL_DUE)
    assert [invoice.id for invoice in await issued(books)] == ["N-1", "P-1"]
    (waiting,) = (await books.read(read_claims, state="waiting"))["claims"]
    assert waiting["reason"] == "Fakturaserien »N« tilhører en anden sælger."


async def test_a_run_with_more_claims_than_one_transaction_takes_goes_on_and_splits_no_invoice(
    books: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_run, "AT_MOST", 5)
    people = [a_person(f"P{n} Prøvesen", f"p{n}@kobenhavn.example") for n in range(3)]
    await books.hear(
        *(
            an_extra_participant(enrolment_id=f"e{n}", person=person, organisation=an_organisation(f"{n:04}"))
            for n in range(4)
            for person in people
        )
    )
    await books.hear(a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE)
    told = await issued(books)
    assert [(invoice.number, invoice.buyer.code, len(invoice.lines)) for invoice in told] == [
        (n + 1, f"{n:04}", 3) for n in range(4)
    ]


async def test_numbers_stay_gapless_when_several_run_at_once_and_some_fail(books: Room) -> None:
    """The kernel lets one run at a time; the numbers do not depend on it."""
    books.time = FEES_FALL_DUE
    timer = Timer("invoice_run", "k", books.time, {"series": "N", "organiser": SELLER.cvr}, BY_HAND)

    def failing_every_third(attempt: int) -> None:
        if attempt % 3 == 0:
            raise LookupError(attempt)

    async def sign_up_and_invoice(part: int) -> None:
        for n in range(10):
            try:
                async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
                    facts = [an_enrolment(enrolment_id=f"e-{part}-{n}-{m}") for m in range(3)]
                    await books.subscriptions[0].usecase(tx, [books.received(fact) for fact in facts])
                    await run_invoices(tx, [timer])
                    failing_every_third(n + part)
            except LookupError:
                continue

    await asyncio.gather(*(sign_up_and_invoice(part) for part in range(4)))
    numbers = [invoice.number for invoice in await issued(books)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len(numbers) == await books.pool.fetchval("SELECT last FROM counters")
    assert await books.pool.fetchval("SELECT count(*) FROM claims WHERE state = 'invoiced'") == len(numbers)


@pytest.mark.parametrize("held_waits", [True, False])
async def test_a_meeting_held_at_the_moment_somebody_is_added_leaves_no_claim_waiting(
    books: Room, *, held_waits: bool
) -> None:
    adding = (claim_extra_participant, [books.received(an_extra_participant())])
    holding = (release_extra_participants, [books.received(a_meeting_held())])
    (first, first_facts), (second, second_facts) = (adding, holding) if held_waits else (holding, adding)

    async def do_second() -> None:
        async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
            await second(tx, second_facts)

    async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
        await first(tx, first_facts)
        waiting = asyncio.create_task(do_second())
        await eventually(
            lambda: books.pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )
    await waiting
    assert await states(books) == ["ready"]


async def test_an_issued_invoice_can_be_neither_changed_nor_deleted(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    for sql in (
        "UPDATE invoices SET net_ore = 1, gross_ore = 1 + vat_ore",
        "DELETE FROM invoices",
        "TRUNCATE invoices",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await books.pool.execute(sql)
    assert await books.pool.fetchval("SELECT net_ore FROM invoices") == 1_950_000


async def test_claims_without_a_series_wait_and_take_no_number(books: Room) -> None:
    nameless = a_programme(seller=SELLER.model_copy(update={"series": ""}))
    await books.hear(an_enrolment(programme=nameless))
    assert await books.ring(FEES_FALL_DUE) == 0
    assert await states(books) == ["waiting"]


async def test_any_interleaving_bills_the_same_and_the_sums_balance(books: Room) -> None:
    """Additions and removals, woven with how the meeting and the enrolment went, in forty random orders."""
    chance = random.Random(20201101)  # noqa: S311  (an order of tests, not a secret)
    expected = {}
    for round_ in range(40):
        meeting, enrolment = a_meeting(f"m{round_}"), f"e{round_}"
        common: dict[str, Any] = {"enrolment_id": enrolment, "meeting": meeting}
        people = [a_person(f"P{n} Prøvesen", f"p{n}@kobenhavn.example") for n in range(4)]
        steps = [(person, chance.random() < 0.6) for person in chance.choices(people, k=8)]
        roster: list[Event] = [
            an_extra_participant(person=person, **common)
            if added
            else an_extra_participant_removed(person=person, **common)
            for person, added in steps
        ]
        held = chance.random() < 0.7
        streams: list[list[Event]] = [
            roster,
            [a_meeting_held(meeting) if held else cancelled(meeting)],
            [an_enrolment(enrolment_id=enrolment, forbehold_open=True)],
        ]
        if approved := chance.random() < 0.6:
            resolved = ReservationResolved(
                **{**ENROLMENT, "enrolment_id": enrolment}, approved=True, resolved_at=books.time
            )
            streams[2].append(resolved)
        while queues := [stream for stream in streams if stream]:
            await books.hear(chance.choice(queues).pop(0))
        owed = sum(added for added in dict(steps).values()) if held else 0
        expected[enrolment] = owed * 100_000 + (FEE.amount_ore if approved else 0)

    await books.ring(EXTRAS_FALL_DUE)
    billed = dict.fromkeys(expected, 0)
    told = await issued(books)
    for invoice in told:
        billed[invoice.enrolment_id] += invoice.net_ore
        assert invoice.net_ore == sum(line.net_ore for line in invoice.lines)
        assert invoice.gross_ore == invoice.net_ore + invoice.vat_ore == invoice.net_ore * 5 // 4
    assert billed == expected
    assert [invoice.number for invoice in told] == list(range(1, len(told) + 1))

    overview = await books.read(read_overview, programme_id=PROGRAMME.id)
    assert overview["invoices"]["net_ore"] == overview["claims"]["invoiced"]["net_ore"] == sum(expected.values())
    assert overview["invoices"]["gross_ore"] == overview["outstanding_ore"]
    listed = (await books.read(read_invoices))["invoices"]
    assert sum(invoice["gross_ore"] for invoice in listed) == overview["invoices"]["gross_ore"]


async def test_every_claim_invoice_and_line_says_what_it_goes_back_to(books: Room) -> None:
    enrolled, extra = an_enrolment(), an_extra_participant()
    await books.hear(enrolled)
    await books.hear(extra)
    await books.hear(a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE)
    async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
        fee, line = await explain(tx, "N-1"), await explain(tx, "N-2/1")
        assert fee is not None
        assert line is not None
        assert (fee.cause.causation_id, line.cause.causation_id) == ("e0", "e1")
        assert line.title == (
            "Faktura N-2, linje 1: Ekstra deltager: Bo Prøvesen – 1. heldagsmøde, 15. april 2021, "
            "1.000,00 kr. ekskl. moms"
        )
        standing = await read_standing(tx, "N-2")
        claim = await explain(tx, standing.invoice.lines[0].claim_id)
        assert claim is not None
        assert claim.cause == line.cause
        assert await explain(tx, "N-2/2") is None
        assert await explain(tx, "N-3") is None


@pytest.mark.parametrize(
    ("owes", "before", "after"),
    [
        (None, "withdrawn", "invoiced_then_removed"),
        ("billed", "withdrawn", "invoiced_then_removed"),
        ("nothing", "withdrawn", "invoiced_then_removed"),
        ("all", "ready", "invoiced"),
    ],
)
async def test_whoever_leaves_owes_what_was_agreed_and_nothing_is_credited_by_itself(
    books: Room, owes: Any, before: str, after: str
) -> None:
    later = FEE.model_copy(update={"id": "rate-2", "invoice_on": date(2021, 9, 1)})
    await books.hear(an_enrolment(fees=(FEE, later)))
    await books.ring(FEES_FALL_DUE)
    await books.hear(EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT, owes=owes))
    claims = {claim["text"] + claim["id"]: claim for claim in (await books.read(read_claims))["claims"]}
    assert sorted(claim["state"] for claim in claims.values()) == sorted([before, after])
    if owes == "nothing":
        assert any("krediter" in claim["reason"] for claim in claims.values())
    await books.ring(datetime(2021, 9, 2, 12, tzinfo=UTC))
    assert len(await issued(books)) == (2 if owes == "all" else 1)
