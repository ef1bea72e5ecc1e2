"""The words people read for where an enrolment or a meeting stands."""

from __future__ import annotations

from typing import Literal

State = Literal["invited", "declined", "received", "waitlisted", "enrolled", "not_approved", "withdrawn", "lapsed"]

ForbeholdState = Literal["none", "open", "approved", "refused"]

MeetingState = Literal["planned", "scheduled", "cancelled", "held"]

ANSWERED: frozenset[State] = frozenset({"declined", "waitlisted", "enrolled", "not_approved", "withdrawn", "lapsed"})
"""Whoever stands so has answered the invitation and is not reminded of it.

`received`, which an earlier version wrote, is a form that nobody has confirmed: that is no answer.
"""
UNANSWERED: frozenset[State] = frozenset({"invited", "received"})

_WORDS: dict[State, str] = {
    "invited": "Inviteret",
    "declined": "Har takket nej",
    "received": "Modtaget",
    "waitlisted": "På venteliste",
    "enrolled": "Plads bekræftet",
    "not_approved": "Ikke godkendt politisk",
    "withdrawn": "Afmeldt",
    "lapsed": "Bortfaldet",
}

CALLED_OFF = "Aflyst"
"""Of whatever had not ended when its programme was called off."""


def status(state: State, *, forbehold_open: bool = False, position: int | None = None, allotted: bool = True) -> str:
    """`position` is the place on the waiting list, computed when read and never stored.

    Not `allotted`: places are given after the deadline, and that is not over; so nobody waits for one yet.
    """
    if state == "waitlisted" and not allotted:
        return _WORDS["received"]
    if state == "enrolled" and forbehold_open:
        return "Plads reserveret – med forbehold for politisk godkendelse"
    if state == "waitlisted" and forbehold_open:
        return "På venteliste – med forbehold"
    if state == "waitlisted" and position is not None:
        return f"På venteliste (nr. {position})"
    return _WORDS[state]


def meeting_status(state: MeetingState, date_version: int) -> str:
    """A dated meeting whose date has changed since its first is `Flyttet`."""
    words: dict[MeetingState, str] = {
        "planned": "Planlagt (uden dato)",
        "scheduled": "Flyttet" if date_version else "Dato fastsat",
        "cancelled": "Aflyst",
        "held": "Afholdt",
    }
    return words[state]
