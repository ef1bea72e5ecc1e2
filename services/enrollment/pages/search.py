"""Where staff look for a thing by whatever they know of it. What was typed stands in no address: it may be a name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.search import Hit, Sought, sought
from services.enrollment.domain.status import status
from services.enrollment.usecases.read_search import Answer, read_search
from shared.base.cause import Cause, new_correlation
from shared.runtime.service import Host
from shared.runtime.why_page import address_of
from shared.web.forms import read_form
from shared.web.staff import badge_in, render, staff_form
from shared.web.today import Item

_SEES = "enrollment.enrolments"
_HEADINGS = {
    "enrolment": "Tilmeldinger",
    "programme": "Forløb",
    "meeting": "Møder",
    "organisation": "Organisationer",
    "person": "Personer",
    "form": "Tilmeldinger, der venter på, at I siger god for afsenderen",
    "guest": "Gæster ved møder",
}
_ELSEWHERE = {
    "invoice": "Det ligner et fakturanummer. Fakturaer ligger i invoicing",
    "mail": "Det ligner id’et på en mail. Mails ligger i notifications",
    "id": "Det ligner et id fra en af tjenesterne, men ingen tilmelding, intet forløb og intet møde har det",
}


async def search(host: Host, request: Request) -> Response:
    badge = badge_in(request)
    form, answer, asked = staff_form(host, request), None, Sought("")
    if request.method == "POST":
        typed = await read_form(request)
        asked = sought(typed.value("q"))
        form.values["q"] = asked.text
        if not asked.is_empty:
            async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
                answer = await read_search(tx, badge.programmes(_SEES), asked)
    return render(
        host,
        request,
        "enrollment/search.html",
        form=form,
        asked=asked,
        groups=[] if answer is None else _groups(answer.hits),
        rest=0 if answer is None else answer.total - len(answer.hits),
        searched=answer is not None,
        why_at=address_of(asked.text),
        elsewhere=_ELSEWHERE.get(asked.elsewhere, "") if answer is not None and not _is_exact(answer) else "",
    )


def _is_exact(answer: Answer) -> bool:
    return any(one.kind in {"enrolment", "programme", "meeting"} for one in answer.hits)


def _groups(hits: Sequence[Hit]) -> list[tuple[str, list[Item]]]:
    return [
        (_HEADINGS[kind], [_item(one) for one in found])
        for kind, found in ((kind, list(found)) for kind, found in groupby(hits, key=lambda one: one.kind))
    ]


def _item(hit: Hit) -> Item:
    programme = f"/stab/forloeb/{hit.programme_id}"
    match hit.kind:
        case "programme":
            return Item(hit.name, "", programme)
        case "meeting":
            return Item(hit.name, hit.programme, f"{programme}/deltagere")
        case "guest":
            return Item(hit.name, f"{hit.organisation} – {hit.programme}", f"{programme}/deltagere")
        case "form":
            return Item(hit.name, f"{hit.organisation} – {hit.programme}", f"{programme}/formularer")
        case "organisation" if not hit.id:
            return Item(hit.name, "er ikke med i jeres forløb")
    about = f"{hit.programme} ({_word(hit)})"
    if hit.kind == "person":
        about = f"{hit.organisation} – {about}"
    return Item(hit.name, about, f"{programme}/tilmeldinger/{hit.id}")


def _word(hit: Hit) -> str:
    return status(hit.state, forbehold_open=hit.forbehold_open).lower()  # type: ignore[arg-type]  # a State
