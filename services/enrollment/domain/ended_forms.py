"""Forms that come to nothing without a word of staff: why, and who is told of it.

The page had promised a mail. Whoever has confirmed a form by its link is told once, and nobody else is by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from services.enrollment.domain.address_book import Entry, main_mailbox
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme, is_over
from services.enrollment.domain.sign_up import Ended, SignUp, ended_since
from services.enrollment.domain.speakers import mailbox_key
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import Mailbox, SignUpEnded
from shared.contracts.parties import Contact
from shared.contracts.refusal import Refused

CALL_OFF_FORMS = "call_off_sign_ups"
"""The timer of a programme that is called off, whose forms wait; its key is the programme's id. It rings at once."""


def comes_to_nothing(sign_up: SignUp, programme: Programme, current: Enrolment | None) -> Ended | None:
    """Why nothing can come of a form any more, whatever staff say; None = something can.

    Where the organisation is signed up the form came in before any withdrawal from that. A programme that is full may
    have room again.
    """
    if not programme.open:
        return "called_off"
    if current is not None and current.is_signed_up:
        return "has_place"
    return "has_ended" if ended_since(current, sign_up.received_at) else None


def is_too_late(programme: Programme | None, last_meeting: date | None, now: datetime) -> bool:
    """Whether what it signs up for is over: nobody waits for a word of it."""
    return programme is None or is_over(programme, last_meeting, now)


def calling_off_forms(programme_id: str, now: datetime, after: int = 0) -> Alarm:
    """Of the forms of a programme that is called off, whose numbers come after that."""
    return Alarm(CALL_OFF_FORMS, programme_id, now, {"after": after})


class Told(NamedTuple):
    """A mailbox, and the form that it was told of last."""

    mailbox: str
    enrolment_id: str
    programme_id: str
    because: Ended
    at: datetime


@dataclass(frozen=True, slots=True)
class Around:
    """Of forms that end: what they are about, by id or code, and who has been told already."""

    programmes: Mapping[str, Programme]
    book: Mapping[str, Entry]
    standing: Mapping[str, Enrolment]
    told: Sequence[Told] = ()


def end(ending: Iterable[tuple[SignUp, Ended]], around: Around, now: datetime) -> list[Decision[SignUp]]:
    """One outcome each, in this order. A mailbox is told once of an organisation's enrolment, and once of a programme
    that is called off, whatever number of forms went there; of a form that nobody was ever told of nothing is told.
    """
    told, decided = list(around.told), []
    for sign_up, because in ending:
        after = replace(sign_up, dismissed_at=now, ended_because=because)
        if not (sign_up.mailed or sign_up.shown_at is not None):
            decided.append(Decision(after))
            continue
        programme, entry = around.programmes[sign_up.command.programme_id], around.book[sign_up.organisation_code]
        current = around.standing.get(sign_up.enrolment_id)
        contact, to = (None, None) if _knows(sign_up, because, current, told) else _whom(sign_up, entry)
        told.append(Told(sign_up.mailbox, sign_up.enrolment_id, programme.id, because, now))
        fact = SignUpEnded(
            owner=programme.ref.owner,
            programme=programme.ref,
            enrolment_id=sign_up.enrolment_id,
            organisation=entry.organisation,
            sign_up_id=sign_up.id,
            because=because,
            contact=contact,
            to=to,
        )
        decided.append(Decision(after, (fact,)))
    return decided


def take_back(
    sign_up: SignUp | None, programme: Programme | None, entry: Entry | None, now: datetime
) -> Decision[SignUp]:
    """By its own link, as long as it is neither confirmed nor ended. Said again it changes nothing."""
    if sign_up is None or programme is None or entry is None:
        raise Refused("unknown_sign_up", "Tilmeldingen findes ikke.", status=404, field="sign_up_id")
    if sign_up.ended_because == "taken_back":
        return Decision(sign_up)
    if sign_up.confirmed_at is not None:
        raise Refused("already_enrolled", "Tilmeldingen er bekræftet. Afmeld kommunen med linket i kvitteringen.")
    if sign_up.dismissed_at is not None:
        raise Refused("link_used", "Formularen er allerede afsluttet. Der er ikke mere at trække tilbage.", status=410)
    around = Around({programme.id: programme}, {entry.organisation.code: entry}, {})
    (decided,) = end([(sign_up, "taken_back")], around, now)
    return decided


def _whom(sign_up: SignUp, entry: Entry) -> tuple[Contact | None, Mailbox | None]:
    """The one that its link went to. Where that was the main mailbox, the contact has shown nothing to be theirs."""
    if not sign_up.by_main_mailbox:
        return sign_up.contact, None
    main = main_mailbox(entry)
    return None, main if main is not None and mailbox_key(main.email) == sign_up.mailbox else None


def _knows(sign_up: SignUp, because: Ended, current: Enrolment | None, told: Sequence[Told]) -> bool:
    """Whether its mailbox has heard of it already, or knows by itself."""
    mine = [one for one in told if one.mailbox == sign_up.mailbox]
    if because == "taken_back":
        return True
    if because == "called_off":
        return any(one.because == because and one.programme_id == sign_up.command.programme_id for one in mine)
    if because == "has_place" and _is_its_own(sign_up, current):
        return True
    since = current.received_at if current is not None else None
    return any(
        one.because == because and one.enrolment_id == sign_up.enrolment_id and (since is None or one.at >= since)
        for one in mine
    )


def _is_its_own(sign_up: SignUp, current: Enrolment | None) -> bool:
    """Whether the place is that of another form from there: its contact has the receipt."""
    return (
        current is not None
        and current.contact is not None
        and mailbox_key(current.contact.email) == mailbox_key(sign_up.email)
    )
