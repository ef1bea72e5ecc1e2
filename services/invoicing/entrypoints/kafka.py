"""What invoicing listens to: the table of contents."""

from __future__ import annotations

from services.invoicing.usecases.appoint_contacts import appoint_contacts
from services.invoicing.usecases.claim_extra_participant import claim_extra_participant
from services.invoicing.usecases.claim_fees import claim_fees
from services.invoicing.usecases.correct_billing import correct_billing
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.follow_meetings import release_extra_participants, withdraw_extra_participants
from services.invoicing.usecases.register_payment import register_payment
from services.invoicing.usecases.resolve_reservations import resolve_reservations
from services.invoicing.usecases.waive_claim import waive_claim
from services.invoicing.usecases.withdraw_extra_participant import withdraw_extra_participant
from services.invoicing.usecases.withdraw_fees import lapse_fees, withdraw_fees, withdraw_fees_of_programmes
from shared.contracts.enrollment import (
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    MunicipalityEnrolled,
    ProgrammeCancelled,
    ReservationResolved,
    TovholderAppointed,
)
from shared.contracts.invoicing import CorrectBilling, CreditInvoice, RegisterPayment, WaiveClaim
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld
from shared.messaging.subscriptions import intake, on

SUBSCRIPTIONS = (
    on(MunicipalityEnrolled, claim_fees),
    on(ReservationResolved, resolve_reservations),
    on(EnrolmentWithdrawn, withdraw_fees),
    on(EnrolmentLapsed, lapse_fees),
    on(ProgrammeCancelled, withdraw_fees_of_programmes),
    on(TovholderAppointed, appoint_contacts),
    on(ExtraParticipantAdded, claim_extra_participant),
    on(ExtraParticipantRemoved, withdraw_extra_participant),
    on(MeetingHeld, release_extra_participants),
    on(MeetingCancelled, withdraw_extra_participants),
    intake(CorrectBilling, correct_billing),
    intake(CreditInvoice, credit_invoice),
    intake(RegisterPayment, register_payment),
    intake(WaiveClaim, waive_claim),
)
