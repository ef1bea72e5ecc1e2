"""What can be asked of this service over HTTP."""

from __future__ import annotations

from services.enrollment.entrypoints import acts
from services.enrollment.usecases.erase_person import FORGETTING
from services.enrollment.usecases.read_audit import read_audit
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_explanation import read_explanation, read_team_explanation
from services.enrollment.usecases.read_guests import read_guests
from services.enrollment.usecases.read_invitations import read_invitations
from services.enrollment.usecases.read_meetings import read_meetings
from services.enrollment.usecases.read_needs import read_needs
from services.enrollment.usecases.read_orders import read_orders
from services.enrollment.usecases.read_organisations import read_organisation, read_organisations
from services.enrollment.usecases.read_papers import read_papers, read_version
from services.enrollment.usecases.read_programmes import read_programme, read_programmes
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.read_sign_ups import read_sign_ups
from services.enrollment.usecases.read_staff import read_staff
from services.enrollment.usecases.read_team import read_team
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from services.enrollment.usecases.record_archive import read_archive
from shared.web.routes import listing, read, write

_API = "/api/enrollment"
_PROGRAMME = f"{_API}/programmes/{{programme_id}}"
_GUESTS = f"{_PROGRAMME}/meetings/{{meeting_id}}/guests"
_ORGANISATION = f"{_API}/organisations/{{code}}"
_SPEAKERS = f"{_API}/organisations/{{organisation_code}}/speakers"
_ENROLMENT = f"{_API}/enrolments/{{enrolment_id}}"
_OPTION = f"{_ENROLMENT}/options/{{option_id}}"
_MEETING = f"{_ENROLMENT}/meetings/{{meeting_id}}"
_PARTICIPANTS = f"{_MEETING}/participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{person_id}}"
_TEAM = f"{_ENROLMENT}/team"
_MEMBER = f"{_TEAM}/{{person_id}}"

ROUTES = (
    write("POST", f"{_API}/programmes", acts.PUBLISH),
    write("POST", f"{_API}/programmes/rehearsal", acts.REHEARSE),
    listing(f"{_API}/programmes", read_programmes),
    read(_PROGRAMME, read_programme),
    write("POST", f"{_PROGRAMME}/invitations", acts.INVITE),
    listing(f"{_PROGRAMME}/invitations", read_invitations),
    write("POST", f"{_PROGRAMME}/cancellation", acts.CANCEL_PROGRAMME),
    write("POST", f"{_PROGRAMME}/groups/{{group}}/merger", acts.MERGE_GROUPS),
    write("PUT", f"{_PROGRAMME}/capacity", acts.CHANGE_CAPACITY),
    read(f"{_PROGRAMME}/archive", read_archive),
    listing(f"{_PROGRAMME}/papers/{{paper}}/rows", read_papers),
    read(f"{_PROGRAMME}/versions/{{version}}", read_version),
    listing(f"{_PROGRAMME}/audit", read_audit),
    write("POST", f"{_PROGRAMME}/archive", acts.RECORD_ARCHIVE),
    write("POST", f"{_PROGRAMME}/enrolments/import", acts.IMPORT_ENROLMENTS),
    listing(f"{_PROGRAMME}/waiting-list", read_waiting_list, filters=("hard",)),
    listing(_GUESTS, read_guests),
    write("POST", _GUESTS, acts.INVITE_GUEST),
    write("DELETE", f"{_GUESTS}/{{person_id}}", acts.REMOVE_GUEST),
    write("PUT", f"{_GUESTS}/{{person_id}}/needs", acts.SET_GUEST_NEEDS),
    listing(f"{_API}/organisations", read_organisations, filters=("member_of",)),
    write("POST", f"{_API}/organisations/import", acts.IMPORT_ADDRESSES),
    read(_ORGANISATION, read_organisation),
    write("PUT", _ORGANISATION, acts.PUT_ORGANISATION),
    write("POST", _SPEAKERS, acts.VOUCH),
    write("POST", f"{_ORGANISATION}/mailbox", acts.ACCEPT_MAILBOX),
    write("POST", f"{_ORGANISATION}/merger", acts.MERGE_ORGANISATIONS),
    listing(f"{_API}/sign-ups", read_sign_ups, filters=("programme_id", "organisation_code")),
    write("POST", f"{_API}/sign-ups/{{sign_up_id}}/dismissal", acts.DISMISS),
    write("POST", f"{_API}/sign-ups/dismissals", acts.DISMISS_ALIKE),
    write("POST", f"{_API}/people/erase", acts.ERASE),
    write("POST", f"{_API}/people/search", acts.FIND_PEOPLE),
    listing(f"{_API}/people/erased", FORGETTING.read_erased),
    read(f"{_API}/people/{{person_id}}", FORGETTING.read),
    listing(f"{_API}/staff", read_staff),
    write("POST", f"{_API}/staff", acts.GRANT_ROLE),
    write("DELETE", f"{_API}/staff/{{grant_id}}", acts.REVOKE_ROLE),
    write("POST", f"{_API}/enrolments", acts.ENROL),
    listing(f"{_API}/enrolments", read_enrolments, filters=("programme_id", "state", "organisation_code")),
    read(_ENROLMENT, read_enrolment),
    write("POST", f"{_ENROLMENT}/withdrawal", acts.WITHDRAW),
    write("PUT", f"{_ENROLMENT}/forbehold", acts.RESOLVE),
    write("PUT", f"{_ENROLMENT}/forbehold/details", acts.CHANGE_RESERVATION),
    write("PUT", f"{_ENROLMENT}/billing", acts.CHANGE_BILLING),
    write("PUT", f"{_ENROLMENT}/contact", acts.CHANGE_CONTACT),
    write("PUT", f"{_ENROLMENT}/roles/{{role_id}}", acts.CHANGE_ROLE),
    write("POST", f"{_ENROLMENT}/links/revocation", acts.REVOKE_LINKS),
    write("PUT", f"{_ENROLMENT}/group", acts.CHANGE_GROUP),
    write("POST", f"{_OPTION}/order", acts.ORDER),
    write("POST", f"{_OPTION}/quote", acts.QUOTE),
    write("POST", f"{_OPTION}/acceptance", acts.ACCEPT),
    write("POST", f"{_OPTION}/refusal", acts.DECLINE_QUOTE),
    write("POST", f"{_OPTION}/withdrawal", acts.WITHDRAW_OPTION),
    write("PUT", f"{_OPTION}/billing", acts.CHANGE_OPTION_BILLING),
    write("POST", f"{_OPTION}/delivery", acts.DELIVER),
    listing(f"{_API}/orders", read_orders, filters=("programme_id", "enrolment_id", "state")),
    listing(f"{_API}/meetings", read_meetings, filters=("programme_id",)),
    listing(f"{_API}/meetings/{{meeting_id}}/needs", read_needs),
    listing(f"{_ENROLMENT}/participants", read_rosters, unfolded="participants"),
    write("POST", _PARTICIPANTS, acts.REGISTER),
    write("PUT", _PARTICIPANT, acts.REPLACE),
    write("PUT", f"{_PARTICIPANT}/billing", acts.CHANGE_EXTRA_BILLING),
    write("DELETE", _PARTICIPANT, acts.CANCEL),
    write("PUT", f"{_PARTICIPANT}/needs", acts.SET_NEEDS),
    write("POST", f"{_MEETING}/walk-ins", acts.WALK_IN),
    write("PUT", f"{_MEETING}/invitation", acts.CALL_MEMBER),
    write("DELETE", f"{_MEETING}/invitation", acts.CALL_MEMBER_OFF),
    listing(f"{_MEETING}/explanation", read_explanation),
    listing(_TEAM, read_team),
    listing(f"{_TEAM}/explanation", read_team_explanation),
    write("POST", _TEAM, acts.NAME_MEMBER),
    write("PUT", _MEMBER, acts.REPLACE_MEMBER),
    write("DELETE", _MEMBER, acts.REMOVE_MEMBER),
    write("PUT", f"{_MEMBER}/needs", acts.SET_TEAM_NEEDS),
)
