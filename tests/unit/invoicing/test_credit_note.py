"""What of an invoice may be credited, what that comes to, and that parts of it never come to more than the whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.invoicing.domain.claim import MEETING_CANCELLED, MeetingEnd, credited, fee_claims, invoiced, settle, waive
from services.invoicing.domain.credit_note import (
    LONGEST_REASON,
    Credit,
    as_told,
    carried_out,
    check_name,
    issue_credit_note,
    to_credit,
)
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.from_invoice import credit_note_document, demands_of
from services.invoicing.domain.standing import Standing
from services.invoicing.domain.vat import vat_sums
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued, Invoice, InvoiceLine, LineToCredit
from shared.contracts.money import moms
from shared.contracts.refusal import Refused
from tests.support.facts import INVOICE, LINE, RECEIVED, SELLER, an_enrolment

CREDITED_ON = date(2020, 9, 10)
OWNER = "/tovholder/invoicing"


def a_line(claim_id: str, net_ore: int, vat_percent: int = 25, **changes: Any) -> InvoiceLine:
    values = {"claim_id": claim_id, "net_ore": net_ore, "unit_price_ore": net_ore, "vat_percent": vat_percent}
    return LINE.model_copy(update=values | changes)


def an_invoice(*lines: InvoiceLine) -> Invoice:
    sums = vat_sums(lines)
    net, vat = sum(one.net_ore for one in sums), sum(one.vat_ore for one in sums)
    seller = SELLER.model_copy(update={"cvr": "62532424", "vat_exemption": "Momslovens § 13, stk. 1, nr. 3"})
    programme = INVOICE.programme.model_copy(update={"seller": seller})
    return INVOICE.model_copy(
        update={"lines": lines, "net_ore": net, "vat_ore": vat, "gross_ore": net + vat, "programme": programme}
    )


TWO = an_invoice(a_line("a", 100_000), a_line("b", 50_000))


def asked(*lines: LineToCredit | str, **changes: Any) -> CreditInvoice:
    chosen = tuple(LineToCredit(claim_id=line) if isinstance(line, str) else line for line in lines)
    values = {"invoice_id": "N-1", "credit_id": "1", "reason": "Deltageren var syg.", "lines": chosen or None}
    return CreditInvoice(**(values | changes))


def part(claim_id: str, net_ore: int) -> LineToCredit:
    return LineToCredit(claim_id=claim_id, net_ore=net_ore)


def issued(invoice: Invoice, credit: Credit) -> CreditNoteIssued:
    decided = issue_credit_note(
        Standing(invoice),
        credit,
        asked(),
        number=2,
        issued_on=CREDITED_ON,
        owner=OWNER,
        document_path="/invoicing/faktura/eksempel",
    )
    assert decided.facts == (decided.after,)
    return decided.after


def test_a_wish_without_a_name_is_refused_and_one_that_was_carried_out_has_its_credit_note() -> None:
    with pytest.raises(Refused, match="required"):
        check_name(asked(credit_id="  "))
    note = issued(TWO, to_credit(TWO, {}, asked()))
    assert carried_out(None, asked()) is None
    assert carried_out((note, asked()), asked()) == note
    with pytest.raises(Refused, match="credit_differs"):
        carried_out((note, asked()), asked("b"))


def test_a_credit_note_says_what_is_left_to_be_paid_or_paid_back() -> None:
    half = Standing(TWO, paid_ore=TWO.gross_ore, credited_ore=62_500)
    credit = to_credit(TWO, {"b": 50_000}, asked("a"))
    values: dict[str, Any] = {"number": 3, "issued_on": CREDITED_ON, "owner": OWNER, "document_path": "/k"}
    note = issue_credit_note(half, credit, asked("a"), **values).after
    assert (note.id, note.outstanding_ore) == ("N-3", -TWO.gross_ore)


def test_without_lines_all_of_the_invoice_is_credited_as_it_stands() -> None:
    credit = to_credit(INVOICE, {}, asked())
    assert (credit.lines, credit.net_ore, credit.vat_ore) == (INVOICE.lines, INVOICE.net_ore, INVOICE.vat_ore)
    assert (credit.gross_ore, credit.rounding_ore, credit.done) == (INVOICE.gross_ore, 0, (LINE.claim_id,))


def test_one_line_is_credited_and_the_next_time_only_what_is_left() -> None:
    first = to_credit(TWO, {}, asked("b"))
    assert ([line.claim_id for line in first.lines], first.gross_ore, first.done) == (["b"], 62_500, ("b",))
    rest = to_credit(TWO, {"b": 50_000}, asked())
    assert ([line.claim_id for line in rest.lines], rest.gross_ore, rest.done) == (["a"], 125_000, ("a",))


def test_a_part_of_a_line_is_one_piece_at_that_price_and_its_claim_is_not_done_with() -> None:
    three = an_invoice(a_line("a", 90_000, quantity=3, unit_price_ore=30_000))
    credit = to_credit(three, {}, asked(part("a", 30_000)))
    (line,) = credit.lines
    assert (line.quantity, line.unit_price_ore, line.net_ore, line.text) == (1, 30_000, 30_000, LINE.text)
    assert credit.done == ()
    assert to_credit(three, {"a": 30_000}, asked(part("a", 60_000))).done == ("a",)
    assert to_credit(three, {}, asked("a")).lines == three.lines


@pytest.mark.parametrize(
    ("command", "given_back", "code", "field"),
    [
        (asked(reason=" \n"), {}, "required", "reason"),
        (asked(reason="\t\r\n"), {}, "required", "reason"),
        (asked(reason="x" * (LONGEST_REASON + 1)), {}, "too_long", "reason"),
        (asked(lines=()), {}, "no_lines", "lines"),
        (asked("c"), {}, "unknown_line", "lines"),
        (asked("a", "a"), {}, "line_twice", "lines"),
        (asked(part("a", 0)), {}, "not_positive", "lines"),
        (asked(part("a", -1)), {}, "not_positive", "lines"),
        (asked(part("a", 100_001)), {}, "more_than_left", "lines"),
        (asked(part("a", 50_001)), {"a": 50_000}, "more_than_left", "lines"),
        (asked("a"), {"a": 100_000}, "line_credited", "lines"),
        (asked(), {"a": 100_000, "b": 50_000}, "nothing_left", "invoice_id"),
        (asked("a"), {"a": 100_000, "b": 50_000}, "nothing_left", "invoice_id"),
    ],
)
def test_what_cannot_be_credited_is_refused_with_the_field_that_is_wrong(
    command: CreditInvoice, given_back: dict[str, int], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        to_credit(TWO, given_back, command)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_reason_stands_there_without_what_no_document_can_carry() -> None:
    assert to_credit(TWO, {}, asked(reason=" Syg.\ufffe\r\nMeldt i dag. ")).reason == "Syg.\nMeldt i dag."


def test_three_parts_that_each_round_their_moms_up_come_to_the_invoice_all_the_same() -> None:
    invoice = an_invoice(a_line("a", 6))
    given_back, comes_to, rounded = 0, 0, []
    for _ in range(3):
        credit = to_credit(invoice, {"a": given_back} if given_back else {}, asked(part("a", 2)))
        assert (credit.vat_ore, moms(2, 25)) == (1, 1)
        given_back += 2
        comes_to += credit.credited_ore
        rounded.append(credit.rounding_ore)
    assert (invoice.gross_ore, comes_to, rounded) == (8, 8, [0, -1, 0])


LINES = st.lists(st.tuples(st.integers(1, 999), st.sampled_from([0, 25])), min_size=1, max_size=4)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(lines=LINES, data=st.data())
def test_however_an_invoice_is_credited_in_parts_it_ends_at_its_gross_amount_to_the_oere(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    invoice = an_invoice(*(a_line(str(at), net, percent) for at, (net, percent) in enumerate(lines)))
    given_back: dict[str, int] = {}
    comes_to = 0
    while comes_to < invoice.gross_ore:
        left = {line.claim_id: line.net_ore - given_back.get(line.claim_id, 0) for line in invoice.lines}
        open_lines = sorted(claim_id for claim_id, ore in left.items() if ore)
        chosen = data.draw(st.lists(st.sampled_from(open_lines), min_size=1, unique=True))
        parts = [
            part(claim_id, data.draw(st.integers(max(1, left[claim_id] // 3), left[claim_id]))) for claim_id in chosen
        ]
        credit = to_credit(invoice, given_back, asked(*parts))
        assert credit.vat_ore == sum(one.vat_ore for one in vat_sums(credit.lines))
        assert abs(credit.rounding_ore) <= 1
        assert credit.credited_ore >= credit.net_ore > 0
        document = credit_note_document(issued(invoice, credit), invoice)
        assert check(document, CREDITED_ON, demands_of(invoice.billing)) == ()
        assert document.totals.payable_ore == credit.credited_ore
        for line in credit.lines:
            given_back[line.claim_id] = given_back.get(line.claim_id, 0) + line.net_ore
        comes_to += credit.credited_ore
    assert comes_to == invoice.gross_ore
    assert given_back == {line.claim_id: line.net_ore for line in invoice.lines}


def test_the_credit_note_names_its_invoice_and_its_own_number_and_nothing_in_it_is_negative() -> None:
    note = issued(TWO, to_credit(TWO, {}, asked("b")))
    assert (note.id, note.invoice_id, note.subject) == ("N-2", "N-1", "invoice/N-1")
    document = credit_note_document(note, TWO)
    assert document.credited is not None
    assert (document.credited.id, document.credited.issued_on, document.credited.in_part) == (
        "N-1",
        TWO.issued_on,
        True,
    )
    assert document.told == document.totals
    whole = credit_note_document(issued(TWO, to_credit(TWO, {}, asked())), TWO)
    assert whole.credited is not None
    assert not whole.credited.in_part


def test_the_credit_note_as_json_says_its_id_and_moms_and_can_be_read_back() -> None:
    note = issued(TWO, to_credit(TWO, {}, asked("b")))
    told = as_told(note)
    assert (told["id"], told["vat_sums"]) == ("N-2", [{"vat_percent": 25, "net_ore": 50_000, "vat_ore": 12_500}])
    assert "owner" not in told


def test_a_credited_claim_is_not_invoiced_again_whatever_is_said_of_it_later() -> None:
    (claim,) = fee_claims(an_enrolment(), RECEIVED)
    with pytest.raises(ValueError, match="not invoiced"):
        credited(claim)
    done = credited(invoiced(claim, "N-1"))
    for later in (settle(done), settle(done._replace(wanted=False)), settle(done, MeetingEnd(cancelled=True))):
        assert (later.state, later.due_at, later.invoice_id) == ("credited", None, "N-1")
    assert settle(done, MeetingEnd(cancelled=True)).reason == MEETING_CANCELLED
    with pytest.raises(Refused, match="already_invoiced"):
        waive(done, "Fejl.")
