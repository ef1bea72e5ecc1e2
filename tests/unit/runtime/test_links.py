"""A signed link opens one door for one purpose, and nothing that was touched opens any."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.base.links import Links, sign, verify

KEY = b"k" * 32
NOW = datetime(2020, 8, 1, 12, 0, tzinfo=UTC)


@given(st.text(max_size=100), st.text(alphabet="abcdefghij-/", max_size=20))
def test_a_link_says_what_it_was_signed_for(subject: str, purpose: str) -> None:
    assert verify(KEY, purpose, sign(KEY, purpose, subject), NOW) == subject


def test_a_link_for_one_thing_is_none_for_another() -> None:
    token = sign(KEY, "confirm", "e-1")

    assert verify(KEY, "participants", token, NOW) is None
    assert verify(b"x" * 32, "confirm", token, NOW) is None


def test_a_link_ends_when_its_time_is_over() -> None:
    token = sign(KEY, "confirm", "e-1", NOW)

    assert verify(KEY, "confirm", token, NOW - timedelta(seconds=1)) == "e-1"
    assert verify(KEY, "confirm", token, NOW) is None


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    token = sign(KEY, "confirm", "e-1", NOW + timedelta(days=1))
    raw = bytearray(token.encode())
    raw[place % len(raw)] ^= change

    assert verify(KEY, "confirm", raw.decode("latin-1"), NOW) is None


def test_a_token_has_one_spelling() -> None:
    payload, _, mac = sign(KEY, "confirm", "e-1").partition(".")

    assert verify(KEY, "confirm", f"{payload}.{mac}=", NOW) is None
    assert verify(KEY, "confirm", f"{payload}=.{mac}", NOW) is None
    # The last sign of an unpadded base64 of 32 bytes has two bits to spare.
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = spare[spare.index(mac[-1]) ^ 1]
    assert verify(KEY, "confirm", f"{payload}.{mac[:-1]}{other}", NOW) is None


def test_the_signature_has_256_bits() -> None:
    _, _, mac = sign(KEY, "confirm", "e-1").partition(".")

    assert len(base64.urlsafe_b64decode(mac + "=")) == 32


@given(st.text())
def test_any_other_text_is_no_link(text: str) -> None:
    assert verify(KEY, "confirm", text, NOW) is None


def test_while_the_key_is_changed_the_first_signs_and_both_are_read() -> None:
    before, after = b"a" * 32, b"b" * 32
    old, new = Links(lambda: before), Links(lambda: after)
    begun = Links(lambda: before, other=lambda: after)
    switched = Links(lambda: after, other=lambda: before)

    for signs in (old, begun, switched):
        # Instances on both sides of a step run at once: each reads what the other signs.
        assert begun.verify("confirm", signs.sign("confirm", "e-1"), NOW) == "e-1"
        assert switched.verify("confirm", signs.sign("confirm", "e-1"), NOW) == "e-1"
    assert old.verify("confirm", begun.sign("confirm", "e-1"), NOW) == "e-1"
    assert new.verify("confirm", switched.sign("confirm", "e-1"), NOW) == "e-1"
    assert new.verify("confirm", begun.sign("confirm", "e-1"), NOW) is None
    assert switched.verify("confirm", sign(b"c" * 32, "confirm", "e-1"), NOW) is None
    assert switched.verify("confirm", sign(before, "confirm", "e-1", NOW), NOW) is None
