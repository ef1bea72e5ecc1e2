"""The front of the workspace: what waits for staff in the programmes that are theirs, and where each of them is."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

import httpx

from services.enrollment.adapters import enrolments, programmes, workspace
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.forbehold import last_day
from services.enrollment.domain.invoice_details import lacking
from services.enrollment.domain.workspace import Found
from services.enrollment.usecases.change_reservation import change_reservation
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.clock import machine_now
from shared.contracts.enrollment import (
    ChangeReservation,
    InviteMunicipalities,
    NameTeamMember,
    WithdrawEnrolment,
)
from shared.contracts.parties import Address, Billing
from shared.storage.tx import Tx, transaction
from shared.web.badge import COOKIE, Badge, lasts_until
from tests.integration.enrollment.test_members import TEC, file
from tests.integration.enrollment.test_staff_roles import granted
from tests.integration.enrollment.test_team import DECLARED, chosen
from tests.integration.enrollment.test_vouching import waits
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, with_places
from tests.support.enrollment_desk import AARHUS, CAUSE, HVIDOVRE, KOEBENHAVN, P1, Desk, sign_up
from tests.support.workplace import Workplace

FRONT = "/stab"
TEAMS = "gode-overgange"
_GOOD = {None, "64942212"}
DEADLINE = "UPDATE programmes SET terms = jsonb_set(terms, '{terms,deadline}', $1::jsonb)"
ADDRESS = Address(street="Rådhuspladsen 1", postcode="1550", city="København V")
WHOLE = Billing(ean="5798009800015", address=ADDRESS, person_reference="ASTA")


def section(page: str, key: str) -> str:
    """A kind as it stands on the page, without its tags; empty = it is not there."""
    found = re.search(rf'<section class="tovholder-slags" id="{key}".*?</section>', page, re.DOTALL)
    return "" if found is None else " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


async def shown(browser: httpx.AsyncClient, path: str = FRONT) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_whoever_signs_in_lands_there_and_is_told_how_to_begin(workplace: Workplace) -> None:
    browser = workplace.browser()
    answer = await workplace.enters(browser, workplace.provider.accounts["konsulent"], til="")
    assert (answer.url.path, "Begynd her" in answer.text) == (FRONT, True)
    assert 'aria-current="page"' in answer.text


async def test_whoever_has_no_role_is_told_whom_to_ask(workplace: Workplace) -> None:
    await workplace.desk.publish()
    nobody = Badge("somebody", "a-session", 0, {}, lasts_until(machine_now()))
    browser = workplace.browser(Cookie=f"{COOKIE}={workplace.signer.sign(nobody, machine_now())}")
    page = await shown(browser)
    assert "har ingen rolle endnu" in page
    assert "Netværk" not in page


async def test_forms_that_nobody_has_vouched_for_come_first_and_the_oldest_of_them(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    codes = await codes_of(desk, 7)
    for code in codes:
        await waits(desk, code, f"frode@elsewhere{code}.example")
    page = await shown(await workplace.signed_in("consultant"))
    said = section(page, "formularer")
    assert said.startswith("7 tilmeldinger venter på, at I siger god for afsenderen")
    names = [row["name"] for row in await desk.pool.fetch("SELECT name FROM organisations ORDER BY code LIMIT 7")]
    assert [one for one in names if one in said] == names[:5]
    assert "og 2 til" in said
    assert f'href="/stab/forloeb/{P1}/formularer"' in page
    assert page.index("tovholder-slags") == page.index('tovholder-slags" id="formularer"')


async def test_a_forbehold_is_named_when_its_day_is_near_or_past(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(with_places(9, 9, forbehold="holds: always"))
    codes = await codes_of(desk, 4)
    today = desk.now().date()
    for code, days in zip(codes, (29, 31, -1, None), strict=True):
        more = {} if days is None or days < 0 else {"forbehold_expected_on": today + timedelta(days=days)}
        assert await enrolled(desk, sign_up(code, forbehold=True, **more)) == ["enrolled"]
    # A day that is past by now was ahead when it was said.
    await desk.ask(change_reservation, ChangeReservation(enrolment_id=enrolment_id(P1, codes[2]), expected_on=today))
    await desk.pool.execute(
        "UPDATE enrolments SET expected_on = expected_on - 1 WHERE organisation_code = $1", codes[2]
    )
    page = await shown(await workplace.signed_in("consultant"))
    said = section(page, "forbehold")
    assert said.startswith("2 forbehold")
    assert said.index("var ventet 31. maj 2020 (overskredet)") < said.index("ventes 30. juni 2020 (om 29 dage)")
    assert "4 med åbent forbehold" in page


async def test_the_day_on_which_a_forbehold_lapses_is_the_one_that_the_domain_says(desk: Desk) -> None:
    """Of everything that a programme may say, and may have said when the place was given."""
    await desk.publish(with_places(9, 9, forbehold="holds: until, until: 2020-09-20"))
    codes = await codes_of(desk, 4)
    assert await enrolled(desk, *(sign_up(code, forbehold=True) for code in codes)) == ["enrolled"] * 4
    held: Sequence[str | None] = (None, '{"until": null}', '{"until": "2020-06-10"}', '{"until": "2020-06-25"}')
    for code, said in zip(codes, held, strict=True):
        await desk.pool.execute(
            """UPDATE enrolments SET forbehold_held = $2::jsonb || jsonb_build_object('number', number)
               WHERE organisation_code = $1""",
            code,
            said,
        )
    for number, term in enumerate(
        ("always", "no", "until, until: 2020-06-20", "until, until: 2020-06-30", "until, until: 2020-06-24"), start=2
    ):
        await desk.pool.execute(
            "UPDATE programmes SET terms = jsonb_set(terms, '{enrolment,forbehold}', $1::jsonb)",
            json.dumps({"holds": term.partition(",")[0], "until": term.partition("until: ")[2] or None}),
        )
        async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
            known = await workspace.load_current(tx, None)
            found = await workspace.load_forbehold(tx, known, date(2020, 7, 30), 9)
            terms = await programmes.load(tx, P1)
            standing = await enrolments.load_many(tx, [enrolment_id(P1, code) for code in codes])
        assert terms is not None
        expected = {key: day for key, one in standing.items() if (day := last_day(one, terms)) is not None}
        assert {one.id: one.until for one in found.named} == expected, (number, term)
        assert found.total == len(expected)


async def test_a_team_is_named_as_long_as_it_is_too_small(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(chosen())
    await desk.enrol(*(sign_up(code, programme_id=TEAMS, answers=DECLARED) for code in (AARHUS, HVIDOVRE)))
    for name in ("Anna", "Bo", "Ida"):
        for code in (AARHUS, HVIDOVRE)[: 1 if name == "Ida" else 2]:
            command = NameTeamMember(
                enrolment_id=enrolment_id(TEAMS, code), name=name, email=f"{name.lower()}@k{code}.example"
            )
            await desk.ask(name_team_member, command)
    page = await shown(await workplace.signed_in("consultant"))
    said = section(page, "hold")
    assert said.startswith("1 hold er for lille")
    assert "Hvidovre" in said
    assert "2 af mindst 3 er navngivet" in said
    assert f'href="/stab/forloeb/{TEAMS}/tilmeldinger/{enrolment_id(TEAMS, HVIDOVRE)}"' in page


async def test_a_member_without_a_mailbox_is_named_until_it_has_one(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(file().file)
    await desk.pool.execute(
        "UPDATE programmes SET terms = jsonb_set(terms, '{ends}', $1::jsonb)", json.dumps("2020-12")
    )
    browser = await workplace.signed_in("consultant")
    before = section(await shown(browser), "postkasser")
    await desk.ask(put_organisation, PutOrganisation(code=TEC, main_email="post@tec.example"))
    after = section(await shown(browser), "postkasser")
    count = [int(said.partition(" ")[0]) for said in (before, after)]
    assert count[0] - count[1] == 1


async def test_who_has_signed_up_and_cannot_be_invoiced_is_named_with_what_is_missing(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.enrol(sign_up(AARHUS, billing=WHOLE), sign_up(KOEBENHAVN, billing=Billing(ean=WHOLE.ean)))
    page = await shown(await workplace.signed_in("consultant"))
    said = section(page, "betaling")
    assert said.startswith("1 tilmeldt mangler oplysninger til fakturaen Københavns Kommune")
    assert "mangler adresse" in said


async def test_who_cannot_be_invoiced_is_who_the_domain_says(desk: Desk) -> None:
    """Of a thousand that were drawn: every kind of number, address and demand, and who has a place or waits for one."""
    await desk.publish()
    codes = [row["code"] for row in await desk.pool.fetch("SELECT code FROM organisations WHERE kind = 'municipality'")]
    await desk.enrol(*(sign_up(code) for code in codes))
    demands = [(), ("gln",), ("order",), ("person",), ("account_string",), ("contact",), ("gln", "order", "person")]
    kinds = list(
        product(
            (None, WHOLE.ean, "5798009800016", "579"),
            (None, "12", "1003863825"),
            (None, "29189978", "64942212", "04942212"),
            (None, "64942212", "64942213"),
            (None, "4711"),
            (None, "ASTAP"),
            (None, "01.02"),
            (
                None,
                ADDRESS,
                ADDRESS.model_copy(update={"city": " "}),
                ADDRESS.model_copy(update={"country": "Sverige"}),
            ),
            ("Asta", " "),
            demands,
        )
    )
    # Of what is drawn by itself hardly anything is whole: half of them lack little.
    whole = [one for one in kinds if one[0] == WHOLE.ean and one[7] == ADDRESS and {*one[2:4]} <= _GOOD]
    dice = random.Random(7)  # noqa: S311  (the same ones each time)
    drawn = dice.sample(kinds, 6 * len(codes)) + dice.sample(whole, 6 * len(codes))
    dice.shuffle(drawn)
    seen = {True: 0, False: 0}
    for begin in range(0, len(drawn), len(codes)):
        rows = list(zip(codes, drawn[begin : begin + len(codes)], strict=True))
        for code, (ean, p_number, own, cvr, order, person, account, address, name, wanted) in rows:
            billing = Billing(
                ean=ean, p_number=p_number, cvr=cvr, order_reference=order, person_reference=person,
                account_string=account, address=address, demands=wanted,
            )  # fmt: skip
            await desk.pool.execute("UPDATE organisations SET cvr = $2 WHERE code = $1", code, own)
            await desk.pool.execute(
                """UPDATE enrolments SET billing = $2::jsonb, billed_unit = $3::jsonb,
                       contact = jsonb_set(contact, '{name}', to_jsonb($4::text))
                   WHERE organisation_code = $1""",
                code,
                billing.model_dump_json(exclude={"cvr"} if begin else set()),
                billing.model_dump_json(include={"cvr"}) if begin else None,
                name,
            )
        found, expected = await _billed(desk)
        assert {one.id for one in found.named} == expected
        seen[True] += len(expected)
        seen[False] += len(codes) - len(expected)
    assert min(seen.values()) > 50, seen


async def _billed(desk: Desk) -> tuple[Found, set[str]]:
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        found = await workspace.load_without_billing(tx, await workspace.load_current(tx, None), 500)
        return found, await _lacking(tx)


async def _lacking(tx: Tx) -> set[str]:
    terms = await programmes.load(tx, P1)
    assert terms is not None
    ids = [row["id"] for row in await tx.fetch("SELECT id FROM enrolments")]
    standing = await enrolments.load_many(tx, ids)
    return {one.id for one in standing.values() if one.is_signed_up and lacking(one, terms)}


async def test_places_beyond_the_usual_and_who_waits_beside_free_places_are_said(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(with_places(2, 3, forbehold='holds: "no"'))
    codes = await codes_of(desk, 3)
    wishes = (sign_up(codes[0]), sign_up(codes[1]), sign_up(codes[2], forbehold=True))
    assert await enrolled(desk, *wishes) == ["enrolled", "enrolled", "waitlisted"]
    browser = await workplace.signed_in("consultant")
    page = await shown(browser)
    assert "2 pladser er taget; 2 er det sædvanlige, og der er højst 3" in section(page, "mange-pladser")
    line = section(page, "ledige-pladser")
    assert "1 venter. De, der står på ventelisten, har alle et åbent forbehold" in line
    assert "1 på venteliste" in page
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, codes[2])))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, codes[1])))
    page = await shown(browser)
    assert (section(page, "mange-pladser"), section(page, "ledige-pladser")) == ("", "")


async def test_silent_invitations_are_counted_when_the_deadline_is_near(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.pool.execute(DEADLINE, json.dumps("2020-06-14"))
    codes = tuple(await codes_of(desk, 3))
    for code in codes:
        await desk.knows(code, main_email=f"post@k{code}.example")
    for round_id in ("r", "s"):
        await desk.ask(
            invite_municipalities,
            InviteMunicipalities(programme_id=P1, round_id=round_id, organisation_codes=codes),
        )
    await desk.enrol(sign_up(codes[0]))
    browser = await workplace.signed_in("consultant")
    said = section(await shown(browser), "ubesvarede")
    assert said.startswith("2 invitationer er ikke besvaret")
    assert "2 mangler at svare, frist 14. juni 2020 (om 13 dage)" in said
    await desk.pool.execute(DEADLINE, json.dumps("2020-06-16"))
    assert section(await shown(browser), "ubesvarede") == ""


async def test_a_role_in_one_programme_shows_nothing_of_another(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.publish(chosen())
    await desk.enrol(sign_up(KOEBENHAVN), sign_up(AARHUS, programme_id=TEAMS, answers=DECLARED))
    administrator = await workplace.signed_in("administrator")
    assert "Partnerskab om unge og gode overgange" in await shown(administrator)
    email = workplace.provider.accounts["drift"].email
    assert (await granted(administrator, email, "reader", P1)).status_code == 303
    page = await shown(await workplace.signed_in("operator"))
    assert "Københavns Kommune" in section(page, "betaling")
    assert TEAMS not in page
    assert "Aarhus" not in page


async def test_programmes_stand_with_where_they_are_and_those_that_ended_by_themselves(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.has_meeting(day="2020-06-09")
    browser = await workplace.signed_in("consultant")
    page = await shown(browser)
    row = page.partition('<ul class="tovholder-forloeb')[2]
    assert "tilmelding åben til og med 21. august 2020 · næste møde 9. juni 2020" in row
    assert 'class="tovholder-tid"' in row
    await desk.pool.execute(
        """UPDATE programmes SET terms = terms || '{"ends": "2020-05", "starts": "2020-01"}' #- '{terms,deadline}'"""
    )
    await desk.pool.execute("UPDATE meetings SET first_day = '2020-05-02', meeting = meeting #- '{when}'")
    page = await shown(browser)
    assert "Ingen af jeres forløb er i gang." in page
    ended = (await browser.get(f"{FRONT}?vis=afsluttede")).text
    assert "sluttede 31. maj 2020" in ended


async def test_a_long_list_of_programmes_comes_a_page_at_a_time(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.pool.execute(
        """INSERT INTO programmes (id, version, terms, published_at, correlation_id)
           SELECT 'p' || n, 1, jsonb_set(jsonb_set(terms, '{ref,title}', to_jsonb('Forløb ' || lpad(n::text, 2, '0'))),
                  '{ref,id}', to_jsonb('p' || n)), published_at, 'c'
           FROM programmes, generate_series(1, 25) AS n"""
    )
    browser = await workplace.signed_in("consultant")
    page, seen = await shown(browser), []
    while True:
        seen += re.findall(r'href="/stab/forloeb/([^"/]+)">', page.partition("tovholder-forloeb nobullet-list")[2])
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        page = await shown(browser, following[1])
    assert len(seen) == len(set(seen)) == 26
    assert (await browser.get(f"{FRONT}?fra=findes-ikke")).status_code == 422


async def test_whoever_runs_it_is_shown_what_was_put_aside_and_nothing_of_programmes(workplace: Workplace) -> None:
    await workplace.desk.publish()
    await workplace.host.pool.execute(
        """INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, reason, detail,
               fingerprint, source, subject, event_id, type)
           VALUES ('enrollment', 't', 0, 1, '[]', 0, 'unreadable', 'x', 'f', '/other', 's', 'e', 't')"""
    )
    page = await shown(await workplace.signed_in("operator"))
    assert section(page, "events-enrollment").startswith("1 event kunne ikke læses ind i enrollment")
    assert P1 not in page
    assert "events-enrollment" not in await shown(await workplace.signed_in("administrator"))
