"""Staff write a programme in the editor, from a copy to what is published, and two at once lose nothing."""

from __future__ import annotations

import json
import re
from html import unescape

import httpx
import pytest

from deploy.local.locations import ROOT
from services.enrollment.domain.programme_file.yaml_lines import read
from services.enrollment.usecases.begin_programme_draft import (
    BLANK,
    VERSION,
    BeginProgrammeDraft,
    begin_programme_draft,
)
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.read_programme_drafts import read_programme_draft
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft, save_programme_draft
from shared.contracts.enrollment import ChangeCapacity, MunicipalityEnrolled, ProgrammeChanged, ProgrammePublished
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, with_places
from tests.support.enrollment_desk import P1, programme_text, sign_up
from tests.support.workplace import Workplace, typed

HERE = "/stab/redigering"
P2 = "flere-i-arbejde"
P2_TEXT = (ROOT / "programmes" / f"{P2}.yaml").read_text(encoding="utf-8")


_TEXTAREA = re.compile(r'<textarea class="form-input"[^>]* name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)
_SELECT = re.compile(r'<select class="form-select"[^>]* name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
_HIDDEN = re.compile(r'<textarea hidden name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)


def fields(page: str) -> dict[str, str]:
    """All that the form of a part would send, as it stands on the page."""
    sent = dict(typed(page))
    for name, value in re.findall(r'<input class="form-input[^>]*? name="([^"]+)" value="([^"]*)"', page):
        sent[name] = unescape(value)
    for name, text in _TEXTAREA.findall(page):
        sent[name] = unescape(text)
    for name, options in _SELECT.findall(page):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = unescape(chosen[1]) if chosen else ""
    return sent


async def begun(browser: httpx.AsyncClient, source: str = f"skabelon:{P2}", year: str = "2026", **more: str) -> str:
    """The address of a new draft."""
    page = (await browser.get(f"{HERE}/nyt")).text
    said = {"source": source, "programme_id": f"{P2}-{year}", "title": f"Flere i arbejde {year}", "year": year, **more}
    answer = await browser.post(f"{HERE}/nyt", data=typed(page, **said))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def written(browser: httpx.AsyncClient, address: str, **said: str) -> httpx.Response:
    """A part of the draft, with these fields as they are typed."""
    page = await browser.get(address)
    assert page.status_code == 200, page.text
    return await browser.post(address, data={**fields(page.text), **said})


async def looked_at_all(browser: httpx.AsyncClient, draft: str) -> None:
    page = (await browser.get(f"{draft}/datoer")).text
    ticks = re.findall(r'name="set" value="([^"]+)"', page)
    answer = await browser.post(f"{draft}/datoer", data={**typed(page), "set": ticks})
    assert answer.status_code == 303, answer.text


async def file_of(browser: httpx.AsyncClient, draft: str) -> str:
    return (await browser.get(f"{draft}/fil.yaml")).text


def differs(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    return [(one, other) for one, other in zip(old, new, strict=True) if one != other]


async def test_a_copy_goes_through_the_editor_and_is_published(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    draft = await begun(browser)
    front = (await browser.get(draft)).text
    assert "flyttede datoer skal ses efter" in front
    assert "Jeres kladde" not in front
    moved = await file_of(browser, draft)
    assert "deadline: 2026-10-16" in moved, "a Friday as the one that it was"
    assert "starts: 2026-11" in moved

    refused = await browser.get(f"{draft}/udgiv")
    assert "som ingen har set efter" in refused.text
    sent = await browser.post(f"{draft}/udgiv", data=typed(refused.text, _udgave="1"))
    assert sent.status_code == 409

    await looked_at_all(browser, draft)
    answer = await written(browser, f"{draft}/felter/enrolment", **{"enrolment.deadline": "2026-10-09"})
    assert answer.status_code == 303
    assert differs(moved, await file_of(browser, draft)) == [("  deadline: 2026-10-16", "  deadline: 2026-10-09")]

    preview = (await browser.get(f"{draft}/vis")).text
    assert "106.250,00 kr." in preview
    assert "Januar 2027, datoen er ikke fastsat endnu" in preview
    shown = (await browser.get(f"{draft}/vis/formular")).text
    assert "Hvorfor vil I gerne være med?" in shown
    assert "<form" not in shown

    page = (await browser.get(f"{draft}/udgiv")).text
    assert "Det sker, når I trykker" in page
    await workplace.desk.told()
    answer = await browser.post(f"{draft}/udgiv", data=typed(page))
    assert answer.status_code == 303, answer.text
    (fact,) = [one for one in await workplace.desk.told() if isinstance(one, ProgrammePublished)]
    assert fact.terms.ref.id == f"{P2}-2026"
    assert (await browser.get(draft)).status_code == 404, "what is published is no draft any more"
    assert (await browser.get(f"/tilmeld/{P2}-2026")).status_code == 200


async def test_whoever_saves_second_sees_what_the_other_changed_and_loses_nothing(workplace: Workplace) -> None:
    one, other = await workplace.signed_in("consultant"), await workplace.signed_in("administrator")
    draft = await begun(one)
    address = f"{draft}/felter/organiser"
    mine, theirs = fields((await one.get(address)).text), fields((await other.get(address)).text)

    first = await other.post(address, data={**theirs, "organiser.city": "Aarhus C", "organiser.phone": "70 00 00 03"})
    assert first.status_code == 303
    second = await one.post(address, data={**mine, "organiser.city": "Odense C", "organiser.street": "Ny Vej 1"})
    assert second.status_code == 409
    for word in ("Aarhus C", "Odense C", "70 00 00 03", "Ny Vej 1", "Arrangør og bank › By"):
        assert word in second.text, word
    assert "phone: 70 00 00 03" in await file_of(one, draft)

    hidden = typed(second.text)
    kept = {name: unescape(text) for name, text in _HIDDEN.findall(second.text)}
    merged = await one.post(address, data={**kept, **hidden, "_mit0": "mit"})
    assert merged.status_code == 303, merged.text
    text = await file_of(one, draft)
    assert ("city: Odense C" in text, "phone: 70 00 00 03" in text, "street: Ny Vej 1" in text) == (True, True, True)


async def test_a_reading_is_chosen_by_a_person_who_stands_by_it(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    draft = await begun(browser)
    answer = await written(
        browser,
        f"{draft}/felter/meetings.2",
        **{"meetings.2.precision": "day", "meetings.2.date": "2027-10-01", "meetings.2.weekday": "torsdag"},
    )
    assert answer.status_code == 303
    page = (await browser.get(f"{draft}/felter/meetings.2")).text
    assert "er en fredag, ikke en torsdag" in page
    page = (await browser.get(f"{draft}/laesninger")).text
    place = re.search(r'name="valg-(\d+)" value="2027-09-30"', page)
    assert place is not None
    chosen = await browser.post(
        f"{draft}/laesninger", data=typed(page, _sted=place[1], **{f"valg-{place[1]}": "2027-09-30"})
    )
    assert chosen.status_code == 303, chosen.text
    assert "chosen: 2027-09-30" in await file_of(browser, draft)
    assert "Valgt af Tove Eksempelsen" in (await browser.get(f"{draft}/laesninger")).text


async def test_a_new_version_says_what_it_changes_for_whom(workplace: Workplace) -> None:
    await workplace.desk.has_enrolled()
    browser = await workplace.signed_in("consultant")
    page = (await browser.get(f"{HERE}/ny-version/{P1}")).text
    begun = await browser.post(f"{HERE}/ny-version/{P1}", data=typed(page))
    draft = begun.headers["location"].partition("?")[0]
    assert differs(programme_text(), await file_of(browser, draft)) == [("version: 1", "version: 2")]
    answer = await written(browser, f"{draft}/felter/fees", **{"fees.total": "19501"})
    assert answer.status_code == 303
    wrong = (await browser.get(f"{draft}/felter/fees")).text
    assert "Raterne giver" in wrong
    page = (await browser.get(f"{draft}/udgiv")).text
    assert "der er noget at rette" in page
    assert "19500" in page
    assert "19501" in page
    assert "De, der har plads, betaler det aftalte." in page


async def test_a_file_comes_in_with_its_errors_by_line_and_goes_out_as_it_was(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    page = (await browser.get(f"{HERE}/fil")).text
    broken = await browser.post(f"{HERE}/fil", data=typed(page, text=P2_TEXT.replace("id: flere-i-arbejde", "id: [")))
    assert broken.status_code == 422
    assert "Linje " in broken.text
    files = {"file": ("p2.yaml", P2_TEXT.encode(), "application/yaml")}
    taken = await browser.post(f"{HERE}/fil", data=typed(page), files=files)
    assert taken.status_code == 303, taken.text
    assert await file_of(browser, taken.headers["location"].partition("?")[0]) == P2_TEXT
    again = await browser.post(f"{HERE}/fil", data=typed((await browser.get(f"{HERE}/fil")).text, text=P2_TEXT))
    assert (again.status_code, "Der er en kladde til det forløb" in again.text) == (409, True)
    latin = {"file": ("p2.yaml", "id: ø".encode("latin-1"), "application/yaml")}
    refused = await browser.post(f"{HERE}/fil", data=typed(page, _key="another-key-0123456789"), files=latin)
    assert (refused.status_code, "UTF-8" in refused.text) == (422, True)


async def test_lists_are_added_to_moved_and_taken_from_by_buttons(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    draft = await begun(browser)
    new = {"id": "kursus", "title": "Kursus", "text": "Kursus", "price": "1.500,00"}
    said = {f"options.2.{name}": text for name, text in new.items()}
    added = await written(browser, f"{draft}/felter/options.2", **said)
    assert added.status_code == 303, added.text
    assert "- {id: kursus, title: Kursus, text: Kursus, price: 1500.00}" in await file_of(browser, draft)
    page = (await browser.get(f"{draft}/felter/options")).text
    await browser.post(f"{draft}/felter/options", data=typed(page, _goer="op:2"))
    page = (await browser.get(f"{draft}/felter/options")).text
    await browser.post(f"{draft}/felter/options", data=typed(page, _goer="fjern:0"))
    text = await file_of(browser, draft)
    assert text.index("id: kursus") < text.index("id: analyse,")
    assert "sagsgennemgang, title: Gennemgang" not in text


async def test_what_is_typed_is_checked_before_it_is_saved(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    draft = await begun(browser)
    address = f"{draft}/felter/fees.instalments.0"
    before = await file_of(browser, draft)
    looked = await written(browser, address, **{"fees.instalments.0.amount": "en del", "_tjek": "1"})
    assert (looked.status_code, "Skriv beløbet i kroner" in looked.text, 'value="en del"' in looked.text) == (
        200,
        True,
        True,
    )
    page = fields((await browser.get(address)).text)
    part = await browser.post(
        f"{address}?tjek=1",
        data={**page, "fees.instalments.0.invoice_on": "2026-12-24"},
        headers={"HX-Request": "true"},
    )
    assert "torsdag den 24. december 2026 · juleaftensdag" in part.text
    assert "<html" not in part.text
    assert await file_of(browser, draft) == before


@pytest.mark.parametrize("role", ["finance", "operator"])
async def test_whoever_may_not_publish_sees_no_draft(workplace: Workplace, role: str) -> None:
    draft = await begun(await workplace.signed_in("consultant"))
    browser = await workplace.signed_in(role)
    for path in (HERE, draft, f"{draft}/fil.yaml", f"{draft}/felter/om"):
        assert (await browser.get(path)).status_code == 403


async def test_a_role_in_one_programme_writes_no_other(workplace: Workplace) -> None:
    await workplace.desk.publish()
    consultant = await workplace.signed_in("consultant")
    draft = await begun(consultant)
    administrator = await workplace.signed_in("administrator")
    email = workplace.provider.accounts["drift"].email
    page = (await administrator.get("/stab/adgang")).text
    await administrator.post("/stab/adgang", data=typed(page, email=email, role="consultant", programme_id=P1))
    theirs = await workplace.signed_in("operator")
    assert (await theirs.get(HERE)).status_code == 200
    assert f"{P2}-2026" not in (await theirs.get(HERE)).text
    assert (await theirs.get(draft)).status_code == 404
    page = (await theirs.get(f"{HERE}/ny-version/{P1}")).text
    own = (await theirs.post(f"{HERE}/ny-version/{P1}", data=typed(page))).headers["location"].partition("?")[0]
    renamed = await written(theirs, f"{own}/felter/om", id="et-andet-forloeb")
    assert (renamed.status_code, "Din rolle gælder ikke" in renamed.text) == (422, True)
    # Not from a file either, nor is it said whether there is a draft of another's.
    another = programme_text().replace(f"id: {P1}", f"id: {P2}-2026")
    for page in (f"{HERE}/fil", f"{own}/fil"):
        sent = await theirs.post(page, data=typed((await theirs.get(page)).text, text=another))
        assert (sent.status_code, "Din rolle gælder ikke" in sent.text) == (422, True), page
        unread = await theirs.post(page, data=typed((await theirs.get(page)).text, text="id: ["))
        assert (unread.status_code, "Linje " in unread.text) == (422, True), page
    assert (await theirs.get(f"{HERE}/ny-version/{P2}")).status_code == 403


async def test_the_next_version_has_as_many_places_as_staff_have_set_since(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(P2_TEXT)
    await desk.ask(change_capacity, ChangeCapacity(programme_id=P2, usual=7, hard=9))
    begun = await desk.ask(begin_programme_draft, BeginProgrammeDraft(source=f"{VERSION}:{P2}"))
    opened = await desk.read(lambda tx, _: read_programme_draft(tx, begun["draft_id"]))
    said = read(opened.draft.text).value
    assert (said["version"], said["enrolment"]["capacity"]["usual"]) == ("3", "7")
    assert said["enrolment"]["capacity"]["hard"] == "9"


async def test_the_newest_fifty_editions_of_a_draft_are_kept(workplace: Workplace) -> None:
    desk = workplace.desk
    wish = BeginProgrammeDraft(source=BLANK, programme_id="nyt", title="Nyt", year=2021)
    draft_id = (await desk.ask(begin_programme_draft, wish))["draft_id"]
    text = (await desk.read(lambda tx, _: read_programme_draft(tx, draft_id))).draft.text
    for edition in range(1, 52):
        again = SaveProgrammeDraft(draft_id=draft_id, edition=edition, file=f"{text}# {edition}\n")
        await desk.ask(save_programme_draft, again)
    bases = [(await desk.read(lambda tx, _, at=at: read_programme_draft(tx, draft_id, at))).base for at in (2, 3, 52)]
    assert bases == [None, f"{text}# 2\n", f"{text}# 51\n"]


async def test_the_same_version_is_published_once_and_told_as_a_change(workplace: Workplace) -> None:
    await workplace.desk.publish()
    await workplace.desk.told()
    browser = await workplace.signed_in("consultant")
    page = (await browser.get(f"{HERE}/ny-version/{P1}")).text
    draft = (await browser.post(f"{HERE}/ny-version/{P1}", data=typed(page))).headers["location"].partition("?")[0]
    await written(browser, f"{draft}/felter/om", title="Netværk for unge")
    page = (await browser.get(f"{draft}/udgiv")).text
    form = typed(page)
    answers = [await browser.post(f"{draft}/udgiv", data=form) for _ in range(2)]
    assert [one.headers["location"] for one in answers] == [f"/stab/forloeb/{P1}?besked=udgivet", f"{HERE}?besked=vaek"]
    assert len([one for one in await workplace.desk.told() if isinstance(one, ProgrammeChanged)]) == 1


async def next_version(browser: httpx.AsyncClient, **said: str) -> str:
    """The address of a draft of the next version of P1, with another title."""
    page = (await browser.get(f"{HERE}/ny-version/{P1}")).text
    draft = (await browser.post(f"{HERE}/ny-version/{P1}", data=typed(page))).headers["location"].partition("?")[0]
    await written(browser, f"{draft}/felter/om", **{"title": "Netværk for unge", **said})
    return draft


async def test_a_version_that_somebody_published_meanwhile_is_shown_and_not_written_over(workplace: Workplace) -> None:
    await workplace.desk.publish()
    browser = await workplace.signed_in("consultant")
    draft = await next_version(browser, version="3")
    page = (await browser.get(f"{draft}/udgiv")).text
    theirs = programme_text().replace("version: 1", "version: 2").replace("1. heldagsmøde i Vest", "Mødet i Vest")
    await workplace.desk.publish(theirs)
    refused = await browser.post(f"{draft}/udgiv", data=typed(page))
    assert (refused.status_code, "Version 2 er udgivet imens" in refused.text) == (409, True)
    assert "Det er ændret siden version 2" in refused.text
    assert "Mødet i Vest" in refused.text, "what would be undone by it"
    again = await browser.post(f"{draft}/udgiv", data=typed(refused.text))
    assert again.status_code == 303, "whoever has seen it decides"


async def test_what_is_only_rehearsed_is_told_to_nobody_and_its_links_open_nothing(workplace: Workplace) -> None:
    desk = workplace.desk
    one, other = await codes_of(desk, 2)
    await desk.publish(with_places(1, 1))
    assert await enrolled(desk, sign_up(one), sign_up(other)) == ["enrolled", "waitlisted"]
    await desk.told()
    browser = await workplace.signed_in("consultant")
    draft = await next_version(browser)
    whole = (await file_of(browser, draft)).replace("{usual: 1, hard: 1}", "{usual: 2, hard: 2}")
    page = (await browser.get(f"{draft}/fil")).text
    answer = await browser.post(f"{draft}/fil", data=typed(page, text=whole))
    assert answer.status_code == 303, answer.text
    page = (await browser.get(f"{draft}/udgiv")).text
    facts = [json.loads(fact) for fact in json.loads(unescape(re.findall(r'name="facts"[^>]*>\n?(.*?)<', page)[0]))]
    (placed,) = [fact["data"] for fact in facts if fact["type"] == MunicipalityEnrolled.type]
    assert placed["organisation"]["code"] == other
    paths = [value for name, value in placed.items() if name.endswith("_path") and value]
    assert len(paths) >= 2
    for path in paths:
        opened = await workplace.browser().get(path, follow_redirects=True)
        assert opened.status_code in {401, 403, 404, 410}, path
    assert await desk.told() == []
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments WHERE state = 'waitlisted'") == 1
