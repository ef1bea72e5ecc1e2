"""What has been invoiced is given back, on a real database: once, numbered with the invoices, and never beyond."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.invoicing.adapters import documents
from services.invoicing.adapters.einvoice.formats import FORMATS, Format
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.from_invoice import Issued, credit_note_document
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.explain import explain
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.read_credit_notes import (
    read_credit_note,
    read_credit_notes,
    read_credit_notes_of_invoice,
)
from services.invoicing.usecases.read_invoices import read_invoice
from services.invoicing.usecases.read_overview import read_overview
from services.invoicing.usecases.register_payment import register_payment
from services.invoicing.usecases.write_documents import write_documents
from shared.contracts.invoicing import (
    CreditInvoice,
    CreditNoteIssued,
    InvoiceIssued,
    InvoiceOverdue,
    LineToCredit,
    PaymentRegistered,
    RegisterPayment,
)
from shared.contracts.refusal import Refused
from shared.storage.tx import transaction
from tests.support.eventually import eventually
from tests.support.facts import (
    FEE,
    PROGRAMME,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
    an_extra_participant_removed,
    an_organisation,
)
from tests.support.official_rules import MustPass
from tests.support.room import BY_HAND, Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
EXTRAS_FALL_DUE = datetime(2021, 4, 16, 6, tzinfo=UTC)
FIRST_REMINDER = datetime(2020, 10, 2, 6, tzinfo=UTC)
BO, CARL = a_person("Bo Prøvesen"), a_person("Carl Prøvesen", "carl@kobenhavn.example")
FULL_FEE = 2_437_500


def credit(*lines: LineToCredit, **changes: Any) -> CreditInvoice:
    values = {"invoice_id": "N-1", "credit_id": "k1", "reason": "Aftalt med kommunen.", "lines": lines or None}
    return CreditInvoice(**(values | changes))


def part(claim_id: str, net_ore: int | None = None) -> LineToCredit:
    return LineToCredit(claim_id=claim_id, net_ore=net_ore)


async def fees_invoiced(books: Room, count: int = 1) -> list[str]:
    """The claims on invoices N-1, N-2 …, a line each."""
    await books.hear(
        *(an_enrolment(enrolment_id=f"e{n}", organisation=an_organisation(f"{n:04}")) for n in range(count))
    )
    await books.ring(FEES_FALL_DUE)
    return [fact.invoice.lines[0].claim_id for fact in await books.told() if isinstance(fact, InvoiceIssued)]


async def extras_invoiced(books: Room) -> dict[str, str]:
    """Who → the claim for them; both stand on invoice N-1."""
    await books.hear(an_extra_participant(person=BO), an_extra_participant(person=CARL), a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE)
    await books.told()
    return {claim["person"]: claim["id"] for claim in (await books.read(read_claims))["claims"]}


async def states(books: Room) -> list[str]:
    return [claim["state"] for claim in (await books.read(read_claims))["claims"]]


async def told(books: Room) -> list[CreditNoteIssued]:
    return [fact for fact in await books.told() if isinstance(fact, CreditNoteIssued)]


async def test_a_whole_invoice_is_credited_under_the_next_number_and_the_next_invoice_gets_the_one_after(
    books: Room,
) -> None:
    await fees_invoiced(books)
    answer = await books.ask(credit_invoice, credit())
    assert answer == {
        "credit_note_id": "N-2",
        "invoice_id": "N-1",
        "net_ore": 1_950_000,
        "vat_ore": 487_500,
        "gross_ore": FULL_FEE,
        "rounding_ore": 0,
        "outstanding_ore": 0,
    }
    (note,) = await told(books)
    assert (note.id, note.invoice_id, note.issued_on) == ("N-2", "N-1", date(2020, 9, 1))
    assert note.invoice is not None
    assert (note.lines, note.gross_ore) == (note.invoice.lines, note.invoice.gross_ore)
    assert (note.reason, note.outstanding_ore) == ("Aftalt med kommunen.", 0)

    shown = await books.read(read_invoice, invoice_id="N-1")
    assert (shown["credited_ore"], shown["paid_ore"], shown["outstanding_ore"]) == (FULL_FEE, 0, 0)
    assert await states(books) == ["credited"]
    assert await books.ring(FIRST_REMINDER - timedelta(days=1)) == 0

    await books.hear(an_enrolment(enrolment_id="late"))
    await books.ring()
    assert [fact.invoice.id for fact in await books.told() if isinstance(fact, InvoiceIssued)] == ["N-3"]


async def test_the_same_wish_again_is_one_credit_note_and_the_same_answer(books: Room) -> None:
    await fees_invoiced(books, 2)
    first = await books.ask(credit_invoice, credit())
    assert await books.ask(credit_invoice, credit()) == first
    assert len(await told(books)) == 1
    for other in (credit(reason="Noget andet."), credit(invoice_id="N-2")):
        refused = await books.refusal(credit_invoice, other)
        assert (refused.code, refused.field) == ("credit_differs", "credit_id")
    assert await books.pool.fetchval("SELECT last FROM counters") == 3


@pytest.mark.parametrize(
    ("command", "status", "code", "field"),
    [
        (credit(invoice_id="N-9"), 404, "unknown_invoice", "invoice_id"),
        (credit(credit_id=" "), 422, "required", "credit_id"),
        (credit(reason=" "), 422, "required", "reason"),
        (credit(part("no such")), 422, "unknown_line", "lines"),
    ],
)
async def test_what_cannot_be_credited_is_refused_and_takes_no_number(
    books: Room, command: CreditInvoice, status: int, code: str, field: str
) -> None:
    await fees_invoiced(books)
    refused = await books.refusal(credit_invoice, command)
    assert (refused.status, refused.code, refused.field) == (status, code, field)
    assert await books.pool.fetchval("SELECT last FROM counters") == 1
    assert await told(books) == []


async def test_a_removed_extra_participant_is_credited_alone_and_not_billed_again_when_told_of_again(
    books: Room,
) -> None:
    claim_of = await extras_invoiced(books)
    gone = an_extra_participant_removed(person=BO)
    await books.hear(gone)
    assert sorted(await states(books)) == ["invoiced", "invoiced_then_removed"]

    await books.ask(credit_invoice, credit(part(claim_of[BO.name])))
    (note,) = await told(books)
    assert ([line.claim_id for line in note.lines], note.gross_ore) == ([claim_of[BO.name]], 125_000)
    assert note.outstanding_ore == 125_000
    assert sorted(await states(books)) == ["credited", "invoiced"]

    await books.hear(an_extra_participant(person=BO), gone, an_extra_participant(person=BO), a_meeting_held())
    await books.ring(EXTRAS_FALL_DUE + timedelta(days=1))
    assert sorted(await states(books)) == ["credited", "invoiced"]
    assert [fact for fact in await books.told() if isinstance(fact, InvoiceIssued)] == []


async def test_parts_of_a_line_are_credited_until_nothing_is_left(books: Room) -> None:
    (claim_id,) = await fees_invoiced(books)
    await books.ask(credit_invoice, credit(part(claim_id, 950_000)))
    assert await states(books) == ["invoiced"]
    refused = await books.refusal(credit_invoice, credit(part(claim_id, 1_000_001), credit_id="k2"))
    assert (refused.code, refused.detail) == (
        "more_than_left",
        "Der er kun 10.000,00 kr. ekskl. moms tilbage at kreditere af linjen »Deltagergebyr for begge år«.",
    )
    answer = await books.ask(credit_invoice, credit(credit_id="k3"))
    assert (answer["net_ore"], answer["outstanding_ore"]) == (1_000_000, 0)
    assert await states(books) == ["credited"]
    refused = await books.refusal(credit_invoice, credit(credit_id="k4"))
    assert (refused.code, refused.detail) == ("nothing_left", "Hele faktura N-1 er krediteret i forvejen.")
    listed = (await books.read(read_credit_notes_of_invoice, invoice_id="N-1"))["credit_notes"]
    assert (await books.read(read_credit_notes, programme_id=PROGRAMME.id))["credit_notes"] == listed
    assert (await books.read(read_credit_notes, enrolment_id="another"))["credit_notes"] == []
    assert [(one["id"], one["net_ore"]) for one in listed] == [("N-2", 950_000), ("N-3", 1_000_000)]
    assert (await books.read(read_credit_note, credit_note_id="N-3"))["invoice"]["number"] == 1


async def test_two_who_credit_the_same_line_at_once_credit_it_once(books: Room) -> None:
    claim_of = await extras_invoiced(books)

    async def ask(number: int) -> str:
        try:
            return str(
                (await books.ask(credit_invoice, credit(part(claim_of[BO.name]), credit_id=str(number))))[
                    "credit_note_id"
                ]
            )
        except Refused as refused:
            return refused.code

    answers = await asyncio.gather(*(ask(number) for number in range(6)))
    assert sorted(answers) == ["N-2", *["line_credited"] * 5]
    assert len(await told(books)) == 1
    assert await books.pool.fetchval("SELECT last FROM counters") == 2


async def test_the_same_wish_at_once_for_two_invoices_is_one_credit_note(books: Room) -> None:
    await fees_invoiced(books, 2)

    async def ask(invoice_id: str) -> str:
        try:
            return str((await books.ask(credit_invoice, credit(invoice_id=invoice_id)))["credit_note_id"])
        except Refused as refused:
            return refused.code

    assert sorted(await asyncio.gather(ask("N-1"), ask("N-2"))) == ["N-3", "credit_differs"]
    assert await books.pool.fetchval("SELECT last FROM counters") == 3


async def test_the_database_itself_lets_no_line_be_credited_beyond_its_amount(books: Room) -> None:
    (claim_id,) = await fees_invoiced(books)
    await books.ask(credit_invoice, credit(part(claim_id, 950_000)))
    with pytest.raises(asyncpg.CheckViolationError, match="no_line_is_credited_beyond_its_amount"):
        await books.pool.execute("UPDATE credited_lines SET credited_ore = credited_ore + 1000001")
    row = await books.pool.fetchrow("SELECT line_ore, credited_ore FROM credited_lines")
    assert row is not None
    assert tuple(row) == (1_950_000, 950_000)


async def test_an_issued_credit_note_can_be_neither_changed_nor_deleted_nor_have_the_number_of_an_invoice(
    books: Room,
) -> None:
    await fees_invoiced(books)
    await books.ask(credit_invoice, credit())
    for sql in ("UPDATE credit_notes SET rounding_ore = 1", "DELETE FROM credit_notes", "TRUNCATE credit_notes"):
        with pytest.raises(asyncpg.PostgresError, match=r"never changed|permission denied"):
            await books.pool.execute(sql)
    columns = "series, organiser, invoice_id, issued_on, net_ore, vat_ore, gross_ore, rounding_ore, asked, document"
    copy = f"""
        INSERT INTO credit_notes (id, number, credit_id, correlation_id, {columns})
        SELECT 'N-1', 1, 'other', correlation_id, {columns} FROM credit_notes
    """
    with pytest.raises(asyncpg.UniqueViolationError, match="an invoice has the number"):
        await books.pool.execute(copy)
    assert await books.pool.fetchval("SELECT count(*) FROM credit_notes") == 1


async def test_what_is_credited_is_not_owed_and_what_was_paid_before_is_to_be_paid_back(books: Room) -> None:
    (claim_id, _) = await fees_invoiced(books, 2)
    await books.ask(credit_invoice, credit(part(claim_id, 950_000)))
    left = FULL_FEE - 1_187_500
    payment = RegisterPayment(invoice_id="N-1", payment_id="bank-1", amount_ore=left, paid_on=date(2020, 9, 2))
    assert (await books.ask(register_payment, payment))["outstanding_ore"] == 0
    (paid,) = [fact for fact in await books.told() if isinstance(fact, PaymentRegistered)]
    assert paid.outstanding_ore == 0

    answer = await books.ask(credit_invoice, credit(credit_id="k2"))
    assert answer["outstanding_ore"] == -left
    overview = await books.read(read_overview)
    assert overview["credit_notes"] == {
        "count": 2,
        "net_ore": 1_950_000,
        "vat_ore": 487_500,
        "gross_ore": FULL_FEE,
        "rounding_ore": 0,
    }
    assert overview["outstanding_ore"] == 2 * FULL_FEE - FULL_FEE - left
    assert await books.read(read_overview, programme_id="another") | {"claims": {}} == {
        "programme_id": "another",
        "claims": {},
        "invoices": {"count": 0, "net_ore": 0, "vat_ore": 0, "gross_ore": 0},
        "credit_notes": {"count": 0, "net_ore": 0, "vat_ore": 0, "gross_ore": 0, "rounding_ore": 0},
        "paid_ore": 0,
        "outstanding_ore": 0,
    }


async def test_nobody_is_reminded_of_what_was_credited(books: Room) -> None:
    (_, half, _) = await fees_invoiced(books, 3)
    await books.ask(credit_invoice, credit())
    await books.ask(credit_invoice, credit(part(half, 975_000), invoice_id="N-2", credit_id="k2"))
    await books.told()
    await books.ring(FIRST_REMINDER)
    reminded = [fact for fact in await books.told() if isinstance(fact, InvoiceOverdue)]
    assert [(fact.invoice_id, fact.outstanding_ore) for fact in reminded] == [("N-2", 1_218_750), ("N-3", FULL_FEE)]


async def test_a_reminder_that_waits_for_whoever_credits_at_that_moment_is_not_sent(books: Room) -> None:
    await fees_invoiced(books)
    books.time = FIRST_REMINDER
    async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
        await credit_invoice(tx, credit())
        reminding = asyncio.create_task(books.ring())
        await eventually(
            lambda: books.pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )
    assert await reminding >= 1
    assert [fact for fact in await books.told() if isinstance(fact, InvoiceOverdue)] == []


async def test_a_credit_note_and_its_lines_say_what_they_go_back_to(books: Room) -> None:
    await fees_invoiced(books)
    await books.ask(credit_invoice, credit())
    async with transaction(books.pool, books, books.source, BY_HAND, books.links) as tx:
        found = [await explain(tx, sought) for sought in ("N-2", "N-2/1", "N-2/2", "N-3")]
    assert [one and (one.kind, one.title, one.cause.actor) for one in found] == [
        (
            "kreditnota",
            "Kreditnota N-2 til faktura N-1: 24.375,00 kr. inkl. moms (Aftalt med kommunen.)",
            "token/test",
        ),
        (
            "kreditnotalinje",
            "Kreditnota N-2 til faktura N-1, linje 1: Deltagergebyr for begge år, 19.500,00 kr. ekskl. moms",
            "token/test",
        ),
        None,
        None,
    ]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
async def test_a_credit_note_that_rounds_keeps_to_the_official_rules(
    books: Room, must_pass: MustPass, form: Format
) -> None:
    odd = FEE.model_copy(update={"amount_ore": 6})
    await books.hear(an_enrolment(fees=(odd,)))
    await books.ring(FEES_FALL_DUE)
    (issued,) = [fact.invoice for fact in await books.told() if isinstance(fact, InvoiceIssued)]
    for number in range(3):
        await books.ask(credit_invoice, credit(part(issued.lines[0].claim_id, 2), credit_id=str(number)))
    notes = await told(books)
    assert [note.rounding_ore for note in notes] == [0, -1, 0]
    assert sum(note.credited_ore for note in notes) == issued.gross_ore == 8
    for note in notes:
        must_pass(form.write(credit_note_document(note, issued)))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def files(*ids: str) -> list[str]:
    return [f"{one}.{suffix}" for one in ids for suffix in ("html", "json", "pdf", "xml")]


async def write(books: Room, folder: Path) -> list[str]:
    """The ids of what was written."""
    begin = partial(transaction, books.pool, books, books.source, BY_HAND)
    return list(await write_documents(begin, folder, OfficialRules(None)))


async def test_the_files_of_invoices_and_credit_notes_are_written_in_the_order_of_the_numbers_they_share(
    books: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fees_invoiced(books)
    await books.ask(credit_invoice, credit())
    await books.hear(an_enrolment(enrolment_id="late"))
    await books.ring()
    order: list[str] = []
    really_write = documents.write

    def noting(folder: Path, issued: Issued) -> dict[str, bytes]:
        order.append(issued.id)
        if order == ["N-1", "N-2"]:
            raise KeyboardInterrupt  # as a kill between two files would leave it
        return really_write(folder, issued)

    monkeypatch.setattr(documents, "write", noting)
    with pytest.raises(KeyboardInterrupt):
        await write(books, tmp_path)
    assert files("N-1") == names(tmp_path)
    assert await write(books, tmp_path) == ["N-1", "N-2", "N-3"]
    assert await write(books, tmp_path) == []
    assert order == ["N-1", "N-2", "N-1", "N-2", "N-3"]
    assert names(tmp_path) == files("N-1", "N-2", "N-3")
    page = (tmp_path / "N-2.html").read_text(encoding="utf-8")
    for said in ("Kreditnota N-2", "N-1 af 1. september 2020", "Aftalt med kommunen.", "24.375,00 kr."):
        assert said in page


async def test_a_credit_note_alone_in_its_round_is_written_too(books: Room, tmp_path: Path) -> None:
    await fees_invoiced(books)
    assert await write(books, tmp_path) == ["N-1"]
    await books.ask(credit_invoice, credit())
    assert await write(books, tmp_path) == ["N-2"]
    assert (tmp_path / "N-2.xml").read_bytes().count(b"<cbc:CreditNoteTypeCode>381<") == 1
