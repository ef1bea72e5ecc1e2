"""Who came to a list of people and who left it: what its count is explained by, however it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.parties import Person

Kind = Literal["came", "took_over", "left"]


@dataclass(frozen=True, slots=True)
class Move:
    """What became of the seat of this number, and whose wish it was (`actor`, as in causes).

    `person` is who has it since, or had it; `still_billed`: left too late to cost nothing.
    """

    kind: Kind
    number: int
    person: Person
    at: datetime
    actor: str | None
    still_billed: bool = False


def moves(
    before: Mapping[int, Person],
    after: Mapping[int, Person],
    at: datetime,
    actor: str | None,
    left_late: frozenset[int] = frozenset(),
) -> tuple[Move, ...]:
    """Between two states of a list, by number; that somebody is written otherwise is none."""
    left = [Move("left", one, before[one], at, actor, one in left_late) for one in before if one not in after]
    came = [Move("came", one, after[one], at, actor) for one in after if one not in before]
    took_over = [
        Move("took_over", one, after[one], at, actor)
        for one in after
        if one in before and after[one].person_id != before[one].person_id
    ]
    return (*left, *came, *took_over)
