"""A spreadsheet is read into the address book: every row is shown with what it changes before anything is stored."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.address_book import Said, WrongCell
from services.enrollment.pages.book import HERE, IMPORT
from services.enrollment.pages.book_entry import address, not_yours
from services.enrollment.usecases.import_addresses import ImportAddresses
from services.enrollment.usecases.read_import import Import, read_import
from shared.base.acts import Act
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import LOOK, Form, new_key, read_form
from shared.web.programme_page import reader
from shared.web.staff import badge_in, render, staff_form
from shared.web.staff_action import told_by

FILE, ROOM = "content", 256 * 1024
"""The field that holds the file, and how many octets it may have before it is even read."""
_LABELS = {FILE: "Fil"}
_CHANGED = "book_changed"


async def book_import(host: Host, act: Act, request: Request) -> Response:
    """The file goes with the page that shows it, and is stored nowhere until its button is pressed."""
    if not badge_in(request).may(IMPORT):
        return not_yours(host, request)
    if request.method == "GET":
        return _page(host, request, staff_form(host, request, labels=_LABELS))
    form = await read_form(request, labels=_LABELS)
    if (file := form.files.get(FILE)) is not None:
        form.values[FILE] = base64.b64encode(file.content).decode()
    if not form.value(FILE):
        return _page(host, request, form.add_error(FILE, "required", "Vælg en fil."), 422)
    if LOOK in form.own:
        return await _looked(host, act, request, form)
    command = form.command(ImportAddresses, dry_run=False)
    return _page(host, request, form, 422) if command is None else await _done(host, act, request, form, command)


async def _done(host: Host, act: Act, request: Request, form: Form, command: ImportAddresses) -> Response:
    reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
    refused = reply.refusal()
    if refused is None:
        return RedirectResponse(f"{HERE}?besked=indlaest", 303)
    if refused.code == _CHANGED:
        return await _looked(host, act, request, form, refused)
    return _page(host, request, form.refuse(refused), refused.status)


async def _looked(host: Host, act: Act, request: Request, form: Form, refused: Refused | None = None) -> Response:
    """What would come of it; `refused`: it is another thing than was shown before."""
    try:
        async with host.transaction(reader(request)) as tx:
            found = await read_import(tx, form.value(FILE))
    except Refused as unread:
        return _page(host, request, form.refuse(unread), unread.status)
    told: Sequence[tuple[str, int]] = ()
    if not found.wrong:
        wish = ImportAddresses(content=form.value(FILE), dry_run=False, seen=found.seen)
        rehearsed = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
        if rehearsed.refused is not None:
            return _page(host, request, form.refuse(rehearsed.refused), rehearsed.refused.status)
        told = told_by(rehearsed)
    form.key = new_key()
    status = 409 if refused else 422 if found.wrong else 200
    return _page(host, request, form, status, found=found, told=told, overtaken=refused.detail if refused else "")


def _page(
    host: Host,
    request: Request,
    form: Form,
    status: int = 200,
    *,
    found: Import | None = None,
    told: Sequence[tuple[str, int]] = (),
    overtaken: str = "",
) -> Response:
    rows = () if found is None else found.rows
    changed = [one for one in rows if one.differences and not one.is_new]
    return render(
        host,
        request,
        "enrollment/book_import.html",
        status=status,
        form=form,
        base=HERE,
        found=found,
        file=FILE,
        new=[_row(one) for one in rows if one.is_new],
        changed=[_row(one) for one in changed],
        unchanged=[_row(one) for one in rows if not one.differences and not one.is_new],
        wrong=[] if found is None else _wrong(found.wrong),
        told=told,
        overtaken=overtaken,
        look=LOOK,
    )


def _row(one: Said) -> dict[str, Any]:
    return {
        "row": one.change.row,
        "name": f"{one.name}, enheden {one.change.unit}" if one.change.unit else one.name,
        "path": address(one.change.code),
        "columns": one.differences,
    }


def _wrong(cells: Sequence[WrongCell]) -> list[tuple[int, list[WrongCell]]]:
    """By row, in their order."""
    return [(row, list(found)) for row, found in groupby(cells, key=lambda one: one.row)]
