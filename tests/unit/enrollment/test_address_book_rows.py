"""Spreadsheets of the address book, cell by cell, and files that are none."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from services.enrollment.adapters import spreadsheet as hand
from services.enrollment.adapters import spreadsheet_process as spreadsheet
from services.enrollment.adapters.spreadsheet_process import SpreadsheetError, read_table
from services.enrollment.domain.address_book import Entry, Unit, changed, read_rows, require_rows, rewritten
from services.enrollment.domain.billing import is_gln
from services.enrollment.domain.invitation import mailboxes
from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.sheet import MOST_CELL
from shared.contracts.addresses import is_mail_address
from shared.contracts.enrollment import Mailbox
from shared.contracts.parties import Address, Billing, Organisation
from shared.contracts.refusal import Refused, errors_of
from shared.contracts.scheduling import Meeting, When

KNOWN = {"0101": "", "0751": ""}


def test_the_check_digit_of_a_gln() -> None:
    assert [
        number for number in ("5798000000001", "5790000000036", "5798000000002", "579800000000") if is_gln(number)
    ] == [
        "5798000000001",
        "5790000000036",
    ]
    assert not is_gln("579800000000\u0661")


@pytest.mark.parametrize("text", ["a@b.dk", "for.efter+x@post.k0751.example", "o'neil@k.example"])
def test_a_mail_address(text: str) -> None:
    assert is_mail_address(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a@b", "a b@c.dk", "a@b..dk", ".a@b.dk", "a@-b.dk", "a@b.dk\n", "å@b.dk", "x" * 250 + "@b.dk"]
)
def test_no_mail_address(text: str) -> None:
    assert not is_mail_address(text)


def test_headings_are_known_in_any_case_and_others_are_named() -> None:
    changes, findings = read_rows(["KOMMUNEKODE", " hovedpostkasse "], [["101", "a@b.dk"]], KNOWN)
    assert (changes[0].code, changes[0].main_email, findings) == ("0101", "a@b.dk", ())
    _, findings = read_rows(["kommunekode", "mobil", "by", "by"], [], KNOWN)
    assert [(one.row, one.column) for one in findings] == [(1, "mobil"), (1, "by")]
    _, findings = read_rows(["hovedpostkasse"], [], KNOWN)
    assert findings[0].detail.startswith("Kolonnen mangler")


def test_empty_rows_are_passed_over_and_a_table_without_rows_is_told() -> None:
    changes, _ = read_rows(["kommunekode"], [["", ""], ["0751"]], KNOWN)
    assert [one.code for one in changes] == ["0751"]
    assert read_rows(["kommunekode"], [[""]], KNOWN)[1][0].row == 2


def test_a_role_has_a_heading_of_its_own() -> None:
    (change,), _ = read_rows(["kommunekode", "Rolle: Borgmester"], [["0751", "bm@a.example"]], KNOWN)
    entry = changed(Entry(Organisation(code="0751", name="Aarhus Kommune"), main_email="post@a.example"), change).after
    assert mailboxes(entry) == (
        Mailbox(role="hovedpostkasse", email="post@a.example"),
        Mailbox(role="borgmester", email="bm@a.example"),
    )


def test_a_row_with_a_unit_is_that_units_and_code_and_unit_are_what_it_is_known_by() -> None:
    heading = ["kommunekode", "Enhed", "enhedens navn", "EAN-nummer", "fakturakrav", "cvr-nummer", "land"]
    heading += ["adresse", "postnummer", "by"]
    rows = [
        ["751", "", "", "5798 0000 00001", "", "55133018", "", "", "", ""],
        ["751", "job", "Jobcentret", "5790000000036", "ordre, kontostreng", "", "SE", "Gade 1", "211 20", "Malmö"],
        ["0751", "byg", "", "", "", "", "", "", "", ""],
    ]
    changes, findings = read_rows(heading, rows, KNOWN)
    assert findings == ()
    entry = Entry(Organisation(code="0751", name="Aarhus Kommune"), billing=Billing(order_reference="HELE"))
    for one in changes:
        entry = changed(entry, one).after
    assert entry.organisation.cvr == "55133018"
    assert entry.billing == Billing(ean="5798000000001", order_reference="HELE")
    address = Address(street="Gade 1", postcode="211 20", city="Malmö", country="SE")
    job = Billing(ean="5790000000036", demands=("order", "account_string"), address=address)
    assert entry.units == (Unit("byg", "byg", Billing()), Unit("job", "Jobcentret", job))
    (again,), _ = read_rows(["kommunekode", "enhed", "personreference"], [["751", "job", "A4"]], KNOWN)
    assert changed(entry, again).after.unit("job") == Unit(
        "job", "Jobcentret", job.model_copy(update={"person_reference": "A4"})
    )


def test_everything_that_is_wrong_in_a_sheet_has_its_row_its_column_and_its_code() -> None:
    heading = ["kommunekode", "enhed", "enhedens navn", "hovedpostkasse", "ean-nummer", "cvr-nummer", "p-nummer"]
    heading += ["fakturakrav", "fakturaformat", "faktura-e-mail", "kontostreng"]
    rows = [
        ["751", "job", "", "post@a.example", "1", "2", "3", "ordre hest", "fax", "x", "y" * 201],
        ["751", "job", "", "", "", "", "", "", "", "", ""],
        ["101", "", "Uden enhed", "", "", "", "", "", "", "", ""],
    ]
    with pytest.raises(Refused) as refused:
        require_rows(heading, rows, KNOWN)
    assert {(one["field"], one["code"]) for one in errors_of(refused.value)} == {
        ("content:2:hovedpostkasse", "unit_of_the_whole"),
        ("content:2:ean-nummer", "invalid_ean"),
        ("content:2:cvr-nummer", "invalid_cvr"),
        ("content:2:p-nummer", "invalid_p_number"),
        ("content:2:fakturakrav", "unknown_demand"),
        ("content:2:fakturaformat", "unknown_format"),
        ("content:2:faktura-e-mail", "invalid_email"),
        ("content:2:kontostreng", "too_long"),
        ("content:3:enhed", "unit_twice"),
        ("content:4:enhedens navn", "unit_missing"),
    }


def test_a_cell_that_is_longer_than_any_of_the_address_book_is_named_and_no_other() -> None:
    heading = ["kommunekode", "kontostreng", "postkasser", "navn"]
    several = ", ".join(f"{'x' * 36}{one}@a.example" for one in range(10)).ljust(MOST_CELL)
    assert read_rows(heading, [["751", "", several, "n" * 20_000]], KNOWN)[1] == ()
    with pytest.raises(Refused) as refused:
        require_rows(heading, [["751", "y" * MOST_CELL, several + "x"], ["1" * 501], ["0101"]], KNOWN)
    assert [(one["field"], one["code"]) for one in errors_of(refused.value)] == [
        ("content:2:kontostreng", "too_long"),
        ("content:2:postkasser", "too_long"),
        ("content:3:kommunekode", "too_long"),
    ]


def test_an_entry_is_written_anew_with_its_units_or_with_all_that_is_wrong_in_them() -> None:
    entry = Entry(Organisation(code="0751", name="Aarhus Kommune"), units=(Unit("job", "Jobcentret", Billing()),))
    kept = rewritten(entry, None, {}, Billing(), cvr="55 13 30 18").after
    assert (kept.units, kept.organisation.cvr) == (entry.units, "55133018")
    anew = rewritten(entry, None, {}, Billing(), units=[Unit(" b ", "B", Billing()), Unit("a", "A", Billing())]).after
    assert [one.id for one in anew.units] == ["a", "b"]
    with pytest.raises(Refused) as refused:
        rewritten(
            entry,
            None,
            {},
            Billing(ean="1", unit="job"),
            units=[Unit("a", "A", Billing(ean="2")), Unit("a", " ", Billing())],
            cvr="3",
        )
    assert [(one["field"], one["code"]) for one in errors_of(refused.value)] == [
        ("billing.ean", "invalid_ean"),
        ("cvr", "invalid_cvr"),
        ("billing.unit", "unit_of_the_whole"),
        ("units.0.billing.ean", "invalid_ean"),
        ("units.1.name", "invalid_unit"),
        ("units.1.id", "unit_twice"),
    ]


@given(st.lists(st.lists(st.text(max_size=20), max_size=6), max_size=6))
def test_whatever_stands_in_the_cells_it_is_read_or_every_error_is_named(rows: list[list[str]]) -> None:
    changes, findings = read_rows(["kommunekode", "hovedpostkasse", "ean-nummer"], rows, KNOWN)
    assert bool(findings) != bool(changes)


def test_a_zip_that_unpacks_to_more_than_any_address_book_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)
    assert len(packed.getvalue()) < spreadsheet.MOST_BYTES
    with pytest.raises(SpreadsheetError, match="pakkes ud"):
        read_table(packed.getvalue())
    # One that lies about its sizes is not unpacked beyond what it says.
    size = (20_000_000).to_bytes(4, "little")
    with pytest.raises(SpreadsheetError, match="ikke en læsbar"):
        read_table(packed.getvalue().replace(size, (10).to_bytes(4, "little")))


def test_a_zip_of_more_parts_than_any_workbook_has_is_refused() -> None:
    packed = io.BytesIO(WORKBOOK)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as many:
        for number in range(spreadsheet.MOST_PARTS):
            many.writestr(f"xl/media/{number}.xml", b"")
    assert len(packed.getvalue()) < spreadsheet.MOST_BYTES
    with pytest.raises(SpreadsheetError, match="for mange dele"):
        read_table(packed.getvalue())


def a_workbook() -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.append(["kommunekode", "ean-nummer"])
    book.active.append([751.0, 5798000000001])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


WORKBOOK = a_workbook()


def with_part(name: str, old: bytes | None, new: bytes) -> bytes:
    """The workbook with something else in one of its parts, or for all of it."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(WORKBOOK)) as before,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for part in before.namelist():
            content = before.read(part)
            if part == name:
                assert old is None or old in content
                content = new if old is None else content.replace(old, new)
            after.writestr(part, content)
    return packed.getvalue()


DTD = '<!DOCTYPE worksheet [<!ENTITY code "751">]>'


def with_entity(encoding: str, before: str = "") -> bytes:
    """The workbook with a number that stands in an entity of its sheet, in another encoding."""
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as packed:
        sheet = packed.read(SHEET).decode().replace("<v>751</v>", "<v>&code;</v>")
    whole = (f"<?xml version='1.0' encoding='{encoding}'?>{before}{DTD}{sheet}").encode(encoding)
    return with_part(SHEET, None, whole)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_workbook_that_defines_words_of_its_own_is_refused_before_they_are_unfolded(encoding: str) -> None:
    with pytest.raises(SpreadsheetError, match="ikke en læsbar Excel-fil") as refused:
        read_table(with_entity(encoding, before=f"<!-- {'x' * 200_000} -->"))
    assert "DTD" in str(refused.value.__cause__)


def with_field(offset: int, value: bytes) -> bytes:
    """The workbook with another value in the directory entry of each part."""
    content = bytearray(WORKBOOK)
    at = content.find(b"PK\1\2")
    while at >= 0:
        content[at + offset : at + offset + len(value)] = value
        at = content.find(b"PK\1\2", at + 1)
    return bytes(content)


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PK\x03\x04 and no more", id="no zip"),
        pytest.param(WORKBOOK[:-30], id="cut off"),
        pytest.param(with_field(8, b"\x01\x00"), id="encrypted"),
        pytest.param(with_field(8, b"\x41\x00"), id="strongly encrypted"),
        pytest.param(with_field(10, b"\x62\x00"), id="compressed in an unknown way"),
        pytest.param(with_field(16, b"\x00\x00\x00\x00"), id="other checksums"),
        pytest.param(with_part("xl/workbook.xml", b"<sheets>", b"<sheets"), id="a workbook that is no XML"),
        pytest.param(with_part("xl/workbook.xml", b"rId1", b"rId9"), id="a workbook without its sheet"),
        pytest.param(with_part("[Content_Types].xml", b"PartName", b"Name"), id="parts without a name"),
        pytest.param(with_part(SHEET, b"</row>", b"</raekke>"), id="a sheet that is no XML"),
        pytest.param(with_part(SHEET, b"751", b"A51"), id="a number that is none"),
        pytest.param(with_part(SHEET, b'r="A2"', b'r="2A"'), id="a cell that is nowhere"),
    ],
)
def test_a_damaged_workbook_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(SpreadsheetError, match="ikke en læsbar Excel-fil"):
        read_table(content)


@given(st.integers(2, len(WORKBOOK) - 1), st.integers(0, 255))
@settings(deadline=None)
def test_whatever_byte_of_a_workbook_is_another_it_is_read_or_refused(at: int, byte: int) -> None:
    with contextlib.suppress(SpreadsheetError):
        read_table(WORKBOOK[:at] + bytes([byte]) + WORKBOOK[at + 1 :])


def test_too_many_bytes_rows_or_letters_are_refused() -> None:
    for content in (b"x" * 200_000, b"a\n" * 3000, b"a;" * 41, b"x" * 501):
        with pytest.raises(SpreadsheetError):
            read_table(content)


BUSY = "<styleSheet><cellXfs>" + "<xf/>" * 1_500_000 + "</cellXfs></styleSheet>"


@pytest.mark.timeout(90)
async def test_a_workbook_that_would_keep_its_reader_busy_is_given_up_and_holds_up_nobody() -> None:
    content = with_part("xl/styles.xml", None, BUSY.encode())
    assert len(content) < 20_000
    turns: list[asyncio.TimerHandle] = []
    loop = asyncio.get_running_loop()

    def go_on() -> None:
        turns.append(loop.call_later(0.01, go_on))

    go_on()
    with pytest.raises(hand.SpreadsheetError) as given_up:
        await hand.read_table(content)
    turns[-1].cancel()
    assert str(given_up.value) in {hand.TOO_MUCH, "Filen fylder for meget, når den læses."}
    assert len(turns) > 100


async def test_what_the_process_reads_and_why_it_does_not_arrives_whole() -> None:
    assert await hand.read_table(WORKBOOK) == (["kommunekode", "ean-nummer"], [["751", "5798000000001"]])
    for content, why in ((b"", "Filen er tom."), (b"x" * 200_000, "Filen er på"), (b"PK\x03\x04", hand.UNREADABLE)):
        with pytest.raises(hand.SpreadsheetError, match=re.escape(why)):
            await hand.read_table(content)


def test_numbers_of_a_workbook_are_read_as_their_digits() -> None:
    assert read_table(WORKBOOK) == (["kommunekode", "ean-nummer"], [["751", "5798000000001"]])


def test_a_meetings_time_and_place_in_words() -> None:
    undated = Meeting(id="m", key="k", title="T", kind="heldag", mode="virtual")
    assert (when_text(undated), where_text(undated)) == ("Datoen er ikke fastsat endnu", "digitalt møde")
    day = When.model_validate_json('{"first_day": "2021-04-15", "last_day": "2021-04-15"}')
    assert when_text(undated.model_copy(update={"when": day})) == "Torsdag den 15. april 2021 (klokkeslæt følger)"
    timed = When.model_validate_json(
        '{"first_day": "2021-04-15", "last_day": "2021-04-15", '
        '"starts_at": "2021-04-15T07:30:00Z", "ends_at": "2021-04-15T13:00:00Z"}'
    )
    assert when_text(undated.model_copy(update={"when": timed})) == "Torsdag den 15. april 2021 kl. 9.30-15.00"
