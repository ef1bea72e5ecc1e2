"""Name tags and the list of those who come, as files; nothing is read or written for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters.meeting_papers import Paper, write
from services.enrollment.domain.attendees import Attendee
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.programme import Programme
from shared.contracts.time import day_of


def print_meeting(
    paper: Paper, programme: Programme, copy: MeetingCopy, people: Sequence[Attendee], now: datetime
) -> bytes:
    """Dated the day that it is printed. Takes a core for tens of milliseconds: it belongs in a thread."""
    about = {
        "meeting": copy.meeting.title,
        "when": when_text(copy.meeting),
        "where": where_text(copy.meeting) or "",
        "programme": programme.ref.title,
        "seller": programme.ref.seller.name,
    }
    return write(paper, about, people, day_of(now))
