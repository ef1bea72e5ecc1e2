"""What scheduling listens to: the table of contents."""

from __future__ import annotations

from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.follow_programmes import cancel_meetings, change_meetings, plan_meetings
from services.scheduling.usecases.mark_meeting_held import mark_meeting_held
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.scheduling import CancelMeeting, MarkMeetingHeld, PlanMeeting, SetMeetingDate
from shared.messaging.subscriptions import intake, on

SUBSCRIPTIONS = (
    on(ProgrammePublished, plan_meetings),
    on(ProgrammeChanged, change_meetings),
    on(ProgrammeCancelled, cancel_meetings),
    intake(PlanMeeting, plan_meeting),
    intake(SetMeetingDate, set_meeting_date),
    intake(CancelMeeting, cancel_meeting),
    intake(MarkMeetingHeld, mark_meeting_held),
)
