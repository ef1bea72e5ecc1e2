"""What stands above invoicing's pages of a programme, and what was just done there."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.programme import ProgrammeRef
from shared.runtime.service import Host
from shared.web.programme_page import DONE, show_programme
from shared.web.programme_page import unheard as nobody_told

NOTHING_OWED = "Her står noget, når den første har fået plads eller bestilt noget, der koster penge."
_CODE = re.compile(r" \([^()\s]+\)")
"""Behind each sentence of a finding; people read the sentences."""
_DONE = {
    "faktureres-ikke": "Kravet faktureres ikke",
    "faktureres": "Kravet faktureres ved næste kørsel",
    "rettet": "Oplysningerne til de fakturaer, der kommer, er rettet",
    "betalt": "Betalingen er registreret",
    "krediteret": "Kreditnotaen er udstedt",
}
"""What was done, by the word in the address of the page after it."""


def address(request: Request, rest: str = "/oekonomi") -> str:
    """Of a page of ours below this programme."""
    return f"/invoicing/stab/forloeb/{request.path_params['programme_id']}{rest}"


def show(
    host: Host, request: Request, template: str, ref: ProgrammeRef, *, status: int = 200, **values: Any
) -> Response:
    return show_programme(
        host,
        request,
        template,
        ref,
        said=_DONE.get(request.query_params.get(DONE, "")),
        status=status,
        here_are=address(request),
        **values,
    )


def unheard(host: Host, request: Request) -> Response:
    return nobody_told(host, request, NOTHING_OWED)


def in_sentences(finding: str) -> str:
    """Why something is held back, without the codes."""
    return _CODE.sub("", finding)
