"""Whatever is put into a field of a form or a cell of a sheet: no error, nothing half done, and only text."""

from __future__ import annotations

import base64
import csv
import io
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from services.enrollment.adapters import links
from services.enrollment.domain.address_book import COLUMNS
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints.pages import pages
from services.enrollment.usecases import import_addresses as importing
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from shared.contracts.enrollment import (
    EnrolmentReceived,
    EnrolmentWaitlisted,
    InviteMunicipalities,
    MunicipalityEnrolled,
    MunicipalityInvited,
    SignUpDraftSaved,
)
from shared.contracts.event import Event
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.hostile import TEXTS, Seen, form_of, must_be_escaped

FORM = """
  capacity: {usual: 3, hard: 3}
  reservation_allowed: true
  forbehold: {holds: always}
  form:
    - {id: baggrund, label: "Hvorfor vil I være med?", kind: lines, max_lines: 3, max_chars: 200}
    - {id: partnere, label: "Har I partnere?", kind: yes_no}
    - {id: antal, label: "Hvor mange partnere?", kind: number, least: 1, most: 20, when: {field: partnere, is: [ja]}}
    - {id: temaer, label: "Hvilke temaer?", kind: choices, choices: [Skole, Job], least: 1, most: 2}
    - {id: behandlet, label: "Hvornår er sagen behandlet?", kind: day}
    - {id: telefon, label: Telefon, kind: phone}
    - {id: hjemmeside, label: Hjemmeside, kind: link}
    - {id: stilling, label: Kontaktens stilling, max_chars: 40}
  declarations:
    - {id: opbakning, text: Der er politisk opbakning.}
"""
CONTACT = {"organisation_code": AARHUS, "contact_name": "Karen", "contact_email": f"karen@k{AARHUS}.example"}
FILLED = {
    **CONTACT,
    "answers.baggrund": "Fordi.",
    "answers.partnere": "ja",
    "answers.antal": "2",
    "answers.temaer": "Job",
    "answers.opbakning": "ja",
    "forbehold": "true",
    "forbehold_committee": "Byrådet",
    "name": "Bo Prøvesen",
    "email": "bo@k0751.example",
    "accepted_price_ore": "100000",
    "level": "Leder af ledere",
}
"""By the name of the field; whatever else there is stays empty."""
NOBODYS = ("_ukendt", "billing.address.street", "contact_name.x")
SAVED = [TEXTS[name] for name in ("element", "control", "long text", "scripts", "half a pair")]
KEPT = (
    *("organisations", "role_addresses", "speakers", "people", "enrolments", "sign_ups", "drafts", "rosters", "seats"),
    *("outbox", "timers", "invitations"),
)
WHOLE = " UNION ALL ".join(
    f"SELECT '{table}', md5(string_agg(row, '' ORDER BY row)) FROM (SELECT to_jsonb(t)::text AS row FROM {table} t)"
    for table in KEPT
)
PAGES = {
    "/tilmeld/{programme_id}": "form",
    "/tilmeld/kladde/{token}": "draft",
    "/tilmeld/bekraeft/{token}": "confirmation",
    "/tilmeld/nej/{token}": "invitation",
    "/plads/{token}/godkendt": "forbehold",
    "/plads/{token}/ikke-godkendt": "forbehold",
    "/plads/{token}/afmeld": "waiting",
    "/deltagere/{token}/afmeld-kommunen": "place",
    "/deltagere/{token}/{meeting_id}": "meeting",
    "/deltagere/{token}/{meeting_id}/afmeld/{person_id}": "seat",
    "/deltagere/{token}/{meeting_id}/skift/{person_id}": "seat",
}
"""Every page that takes a form, and what has to be there for it."""


def with_form() -> str:
    text = programme_text().replace("included: 3", "included: 1")
    return text.replace("  contact_label:", FORM.strip("\n") + "\n  contact_label:", 1)


async def kept(desk: Desk) -> dict[str, str]:
    return {row[0]: row[1] for row in await desk.pool.fetch(WHOLE)}


async def told(desk: Desk, kind: type[Event]) -> Any:
    return next(one for one in reversed(await desk.told()) if isinstance(one, kind))


class Somebody:
    """Makes what a page needs, anew each time that it has been used up."""

    def __init__(self, town: Town) -> None:
        self._desk = town.desk
        self._numbers = itertools.count()

    async def path(self, template: str) -> str:
        made: Callable[[str], Awaitable[str]] = getattr(self, f"_{PAGES[template]}")
        return await made(template)

    async def _anew(self) -> None:
        emptied = ("seats", "rosters", "sign_ups", "drafts", "invitations", "invitation_rounds", "enrolments", "timers")
        async with self._desk.pool.acquire() as connection:
            await connection.execute(";".join(f"DELETE FROM {table}" for table in emptied))
            await connection.execute("UPDATE programmes SET taken = 0")
        await self._desk.told()

    async def _form(self, _: str) -> str:
        return f"/tilmeld/{P1}"

    async def _draft(self, _: str) -> str:
        await self._anew()
        await self._desk.ask(save_draft, SaveDraft(programme_id=P1, typed=CONTACT, caller=f"c{next(self._numbers)}"))
        return str((await told(self._desk, SignUpDraftSaved)).draft_path)

    async def _confirmation(self, _: str) -> str:
        await self._anew()
        sign_up_id = await self._desk.form(AARHUS, caller=f"c{next(self._numbers)}", answers={"opbakning": "ja"})
        return links.confirm_path(self._desk.links, sign_up_id, self._desk.now())

    async def _invitation(self, _: str) -> str:
        await self._anew()
        await self._desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
        round_id = f"r{next(self._numbers)}"
        await self._desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id=round_id))
        path = (await told(self._desk, MunicipalityInvited)).sign_up_path
        return f"/tilmeld/nej/{path.rpartition('=')[2]}"

    async def _enrolled(self, **more: Any) -> Any:
        await self._anew()
        await self._desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}, **more))
        return await told(self._desk, MunicipalityEnrolled)

    async def _forbehold(self, template: str) -> str:
        fact = await self._enrolled(forbehold=True)
        return template.format(token=fact.standing_path.rpartition("/")[2])

    async def _waiting(self, template: str) -> str:
        await self._anew()
        await self._desk.pool.execute("UPDATE programmes SET taken = hard_capacity")
        await self._desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}))
        fact = await told(self._desk, EnrolmentWaitlisted)
        return template.format(token=fact.standing_path.rpartition("/")[2])

    async def _place(self, template: str) -> str:
        fact = await self._enrolled()
        return template.format(token=fact.participants_path.rpartition("/")[2])

    async def _meeting(self, template: str) -> str:
        token = await self._place("{token}")
        await self._desk.register(enrolment_id(P1, AARHUS), "m-heldag-vest", "Alle Anden")
        return template.format(token=token, meeting_id="m-heldag-vest")

    async def _seat(self, template: str) -> str:
        token = await self._meeting("{token}")
        person = await self._desk.pool.fetchval("SELECT person_id FROM seats")
        return template.format(token=token, meeting_id="m-heldag-vest", person_id=person)


@pytest.fixture(autouse=True)
def robots_are_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


async def send(town: Town, form: Seen, changes: dict[str, str], number: int) -> httpx.Response:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": f"198.51.{number // 200}.{number % 200 + 1}",
    }
    return await town.client.post(
        form.action, content=form.body({"_key": f"{number:032d}", **changes}), headers=headers
    )


def test_every_page_that_takes_a_form_is_here() -> None:
    takes = {one.path for one in pages(None) if "POST" in one.methods}  # type: ignore[arg-type,attr-defined]
    assert takes == set(PAGES)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("template", PAGES)
async def test_whatever_is_typed_is_taken_as_text_or_refused_whole(town: Town, template: str) -> None:
    desk, somebody = town.desk, Somebody(town)
    await desk.publish(with_form())
    await desk.knows()
    await desk.has_meeting()
    outcomes: Counter[int] = Counter()
    path = await somebody.path(template)
    page = await town.client.get(path)
    assert page.status_code == 200, page.text
    form = form_of(page.text, path)
    usual = {name: FILLED[name] for name in form.fields if name in FILLED}
    asked = [{**usual, field: text} for field in (*form.fields, *NOBODYS) for text in TEXTS.values()]
    if 'name="_gem"' in page.text:
        saved = {**usual, "_gem": "1"}
        asked += [{**saved, **dict.fromkeys(usual, text), **CONTACT} for text in TEXTS.values()]
        asked += [{**saved, field: text} for field in usual for text in SAVED]
    before = await kept(desk)
    for number, changes in enumerate(asked):
        answer = await send(town, form, changes, number)
        outcomes[answer.status_code] += 1
        assert answer.status_code in {303, 400, 409, 410, 422, 429}, (changes, answer.text)
        must_be_escaped(answer.text)
        if answer.status_code >= 400:
            assert await kept(desk) == before, changes
        if answer.status_code in {303, 409, 410}:
            if answer.status_code == 303:
                await look_everywhere(town, answer)
            # What nobody sends here does not grow old.
            await desk.pool.execute("DELETE FROM outbox")
            path = await somebody.path(template)
            form = form_of((await town.client.get(path)).text, path)
            before = await kept(desk)
    assert 0 < outcomes[303] < outcomes.total(), outcomes


async def look_everywhere(town: Town, answer: httpx.Response) -> None:
    """What shows what was typed is shown, and read as text; each fact is one that readers take in."""
    seen = [answer.headers["location"]]
    for fact in await town.desk.told():
        seen += [fact.confirm_path] if isinstance(fact, EnrolmentReceived) else []
        seen += [fact.draft_path] if isinstance(fact, SignUpDraftSaved) else []
    for path in seen:
        shown = await town.client.get(urlsplit(path).path)
        assert shown.status_code in {200, 410}, (path, shown.text)
        must_be_escaped(shown.text)
    for listed in ("/enrolments", "/sign-ups", f"/enrolments/{enrolment_id(P1, AARHUS)}/participants"):
        read = await town.api("GET", listed)
        assert read.status_code in {200, 404}, read.text


@pytest.mark.timeout(400)
async def test_whatever_stands_in_a_cell_of_the_address_book_is_taken_or_the_sheet_refused_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    for heading in (*COLUMNS, "rolle: borgmester", *TEXTS.values()):
        for text in TEXTS.values():
            columns = {"kommunekode": KOEBENHAVN, heading: text}

            async def read(_: bytes, columns: dict[str, str] = columns) -> tuple[list[str], list[list[str]]]:
                return list(columns), [list(columns.values())]

            monkeypatch.setattr(importing, "read_table", read)
            taken += await imported(desk, b"")
    assert taken > 0


def as_csv(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def as_xlsx(rows: list[list[str]]) -> bytes:
    """What no Excel can write is left out."""
    book = openpyxl.Workbook()
    for row in rows:
        cells = [ILLEGAL_CHARACTERS_RE.sub("", cell).replace("\ufffe", "") for cell in row]
        book.active.append([cell.encode("utf-8", "ignore").decode() for cell in cells])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("written", [as_csv, as_xlsx])
async def test_a_sheet_is_read_or_refused_whatever_is_written_in_it(
    desk: Desk, written: Callable[[list[list[str]]], bytes]
) -> None:
    for text in TEXTS.values():
        await imported(desk, written([["kommunekode", "kontostreng", text], [KOEBENHAVN, text, text]]))
        await imported(desk, text.encode("utf-8", "surrogatepass"))


async def imported(desk: Desk, sheet: bytes) -> bool:
    """Whether it was taken; a "no" changes nothing."""
    before = await kept(desk)
    command = ImportAddresses(content=base64.b64encode(sheet).decode(), dry_run=False)
    try:
        await desk.ask(import_addresses, command)
    except Refused:
        assert await kept(desk) == before
        return False
    return True
