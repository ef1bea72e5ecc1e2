"""Staff offer a municipality what has no fixed price: what it gets, for how much, and until when it can say yes."""

from __future__ import annotations

from services.enrollment.adapters import links
from services.enrollment.domain.options import as_it_stands, quote, quote_fields
from services.enrollment.usecases.change_option import change_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import QuoteOption
from shared.contracts.seen import require_seen
from shared.storage.tx import Tx


async def quote_option(tx: Tx, command: QuoteOption) -> Answer:
    """The organiser's own doing, whoever put the enrolment in."""
    option = await lock_option(tx, command.enrolment_id, command.option_id, None)
    path = links.quote_path_of(tx.links, option.enrolment, option.option_id, option.next_round)

    decided = quote(option, command.price_ore, command.includes, command.good_until, path, tx.now)
    require_seen(quote_fields(as_it_stands(option.order, tx.now)), command.seen)

    return await change_and_answer(tx, option, decided)
