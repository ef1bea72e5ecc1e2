"""What stands above scheduling's pages of a programme, and what was just done there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.domain.outline import Outline
from shared.runtime.service import Host
from shared.web.programme_page import DONE, show_programme

ELSEWHERE = "Forløbets møder styres af et andet system. Her kan I kun se dem."
_DONE = {
    "dato": "Mødets dato og sted er gemt",
    "sted": "Mødets sted og link er gemt",
    "aflyst": "Mødet er aflyst",
    "afholdt": "Mødet er registreret som afholdt",
    "planlagt": "Mødet er planlagt",
    "skridt": "Skridtet er meldt færdigt",
}
"""What was done, by the word in the address of the page after it."""


def address(request: Request, rest: str = "/moeder") -> str:
    """Of a page of ours below this programme."""
    return f"/scheduling/stab/forloeb/{request.path_params['programme_id']}{rest}"


def show(
    host: Host, request: Request, template: str, outline: Outline, *, status: int = 200, **values: Any
) -> Response:
    values = {"more": (), "here_are": address(request), **values}
    return show_programme(
        host,
        request,
        template,
        outline.ref,
        said=_DONE.get(request.query_params.get(DONE, "")),
        status=status,
        outline=outline,
        **values,
    )


def counted(counts: Mapping[str, int]) -> Sequence[str]:
    """How many meetings stand as: 12 møder; 3 uden dato; 1 aflyst."""
    total = sum(counts.values())
    said = ["1 møde" if total == 1 else f"{total} møder"]
    words = (("held", "afholdt"), ("planned", "uden dato"), ("cancelled", "aflyst"))
    return [*said, *(f"{counts[state]} {word}" for state, word in words if counts.get(state))]
