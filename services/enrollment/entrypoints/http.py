"""What can be asked of this service over HTTP."""

from __future__ import annotations

from services.enrollment.entrypoints import acts
from services.enrollment.usecases.list_enrolments import list_enrolments, show_enrolment
from services.enrollment.usecases.list_invitations import list_invitations
from services.enrollment.usecases.list_organisations import list_organisations, show_organisation
from services.enrollment.usecases.list_participants import list_meetings, list_participants
from services.enrollment.usecases.list_programmes import list_programmes, show_programme
from shared.web.routes import read, write

_API = "/api/enrollment"
_PROGRAMME = f"{_API}/programmes/{{programme_id}}"
_ORGANISATION = f"{_API}/organisations/{{code}}"
_ENROLMENT = f"{_API}/enrolments/{{enrolment_id}}"
_PARTICIPANTS = f"{_ENROLMENT}/meetings/{{meeting_id}}/participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{person_id}}"

ROUTES = (
    write("POST", f"{_API}/programmes", acts.PUBLISH, scope="staff"),
    read(f"{_API}/programmes", list_programmes, scope="enrol"),
    read(_PROGRAMME, show_programme, scope="enrol"),
    write("POST", f"{_PROGRAMME}/invitations", acts.INVITE, scope="staff"),
    read(f"{_PROGRAMME}/invitations", list_invitations, scope="staff"),
    read(f"{_API}/organisations", list_organisations, scope="staff"),
    write("POST", f"{_API}/organisations/import", acts.IMPORT_ADDRESSES, scope="staff"),
    read(_ORGANISATION, show_organisation, scope="staff"),
    write("PUT", _ORGANISATION, acts.PUT_ORGANISATION, scope="staff"),
    write("POST", f"{_API}/enrolments", acts.ENROL, scope="enrol"),
    read(f"{_API}/enrolments", list_enrolments, scope="enrol"),
    read(_ENROLMENT, show_enrolment, scope="enrol"),
    write("POST", f"{_ENROLMENT}/withdrawal", acts.WITHDRAW, scope="enrol"),
    write("PUT", f"{_ENROLMENT}/group", acts.CHANGE_GROUP, scope="staff"),
    read(f"{_API}/meetings", list_meetings, scope="enrol"),
    read(f"{_ENROLMENT}/participants", list_participants, scope="enrol"),
    write("POST", _PARTICIPANTS, acts.REGISTER, scope="enrol"),
    write("PUT", _PARTICIPANT, acts.REPLACE, scope="enrol"),
    write("DELETE", _PARTICIPANT, acts.CANCEL, scope="enrol"),
)
"""Scope `enrol`: another system that signs municipalities and their people up. `staff` may do all."""
