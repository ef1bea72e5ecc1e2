"""How far those who take part are with the steps of their own tracks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.scheduling.adapters import enrolled, outlines, steps
from services.scheduling.adapters.enrolled import Enrolled
from services.scheduling.domain.outline import Outline
from services.scheduling.domain.track import Completed
from shared.base.failures import Failure, classify
from shared.base.listing import invalid_cursor, page_of
from shared.contracts.parties import Organisation
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class OnTheirWay:
    """One who takes part, and the day of each step that it is through, by (track, phase, step)."""

    one: Enrolled
    done: Mapping[tuple[str, str, str], date]


@dataclass(frozen=True, slots=True)
class Tracks:
    outline: Outline
    rows: Sequence[OnTheirWay]
    following: str | None
    today: date


async def read_tracks(tx: Tx, programme_id: str, query: Mapping[str, str]) -> Tracks | None:
    """A page of them, by name; None of a programme nobody has told of. Refused for a cursor that is none of ours."""
    outline = await outlines.load(tx, programme_id)
    if outline is None:
        return None
    page = page_of(query, "tracks", most=ON_A_PAGE)
    try:
        found = await enrolled.load_page(tx, page, programme_id)
    except Exception as error:
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    rows, following = page.cut(found)
    done = await _done(tx, programme_id, [one.enrolment_id for one in rows])
    return Tracks(outline, [OnTheirWay(one, done[one.enrolment_id]) for one in rows], following, day_of(tx.now))


async def read_track(tx: Tx, programme_id: str, enrolment_id: str) -> Tracks | None:
    """Of one enrolment; no row where nothing is known of it, None where nothing is known of the programme.

    One whose steps were told, and its name not, stands under its id.
    """
    outline = await outlines.load(tx, programme_id)
    if outline is None:
        return None
    done = await _done(tx, programme_id, [enrolment_id])
    one = await enrolled.load(tx, programme_id, enrolment_id)
    if one is None and done[enrolment_id]:
        one = Enrolled(enrolment_id, programme_id, Organisation(code="", name=enrolment_id), takes_part=True)
    rows = [] if one is None else [OnTheirWay(one, done[enrolment_id])]
    return Tracks(outline, rows, None, day_of(tx.now))


async def _done(tx: Tx, programme_id: str, enrolment_ids: Sequence[str]) -> dict[str, dict[tuple[str, str, str], date]]:
    found: dict[str, dict[tuple[str, str, str], date]] = defaultdict(dict)
    for one in await steps.load_of_enrolments(tx, programme_id, enrolment_ids):
        found[one.enrolment_id][_place(one)] = one.completed_on
    return found


def _place(one: Completed) -> tuple[str, str, str]:
    return one.track, one.phase, one.step
