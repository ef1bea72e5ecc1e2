"""Signed links of this service. Each path is a secret of whoever it is mailed to."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from shared.base.links import sign, verify
from shared.runtime.settings import ServiceSettings

CONFIRM_DAYS = 14
_CONFIRM = "confirm sign-up"
_PARTICIPANTS = "participants"
_INVITATION = "invitation"


@cache
def _key() -> bytes:
    return ServiceSettings().link_key


def confirm_path(sign_up_id: str, received_at: datetime) -> str:
    """Good for two weeks, and for this one form."""
    return f"/tilmeld/bekraeft/{sign(_key(), _CONFIRM, sign_up_id, received_at + timedelta(days=CONFIRM_DAYS))}"


def sign_up_of(token: str, now: datetime) -> str | None:
    return verify(_key(), _CONFIRM, token, now)


def participants_path(enrolment_id: str, person_id: str) -> str:
    """Good as long as this person is the enrolment's contact."""
    return f"/deltagere/{sign(_key(), _PARTICIPANTS, f'{enrolment_id} {person_id}')}"


def participants_of(token: str, now: datetime) -> tuple[str, str] | None:
    """(enrolment_id, person_id of the contact it was given to)."""
    subject = verify(_key(), _PARTICIPANTS, token, now)
    if subject is None:
        return None
    enrolment_id, _, person_id = subject.partition(" ")
    return enrolment_id, person_id


def sign_up_path(programme_id: str, enrolment_id: str) -> str:
    """The form with the municipality already chosen, and a way to say no."""
    return f"/tilmeld/{programme_id}?invitation={sign(_key(), _INVITATION, enrolment_id)}"


def invited_of(token: str, now: datetime) -> str | None:
    return verify(_key(), _INVITATION, token, now)
