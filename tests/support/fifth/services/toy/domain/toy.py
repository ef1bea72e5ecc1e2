"""A toy is given once."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.toy import ToyGiven

from shared.contracts.decision import Decision
from shared.contracts.refusal import Refused


@dataclass(frozen=True, slots=True)
class Toy:
    toy_id: str
    to: str


def give(standing: Toy | None, toy_id: str, to: str, owner: str) -> Decision[Toy]:
    """To the same one again changes nothing."""
    if standing is not None and standing.to != to:
        raise Refused("given_away", "Det er givet til en anden.", field="toy_id")
    if standing is not None:
        return Decision(standing)
    return Decision(Toy(toy_id, to), (ToyGiven(owner=owner, toy_id=toy_id, to=to),))
