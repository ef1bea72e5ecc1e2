"""A person who is erased, as administrators see it: what each service holds, what stays, and how far it is.

Each service shows its own part on a page, and as a part of `/stab/personer/…` of enrollment that the browser fetches
(decision 34). Of the person an opaque id stands in an address, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.catalogue import CALLED, SERVICES
from shared.contracts.refusal import Refused
from shared.runtime.erasure import FindPeople, ForgetPerson, Forgetting
from shared.runtime.service import Host
from shared.storage import erasure
from shared.storage.tx import Tx
from shared.web.forms import LOOK, Form, new_key, read_form
from shared.web.staff import badge_in, render, staff_form, staff_page

PAGE = "/stab/personer"
ALSO, MOST_ALSO, LONGEST = "ogsaa", 20, 200
"""The other ids of somebody who is known by several."""
LABELS = {"email": "Mailadresse", "word": "Skriv SLET"}
_CALLED: Mapping[str, str] = {
    "people": "navn og mailadresse",
    "sign_ups": "formularer",
    "drafts": "formularer, der er begyndt",
    "sheet_rows": "rækker i et ark, der indlæses",
    "speakers": "godkendte adresser",
    "seats": "pladser på møder",
    "seat_moves": "til- og afmeldinger",
    "team_members": "pladser på faste hold",
    "guests": "pladser som gæst",
    "needs": "ønsker om kost og adgang",
    "team_needs": "ønsker om kost og adgang",
    "guest_needs": "ønsker om kost og adgang",
    "contact_history": "roller, også de afsluttede",
    "enrolments": "tilmeldinger, personen står i",
    "option_orders": "tilkøb, personen kan stå i",
    "accounts": "adgang som medarbejder",
    "role_grants": "roller, der venter på at blive brugt",
    "claims": "krav, der nævner personen",
    "appointed_contacts": "kontakter til fakturaer",
    "told_billings": "oplysninger til fakturaer",
    "participants": "deltagere i kalendere",
    "role_holders": "roller, der får mails",
    "invitations": "kalenderinvitationer",
    "former_contacts": "tidligere kontakter",
    "messages": "mails",
    "reminders": "påmindelser",
    "writing_recipients": "mails, der er på vej",
    "confirmed_sign_ups": "beskeder, der samles til i morgen",
}


@dataclass(frozen=True, slots=True)
class State:
    """`heard`: they are on the service's erasure list. `done` of `total` steps are taken."""

    heard: bool
    done: int
    total: int
    held: Sequence[tuple[str, int]]
    stays: Sequence[str]

    @property
    def over(self) -> bool:
        return self.heard and self.done == self.total


async def read_state(tx: Tx, forgetting: Forgetting, person_ids: Sequence[str]) -> State:
    read = [await forgetting.read(tx, {"person_id": one}) for one in person_ids]
    steps = await erasure.load_steps(tx, person_ids)
    total = len(forgetting.holdings) + len(erasure.KERNEL) + 1
    heard = all(one["erased"] for one in read)
    held: Counter[str] = Counter()
    for one in read:
        held.update({called(table): len(rows) for table, rows in one["held"].items()})
    stays = list(dict.fromkeys(line for one in read for line in one["stays"]))
    return State(heard, min([*steps.values(), total]) if heard else 0, total, sorted(held.items()), stays)


def called(table: str) -> str:
    return _CALLED.get(table, "andre oplysninger")


def held_in(answer: Mapping[str, Sequence[Any]]) -> list[tuple[str, int]]:
    """What a search has found, in words."""
    held: Counter[str] = Counter()
    for table, rows in answer.items():
        held[called(table)] += len(rows)
    return sorted(held.items())


def address_of(person_ids: Sequence[str], service: str = "") -> str:
    """Of the page of somebody: the one that puts all together, or a service's own."""
    page = f"/{service}{PAGE}" if service else PAGE
    more = urlencode([(ALSO, one) for one in person_ids[1 : MOST_ALSO + 1]])
    return f"{page}/{quote(person_ids[0], safe='')}{f'?{more}' if more else ''}"


def ids_in(request: Request) -> list[str]:
    first = request.path_params["person_id"][:LONGEST]
    return list(dict.fromkeys([first, *(one[:LONGEST] for one in request.query_params.getlist(ALSO)[:MOST_ALSO])]))


def parts_of(service: str, person_ids: Sequence[str]) -> list[tuple[str, str]]:
    """What the other services know: what each is about, and where."""
    return [(CALLED[one], address_of(person_ids, one)) for one in SERVICES if one != service]


def others(service: str) -> list[tuple[str, str]]:
    """Where the other services are searched."""
    return [(CALLED[one], f"/{one}{PAGE}") for one in SERVICES if one != service]


def is_part(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def fragment(host: Host, template: str, **values: Any) -> HTMLResponse:
    part = host.pages.fragment(template, "part", **values)
    return HTMLResponse(part, headers={"Vary": "HX-Request", "Cache-Control": "no-store"})


def reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)


def erasure_pages(host: Host, forgetting: Forgetting, find: Act, forget: Act) -> tuple[BaseRoute, ...]:
    """A service's own, of one that does not erase but hears of it."""
    service = host.service.name
    shows = partial(staff_page, host, opens=f"{service}.people", everywhere=True)
    return (
        shows(f"/{service}{PAGE}", _search, find),
        shows(f"/{service}{PAGE}/{{person_id}}", partial(_person, forgetting=forgetting), find, forget),
    )


async def _search(host: Host, find: Act, request: Request) -> Response:
    """Who is known here by an address; each leads to where they are erased."""
    form, status, body = staff_form(host, request, labels=LABELS), 200, None
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        body, status = await found_by(host, find, request, form)
    return render(
        host,
        request,
        "web/person_search.html",
        status=status,
        form=form,
        called=CALLED[host.service.name],
        page=PAGE,
        found=body is not None,
        held=held_in(body["held"]) if body else (),
        at=address_of(body["person_ids"]) if body and body["person_ids"] else "",
    )


async def found_by(host: Host, find: Act, request: Request, form: Form) -> tuple[Mapping[str, Any] | None, int]:
    """The answer of a search by the address that was typed, and the status of the page; None = it was none."""
    asked = Form({"email": form.value("email")})
    wish = asked.command(FindPeople)
    if wish is None:
        form.errors += asked.errors
        return None, 422
    looked = await host.door.rehearse(find, wish, actor=badge_in(request).actor)
    if looked.refused is not None:
        form.refuse(looked.refused)
        return None, looked.refused.status
    return looked.body, 200


async def _person(host: Host, find: Act, forget: Act, request: Request, *, forgetting: Forgetting) -> Response:
    """How far it is here; and by the address too, which a service that hears of an erasure does not hear."""
    ids, form, status, body = ids_in(request), staff_form(host, request, labels=LABELS), 200, None
    at = address_of(ids, host.service.name)
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        if LOOK in form.own:
            body, status = await found_by(host, find, request, form)
        else:
            refused = await _forgotten(host, forget, request, form, ids)
            if refused is None and not form.errors:
                return RedirectResponse(f"{at}{'&' if '?' in at else '?'}besked=slettet", 303)
            status = refused.status if refused else 422
    async with host.transaction(reader(request)) as tx:
        state = await read_state(tx, forgetting, ids)
    values = {"state": state, "at": at, "called": CALLED[host.service.name]}
    if is_part(request):
        return fragment(host, "web/person.html", **values)
    form.key = new_key() if body else form.key
    return render(
        host,
        request,
        "web/person.html",
        status=status,
        form=form,
        page=address_of(ids),
        found=body is not None,
        held=held_in(body["held"]) if body else (),
        said=request.query_params.get("besked") == "slettet",
        look=LOOK,
        **values,
    )


async def _forgotten(
    host: Host, forget: Act, request: Request, form: Form, person_ids: Sequence[str]
) -> Refused | None:
    wish = form.command(ForgetPerson, person_ids=tuple(person_ids))
    if wish is None:
        return None
    reply = await host.door.submit(forget, wish, form.key, actor=badge_in(request).actor, patient=True)
    refused = reply.refusal()
    if refused is not None:
        form.refuse(refused)
    return refused
