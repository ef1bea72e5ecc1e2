"""The address book as a form has it, two who change it, and which mails say that a mailbox refuses them."""

from __future__ import annotations

import pytest

from services.enrollment.domain.address_book import Entry, Unit, all_differences, rewritten, version_of
from services.enrollment.domain.book import Refused, refused_mailbox, rows_of_sheet, sought
from services.enrollment.domain.book_form import both_heard, fields_of
from shared.contracts.notifications import AddressBounced, MessageFailed
from shared.contracts.parties import Billing, Organisation
from shared.contracts.seen import Clash

AARHUS = Organisation(code="0751", name="Aarhus Kommune", cvr="55133018")
ENTRY = Entry(AARHUS, "post@k.example", {"borgmester": "bm@k.example"}, Billing(ean="5798000000001"))


def test_what_only_one_has_changed_holds_and_what_both_have_is_for_whoever_comes_last_to_choose() -> None:
    base = {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}
    theirs = {"a": "1", "b": "2", "c": "2", "d": "2"}
    mine = {"a": "3", "b": "1", "c": "3", "d": "2", "e": "1"}
    found = both_heard(base, theirs, mine)
    assert found.values == {"a": "3", "b": "2", "c": "3", "d": "2"}
    assert found.clashes == (
        Clash(("b",), ("1",), ("2",), ("1",), both=False),
        Clash(("c",), ("1",), ("2",), ("3",), both=True),
        Clash(("e",), ("1",), ("",), ("1",), both=False),
    )
    assert both_heard(base, base, mine).clashes == (), "nobody else has changed anything"


def test_an_entry_that_is_otherwise_has_another_version_and_the_same_one_the_same() -> None:
    again = rewritten(ENTRY, ENTRY.main_email, dict(ENTRY.roles or {}), ENTRY.billing).after
    assert version_of(again) == version_of(ENTRY)
    for other in (
        rewritten(ENTRY, None, {}, ENTRY.billing).after,
        rewritten(ENTRY, ENTRY.main_email, dict(ENTRY.roles or {}), Billing()).after,
        rewritten(ENTRY, ENTRY.main_email, dict(ENTRY.roles or {}), ENTRY.billing, None, ("k.example",)).after,
        rewritten(ENTRY, ENTRY.main_email, {}, ENTRY.billing, None, None, (Unit("u", "U", Billing()),)).after,
    ):
        assert version_of(other) != version_of(ENTRY)


def test_what_is_taken_away_is_a_difference_as_well() -> None:
    gone = rewritten(ENTRY, ENTRY.main_email, {}, ENTRY.billing).after
    ((unit, found),) = all_differences(ENTRY, gone)
    assert (unit, [str(one) for one in found]) == (None, ["rolle: borgmester: bm@k.example → (tom)"])
    assert fields_of(ENTRY)["roles.borgmester"] == "bm@k.example"


def failed(recipient: str, reason: str) -> MessageFailed:
    about = {"template": "t", "about": "a/b", "occasion": "1"}
    return MessageFailed(owner="/o", message_id="m", recipient=recipient, reason=reason, **about)


def bounced(recipient: str, status: str) -> AddressBounced:
    return AddressBounced(owner="/o", message_id="m", recipient=recipient, status=status)


@pytest.mark.parametrize(
    ("fact", "found"),
    [
        (failed("0751/hovedpostkasse", "smtp_550"), Refused("0751", "hovedpostkasse", "smtp_550")),
        (failed("p.x/kst. direktør", "invalid_address"), Refused("p.x", "kst. direktør", "invalid_address")),
        (failed("0751/hovedpostkasse", "gave_up"), None),
        (failed("a-person", "smtp_550"), None),
        (bounced("0751/borgmester", "5.1.1"), Refused("0751", "borgmester", "5.1.1")),
        (bounced("0751/borgmester", "4.2.2"), None),
        (bounced("/borgmester", "5.1.1"), None),
    ],
)
def test_a_mailbox_refuses_mails_where_the_answer_is_for_good(
    fact: MessageFailed | AddressBounced, found: Refused | None
) -> None:
    assert refused_mailbox(fact) == found


def test_a_sheet_has_a_row_for_the_organisation_and_one_for_each_unit() -> None:
    whole = rewritten(ENTRY, ENTRY.main_email, {}, ENTRY.billing, None, None, (Unit("u", "U", Billing()),)).after
    assert [(one["kommunekode"], one.get("enhed")) for one in rows_of_sheet(whole)] == [("0751", None), ("0751", "u")]
    assert (sought(" % ").name, sought("  ").is_empty, sought("ÅRHUS").name) == ("", True, sought("aarhus").name)
