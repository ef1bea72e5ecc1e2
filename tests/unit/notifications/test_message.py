"""What becomes of a message: by a server's answer, by silence, and by what a person decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from services.notifications.domain import letters
from services.notifications.domain.digest_lines import undelivered
from services.notifications.domain.letter import Letter
from services.notifications.domain.message import (
    HIDDEN,
    INVALID_ADDRESS,
    NO_ANSWER,
    STATES,
    TOO_LATE,
    Message,
    State,
    fail,
    lapse,
    lose,
    queue,
    require_known,
    send_again,
    settle,
    take,
)
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.contracts.notifications import MessageFailed, MessageSent, SendMessage
from shared.contracts.refusal import Refused
from tests.support import facts
from tests.support.letters import COMPOSER

OWNER = "/tovholder/notifications"
AT = datetime(2021, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2021, 1, 2, 12, tzinfo=UTC)


def a_note(email: str = "bo@k.example", text: str = "Hej") -> Letter:
    said = {"recipient": "person-bo", "email": email, "about": "meeting/m", "occasion": "1", "title": "Emne"}
    # Taken in by an earlier version, perhaps: the door takes less today.
    asked = SendMessage.model_construct(**said, text=text)
    return letters.note(asked, facts.PROGRAMME, AT)


def a_message(state: State, reply: str | None = None) -> Message:
    return replace(queue(a_note(), OWNER).after, state=state, reply=reply)


def test_a_letter_waits_to_be_sent_and_nothing_is_told() -> None:
    letter = a_note()
    decided = queue(letter, OWNER)
    message = decided.after
    assert (message.state, message.reply, decided.facts, decided.alarms) == ("pending", None, (), ())
    assert (message.id, message.recipient, message.people) == (letter.id, "person-bo", ("person-bo",))
    assert message.says["programme"] == facts.PROGRAMME.model_dump(mode="json")
    assert message.key == "note\nperson-bo\nmeeting/m\n1"


def test_a_letter_to_an_address_that_is_none_has_failed_and_that_is_told() -> None:
    decided = queue(a_note(email="bo"), OWNER)
    assert (decided.after.state, decided.after.reply) == ("failed", INVALID_ADDRESS)
    (fact,) = decided.facts
    assert fact == MessageFailed(
        owner=OWNER,
        message_id=decided.after.id,
        template="note",
        recipient="person-bo",
        about="meeting/m",
        occasion="1",
        reason=INVALID_ADDRESS,
    )


def test_no_text_in_a_message_is_longer_than_a_letter_or_holds_what_no_database_stores() -> None:
    message = queue(a_note(text="\0" + "x" * 100_000), OWNER).after
    assert len(message.says["text"]) == 20_000
    assert "\0" not in message.says["text"]


@pytest.mark.parametrize("state", STATES)
def test_only_what_is_being_sent_or_was_lost_can_have_been_taken(state: State) -> None:
    before = a_message(state, reply="smtp_451")
    decided = take(before, OWNER, LATER)
    if state in {"sending", "unknown"}:
        assert decided.after == replace(before, state="sent", sent_at=LATER, reply=None)
        (fact,) = decided.facts
        assert isinstance(fact, MessageSent)
        assert (fact.message_id, fact.sent_at, fact.occasion) == (before.id, LATER, "1")
    else:
        assert (decided.after, decided.facts) == (before, ())


@pytest.mark.parametrize("state", STATES)
def test_only_what_is_under_way_or_was_lost_can_fail(state: State) -> None:
    before = a_message(state)
    decided = fail(before, "smtp_550", OWNER)
    if state in {"claimed", "sending", "unknown"}:
        assert decided.after == replace(before, state="failed", reply="smtp_550")
        (fact,) = decided.facts
        assert isinstance(fact, MessageFailed)
        assert fact.reason == "smtp_550"
    else:
        assert (decided.after, decided.facts) == (before, ())


@pytest.mark.parametrize("state", STATES)
def test_only_what_is_being_sent_can_be_lost_and_nothing_is_told_of_it(state: State) -> None:
    before = a_message(state)
    decided = lose(before)
    lost = replace(before, state="unknown", reply=NO_ANSWER)
    assert decided.after == (lost if state == "sending" else before)
    assert decided.facts == ()


@pytest.mark.parametrize("state", STATES)
def test_a_person_decides_about_what_failed_or_is_unknown_and_about_nothing_else(state: State) -> None:
    before = replace(a_message(state, reply="smtp_550"), attempts=3)
    if state in {"unknown", "failed"}:
        assert send_again(before).after == replace(before, state="pending", attempts=0, reply=None)
        assert settle(before).after == replace(before, state="settled")
        return
    for decide in (send_again, settle):
        with pytest.raises(Refused) as refused:
            decide(before)
        assert refused.value.code == "nothing_to_decide"


def test_what_has_no_address_can_be_settled_and_never_sent() -> None:
    before = queue(a_note(email="bo"), OWNER).after
    with pytest.raises(Refused) as refused:
        send_again(before)
    assert refused.value.code == "invalid_address"
    assert settle(before).after.state == "settled"


def test_a_message_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        require_known(None)
    assert (refused.value.code, refused.value.status) == ("unknown_message", 404)


def test_staff_read_of_each_failure_and_not_of_their_own_digest_s() -> None:
    message = replace(a_message("sending"), says={"organisation": "Aarhus Kommune"})
    line = undelivered("failed", message, "smtp_550", AT)
    assert line is not None
    assert line.text == f"Besked til Aarhus Kommune (smtp_550), mail {message.id}"
    again = undelivered("failed", replace(message, attempts=1), "smtp_550", AT)
    assert again is not None
    assert again.id != line.id
    assert undelivered("failed", replace(message, template="digest"), "smtp_550", AT) is None


def a_code_mail(state: State = "pending") -> Message:
    drawn = next(one for one in facts.FACT_EXAMPLES if isinstance(one, MailboxCodeDrawn))
    return replace(queue(letters.mailbox_code(drawn, AT), OWNER).after, state=state)


def read_in(mail: bytes) -> list[str]:
    """The texts of a mail, as its reader's program has them."""
    parts = message_from_bytes(mail, policy=default).walk()
    return [str(part.get_content()) for part in parts if part.get_content_maintype() == "text"]


def test_a_code_that_waits_is_its_mailboxes_alone_in_whatever_form_it_is_shown() -> None:
    waits = a_code_mail()
    code = waits.says["code"]
    assert [code in one for one in read_in(COMPOSER.mail(waits).content)] == [True, True]
    for kind in ("eml", "txt"):
        shown = COMPOSER.file(waits, kind) or b""
        texts = read_in(shown) if kind == "eml" else [shown.decode()]
        assert [(code in one, HIDDEN in one) for one in texts] == [(False, True)] * len(texts), kind


def test_a_code_that_may_have_gone_out_is_kept_no_more_and_not_sent_again() -> None:
    lost = lose(a_code_mail("sending")).after
    assert (lost.state, lost.says["code"]) == ("unknown", HIDDEN)
    again = lapse(send_again(lost).after, AT)
    assert again is not None
    assert (again.after.state, again.after.reply) == ("settled", TOO_LATE)
