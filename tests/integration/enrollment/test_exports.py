"""Every list can be had as a table: all of its pages, with the rights and filters of the list."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from services.enrollment.adapters.papers import PAPERS
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints.http import ROUTES
from shared.base import listing
from shared.contracts.headings import HEADINGS
from shared.web.routes import Read
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, TOKEN, Town

STAFF = {"Authorization": f"Bearer {TOKEN}"}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


async def test_all_pages_of_a_list_are_in_the_table_and_only_what_the_filters_leave(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST", 1)
    await town.desk.publish()
    await town.desk.enrol(*(sign_up(code) for code in (AARHUS, KOEBENHAVN, HVIDOVRE)))
    answer = await town.client.get("/api/enrollment/enrolments?format=csv", headers=STAFF)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="enrolments.csv"'
    assert [(one["Kommunekode"], one["Status"], one["Kontakt"]) for one in rows_of(answer.text)] == [
        ("0167", "Plads bekræftet", "Karen Kontakt"),
        ("0101", "Plads bekræftet", "Karen Kontakt"),
        ("0751", "Plads bekræftet", "Karen Kontakt"),
    ]
    answer = await town.client.get("/api/enrollment/enrolments?format=csv&organisation_code=0751", headers=STAFF)
    assert [one["Kommunekode"] for one in rows_of(answer.text)] == ["0751"]
    # A client is shown what it put in itself, here as there.
    mine = await town.client.get("/api/enrollment/enrolments?format=csv", headers={"Authorization": f"Bearer {SCOPED}"})
    assert mine.status_code in {200, 403}
    assert "0751" not in mine.text


async def test_participants_are_a_row_each(town: Town) -> None:
    enrolment = await town.desk.has_enrolled()
    meeting = await town.desk.has_meeting()
    for name in ("Anna Hansen", "Bo Hansen"):
        await town.desk.register(enrolment, meeting.id, name)
    path = f"/api/enrollment/enrolments/{enrolment}/participants?format=csv"
    found = rows_of((await town.client.get(path, headers=STAFF)).text)
    assert [(one["Titel"], one["Navn"]) for one in found] == [("Møde", "Anna Hansen"), ("Møde", "Bo Hansen")]


async def test_what_is_refused_as_a_list_is_refused_as_a_table_in_the_same_words(town: Town) -> None:
    await town.desk.publish()
    for asked, code in (
        ("enrolments?format=xlsx&cursor=nej", "invalid_cursor"),
        ("enrolments?format=pdf", "unknown_format"),
        ("programmes/nej/waiting-list?format=csv", "unknown_programme"),
    ):
        answer = await town.client.get(f"/api/enrollment/{asked}", headers=STAFF)
        assert (answer.headers["content-type"], answer.json()["code"]) == ("application/problem+json", code)
    assert (await town.client.get("/api/enrollment/enrolments?format=csv")).status_code == 401


async def test_every_list_of_the_service_is_a_table(town: Town) -> None:
    asked = "\nregistration:\n  needs: {consent: Ja., access: {label: Adgang, text: true}}\n"
    await town.desk.publish(programme_text().replace("\nregistration:\n", asked))
    await town.desk.enrol(sign_up())
    enrolment = enrolment_id(P1, AARHUS)
    meeting = await town.desk.has_meeting()
    lists = [route.path for route in ROUTES if isinstance(route, Read) and route.pages]
    assert len(lists) >= 7
    for path, paper in ((one, paper) for one in lists for paper in (PAPERS if "{paper}" in one else [""])):
        address = path.format(programme_id=P1, enrolment_id=enrolment, meeting_id=meeting.id, paper=paper)
        answer = await town.client.get(f"{address}?format=xlsx", headers=STAFF)
        assert answer.status_code == 200, (path, answer.text)
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None


def test_no_two_fields_of_a_list_are_called_alike_by_chance() -> None:
    whole = [name for name in HEADINGS if "." in name]
    assert len({HEADINGS[name] for name in whole}) == len(whole)
