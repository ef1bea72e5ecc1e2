"""Somebody is signed in at one browser: how long, and what their badge says. All times are machine time.

A session ends when it is not seen for IDLE_MINUTES, LONGEST_HOURS after it began whatever happens, when its owner ends
it, and with the identity provider's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from shared.contracts.refusal import Refused
from shared.contracts.staff import EVERYWHERE, Role

IDLE_MINUTES = 60
LONGEST_HOURS = 12
SIGN_IN_MINUTES = 10
"""As long as somebody may take at the provider before they have to begin again."""
MOST_SESSIONS = 20
"""Of one account at once; the one that was seen longest ago ends for another."""


class SignInFailed(Exception):  # noqa: N818  (a no, and no error of ours)
    """`why`: `browser` (not the one that began it), `time` (too late, or once before), or what the `provider` said."""

    def __init__(self, why: Literal["browser", "time", "provider"]) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever the provider says it is: `issuer` and `subject` are its words, and are whom it is."""

    id: str
    issuer: str
    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    account_id: str
    browser: str
    began_at: datetime
    seen_at: datetime
    oidc_session: str | None = None
    ended_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return (
            self.ended_at is not None
            or now >= self.seen_at + timedelta(minutes=IDLE_MINUTES)
            or now >= self.began_at + timedelta(hours=LONGEST_HOURS)
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that goes on, and whose it is, as their provider says."""

    session: Session
    name: str
    email: str


def seen(session: Session, now: datetime) -> Session | None:
    """As it is after somebody came with it; None = it is over, and they sign in again."""
    return None if session.is_over(now) else replace(session, seen_at=max(session.seen_at, now))


def end_those_beyond(sessions: Iterable[Session], now: datetime) -> list[Session]:
    """The ones to end so that another may begin: of those that go on, the least recently seen."""
    going_on = sorted((one for one in sessions if not one.is_over(now)), key=lambda one: one.seen_at, reverse=True)
    return going_on[MOST_SESSIONS - 1 :]


def roles_of(granted: Iterable[tuple[str, Role]], by_setting: Iterable[Role]) -> Mapping[str, frozenset[Role]]:
    """By programme: those that were granted, and those that the installation was started with."""
    found: dict[str, set[Role]] = {}
    for programme_id, role in granted:
        found.setdefault(programme_id, set()).add(role)
    for role in by_setting:
        found.setdefault(EVERYWHERE, set()).add(role)
    return {programme: frozenset(roles) for programme, roles in found.items()}


def require_own(session: Session | None, account_id: str) -> Session:
    if session is None or session.account_id != account_id:
        raise Refused("session_ended", "Der er du ikke logget ind længere.", status=410, field="session_id")
    return session


def require_going_on(session: Session | None) -> Session:
    """One that nobody has ended yet."""
    if session is None or session.ended_at is not None:
        raise Refused("session_ended", "Der er ikke logget ind der længere.", status=410, field="session_id")
    return session


def back_to(asked: str | None) -> str:
    """Where somebody goes after they have signed in: a page of ours, and of nobody else's."""
    here = asked or ""
    safe = here.startswith("/") and not here.startswith(("//", "/\\")) and len(here) <= _LONGEST_PATH
    return here if safe and here.isascii() and here.isprintable() and "\\" not in here else "/stab"


_LONGEST_PATH = 500
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str:
    """What a person would call it; no more of what it says of itself is kept."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser or 'En browser'} på {system}" if system else browser or "En browser"
