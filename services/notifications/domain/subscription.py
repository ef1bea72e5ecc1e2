"""A calendar that somebody subscribes to: whose meetings, for how long, and by which of its addresses."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.calendar.feed import Feed, Published
from services.notifications.domain.invitations import Standing
from shared.contracts.danish import month_name
from shared.contracts.programme import MeetingPlan, ProgrammeRef, ProgrammeTerms
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of

_DAY_OR_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
KEPT = timedelta(days=365)
"""How long after a programme its calendar is still served."""
MOST_RENEWALS = 1_000_000
MOST_MEETINGS = 1_000
"""In one calendar, the latest first."""
MOST_NAMED = 20
"""Of meetings without a date, in a calendar's description."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`generation` counts how often its address was renewed: an address of another one is closed.

    `meant`: whether the reader is (still) whom its meetings are for; whoever is not has an empty calendar.
    """

    programme: ProgrammeRef
    organisation: str
    generation: int
    links_generation: int
    """Of the links that lead to it: a pass of an earlier one is closed."""
    meant: bool
    ends_on: date | None
    """The last day of the programme's period or its deadline; None = its terms name none, or were not told."""
    last_meeting: date | None

    def over(self, now: datetime) -> bool:
        """A year after the programme: after its period, its deadline and its last meeting."""
        last = max((day for day in (self.ends_on, self.last_meeting) if day), default=None)
        return last is not None and day_of(now) - KEPT > last


def require_renewable(subscription: Subscription | None, now: datetime) -> Subscription:
    if subscription is None or subscription.over(now):
        raise Refused("calendar_ended", "Kalenderen findes ikke længere, så der er intet at forny.", status=404)
    if subscription.generation >= MOST_RENEWALS:
        raise Refused("renewed_too_often", "Abonnementet er fornyet for mange gange. Skriv til arrangøren.")
    return subscription


def ends_on(terms: ProgrammeTerms) -> date | None:
    """The last day of its period, or its deadline if that is later."""
    return max((day for day in (_last_day_of(terms.ends), terms.terms.deadline) if day), default=None)


def _last_day_of(text: str) -> date | None:
    """Of `YYYY-MM`, or the day itself; None for any other text, which another system's terms may have there."""
    found = _DAY_OR_MONTH.fullmatch(text)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    try:
        return date(year, month, int(found[3]) if found[3] else monthrange(year, month)[1])
    except ValueError:
        return None


def planned(plans: Iterable[MeetingPlan]) -> dict[str, str]:
    """By its key, the month that a meeting without a date is planned in."""
    return {one.key: one.month for one in plans if one.month}


def feed_of(
    subscription: Subscription, meetings: Sequence[Standing], undated: Sequence[tuple[str, str | None]], source: str
) -> Feed:
    """`undated`: titles of meetings that want a date, each with its month (`YYYY-MM`) if one is planned."""
    ref = subscription.programme
    return Feed(
        name=ref.title,
        about=_about(subscription, undated),
        source=source,
        organizer=Mailbox(ref.seller.sender_name, ref.seller.organizer_email),
        meetings=[one for standing in meetings if (one := _published(standing)) is not None],
    )


def _published(standing: Standing) -> Published | None:
    meeting, when = standing.meeting, standing.meeting.when
    if when is None:
        return None
    return Published(
        uid=standing.uid,
        sequence=meeting.date_version,
        stamped=standing.changed_at,
        title=f"{meeting.title} – {standing.programme.title}",
        first_day=when.first_day,
        last_day=when.last_day,
        starts_at=when.starts_at,
        ends_at=when.ends_at,
        place=meeting.place or "",
        link=meeting.link or "",
        note=f"{standing.programme.title}\n{standing.programme.seller.sender_name}",
        cancelled=standing.state == "cancelled",
    )


def _about(subscription: Subscription, undated: Sequence[tuple[str, str | None]]) -> str:
    ref = subscription.programme
    said = [f"Møder i {ref.title}" + (f" for {subscription.organisation}." if subscription.organisation else ".")]
    if not subscription.meant:
        return f"{said[0]} Der er ingen møder i kalenderen, for pladsen er opgivet."
    named = [f"{title} ({month_name(month)})" if month else title for title, month in undated[:MOST_NAMED]]
    if named:
        rest = len(undated) - len(named)
        said.append(f"Endnu uden dato: {', '.join(named)}{f' og {rest} mere' if rest else ''}.")
    return " ".join(said)


def months_of(titles: Iterable[tuple[str, str]], plan: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Of (key, title) each title with its month, in the order of the months; those without one come last."""
    found = [(title, plan.get(key)) for key, title in titles]
    return sorted(found, key=lambda one: (one[1] is None, one[1] or "", one[0]))
