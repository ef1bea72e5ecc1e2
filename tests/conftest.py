"""Makes the shared fixtures known; they live in `tests/support`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow; that is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

BEFORE = "de7b93707a4d1af61b342306cf8bfbc62f8230cb"
"""The commit whose build the next one has to run beside."""

pytest_plugins = ["tests.support.servers", "tests.support.official_rules"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--short`: fault tests play their short form."""
    parser.addoption("--short", action="store_true", help="the short form of the fault tests")
    parser.addoption("--before", default=BEFORE, help="the commit of the version that an upgrade begins with")
