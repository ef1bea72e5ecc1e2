"""An administrator erases a person on a page: what goes and what stays is said first, and a word is typed."""

from __future__ import annotations

import re
from html import unescape

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.record_archive import record_archive
from shared.contracts.enrollment import PersonErased
from tests.integration.enrollment.test_archive import archived, public
from tests.integration.enrollment.test_book_pages import text
from tests.integration.runtime.test_erasing_pages import BO, PAGES, Looking, unread
from tests.support.enrollment_desk import AARHUS, P1, sign_up
from tests.support.hostile import digest_of, must_be_escaped
from tests.support.tables import own_tables
from tests.support.workplace import Workplace, typed

HERE = "/stab/personer"


async def anna(workplace: Workplace) -> str:
    """At a meeting; her id."""
    desk = workplace.desk
    await desk.publish()
    await desk.enrol(sign_up(AARHUS))
    meeting = await desk.has_meeting()
    found = await desk.register(enrolment_id(P1, AARHUS), meeting.id, "Anna Andersen")
    await desk.told()
    return str(found["person_id"])


async def address_of(workplace: Workplace, person_id: str) -> str:
    return str(await workplace.desk.pool.fetchval("SELECT email FROM people WHERE person_id = $1", person_id))


async def test_what_goes_and_what_stays_is_said_and_then_a_word_erases_for_good(workplace: Workplace) -> None:
    desk, person_id = workplace.desk, await anna(workplace)
    email = await address_of(workplace, person_id)
    browser = await workplace.signed_in("administrator")
    page = (await browser.get(HERE)).text
    shown = await browser.post(HERE, data=typed(page, email=email.upper(), _se="1"))
    said = text(shown)
    assert shown.status_code == 200, said
    assert "Det kan ikke fortrydes" in said
    assert "navn og mailadresse (1)" in said
    assert "pladser på møder (1)" in said
    assert "bogføringsloven" in said
    for service in ("scheduling", "invoicing", "notifications"):
        assert f'hx-get="/{service}/stab/personer/{person_id}"' in shown.text
    assert email not in re.findall(r'(?:href|action|hx-get)="([^"]*)"', shown.text)
    assert not [one for one in await desk.told() if isinstance(one, PersonErased)], "nothing is done before the word"

    wrong = await browser.post(HERE, data=typed(shown.text, word="slet"))
    assert wrong.status_code == 422
    assert "Skriv SLET med store bogstaver" in text(wrong)
    assert not [one for one in await desk.told() if isinstance(one, PersonErased)]
    form = {name: unescape(value) for name, value in typed(wrong.text, word="SLET").items()}
    done = [await browser.post(HERE, data=form) for _ in range(2)]
    assert {one.status_code for one in done} == {303}
    assert {one.headers["location"] for one in done} == {f"{HERE}/{person_id}"}
    assert len([one for one in await desk.told() if isinstance(one, PersonErased)]) == 1

    going = await browser.get(f"{HERE}/{person_id}")
    assert "Slettes nu: 0 af" in text(going)
    part = await browser.get(f"{HERE}/{person_id}", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in part.text
    while await desk.ring():
        pass
    over = await browser.get(f"{HERE}/{person_id}", headers={"HX-Request": "true"})
    assert "Slettet her" in over.text
    assert "hx-get" not in over.text
    assert not await desk.pool.fetchval("SELECT count(*) FROM people WHERE email = $1", email)


async def test_whoever_is_somebodys_contact_is_not_erased_and_it_is_said_what_to_do(workplace: Workplace) -> None:
    await anna(workplace)
    contact = await workplace.desk.pool.fetchval("SELECT contact ->> 'email' FROM enrolments")
    browser = await workplace.signed_in("administrator")
    page = (await browser.get(HERE)).text
    refused = await browser.post(HERE, data=typed(page, email=contact, _se="1"))
    assert refused.status_code == 409
    assert "kontakt" in text(refused)
    assert "for altid" not in text(refused)
    nobody = await browser.post(HERE, data=typed(page, email="ingen@k0751.example", _se="1"))
    assert nobody.status_code == 422
    assert 'href="/notifications/stab/personer"' in nobody.text
    nothing = await browser.post(HERE, data=typed(page, _se="1"))
    assert nothing.status_code == 422


async def test_papers_go_to_the_archive_first_unless_staff_say_why_not_and_both_stand_on_its_page(
    workplace: Workplace,
) -> None:
    desk = workplace.desk
    await public(desk)
    browser = await workplace.signed_in("administrator")
    at = f"/stab/forloeb/{P1}/arkiv"
    assert f'href="{at}"' in (await browser.get(f"/stab/forloeb/{P1}")).text
    assert "Papirerne er ikke skrevet ud endnu" in text(await browser.get(at))
    refused = await browser.post(HERE, data=typed((await browser.get(HERE)).text, email=BO, _se="1"))
    assert refused.status_code == 409
    assert "som et arkiv skal have først" in text(refused)
    assert f'href="{at}"' in refused.text
    assert "also_unarchived og" not in text(refused)
    why = {"email": BO, "also_unarchived": "true", "reason": "Personens ret vejer tungere."}
    unsaid = await browser.post(HERE, data=typed(refused.text, **{**why, "reason": ""}, _se="1"))
    assert unsaid.status_code == 422
    shown = await browser.post(HERE, data=typed(unsaid.text, **why, _se="1"))
    assert "Begrundelsen for at slette" in text(shown)
    form = {name: unescape(value) for name, value in typed(shown.text, word="SLET").items()}
    assert (await browser.post(HERE, data=form)).status_code == 303
    await desk.ask(record_archive, archived(desk, sha256="ab" * 32))
    page = text(await browser.get(at))
    assert "ab" * 32 in page
    assert "Personens ret vejer tungere. En medarbejder" in page
    consultant = await workplace.signed_in("consultant")
    assert (await consultant.get(at)).status_code == 200


async def test_somebody_known_by_an_id_alone_is_erased_by_it_and_by_administrators_alone(workplace: Workplace) -> None:
    person_id = await anna(workplace)
    consultant = await workplace.signed_in("consultant")
    assert (await consultant.get(HERE)).status_code == 403
    assert (await consultant.get(f"{HERE}/{person_id}")).status_code == 403
    browser = await workplace.signed_in("administrator")
    at = f"{HERE}/{person_id}"
    page = await browser.get(at)
    assert "Personen er ikke slettet" in text(page)
    shown = await browser.post(at, data=typed(page.text, _se="1"))
    assert "Det kan ikke fortrydes" in text(shown)
    done = await browser.post(at, data=typed(shown.text, word="SLET"))
    assert done.status_code == 303, text(done)
    assert "Slettes nu" in text(await browser.get(done.headers["location"]))


async def test_whatever_is_typed_about_whom_to_erase_is_refused_or_says_what_would_come_of_it(
    workplace: Workplace,
) -> None:
    desk = workplace.desk
    await desk.pool.execute(
        "INSERT INTO people (person_id, organisation_code, name, email) VALUES ('w1', '0751', 'Bo Prøvesen', $1)", BO
    )
    whole = digest_of((*own_tables("enrollment"), "outbox", "timers"))

    async def kept() -> dict[str, str]:
        return {row[0]: row[1] for row in await desk.pool.fetch(whole)}

    walk = Looking(await workplace.signed_in("administrator"), kept, unread, lambda answer: answer.is_success)
    for page in PAGES:

        async def where(page: str = page) -> str:
            return page.format(person_id="w1")

        await walk.over(page, where, {"email": BO}, {})
    must_be_escaped((await walk.client.get("/stab/personer")).text)
