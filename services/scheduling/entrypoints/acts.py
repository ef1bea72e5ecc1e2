"""What scheduling can be asked to do; the doors (http, kafka) say by which way."""

from __future__ import annotations

from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.complete_step import complete_step
from services.scheduling.usecases.forget_people import FORGETTING
from services.scheduling.usecases.mark_meeting_held import mark_meeting_held
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.rehearse_version import RehearseMeetings, rehearse_version
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.base.acts import act
from shared.contracts.scheduling import CancelMeeting, CompleteStep, MarkMeetingHeld, PlanMeeting, SetMeetingDate
from shared.runtime.erasure import FindPeople, ForgetPerson, KeepErased

PLAN = act(PlanMeeting, plan_meeting, status=201)
SET_DATE = act(SetMeetingDate, set_meeting_date)
CANCEL = act(CancelMeeting, cancel_meeting)
MARK_HELD = act(MarkMeetingHeld, mark_meeting_held)
COMPLETE_STEP = act(CompleteStep, complete_step)
REHEARSE = act(RehearseMeetings, rehearse_version, kept=False)
FORGET = act(ForgetPerson, FORGETTING.forget)
KEEP_ERASED = act(KeepErased, FORGETTING.keep)
FIND_PEOPLE = act(FindPeople, FORGETTING.search)
"""A question, asked as a wish because an address stands in no path."""
