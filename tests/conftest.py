"""Makes the shared fixtures known; they live in `tests/support`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow; that is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

FOLDER = Path(__file__).parent

BEFORE = "99965fdafcfe5f6460c323c86df21f2d5f1fd1ae"
"""The commit of the version that is in use: what comes next has to run beside it. A release moves it."""

LONG_FIRST = ("system", "integration/local", "architecture", "integration/invoicing", "browser", "integration")
"""Folders whose files take longest, so that no process begins a long one when the others have nothing left."""

pytest_plugins = [
    "tests.support.scratch",
    "tests.support.once",
    "tests.support.servers",
    "tests.support.official_rules",
    "tests.support.link_key",
    "tests.support.oidc",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--short`: fault tests play their short form."""
    parser.addoption("--short", action="store_true", help="the short form of the fault tests")
    parser.addoption("--before", default=BEFORE, help="the commit of the version that an upgrade begins with")


SHORT_WALKS = ("browser/test_sign_up.py", "browser/test_sign_in.py")
"""Of what is walked in a browser: those of `make test`."""
OWN_STORIES = tuple(path.stem for path in (FOLDER.parent / "programmes").glob("*.yaml"))
"""Of the stories: those of `make test`, which play a programme whole."""
THE_DEMO = "system/test_the_demo.py"
A_STORY = "test_a_story_goes_as_it_says["


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; otherwise as they were found. What `make test` leaves to `make played` is marked so."""
    for item in items:
        file = item.path.relative_to(FOLDER).as_posix()
        told = item.name.startswith(A_STORY) and item.name.removeprefix(A_STORY).rstrip("]") not in OWN_STORIES
        if told or file == THE_DEMO or (file.startswith("browser/") and file not in SHORT_WALKS):
            item.add_marker("played")
    items.sort(key=lambda item: _place(item.path.relative_to(FOLDER).as_posix()))


def _place(file: str) -> int:
    return next((place for place, folder in enumerate(LONG_FIRST) if file.startswith(folder)), len(LONG_FIRST))
