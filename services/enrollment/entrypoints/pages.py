"""Pages for people outside: which path shows which page, and what a form on it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.enrollment.entrypoints import acts
from services.enrollment.pages import mailed_links, participants, sign_up
from shared.base.acts import Act
from shared.runtime.service import Host

_PARTICIPANTS = "/deltagere/{token}"
_MEETING = f"{_PARTICIPANTS}/{{meeting_id}}"


def pages(host: Host) -> Sequence[BaseRoute]:
    """The first path that fits counts."""

    def page(path: str, shown: Callable[..., Awaitable[Response]], *asked: Act) -> BaseRoute:
        return Route(path, partial(shown, host, *asked), methods=["GET", "POST"] if asked else ["GET"])

    return (
        page("/", sign_up.front),
        page("/tilmeld/bekraeft/{token}", mailed_links.confirm, acts.CONFIRM),
        page("/tilmeld/nej/{token}", mailed_links.decline, acts.DECLINE),
        page("/tilmeld/{programme_id}", sign_up.sign_up, acts.SIGN_UP),
        page("/tilmeld/{programme_id}/modtaget", sign_up.receipt),
        page(_PARTICIPANTS, participants.overview),
        page(f"{_PARTICIPANTS}/afmeld-kommunen", participants.withdraw, acts.WITHDRAW),
        page(_MEETING, participants.meeting, acts.REGISTER),
        page(f"{_MEETING}/afmeld/{{person_id}}", participants.cancel, acts.CANCEL),
        page(f"{_MEETING}/skift/{{person_id}}", participants.replace, acts.REPLACE),
    )
