"""What judges calendars, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ical4j import Judge


@pytest.fixture(scope="session")
def ical4j() -> Iterator[Judge]:
    with Judge() as judge:
        yield judge
