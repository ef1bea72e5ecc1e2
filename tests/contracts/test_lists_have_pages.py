"""Every list of the API has pages, can be had as a table, and says so in its OpenAPI document."""

from __future__ import annotations

import importlib

import pytest

from deploy.local.locations import service_names
from shared.web.openapi import document
from shared.web.routes import Read

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NO_LISTS = {"read_overview": "sums", "read_invoice_link": "an address", "read_archive": "what an archive has"}
"""Reads whose path does not end in the id of one thing, and that are no list all the same."""


@pytest.mark.parametrize("service", service_names())
def test_every_list_has_pages(service: str) -> None:
    routes = importlib.import_module(f"services.{service}.entrypoints.http").ROUTES
    described = document(service, routes)["paths"]
    for route in routes:
        if not isinstance(route, Read) or route.usecase.__name__ in NO_LISTS:
            continue
        assert route.pages is not route.path.endswith("}"), route.path
        if route.pages:
            operation = described[route.path]["get"]
            named = {one["name"] for one in operation["parameters"]}
            assert {"cursor", "limit", "format", *route.filters} <= named
            assert {"text/csv", XLSX} <= set(operation["responses"]["200"]["content"])
            assert "Link" in operation["responses"]["200"]["headers"]
