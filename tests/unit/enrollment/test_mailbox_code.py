"""A code is good for ten minutes, five tries, one use; a browser is believed for an hour unused and twelve in all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.mailbox_code import (
    SAID,
    Code,
    Confirmed,
    digest_of,
    digits_of,
    is_right,
    masked,
    may_ask,
    why_not,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODE = Code("k", digest_of("browser", "k", "048213"), 0, AT, used=False)


@pytest.mark.parametrize(
    ("code", "after", "no"),
    [
        (CODE, timedelta(minutes=10) - timedelta(microseconds=1), None),
        (CODE, timedelta(minutes=10), "too_old"),
        (replace(CODE, tries=4), timedelta(), None),
        (replace(CODE, tries=5), timedelta(), "too_many_tries"),
        (replace(CODE, used=True), timedelta(), "used"),
        (replace(CODE, used=True, tries=5), timedelta(days=1), "used"),
        (None, timedelta(), "missing"),
    ],
)
def test_a_code_ends_with_its_time_its_tries_and_its_use(code: Code | None, after: timedelta, no: str | None) -> None:
    assert why_not(code, AT + after) == no
    assert no is None or no in SAID


def test_another_may_be_asked_for_after_a_minute() -> None:
    assert may_ask(None, AT)
    assert not may_ask(CODE, AT + timedelta(seconds=59))
    assert may_ask(CODE, AT + timedelta(seconds=60))


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.text(max_size=12))
def test_only_the_digits_of_this_code_at_this_browser_are_right(digits: str, typed: str) -> None:
    code = replace(CODE, digest=digest_of("browser", "k", digits))
    assert is_right(code, "browser", digits_of(f" {digits[:3]} {digits[3:]}\t"))
    assert is_right(code, "browser", digits_of(typed)) == ("".join(typed.split()) == digits)
    assert not is_right(code, "another", digits)
    assert not is_right(replace(code, id="l"), "browser", digits)


def test_a_browser_is_believed_until_the_nearer_of_both_ends() -> None:
    known = Confirmed(b"m", "i***@by.example", AT, AT)
    assert known.until == AT + timedelta(hours=1)
    assert known.seen(AT + timedelta(minutes=30)).until == AT + timedelta(minutes=90)
    assert known.seen(AT + timedelta(hours=11, minutes=30)).until == AT + timedelta(hours=12)
    assert known.seen(AT - timedelta(hours=1)) == known


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("ida@hvidovre.example", "i***@hvidovre.example"),
        ("x@y.example", "x***@y.example"),
        ('"a@b"@c.example', '"***@c.example'),
    ],
)
def test_an_address_is_shown_by_its_first_letter(email: str, shown: str) -> None:
    assert masked(email) == shown
