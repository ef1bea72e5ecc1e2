"""What other services may have said, and when it rings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifications.domain.notes import REMINDER, arm, reminder_id
from shared.contracts.decision import Alarm
from shared.contracts.notifications import ArmReminder
from shared.contracts.refusal import Refused

DUE = datetime(2021, 1, 1, 12, tzinfo=UTC)


def asked(**changes: Any) -> ArmReminder:
    whole = {"recipient": "p", "email": "bo@k.example", "about": "a/1", "occasion": "1", "title": "t", "text": "x"}
    return ArmReminder(**{**whole, "due": DUE, **changes})


def test_a_reminder_rings_when_it_is_due_and_moves_when_it_is_asked_for_again() -> None:
    first, later = asked(), asked(due=DUE.replace(day=2), text="y")
    assert arm(first, erased=False).alarms == (Alarm(REMINDER, reminder_id(first), DUE),)
    assert arm(later, erased=False).alarms == (Alarm(REMINDER, reminder_id(first), later.due),)
    assert arm(later, erased=False).after == later


@pytest.mark.parametrize(
    ("code", "field", "changed"),
    [
        ("invalid_address", "email", {"email": "bo@x\r\nRCPT TO:<y@z>"}),
        ("missing", "title", {"title": " "}),
        ("missing", "text", {"text": "\n"}),
        ("too_long", "about", {"about": "æ" * 128}),
        ("no_time_zone", "due", {"due": DUE.replace(tzinfo=None)}),
    ],
)
def test_what_no_mail_can_be_made_of_is_refused_with_its_field(code: str, field: str, changed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        arm(asked(**changed), erased=False)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, field, 422)
