"""How long somebody is signed in, and where they go then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.enrollment.domain.session import (
    MOST_SESSIONS,
    Session,
    back_to,
    browser_of,
    end_those_beyond,
    roles_of,
    seen,
)

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SESSION = Session("s", "a", "Firefox", began_at=NOW, seen_at=NOW)


@pytest.mark.parametrize(
    ("later", "goes_on"),
    [(timedelta(minutes=59), True), (timedelta(minutes=60), False), (timedelta(hours=12), False)],
)
def test_nobody_is_signed_in_for_longer_than_they_are_seen(later: timedelta, goes_on: bool) -> None:  # noqa: FBT001
    assert (seen(SESSION, NOW + later) is not None) == goes_on


def test_nobody_is_signed_in_for_longer_than_a_working_day() -> None:
    busy = replace(SESSION, seen_at=NOW + timedelta(hours=11, minutes=59))
    assert seen(busy, NOW + timedelta(hours=11, minutes=59, seconds=59)) is not None
    assert seen(busy, NOW + timedelta(hours=12)) is None


def test_what_somebody_has_ended_is_over() -> None:
    assert seen(replace(SESSION, ended_at=NOW), NOW) is None


def test_the_least_recently_seen_end_for_another() -> None:
    several = [replace(SESSION, id=str(n), seen_at=NOW - timedelta(minutes=n)) for n in range(MOST_SESSIONS + 2)]
    assert [one.id for one in end_those_beyond(several, NOW)] == ["19", "20", "21"]
    assert end_those_beyond(several[: MOST_SESSIONS - 1], NOW) == []


@pytest.mark.parametrize(
    "address",
    [
        "//ond.example/x",
        "https://ond.example",
        "/\\ond.example",
        "\\\\ond.example",
        "/x\\y",
        "/\n/x",
        "/" + "x" * 500,
        "",
        None,
        "stab",
    ],
)
def test_nobody_is_sent_to_another_website(address: str | None) -> None:
    assert back_to(address) == "/stab"


@pytest.mark.parametrize("address", ["/stab/adgang?fra=abc", "/scheduling/stab", "/login/mig"])
def test_they_come_to_the_page_they_asked_for(address: str) -> None:
    assert back_to(address) == address


def test_roles_are_those_granted_and_those_of_the_settings() -> None:
    found = roles_of([("p2", "reader"), ("", "finance"), ("p2", "consultant")], ["operator"])
    assert found == {"p2": {"reader", "consultant"}, "": {"finance", "operator"}}


@pytest.mark.parametrize(
    ("said", "called"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge på Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari på iPhone"),
        ("curl/8", "En browser"),
        ("", "En browser"),
    ],
)
def test_a_browser_is_called_as_people_call_it(said: str, called: str) -> None:
    assert browser_of(said) == called
