"""What staff do to an enrolment or a programme: `shared.web.staff_action`, below the head of the programme's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.pages.staff_programme import show
from services.enrollment.usecases.read_programme_page import Head
from shared.base.acts import Act
from shared.contracts.danish import listed
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web import staff_action
from shared.web.door import Rehearsal
from shared.web.forms import EDIT, LOOK, Form
from shared.web.staff_action import Ask, Doing, told_by

__all__ = ["EDIT", "LOOK", "Ask", "Doing", "carry_out", "told_by", "who_moves_up"]

MOST_NAMED = 10


async def carry_out(
    host: Host,
    request: Request,
    act: Act,
    head: Head,
    doing: Doing,
    command: Callable[[Form], Command | None],
    prepare: Callable[[Form], Awaitable[None]] | None = None,
) -> Response:
    """As there; what is said before it is done names whoever moves up from the waiting list by it."""
    return await staff_action.carry_out(
        host,
        request,
        act,
        doing,
        command,
        partial(show, host, request, head=head),
        prepare=prepare,
        also=who_moves_up,
    )


def who_moves_up(found: Rehearsal) -> tuple[str, ...]:
    """Who gets a place by it, and why nobody more does."""
    if "moved_up" not in found.body:
        return ()
    names = [one["organisation"] for one in found.body["moved_up"]]
    more = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], f"{more} til"] if more > 0 else names
    moved = "Ingen rykker op fra ventelisten."
    if names:
        moved = f"{listed(shown)} får plads fra ventelisten."
    why = found.body.get("why_no_more")
    return (f"{moved} {why}",) if why else (moved,)
