"""Where something owed stands for those who follow a programme's money: from what is not due yet to what is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from shared.contracts.money import with_moms

Stands = Literal[
    "waiting",
    "held_back",
    "ready",
    "issued",
    "overdue",
    "paid",
    "to_credit",
    "credited",
    "waived",
    "withdrawn",
]
STANDS: tuple[Stands, ...] = get_args(Stands)
TITLES: Mapping[Stands, str] = {
    "waiting": "Afventer",
    "held_back": "Holdt tilbage",
    "ready": "Klar til fakturering",
    "issued": "Udstedt",
    "overdue": "Forfalden",
    "paid": "Betalt",
    "to_credit": "Bør krediteres",
    "credited": "Krediteret",
    "waived": "Faktureres ikke",
    "withdrawn": "Bortfaldet",
}
TO_COME: tuple[Stands, ...] = ("waiting", "held_back", "ready")
"""What is owed and not invoiced."""


@dataclass(frozen=True, slots=True)
class Row:
    """A claim, with its invoice where it is on one. Amounts in øre; `outstanding_ore` is the whole invoice's."""

    claim_id: str
    stands: Stands
    organisation: str
    enrolment_id: str
    text: str
    person_name: str | None
    net_ore: int
    vat_percent: int
    why: str
    due_at: datetime | None
    asked: bool
    """Its programme was called off, and staff are asked whether it is owed."""
    invoice_id: str | None
    due_on: date | None
    outstanding_ore: int | None

    @property
    def gross_ore(self) -> int:
        """With the moms of this line alone; an invoice takes it of its sum."""
        return with_moms(self.net_ore, self.vat_percent)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a programme, in øre with moms, and how many claims stand where. `to_come_net_ore` is without moms.

    `to_come` sums the lines; of the others each is what the documents say.
    """

    counts: Mapping[Stands, int]
    to_come_net_ore: int
    to_come_ore: int
    invoiced_net_ore: int
    invoiced_ore: int
    credited_ore: int
    paid_ore: int
    outstanding_ore: int
    overdue_ore: int

    def shares(self, width: int) -> tuple[tuple[str, int, int], ...]:
        """What the money is divided into, as a line so wide: (which, from, wide). Whatever there is of it is seen."""
        parts = (
            ("paid", max(0, min(self.paid_ore, self.invoiced_ore - self.credited_ore))),
            ("outstanding", max(0, self.outstanding_ore - self.overdue_ore)),
            ("overdue", self.overdue_ore),
            ("to_come", self.to_come_ore),
        )
        seen = [(which, ore) for which, ore in parts if ore > 0]
        whole = sum(ore for _, ore in seen)
        found, at = [], 0
        for left, (which, ore) in zip(range(len(seen) - 1, -1, -1), seen, strict=True):
            # Each that is still to come keeps a unit.
            wide = min(max(1, round(width * ore / whole)), width - at - left) if left else width - at
            found.append((which, at, wide))
            at += wide
        return tuple(found)


def stands_named(word: str) -> Stands | None:
    return next((one for one in STANDS if one == word), None)
