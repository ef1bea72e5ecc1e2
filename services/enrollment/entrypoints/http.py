"""What can be asked of this service over HTTP."""

from __future__ import annotations

from services.enrollment.entrypoints import acts
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_invitations import read_invitations
from services.enrollment.usecases.read_meetings import read_meetings
from services.enrollment.usecases.read_organisations import read_organisation, read_organisations
from services.enrollment.usecases.read_programmes import read_programme, read_programmes
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.read_sign_ups import read_sign_ups
from shared.web.routes import listing, read, write

_API = "/api/enrollment"
_PROGRAMME = f"{_API}/programmes/{{programme_id}}"
_ORGANISATION = f"{_API}/organisations/{{code}}"
_SPEAKERS = f"{_API}/organisations/{{organisation_code}}/speakers"
_ENROLMENT = f"{_API}/enrolments/{{enrolment_id}}"
_PARTICIPANTS = f"{_ENROLMENT}/meetings/{{meeting_id}}/participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{person_id}}"

ROUTES = (
    write("POST", f"{_API}/programmes", acts.PUBLISH, scope="staff"),
    listing(f"{_API}/programmes", read_programmes, scope="enrol"),
    read(_PROGRAMME, read_programme, scope="enrol"),
    write("POST", f"{_PROGRAMME}/invitations", acts.INVITE, scope="staff"),
    listing(f"{_PROGRAMME}/invitations", read_invitations, scope="staff"),
    listing(f"{_API}/organisations", read_organisations, scope="staff"),
    write("POST", f"{_API}/organisations/import", acts.IMPORT_ADDRESSES, scope="staff"),
    read(_ORGANISATION, read_organisation, scope="staff"),
    write("PUT", _ORGANISATION, acts.PUT_ORGANISATION, scope="staff"),
    write("POST", _SPEAKERS, acts.VOUCH, scope="staff"),
    listing(f"{_API}/sign-ups", read_sign_ups, scope="staff", filters=("programme_id", "organisation_code")),
    write("POST", f"{_API}/sign-ups/{{sign_up_id}}/dismissal", acts.DISMISS, scope="staff"),
    write("POST", f"{_API}/enrolments", acts.ENROL, scope="enrol"),
    listing(
        f"{_API}/enrolments", read_enrolments, scope="enrol", filters=("programme_id", "state", "organisation_code")
    ),
    read(_ENROLMENT, read_enrolment, scope="enrol"),
    write("POST", f"{_ENROLMENT}/withdrawal", acts.WITHDRAW, scope="enrol"),
    write("PUT", f"{_ENROLMENT}/group", acts.CHANGE_GROUP, scope="staff"),
    listing(f"{_API}/meetings", read_meetings, scope="enrol", filters=("programme_id",)),
    listing(f"{_ENROLMENT}/participants", read_rosters, scope="enrol"),
    write("POST", _PARTICIPANTS, acts.REGISTER, scope="enrol"),
    write("PUT", _PARTICIPANT, acts.REPLACE, scope="enrol"),
    write("DELETE", _PARTICIPANT, acts.CANCEL, scope="enrol"),
)
"""Scope `enrol`: another system that signs municipalities and their people up. `staff` may do all."""
