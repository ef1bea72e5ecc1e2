"""What scheduling does when a time comes."""

from __future__ import annotations

from services.scheduling.domain.meeting import CANCEL_MEETINGS, FOLLOW_PLAN, HOLD_MEETING
from services.scheduling.usecases.follow_programmes import cancel_the_rest, follow_the_rest
from services.scheduling.usecases.forget_people import FORGETTING
from services.scheduling.usecases.hold_meetings import hold_meetings
from shared.runtime.erasure import FORGET_PERSON
from shared.runtime.timers import at

TIMERS = (
    at(HOLD_MEETING, hold_meetings),
    at(FOLLOW_PLAN, follow_the_rest, at_once=1),
    at(CANCEL_MEETINGS, cancel_the_rest, at_once=1),
    at(FORGET_PERSON, FORGETTING.go_on, at_once=1),
)
