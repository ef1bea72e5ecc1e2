"""Diet and access: what whoever comes to a meeting needs there, kept on their consent and for a short time.

Whoever is registered, and a guest, says it of the one meeting; whoever is on a standing team, or named by a member, of
all of theirs. What they say of themselves nobody else reads or replaces. The kitchen gets numbers, and texts without
names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from services.enrollment.domain.form import BETWEEN
from services.enrollment.domain.guest import Guest
from services.enrollment.domain.meeting_copy import MeetingCopy, is_ahead
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, is_changeable
from services.enrollment.domain.team import Team
from services.enrollment.domain.team_meetings import TeamMeetings
from shared.contracts.decision import Alarm
from shared.contracts.programme import NeedPart, NeedsTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting
from shared.contracts.seen import said
from shared.contracts.time import days_after, start_of_day

FORGET_NEEDS = "needs_end"
"""The timer of a meeting at which somebody has said what they need; its key is the meeting's id."""
FORGET_SEATED = "needs_forget"
"""As a version before this one sets it, which knows only of whoever is registered: there it forgets nobody else."""
MOST_ARMED = 100
"""So many meetings of a team have their timers set at once: those that end first. Each that rings sets the next one."""
Part = Literal["people", "diet", "access"]


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one person at one meeting, or at all of their team; something is said in it. `keep_days` after the meeting, or
    the last of them that has a date, is what was agreed to.
    """

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
    saved_in: str = field(default="", compare=False)
    """The request that saved it: another one for every time that it was said otherwise."""

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


STOOD = "kept"
"""What a form says of what is kept, whoever sends it: a mark, and nothing of what it says."""


def own_fields(needs: Needs | None) -> dict[str, str]:
    """As the form has it of whoever it is about."""
    if needs is None:
        return {}
    fields = {
        "diet": BETWEEN.join(needs.diet),
        "diet_text": needs.diet_text,
        "access": BETWEEN.join(needs.access),
        "access_text": needs.access_text,
    }
    return said(fields)


def asked(roster: Roster) -> NeedsTerm | None:
    """What whoever is registered may say; None = nothing is asked."""
    return roster.programme.terms.needs if _is_for(roster.programme, roster.meeting, {"registered"}) else None


def asked_at(programme: Programme, meeting: Meeting, *, guests: int = 0) -> NeedsTerm | None:
    """What whoever comes there may say; None = nobody is asked. Whoever comes by a role is not; guests are, wherever
    they are invited.
    """
    asks = guests > 0 or _is_for(programme, meeting, {"registered", "team", "members"})
    return programme.terms.needs if asks else None


def asked_of_team(team: Team) -> NeedsTerm | None:
    """What those on it may say, of all of their meetings."""
    return team.programme.terms.needs if team.terms else None


def asked_of_guests(programme: Programme) -> NeedsTerm | None:
    return programme.terms.needs


def may_say(roster: Roster, now: datetime) -> bool:
    """As long as the meeting is ahead and has a date: what is said of one that has none is forgotten at once."""
    return roster.meeting.when is not None and is_changeable(roster, now)


def may_say_on_team(team: Team, meetings: TeamMeetings, now: datetime) -> bool:
    """As long as one of their meetings that has a date is ahead: it sees to it that what is said has an end."""
    dated = any(one.meeting.when is not None for one in meetings.ahead(now))
    return dated and team.programme.open and team.enrolment.has_place


def may_say_as_guest(programme: Programme, copy: MeetingCopy, now: datetime) -> bool:
    """As `may_say`."""
    return programme.open and copy.meeting.when is not None and is_ahead(copy, now)


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
    term, may = asked(roster), may_say(roster, now)
    return _say(term, wish, before, may=may, closed=_CLOSED, consent=consent, by_another=by_another)


def say_on_team(
    team: Team,
    meetings: TeamMeetings,
    wish: Needs,
    before: Needs | None,
    now: datetime,
    *,
    consent: bool,
    by_another: bool,
) -> Needs | None:
    """As `say`, of every meeting that the team is invited to."""
    if team.member(wish.person_id) is None:
        raise Refused("not_on_team", "Personen er ikke på holdet.", status=404, field="person_id")
    term, may = asked_of_team(team), may_say_on_team(team, meetings, now)
    closed = "Der er ikke noget møde forude, der har en dato. Oplysningerne kan kun slettes nu."
    return _say(term, wish, before, may=may, closed=closed, consent=consent, by_another=by_another)


def say_as_guest(
    programme: Programme,
    copy: MeetingCopy,
    there: Guest | None,
    wish: Needs,
    before: Needs | None,
    now: datetime,
    *,
    consent: bool,
    by_another: bool,
) -> Needs | None:
    """As `say`, of the one meeting that the guest is invited to."""
    if there is None:
        raise Refused("not_a_guest", "Personen er ikke gæst ved mødet.", status=404, field="person_id")
    term, may = asked_of_guests(programme), may_say_as_guest(programme, copy, now)
    return _say(term, wish, before, may=may, closed=_CLOSED, consent=consent, by_another=by_another)


def _say(
    term: NeedsTerm | None,
    wish: Needs,
    before: Needs | None,
    *,
    may: bool,
    closed: str,
    consent: bool,
    by_another: bool,
) -> Needs | None:
    if before is not None and before.own and by_another:
        raise Refused("needs_are_own", "Deltageren har selv skrevet det. Bed deltageren rette det på sin egen side.")
    if not any(wish.said):
        return None
    if term is None:
        raise Refused("no_needs", "Der spørges ikke om kost og adgang her.")
    if not may:
        raise Refused("needs_closed", closed)
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


def alarms(copies: Sequence[MeetingCopy], kept: Mapping[str, int], now: datetime) -> list[Alarm]:
    """Of meetings that are dated and not off, those whose day of forgetting is ahead, in their order. `kept`: by
    meeting, for how many days at most.
    """
    on = [one for one in copies if one.state != "cancelled" and one.meeting.when is not None]
    found = [forgetting(one, kept[one.meeting.id], now) for one in on if one.meeting.id in kept]
    ahead = [(one.due, one.key, one) for one in found if one.due is not None and one.due > now]
    return [one for _, _, one in sorted(ahead, key=lambda one: one[:2])]


def kept_from(today: date, keep_days: int) -> date:
    """Whose last day is no earlier is not forgotten yet."""
    return days_after(today, -keep_days)


def is_forgotten(copy: MeetingCopy, now: datetime, *, counted: bool) -> bool:
    """Whether the numbers that have stayed of a meeting hold, whatever its people say of others: one that is ahead, as
    it was moved, is counted anew.
    """
    return counted and not is_ahead(copy, now)


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


_CLOSED = "Mødet er begyndt eller aflyst, eller det har ingen dato. Oplysningerne kan kun slettes nu."
_PEOPLE = {
    "registered": "Tilmeldte deltagere",
    "team": "På faste hold og fra medlemmer",
    "guests": "Gæster",
    "answered": "Har skrevet kost eller adgang",
}


def _is_for(programme: Programme, meeting: Meeting, attendances: AbstractSet[str]) -> bool:
    kinds = {one.kind for one in programme.terms.terms.seats if one.attendance in attendances}
    return meeting.kind in kinds and not meeting.roles


def _require_asked(part: NeedPart | None, chosen: Sequence[str], text: str, name: str) -> None:
    known = {one.id for one in part.choices} if part else set()
    if not known.issuperset(chosen):
        raise Refused("unknown_need", "Vælg blandt de svar, der er.", status=422, field=name)
    if text and not (part and part.text):
        raise Refused("unknown_need", "Her kan der ikke skrives noget.", status=422, field=f"{name}_text")
