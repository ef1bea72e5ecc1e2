"""A public organiser hands the papers of a programme over to its archive, before anybody in them is erased."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.enrollment.domain.programme import Programme
from shared.contracts.danish import long_day
from shared.contracts.decision import Decision
from shared.contracts.enrollment import ProgrammeArchived
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of

LONGEST_CHANGE = timedelta(minutes=1)
"""A change stands at the time at which it began, and others see it when it is done: no transaction takes so long."""
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Archived:
    """The papers as they stood at `read_at`, when the reading of them began, in a file of so many."""

    read_at: datetime
    sha256: str
    files: int


@dataclass(frozen=True, slots=True)
class Unarchived:
    """Somebody was erased before the archive had the papers: why, and by which actor."""

    at: datetime
    because: str
    by: str | None


@dataclass(frozen=True, slots=True)
class Stood:
    """A programme that somebody stands in: since when as they do, and how its papers stood when they were last read.

    `archives`: whether they are to be handed over first.
    """

    programme_id: str
    title: str
    organiser: str
    archives: bool
    changed_at: datetime
    read_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the archive lacks what was last changed about them."""
        return self.archives and (self.read_at is None or self.read_at < self.changed_at)


def reading_begins(now: datetime) -> datetime:
    """Of whoever begins to read now: what was begun earlier than this is in what they read, or was never kept."""
    return now - LONGEST_CHANGE


def record(
    programme: Programme, wanted: Archived, known: Sequence[Archived], source: str, now: datetime
) -> Decision[Archived | None]:
    """None and no fact when it is known already. Refused 422 `read_in_future` and `not_a_sha256`, and `other_owner`."""
    if programme.ref.owner != source:
        raise Refused(
            "other_owner", f"{programme.ref.owner} ejer tilmeldingerne; papirerne skrives ud dér.", field="programme_id"
        )
    if not _SHA256.fullmatch(wanted.sha256):
        raise Refused(
            "not_a_sha256", "En SHA-256 er 64 tegn, tal og de små bogstaver a til f.", status=422, field="sha256"
        )
    if wanted.read_at > now:
        raise Refused(
            "read_in_future",
            "Papirerne kan ikke være læst senere end nu. Skriv dem ud igen.",
            status=422,
            field="read_at",
        )
    if any((one.read_at, one.sha256) == (wanted.read_at, wanted.sha256) for one in known):
        return Decision(None)
    fact = ProgrammeArchived(
        owner=programme.ref.owner,
        programme=programme.ref,
        read_at=wanted.read_at,
        sha256=wanted.sha256,
        files=wanted.files,
    )
    return Decision(wanted, (fact,))


def require_archived(stood: Sequence[Stood], *, also_unarchived: bool = False, reason: str = "") -> list[Stood]:
    """Those whose papers are not in their archive, and that somebody is erased from all the same.

    Refused `archive_first` where nobody has said so, and 422 `reason_missing` where nobody has said why.
    """
    missing = [one for one in stood if one.is_missing]
    if missing and not also_unarchived:
        titles = ", ".join(one.title for one in missing)
        raise Refused(
            "archive_first",
            f"Personen står i papirer, som arrangøren skal aflevere til sit arkiv først: {titles}. Skriv dem ud med "
            "tovholder archive FORLØB --out FIL.zip, og slet personen derefter. Vejer personens ret tungere, så slet "
            "med also_unarchived og en begrundelse.",
            programmes=[one.programme_id for one in missing],
        )
    if missing and not reason.strip():
        raise Refused(
            "reason_missing",
            "Skriv, hvorfor personen slettes, før papirerne er afleveret til arkivet.",
            status=422,
            field="reason",
        )
    return missing


def what_stays(stood: Sequence[Stood]) -> list[str]:
    """What erasing somebody who stands there leaves behind, and why, in Danish."""
    copies = [
        f"Arkivets kopi af papirerne for {one.title} bliver hos {one.organiser}, som de stod den "
        f"{long_day(day_of(one.read_at))}: offentlige arkivalier slettes ikke (arkivloven)."
        for one in stood
        if one.read_at is not None
    ]
    topics = (
        "Beskeder mellem systemerne ligger op til 90 dage i loggen og bliver ikke læst igen med personens oplysninger."
    )
    return [*copies, topics] if stood else []
