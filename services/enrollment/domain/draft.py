"""A form that somebody has begun, and takes up again by a mailed link. Nobody signs up with it, and nothing in it is
judged: what is wrong is said when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.programme import Programme, deadline_passed, require_going_on, unknown_programme
from services.enrollment.domain.sign_up import Mails
from services.enrollment.domain.speakers import mailbox_key
from shared.contracts.danish import long_day
from shared.contracts.decision import Decision
from shared.contracts.enrollment import SignUpDraftSaved
from shared.contracts.parties import Contact
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of, days_after

DRAFT_DAYS = 30
"""So long a draft is kept after it was saved."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`typed` is what stands in the fields, by their names; `revision` goes up each time it is saved.

    `mailbox` is the key of whom its link was mailed to, once, when it was begun; `caller` marks where that was.
    """

    id: str
    programme_id: str
    typed: Mapping[str, str]
    mailbox: str
    caller: str
    revision: int
    begun_at: datetime
    saved_at: datetime

    @property
    def forgotten_after(self) -> date:
        """The last day on which it is found, in Denmark."""
        return forgotten_after(self.saved_at)


def forgotten_after(saved_at: datetime) -> date:
    return days_after(day_of(saved_at), DRAFT_DAYS)


def mailbox_of(typed: Mapping[str, str]) -> str:
    """Where the link goes; Refused 422 `invalid_email` where none is typed."""
    return mailbox_key(require_email(typed.get("contact_email", ""), "contact_email"))


def begin(
    programme: Programme | None,
    typed: Mapping[str, str],
    mails: Mails,
    *,
    draft_id: str,
    person_id: str,
    caller: str,
    draft_path: str,
    now: datetime,
    source: str,
) -> Decision[Draft]:
    """Saved for the first time: its link is mailed. Refused 429 `too_many_mails`: the mailbox has had its mails today.

    `person_id` is nobody's that is known: anybody may have typed the address.
    """
    if programme is None or not programme.has_form:
        raise unknown_programme()
    ref = programme.ref
    if ref.owner != source:
        raise Refused("other_owner", "Tilmeldinger til dette forløb sker i et andet system.", field="programme_id")
    require_going_on(programme)
    if deadline_passed(programme, now):
        deadline = programme.deadline
        raise Refused("deadline_passed", f"Tilmeldingsfristen var {long_day(deadline)}." if deadline else "")
    mailbox = mailbox_of(typed)
    if mails.enough:
        raise Refused(
            "too_many_mails",
            "Der er i dag sendt så mange mails til adressen, at vi venter til i morgen. Prøv igen da, eller send "
            "formularen nu.",
            status=429,
            field="contact_email",
        )
    draft = Draft(draft_id, programme.id, typed, mailbox, caller, revision=1, begun_at=now, saved_at=now)
    contact = Contact(
        person_id=person_id,
        name=_name(typed.get("contact_name", "")),
        email=require_email(typed.get("contact_email", ""), "contact_email"),
        role=programme.terms.terms.contact_label,
    )
    fact = SignUpDraftSaved(
        owner=ref.owner,
        programme=ref,
        draft_id=draft_id,
        contact=contact,
        saved_at=now,
        forgotten_after=draft.forgotten_after,
        draft_path=draft_path,
    )
    return Decision(draft, (fact,))


def save_again(
    programme: Programme | None, draft: Draft | None, typed: Mapping[str, str], revision: int, now: datetime
) -> Decision[Draft]:
    """Refused 410 `draft_gone`, `programme_cancelled`, or 409 `draft_changed` when it was saved elsewhere since it was
    opened: what is typed here is not lost, and neither is what is typed there.
    """
    if draft is None or is_gone(draft, now):
        raise Refused("draft_gone", "Kladden er ikke gemt længere. Send formularen, som den står her.", status=410)
    if programme is None or programme.id != draft.programme_id:
        raise unknown_programme()
    require_going_on(programme)
    if revision != draft.revision:
        raise Refused(
            "draft_changed",
            "Kladden er gemt et andet sted, siden du åbnede den her. Åbn linket i et nyt vindue, og sammenlign. Det, "
            "du har skrevet her, er ikke gemt.",
        )
    return Decision(replace(draft, typed=typed, revision=draft.revision + 1, saved_at=max(now, draft.saved_at)))


def is_gone(draft: Draft, now: datetime) -> bool:
    return day_of(now) > draft.forgotten_after


def _name(typed: str) -> str:
    """Empty where it is none (yet)."""
    try:
        return require_name(typed, "contact_name")
    except Refused:
        return ""
