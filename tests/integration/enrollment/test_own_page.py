"""The page of a municipality's contact: what is missing, meetings, money, answers and people, in each state.

Each section is asked for by what stands under its heading; looking changes nothing.
"""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.enrollment.adapters import links
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.change_reservation import change_reservation
from services.enrollment.usecases.deliver_option import deliver_option
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.read_standing import Standing, read_standing
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.passes import PATHS, Reader, reader_of
from shared.contracts.enrollment import (
    CancelParticipant,
    CancelProgramme,
    ChangeGroup,
    ChangeReservation,
    DeliverOption,
    MunicipalityEnrolled,
    NameTeamMember,
    OrderOption,
    QuoteOption,
    ResolveReservation,
    RoleWish,
    WithdrawEnrolment,
)
from shared.contracts.parties import Address, Billing
from shared.contracts.scheduling import (
    Meeting,
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingScheduled,
    When,
)
from shared.storage.tx import transaction
from tests.integration.enrollment import test_team
from tests.integration.enrollment.test_options import OPTIONS
from tests.support.enrollment_desk import AARHUS, CAUSE, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, TOKEN, Town

ENROLMENT = enrolment_id(P1, AARHUS)
WHOLE = Billing(
    ean="5798009800015",
    order_reference="PO-7",
    address=Address(street="Rådhuspladsen 2", postcode="8000", city="Aarhus C"),
)
ASKS = """\
  form:
    - {id: hvorfor, label: "Hvorfor vil I være med?", kind: lines, max_lines: 5}
  declarations:
    - {id: opbakning, text: Der er politisk opbakning.}
  roles:
    - {id: faktura, label: fakturakontakt, purpose: billing}
"""
SAID = {"hvorfor": "Fordi <det> gavner.", "opbakning": "true"}
PRICE = 100_000
AWAY = " {} kan ikke vises lige nu. Prøv igen om lidt, eller brug linket; alt andet på siden er, som det skal være."
"""What stands in the place of another service's part, hidden until it has been asked for in vain."""
SECTIONS = re.compile(r'<h([23]) id="(\w+)">(.*?)(?=<h2|</main>)', re.DOTALL)


def file(*, forbehold: str = "", usual: int = 9, more: str = ASKS, **kinds: str) -> str:
    """P1 with options, a question, a declaration, a role, and a meeting that is planned in a month."""
    text = programme_text() + OPTIONS
    extra = f"  capacity: {{usual: {usual}, hard: {usual}}}\n{more}"
    extra += f"  reservation_allowed: true\n  forbehold: {{{forbehold}}}\n" if forbehold else ""
    before = "key: vest-heldag-2, title: 2. heldagsmøde i Vest, kind: heldag, group: vest, precision: undated"
    assert before in text
    text = text.replace(before, before.replace("undated", "month, month: 2021-09"))
    text = text.replace("    extra_vat_percent: 25\n", f"    extra_vat_percent: 25\n{kinds.get('heldag', '')}", 1)
    return text.replace("  contact_label:", f"{extra}  contact_label:", 1)


def meeting(key: str, day: str | None = None, **more: Any) -> Meeting:
    on = None if day is None else date.fromisoformat(day)
    when = None if on is None else When(first_day=on, last_day=on)
    known = {"title": f"Møde {key}", "kind": "heldag", "group": "vest", **more}
    return Meeting(id=f"id-{key}", key=key, when=when, **known)


async def hear(desk: Desk, fact: type[MeetingFact], *meetings: Meeting, programme: str = P1) -> None:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", programme))
    said = {"owner": ref["meetings_owner"], "programme": ref}
    values = [{**said, "meeting": one.model_dump(mode="json")} for one in meetings]
    for one in values if fact is MeetingHeld else ():
        one["held_on"] = one["meeting"]["when"]["last_day"]
    await desk.hear(*(fact.model_validate_json(json.dumps(one)) for one in values))


async def place(desk: Desk, text: str | None = None, **wish: Any) -> MunicipalityEnrolled:
    """Aarhus has one: whole details for its invoices, and an answer to all that is asked."""
    await desk.ask(publish_programme, PublishProgramme(file=text or file()))
    (outcome,) = await desk.enrol(sign_up(AARHUS, **{"billing": WHOLE, "answers": SAID, **wish}))
    assert isinstance(outcome, Answer), outcome.detail
    return await told(desk)


async def told(desk: Desk) -> MunicipalityEnrolled:
    (fact,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    return fact


async def path_of(desk: Desk, code: str = AARHUS, programme: str = P1) -> str:
    row = await desk.pool.fetchrow(
        "SELECT contact->>'person_id' AS person_id, number FROM enrolments WHERE id = $1", enrolment_id(programme, code)
    )
    assert row is not None
    return links.standing_path(desk.links, links.Guest(enrolment_id(programme, code), row["person_id"], row["number"]))


async def page_of(town: Town, path: str | None = None) -> dict[str, str]:
    """Its sections by id, as people read them; `top` comes before the first, and `all` is the page as it is."""
    answer = await town.client.get(path or await path_of(town.desk))
    assert answer.status_code == 200, answer.text
    body = answer.text.partition("<main")[2]
    found = {name: as_read(text) for _, name, text in SECTIONS.findall(body)}
    return {**found, "top": as_read(body.partition("<h2")[0].partition(">")[2]), "all": answer.text}


def as_read(markup: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", markup)).split())


# What is missing -----------------------------------------------------------------------------------------------------


async def test_nothing_is_missing_and_it_says_so_in_one_line(town: Town) -> None:
    await place(town.desk)
    page = await page_of(town)
    assert page["mangler"] == "Mangler fra jer Lige nu er der ikke noget, I skal gøre."
    assert "Plads bekræftet" in page["top"]
    for anchor in ("mangler", "moeder", "oekonomi", "svar", "kontakt"):
        assert f'href="#{anchor}"' in page["all"]
        assert f'id="{anchor}"' in page["all"]


async def test_three_things_are_missing_at_once_the_most_urgent_first_each_with_the_link_where_it_is_done(
    town: Town,
) -> None:
    desk = town.desk
    fact = await place(desk, file(forbehold="holds: always, fees_wait: false"), billing=Billing(), forbehold=True)
    expects = ChangeReservation(enrolment_id=ENROLMENT, expected_on=date(2020, 8, 10), committee="Byrådet")
    await desk.ask(change_reservation, expects)
    await desk.ask(
        quote_option,
        QuoteOption(
            enrolment_id=ENROLMENT,
            option_id="analyse",
            price_ore=6_000_000,
            includes="To grupper",
            good_until=date(2020, 6, 10),
        ),
    )
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-06-20"))
    page = await page_of(town)
    assert page["mangler"] == (
        "Mangler fra jer Svar på tilbuddet på Analyse: det gælder til og med 10. juni 2020"
        " Tilmeld deltagere til Møde vest-heldag-1 20. juni 2020 (3 pladser, senest 17. juni 2020)"
        " Svar på jeres forbehold: svaret ventes 10. august 2020 En ting mere kommer frem her, når det er gjort."
    )
    items = re.findall(r'<li><a href="([^"]+)">[^<]+</a></li>', page["all"].partition('id="mangler"')[2])[:3]
    assert items == [
        f"{fact.standing_path}/tilkoeb/analyse/tilbud/1",
        f"{fact.participants_path}/id-vest-heldag-1",
        "#forbehold",
    ]
    for item in items[:2]:
        assert (await town.client.get(item)).status_code == 200
    assert 'id="forbehold"' in page["all"]
    await desk.register(ENROLMENT, "id-vest-heldag-1", "Anna Andersen")
    assert "Tilmeld deltagere" not in (await page_of(town))["mangler"]


# Meetings ------------------------------------------------------------------------------------------------------------


async def test_meetings_stand_by_their_days_with_how_many_come_those_without_a_date_and_those_that_are_held(
    town: Town,
) -> None:
    desk = town.desk
    fact = await place(desk)
    held, soon = meeting("vest-heldag-1", "2020-06-10"), meeting("vest-digital-1", "2020-10-01", place="Vejle")
    await hear(desk, MeetingScheduled, held, soon)
    for name in ("Anna Andersen", "Bo Berg"):
        await desk.register(ENROLMENT, held.id, name)
    await desk.register(ENROLMENT, soon.id, "Carla Carlsen")
    await hear(desk, MeetingPlanned, meeting("vest-heldag-2"), meeting("vest-heldag-3"))
    await hear(desk, MeetingScheduled, meeting("kun", "2020-11-01", roles=("kontaktperson",)))
    await hear(desk, MeetingHeld, held)
    await town.move_to(datetime(2020, 6, 15, 8, tzinfo=UTC))
    page = await page_of(town)
    assert page["moeder"] == (
        "Møder Møde vest-digital-1 Torsdag den 1. oktober 2020 (klokkeslæt følger), Vejle"
        " 1 af 3 pladser brugt. Tilmelding senest 28. september 2020."
        " Møde kun Søndag den 1. november 2020 (klokkeslæt følger) Kun for kontaktperson."
        " 2 møder uden dato Møde vest-heldag-2 September 2021, datoen er ikke fastsat endnu (1. år)"
        " 0 af 3 pladser brugt."
        " Møde vest-heldag-3 Datoen er ikke fastsat endnu (2. år) 0 af 3 pladser brugt."
        " Holdt og aflyst (1) Møde vest-heldag-1 Onsdag den 10. juni 2020 (klokkeslæt følger)"
        " Afholdt. 2 af 3 pladser brugt. Se møder og deltagere"
        + AWAY.format("Kalender Abonnér på kalenderen Kalenderen")
    )
    assert f'href="{fact.participants_path}/{soon.id}"' in page["all"]
    assert f'href="{fact.participants_path}/id-kun"' not in page["all"], "nobody is registered for it"
    assert (await town.client.get(f"{fact.participants_path}/{soon.id}")).status_code == 200
    assert "Carla" not in page["all"], "who comes is named on the page of the meeting"
    assert "@kommune.example" not in page["all"]


async def test_of_very_many_meetings_the_first_stand_there_and_it_says_where_the_rest_are(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.enrollment.usecases.read_standing.MEETINGS", 1)
    await place(town.desk)
    await hear(town.desk, MeetingScheduled, meeting("vest-heldag-1", "2020-09-10"))
    assert "Resten står samme sted" not in (await page_of(town))["moeder"]
    await hear(town.desk, MeetingScheduled, meeting("vest-digital-1", "2020-10-01"))
    assert "Resten står samme sted som deltagerne" in (await page_of(town))["moeder"]


async def test_a_standing_team_is_counted_once_and_its_programme_is_free(town: Town) -> None:
    desk = town.desk
    await desk.ask(publish_programme, PublishProgramme(file=test_team.chosen()))
    await desk.enrol(sign_up(AARHUS, programme_id=test_team.P4, answers=test_team.DECLARED))
    fact = await told(desk)
    start = meeting("startseminar", "2024-11-28", group=None)
    await hear(desk, MeetingScheduled, start, programme=test_team.P4)
    await desk.ask(name_team_member, test_team.naming("Anna"))
    page = await page_of(town, str(fact.standing_path))
    assert page["mangler"] == "Mangler fra jer Navngiv jeres faste hold: 1 af mindst 3"
    assert page["moeder"].startswith("Møder 1 på holdet; der mangler mindst 2 (3 til 5 personer) .")
    assert (
        "Møde startseminar Torsdag den 28. november 2024 (klokkeslæt følger) Jeres faste hold: 1 person."
        in page["moeder"]
    )
    assert f'href="{fact.participants_path}/hold"' in page["all"]
    assert page["oekonomi"].startswith(
        "Økonomi Det er gratis. Det er aftalt Heldagsmøde: ét fast hold fra hver kommune, 3 til 5 personer."
    )
    for money in ("kr.", "Faktur", "faktur", "gebyr"):
        assert money not in page["all"].partition("<main")[2].partition("</main")[0], money
    assert "Vi har udpeget en intern tovholder" in page["svar"]
    assert "Tovholder Karen Kontakt, karen@k0751.example" in page["kontakt"]
    for name in ("Bo", "Carl"):
        await desk.ask(name_team_member, NameTeamMember(**test_team.naming(name).model_dump()))
    assert "ikke noget, I skal gøre" in (await page_of(town, str(fact.standing_path)))["mangler"]


# What it costs -------------------------------------------------------------------------------------------------------


async def test_it_costs_the_fee_what_was_ordered_and_whoever_is_beyond_the_included_seats(town: Town) -> None:
    desk = town.desk
    await place(desk, file(heldag="    extra_free_until_days: 14\n"))
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-07-01"), meeting("vest-heldag-3", "2020-07-02"))
    for number, name in enumerate(("Anna A", "Bo B", "Carla C", "Dorte D", "Erik E")):
        await desk.register(ENROLMENT, "id-vest-heldag-1", name, PRICE if number > 2 else None)
    order = {"enrolment_id": ENROLMENT, "option_id": "sagsgennemgang"}
    await desk.ask(order_option, OrderOption(**order, accepted_price_ore=9_500_000))
    page = await page_of(town)
    assert (
        "Deltagergebyr for Netværk om den kommunale ungeindsats, november 2020 til oktober 2022"
        " Faktureres tirsdag den 1. september 2020: 19.500,00 kr. ekskl. moms (24.375,00 kr. inkl. moms)"
        " Gennemgang af 25 sager Bestilt: 95.000,00 kr. ekskl. moms (118.750,00 kr. inkl. moms)"
        " Møde vest-heldag-1 2 ekstra deltagere × 1.000,00 kr.: 2.000,00 kr. ekskl. moms (2.500,00 kr. inkl. moms)"
        " I alt indtil nu: 116.500,00 kr. ekskl. moms (145.625,00 kr. inkl. moms)"
    ) in page["oekonomi"]
    assert "Hvad der er faktureret, står på fakturaerne. Dem får I med mail" in page["oekonomi"]
    for term in (
        "Heldagsmøde: 3 deltagere fra hver kommune; flere koster 1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)",
        "Heldagsmøde: en ekstra deltager kan afmeldes uden betaling til og med 14 dage før mødets første dag.",
        "Melder I jer fra, betaler I det, der er faktureret til den tid, og ikke resten.",
    ):
        assert term in page["oekonomi"], term
    assert "Dorte" not in page["all"]

    # Too late to cost nothing: who leaves is still paid for. Who leaves in time is not.
    await town.move_to(datetime(2020, 6, 20, 8, tzinfo=UTC))
    extra = await desk.pool.fetchval("SELECT person_id FROM people WHERE name = 'Erik E'")
    leaves = CancelParticipant(enrolment_id=ENROLMENT, meeting_id="id-vest-heldag-1", person_id=extra)
    await desk.ask(cancel_participant, leaves)
    await desk.ask(deliver_option, DeliverOption(**order, delivered_on=date(2020, 6, 19)))
    page = await page_of(town)
    assert "2 ekstra deltagere × 1.000,00 kr., heraf 1 afmeldt for sent: 2.000,00 kr." in page["oekonomi"]
    assert "Gennemgang af 25 sager Leveret fredag den 19. juni 2020: 95.000,00 kr." in page["oekonomi"]
    await hear(desk, MeetingCancelled, meeting("vest-heldag-1", "2020-07-01"))
    assert "ekstra deltagere ×" not in (await page_of(town))["oekonomi"]


async def test_whoever_was_moved_still_sees_what_the_former_groups_meetings_cost(town: Town) -> None:
    desk = town.desk
    fact = await place(desk)
    held = meeting("vest-heldag-1", "2020-06-10")
    await hear(desk, MeetingScheduled, held)
    for number, name in enumerate(("Anna A", "Bo B", "Carla C", "Dorte D")):
        await desk.register(ENROLMENT, held.id, name, PRICE if number > 2 else None)
    await hear(desk, MeetingHeld, held)
    await town.move_to(datetime(2020, 6, 15, 8, tzinfo=UTC))
    await desk.ask(change_group, ChangeGroup(enrolment_id=ENROLMENT, group="oest"))
    page = await page_of(town)
    assert "Møde vest-heldag-1 1 ekstra deltager × 1.000,00 kr.: 1.000,00 kr. ekskl. moms" in page["oekonomi"]
    assert "Holdt og aflyst (1) Møde vest-heldag-1" in page["moeder"]
    assert f"{fact.participants_path}/{held.id}" not in page["all"], "its page is for the other group"
    assert "Gruppe Netværk Østdanmark" in page["svar"]


# What was signed up for, and by whom ---------------------------------------------------------------------------------


async def test_answers_stand_with_their_questions_and_declarations_with_their_day(town: Town) -> None:
    roles = {"faktura": RoleWish(name="Bo Bilag", email="bo@k0751.example")}
    fact = await place(town.desk, roles=roles)
    page = await page_of(town)
    assert page["svar"] == (
        "Tilmelding og svar Netværk Netværk om den kommunale ungeindsats Gruppe Netværk Vestdanmark"
        " Tilmelding modtaget 1. juni 2020 Plads siden 1. juni 2020 Hent kvitteringen for tilmeldingen (PDF)"
        " Det svarede I ved tilmeldingen"
        " Hvorfor vil I være med? Fordi <det> gavner. I erklærede den 1. juni 2020: Der er politisk opbakning."
    )
    assert page["kontakt"].startswith(
        "Kontakt Kontaktperson Karen Kontakt, karen@k0751.example Skift kontaktperson"
        " Andre roller Fakturakontakt Bo Bilag, bo@k0751.example Skift fakturakontakt"
    )
    for path in (f"{fact.standing_path}/kontakt", f"{fact.standing_path}/kontakt/faktura", str(fact.participants_path)):
        assert f'href="{path}"' in page["all"]
        assert (await town.client.get(path)).status_code == 200


async def test_whoever_waits_reads_what_a_place_would_cost_and_has_no_meetings(town: Town) -> None:
    desk = town.desk
    await desk.ask(publish_programme, PublishProgramme(file=file(usual=1)))
    await desk.enrol(sign_up("0101", billing=WHOLE, answers=SAID), sign_up(AARHUS, billing=WHOLE, answers=SAID))
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-10-01"))
    page = await page_of(town)
    assert "På venteliste (nr. 1)" in page["top"]
    assert "moeder" not in page
    assert 'href="#moeder"' not in page["all"]
    assert "Lige nu er der ikke noget, I skal gøre." in page["mangler"]
    assert page["oekonomi"].startswith(
        "Økonomi I betaler ikke noget, før I har en plads. Får I en nu, er det på de her vilkår:"
        " Vilkår, hvis I får en plads Deltagergebyr: 19.500,00 kr. ekskl. moms (24.375,00 kr. inkl. moms)"
    )
    assert "I alt" not in page["oekonomi"]
    assert "Plads siden" not in page["svar"]
    assert "Fordi <det> gavner." in page["svar"]
    assert "/deltagere/" not in page["all"]


async def test_with_an_open_forbehold_no_fee_is_invoiced_yet_and_its_answer_stands_afterwards(town: Town) -> None:
    desk = town.desk
    await place(desk, file(forbehold="holds: always"), forbehold=True, forbehold_committee="Byrådet")
    page = await page_of(town)
    assert page["mangler"] == "Mangler fra jer Skriv, hvornår I venter svar på jeres forbehold"
    assert page["forbehold"].startswith("Jeres forbehold Behandles i Byrådet")
    assert "Gebyret faktureres først, når forbeholdet er godkendt." in page["oekonomi"]
    assert "Forbehold Åbent" in page["svar"]
    await desk.ask(resolve_reservation, ResolveReservation(enrolment_id=ENROLMENT, approved=True))
    page = await page_of(town)
    assert "forbehold" not in page
    assert "ikke noget, I skal gøre" in page["mangler"]
    assert "Gebyret faktureres først" not in page["oekonomi"]
    assert "Forbehold Godkendt Behandlet i Byrådet" in page["svar"]


async def test_of_a_programme_that_is_called_off_nothing_is_missing_and_what_was_held_still_stands(town: Town) -> None:
    desk = town.desk
    fact = await place(desk, billing=Billing())
    held = meeting("vest-heldag-1", "2020-06-10")
    await hear(desk, MeetingScheduled, held)
    await desk.register(ENROLMENT, held.id, "Anna Andersen")
    await hear(desk, MeetingHeld, held)
    await town.move_to(datetime(2020, 6, 15, 8, tzinfo=UTC))
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P1, reason="For få tilmeldte."))
    page = await page_of(town)
    assert "Aflyst For få tilmeldte." in page["top"]
    assert "mangler" not in page
    assert page["moeder"].startswith("Møder Der kommer ikke flere møder. Holdt og aflyst (1) Møde vest-heldag-1")
    assert page["oekonomi"].startswith("Økonomi Skal I betale noget, står det på de fakturaer")
    assert "Det var aftalt Deltagergebyr: 19.500,00 kr." in page["oekonomi"]
    assert "I alt" not in page["oekonomi"], "what is owed of it is not agreed any more"
    assert "Skift kontaktperson" in page["kontakt"]
    assert "Vil en kollega være med?" not in page["kontakt"]
    for path in re.findall(rf'href="({re.escape(str(fact.participants_path))}[^"]*)"', page["all"]):
        assert (await town.client.get(path)).status_code == 200


async def test_whoever_has_left_reads_what_was_agreed_and_is_asked_for_nothing(town: Town) -> None:
    desk = town.desk
    await place(desk, billing=Billing())
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-10-01"))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    page = await page_of(town)
    assert "Afmeldt" in page["top"]
    for gone in ("mangler", "moeder", "kontakt", "forbehold"):
        assert gone not in page, gone
    assert "I alt" not in page["oekonomi"]
    assert "Skal I betale noget, står det på de fakturaer" in page["oekonomi"]
    assert "Det var aftalt Deltagergebyr: 19.500,00 kr." in page["oekonomi"]
    assert "Havde plads fra 1. juni 2020 Sluttede 1. juni 2020" in page["svar"]
    assert "/deltagere/" not in page["all"]


# Whoever may be another system ---------------------------------------------------------------------------------------


async def test_what_there_was_before_a_client_put_it_in_is_neither_counted_nor_shown(town: Town) -> None:
    desk = town.desk
    await place(desk)
    held = meeting("vest-heldag-1", "2020-06-10")
    await hear(desk, MeetingScheduled, held)
    for number, name in enumerate(("Anna A", "Bo B", "Carla C", "Dorte D")):
        await desk.register(ENROLMENT, held.id, name, PRICE if number > 2 else None)
    await hear(desk, MeetingHeld, held)
    await town.move_to(datetime(2020, 6, 15, 8, tzinfo=UTC))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    wish = sign_up(AARHUS, group="oest", billing=WHOLE, answers=SAID | {"hvorfor": "Vores eget."})
    body = wish.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    made = await town.api("POST", "/enrolments", body, Authorization=f"Bearer {SCOPED}")
    assert made.status_code == 201, made.text
    page = await page_of(town, made.json()["standing_path"])
    assert "ekstra deltager ×" not in page["oekonomi"]
    assert "vest-heldag-1" not in page["all"], "who came to it came by another's wish"
    assert "Fordi" not in page["all"]
    assert "Vores eget." in page["svar"]
    for name in ("Anna", "Dorte"):
        assert name not in page["all"]


# How it is read ------------------------------------------------------------------------------------------------------


async def test_looking_changes_nothing_and_tells_nothing(town: Town) -> None:
    desk = town.desk
    fact = await place(desk, billing=Billing())
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-10-01"))
    await desk.told()
    tables = [row["relname"] for row in await desk.pool.fetch("SELECT relname FROM pg_stat_user_tables")]

    async def all_rows() -> dict[str, int]:
        return {
            one: await desk.pool.fetchval(f'SELECT coalesce(sum(hashtext(t::text)), 0) FROM "{one}" t')
            for one in tables
            if one != "audit"
        }

    before = await all_rows()
    for _ in range(3):
        assert (await town.client.get(str(fact.standing_path))).status_code == 200
    assert await all_rows() == before
    assert await desk.told() == []


async def test_nothing_of_a_person_stands_in_an_address_on_it(town: Town) -> None:
    desk = town.desk
    roles = {"faktura": RoleWish(name="Bo Bilag", email="bo@k0751.example")}
    await place(desk, roles=roles)
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-10-01"))
    await desk.register(ENROLMENT, "id-vest-heldag-1", "Anna Andersen")
    people = {row["person_id"] for row in await desk.pool.fetch("SELECT person_id FROM people")}
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', (await page_of(town))["all"])
    for said in {*people, "karen", "anna", "bilag", "Karen", "k0751"}:
        assert not [one for one in addresses if said in one and not one.startswith("mailto:ungenetvaerk@")], said


async def test_it_takes_as_many_statements_however_many_meetings_options_and_people_there_are(desk: Desk) -> None:
    async def statements() -> int:
        asked: list[str] = []
        token = (await path_of(desk)).rpartition("/")[2]
        async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
            with tx.connection.query_logger(lambda query: asked.append(query.query)):
                assert isinstance(await read_standing(tx, token, course=True), Standing)
        return len(asked)

    await place(desk)
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-10-01"))
    await desk.register(ENROLMENT, "id-vest-heldag-1", "Anna A")
    one = await statements()
    more = [meeting(f"vest-{number}", "2020-10-02") for number in range(12)]
    await hear(desk, MeetingScheduled, *more)
    for each in more:
        await desk.register(ENROLMENT, each.id, "Anna A")
        await desk.register(ENROLMENT, each.id, "Bo B")
    await desk.ask(
        order_option, OrderOption(enrolment_id=ENROLMENT, option_id="sagsgennemgang", accepted_price_ore=9_500_000)
    )
    assert await statements() == one


@pytest.mark.parametrize("token", ["x", TOKEN])
async def test_a_link_that_is_none_leads_nowhere(town: Town, token: str) -> None:
    await place(town.desk)
    assert (await town.client.get(f"/plads/{token}")).status_code == 404


async def test_the_page_leads_its_contact_on_to_calendar_invoices_and_receipt_and_nobody_else(town: Town) -> None:
    fact = await place(town.desk)
    text = (await town.client.get(fact.standing_path or "")).text
    reader = Reader("contact", ENROLMENT, fact.contact.person_id)
    links = town.desk.links
    for where, path in PATHS.items():
        (token,) = set(re.findall(rf'href="{path}/([^"]+)"', text))
        assert reader_of(links, where, token, town.desk.time) == reader
        assert reader_of(links, where, token, town.desk.time + timedelta(hours=12)) is None
        others = [one for one in PATHS if one != where]
        assert [reader_of(links, one, token, town.desk.time) for one in others] == [None, None]
    assert text.count(" hx-get=") == 2
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    text = (await town.client.get(fact.standing_path or "")).text
    assert PATHS["calendar"] not in text
    assert PATHS["receipt"] not in text
    # What was invoiced is still to be found.
    assert PATHS["invoices"] in text
