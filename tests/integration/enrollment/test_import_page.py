"""A sheet of enrolments is read in on a page: shown row by row, written by steps, and each row says what came of it."""

from __future__ import annotations

import asyncio
import itertools
import re
from html import unescape

import httpx

from services.enrollment.domain.sheet_import import ROWS_AT_ONCE
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.erase_person import erase_person
from services.enrollment.usecases.import_enrolments import import_enrolments
from shared.contracts.enrollment import CancelProgramme, ErasePerson, MunicipalityEnrolled, ParticipantRegistered
from tests.integration.enrollment.test_book_pages import text
from tests.integration.enrollment.test_import_enrolments import (
    COMES_TO,
    FILE,
    HEADING,
    VEST,
    importing,
    one_place,
    texts_of,
)
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, Desk
from tests.support.workplace import Workplace, hidden, typed

HERE = f"/stab/forloeb/{P1}/indlaes"


async def looked(browser: httpx.AsyncClient, content: bytes | str, **more: str) -> httpx.Response:
    shown = await browser.get(HERE)
    raw = content.encode() if isinstance(content, str) else content
    return await browser.post(HERE, data=typed(shown.text, _se="1", **more), files={"content": ("ark.csv", raw)})


def button(shown: httpx.Response) -> dict[str, str]:
    """What the button of the page that says what will come of it sends."""
    assert shown.status_code == 200, text(shown)
    return {name: unescape(value) for name, value in hidden(shown.text).items()}


async def rung(desk: Desk) -> int:
    """Until nothing is due; how many transactions that took."""
    rounds = 0
    while await desk.ring():
        rounds += 1
    return rounds


def rows_of(page: httpx.Response) -> dict[int, str]:
    found = re.findall(
        r'<tr><th scope="row">Række (\d+)</th>.*?<td data-navn="Hvad der sk[^"]+">(.*?)</td></tr>', page.text
    )
    return {int(number): unescape(re.sub(r" \(<code>.*?</code>\)|<[^>]+>", "", said)).strip() for number, said in found}


def many(rows: int) -> str:
    """A sheet of so many people, of municipalities with a contact and nine others each."""
    lines = [HEADING]
    for number in range(rows):
        code = ("0751", "0101", "0167", "0147", "0153", "0155", "0157", "0159", "0161", "0163")[number // 100]
        role = "kontakt;;" if number % 100 == 0 else f"deltager;;{VEST}"
        lines.append(f"{code};Nr. {number} Prøvesen;nr{number}@k{code}.example;{role};;;")
    return "\n".join(lines)


async def test_what_the_page_says_of_each_row_is_what_it_comes_to(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    await desk.told()
    browser = await workplace.signed_in("consultant")
    shown = await looked(browser, FILE)
    assert rows_of(shown) == COMES_TO
    assert shown.text.count("<code>") == 2, "each that cannot has its code"
    assert await desk.told() == []
    assert not await desk.pool.fetchval("SELECT count(*) FROM sheet_imports"), "nothing is stored until the button"

    begun = await browser.post(HERE, data=button(shown))
    assert begun.status_code == 303
    page = await browser.get(begun.headers["location"])
    assert "Arket indlæses nu" in text(page)
    assert "0 af 7 rækker er behandlet" in text(page)
    assert 'hx-trigger="every 2s"' in page.text
    await rung(desk)

    part = await browser.get(begun.headers["location"], headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<section")
    assert "hx-get" not in part.text, "it asks no more"
    assert "7 af 7 rækker er behandlet: 5 er indlæst, 0 stod der i forvejen, 2 kunne ikke" in text(part)
    found = {}
    for word in ("kan-ikke", "indlaest", "i-forvejen"):
        found |= rows_of(await browser.get(f"{begun.headers['location']}?vis={word}"))
    assert found == COMES_TO
    told = await desk.told()
    assert sum(isinstance(one, MunicipalityEnrolled | ParticipantRegistered) for one in told) == 4
    assert all(getattr(one, "quiet", False) for one in told)
    assert not await desk.pool.fetchval("SELECT count(*) FROM sheet_rows WHERE asked IS NOT NULL"), (
        "nobody is kept there"
    )
    assert "Prøvesen" not in str(await desk.pool.fetch("SELECT r::text FROM sheet_rows r"))
    assert "Indlæst før" in text(await browser.get(HERE))


async def test_all_that_is_wrong_is_shown_by_its_cell_with_what_to_do(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.has_meeting()
    browser = await workplace.signed_in("consultant")
    wrong = f"{HEADING}\n9999;;ikke en adresse;chef;;;;;\n0751;Asta Prøvesen;asta@k0751.example;kontakt;;;ja;;\n"
    shown = await looked(browser, wrong)
    assert shown.status_code == 422
    cells = re.findall(
        r'<th scope="row">Række (\d)</th><td data-navn="Kolonne">([^<]+)</td>.*?<code>([a-z_]+)</code>', shown.text
    )
    assert cells == [
        ("2", "kommunekode", "unknown_organisation"),
        ("2", "navn", "required"),
        ("2", "e-mail", "invalid_email"),
        ("2", "rolle", "unknown_role"),
        ("3", "forbehold", "no_reservation"),
    ]
    assert "5 celler er skrevet forkert i 2 rækker. Intet er indlæst" in text(shown)
    assert '<td data-navn="Galt">Række' not in shown.text
    assert "Indlæs 1 række" not in text(shown)
    unread = await looked(browser, b"PK\x03\x04 no workbook")
    assert unread.status_code == 422
    assert "Filen" in text(unread)
    none = await browser.post(HERE, data=typed((await browser.get(HERE)).text, _se="1"))
    assert none.status_code == 422
    assert "Vælg en fil" in text(none)


async def test_a_button_that_is_pressed_twice_and_two_tabs_store_once(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    await desk.told()
    browser = await workplace.signed_in("consultant")
    first, second = button(await looked(browser, FILE)), button(await looked(browser, FILE))
    other = button(await looked(browser, FILE.replace("Bo Prøvesen", "Bob Prøvesen")))
    answers = await asyncio.gather(*(browser.post(HERE, data=one) for one in (first, first, second)))
    assert {one.status_code for one in answers} == {303}
    assert len({one.headers["location"] for one in answers}) == 1
    refused = await browser.post(HERE, data=other)
    assert refused.status_code == 409
    assert "Et andet ark indlæses i forløbet nu" in text(refused)
    await rung(desk)
    told = [type(one).__name__ for one in await desk.told()]

    later = await browser.post(HERE, data=button(await looked(browser, FILE.replace("frida@", "ny@"))) | second)
    assert later.status_code == 303
    await rung(desk)
    assert [type(one).__name__ for one in await desk.told()] == [], "read again it changes nothing"
    assert told.count("ParticipantRegistered") == 3
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 2


async def test_a_thousand_rows_are_written_by_steps_and_come_to_what_they_come_to_at_once(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place().replace("usual: 1, hard: 1", "usual: 4, hard: 4"))
    await desk.has_meeting()
    sheet = many(1000)
    shown = await desk.ask(import_enrolments, importing(sheet))
    browser = await workplace.signed_in("consultant")
    began = await browser.post(HERE, data=button(await looked(browser, sheet)))
    at, seen = began.headers["location"], []
    while await desk.ring():
        part = text(await browser.get(at, headers={"HX-Request": "true"}))
        seen.append(int(re.search(r"(\d+) af 1000 rækker", part)[1]))  # type: ignore[index]
    assert seen == sorted(seen)
    assert len([one for one in seen if one < 1000]) >= 9
    assert all(later - before <= ROWS_AT_ONCE for before, later in itertools.pairwise(seen))
    found: dict[int, str] = {}
    for word in ("kan-ikke", "indlaest", "i-forvejen"):
        path: str | None = f"{at}?vis={word}"
        while path:
            page = await browser.get(path)
            found |= rows_of(page)
            more = re.search(r'rel="next" href="([^"]+)"', page.text)
            path = unescape(more[1]) if more else None
    assert found == texts_of(shown)
    assert len(found) == 1000


async def test_a_programme_that_is_called_off_meanwhile_takes_no_more_and_says_so(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    browser = await workplace.signed_in("consultant")
    began = await browser.post(HERE, data=button(await looked(browser, FILE)))
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P1))
    await rung(desk)
    page = text(await browser.get(began.headers["location"]))
    assert "Arket er læst ind" in page
    assert "7 kunne ikke" in page
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0


async def test_whoever_is_erased_while_a_sheet_waits_is_not_written(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    *some, _, _ = FILE.splitlines()
    await desk.ask(import_enrolments, importing("\n".join(some[:4]), dry_run=False))
    browser = await workplace.signed_in("consultant")
    began = await browser.post(HERE, data=button(await looked(browser, FILE)))
    await desk.ask(erase_person, ErasePerson(email="BO@k0751.example"))
    await rung(desk)
    assert not await desk.pool.fetchval("SELECT count(*) FROM people WHERE email_key = 'bo@k0751.example'")
    page = text(await browser.get(began.headers["location"]))
    assert "7 af 7 rækker er behandlet" in page
    assert "Arket er læst ind" in page


async def test_a_reader_sees_what_came_of_it_and_reads_nothing_in(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    consultant = await workplace.signed_in("consultant")
    assert "Indlæs tilmeldinger fra et ark" in text(await consultant.get(f"/stab/forloeb/{P1}"))
    began = await consultant.post(HERE, data=button(await looked(consultant, FILE)))
    at = began.headers["location"]
    finance = await workplace.signed_in("finance")
    assert (await finance.get(at)).status_code == 200
    assert (await finance.get(HERE)).status_code == 403
    assert "Indlæs tilmeldinger fra et ark" not in text(await finance.get(f"/stab/forloeb/{P1}"))
    assert (await consultant.get(f"{HERE}/nothing")).status_code == 404
    rows = await desk.pool.fetch("SELECT organisation_code FROM sheet_rows")
    assert {row[0] for row in rows} == {AARHUS, KOEBENHAVN}
