"""Whoever comes to a meeting, as they stand on a list and on a name tag."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.danish import danish_sort_key


@dataclass(frozen=True, slots=True)
class Attendee:
    """`enrolment_id` is empty of a guest, whose `organisation` is then what they come with, if anything."""

    enrolment_id: str
    organisation: str
    person_id: str
    name: str
    email: str
    level: str = ""
    walked_in: bool = False


def by_name(people: Iterable[Attendee]) -> list[Attendee]:
    """As one looks for a name: in Danish order, those of the same name by organisation."""
    return sorted(people, key=lambda one: (danish_sort_key(one.name), danish_sort_key(one.organisation), one.person_id))
