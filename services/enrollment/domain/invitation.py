"""Invitation rounds: who is written to (at addresses of an organisation's, never a person's), and when.

Each municipality is invited once to a programme, in whatever round, and once more reminded if it stays silent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.address_book import Entry, main_mailbox, require_own
from services.enrollment.domain.enrolment import Enrolment, enrolment_id
from services.enrollment.domain.programme import (
    OFFICE_OPENS,
    Programme,
    deadline_passed,
    require_going_on,
    require_open_to_municipalities,
    takes_sign_ups,
    unknown_programme,
)
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import (
    InvitationReminderDue,
    InviteMunicipalities,
    Mailbox,
    MunicipalityInvited,
)
from shared.contracts.programme import EnrolmentPlan, ProgrammeTerms
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, local, start_of_day

INVITATION = "invitation_round"
"""The timer of a programme's own round; its key is the programme's id."""
REMINDER = "invitation_reminder"
"""The timer of a round's reminder; its key is `programme/round`."""


@dataclass(frozen=True, slots=True)
class Round:
    """Whom a round invites; the others by their organisation codes. `remind_on` None: nobody will be reminded."""

    invited: tuple[Enrolment, ...]
    remind_on: date | None
    without_address: tuple[str, ...]
    already_answered: tuple[str, ...]
    already_invited: tuple[str, ...]


def mailboxes(entry: Entry) -> tuple[Mailbox, ...]:
    """The main mailbox and those of roles, each address once, whatever number of roles it serves."""
    main = main_mailbox(entry)
    named = [(main.role, main.email)] if main else []
    named += [(role, email) for role, email in sorted((entry.roles or {}).items())]
    first: dict[str, Mailbox] = {}
    for role, email in named:
        first.setdefault(email.casefold(), Mailbox(role=role, email=email))
    return tuple(first.values())


def invites_at(plan: EnrolmentPlan, now: datetime) -> datetime | None:
    """When the programme's own round goes out: at nine in Denmark on `invite_on`, and at once later that day.

    None when it has none, and when the day is over: an invitation that is late goes out only when a person says so.
    """
    day = plan.invite_on
    if day is None or plan.who != "municipalities" or plan.how != "sign_up" or is_over(day, now):
        return None
    return max(local(day, OFFICE_OPENS), now)


def own_round(terms: ProgrammeTerms, now: datetime) -> Alarm:
    """The round for the day that the programme says now; taken back when there is none left to wait for."""
    return Alarm(INVITATION, terms.ref.id, invites_at(terms.enrolment, now), {"programme_id": terms.ref.id})


def is_over(day: date, now: datetime) -> bool:
    return now >= start_of_day(day_after(day))


def day_of_own_round(programme: Programme | None, now: datetime) -> date | None:
    """The day that the programme's own round is for; None when it has none, or nobody could answer it any more."""
    if programme is None or not takes_sign_ups(programme, now):
        return None
    return programme.terms.enrolment.invite_on


def require_round(
    programme: Programme | None, asked: InviteMunicipalities, book: Mapping[str, Entry], now: datetime
) -> Programme:
    """The programme, if somebody may be invited to it as asked; else Refused. `book` by organisation code."""
    if programme is None:
        raise unknown_programme()
    if not asked.round_id.strip():
        raise Refused("round_missing", "Giv runden et navn.", status=422, field="round_id")
    require_going_on(programme)
    require_open_to_municipalities(programme)
    if deadline_passed(programme, now):
        raise Refused("deadline_passed", "Tilmeldingsfristen er overskredet, så der kan ikke inviteres flere.")
    for code in asked.organisation_codes:
        if code not in book or book[code].member_of is not None:
            detail = f"»{code[:20]}« er ikke i adressebogen."
            raise Refused("unknown_organisation", detail, status=422, field="organisation_codes")
        require_own(book[code], "organisation_codes")
    if asked.remind_on is not None and local(asked.remind_on, OFFICE_OPENS) <= now:
        raise Refused("reminder_in_the_past", "Påmindelsens dag er gået.", status=422, field="remind_on")
    return programme


def invite(
    programme: Programme,
    round_id: str,
    book: Sequence[Entry],
    standing: Mapping[str, Enrolment],
    invited_before: Collection[str],
    paths: Mapping[str, str],
    remind_on: date | None,
    now: datetime,
) -> Decision[Round]:
    """Those of `book` who have an address, have not answered, and were not invited before, in whatever round.

    `standing` and `paths` (of each one's form) by enrolment. The silent ones are reminded, unless that day has gone by.
    """
    entries = {enrolment_id(programme.id, one.organisation.code): one for one in book}
    answered = {key for key in entries if key in standing and standing[key].has_answered}
    reachable = {key: one for key, one in entries.items() if key not in answered and mailboxes(one)}
    invited = [key for key in reachable if key not in invited_before]
    remind_at = None if remind_on is None else local(remind_on, OFFICE_OPENS)
    reminds = remind_at is not None and remind_at > now
    after = Round(
        invited=tuple(
            standing.get(key) or Enrolment(id=key, programme_id=programme.id, organisation=entries[key].organisation)
            for key in invited
        ),
        remind_on=remind_on if reminds else None,
        without_address=_codes(one for key, one in entries.items() if key not in answered and key not in reachable),
        already_answered=_codes(one for key, one in entries.items() if key in answered),
        already_invited=_codes(one for key, one in reachable.items() if key in invited_before),
    )
    facts = tuple(MunicipalityInvited(**_about(programme, round_id, key, entries[key], paths[key])) for key in invited)
    data = {"programme_id": programme.id, "round_id": round_id}
    alarm = Alarm(REMINDER, f"{programme.id}/{round_id}", remind_at, data)
    return Decision(after, facts, (alarm,) if reminds else ())


def remind(
    programme: Programme,
    round_id: str,
    book: Mapping[str, Entry],
    invited: Mapping[str, Enrolment],
    paths: Mapping[str, str],
) -> Decision[tuple[Enrolment, ...]]:
    """Those of `invited` who have not answered, in the order of the book. `invited` and `paths` by enrolment."""
    silent = {one.organisation.code: one for one in invited.values() if not one.has_answered}
    after = tuple(silent[code] for code in book if code in silent)
    facts = tuple(
        InvitationReminderDue(**_about(programme, round_id, one.id, book[one.organisation.code], paths[one.id]))
        for one in after
    )
    return Decision(after, facts)


def _about(programme: Programme, round_id: str, key: str, entry: Entry, path: str) -> dict[str, Any]:
    return {
        "owner": programme.ref.owner,
        "programme": programme.ref,
        "enrolment_id": key,
        "organisation": entry.organisation,
        "round_id": round_id,
        "to": mailboxes(entry),
        "deadline": programme.terms.terms.deadline,
        "sign_up_path": path,
    }


def _codes(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(one.organisation.code for one in entries)
