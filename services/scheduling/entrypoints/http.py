"""What can be asked of scheduling over HTTP."""

from __future__ import annotations

from services.scheduling.entrypoints import acts
from services.scheduling.usecases.read_meetings import read_meeting, read_meetings
from shared.web.routes import listing, read, write

_MEETINGS = "/api/scheduling/meetings"
_MEETING = f"{_MEETINGS}/{{meeting_id}}"

ROUTES = (
    listing(_MEETINGS, read_meetings, scope="staff", filters=("programme_id", "group", "state")),
    read(_MEETING, read_meeting, scope="staff"),
    write("POST", _MEETINGS, acts.PLAN, scope="staff"),
    write("POST", f"{_MEETING}/date", acts.SET_DATE, scope="staff"),
    write("POST", f"{_MEETING}/cancel", acts.CANCEL, scope="staff"),
    write("POST", f"{_MEETING}/held", acts.MARK_HELD, scope="staff"),
)
