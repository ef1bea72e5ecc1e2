"""A person is erased in all services: first exactly what goes and what stays, then a word, then how far it is."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.usecases.erase_person import FORGETTING
from shared.base.acts import Act
from shared.contracts.catalogue import CALLED
from shared.contracts.enrollment import ErasePerson
from shared.contracts.refusal import Refused
from shared.runtime.erasure_page import (
    LABELS,
    PAGE,
    address_of,
    found_by,
    fragment,
    ids_in,
    is_part,
    others,
    parts_of,
    read_state,
    reader,
)
from shared.runtime.service import Host
from shared.web.forms import LOOK, Form, new_key, read_form
from shared.web.staff import badge_in, render, staff_form
from shared.web.staff_action import told_by

WORD, _WORD = "SLET", "word"
"""What is to be typed, and in which field."""
_FIRST = "archive_first"
_ARCHIVE_FIRST = (
    "Personen står i papirer, som et arkiv skal have først. Få dem skrevet ud, eller sæt kryds her, og skriv hvorfor."
)
_LABELS = {**LABELS, "also_unarchived": "Slet alligevel", "reason": "Begrundelse"}


async def erase(host: Host, find: Act, erase_it: Act, request: Request) -> Response:
    """By an address, which stands in the body alone: the answer to a form."""
    form = staff_form(host, request, labels=_LABELS)
    if request.method == "GET":
        return _page(host, request, form)
    form = await read_form(request, labels=_LABELS)
    word = str(form.values.pop(_WORD, ""))
    body, status = await found_by(host, find, request, form)
    if body is None:
        return _page(host, request, form, status)
    wish = form.command(ErasePerson)
    if wish is None:
        return _page(host, request, form, 422)
    return await _erased(host, erase_it, request, form, wish, word)


async def person(host: Host, erase_it: Act, request: Request) -> Response:
    """How far it is in every service. Whoever is not erased is known by an id here, and is erased by it."""
    ids, form = ids_in(request), staff_form(host, request, labels=_LABELS)
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        word = str(form.values.pop(_WORD, ""))
        wish = form.command(ErasePerson, person_id=ids[0])
        return (
            _page(host, request, form, 422)
            if wish is None
            else await _erased(host, erase_it, request, form, wish, word)
        )
    async with host.transaction(reader(request)) as tx:
        state = await read_state(tx, FORGETTING, ids)
    values: dict[str, Any] = {"state": state, "at": address_of(ids), "called": CALLED[host.service.name]}
    if is_part(request):
        return fragment(host, "enrollment/person.html", **values)
    return render(
        host, request, "enrollment/person.html", form=form, look=LOOK, parts=parts_of(host.service.name, ids), **values
    )


async def _erased(host: Host, act: Act, request: Request, form: Form, wish: ErasePerson, word: str) -> Response:
    """What would come of it, and with the word it is done."""
    if LOOK not in form.own and word.strip() != WORD:
        form.add_error(_WORD, "required", f"Skriv {WORD} med store bogstaver, hvis personen skal slettes.")
    elif LOOK not in form.own:
        reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(address_of(reply.json()["erased"]), 303)
        return _refused(host, request, form, refused)
    found = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
    if found.refused is not None:
        return _refused(host, request, form, found.refused)
    form.key = new_key()
    ids = found.body["erased"]
    async with host.transaction(reader(request)) as tx:
        state = await read_state(tx, FORGETTING, ids)
    return _page(
        host,
        request,
        form,
        422 if form.errors else 200,
        found=True,
        held=state.held,
        stays=found.body["stays"],
        told=[(what, number) for what, number in told_by(found)],
        unarchived=bool(found.body["unarchived"]),
        parts=parts_of(host.service.name, ids),
    )


def _refused(host: Host, request: Request, form: Form, refused: Refused) -> Response:
    if refused.code == _FIRST:
        form.key = new_key()
        form.add_error("also_unarchived", _FIRST, _ARCHIVE_FIRST)
    else:
        form.refuse(refused)
    unknown = refused.code == "unknown_person"
    return _page(
        host,
        request,
        form,
        422 if unknown else refused.status,
        archive_first=refused.code in {_FIRST, "reason_missing"},
        papers=[f"/stab/forloeb/{one}/arkiv" for one in refused.extra.get("programmes", ())],
        elsewhere=others(host.service.name) if unknown else (),
    )


def _page(
    host: Host, request: Request, form: Form, status: int = 200, *, found: bool = False, **values: Any
) -> Response:
    return render(
        host,
        request,
        "enrollment/people.html",
        status=status,
        form=form,
        look=LOOK,
        word=WORD,
        by_id="person_id" in request.path_params,
        page=PAGE,
        found=found,
        **{"elsewhere": (), "archive_first": False, "papers": (), **values},
    )
