"""Which scope opens what: each route of each service stands here, and a token with another scope is told so.

Whatever is added to a service has its scope by itself; the line here is what somebody looks at when it is reviewed.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.locations import service_names
from shared.contracts.catalogue import BUNDLES
from shared.contracts.event import COMMANDS
from shared.runtime.application import web_application
from shared.runtime.commands import scopes_of
from shared.runtime.service import Service, open_host
from shared.web.openapi import document
from shared.web.staff import StaffRoute
from tests.support.servers import MakeDatabase

_OPTION = "/api/enrollment/enrolments/{enrolment_id}/options/{option_id}"
_PEOPLE = "/api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/participants"
ROUTES: Mapping[str, Mapping[str, str]] = {
    "enrollment": {
        "POST /api/enrollment/programmes": "enrollment.PublishProgramme",
        "POST /api/enrollment/programmes/rehearsal": "enrollment.RehearseProgramme",
        "GET /api/enrollment/programmes": "enrollment.programmes",
        "GET /api/enrollment/programmes/{programme_id}": "enrollment.programmes",
        "POST /api/enrollment/programmes/{programme_id}/invitations": "enrollment.InviteMunicipalities",
        "GET /api/enrollment/programmes/{programme_id}/invitations": "enrollment.programmes.invitations",
        "POST /api/enrollment/programmes/{programme_id}/cancellation": "enrollment.CancelProgramme",
        "POST /api/enrollment/programmes/{programme_id}/groups/{group}/merger": "enrollment.MergeGroups",
        "PUT /api/enrollment/programmes/{programme_id}/capacity": "enrollment.ChangeCapacity",
        "GET /api/enrollment/programmes/{programme_id}/archive": "enrollment.programmes.archive",
        "POST /api/enrollment/programmes/{programme_id}/archive": "enrollment.RecordArchive",
        "GET /api/enrollment/programmes/{programme_id}/papers/{paper}/rows": "enrollment.programmes.papers.rows",
        "GET /api/enrollment/programmes/{programme_id}/versions/{version}": "enrollment.programmes.versions",
        "GET /api/enrollment/programmes/{programme_id}/audit": "enrollment.programmes.audit",
        "POST /api/enrollment/programmes/{programme_id}/enrolments/import": "enrollment.ImportEnrolments",
        "GET /api/enrollment/programmes/{programme_id}/waiting-list": "enrollment.programmes.waiting-list",
        "GET /api/enrollment/organisations": "enrollment.organisations",
        "POST /api/enrollment/organisations/import": "enrollment.ImportAddresses",
        "GET /api/enrollment/organisations/{code}": "enrollment.organisations",
        "PUT /api/enrollment/organisations/{code}": "enrollment.PutOrganisation",
        "POST /api/enrollment/organisations/{organisation_code}/speakers": "enrollment.VouchForAddress",
        "POST /api/enrollment/organisations/{code}/mailbox": "enrollment.AcceptMailbox",
        "POST /api/enrollment/organisations/{code}/merger": "enrollment.MergeOrganisations",
        "GET /api/enrollment/sign-ups": "enrollment.sign-ups",
        "POST /api/enrollment/sign-ups/{sign_up_id}/dismissal": "enrollment.DismissSignUp",
        "POST /api/enrollment/sign-ups/dismissals": "enrollment.DismissSignUps",
        "POST /api/enrollment/people/erase": "enrollment.ErasePerson",
        "POST /api/enrollment/people/search": "enrollment.FindPeople",
        "GET /api/enrollment/people/erased": "enrollment.people.erased",
        "GET /api/enrollment/people/{person_id}": "enrollment.people",
        "GET /api/enrollment/staff": "enrollment.staff",
        "POST /api/enrollment/staff": "enrollment.GrantRole",
        "DELETE /api/enrollment/staff/{grant_id}": "enrollment.RevokeRole",
        "POST /api/enrollment/enrolments": "enrollment.EnrolMunicipality",
        "GET /api/enrollment/enrolments": "enrollment.enrolments",
        "GET /api/enrollment/enrolments/{enrolment_id}": "enrollment.enrolments",
        "POST /api/enrollment/enrolments/{enrolment_id}/withdrawal": "enrollment.WithdrawEnrolment",
        "PUT /api/enrollment/enrolments/{enrolment_id}/billing": "enrollment.ChangeBilling",
        "PUT /api/enrollment/enrolments/{enrolment_id}/forbehold": "enrollment.ResolveReservation",
        "PUT /api/enrollment/enrolments/{enrolment_id}/forbehold/details": "enrollment.ChangeReservation",
        "PUT /api/enrollment/enrolments/{enrolment_id}/contact": "enrollment.ChangeContact",
        "POST /api/enrollment/enrolments/{enrolment_id}/links/revocation": "enrollment.RevokeLinks",
        "PUT /api/enrollment/enrolments/{enrolment_id}/roles/{role_id}": "enrollment.ChangeRole",
        "PUT /api/enrollment/enrolments/{enrolment_id}/group": "enrollment.ChangeGroup",
        f"POST {_OPTION}/order": "enrollment.OrderOption",
        f"POST {_OPTION}/quote": "enrollment.QuoteOption",
        f"POST {_OPTION}/acceptance": "enrollment.AcceptQuote",
        f"POST {_OPTION}/refusal": "enrollment.DeclineQuote",
        f"POST {_OPTION}/withdrawal": "enrollment.WithdrawOption",
        f"PUT {_OPTION}/billing": "enrollment.ChangeOptionBilling",
        f"POST {_OPTION}/delivery": "enrollment.DeliverOption",
        "GET /api/enrollment/orders": "enrollment.orders",
        "GET /api/enrollment/meetings": "enrollment.meetings",
        "GET /api/enrollment/meetings/{meeting_id}/needs": "enrollment.meetings.needs",
        "GET /api/enrollment/enrolments/{enrolment_id}/participants": "enrollment.enrolments.participants",
        f"POST {_PEOPLE}": "enrollment.RegisterParticipant",
        f"PUT {_PEOPLE}/{{person_id}}": "enrollment.ReplaceParticipant",
        f"PUT {_PEOPLE}/{{person_id}}/billing": "enrollment.ChangeExtraBilling",
        f"DELETE {_PEOPLE}/{{person_id}}": "enrollment.CancelParticipant",
        "PUT /api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/participants/{person_id}/needs": (
            "enrollment.SetNeeds"
        ),
        "POST /api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/walk-ins": "enrollment.RegisterWalkIn",
        "GET /api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/explanation": (
            "enrollment.enrolments.meetings.explanation"
        ),
        "PUT /api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/invitation": "enrollment.InviteMember",
        "DELETE /api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/invitation": (
            "enrollment.UninviteMember"
        ),
        "GET /api/enrollment/programmes/{programme_id}/meetings/{meeting_id}/guests": (
            "enrollment.programmes.meetings.guests"
        ),
        "POST /api/enrollment/programmes/{programme_id}/meetings/{meeting_id}/guests": "enrollment.InviteGuest",
        "DELETE /api/enrollment/programmes/{programme_id}/meetings/{meeting_id}/guests/{person_id}": (
            "enrollment.RemoveGuest"
        ),
        "PUT /api/enrollment/programmes/{programme_id}/meetings/{meeting_id}/guests/{person_id}/needs": (
            "enrollment.SetGuestNeeds"
        ),
        "GET /api/enrollment/enrolments/{enrolment_id}/team": "enrollment.enrolments.team",
        "GET /api/enrollment/enrolments/{enrolment_id}/team/explanation": "enrollment.enrolments.team.explanation",
        "POST /api/enrollment/enrolments/{enrolment_id}/team": "enrollment.NameTeamMember",
        "PUT /api/enrollment/enrolments/{enrolment_id}/team/{person_id}": "enrollment.ReplaceTeamMember",
        "DELETE /api/enrollment/enrolments/{enrolment_id}/team/{person_id}": "enrollment.RemoveTeamMember",
        "PUT /api/enrollment/enrolments/{enrolment_id}/team/{person_id}/needs": "enrollment.SetTeamNeeds",
    },
    "invoicing": {
        "GET /api/invoicing/claims": "invoicing.claims",
        "GET /api/invoicing/claims/{claim_id}": "invoicing.claims",
        "POST /api/invoicing/claims/{claim_id}/release": "invoicing.ReleaseClaim",
        "POST /api/invoicing/claims/{claim_id}/waive": "invoicing.WaiveClaim",
        "PUT /api/invoicing/enrolments/{enrolment_id}/billing": "invoicing.CorrectBilling",
        "GET /api/invoicing/invoices": "invoicing.invoices",
        "GET /api/invoicing/invoices/{invoice_id}": "invoicing.invoices",
        "POST /api/invoicing/invoices/{invoice_id}/payments": "invoicing.RegisterPayment",
        "GET /api/invoicing/invoices/{invoice_id}/credit-notes": "invoicing.invoices.credit-notes",
        "POST /api/invoicing/invoices/{invoice_id}/credit-notes": "invoicing.CreditInvoice",
        "GET /api/invoicing/credit-notes": "invoicing.credit-notes",
        "GET /api/invoicing/credit-notes/{credit_note_id}": "invoicing.credit-notes",
        "GET /api/invoicing/invoices/{invoice_id}/page": "invoicing.CreditInvoice",
        "GET /api/invoicing/overview": "invoicing.overview",
        "GET /api/invoicing/programmes/{programme_id}/audit": "invoicing.programmes.audit",
        "POST /api/invoicing/people/forget": "invoicing.ForgetPerson",
        "POST /api/invoicing/people/search": "invoicing.FindPeople",
        "GET /api/invoicing/people/erased": "invoicing.people.erased",
        "POST /api/invoicing/people/erased": "invoicing.KeepErased",
        "GET /api/invoicing/people/{person_id}": "invoicing.people",
    },
    "notifications": {
        "GET /api/notifications/messages": "notifications.messages",
        "GET /api/notifications/messages/{message_id}": "notifications.messages",
        "GET /api/notifications/meetings/{meeting_id}/answers": "notifications.meetings.answers",
        "GET /api/notifications/programmes/{programme_id}/mails": "notifications.programmes.mails",
        "GET /api/notifications/programmes/{programme_id}/audit": "notifications.programmes.audit",
        "POST /api/notifications/programmes/{programme_id}/rehearsal": "notifications.RehearseMails",
        "POST /api/notifications/messages": "notifications.SendMessage",
        "POST /api/notifications/reminders": "notifications.ArmReminder",
        "POST /api/notifications/messages/{message_id}/resend": "notifications.ResendMessage",
        "POST /api/notifications/messages/{message_id}/settle": "notifications.SettleMessage",
        "POST /api/notifications/people/forget": "notifications.ForgetPerson",
        "POST /api/notifications/people/search": "notifications.FindPeople",
        "GET /api/notifications/people/erased": "notifications.people.erased",
        "POST /api/notifications/people/erased": "notifications.KeepErased",
        "GET /api/notifications/people/{person_id}": "notifications.people",
    },
    "scheduling": {
        "GET /api/scheduling/programmes/{programme_id}/meeting-changes": "scheduling.programmes.meeting-changes",
        "GET /api/scheduling/programmes/{programme_id}/steps": "scheduling.programmes.steps",
        "POST /api/scheduling/programmes/{programme_id}/steps": "scheduling.CompleteStep",
        "POST /api/scheduling/programmes/{programme_id}/rehearsal": "scheduling.RehearseMeetings",
        "GET /api/scheduling/programmes/{programme_id}/audit": "scheduling.programmes.audit",
        "GET /api/scheduling/meetings": "scheduling.meetings",
        "GET /api/scheduling/meetings/{meeting_id}": "scheduling.meetings",
        "POST /api/scheduling/meetings": "scheduling.PlanMeeting",
        "POST /api/scheduling/meetings/{meeting_id}/date": "scheduling.SetMeetingDate",
        "POST /api/scheduling/meetings/{meeting_id}/cancel": "scheduling.CancelMeeting",
        "POST /api/scheduling/meetings/{meeting_id}/held": "scheduling.MarkMeetingHeld",
        "POST /api/scheduling/people/forget": "scheduling.ForgetPerson",
        "POST /api/scheduling/people/search": "scheduling.FindPeople",
        "GET /api/scheduling/people/erased": "scheduling.people.erased",
        "POST /api/scheduling/people/erased": "scheduling.KeepErased",
        "GET /api/scheduling/people/{person_id}": "scheduling.people",
    },
}
BESIDE_THE_TABLE = {
    "GET /api/{service}/why": "{service}.why",
    "GET /api/invoicing/invoices/{document_id}.html": "invoicing.invoices",
    "GET /api/invoicing/credit-notes/{document_id}.html": "invoicing.credit-notes",
    "GET /api/invoicing/invoices/{document_id}.xml": "invoicing.invoices",
    "GET /api/invoicing/invoices/{document_id}.pdf": "invoicing.invoices",
    "GET /api/invoicing/credit-notes/{document_id}.xml": "invoicing.credit-notes",
    "GET /api/invoicing/credit-notes/{document_id}.pdf": "invoicing.credit-notes",
    "POST /api/notifications/calendar/replies": "notifications.calendar.replies",
}
"""What a token opens too, and is no line of a route table."""

OPEN = {
    "enrollment": (
        "/",
        "/bekraeftet",
        "/login",
        "/login/oidc/logud",
        "/login/tilbage",
        "/login/ud",
        "/tilgaengelighed",
        "/hjaelp",
        "/hjælp",
        "/hjaelp/{reader}",
        "/tilmeld/bekraeft/{token}",
        "/tilmeld/bekraeft/{token}/flere",
        "/tilmeld/bekraeft/{token}/fortryd",
        "/tilmeld/nej/{token}",
        "/tilmeld/{programme_id}",
        "/tilmeld/{programme_id}/modtaget",
        "/tilmeld/{programme_id}/gemt",
        "/tilmeld/kladde/{token}",
        "/plads/{token}",
        "/plads/{token}/godkendt",
        "/plads/{token}/ikke-godkendt",
        "/plads/{token}/forbehold",
        "/plads/{token}/kontakt",
        "/plads/{token}/kontakt/{role_id}",
        "/plads/{token}/afmeld",
        "/plads/{token}/luk-links",
        "/plads/{token}/sekretaer",
        "/plads/{token}/sekretaer/luk",
        "/plads/{token}/tilkoeb/{option_id}/bestil",
        "/plads/{token}/tilkoeb/{option_id}/betaler",
        "/plads/{token}/tilkoeb/{option_id}/fortryd",
        "/plads/{token}/tilkoeb/{option_id}/tilbud/{round}",
        "/plads/{token}/tilkoeb/{option_id}/tilbud/{round}/nej",
        "/plads/{token}/faktura",
        "/fakturaoplysninger/{token}",
        "/deltagere/{token}",
        "/deltagere/{token}/afmeld-kommunen",
        "/deltagere/{token}/hold",
        "/deltagere/{token}/hold/behov/{person_id}",
        "/deltagere/{token}/hold/fjern/{person_id}",
        "/deltagere/{token}/hold/skift/{person_id}",
        "/deltagere/{token}/{meeting_id}",
        "/deltagere/{token}/{meeting_id}/betaler/{person_id}",
        "/deltagere/{token}/{meeting_id}/afmeld/{person_id}",
        "/deltagere/{token}/{meeting_id}/skift/{person_id}",
        "/deltagere/{token}/{meeting_id}/behov/{person_id}",
        "/moedeplads/{token}",
        "/moedeplads/{token}/behov",
        "/moedeplads/{token}/skift",
        "/moedeplads/{token}/afmeld",
        "/holdplads/{token}",
        "/holdplads/{token}/behov",
        "/holdplads/{token}/skift",
        "/holdplads/{token}/afmeld",
        "/mig/{token}",
        "/gaest/{token}",
        "/gaest/{token}/behov",
        "/gaest/{token}/afmeld",
    ),
    "invoicing": (
        "/invoicing/fakturaer/{token}",
        "/invoicing/fakturaer/{token}/{document_id}.{suffix}",
        "/invoicing/faktura/{token}",
        "/invoicing/jeres-fakturaer/{token}",
        "/invoicing/jeres-fakturaer/{token}/{document_id}.{suffix}",
    ),
    "notifications": (
        "/notifications/kalender/abonnement/{token}.ics",
        "/notifications/kalender/{token}",
        "/notifications/kalender/{token}/nyt",
        "/notifications/kode/{code_id}",
        "/notifications/kvittering/{token}",
    ),
    "scheduling": (),
}
"""Pages that anybody reaches, or whoever holds the link that is in their address."""
EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
EVERYWHERE = (
    "/livez",
    "/readyz",
    "/metrics",
    "/static/tovholder",
    "/api/{service}/openapi.json",
    "/api/{service}/docs",
)
NOTHING = "a-token-that-opens-nothing"


def the_service(name: str) -> Service:
    return cast(Service, importlib.import_module(f"services.{name}.app").SERVICE)


def expected(service: str) -> dict[str, str]:
    """Every route that a token opens, and by which scope."""
    beside = {
        route.format(service=service) if "{service}" in route else route: scope.format(service=service)
        for route, scope in BESIDE_THE_TABLE.items()
    }
    return {**ROUTES[service], **{route: scope for route, scope in beside.items() if f"/api/{service}/" in route}}


@pytest.mark.parametrize("service", service_names())
def test_each_route_has_the_scope_of_its_command_or_its_list(service: str) -> None:
    assert {route.name: route.scope for route in the_service(service).routes} == ROUTES[service]


@pytest.mark.parametrize("service", service_names())
def test_openapi_says_which_scope_opens_what(service: str) -> None:
    described = document(service, the_service(service).routes)
    said = {
        f"{method.upper()} {path}": (operation["security"], operation["x-scope"])
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert said == {route: ([{"token": [scope]}], scope) for route, scope in ROUTES[service].items()}


@pytest.mark.parametrize("service", service_names())
async def test_a_token_with_every_other_scope_is_refused_at_each_route_and_named_the_one_it_needs(
    database: MakeDatabase, service: str
) -> None:
    where = await database(service)
    routes = expected(service)
    every = sorted({scope for scope in scopes_of(the_service(service)) if scope not in {"staff", *BUNDLES}} - {""})
    tokens = {
        f"all-but-{number}": [one for one in every if one != scope]
        for number, scope in enumerate(sorted(set(routes.values())))
    }
    listed = ",".join(f"{name}:{_sha(name)}:{'+'.join(scopes)}" for name, scopes in tokens.items())
    settings = the_service(service).settings(
        database_url=SecretStr(where.url), api_tokens=SecretStr(f"{listed},nothing:{_sha(NOTHING)}:nothing")
    )
    host = await open_host(the_service(service), settings)
    try:
        app = web_application(host)
        # Which role opens the pages of staff's is another test's (test_roles_open_what).
        shown = {route.path for route in cast(Any, app).router.routes if not isinstance(route, StaffRoute)}
        open_paths = {path.format(service=service) if "{service}" in path else path for path in EVERYWHERE}
        guarded = {route.partition(" ")[2] for route in routes}
        assert shown == {*open_paths, *OPEN[service], *guarded, "/events"}

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test.example") as client:
            for number, scope in enumerate(sorted(set(routes.values()))):
                for route in (route for route, needed in routes.items() if needed == scope):
                    method, path = route.split(" ")
                    filled = re.sub(r"\{[a-z_]+\}", "x", path)
                    nobody = await client.request(method, filled)
                    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthorized"), route
                    answer = await client.request(method, filled, headers=_bearer(f"all-but-{number}"))
                    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), route
                    assert f'scope="{scope}"' in answer.headers["www-authenticate"], route
            noted = await host.pool.fetch("SELECT principal, status, command FROM audit")
            assert {row["command"] for row in noted} == set(routes.values())
            assert {row["status"] for row in noted} == {403}
    finally:
        await host.pool.close()


async def test_over_the_intake_each_command_needs_the_scope_it_needs_over_the_api(database: MakeDatabase) -> None:
    where = await database("enrollment")
    every = {wire: f"{wire.split('.')[1]}.{wire.split('.')[2]}" for wire in COMMANDS}
    listed = ",".join(
        f"all-but-{number}:{_sha(f'all-but-{number}')}:{'+'.join(sorted(set(every.values()) - {scope}))}"
        for number, scope in enumerate(every.values())
    )
    settings = the_service("enrollment").settings(database_url=SecretStr(where.url), api_tokens=SecretStr(listed))
    host = await open_host(the_service("enrollment"), settings)
    try:
        transport = httpx.ASGITransport(app=web_application(host))
        async with httpx.AsyncClient(transport=transport, base_url="http://test.example") as client:
            for number, (wire, scope) in enumerate(every.items()):
                event = json.loads(_example(wire))
                headers = {**_bearer(f"all-but-{number}"), "Content-Type": "application/cloudevents+json"}
                answer = await client.post("/events", content=json.dumps(event), headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (wire, answer.text)
                assert f'scope="{scope}"' in answer.headers["www-authenticate"]
        assert await host.pool.fetchval("SELECT count(*) FROM outbox") == 0
    finally:
        await host.pool.close()


def test_a_bundle_holds_scopes_that_something_has() -> None:
    known = {scope for service in service_names() for scope in expected(service).values()}
    assert {scope for scopes in BUNDLES.values() for scope in scopes} <= known
    assert not any("." in name for name in BUNDLES)


def test_no_bundle_but_staff_touches_money_mails_or_the_address_book() -> None:
    for name, scopes in BUNDLES.items():
        assert not [scope for scope in scopes if scope.startswith("invoicing.")], name
        theirs = {"PutOrganisation", "ImportAddresses", "ImportEnrolments"}
        assert {"notifications.SendMessage", *(f"enrollment.{one}" for one in theirs)}.isdisjoint(scopes)


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _example(wire: str) -> str:
    return (EXAMPLES / f"{wire}.json").read_text(encoding="utf-8")
