"""What this service listens to."""

from __future__ import annotations

from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.enrol_municipalities import enrol_municipality
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeGroup,
    EnrolMunicipality,
    InviteMunicipalities,
    RegisterParticipant,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
)
from shared.messaging.subscriptions import intake, on

SUBSCRIPTIONS = (
    on(MeetingPlanned, follow_meetings),
    on(MeetingScheduled, follow_meetings),
    on(MeetingRescheduled, follow_meetings),
    on(MeetingCancelled, follow_meetings),
    on(MeetingHeld, follow_meetings),
    intake(EnrolMunicipality, enrol_municipality),
    intake(WithdrawEnrolment, withdraw_enrolment),
    intake(ChangeGroup, change_group),
    intake(InviteMunicipalities, invite_municipalities),
    intake(RegisterParticipant, register_participant),
    intake(ReplaceParticipant, replace_participant),
    intake(CancelParticipant, cancel_participant),
)
