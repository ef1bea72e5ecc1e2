"""In every form that changes what stands there, whoever comes second is shown that, and by whom; nothing is lost."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import httpx
import pytest
from lxml import html

from services.enrollment.adapters.links import participants_path
from tests.integration.enrollment.test_hostile_texts import PAGES, PROGRAMME_PAGES, Consultant, Somebody, with_form
from tests.integration.enrollment.test_needs import NUTS, kept, seated
from tests.integration.enrollment.test_staff_programme import done, text
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace, typed

CHOOSE, UNSEEN = "En anden har rettet imens", "Hvad der er gemt, vises kun for personen selv"
ANNA, BO = {"name": "Anna And", "email": "anna@k0751.example"}, {"name": "Bo Bang", "email": "bo@k0751.example"}
FIRST, SECOND = {"billing.order_reference": "A-1"}, {"billing.order_reference": "B-2"}
FISH, NUT = {"diet_text": "Ingen fisk", "consent": "true"}, {"diet_text": "Ingen nødder", "consent": "true"}
BY_LINK: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "/plads/{token}/forbehold": ({"committee": "Byrådet"}, {"committee": "Kulturudvalget"}),
    "/plads/{token}/faktura": (FIRST, SECOND),
    "/fakturaoplysninger/{token}": (FIRST, SECOND),
    "/plads/{token}/kontakt/{role_id}": (ANNA, BO),
    "/plads/{token}/sekretaer": (ANNA, BO),
    "/plads/{token}/tilkoeb/{option_id}/betaler": (FIRST, SECOND),
    "/deltagere/{token}/hold/behov/{person_id}": (FISH, NUT),
    "/deltagere/{token}/{meeting_id}/behov/{person_id}": (FISH, NUT),
    "/deltagere/{token}/{meeting_id}/betaler/{person_id}": (FIRST, SECOND),
    "/moedeplads/{token}/behov": (FISH, NUT),
    "/holdplads/{token}/behov": (FISH, NUT),
    "/gaest/{token}/behov": (FISH, NUT),
}
"""What the first says, and the second, in the forms behind mailed links."""
ENROLMENT = "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}"
_QUOTE = {"price": "1.000,00", "includes": "En dag", "good_until": "2020-06-30"}
BY_STAFF: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    f"{ENROLMENT}/faktura": (FIRST, SECOND),
    f"{ENROLMENT}/forbehold": ({"committee": "Byrådet"}, {"committee": "Kulturudvalget"}),
    f"{ENROLMENT}/kontakt": (ANNA, BO),
    f"{ENROLMENT}/sekretaer": (ANNA, BO),
    f"{ENROLMENT}/roller/{{role_id}}": (ANNA, BO),
    f"{ENROLMENT}/moeder/{{meeting_id}}/behov/{{person_id}}": (FISH, NUT),
    f"{ENROLMENT}/moeder/{{meeting_id}}/betaler/{{person_id}}": (FIRST, SECOND),
    f"{ENROLMENT}/hold/behov/{{person_id}}": (FISH, NUT),
    f"{ENROLMENT}/tilkoeb/{{option_id}}/betaler": (FIRST, SECOND),
    f"{ENROLMENT}/tilkoeb/{{option_id}}/tilbud": (_QUOTE, {**_QUOTE, "price": "2.000,00", "includes": "To dage"}),
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/behov": (FISH, NUT),
    "/stab/forloeb/{programme_id}/venteliste/pladser": ({"hard": "30", "usual": "20"}, {"hard": "40", "usual": "20"}),
}
"""The same in those of staff."""
OWN = ("/moedeplads/", "/holdplads/", "/gaest/")
"""Where somebody says what they need themselves, and is shown it."""


def says_what_is_there(template: str, met: httpx.Response, theirs: Mapping[str, str], mine: Mapping[str, str]) -> None:
    """Theirs and mine, and both stay on the page; of needs of another nothing but that they have changed."""
    said, (name, word) = text(met), next((one, text) for one, text in mine.items() if theirs[one] != text)
    assert CHOOSE in said, (template, said)
    assert word in met.text, (template, "nothing that was typed is lost")
    if "/behov" in template and not template.startswith(OWN):
        assert UNSEEN in said, template
        assert theirs[name] not in met.text, (template, "nobody else is shown it")
    else:
        assert theirs[name] in said, (template, said)


async def ready(town: Town) -> Somebody:
    await town.desk.publish(with_form())
    await town.desk.knows()
    await town.desk.has_meeting()
    await town.desk.has_meeting(kind="temadag")
    return Somebody(town)


@pytest.mark.timeout(300)
async def test_behind_a_mailed_link_the_second_is_shown_what_has_changed_and_by_whom(town: Town) -> None:
    somebody, client = await ready(town), town.client
    for number, (template, (theirs, mine)) in enumerate(BY_LINK.items()):
        assert template in PAGES
        path = await somebody.path(template)
        shown = await client.get(path)
        first = await client.post(path, data={**typed(shown.text), **theirs, "_key": f"{number:032}"})
        assert first.status_code == 303, (template, text(first))
        met = await client.post(path, data={**typed(shown.text), **mine, "_key": f"{number:033}"})
        assert met.status_code == 409, (template, text(met))
        says_what_is_there(template, met, theirs, mine)
        assert "af jer selv, på en anden side" in text(met), (template, text(met))
        choices = {f"imens.{name}": "mit" for name in mine if f'name="imens.{name}"' in met.text}
        last = await client.post(path, data={**typed(met.text), **mine, **choices, "_key": f"{number:034}"})
        assert last.status_code == 303, (template, text(last))


async def test_whoever_closes_a_secretarys_access_is_shown_whose_it_is_by_now(town: Town) -> None:
    somebody, client = await ready(town), town.client
    path = await somebody.path("/plads/{token}/sekretaer/luk")
    shown, other = await client.get(path), path.removesuffix("/luk")
    assert "Sara Sekretær" in text(shown)
    given = await client.post(other, data={**typed((await client.get(other)).text), **ANNA, "_key": "f" * 32})
    assert given.status_code == 303, text(given)
    met = await client.post(path, data=typed(shown.text))
    assert met.status_code == 409
    assert "En anden har fået adgangen" in text(met)
    assert "Anna And" in text(met)
    assert (await client.post(path, data=typed(met.text))).status_code == 303
    gone = await client.post(path, data={**typed(met.text), "_key": "g" * 32})
    assert gone.status_code == 303, "where nobody has the access there is nobody to be shown"


async def test_by_the_link_of_a_contact_that_is_another_by_now_nothing_is_changed(town: Town) -> None:
    somebody, client = await ready(town), town.client
    path = await somebody.path("/plads/{token}/kontakt")
    shown = typed((await client.get(path)).text)
    assert "_stod" in shown
    handed = await client.post(path, data={**shown, **ANNA, "confirmed": "true"})
    assert handed.status_code == 303, text(handed)
    late = await client.post(path, data={**shown, **BO, "confirmed": "true", "_key": "m" * 32})
    assert late.status_code == 410


@pytest.mark.timeout(300)
async def test_staff_who_come_second_are_shown_what_has_changed_and_by_whom(workplace: Workplace) -> None:
    await workplace.desk.publish(with_form())
    await workplace.desk.has_meeting()
    await workplace.desk.has_meeting(kind="temadag")
    staff, second = Consultant(workplace), await workplace.signed_in("administrator")
    for template, (theirs, mine) in BY_STAFF.items():
        assert template in PROGRAMME_PAGES
        path = await staff.path(template)
        shown = await second.get(path)
        first = await done(staff.browser, path, **theirs)
        assert first.status_code == 303, (template, text(first))
        met = await second.post(path, data=typed(shown.text, _se="1", **mine))
        assert met.status_code == 409, (template, text(met))
        says_what_is_there(template, met, theirs, mine)
        assert f"af {workplace.provider.accounts['konsulent'].name}" in text(met), (template, text(met))
        choices = {f"imens.{name}": "mit" for name in mine if f'name="imens.{name}"' in met.text}
        again = await second.post(path, data=typed(met.text, _se="1", **mine, **choices))
        assert again.status_code == 200, (template, text(again))
        assert (await second.post(path, data={**typed(again.text), **mine})).status_code == 303, template


async def test_staff_who_close_an_access_are_shown_whose_it_is_by_now(workplace: Workplace) -> None:
    await workplace.desk.publish(with_form())
    await workplace.desk.has_meeting()
    staff, second = Consultant(workplace), await workplace.signed_in("administrator")
    path = await staff.path(f"{ENROLMENT}/sekretaer/luk")
    shown = await second.get(path)
    assert (await done(staff.browser, path.removesuffix("/luk"), **ANNA)).status_code == 303
    met = await second.post(path, data=typed(shown.text))
    assert met.status_code == 409
    assert "En anden har fået adgangen" in text(met), text(met)
    assert "Anna And, anna@k0751.example, kan ikke længere komme ind" in text(met)
    assert (await second.post(path, data=typed(met.text))).status_code == 303


async def test_what_was_said_for_somebody_stands_beside_what_they_say_themselves(town: Town) -> None:
    there = await seated(town.desk, "Anna")
    page, client = f"{there.paths['Anna']}/behov", town.client
    theirs = (
        f"{participants_path(town.desk.links, await town.desk.guest())}/{there.meeting}/behov/{there.people['Anna']}"
    )
    shown, of_contact = await client.get(page), await client.get(theirs)
    said = {"diet": "vegetar", "diet_text": "", "consent": "true"}
    assert (await client.post(theirs, data=typed(of_contact.text, **said))).status_code == 303
    own = {"access": "rampe", "diet_text": NUTS, "consent": "true", "_key": "m" * 32}
    met = await client.post(page, data={**typed(shown.text), **own})
    assert met.status_code == 409
    assert "Kost : (tom) → Vegetar. Det bliver stående." in text(met), text(met)
    assert 'value="vegetar" checked' in " ".join(met.text.split()), "what is said to stay is ticked"
    both = {**own, "diet": "vegetar", "_key": "n" * 32}
    assert (await client.post(page, data={**typed(met.text), **both})).status_code == 303
    assert await kept(town.desk) == [("Anna", ["vegetar"], NUTS)]


async def test_of_two_diets_one_is_chosen_whole(town: Town) -> None:
    there = await seated(town.desk, "Anna")
    page, client = f"{there.paths['Anna']}/behov", town.client
    shown = await client.get(page)
    hidden = typed(shown.text)
    several = {**hidden, "_key": "f" * 32, "diet": ["vegetar", "vegansk"], "consent": "true"}
    assert (await client.post(page, data=several)).status_code == 303
    met = await client.post(page, data={**hidden, "_key": "m" * 32, "diet": "vegansk", "consent": "true"})
    assert met.status_code == 409
    assert "Behold den andens: Vegetar, Vegansk Brug vores: Vegansk" in text(met), text(met)
    chosen = {**typed(met.text), "diet": "vegansk", "consent": "true", "imens.diet": "deres"}
    assert (await client.post(page, data=chosen)).status_code == 303
    assert await kept(town.desk) == [("Anna", ["vegetar", "vegansk"], "")]


async def test_consent_is_taken_back_whatever_has_become_of_what_was_said(town: Town) -> None:
    there = await seated(town.desk, "Anna")
    page, client = f"{there.paths['Anna']}/behov", town.client
    shown = await client.get(page)
    assert (await client.post(page, data={**typed(shown.text), **NUT, "_key": "f" * 32})).status_code == 303
    gone = await client.post(page, data={**typed(shown.text), "_key": "m" * 32})
    assert gone.headers["location"].endswith("besked=slettet")
    assert await kept(town.desk) == []


async def test_whether_anything_is_kept_of_somebody_is_read_out_of_no_form_of_another(town: Town) -> None:
    there = await seated(town.desk, "Anna", "Bo")
    contact = participants_path(town.desk.links, await town.desk.guest())
    paths = {name: f"{contact}/{there.meeting}/behov/{there.people[name]}" for name in ("Anna", "Bo")}
    said = {**typed((await town.client.get(paths["Anna"])).text), **NUT}
    assert (await town.client.post(paths["Anna"], data=said)).status_code == 303
    marks = {name: typed((await town.client.get(path)).text)["_stod"] for name, path in paths.items()}
    assert {len(one) for one in marks.values()} == {len(marks["Anna"])}
    assert NUT["diet_text"] not in marks["Anna"]
    assert marks["Anna"] != marks["Bo"]


async def test_all_that_was_ticked_stays_for_whoever_comes_second(town: Town) -> None:
    one = "choices: [{id: vegetar, title: Vegetar}]"
    await town.desk.publish(with_form().replace(one, one.replace("}]", "}, {id: vegansk, title: Vegansk}]")))
    await town.desk.knows()
    await town.desk.has_meeting()
    await town.desk.has_meeting(kind="temadag")
    somebody, client = Somebody(town), town.client
    both = ("vegetar", "vegansk")
    for template in ("/deltagere/{token}/hold/behov/{person_id}", "/deltagere/{token}/{meeting_id}/behov/{person_id}"):
        path = await somebody.path(template)
        shown = await client.get(path)
        first = await client.post(path, data={**typed(shown.text), **FISH, "_key": secrets.token_hex(16)})
        assert first.status_code == 303, text(first)
        mine = {"diet": both, "consent": "true", "_key": secrets.token_hex(16)}
        met = await client.post(path, data={**typed(shown.text), **mine})
        assert met.status_code == 409, (template, text(met))
        ticked = html.fromstring(met.text).xpath("//input[@name = 'diet'][@checked]/@value")
        assert sorted(ticked) == sorted(both), template
