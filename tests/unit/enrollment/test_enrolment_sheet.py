"""Spreadsheets of enrolments, cell by cell: whatever stands in them, a person is told what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.enrolment_sheet import (
    ALL,
    COLUMNS,
    CONTACT,
    MOST_OF_ONE,
    PARTICIPANT,
    Frame,
    Row,
    codes_of,
    ended,
    read_rows,
)
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.sheet import MOST_CELL, Cell, Odd
from services.enrollment.domain.sign_up import ended_since
from services.enrollment.domain.status import State
from shared.contracts.bounds import LONGEST_TEXT
from shared.contracts.programme import EnrolmentPlan, FormField
from tests.support.facts import ORGANISATION, OWNER, PROGRAMME_TERMS, a_meeting

NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
HEADING = ["kommunekode", "navn", "e-mail", "rolle", "møder", "forbehold", "modtaget"]
FRAME = Frame(
    Programme(PROGRAMME_TERMS),
    OWNER,
    {ORGANISATION.code: Entry(ORGANISATION)},
    {},
    [MeetingCopy(PROGRAMME_TERMS.ref.id, "scheduled", a_meeting(), None)],
)
ASKING = replace(
    FRAME,
    programme=Programme(
        PROGRAMME_TERMS.model_copy(
            update={
                "enrolment": EnrolmentPlan(
                    who="municipalities",
                    how="sign_up",
                    form=(
                        FormField(id="baggrund", label="Hvorfor vil I være med?", kind="lines", max_lines=10),
                        FormField(id="resten", label="Hvad mere?", kind="lines", max_chars=10_000),
                        FormField(id="temaer", label="Hvilke temaer?", kind="choices", choices=("Skole", "Job")),
                        FormField(id="stilling", label="Stilling", max_chars=40),
                    ),
                )
            }
        )
    ),
)
"""The same, where questions are asked."""
ASKED = ["svar: baggrund", "svar: resten", "svar: temaer", "svar: stilling"]
ASTA: list[Cell] = ["0101", "Asta Prøvesen", "asta@kobenhavn.example", "kontakt"]


def rows_of(*rows: list[Cell], heading: list[str] = HEADING) -> tuple[Row, ...]:
    found, wrong = read_rows(heading, rows, FRAME, NOW)
    assert wrong == ()
    return found


def codes(*rows: list[Cell]) -> list[tuple[int, str, str]]:
    found, wrong = read_rows(HEADING, rows, FRAME, NOW)
    assert found == ()
    return [(one.row, one.column, one.code) for one in wrong]


@pytest.mark.parametrize(
    "written",
    [
        "2020-05-04 9:30", "2020-05-04T09.30:00", "4.5.2020 kl. 9.30", "04-05-2020 09:30:00", "4/5/2020 9:30",
        Odd("date", "04-05-2020 09:30:00"),
    ],
)  # fmt: skip
def test_a_time_is_read_as_people_and_excel_write_it_in_danish_time(written: Cell) -> None:
    (row,) = rows_of([*ASTA, "", "", written])
    assert row.wish is not None
    assert row.wish.received_at == datetime(2020, 5, 4, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["i går", "2020-02-30", "2020-05-04 25:00", "4.5.20", "1999-01-01", "2000-01-01", "2099-12-31 10:00", "٤-٥-٢٠٢٠"],
)
def test_what_is_no_time_for_sure_is_refused(written: str) -> None:
    assert codes([*ASTA, "", "", written]) == [(2, "modtaget", "unknown_time")]


WITH_FORBEHOLD = replace(
    FRAME,
    programme=Programme(
        PROGRAMME_TERMS.model_copy(
            update={"terms": PROGRAMME_TERMS.terms.model_copy(update={"reservation_allowed": True})}
        )
    ),
)
OPEN = ["kommunekode", "navn", "e-mail", "rolle", "forbehold", "Forventet", "udvalg"]


@pytest.mark.parametrize("written", ["2020-09-15", "15.9.2020", "2020-09-15 00:00", Odd("date", "2020-09-15 00:00:00")])
def test_a_forbehold_says_when_and_by_whom_it_is_answered(written: Cell) -> None:
    found, wrong = read_rows(OPEN, [[*ASTA, "ja", written, " Byrådet "]], WITH_FORBEHOLD, NOW)
    assert wrong == ()
    (row,) = found
    assert row.wish is not None
    assert (row.wish.forbehold, row.wish.forbehold_expected_on, row.wish.forbehold_committee.strip()) == (
        True,
        date(2020, 9, 15),
        "Byrådet",
    )


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["ja", "efter ferien", ""], "Forventet", "unknown_day"),
        (["ja", "2020-09-15 10:30", ""], "Forventet", "unknown_day"),
        (["ja", "1999-01-01", ""], "Forventet", "unknown_day"),
        (["nej", "2020-09-15", ""], "forbehold", "forbehold_not_taken"),
        (["", "", "Byrådet"], "forbehold", "forbehold_not_taken"),
        (["ja", "", "a" * 201], "udvalg", "too_long"),
    ],
)
def test_what_a_forbehold_cannot_say_is_refused_at_its_column(cells: list[Cell], column: str, code: str) -> None:
    found, wrong = read_rows(OPEN, [[*ASTA, *cells]], WITH_FORBEHOLD, NOW)
    assert found == ()
    assert [(one.row, one.column, one.code) for one in wrong] == [(2, column, code)]


def test_meetings_are_named_by_their_keys_each_once_or_all_of_them() -> None:
    bo: list[Cell] = ["0101", "Bo Prøvesen", "bo@kobenhavn.example", "Deltager"]
    contact, one, all_of_them = rows_of(
        ASTA, [*bo, "oest-1, oest-1"], [*bo[:2], "carla@kobenhavn.example", "deltager", " ALLE "]
    )
    assert (contact.is_contact, contact.comes, one.is_contact) == (True, False, False)
    assert (one.meetings, one.all_meetings) == (("oest-1",), False)
    assert (all_of_them.meetings, all_of_them.all_meetings) == ((), True)


def test_cells_that_are_no_text_are_named_once_each_and_nothing_is_guessed() -> None:
    odd = Odd("formula", "")
    assert codes(["0101", odd, odd, odd, odd, Odd("boolean", "SAND"), Odd("time", "09:30")]) == [
        (2, column, "wrong_cell") for column in HEADING[1:]
    ]


def answers_of(*cells: Cell) -> Mapping[str, str]:
    (row,), wrong = read_rows([*HEADING[:4], *ASKED], [[*ASTA, *cells]], ASKING, NOW)
    assert wrong == ()
    assert row.wish is not None
    return row.wish.answers


def test_an_answer_of_several_lines_keeps_them_and_others_are_on_one_as_if_the_form_had_been_filled_in() -> None:
    written = " Første linje\r\nAnden  linje\n\n\u00a0tredje\rsidste \n"
    assert answers_of(written, "\r\n \n", "Skole;\nJob", "Leder\naf alt") == {
        "baggrund": "Første linje\nAnden  linje\n\n\u00a0tredje\nsidste",
        "temaer": "Skole; Job",
        "stilling": "Leder af alt",
    }


def test_an_answer_has_as_much_room_as_its_question_and_a_longer_one_is_named() -> None:
    ten_lines = "\n".join(["å" * 90] * 10)
    assert answers_of(ten_lines, "x" * 10_000) == {"baggrund": ten_lines, "resten": "x" * 10_000}
    for answer, code in (
        (ten_lines + "\nx", "too_many_lines"),
        ("x" * LONGEST_TEXT, "answer_too_long"),
        ("x" * (LONGEST_TEXT + 1), "too_long"),
        (Odd("too_long", "32767"), "too_long"),
        ("a\x00b", "control_character"),
        ("a\x1fb", "control_character"),
        ("a\ud83db", "control_character"),
    ):
        found, wrong = read_rows([*HEADING[:4], *ASKED], [[*ASTA, answer]], ASKING, NOW)
        assert (found, [(one.row, one.column, one.code) for one in wrong]) == ((), [(2, "svar: baggrund", code)])
    name = codes(["0101", "n" * (MOST_CELL + 1), "asta@kobenhavn.example", "kontakt"])
    assert name == [(2, "navn", "too_long")]


def test_so_many_rows_of_one_municipality_are_refused_that_they_would_keep_others_waiting() -> None:
    people: list[list[Cell]] = [
        ["0101", "Bo Prøvesen", f"bo{one}@kobenhavn.example", "deltager", "oest-1"] for one in range(MOST_OF_ONE)
    ]
    assert len(rows_of(ASTA, *people[1:])) == MOST_OF_ONE
    assert codes(ASTA, *people) == [(MOST_OF_ONE + 2, "kommunekode", "too_many_of_one")]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("withdrawn", "er ikke længere tilmeldt (afmeldt)."),
        ("lapsed", "er ikke længere tilmeldt (bortfaldet)."),
        ("not_approved", "er ikke længere tilmeldt (ikke godkendt politisk)."),
        ("declined", "har takket nej."),
    ],
)
def test_whoever_is_enrolled_no_longer_comes_back_by_what_is_no_older_and_reads_what_became_of_it(
    state: State, said: str
) -> None:
    gone = Enrolment("e", PROGRAMME_TERMS.ref.id, ORGANISATION, state=state, withdrawn_at=NOW)
    (row,) = rows_of(ASTA)
    assert row.wish is not None
    for came_at in (None, NOW - timedelta(microseconds=1)):
        refused = ended(gone, row.wish.model_copy(update={"received_at": came_at}))
        assert refused is not None
        assert (refused.code, refused.field) == ("has_said_no", "received_at")
        assert refused.detail == (
            f"Københavns Kommune {said} Skriv i kolonnen »modtaget«, hvornår den tilmeldte sig igen."
        )
        assert ended_since(gone, came_at)
    for came_at in (NOW, NOW + timedelta(microseconds=1)):
        assert ended(gone, row.wish.model_copy(update={"received_at": came_at})) is None
        assert not ended_since(gone, came_at)


@pytest.mark.parametrize("state", ["invited", "waitlisted", "enrolled"])
def test_nothing_has_ended_of_whoever_is_there(state: State) -> None:
    (row,) = rows_of(ASTA)
    assert row.wish is not None
    there = Enrolment("e", PROGRAMME_TERMS.ref.id, ORGANISATION, state=state)
    assert (ended(there, row.wish), ended(None, row.wish)) == (None, None)


def test_the_codes_of_a_table_are_those_that_are_written_in_it() -> None:
    assert codes_of(HEADING, [["101"], ["0751"], [""], [Odd("error", "#N/A")], ["æ"]]) == {"0101", "0751", "000æ"}


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "0101", "0751", CONTACT, PARTICIPANT, ALL, "oest-1", "ja", "nej", "asta@kobenhavn.example", "2020-05-04",
            "=HYPERLINK(1)", "<script>alert(1)</script>", "'; DROP TABLE people; --", "../../etc/passwd", "{{7*7}}",
            "a\u202eb", "x" * 500, "0" * 400, "5798000000001", "\u0665",
            "a\x00b", "a\x1fb", "a\r\nb", "a\ud83db", "x" * LONGEST_TEXT, "x" * (LONGEST_TEXT + 1),
        ]
    ),
    st.builds(Odd, st.sampled_from(["formula", "date", "long"]), st.text(max_size=10)),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*list(COLUMNS)[4:], "svar: x", "kommune", ""]), max_size=9, unique=True),
    st.lists(st.lists(HOSTILE, max_size=14), max_size=5),
    st.lists(HOSTILE, max_size=10),
)
def test_whatever_stands_in_the_cells_it_is_read_or_all_that_is_wrong_has_its_place(
    heading: list[str], table: list[list[Cell]], contact: list[Cell]
) -> None:
    table = [[*ASTA, *contact], *table]
    codes_of(heading, table)
    rows, wrong = read_rows([*HEADING[:4], *heading], table, FRAME, NOW)
    assert (rows == ()) or (wrong == ())
    assert rows or wrong
    for one in wrong:
        assert 1 <= one.row <= len(table) + 1 or one.code == "no_rows"
        assert one.detail
        assert one.column or one.code == "column_twice"
    for row in rows:
        assert row.code in FRAME.book
        assert row.name.isprintable()


@settings(max_examples=300, deadline=None)
@given(st.lists(HOSTILE, min_size=len(ASKED), max_size=len(ASKED)))
def test_whatever_is_answered_in_a_sheet_it_is_taken_or_has_its_place(answers: list[Cell]) -> None:
    rows, wrong = read_rows([*HEADING[:4], *ASKED], [[*ASTA, *answers]], ASKING, NOW)
    assert (rows == ()) != (wrong == ())
    for one in wrong:
        assert (one.row, one.column in ASKED, bool(one.detail)) == (2, True, True)
