"""Another system tells the facts, `enrollment` and `scheduling` are not there: invoices and mails follow."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local import producers
from tests.support import external_producer as crm
from tests.support.external_producer import Producer
from tests.support.servers import Templates
from tests.support.stack import Installation

ORDERS = tuple(itertools.permutations(("enrolled", "scheduled", "extra", "held")))
CRM = producers.grant(crm.NAME, ["enrollment", "scheduling"], [crm.SOURCE])
FEES_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
EXTRAS_DUE = datetime(2020, 11, 13, 7, tzinfo=UTC)
FEE, EXTRA = (1_950_000, 2_437_500), (100_000, 125_000)
"""Without and with moms."""

pytestmark = pytest.mark.timeout(300)


def facts_of(number: int) -> dict[str, dict[str, Any]]:
    """The four facts about one municipality and the meeting of its own group, told with sequences where it may."""
    code, meeting_id = f"{number:04}", f"crm-meeting-{number}"
    orderly = number % 2 == 0
    facts = {
        "enrolled": crm.enrolled(code, **({"sequence": 1} if orderly else {})),
        "extra": crm.with_extra(code, meeting_id, **({"sequence": 1} if orderly else {})),
        # These two have one key: a producer that numbers its events tells them in their order.
        "scheduled": crm.scheduled(meeting_id),
        "held": crm.held(meeting_id),
    }
    facts["enrolled"]["data"]["group"] = code
    for name in ("extra", "scheduled", "held"):
        facts[name]["data"]["meeting"]["group"] = code
    return facts


async def play(installation: Installation, *, told_again: bool) -> None:
    """All orders side by side: the first fact of each, then the second of each, …; each step is read first."""
    everything = [facts_of(number) for number in range(len(ORDERS))]
    async with Producer(str(installation.kafka), installation.prefix, crm.NAME) as producer:
        for step in range(4):
            await producer.tell(*(everything[number][order[step]] for number, order in enumerate(ORDERS)))
            await installation.settled()
        if told_again:
            for facts in everything:
                await producer.tell(*facts.values())
                # A producer that does not number its facts may forget what it has said, and say it under other ids.
                again = [{**fact, "id": f"again-{fact['id']}"} for fact in facts.values() if "sequence" not in fact]
                await producer.tell(*again)
            await installation.settled()


async def sums(installation: Installation) -> Counter[tuple[int, int]]:
    rows = await installation.rows("invoicing", "SELECT net_ore, gross_ore FROM invoices")
    return Counter((row["net_ore"], row["gross_ore"]) for row in rows)


@pytest.fixture
async def both(kafka: str, _templates: Templates) -> AsyncIterator[Installation]:
    async with Installation(kafka, _templates, ("invoicing", "notifications")) as made:
        await made.start_all()
        # Its readers are there already.
        await made.admit(CRM)
        yield made


async def test_invoices_and_mails_follow_from_another_systems_facts_in_any_order(both: Installation) -> None:
    await play(both, told_again=True)
    assert await sums(both) == {}
    await both.move_clock(FEES_DUE)
    await both.settled()
    assert await sums(both) == {FEE: 24}
    await both.move_clock(EXTRAS_DUE)
    await both.settled()
    assert await sums(both) == {FEE: 24, EXTRA: 24}
    assert await both.broken() == []
    mails = await both.mails()
    for number in range(len(ORDERS)):
        to_contact = [mail for mail in mails if mail["to"] == [f"asta@kommune{number:04}.example"]]
        invitations = [mail for mail in to_contact if mail["calendar"] == "REQUEST"]
        assert len(invitations) == 1, ORDERS[number]
        assert [mail for mail in to_contact if mail["calendar"] not in (None, "REQUEST")] == []
        templates = Counter(await _templates_for(both, f"crm-person-{number:04}"))
        assert templates["place_confirmed"] == templates["extra_participant"] == 1, ORDERS[number]
        assert templates["invoice"] == 2, ORDERS[number]


async def _templates_for(installation: Installation, person_id: str) -> list[str]:
    query = "SELECT template FROM messages WHERE recipient = $1 AND state = 'sent'"
    return [row["template"] for row in await installation.rows("notifications", query, person_id)]


async def test_an_extra_participant_is_billed_when_the_meeting_was_held_and_not_before(both: Installation) -> None:
    async with Producer(str(both.kafka), both.prefix, crm.NAME) as producer:
        await producer.tell(crm.with_extra("7001"), crm.scheduled())
        await both.settled()
        await both.move_clock(EXTRAS_DUE)
        await both.settled()
        assert await sums(both) == {}
        await producer.tell(crm.held())
        await both.settled()
        assert await sums(both) == {EXTRA: 1}
        # Somebody else is registered after the fact: a bill of its own.
        await producer.tell(crm.with_extra("7002"))
        await both.settled()
        assert await sums(both) == {EXTRA: 2}
    assert await both.broken() == []


@pytest.fixture
async def scaled(kafka: str, _templates: Templates) -> AsyncIterator[Installation]:
    roles = {"invoicing": {"invoicing": "web", "relay": "relay", "worker-1": "worker", "worker-2": "worker"}}
    async with Installation(kafka, _templates, ("invoicing",), roles) as made:
        await made.admit(CRM)
        await made.start_all()
        yield made


async def test_two_workers_of_one_service_come_to_the_same_result(scaled: Installation) -> None:
    await play(scaled, told_again=True)
    await scaled.move_clock(FEES_DUE)
    await scaled.settled()
    await scaled.move_clock(EXTRAS_DUE)
    await scaled.settled()
    assert await sums(scaled) == {FEE: 24, EXTRA: 24}
    assert await scaled.broken() == []
