"""A sheet of enrolments is read in: first what each row comes to, then how far it is, then what came of each row."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.enrolment_sheet import ALL, ANSWER, COLUMNS, CONTACT, PARTICIPANT, CameTo, in_words
from services.enrollment.pages.staff_programme import address, cursor_of, following, head_of, reader, show
from services.enrollment.usecases.import_enrolments import ImportEnrolments
from services.enrollment.usecases.import_in_steps import BeginImport
from services.enrollment.usecases.read_programme_page import Head
from services.enrollment.usecases.read_sheet_import import Shown, read_sheet_import, read_sheet_imports
from shared.base.acts import Act
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.door import Rehearsal
from shared.web.forms import LOOK, Form, new_key, read_form
from shared.web.staff import badge_in, staff_form
from shared.web.staff_action import told_by

FILE, MAIL, ROOM = "content", "mail", 256 * 1024
"""The fields with the file, and whether those in it are written to; the octets that it may have before it is read."""
_LABELS = {FILE: "Fil", MAIL: "Skriv til dem"}
_WRONG = "import_wrong"
CAME_TO: Mapping[CameTo, tuple[str, str, str]] = {
    "refused": ("kan-ikke", "Kan ikke indlæses", "Kunne ikke indlæses"),
    "stored": ("indlaest", "Indlæses", "Indlæst"),
    "same": ("i-forvejen", "Står der i forvejen", "Stod der i forvejen"),
}
"""The word in an address, and what it is called before and after."""


async def choose(host: Host, try_it: Act, begin: Act, request: Request) -> Response:
    """The file goes with the page that shows it, and its rows are stored once its button is pressed."""
    if request.method == "GET":
        return await _page(host, request, staff_form(host, request, labels=_LABELS))
    form = await read_form(request, labels=_LABELS)
    if (file := form.files.get(FILE)) is not None:
        form.values[FILE] = base64.b64encode(file.content).decode()
    if not form.value(FILE):
        return await _page(host, request, form.add_error(FILE, "required", "Vælg en fil."), 422)
    wish = form.command(BeginImport, programme_id=request.path_params["programme_id"])
    if wish is None:
        return await _page(host, request, form, 422)
    if LOOK in form.own:
        return await _looked(host, try_it, request, form, wish)
    return await _begun(host, begin, request, form, wish)


async def _begun(host: Host, act: Act, request: Request, form: Form, wish: BeginImport) -> Response:
    reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
    if (refused := reply.refusal()) is None:
        return RedirectResponse(f"{address(request, '/indlaes')}/{reply.json()['import_id']}", 303)
    return await _refused(host, request, form, refused)


async def _looked(host: Host, act: Act, request: Request, form: Form, wish: BeginImport) -> Response:
    asked = ImportEnrolments(programme_id=wish.programme_id, content=wish.content, mail=wish.mail, dry_run=False)
    found = await host.door.rehearse(act, asked, actor=badge_in(request).actor)
    if found.refused is not None:
        return await _refused(host, request, form, found.refused)
    form.key = new_key()
    return await _page(host, request, form, found=found)


async def _refused(host: Host, request: Request, form: Form, refused: Refused) -> Response:
    """All that is wrong, by its cell; or the one reason why there is nothing to read."""
    if refused.code != _WRONG:
        return await _page(host, request, form.refuse(refused), refused.status)
    form.key = new_key()
    return await _page(host, request, form, refused.status, wrong=[_cell(one) for one in refused.extra["errors"]])


def _cell(error: Mapping[str, str]) -> dict[str, str]:
    """An error of the command, by row and column."""
    _, row, column = error["field"].split(":", 2)
    text = error["detail"].removeprefix(f"Række {row}, kolonne »{column}«: ")
    return {"row": row, "column": column, "code": error["code"], "text": text}


async def _page(
    host: Host,
    request: Request,
    form: Form,
    status: int = 200,
    *,
    found: Rehearsal | None = None,
    wrong: Sequence[Mapping[str, str]] = (),
) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        known = await read_sheet_imports(tx, head.programme.id)
    rows = found.body["outcomes"] if found else ()
    return show(
        host,
        request,
        "staff_import.html",
        head,
        status=status,
        form=form,
        file=FILE,
        look=LOOK,
        found=found is not None,
        wrong=wrong,
        wrong_rows=len({one["row"] for one in wrong}),
        parts=[
            (key, word, [one for one in rows if one["came_to"] == key])
            for key, (_, word, _) in CAME_TO.items()
            if any(one["came_to"] == key for one in rows)
        ],
        changed=sum(one["came_to"] == "stored" or _stores_some(one) for one in rows),
        total=len(rows),
        told=told_by(found) if found and form.value(MAIL) == "true" else (),
        columns=_columns(head),
        before=[(f"{address(request, '/indlaes')}/{one.id}", sent_at(one.begun_at), one.rows) for one in known],
        going=next((f"{address(request, '/indlaes')}/{one.id}" for one in known if one.over_at is None), ""),
    )


def _stores_some(row: Mapping[str, Any]) -> bool:
    """Of a row of which something else is refused."""
    return bool(row["came_to"] == "refused" and any(one["changes"] for one in row["outcomes"]))


def _columns(head: Head) -> list[tuple[str, str]]:
    """What a sheet of this programme is headed, and what stands below."""
    keys = [one.meeting.key for one in head.meetings]
    levels = head.programme.terms.terms.participant_levels
    enrolment = head.programme.terms.enrolment
    asked = [(one.id, one.label) for one in enrolment.form] + [(one.id, one.text) for one in enrolment.declarations]
    said = {
        "kommunekode": "fire cifre; skal udfyldes",
        "navn": "skal udfyldes",
        "e-mail": "skal udfyldes",
        "rolle": f"{CONTACT} eller {PARTICIPANT}; skal udfyldes",
        "niveau": ", ".join(levels) if levels else "",
        "møder": ", ".join([*keys, ALL]) if keys else "",
        "forbehold": "ja eller nej, i kontaktens række",
        "forventet": "dagen, som 2023-06-01",
        "udvalg": "hvem der behandler forbeholdet",
        "gruppe": ", ".join(one.id for one in head.programme.terms.groups),
        "modtaget": "hvornår tilmeldingen kom, som 2023-06-01 10:30",
        "enhed": "den, der betaler",
        "ean-nummer": "13 cifre",
        "ordre-/rekvisitionsnummer": "det, der skal stå på fakturaen",
    }
    return [
        *((title, said[title]) for title in COLUMNS if said.get(title)),
        *((f"{ANSWER} {key}", label) for key, label in asked),
    ]


async def sheet(host: Host, request: Request) -> Response:
    """How far it is, and what came of its rows: those that could not be read in first."""
    words = {word: key for key, (word, _, _) in CAME_TO.items()}
    wanted = words.get(request.query_params.get("vis", ""))
    programme_id, import_id = request.path_params["programme_id"], request.path_params["import_id"]
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_sheet_import(tx, programme_id, import_id, wanted, cursor_of(request))
        if wanted is None and found.sheet.over_at is not None:
            wanted = next((one for one in CAME_TO if found.counts.get(one)), None)
            found = await read_sheet_import(tx, programme_id, import_id, wanted, cursor_of(request))
    at = f"{address(request, '/indlaes')}/{import_id}"
    values: dict[str, Any] = {"at": at, "going": _progress(found)}
    if request.headers.get("hx-request") == "true":
        part = host.pages.fragment("enrollment/staff_import_sheet.html", "fremdrift", **values)
        return HTMLResponse(part, headers={"Vary": "HX-Request", "Cache-Control": "no-store"})
    return show(
        host,
        request,
        "staff_import_sheet.html",
        head,
        **values,
        begun=sent_at(found.sheet.begun_at),
        mail=found.sheet.mail,
        filters=[
            (after, found.counts[key], f"{at}?vis={word}", key == wanted)
            for key, (word, _, after) in CAME_TO.items()
            if found.counts.get(key)
        ],
        heading=CAME_TO[wanted][2] if wanted else "",
        rows=[
            (one.number, one.organisation, CONTACT if one.is_contact else PARTICIPANT, in_words(one.outcomes))
            for one in found.rows
        ],
        following=following(request, found.following),
    )


def _progress(found: Shown) -> dict[str, Any]:
    """By rows; those of somebody who was erased meanwhile count as done."""
    left = found.counts.get(None, 0)
    return {
        "over": found.sheet.over_at is not None,
        "total": found.sheet.rows,
        "done": found.sheet.rows - left,
        "refused": found.counts.get("refused", 0),
        "stored": found.counts.get("stored", 0),
        "same": found.counts.get("same", 0),
    }
