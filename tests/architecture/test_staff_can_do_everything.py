"""Whatever the API lets staff do is done on a page of the workspace, or stands here with the reason why it is not."""

from __future__ import annotations

import pytest

from deploy.roles import services, staff_routes
from shared.contracts.staff import ROLES, is_write, opens
from shared.runtime.service import Service

ELSEWHERE = {
    "invoicing.KeepErased": "a step of restoring from a backup, in a terminal",
    "notifications.KeepErased": "as invoicing's",
    "scheduling.KeepErased": "as invoicing's",
    "enrollment.RecordArchive": "said by `tovholder archive` when it has written the papers, with their checksum",
    "notifications.SendMessage": "a letter of any text, for other systems; people write from Tilmeldinger",
    "notifications.ArmReminder": "asked by other systems",
}
"""Scope → why no page asks for it."""


def offered(service: Service) -> set[str]:
    """What some role may ask the service for by the API."""
    scopes = {route.scope for route in service.routes if is_write(route.scope)}
    return {scope for scope in scopes if any(opens(role, scope) for role in ROLES)}


def on_pages(service: Service) -> set[str]:
    return {scope for route in staff_routes(service) for scope in route.asks}


@pytest.mark.parametrize("service", list(services()), ids=lambda one: one.name)
def test_whatever_a_role_opens_is_done_on_a_page_or_has_its_reason(service: Service) -> None:
    missing = offered(service) - on_pages(service)
    known = {scope for scope in ELSEWHERE if scope.startswith(f"{service.name}.")}
    assert missing == known
