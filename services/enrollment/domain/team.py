"""One enrolment's standing team: named once, and invited to every meeting of its kinds, also to those dated later.

It counts at most as many as were agreed: one more is refused, and has no price. Fewer than agreed is said, to its
contact and to staff, until there are enough, and refuses nothing.

A rule takes the team as it stands and decides how it stands afterwards, with the fact that tells the difference; or it
refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.programme import OFFICE_OPENS, Programme, require_going_on
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import (
    MemberMailboxMissing,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
)
from shared.contracts.parties import Person
from shared.contracts.programme import SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of, days_after, local

SHORT = "team_short"
"""The timer of a team that is smaller than agreed; its key is the enrolment's id."""
MEMBERS = "members"
"""The attendance of meetings for the people that a member names: they are its team."""


@dataclass(frozen=True, slots=True)
class Member:
    """`number` is drawn from the team and never used twice; whoever takes over from another takes over theirs."""

    person: Person
    named_at: datetime
    number: int
    put_in_by: str | None = field(default=None, compare=False)
    """The actor whose wish it was."""


@dataclass(frozen=True, slots=True)
class Team:
    """The members in their order, of whom. What was agreed about their number is the enrolment's."""

    programme: Programme
    enrolment: Enrolment
    members: tuple[Member, ...] = ()
    next_number: int = 1

    @property
    def id(self) -> str:
        return self.enrolment.id

    @property
    def terms(self) -> tuple[SeatTerm, ...]:
        return team_terms(self.enrolment)

    @property
    def minimum(self) -> int:
        return max((one.minimum for one in self.terms), default=0)

    @property
    def most(self) -> int | None:
        """None = as many as they like. The check of programme files sees to it that all kinds say the same."""
        return min((one.included for one in self.terms if one.included is not None), default=None)

    @property
    def missing(self) -> int:
        return max(0, self.minimum - len(self.members))

    @property
    def is_full(self) -> bool:
        return self.most is not None and len(self.members) >= self.most

    def member(self, person_id: str) -> Member | None:
        return next((one for one in self.members if one.person.person_id == person_id), None)


def team_terms(enrolment: Enrolment) -> tuple[SeatTerm, ...]:
    """Of the kinds of meetings that its standing team is invited to; none = it names none."""
    return tuple(one for one in enrolment.agreed.seats if one.attendance in {"team", MEMBERS})


def name_member(
    team: Team, person: Person, now: datetime, *, paths: OwnPaths | None = None, quiet: bool = False
) -> Decision[Team]:
    """Refused for whoever is on it already, and when it is full; of a `quiet` one nobody is told. `paths` are the
    person's own.
    """
    _require_team(team)
    _require_new(team, person)
    if team.is_full:
        full = "Alle pladser er taget" if team.enrolment.is_member else "Holdet er fuldt"
        raise Refused("team_full", f"{full}: højst {team.most} personer. I kan skifte en af dem ud.")
    named_at = max(now, team.members[-1].named_at) if team.members else now
    after = replace(
        team, members=(*team.members, Member(person, named_at, team.next_number)), next_number=team.next_number + 1
    )
    fact = TeamMemberNamed(
        **_about(after, len(after.members)),
        person=person,
        place_path=paths and paths.one,
        own_path=paths and paths.all,
        quiet=quiet,
    )
    return _decided(after, [fact], now)


def replace_member(
    team: Team,
    person_id: str,
    person: Person,
    now: datetime,
    *,
    paths: OwnPaths | None = None,
    by_participant: bool = False,
) -> Decision[Team]:
    """`person` takes over the number of the one who leaves; they may be the same person, written otherwise."""
    _require_team(team)
    member = _require_member(team, person_id)
    taken_over = replace(member, person=person)
    if taken_over == member or person.person_id != person_id:
        _require_new(team, person)
    after = replace(team, members=tuple(taken_over if one is member else one for one in team.members))
    fact = TeamMemberReplaced(
        **_about(after, len(after.members)),
        person=person,
        previous=member.person,
        place_path=paths and paths.one,
        own_path=paths and paths.all,
        by_participant=by_participant,
    )
    return _decided(after, [fact], now)


def remove_member(team: Team, person_id: str, now: datetime, *, by_participant: bool = False) -> Decision[Team]:
    _require_team(team)
    member = _require_member(team, person_id)
    after = replace(team, members=tuple(one for one in team.members if one is not member))
    fact = TeamMemberRemoved(**_about(after, len(after.members)), person=member.person, by_participant=by_participant)
    return _decided(after, [fact], now)


def disband(team: Team) -> Decision[Team]:
    """The enrolment has ended, and its team with it."""
    left = len(team.members)
    facts = [
        TeamMemberRemoved(**_about(team, left - gone), person=one.person)
        for gone, one in enumerate(team.members, start=1)
    ]
    alarms = (no_reminder(team.enrolment),) if team.terms else ()
    return Decision(replace(team, members=()), tuple(facts), alarms)


def remind(team: Team, participants_path: str | None, now: datetime, *, over: bool) -> Decision[Team]:
    """Somebody is still missing, and the programme is not over: its contact and staff hear of it, and will again."""
    if over or not team.missing or not team.programme.open or not team.enrolment.has_place:
        return Decision(team)
    fact: TeamReminderDue | MemberMailboxMissing
    if team.enrolment.contact is None:
        fact = MemberMailboxMissing(**about(team.enrolment, team.programme))
    else:
        fact = TeamReminderDue(**_about(team, len(team.members)), participants_path=participants_path)
    return Decision(team, (fact,), (reminding(team.enrolment, team.programme, now),))


def reminding(enrolment: Enrolment, programme: Programme, now: datetime) -> Alarm:
    """When somebody is reminded next of a team that is too small; never where the programme says so, nor of the people
    of a member that may come to no meeting.
    """
    days = 0 if enrolment.ad_hoc else programme.terms.terms.team_remind_days
    due = local(days_after(day_of(now), days), OFFICE_OPENS) if days else None
    return Alarm(SHORT, enrolment.id, due, {})


def members_for(team: Team, *, client: bool) -> tuple[Member, ...]:
    """As they are shown: to a client, and to whoever may be one, those named since the enrolment's place."""
    since = team.enrolment.enrolled_at
    if not client:
        return team.members
    return tuple(one for one in team.members if since is not None and one.named_at >= since)


def size_text(team: Team) -> str:
    """2 på holdet; der mangler mindst 1 (3 til 5 personer)."""
    count, least, most = len(team.members), team.minimum, team.most
    between = (
        str(least)
        if least == most
        else f"{least} til {most}"
        if least and most
        else f"mindst {least}"
        if least
        else f"højst {most}"
    )
    agreed = f" ({between} personer)" if least or most is not None else ""
    where = "navngivet" if team.enrolment.is_member else "på holdet"
    return f"{count} {where}{f'; der mangler mindst {team.missing}' if team.missing else ''}{agreed}"


def _decided(
    after: Team, facts: Sequence[TeamMemberNamed | TeamMemberReplaced | TeamMemberRemoved], now: datetime
) -> Decision[Team]:
    if not after.minimum:
        return Decision(after, tuple(facts))
    alarm = reminding(after.enrolment, after.programme, now) if after.missing else no_reminder(after.enrolment)
    return Decision(after, tuple(facts), (alarm,))


def no_reminder(enrolment: Enrolment) -> Alarm:
    """That its team is too small."""
    return Alarm(SHORT, enrolment.id, None, {})


def _about(team: Team, size: int) -> dict[str, Any]:
    return {
        **about(team.enrolment, team.programme),
        "contact": team.enrolment.known_contact,
        "size": size,
        "minimum": team.minimum,
        "most": team.most,
        "kinds": () if team.enrolment.ad_hoc else tuple(one.kind for one in team.terms),
        "of_member": team.enrolment.is_member,
    }


def _require_team(team: Team) -> None:
    require_going_on(team.programme)
    if not team.terms:
        raise Refused("no_team", "Her navngives ikke et fast hold: deltagere tilmeldes til hvert møde.")


def _require_new(team: Team, person: Person) -> None:
    if team.member(person.person_id) is not None:
        where = "navngivet" if team.enrolment.is_member else "på holdet"
        raise Refused("already_on_team", f"{person.name} ({person.email}) er allerede {where}.", field="email")


def _require_member(team: Team, person_id: str) -> Member:
    member = team.member(person_id)
    if member is None:
        raise Refused("not_on_team", "Personen er ikke på holdet.", status=404, field="person_id")
    return member
