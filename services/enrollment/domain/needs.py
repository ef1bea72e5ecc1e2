"""Diet and access: what whoever is registered for a meeting needs there, kept on their consent and for a short time.

What they say of themselves nobody else reads or replaces. The kitchen gets numbers, and texts without names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, is_changeable
from shared.contracts.decision import Alarm
from shared.contracts.programme import NeedPart, NeedsTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting
from shared.contracts.time import days_after, start_of_day

FORGET_NEEDS = "needs_forget"
"""The timer of a meeting at which somebody has said what they need; its key is the meeting's id."""
Part = Literal["people", "diet", "access"]


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one person at one meeting; something is said in it. `keep_days` after the meeting is what was agreed to."""

    person_id: str
    diet: tuple[str, ...]
    diet_text: str
    access: tuple[str, ...]
    access_text: str
    consent: str
    keep_days: int
    consented_at: datetime = field(compare=False)
    own: bool = False
    """Whether the person has said it by their own link, whoever has saved it since."""

    @property
    def said(self) -> tuple[tuple[str, ...], str, tuple[str, ...], str]:
        return self.diet, self.diet_text, self.access, self.access_text


@dataclass(frozen=True, slots=True)
class Count:
    """How many, of what: of `people` how many come, of the others how many chose it, or wrote `text`."""

    part: Part
    choice: str
    title: str
    number_of: int
    text: str = ""


def asked(roster: Roster) -> NeedsTerm | None:
    return asked_at(roster.programme, roster.meeting)


def asked_at(programme: Programme, meeting: Meeting) -> NeedsTerm | None:
    """What whoever is registered may say; None = nothing is asked. Standing teams, members and roles are not asked."""
    registered = {one.kind for one in programme.terms.terms.seats if one.attendance == "registered"}
    return programme.terms.needs if meeting.kind in registered and not meeting.roles else None


def say(
    roster: Roster,
    wish: Needs,
    before: Needs | None,
    now: datetime,
    *,
    consent: bool,
    by_another: bool,
) -> Needs | None:
    """What is kept from now on; None = nothing. Whoever says nothing takes back what was said, at any time.

    `by_another`: neither the person nor staff, who may put right what is the person's own: it stays so. No refusal
    repeats what was said: answers are stored.
    """
    if roster.seat_of(wish.person_id) is None:
        raise Refused("not_registered", "Deltageren er ikke tilmeldt mødet.", status=404, field="person_id")
    if before is not None and before.own and by_another:
        raise Refused("needs_are_own", "Deltageren har selv skrevet det. Bed deltageren rette det på sin egen side.")
    if not any(wish.said):
        return None
    term = asked(roster)
    if term is None:
        raise Refused("no_needs", "Der spørges ikke om kost og adgang til dette møde.")
    if not is_changeable(roster, now):
        raise Refused("needs_closed", "Mødet er begyndt eller aflyst. Oplysningerne kan kun slettes nu.")
    if not consent:
        raise Refused(
            "consent_missing",
            "Sæt kryds ved samtykket, så det kan gemmes, eller lad felterne være tomme.",
            status=422,
            field="consent",
        )
    _require_asked(term.diet, wish.diet, wish.diet_text, "diet")
    _require_asked(term.access, wish.access, wish.access_text, "access")
    return replace(wish, own=wish.own or (before is not None and before.own))


def forgetting(copy: MeetingCopy, keep_days: int, now: datetime) -> Alarm:
    """When a meeting's needs are forgotten: so many days after its last one, and at once where it is off."""
    when = copy.meeting.when
    off = copy.state == "cancelled" or when is None
    due = now if off or when is None else start_of_day(days_after(when.last_day, keep_days + 1))
    return Alarm(FORGET_NEEDS, copy.meeting.id, due)


def counted(
    term: NeedsTerm | None, people: Mapping[str, int], chosen: Mapping[tuple[str, str], int]
) -> tuple[Count, ...]:
    """Who comes, and each choice with how many chose it, none among them; one that is asked no more by its id."""
    found = [Count("people", one, title, people[one]) for one, title in _PEOPLE.items()]
    parts: tuple[tuple[Part, NeedPart | None], ...] = (
        ("diet", term.diet if term else None),
        ("access", term.access if term else None),
    )
    for part, asked_now in parts:
        titles = {one.id: one.title for one in asked_now.choices} if asked_now else {}
        titles |= {choice: choice for of, choice in sorted(chosen) if of == part and choice not in titles}
        found += [Count(part, choice, title, chosen.get((part, choice), 0)) for choice, title in titles.items()]
    return tuple(found)


def in_nobodys_order(texts: Sequence[Count]) -> list[Count]:
    """By what they say, so that their order tells of nobody."""
    return sorted(texts, key=lambda one: (one.part != "diet", one.text.casefold(), one.text))


_PEOPLE = {"registered": "Tilmeldte deltagere", "guests": "Gæster", "answered": "Har skrevet kost eller adgang"}


def _require_asked(part: NeedPart | None, chosen: Sequence[str], text: str, name: str) -> None:
    known = {one.id for one in part.choices} if part else set()
    if not known.issuperset(chosen):
        raise Refused("unknown_need", "Vælg blandt de svar, der er.", status=422, field=name)
    if text and not (part and part.text):
        raise Refused("unknown_need", "Her kan der ikke skrives noget.", status=422, field=f"{name}_text")
