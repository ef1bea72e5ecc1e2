"""Which links lead to an enrolment's invoices, and which were closed.

A closing is told with the generation of the links that are good since. The highest that was heard of holds, in
whichever order; a link says the generation that it is of, and one that says none is of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Whose = tuple[str, str]
"""Enrolment and person."""


class Closings(NamedTuple):
    """The generation that is good of the contact's pages, and of what whoever holds the billing role has."""

    contact: int = 0
    billing: int = 0

    def lets_in(self, generation: int) -> bool:
        """Whether a contact comes by links of this generation."""
        return generation >= self.contact


class Recipient(NamedTuple):
    """Who is written to about an enrolment's invoices, and the generation of the links to documents that they get now:
    how often either was closed.
    """

    person_id: str
    generation: int = 0

    def opens(self, generation: int) -> bool:
        """Whether a link to a document, of this generation, still does."""
        return generation >= self.generation


OPEN = Closings()
"""Of whoever's links never were closed."""


def latest(told: Iterable[tuple[Whose, Closings]]) -> Mapping[Whose, Closings]:
    """Of each person the highest of what was told."""
    found: dict[Whose, Closings] = {}
    for whose, one in told:
        known = found.get(whose, OPEN)
        found[whose] = Closings(max(known.contact, one.contact), max(known.billing, one.billing))
    return found
