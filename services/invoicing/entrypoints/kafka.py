"""What invoicing listens to: the table of contents."""

from __future__ import annotations

from services.invoicing.entrypoints import acts
from services.invoicing.usecases.appoint_contacts import appoint_contacts
from services.invoicing.usecases.change_billings import (
    change_billings,
    change_extra_billings,
    change_option_billings,
)
from services.invoicing.usecases.claim_extra_participant import claim_extra_participant
from services.invoicing.usecases.claim_fees import claim_fees
from services.invoicing.usecases.claim_options import claim_options
from services.invoicing.usecases.close_ways import close_ways_of_contacts, close_ways_of_people
from services.invoicing.usecases.follow_meetings import release_extra_participants, withdraw_extra_participants
from services.invoicing.usecases.follow_roles import follow_roles
from services.invoicing.usecases.forget_people import FORGETTING
from services.invoicing.usecases.release_options import release_options
from services.invoicing.usecases.resolve_reservations import resolve_reservations
from services.invoicing.usecases.withdraw_extra_participant import withdraw_extra_participant
from services.invoicing.usecases.withdraw_fees import lapse_fees, withdraw_fees, withdraw_fees_of_programmes
from services.invoicing.usecases.withdraw_options import withdraw_options
from shared.contracts.enrollment import (
    BillingChanged,
    ClientChanged,
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    ExtraBillingChanged,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    LinksRevoked,
    MunicipalityEnrolled,
    OptionBillingChanged,
    OptionDelivered,
    OptionOrdered,
    OptionWithdrawn,
    OwnLinksRevoked,
    PersonErased,
    ProgrammeCancelled,
    ReservationResolved,
    RoleAppointed,
    SessionsRevoked,
    TovholderAppointed,
)
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld
from shared.messaging.subscriptions import intake, on
from shared.runtime.clients import follow_clients
from shared.runtime.sessions import follow_sessions

SUBSCRIPTIONS = (
    on(MunicipalityEnrolled, claim_fees),
    on(ReservationResolved, resolve_reservations),
    on(EnrolmentWithdrawn, withdraw_fees),
    on(EnrolmentLapsed, lapse_fees),
    on(ProgrammeCancelled, withdraw_fees_of_programmes),
    on(BillingChanged, change_billings),
    on(TovholderAppointed, appoint_contacts),
    on(RoleAppointed, follow_roles),
    on(LinksRevoked, close_ways_of_contacts),
    on(OwnLinksRevoked, close_ways_of_people),
    on(ExtraParticipantAdded, claim_extra_participant),
    on(ExtraBillingChanged, change_extra_billings),
    on(ExtraParticipantRemoved, withdraw_extra_participant),
    on(OptionOrdered, claim_options),
    on(OptionBillingChanged, change_option_billings),
    on(OptionWithdrawn, withdraw_options),
    on(OptionDelivered, release_options),
    on(PersonErased, FORGETTING.follow),
    on(SessionsRevoked, follow_sessions),
    on(ClientChanged, follow_clients),
    on(MeetingHeld, release_extra_participants),
    on(MeetingCancelled, withdraw_extra_participants),
    intake(acts.CORRECT_BILLING),
    intake(acts.CREDIT),
    intake(acts.REGISTER_PAYMENT),
    intake(acts.RELEASE),
    intake(acts.WAIVE),
)
