"""Every command of docs/events.md can be a step: a route of the API carries it out, and says so."""

from __future__ import annotations

import importlib

from deploy.local.stories.acts import Route, routes_of
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import COMMANDS
from shared.web.openapi import document

ROUTES = routes_of(
    document(service, importlib.import_module(f"services.{service}.entrypoints.http").ROUTES) for service in SERVICES
)
ONLY_OVER_INTAKE: set[str] = set()
"""Commands that no route carries out; a step asks for them over the intake."""


def test_every_command_has_a_route_or_is_asked_for_over_the_intake() -> None:
    assert set(COMMANDS) - set(ROUTES) == ONLY_OVER_INTAKE
    assert set(ROUTES) <= set(COMMANDS)


def test_fields_of_the_path_are_taken_out_of_the_data() -> None:
    cancel = ROUTES["tovholder.enrollment.CancelParticipant.v1"]
    data = {"enrolment_id": "e/1", "meeting_id": "m1", "person_id": "p1"}
    assert cancel.request(data) == ("/api/enrollment/enrolments/e%2F1/meetings/m1/participants/p1", {})
    assert cancel.method == "DELETE"
    pay = ROUTES["tovholder.invoicing.RegisterPayment.v1"]
    assert pay.request({"invoice_id": "k-1", "amount_ore": 5}) == (
        "/api/invoicing/invoices/k-1/payments",
        {"amount_ore": 5},
    )


def test_a_field_that_is_left_out_stays_in_the_path_and_is_refused_there() -> None:
    assert Route("PUT", "/x/{id}").request({"a": 1}) == ("/x/%7Bid%7D", {"a": 1})
