"""Enrolments with their people from a spreadsheet: what each row comes to is shown first, and is what it comes to."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from openpyxl import Workbook

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.import_enrolments import ImportEnrolments, import_enrolments
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.read_team import read_team
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.seat_rows import MOST_SEATS
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    CancelParticipant,
    EnrolmentWaitlisted,
    MunicipalityEnrolled,
    ParticipantRegistered,
    ResolveReservation,
    TeamMemberNamed,
    WithdrawEnrolment,
)
from shared.contracts.programme import ProgrammeRef
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingPlanned, MeetingScheduled
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, Desk, programme_text

P2, P4 = "flere-i-arbejde", "gode-overgange"
HEADING = "kommunekode;navn;e-mail;rolle;niveau;møder;forbehold;gruppe;modtaget"
VEST = "vest-heldag-1"
FILE = (
    f"{HEADING}\n"
    "0751;Asta Prøvesen;asta@k0751.example;kontakt;;;;;\n"
    "751;Bo Prøvesen;bo@k0751.example;deltager;Leder af ledere;alle;;;\n"
    f"0751;Carla Prøvesen;carla@k0751.example;deltager;;{VEST};;;\n"
    f"0751;Ditlev Prøvesen;ditlev@k0751.example;deltager;;{VEST};;;\n"
    f"0751;Ebbe Prøvesen;ebbe@k0751.example;deltager;;{VEST};;;\n"
    "0101;Frida Prøvesen;frida@k0101.example;Kontakt;;;ja;;\n"
    f"0101;Gry Prøvesen;gry@k0101.example;deltager;;{VEST};;;\n"
)
COMES_TO = {
    2: "får plads",
    3: "tilmeldes mødet Møde",
    4: "tilmeldes mødet Møde",
    5: "tilmeldes mødet Møde",
    6: "kan ikke (Møde): 3 af 3 pladser brugt – næste koster 1.000,00 kr. ekskl. moms "
    "(1.250,00 kr. inkl. moms). Bekræft prisen for at tilmelde en ekstra deltager.",
    7: "kommer på venteliste (nr. 1) med forbehold for politisk godkendelse",
    8: "kan ikke: Københavns Kommune har ikke en bekræftet plads. Indlæs filen igen, når den har en.",
}


def one_place() -> str:
    more = "  capacity: {usual: 1, hard: 1}\n  reservation_allowed: true\n"
    return programme_text().replace("  contact_label:", f"{more}  contact_label:", 1)


def importing(text: str | bytes = FILE, programme_id: str = P1, **more: Any) -> ImportEnrolments:
    content = text.encode() if isinstance(text, str) else text
    return ImportEnrolments(programme_id=programme_id, content=base64.b64encode(content).decode(), **more)


def texts_of(answer: dict[str, Any]) -> dict[int, str]:
    return {one["row"]: one["text"] for one in answer["outcomes"]}


async def stored(pool: asyncpg.Pool[asyncpg.Record]) -> dict[str, int]:
    tables = ("enrolments", "people", "rosters", "seats", "seat_moves", "outbox", "timers", "stream_out")
    return {one: await pool.fetchval(f"SELECT count(*) FROM {one}") for one in tables}


async def test_what_the_preview_says_of_each_row_is_what_it_comes_to_and_again_it_changes_nothing(desk: Desk) -> None:
    await desk.publish(one_place())
    await desk.has_meeting()
    await desk.told()
    before = await stored(desk.pool)
    shown = await desk.ask(import_enrolments, importing())
    assert texts_of(shown) == COMES_TO
    assert (shown["rows"], shown["changed"], shown["refused"], shown["dry_run"]) == (7, 5, 2, True)
    assert await stored(desk.pool) == before

    done = await desk.ask(import_enrolments, importing(dry_run=False))
    assert done == shown | {"dry_run": False}
    told = await desk.told()
    assert [type(one) for one in told] == [
        MunicipalityEnrolled, EnrolmentWaitlisted, *[ParticipantRegistered] * 3
    ]  # fmt: skip
    assert all(getattr(one, "quiet", False) for one in told)
    assert {one.seat_path for one in told if isinstance(one, ParticipantRegistered)} != {None}
    places = (await desk.read(read_enrolments, programme_id=P1))["enrolments"]
    assert {one["organisation"]["code"]: one["state"] for one in places} == {
        AARHUS: "enrolled", KOEBENHAVN: "waitlisted"
    }  # fmt: skip

    kept = await stored(desk.pool)
    desk.time += timedelta(days=1)
    again = await desk.ask(import_enrolments, importing(dry_run=False))
    assert texts_of(again) == {
        2: "er tilmeldt i forvejen",
        **dict.fromkeys((3, 4, 5), "er på mødet Møde i forvejen"),
        6: COMES_TO[6],
        7: "er tilmeldt i forvejen",
        8: COMES_TO[8],
    }
    assert again["changed"] == 0
    assert await stored(desk.pool) == kept
    await desk.ask(import_enrolments, importing(FILE.replace("Bo Prøvesen", "Bob Prøvesen"), dry_run=False))
    names = await desk.pool.fetch("SELECT name FROM people WHERE email LIKE 'bo@%'")
    assert [row["name"] for row in names] == ["Bo Prøvesen"], "whoever is known keeps their name"


async def test_a_file_asks_for_no_more_seats_than_one_transaction_may_give(desk: Desk) -> None:
    await desk.publish()
    asked = MOST_SEATS // 160
    await desk.has_meetings(asked)
    rows = [HEADING, "0751;Asta Prøvesen;asta@k0751.example;kontakt;;;;;"]
    rows += [f"0751;Nr. {one};nr{one}@k0751.example;deltager;;alle;;;" for one in range(160)]
    before = await stored(desk.pool)
    one_more = "\n".join([*rows, f"0751;En til;en@k0751.example;deltager;;{VEST};;;"])
    refused = await desk.refusal(import_enrolments, importing(one_more, dry_run=False))
    assert (refused.code, refused.status, refused.field) == ("too_many_seats", 422, "content")
    assert "mere end 8000 pladser" in refused.detail
    assert await stored(desk.pool) == before
    shown = await desk.ask(import_enrolments, importing("\n".join(rows)))
    assert (shown["rows"], shown["changed"]) == (161, 4)
    assert await stored(desk.pool) == before


async def test_everybody_is_written_to_only_where_that_is_asked_for(desk: Desk) -> None:
    await desk.publish(one_place())
    await desk.has_meeting()
    await desk.told()
    await desk.ask(import_enrolments, importing(dry_run=False, mail=True))
    told = await desk.told()
    assert len(told) == 5
    assert not any(getattr(one, "quiet", True) for one in told)


async def test_all_that_is_wrong_is_named_by_row_and_column_and_nothing_is_imported(desk: Desk) -> None:
    await desk.publish()
    await desk.has_meeting()
    before = await stored(desk.pool)
    rows = [
        HEADING + ";enhed;ean-nummer",
        "0751;Asta Prøvesen;asta@k0751.example;kontakt;;;ja;syd;i går;Ingen;123",
        "9999;;ikke en adresse;chef;Direktør;fest;;;;;",
        f"0751;Bo Prøvesen;bo@k0751.example;kontakt;;{VEST};;;;;",
        f"0751;Bo Prøvesen;BO@k0751.example;deltager;Direktør;{VEST} alle;nej;;;;",
        "0101;Gry Prøvesen;gry@k0101.example;deltager;;;;;;;",
        "0167;Ib Prøvesen;ib@k0167.example;kontakt;Leder af ledere;;;;2099-01-01;;",
    ]
    refused = await desk.refusal(import_enrolments, importing("\n".join(rows), dry_run=False))
    assert refused.code == "import_wrong"
    errors = [(error["field"].removeprefix("content:"), error["code"]) for error in refused.extra["errors"]]
    assert errors == [
        ("2:modtaget", "unknown_time"),
        ("3:kommunekode", "unknown_organisation"),
        ("3:navn", "required"),
        ("3:e-mail", "invalid_email"),
        ("3:rolle", "unknown_role"),
        ("3:niveau", "unknown_level"),
        ("3:møder", "unknown_meeting"),
        ("4:rolle", "contact_twice"),
        ("5:niveau", "unknown_level"),
        ("5:møder", "unknown_meeting"),
        ("5:forbehold", "of_the_contact"),
        ("6:rolle", "contact_missing"),
        ("6:møder", "meeting_missing"),
        ("7:niveau", "level_without_meeting"),
    ]
    assert all(error["detail"].startswith("Række ") for error in refused.extra["errors"])
    rows[1:] = [
        "0751;Asta Prøvesen;asta@k0751.example;kontakt;;;ja;syd;;Ingen;123",
        "0167;Ib Prøvesen;ib@k0167.example;kontakt;;;;;2099-01-01;;",
        "0167;Bo Prøvesen;bo@k0167.example;deltager;;alle;;;;;",
        "0167;Bo Prøvesen;BO@k0167.example;deltager;;alle;;;;;",
    ]
    refused = await desk.refusal(import_enrolments, importing("\n".join(rows)))
    assert [(error["field"].removeprefix("content:"), error["code"]) for error in refused.extra["errors"]] == [
        ("2:forbehold", "no_reservation"),
        ("2:gruppe", "unknown_group"),
        ("2:ean-nummer", "invalid_ean"),
        ("3:modtaget", "in_the_future"),
        ("5:e-mail", "person_twice"),
    ]
    unknown = await desk.refusal(import_enrolments, importing("kommunekode;navn;navn;løn\n0751;A;B;1"))
    assert [error["code"] for error in unknown.extra["errors"]] == [
        "column_twice", "unknown_column", "column_missing", "column_missing"
    ]  # fmt: skip
    assert await stored(desk.pool) == before
    assert (await desk.refusal(import_enrolments, importing(programme_id="intet"))).code == "unknown_programme"


async def test_places_go_by_when_each_sign_up_came_in_as_excel_has_it(desk: Desk) -> None:
    await desk.publish(one_place())
    came_at = datetime(2020, 5, 4, 9, 30, tzinfo=UTC).replace(tzinfo=None)
    book = Workbook()
    assert book.active is not None
    book.active.append(["kommunekode", "navn", "e-mail", "rolle", "modtaget"])
    book.active.append([751, "Asta Prøvesen", "asta@k0751.example", "kontakt", came_at + timedelta(minutes=1)])
    book.active.append([101, "Frida Prøvesen", "frida@k0101.example", "kontakt", came_at])
    content = io.BytesIO()
    book.save(content)
    answer = await desk.ask(import_enrolments, importing(content.getvalue(), dry_run=False))
    assert texts_of(answer) == {2: "kommer på venteliste (nr. 1)", 3: "får plads"}
    found = await desk.read(read_enrolment, enrolment_id=enrolment_id(P1, KOEBENHAVN))
    assert found["received_at"] == datetime(2020, 5, 4, 7, 30, tzinfo=UTC).isoformat()


async def test_a_file_that_is_read_again_brings_nobody_back_who_has_gone(desk: Desk) -> None:
    await desk.publish(one_place())
    meeting = await desk.has_meeting()
    await desk.ask(import_enrolments, importing(dry_run=False))
    aarhus = enrolment_id(P1, AARHUS)
    people = (await desk.read(read_rosters, enrolment_id=aarhus))["meetings"][0]["participants"]
    bo = next(one["person_id"] for one in people if one["name"].startswith("Bo"))
    gone = CancelParticipant(enrolment_id=aarhus, meeting_id=meeting.id, person_id=bo)
    await desk.ask(cancel_participant, gone)
    answer = texts_of(await desk.ask(import_enrolments, importing(dry_run=False)))
    assert answer[3].startswith("kan ikke (Møde): Personen er meldt fra.")
    assert answer[6] == "tilmeldes mødet Møde"

    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=aarhus))
    answer = texts_of(await desk.ask(import_enrolments, importing(dry_run=False)))
    assert answer[2].startswith("kan ikke: Aarhus Kommune er ikke længere tilmeldt (afmeldt).")
    assert answer[3].startswith("kan ikke: Aarhus Kommune har ikke en bekræftet plads.")
    desk.time += timedelta(hours=1)
    for came_at in ("2020-06-02 9:59", "2020-06-02"):
        earlier = FILE.replace("kontakt;;;;;\n", f"kontakt;;;;;{came_at}\n", 1)
        assert texts_of(await desk.ask(import_enrolments, importing(earlier)))[2] == answer[2]
    for came_at in ("2020-06-02 10:00", "2020-06-02 10:30"):
        later = FILE.replace("kontakt;;;;;\n", f"kontakt;;;;;{came_at}\n", 1)
        came = texts_of(await desk.ask(import_enrolments, importing(later)))
        assert came[2].startswith("kommer på venteliste (nr. 1)")
    other = await desk.ask(import_enrolments, importing(FILE.replace("frida@", "ny@")))
    assert texts_of(other)[7].startswith("kan ikke: Kommunen er tilmeldt i forvejen med en anden kontakt.")
    assert next(one for one in other["outcomes"] if one["row"] == 7)["outcomes"][0]["column"] == "e-mail"


async def test_what_has_lapsed_or_was_not_approved_stays_so_and_the_row_says_which_it_is(desk: Desk) -> None:
    await desk.publish(
        one_place()
        .replace("usual: 1, hard: 1", "usual: 2, hard: 2")
        .replace("  contact_label:", "  forbehold: {holds: until, until: 2020-09-30}\n  contact_label:", 1)
    )
    rows = "\n".join(f"{code};Asta Prøvesen;asta@k{code}.example;kontakt;;;ja;;" for code in (AARHUS, KOEBENHAVN))
    file = importing(f"{HEADING}\n{rows}\n", dry_run=False)
    await desk.ask(import_enrolments, file)
    no = ResolveReservation(enrolment_id=enrolment_id(P1, KOEBENHAVN), approved=False)
    await desk.ask(resolve_reservation, no)
    desk.time = datetime(2020, 9, 30, 22, tzinfo=UTC)
    while await desk.ring():
        pass
    more = "Skriv i kolonnen »modtaget«, hvornår den tilmeldte sig igen."
    assert texts_of(await desk.ask(import_enrolments, file)) == {
        2: f"kan ikke: Aarhus Kommune er ikke længere tilmeldt (bortfaldet). {more}",
        3: f"kan ikke: Københavns Kommune er ikke længere tilmeldt (ikke godkendt politisk). {more}",
    }


async def test_of_a_meeting_without_a_date_it_is_said_and_whoever_comes_to_all_comes_when_it_has_one(
    desk: Desk,
) -> None:
    await desk.publish()
    meeting = await desk.has_meeting()
    undated = meeting.model_copy(update={"id": "m-2", "key": "vest-heldag-2", "title": "Andet møde", "when": None})
    ref = await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P1)
    common = {"owner": "/tovholder/scheduling", "programme": ProgrammeRef.model_validate_json(ref)}
    await desk.hear(MeetingPlanned(**common, meeting=undated))
    rows = f"{HEADING}\n0751;Asta Prøvesen;asta@k0751.example;kontakt;;alle;;;\n"
    (answer,) = (await desk.ask(import_enrolments, importing(rows, dry_run=False)))["outcomes"]
    assert [(one["code"], one["text"]) for one in answer["outcomes"]] == [
        ("place", "får plads"),
        ("registered", "tilmeldes mødet Møde"),
        ("no_date_yet", "Andet møde har ingen dato endnu. Indlæs filen igen, når mødet har en."),
    ]
    await desk.hear(MeetingScheduled(**common, meeting=undated.model_copy(update={"when": meeting.when})))
    again = await desk.ask(import_enrolments, importing(rows, dry_run=False))
    assert texts_of(again) == {2: "er tilmeldt i forvejen; tilmeldes mødet Andet møde; er på mødet Møde i forvejen"}


async def test_the_rows_of_a_programme_with_a_team_name_it_up_to_its_size(desk: Desk) -> None:
    before, entry, after = programme_text(P4).partition("    date: 2025-10-02\n")
    await desk.ask(publish_programme, PublishProgramme(file=f"{before}{entry}    chosen: 2025-10-02\n{after}"))
    await desk.told()
    names = ("Bo", "Carla", "Ditlev", "Ebbe", "Fie", "Gry")
    answers = ";".join(["ja"] * 3)
    rows = [
        "kommunekode;navn;e-mail;rolle;svar: politisk-opbakning;svar: samarbejdspartnere;svar: tovholder",
        f"0751;Asta Prøvesen;asta@k0751.example;kontakt;{answers}",
        *(f"0751;{one} Prøvesen;{one}@k0751.example;deltager;;;" for one in names),
    ]
    undeclared = [rows[0], rows[1].replace("ja;ja;ja", "ja;nej;ja")]
    refused = await desk.refusal(import_enrolments, importing("\n".join(undeclared), P4))
    assert [error["field"] for error in refused.extra["errors"]] == ["content:2:svar: samarbejdspartnere"]
    shown = await desk.ask(import_enrolments, importing("\n".join(rows), P4))
    assert list(texts_of(shown).values()) == [
        "får plads",
        *["kommer på det faste hold"] * 5,
        "kan ikke: Holdet er fuldt: højst 5 personer. I kan skifte en af dem ud.",
    ]
    await desk.ask(import_enrolments, importing("\n".join(rows), P4, dry_run=False))
    named = [one for one in await desk.told() if isinstance(one, TeamMemberNamed)]
    assert [(one.size, one.quiet) for one in named] == [(size, True) for size in range(1, 6)]
    team = await desk.read(read_team, enrolment_id=enrolment_id(P4, AARHUS))
    assert (team["size"], team["missing"]) == (5, 0)
    again = await desk.ask(import_enrolments, importing("\n".join(rows), P4, dry_run=False))
    assert texts_of(again)[3] == "er på det faste hold i forvejen"
    assert again["changed"] == 0


async def test_answers_are_kept_as_they_were_written_and_one_that_is_too_long_is_named(desk: Desk) -> None:
    desk.time = datetime(2016, 9, 1, 8, tzinfo=UTC)
    await desk.publish(programme_text(P2))
    await desk.told()
    lines = ["Vi vil gerne være med, fordi …".ljust(90, "x")] * 10
    rows = 'kommunekode;navn;e-mail;rolle;svar: baggrund\r\n0751;Asta Prøvesen;asta@k0751.example;kontakt;"{}"\r\n'
    for answer, code in (([*lines, "én til"], "too_many_lines"), (["x" * 20_001], "too_long")):
        refused = await desk.refusal(import_enrolments, importing(rows.format("\r\n".join(answer)), P2))
        assert refused.code == "import_wrong"
        (error,) = refused.extra["errors"]
        assert (error["field"], error["code"]) == ("content:2:svar: baggrund", code)
        assert error["detail"].startswith("Række 2, kolonne »svar: baggrund«: ")
    done = await desk.ask(import_enrolments, importing(rows.format("\r\n".join(lines)), P2, dry_run=False))
    assert texts_of(done) == {2: "får plads"}
    (told,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert [one.answer for one in told.answers] == ["\n".join(lines)]
    kept = await desk.read(read_enrolment, enrolment_id=enrolment_id(P2, AARHUS))
    assert kept["answers"]["baggrund"] == "\n".join(lines)


async def test_only_staff_import(desk: Desk) -> None:
    await desk.publish()
    for actor in ("client/crm", "person/p1"):
        with pytest.raises(Refused) as refused:
            async with transaction(desk.pool, desk, desk.source, Cause("c", None, actor), desk.links) as tx:
                await import_enrolments(tx, importing())
        assert (refused.value.code, refused.value.status) == ("not_yours_to_say", 403)
