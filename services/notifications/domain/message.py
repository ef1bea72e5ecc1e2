"""A letter on its way: `pending → claimed → sending → sent | unknown | failed`, and what a person decides about it.

Between `sending` and the server's answer nobody knows whether the mail went out, so what is lost there is `unknown`,
and nothing but a person sends it again, or settles it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from services.notifications.domain.calendar.entry import Entry
from services.notifications.domain.letter import Letter
from services.notifications.domain.text import address_key, lines, one_line
from shared.contracts.addresses import is_erased, sendable
from shared.contracts.decision import Decision
from shared.contracts.notifications import MessageFailed, MessageSent
from shared.contracts.parties import ERASED_NAME, erased_email
from shared.contracts.refusal import Refused

State = Literal["pending", "claimed", "sending", "sent", "unknown", "failed", "settled"]
STATES: tuple[State, ...] = get_args(State)

INVALID_ADDRESS = "invalid_address"
UNSENDABLE = "unsendable"
ERASED = "erased"
NO_ANSWER = "no_answer"
TOO_LATE = "too_late"
HIDDEN = "••••••"
"""Where a code was."""
CODE = "mailbox_code"
"""The template of what somebody waits for at their screen: it overtakes all other letters, and is worthless soon."""
_LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Message:
    """`number` is its place in the queue, `reply` the stable code of the latest "no".

    `people` are all whose names or addresses stand in it. `put_in_by` is the actor whose own it is; None = nobody's.
    """

    id: str
    number: int
    template: str
    recipient: str
    about: str
    occasion: str
    programme_id: str | None
    people: tuple[str, ...]
    name: str
    email: str
    address_key: str
    says: dict[str, Any]
    calendar: Entry | None
    written_at: datetime
    state: State
    attempts: int
    reply: str | None
    sent_at: datetime | None
    forgotten: bool = False
    """What it said is gone, because it is so long ago."""
    put_in_by: str | None = None
    introduces: bool = False
    """After it whoever it goes to knows what is done with their data."""
    subject: str = ""
    """As it goes out; "" = not kept."""

    @property
    def key(self) -> str:
        """The natural key as one string: Message-ID and MIME boundaries come from it."""
        return f"{self.template}\n{self.recipient}\n{self.about}\n{self.occasion}"


def without_links(message: Message) -> Message:
    """As a client is shown it: where its meeting is held online is for those who take part, and for staff."""
    says = {
        name: {**value, "link": None} if isinstance(value, dict) and "link" in value else value
        for name, value in message.says.items()
    }
    calendar = message.calendar
    return replace(message, says=says, calendar=None if calendar is None else replace(calendar, link=""))


def queue(letter: Letter, owner: str, actor: str | None = None) -> Decision[Message]:
    """The letter as it waits to be sent, no text in it longer than a letter. To an address that is none it has failed.

    Its number is given when it is stored.
    """
    says = dict(letter.says)
    if letter.programme is not None:
        says["programme"] = letter.programme.model_dump(mode="json")
    email = sendable(letter.to.email)
    message = Message(
        id=letter.id,
        number=0,
        template=letter.template,
        recipient=letter.to.key,
        about=letter.about,
        occasion=letter.occasion,
        programme_id=letter.programme.id if letter.programme else None,
        people=letter.people,
        name=one_line(letter.to.name),
        email=one_line(email or letter.to.email, _LONGEST_EMAIL),
        address_key=address_key(email or letter.to.email),
        says=_bounded(says),
        calendar=letter.calendar,
        written_at=letter.written_at,
        state="pending",
        attempts=0,
        reply=None,
        sent_at=None,
        put_in_by=actor if letter.own else None,
        introduces=letter.introduces,
    )
    return Decision(message) if email is not None else _failed(message, INVALID_ADDRESS, owner)


def withhold(letter: Letter, owner: str, actor: str | None = None) -> Decision[Message]:
    """To somebody who was erased: it is never sent, and nothing that it says is kept. It has failed, so that staff see
    to it, unless it is about their calendar.
    """
    nobody = replace(letter.to, name=ERASED_NAME, email=erased_email(letter.to.key))
    kept = replace(queue(replace(letter, to=nobody, says={}, calendar=None), owner, actor).after, forgotten=True)
    if letter.calendar is not None:
        return Decision(replace(kept, state="settled", reply=ERASED))
    return _failed(kept, ERASED, owner)


def what_stays(sent: int) -> list[str]:
    """What erasing somebody who was sent so many mails leaves behind, and why, in Danish."""
    if not sent:
        return []
    mails = (
        "Én mail, der er sendt til personen, ligger"
        if sent == 1
        else f"{sent} mails, der er sendt til personen, ligger"
    )
    return [f"{mails} i personens egen postkasse, hvor ingen andre kan slette."]


def call_back(message: Message, owner: str) -> Decision[Message]:
    """Whom it waits to be sent to was erased meanwhile: as `withhold`; what is being sent just now is."""
    if message.state not in {"pending", "claimed"}:
        return Decision(message)
    if message.calendar is not None:
        return Decision(replace(message, state="settled", reply=ERASED))
    return _failed(message, ERASED, owner)


def take(message: Message, owner: str, now: datetime) -> Decision[Message]:
    """The server has it. Also from `unknown`: a mailer that was held up may come back with the answer."""
    if message.state not in {"sending", "unknown"}:
        return Decision(message)
    fact = MessageSent(
        owner=owner,
        message_id=message.id,
        template=message.template,
        recipient=message.recipient,
        about=message.about,
        occasion=message.occasion,
        sent_at=now,
    )
    return Decision(without_code(replace(message, state="sent", sent_at=now, reply=None)), (fact,))


def lapse(message: Message, now: datetime) -> Decision[Message] | None:
    """A code that can be used no more (`now` is machine time) is not sent; None = the letter goes out."""
    if message.template != CODE or message.state not in {"pending", "claimed"}:
        return None
    good_until = message.says.get("good_until")
    if message.says.get("code") != HIDDEN and good_until is not None and now < datetime.fromisoformat(good_until):
        return None
    return Decision(without_code(replace(message, state="settled", reply=TOO_LATE)))


def without_code(message: Message) -> Message:
    """As it is kept once it has gone out, may have, or is not to, and as anybody but the mailbox is shown it."""
    if message.template != CODE or "code" not in message.says:
        return message
    return replace(message, says={**message.says, "code": HIDDEN})


def fail(message: Message, reason: str, owner: str) -> Decision[Message]:
    """The server will never take it, or it cannot even be written."""
    if message.state not in {"claimed", "sending", "unknown"}:
        return Decision(message)
    return _failed(message, reason, owner)


def lose(message: Message) -> Decision[Message]:
    """Whoever sent it is gone, or has had no answer."""
    if message.state != "sending":
        return Decision(message)
    return Decision(without_code(replace(message, state="unknown", reply=NO_ANSWER)))


def send_again(message: Message) -> Decision[Message]:
    """A person wants it to go out (again), at the risk of a second copy."""
    _require_open(message)
    require_words(message)
    if is_erased(message.email):
        raise Refused("erased", "Modtageren er slettet, så mailen kan ikke sendes igen.")
    if message.reply == INVALID_ADDRESS:
        raise Refused("invalid_address", "Mailadressen kan ikke bruges, så mailen kan ikke sendes igen.")
    return Decision(replace(message, state="pending", attempts=0, reply=None))


def settle(message: Message) -> Decision[Message]:
    """A person has seen to it in another way; it is never sent."""
    _require_open(message)
    return Decision(replace(message, state="settled"))


def require_known(found: Message | None, client: Collection[str] | None = None) -> Message:
    """The message; to a client (`Cause.client`) what others put in is as unknown as what nobody did."""
    if found is None or (client is not None and found.put_in_by not in client):
        raise unknown_message()
    return found


def unknown_message() -> Refused:
    return Refused("unknown_message", "Mailen findes ikke.", status=404)


def _require_open(message: Message) -> None:
    if message.state not in {"unknown", "failed"}:
        raise Refused("nothing_to_decide", "Kun en mail, der er fejlet eller har ukendt skæbne, kan afgøres.")


def _failed(message: Message, reason: str, owner: str) -> Decision[Message]:
    fact = MessageFailed(
        owner=owner,
        message_id=message.id,
        template=message.template,
        recipient=message.recipient,
        about=message.about,
        occasion=message.occasion,
        reason=reason,
    )
    return Decision(without_code(replace(message, state="failed", reply=reason)), (fact,))


def _bounded(value: Any) -> Any:
    """JSON that fits a letter: no text longer than one, no NUL."""
    if isinstance(value, str):
        return lines(value)
    if isinstance(value, dict):
        return {str(key): _bounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    return value


def require_words(message: Message) -> Message:
    """The same message; refused when what it said has been forgotten."""
    if message.forgotten:
        raise Refused("forgotten", "Mailen er så gammel, at dens indhold er slettet.", status=410)
    return message
