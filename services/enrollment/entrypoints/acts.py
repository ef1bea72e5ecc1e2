"""What this service can be asked to do; the doors (http, kafka, pages) say by which way."""

from __future__ import annotations

from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.dismiss_sign_ups import dismiss_sign_ups
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.acts import act, act_together
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeCapacity,
    ChangeContact,
    ChangeGroup,
    DismissSignUp,
    DismissSignUps,
    EnrolMunicipality,
    InviteMunicipalities,
    RegisterParticipant,
    ReplaceParticipant,
    ResolveReservation,
    VouchForAddress,
    WithdrawEnrolment,
)

PUBLISH = act(PublishProgramme, publish_programme, status=201)
INVITE = act(InviteMunicipalities, invite_municipalities)
IMPORT_ADDRESSES = act(ImportAddresses, import_addresses)
PUT_ORGANISATION = act(PutOrganisation, put_organisation)

ENROL = act_together(EnrolMunicipality, enrol_municipalities, status=201)
SIGN_UP = act(ReceiveSignUp, receive_sign_up)
"""The same wish by a form that anybody may send: it has to be confirmed."""
SAVE_DRAFT = act(SaveDraft, save_draft)
VOUCH = act(VouchForAddress, vouch_for_address)
DISMISS = act(DismissSignUp, dismiss_sign_up)
DISMISS_ALIKE = act(DismissSignUps, dismiss_sign_ups)
CONFIRM = act(ConfirmSignUp, confirm_sign_up)
DECLINE = act(DeclineInvitation, decline_invitation)
RESOLVE = act(ResolveReservation, resolve_reservation)
CHANGE_CAPACITY = act(ChangeCapacity, change_capacity)
WITHDRAW = act(WithdrawEnrolment, withdraw_enrolment)
CHANGE_CONTACT = act(ChangeContact, change_contact)
CHANGE_GROUP = act(ChangeGroup, change_group)

REGISTER = act(RegisterParticipant, register_participant, status=201)
REPLACE = act(ReplaceParticipant, replace_participant)
CANCEL = act(CancelParticipant, cancel_participant)
