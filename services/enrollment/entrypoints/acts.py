"""What this service can be asked to do; the doors (http, kafka, pages) say by which way."""

from __future__ import annotations

from services.enrollment.usecases.accept_mailbox import AcceptMailbox, accept_mailbox
from services.enrollment.usecases.accept_quote import accept_quote
from services.enrollment.usecases.add_client import AddClient, add_client
from services.enrollment.usecases.appoint_secretary import AppointSecretary, appoint_secretary
from services.enrollment.usecases.begin_programme_draft import BeginProgrammeDraft, begin_programme_draft
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_billing import change_billing
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_extra_billing import change_extra_billing
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.change_option_billing import change_option_billing
from services.enrollment.usecases.change_reservation import change_reservation
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.choose_reading import ChooseReading, choose_reading
from services.enrollment.usecases.close_guest_links import CloseGuestLinks, close_guest_links
from services.enrollment.usecases.close_links import CloseLinks, close_links_of
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.decline_quote import decline_quote
from services.enrollment.usecases.deliver_option import deliver_option
from services.enrollment.usecases.discard_programme_draft import DiscardProgrammeDraft, discard_programme_draft
from services.enrollment.usecases.dismiss_secretary import DismissSecretary, dismiss_secretary
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.dismiss_sign_ups import dismiss_sign_ups
from services.enrollment.usecases.end_session import EndSession, end_session
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.grant_role import GrantRole, grant_role
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.import_enrolments import ImportEnrolments, import_enrolments
from services.enrollment.usecases.import_in_steps import BeginImport, begin_import
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.invite_member import invite_member
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.merge_groups import merge_groups
from services.enrollment.usecases.merge_organisations import MergeOrganisations, merge_organisations
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.record_archive import record_archive
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.register_walk_in import register_walk_in
from services.enrollment.usecases.rehearse_programme import RehearseProgramme, rehearse_programme
from services.enrollment.usecases.remove_guest import remove_guest
from services.enrollment.usecases.remove_team_member import remove_team_member
from services.enrollment.usecases.renew_token import RenewToken, renew_token
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.replace_team_member import replace_team_member
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.revoke_links import revoke_links
from services.enrollment.usecases.revoke_role import RevokeRole, revoke_role
from services.enrollment.usecases.revoke_tokens import RevokeTokens, revoke_tokens
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft, save_programme_draft
from services.enrollment.usecases.set_needs import (
    SetGuestNeeds,
    SetNeeds,
    SetTeamNeeds,
    set_guest_needs,
    set_needs,
    set_team_needs,
)
from services.enrollment.usecases.take_back_sign_up import TakeBackSignUp, take_back_sign_up
from services.enrollment.usecases.uninvite_member import uninvite_member
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from services.enrollment.usecases.withdraw_option import withdraw_option
from shared.base.acts import act, act_together
from shared.contracts.enrollment import (
    AcceptQuote,
    CancelParticipant,
    CancelProgramme,
    ChangeBilling,
    ChangeCapacity,
    ChangeContact,
    ChangeExtraBilling,
    ChangeGroup,
    ChangeOptionBilling,
    ChangeReservation,
    ChangeRole,
    DeclineQuote,
    DeliverOption,
    DismissSignUp,
    DismissSignUps,
    EnrolMunicipality,
    ErasePerson,
    InviteGuest,
    InviteMember,
    InviteMunicipalities,
    MergeGroups,
    NameTeamMember,
    OrderOption,
    QuoteOption,
    RecordArchive,
    RegisterParticipant,
    RegisterWalkIn,
    RemoveGuest,
    RemoveTeamMember,
    ReplaceParticipant,
    ReplaceTeamMember,
    ResolveReservation,
    RevokeLinks,
    UninviteMember,
    VouchForAddress,
    WithdrawEnrolment,
    WithdrawOption,
)
from shared.runtime.erasure import FindPeople

REHEARSE = act(RehearseProgramme, rehearse_programme, kept=False)
PUBLISH = act(PublishProgramme, publish_programme, status=201, also=(200,))
BEGIN_PROGRAMME_DRAFT = act(BeginProgrammeDraft, begin_programme_draft)
"""What is written in the editor is nobody else's wish: it and the next three are on pages alone."""
SAVE_PROGRAMME_DRAFT = act(SaveProgrammeDraft, save_programme_draft)
CHOOSE_READING = act(ChooseReading, choose_reading)
DISCARD_PROGRAMME_DRAFT = act(DiscardProgrammeDraft, discard_programme_draft)
CANCEL_PROGRAMME = act(CancelProgramme, cancel_programme)
INVITE = act(InviteMunicipalities, invite_municipalities)
IMPORT_ADDRESSES = act(ImportAddresses, import_addresses)
PUT_ORGANISATION = act(PutOrganisation, put_organisation)
ACCEPT_MAILBOX = act(AcceptMailbox, accept_mailbox)
MERGE_ORGANISATIONS = act(MergeOrganisations, merge_organisations)
"""Cannot be undone, and is no wish of another system's: it is not on the intake."""

IMPORT_ENROLMENTS = act(ImportEnrolments, import_enrolments)
BEGIN_IMPORT = act(BeginImport, begin_import, status=201)
"""The same by steps, on a page: a program has it done at once."""
ENROL = act_together(EnrolMunicipality, enrol_municipalities, status=201)
SIGN_UP = act(ReceiveSignUp, receive_sign_up)
"""The same wish by a form that anybody may send: it has to be confirmed."""
SAVE_DRAFT = act(SaveDraft, save_draft)
VOUCH = act(VouchForAddress, vouch_for_address)
DISMISS = act(DismissSignUp, dismiss_sign_up)
DISMISS_ALIKE = act(DismissSignUps, dismiss_sign_ups)
CONFIRM = act(ConfirmSignUp, confirm_sign_up)
TAKE_BACK = act(TakeBackSignUp, take_back_sign_up)
DECLINE = act(DeclineInvitation, decline_invitation)
RESOLVE = act(ResolveReservation, resolve_reservation)
CHANGE_RESERVATION = act(ChangeReservation, change_reservation)
CHANGE_BILLING = act(ChangeBilling, change_billing)
CHANGE_CAPACITY = act(ChangeCapacity, change_capacity)
WITHDRAW = act(WithdrawEnrolment, withdraw_enrolment)
CHANGE_CONTACT = act(ChangeContact, change_contact)
CHANGE_ROLE = act(ChangeRole, change_role)
APPOINT_SECRETARY = act(AppointSecretary, appoint_secretary)
DISMISS_SECRETARY = act(DismissSecretary, dismiss_secretary)
"""Whom the contact gives access is no wish of another system's: neither is on the intake, or in the API."""
REVOKE_LINKS = act(RevokeLinks, revoke_links)
CLOSE_LINKS = act(CloseLinks, close_links_of)
MERGE_GROUPS = act(MergeGroups, merge_groups)
CHANGE_GROUP = act(ChangeGroup, change_group)
ERASE = act(ErasePerson, erase_person)
RECORD_ARCHIVE = act(RecordArchive, record_archive, status=201)
FIND_PEOPLE = act(FindPeople, FORGETTING.search)
"""A question, asked as a wish because an address stands in no path."""
GRANT_ROLE = act(GrantRole, grant_role)
REVOKE_ROLE = act(RevokeRole, revoke_role)
"""What staff may do is no wish of another system's: neither is on the intake."""
END_SESSION = act(EndSession, end_session)
ADD_CLIENT = act(AddClient, add_client, status=201)
RENEW_TOKEN = act(RenewToken, renew_token)
REVOKE_TOKENS = act(RevokeTokens, revoke_tokens)
"""Who else comes in is people's to say, on pages: no token makes another."""

REGISTER = act(RegisterParticipant, register_participant, status=201)
REPLACE = act(ReplaceParticipant, replace_participant)
CHANGE_EXTRA_BILLING = act(ChangeExtraBilling, change_extra_billing)
CANCEL = act(CancelParticipant, cancel_participant)
SET_NEEDS = act(SetNeeds, set_needs)
"""Not on the intake, whose topic keeps what is said; so with the next two."""
SET_TEAM_NEEDS = act(SetTeamNeeds, set_team_needs)
SET_GUEST_NEEDS = act(SetGuestNeeds, set_guest_needs)

ORDER = act(OrderOption, order_option)
QUOTE = act(QuoteOption, quote_option)
ACCEPT = act(AcceptQuote, accept_quote)
DECLINE_QUOTE = act(DeclineQuote, decline_quote)
WITHDRAW_OPTION = act(WithdrawOption, withdraw_option)
CHANGE_OPTION_BILLING = act(ChangeOptionBilling, change_option_billing)
DELIVER = act(DeliverOption, deliver_option)
WALK_IN = act(RegisterWalkIn, register_walk_in, status=201)

NAME_MEMBER = act(NameTeamMember, name_team_member, status=201)
REPLACE_MEMBER = act(ReplaceTeamMember, replace_team_member)
REMOVE_MEMBER = act(RemoveTeamMember, remove_team_member)
CALL_MEMBER = act(InviteMember, invite_member)
CALL_MEMBER_OFF = act(UninviteMember, uninvite_member)
INVITE_GUEST = act(InviteGuest, invite_guest, status=201)
REMOVE_GUEST = act(RemoveGuest, remove_guest)
CLOSE_GUEST_LINKS = act(CloseGuestLinks, close_guest_links)
