"""What scheduling listens to: the table of contents."""

from __future__ import annotations

from services.scheduling.entrypoints import acts
from services.scheduling.usecases.follow_enrolments import (
    follow_answers,
    follow_lapses,
    follow_places,
    follow_withdrawals,
)
from services.scheduling.usecases.follow_programmes import cancel_meetings, change_meetings, plan_meetings
from services.scheduling.usecases.forget_people import FORGETTING
from shared.contracts.enrollment import (
    ClientChanged,
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    MunicipalityEnrolled,
    PersonErased,
    ProgrammeCancelled,
    ProgrammeChanged,
    ProgrammePublished,
    ReservationResolved,
    SessionsRevoked,
)
from shared.messaging.subscriptions import intake, on
from shared.runtime.clients import follow_clients
from shared.runtime.sessions import follow_sessions

SUBSCRIPTIONS = (
    on(ProgrammePublished, plan_meetings),
    on(ProgrammeChanged, change_meetings),
    on(ProgrammeCancelled, cancel_meetings),
    on(MunicipalityEnrolled, follow_places),
    on(ReservationResolved, follow_answers),
    on(EnrolmentWithdrawn, follow_withdrawals),
    on(EnrolmentLapsed, follow_lapses),
    on(PersonErased, FORGETTING.follow),
    on(SessionsRevoked, follow_sessions),
    on(ClientChanged, follow_clients),
    intake(acts.PLAN),
    intake(acts.SET_DATE),
    intake(acts.CANCEL),
    intake(acts.MARK_HELD),
    intake(acts.COMPLETE_STEP),
)
