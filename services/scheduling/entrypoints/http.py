"""What can be asked of scheduling over HTTP."""

from __future__ import annotations

from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.mark_meeting_held import mark_meeting_held
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.read_meetings import get_meeting, list_meetings
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.scheduling import CancelMeeting, MarkMeetingHeld, PlanMeeting, SetMeetingDate
from shared.web.routes import read, write

ROUTES = (
    read("/api/scheduling/meetings", list_meetings, scope="staff"),
    read("/api/scheduling/meetings/{meeting_id}", get_meeting, scope="staff"),
    write("POST", "/api/scheduling/meetings", PlanMeeting, plan_meeting, scope="staff", status=201),
    write("POST", "/api/scheduling/meetings/{meeting_id}/date", SetMeetingDate, set_meeting_date, scope="staff"),
    write("POST", "/api/scheduling/meetings/{meeting_id}/cancel", CancelMeeting, cancel_meeting, scope="staff"),
    write("POST", "/api/scheduling/meetings/{meeting_id}/held", MarkMeetingHeld, mark_meeting_held, scope="staff"),
)
