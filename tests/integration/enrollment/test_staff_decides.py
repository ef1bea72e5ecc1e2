"""Staff say whose a form is, suppose that there were more places, and read who did what."""

from __future__ import annotations

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from shared.base.clock import machine_now
from shared.contracts.enrollment import (
    EnrolmentRegrouped,
    MunicipalityEnrolled,
    MunicipalityInvited,
    ProgrammeCancelled,
    ProgrammeChanged,
    SignUpDismissed,
)
from shared.web.badge import COOKIE, Badge, lasts_until
from tests.integration.enrollment.test_staff_programme import HERE, busy, done, looked, names, text
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1
from tests.support.workplace import Workplace, hidden, typed

FORMS, LINE = f"{HERE}/formularer", f"{HERE}/venteliste"


async def waiting_form(place: Workplace, code: str = HVIDOVRE, email: str = "ida@post.example") -> str:
    """A form whose sender has used the link, and is nobody that the address book knows."""
    sign_up_id = await place.desk.form(code, contact_email=email)
    assert (await place.desk.press(sign_up_id))["state"] == "received"
    await place.desk.told()
    return sign_up_id


async def test_a_form_waits_with_its_sender_until_staff_vouch_for_the_address(workplace: Workplace) -> None:
    await workplace.desk.publish()
    one = await waiting_form(workplace)
    browser = await workplace.signed_in("consultant")
    assert "ida@post.example" in text(await browser.get(FORMS))

    path = f"{FORMS}/{one}/godkend"
    nothing = await looked(browser, path, gaelder="andet")
    assert (nothing.status_code, "Vælg, hvad det gælder." in nothing.text) == (422, True)
    shown = await looked(browser, path, gaelder="postkassen")
    assert "Hvidovre Kommune får plads." in text(shown)
    assert await workplace.desk.told() == []
    assert (await done(browser, path, gaelder="postkassen")).status_code == 303
    assert MunicipalityEnrolled in [type(fact) for fact in await workplace.desk.told()]
    assert "Ingen formularer venter" in text(await browser.get(FORMS))
    assert (await browser.get(path)).status_code == 404


async def test_one_form_or_all_of_an_address_are_told_no(workplace: Workplace) -> None:
    await workplace.desk.publish()
    ids = [await waiting_form(workplace, code) for code in (HVIDOVRE, AARHUS, KOEBENHAVN)]
    browser = await workplace.signed_in("consultant")
    assert (await done(browser, f"{FORMS}/{ids[0]}/afvis")).status_code == 303
    assert [type(fact) for fact in await workplace.desk.told()] == [SignUpDismissed]
    path = f"{FORMS}/{ids[1]}/afvis-alle"
    assert "2 formularer afvises." in text(await looked(browser, path, gaelder="domaenet"))
    assert "ida@post.example" not in path
    shown = await looked(browser, path, gaelder="domaenet")
    more = await waiting_form(workplace, "0147")
    answer = await browser.post(path, data={**hidden(shown.text)})
    assert answer.status_code == 303
    left = await workplace.host.pool.fetch("SELECT id FROM sign_ups WHERE dismissed_at IS NULL")
    assert [row["id"] for row in left] == [more], "those that came in meanwhile are not among them"


@pytest.mark.parametrize("rest", ["godkend", "afvis-alle"])
async def test_an_address_is_for_whoever_has_the_role_in_all_programmes_alone(workplace: Workplace, rest: str) -> None:
    await workplace.desk.publish()
    one = await waiting_form(workplace)
    here = Badge("somebody", "a-session", 0, {P1: frozenset({"consultant"})}, lasts_until(machine_now()))
    browser = workplace.browser()
    browser.cookies.set(COOKIE, workplace.signer.sign(here, machine_now()), domain="127.0.0.1", path="/")
    path = f"{FORMS}/{one}/{rest}"
    shown = await browser.get(path)
    assert (shown.status_code, "Bed en kollega" in shown.text) == (200, True)
    sent = await browser.post(path, data=typed((await browser.get(f"{FORMS}/{one}/afvis")).text, gaelder="postkassen"))
    assert sent.status_code == 403
    assert (await done(browser, f"{FORMS}/{one}/afvis")).status_code == 303, "the one form is theirs"


async def test_it_is_seen_who_would_get_a_place_before_there_are_more(workplace: Workplace) -> None:
    browser = await busy(workplace)
    as_it_is = await browser.get(LINE)
    assert names(as_it_is) == ["Hvidovre Kommune"]
    assert "Alle 2 pladser er taget." in text(as_it_is)
    supposed = await browser.get(f"{LINE}?pladser=3")
    assert "Med 3 pladser ville 1 på ventelisten få plads" in text(supposed)
    assert "Skriv et helt tal" in text(await browser.get(f"{LINE}?pladser=mange"))
    assert "Med 3 pladser" not in text(await browser.get(LINE)), "to suppose it changes nothing"

    path = f"{LINE}/pladser"
    shown = await looked(browser, path, hard="3", usual="3")
    assert "1 får plads, 0 står tilbage på ventelisten. Hvidovre Kommune får plads fra ventelisten." in text(shown)
    assert await workplace.desk.told() == []
    wrong = await looked(browser, path, hard="2", usual="3")
    assert (wrong.status_code, 'href="#usual"' in wrong.text) == (422, True)
    assert (await done(browser, path, hard="3", usual="3")).status_code == 303
    told = [type(fact) for fact in await workplace.desk.told()]
    assert told == [ProgrammeChanged, MunicipalityEnrolled]


async def test_it_stands_who_did_what_the_newest_first(workplace: Workplace) -> None:
    browser = await busy(workplace)
    await done(browser, f"{LINE}/pladser", hard="3", usual="3")
    shown = text(await browser.get(f"{HERE}/historik"))
    assert "Nogen ændrede antallet af pladser Tove Eksempelsen" in shown
    assert "staff/" not in shown
    await done(browser, f"{HERE}/tilmeldinger/{enrolment_id(P1, AARHUS)}/afmeld", reason="Ingen tid")
    later = text(await browser.get(f"{HERE}/historik"))
    assert later.index("Nogen bad om at afmelde kommunen") < later.index("Nogen ændrede antallet af pladser")


async def test_it_is_seen_who_comes_to_which_meeting_and_who_has_named_nobody(workplace: Workplace) -> None:
    browser = await busy(workplace)
    page = f"{HERE}/deltagere"
    assert "Forløbet har ingen møder endnu." in text(await browser.get(page))
    meeting = await workplace.desk.has_meeting(group=None)
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        await workplace.desk.register(enrolment_id(P1, AARHUS), meeting.id, name, 100_000)
    shown = text(await browser.get(page))
    assert "4 tilmeldt i alt." in shown
    assert "Københavns Kommune Ingen 3 0 Aarhus Kommune 4 0 1" in shown, "registered, free, extra"
    assert names(await browser.get(f"{page}?moede={meeting.id}&ingen=ja")) == ["Københavns Kommune"]
    assert (await browser.get(f"{page}?moede=et-andet")).status_code == 404


async def test_a_programme_is_called_off_once_it_is_said_whom_that_concerns(workplace: Workplace) -> None:
    browser = await busy(workplace)
    path = f"{HERE}/aflys"
    shown = text(await looked(browser, path, reason="For få"))
    assert "2 med plads og 1 på ventelisten får besked med det samme." in shown
    assert "Intet er holdt. Gebyrer, der ikke er faktureret, bortfalder" in shown
    assert await workplace.desk.told() == []
    assert (await done(browser, path, reason="For få")).status_code == 303
    assert [type(fact) for fact in await workplace.desk.told()] == [ProgrammeCancelled]
    after = text(await browser.get(HERE))
    assert "Aflyst. For få" in after
    assert "Flere handlinger" not in after


async def test_two_groups_are_merged_once_it_is_said_who_moves(workplace: Workplace) -> None:
    browser = await busy(workplace)
    meeting = await workplace.desk.has_meeting()
    said = {"group": "vest", "into": "oest", "reason": "For få i vest"}
    shown = text(await looked(browser, f"{HERE}/grupper", **said))
    assert "1 kommune flyttes fra Netværk Vestdanmark til Netværk Østdanmark." in shown
    assert f"Det er jer, der aflyser gruppens møder: {meeting.title}." in shown
    same = await looked(browser, f"{HERE}/grupper", **{**said, "into": "vest"})
    assert (same.status_code, "Det er den samme gruppe." in same.text) == (422, True)
    assert (await done(browser, f"{HERE}/grupper", **said)).status_code == 303
    assert EnrolmentRegrouped in [type(fact) for fact in await workplace.desk.told()]


async def test_municipalities_are_invited_once_it_is_said_how_many_mails_that_is(workplace: Workplace) -> None:
    browser = await busy(workplace)
    await workplace.desk.knows("0147", main_email="raadhus@k0147.example")
    path = f"{HERE}/inviter"
    nobody = await looked(browser, path, hvem="valgte")
    assert (nobody.status_code, "Sæt kryds ved mindst én kommune." in nobody.text) == (422, True)
    shown = await looked(browser, path, hvem="valgte", kommuner=["0147", AARHUS])  # type: ignore[arg-type]
    assert "1 kommune får en mail. 1 har svaret: Aarhus Kommune." in text(shown)
    assert await workplace.desk.told() == []
    answer = await browser.post(path, data=hidden(shown.text))
    assert answer.status_code == 303
    told = await workplace.desk.told()
    assert [type(fact) for fact in told] == [MunicipalityInvited]
    again = await browser.post(path, data=hidden(shown.text))
    assert (again.status_code, await workplace.desk.told()) == (303, []), "pressed twice it is one round"


ENTRY = {"organisation_code": "0147", "contact_name": "Frida", "contact_email": "frida@k0147.example"}


async def test_a_sign_up_that_came_by_mail_is_entered_with_its_own_time_and_stands_in_line_by_it(
    workplace: Workplace,
) -> None:
    browser = await busy(workplace)
    path = f"{HERE}/skriv-ind"
    came = {**ENTRY, "modtaget_dag": "2020-05-01", "modtaget_kl": "09.30"}
    shown = await looked(browser, path, **came)
    said = text(shown)
    for one in ("Modtaget fredag den 1. maj 2020 kl. 9.30", "Frederiksberg Kommune står derefter som »På venteliste«"):
        assert one in said, one
    assert await workplace.desk.told() == []
    answer = await browser.post(path, data=hidden(shown.text))
    assert answer.status_code == 303
    assert names(await browser.get(LINE))[0] == "Frederiksberg Kommune", "it came before those who waited already"


async def test_whoever_comes_after_the_deadline_comes_in_with_a_reason(workplace: Workplace) -> None:
    await workplace.desk.publish()
    await workplace.host.pool.execute(
        "UPDATE programmes SET terms = jsonb_set(terms, '{terms,deadline}', '\"2020-05-01\"')"
    )
    browser = await workplace.signed_in("consultant")
    path = f"{HERE}/skriv-ind"
    for said, detail in (({}, ""), ({"late": "true"}, "Skriv, hvorfor kommunen optages efter fristen.")):
        refused = await looked(browser, path, **ENTRY, **said)
        assert refused.status_code in {409, 422}
        assert detail in refused.text
        assert 'value="frida@k0147.example"' in refused.text
    assert "Skriv både dag og klokkeslæt" in text(await looked(browser, path, **ENTRY, modtaget_dag="i går"))
    shown = await looked(browser, path, **ENTRY, late="true", late_reason="De ringede i tide")
    assert "Hvorfor efter fristen De ringede i tide" in text(shown)
    assert (await browser.post(path, data=hidden(shown.text))).status_code == 303
    assert "De ringede i tide" in text(await browser.get(f"{HERE}/tilmeldinger/{enrolment_id(P1, '0147')}"))
