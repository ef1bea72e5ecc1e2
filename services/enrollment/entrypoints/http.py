"""What can be asked of this service over HTTP."""

from __future__ import annotations

from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.list_enrolments import list_enrolments, show_enrolment
from services.enrollment.usecases.list_invitations import list_invitations
from services.enrollment.usecases.list_organisations import list_organisations, show_organisation
from services.enrollment.usecases.list_participants import list_meetings, list_participants
from services.enrollment.usecases.list_programmes import list_programmes, show_programme
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
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
from shared.web.routes import read, write, write_many

_API = "/api/enrollment"
_ENROLMENT = f"{_API}/enrolments/{{enrolment_id}}"
_PARTICIPANTS = f"{_ENROLMENT}/meetings/{{meeting_id}}/participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{person_id}}"

ROUTES = (
    write("POST", f"{_API}/programmes", PublishProgramme, publish_programme, scope="staff", status=201),
    read(f"{_API}/programmes", list_programmes, scope="enrol"),
    read(f"{_API}/programmes/{{programme_id}}", show_programme, scope="enrol"),
    write(
        "POST",
        f"{_API}/programmes/{{programme_id}}/invitations",
        InviteMunicipalities,
        invite_municipalities,
        scope="staff",
    ),
    read(f"{_API}/programmes/{{programme_id}}/invitations", list_invitations, scope="staff"),
    read(f"{_API}/organisations", list_organisations, scope="staff"),
    write("POST", f"{_API}/organisations/import", ImportAddresses, import_addresses, scope="staff"),
    read(f"{_API}/organisations/{{code}}", show_organisation, scope="staff"),
    write("PUT", f"{_API}/organisations/{{code}}", PutOrganisation, put_organisation, scope="staff"),
    write_many("POST", f"{_API}/enrolments", EnrolMunicipality, enrol_municipalities, scope="enrol", status=201),
    read(f"{_API}/enrolments", list_enrolments, scope="enrol"),
    read(_ENROLMENT, show_enrolment, scope="enrol"),
    write("POST", f"{_ENROLMENT}/withdrawal", WithdrawEnrolment, withdraw_enrolment, scope="enrol"),
    write("PUT", f"{_ENROLMENT}/group", ChangeGroup, change_group, scope="staff"),
    read(f"{_API}/meetings", list_meetings, scope="enrol"),
    read(f"{_ENROLMENT}/participants", list_participants, scope="enrol"),
    write("POST", _PARTICIPANTS, RegisterParticipant, register_participant, scope="enrol", status=201),
    write("PUT", _PARTICIPANT, ReplaceParticipant, replace_participant, scope="enrol"),
    write("DELETE", _PARTICIPANT, CancelParticipant, cancel_participant, scope="enrol"),
)
"""Scope `enrol`: another system that signs municipalities and their people up. `staff` may do all."""
