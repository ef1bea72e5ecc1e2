"""How letters are divided among the connections to the mail server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.workers.mailer import share


@dataclass(frozen=True)
class Letter:
    address_key: str
    number: int

    @property
    def message(self) -> Letter:
        return self


def divided(addresses: list[str], ways: int) -> list[list[Letter]]:
    letters: Any = [Letter(address, number) for number, address in enumerate(addresses)]
    return cast("list[list[Letter]]", share(letters, ways))


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 8))
def test_no_letter_is_lost_and_one_mailbox_has_one_connection_in_order(addresses: list[str], ways: int) -> None:
    shared = divided(addresses, ways)
    assert len(shared) == ways
    assert sorted(letter.number for way in shared for letter in way) == list(range(len(addresses)))
    for address in set(addresses):
        (numbers,) = (found for way in shared if (found := [one.number for one in way if one.address_key == address]))
        assert numbers == sorted(numbers)


def test_different_mailboxes_share_the_connections() -> None:
    assert [len(way) for way in divided(["a", "b", "c", "d", "a"], 4)] == [2, 1, 1, 1]
