"""What scheduling does when a time comes."""

from __future__ import annotations

from services.scheduling.domain.meeting import HOLD_MEETING
from services.scheduling.usecases.hold_meetings import hold_meetings
from shared.runtime.timers import at

TIMERS = (at(HOLD_MEETING, hold_meetings),)
