"""What this service listens to."""

from __future__ import annotations

from services.enrollment.entrypoints import acts
from services.enrollment.usecases.deliver_by_steps import follow_steps
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.follow_refusals import follow_refusals
from shared.contracts.notifications import AddressBounced, MessageFailed
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    StepCompleted,
)
from shared.messaging.subscriptions import intake, on

SUBSCRIPTIONS = (
    on(MeetingPlanned, follow_meetings),
    on(MeetingScheduled, follow_meetings),
    on(MeetingRescheduled, follow_meetings),
    on(MeetingCancelled, follow_meetings),
    on(MeetingHeld, follow_meetings),
    on(StepCompleted, follow_steps),
    on(AddressBounced, follow_refusals),
    on(MessageFailed, follow_refusals),
    intake(acts.ENROL),
    intake(acts.VOUCH),
    intake(acts.DISMISS),
    intake(acts.DISMISS_ALIKE),
    intake(acts.WITHDRAW),
    intake(acts.RESOLVE),
    intake(acts.CHANGE_RESERVATION),
    intake(acts.CHANGE_BILLING),
    intake(acts.CANCEL_PROGRAMME),
    intake(acts.CHANGE_CAPACITY),
    intake(acts.CHANGE_CONTACT),
    intake(acts.CHANGE_ROLE),
    intake(acts.REVOKE_LINKS),
    intake(acts.CHANGE_GROUP),
    intake(acts.ERASE),
    intake(acts.RECORD_ARCHIVE),
    intake(acts.MERGE_GROUPS),
    intake(acts.INVITE),
    intake(acts.REGISTER),
    intake(acts.REPLACE),
    intake(acts.CHANGE_EXTRA_BILLING),
    intake(acts.CANCEL),
    intake(acts.ORDER),
    intake(acts.QUOTE),
    intake(acts.ACCEPT),
    intake(acts.DECLINE_QUOTE),
    intake(acts.WITHDRAW_OPTION),
    intake(acts.CHANGE_OPTION_BILLING),
    intake(acts.DELIVER),
    intake(acts.WALK_IN),
    intake(acts.NAME_MEMBER),
    intake(acts.REPLACE_MEMBER),
    intake(acts.REMOVE_MEMBER),
    intake(acts.CALL_MEMBER),
    intake(acts.CALL_MEMBER_OFF),
    intake(acts.INVITE_GUEST),
    intake(acts.REMOVE_GUEST),
)
