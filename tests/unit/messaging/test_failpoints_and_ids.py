"""Failpoints act once, where they were asked to; ids sort as they were made, and repeat only in a simulation."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from shared.base import failpoints
from shared.base.failpoints import FailpointReached, failpoint, read
from shared.base.ids import new_id, seed_ids


@pytest.mark.parametrize("text", ["relay.before_sent:kill", "relay.before_send", "relay.before_send:stop", "a:b:c:d"])
def test_a_typo_is_an_error_for_it_would_prove_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="FAILPOINT"):
        read(text)


async def test_the_nth_time_acts_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_armed", read("consumer.before_commit:raise:3, api.after_commit:raise"))
    await failpoint("consumer.before_commit")
    await failpoint("consumer.before_commit")
    with pytest.raises(FailpointReached):
        await failpoint("consumer.before_commit")
    await failpoint("consumer.before_commit")
    await failpoint("relay.before_send")


@pytest.fixture
def _unseeded() -> Iterator[None]:
    seed_ids(None)
    yield
    seed_ids(None)


@pytest.mark.usefixtures("_unseeded")
def test_ids_are_uuid7_and_sort_as_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {UUID(one).version for one in made} == {7}


@pytest.mark.usefixtures("_unseeded")
def test_a_seed_gives_the_same_ids_and_another_seed_others() -> None:
    seed_ids("1/invoicing/1")
    first = [new_id() for _ in range(3)]
    seed_ids("1/invoicing/1")
    assert [new_id() for _ in range(3)] == first
    seed_ids("1/invoicing/2")
    assert not {new_id() for _ in range(3)} & set(first)
