"""What an enrolment that has ended was offered, or had ordered, ends with it; what is delivered stays due."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import orders
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.options import Option, end
from services.enrollment.domain.programme import Programme
from services.enrollment.usecases.change_option import change_option
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def end_options(tx: Tx, programme: Programme, ended: Sequence[Enrolment], because: Cause) -> None:
    """All of them are locked."""
    by_id = {one.id: one for one in ended}
    for one in await orders.load_open(tx, by_id):
        option = Option(by_id[one.enrolment_id], programme, one.option_id, None, one)
        await change_option(tx, option, end(option, tx.now), because)
