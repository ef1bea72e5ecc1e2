"""The contacts of a spreadsheet's rows: their municipalities get their places by the one way there is to a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.enrollment.adapters import enrolments
from services.enrollment.domain import enrolment_sheet
from services.enrollment.domain.enrolment import Enrolment, enrolment_id
from services.enrollment.domain.enrolment_sheet import Frame, Outcome, Row
from services.enrollment.domain.programme import allots
from services.enrollment.domain.sign_up import Wish, received
from services.enrollment.usecases.give_places import Asking, give_places
from shared.base.cause import Cause
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def enrol_rows(
    tx: Tx,
    frame: Frame,
    rows: Sequence[Row],
    outcomes: Mapping[int, list[Outcome]],
    because: Cause,
    *,
    quiet: bool,
) -> Mapping[str, Enrolment]:
    """The enrolments as they stand then, by code; what came of each contact's row is added to its outcomes."""
    asked: list[tuple[Row, EnrolMunicipality]] = []
    for row in rows:
        if row.wish is None:
            continue
        current, no = frame.current(row.code), enrolment_sheet.ended(frame.standing.get(row.code), row.wish)
        if no is not None:
            outcomes[row.number].append(enrolment_sheet.refused(no))
        elif current is not None:
            outcomes[row.number].append(enrolment_sheet.standing_before(current, row))
        else:
            asked.append((row, row.wish))

    # A sheet has no column for the roles beside the contact's.
    wishes = [Wish(wish, received(wish, tx.now, staff=True), by_staff=True, demands_roles=False) for _, wish in asked]
    answers = await give_places(tx, [Asking(wish, because, quiet=quiet) for wish in wishes])

    held = await enrolments.lock_many(tx, [enrolment_id(frame.programme.id, one) for one in frame.book])
    standing = {one.organisation.code: one for one in held.values()}
    positions = await enrolments.load_positions(tx, held.values())
    allotted = allots(frame.programme, tx.now)
    for (row, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Refused):
            outcomes[row.number].append(enrolment_sheet.refused(answer))
        else:
            one = standing[row.code]
            position = positions[one.id].number if one.id in positions else None
            outcomes[row.number].append(enrolment_sheet.standing(one, position, allotted=allotted))
    return standing
