"""Why something of this service is as it is: who or what its latest change goes back to."""

from __future__ import annotations

from services.enrollment.adapters import causes, enrolments, orders
from services.enrollment.domain.options import word_of
from services.enrollment.usecases.load_standings import load_standings
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """An enrolment, a programme, a round of an option, or somebody's newest seat (by person_id or roster id)."""
    enrolment, because = await enrolments.load(tx, sought), await causes.load_of_enrolment(tx, sought)
    if enrolment is not None and because is not None:
        word = (await load_standings(tx, [enrolment]))[enrolment.id].word
        late = f" (optaget efter fristen af {enrolment.late.by}: {enrolment.late.reason})" if enrolment.late else ""
        said = f"{because.organisation} i {because.programme}: {word}{late}"
        return Effect("tilmelding", said, because.cause, enrolment.programme_id)
    programme = await causes.load_of_programme(tx, sought)
    if programme is not None:
        return Effect("forløb", f"{programme.title}, version {programme.version}", programme.cause, sought)
    order, ordered = (await orders.load_many(tx, [sought])).get(sought), await causes.load_of_order(tx, sought)
    if order is not None and ordered is not None:
        said = f"{ordered.title} til {ordered.organisation}: {word_of(order, tx.now)}"
        return Effect("tilkøb", said, ordered.cause, ordered.programme_id)
    seat = await causes.load_of_seat(tx, sought)
    if seat is not None:
        said = f"{seat.person} fra {seat.organisation} ved {seat.meeting}"
        return Effect("deltager", said, seat.cause, seat.programme_id)
    return None
