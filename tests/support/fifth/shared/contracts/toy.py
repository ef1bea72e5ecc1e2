"""What `toy` tells, hears and is asked: a fifth service for a test, one folder and this module."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.event import Command, Event, IntakeRejected, command, fact

SERVICE = "toy"

SUBJECTS = {"toy": "one toy"}

EFFECTS = {
    "tovholder.enrollment.MunicipalityEnrolled.v1": ("gives the municipality a toy", "toy"),
    "tovholder.toy.ToyGiven.v1": ("counts it", "toy"),
}

IN_DANISH = {
    "tovholder.toy.ToyGiven.v1": "nogen fik et stykke legetøj",
    "tovholder.toy.IntakeRejected.v1": "et ønske blev afvist af legetøjet",
    "tovholder.toy.GiveToy.v1": "nogen bad om et stykke legetøj",
}


@fact
class ToyGiven(Event):
    """Somebody has a toy."""

    type: ClassVar[str] = "tovholder.toy.ToyGiven.v1"
    service: ClassVar[str] = SERVICE

    toy_id: str
    to: str

    @property
    def subject(self) -> str:
        return f"toy/{self.toy_id}"

    @property
    def scope(self) -> str:
        return "toy"


@fact
class ToyIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.toy.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


@command
class GiveToy(Command):
    """Give somebody a toy."""

    type: ClassVar[str] = "tovholder.toy.GiveToy.v1"
    service: ClassVar[str] = SERVICE

    toy_id: str
    to: str
