"""Whoever gives a token out reads what it opens: every scope that a service has is said in Danish, and no other."""

from __future__ import annotations

import importlib

from deploy.local.locations import service_names
from shared.contracts.catalogue import BUNDLES, CALLED, OPENS
from shared.runtime.commands import scopes_of
from shared.web.scopes import STAFF


def test_every_scope_is_said_in_danish() -> None:
    services = [importlib.import_module(f"services.{name}.app").SERVICE for name in service_names()]
    there = {scope for service in services for scope in scopes_of(service)} - {STAFF}
    bundled = {scope for bundle in BUNDLES.values() for scope in bundle}
    assert set(OPENS) == there | bundled | set(BUNDLES), "OPENS of shared/contracts/<service>.py"
    assert set(CALLED) == set(service_names())
