"""The address book: the 98 municipalities, written down by staff or from a spreadsheet."""

from __future__ import annotations

import base64
import io
from typing import Any

from openpyxl import Workbook

from deploy.local.locations import ROOT
from services.enrollment.domain.programme_file.municipality import parse_municipalities
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_organisations import read_organisation, read_organisations
from shared.contracts.parties import Billing
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, Desk

HEADING = ["Kommunekode", "Kommune", "Hovedpostkasse", "EAN-nummer", "Rolle: borgmester", "Adresse", "Postnummer", "By"]
EAN = "5798000000001"
NO_EAN = "EAN-nummeret skal være på 13 cifre, og det sidste skal passe med de andre."
AS_TEXT = "Lad kolonnen være tekst i Excel."


def spreadsheet(*rows: list[Any], heading: list[str] = HEADING) -> str:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (heading, *rows):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return base64.b64encode(content.getvalue()).decode()


async def test_the_book_begins_with_the_98_municipalities_in_danish_order(desk: Desk) -> None:
    listed = (await desk.read(read_organisations))["organisations"]
    text = (ROOT / "programmes" / "municipalities.csv").read_text(encoding="utf-8")
    expected = [(one.code, one.name, one.region, one.cvr) for one in parse_municipalities(text)]
    assert [(one["code"], one["name"], one["region"], one["cvr"]) for one in listed] == expected
    assert len(expected) == 98


async def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    content = spreadsheet([AARHUS, "Aarhus", "post@aarhus.example", EAN, None, None, None, None])
    shown = await desk.ask(import_addresses, ImportAddresses(content=content))
    assert (shown["rows"], shown["changed"], shown["dry_run"]) == (1, 1, True)
    assert (await desk.read(read_organisation, code=AARHUS))["main_email"] is None


async def test_what_would_become_of_each_column_of_each_row_is_shown_and_is_what_becomes_of_it(desk: Desk) -> None:
    said = PutOrganisation(code=AARHUS, main_email="gammel@aarhus.example", billing=Billing(ean=EAN, demands=("gln",)))
    await desk.ask(put_organisation, said)
    csv = (
        "kommunekode;hovedpostkasse;enhed;enhedens navn;ean-nummer;fakturakrav;rolle: borgmester;domæner;"
        "fakturaformat\n"
        f"0751;post@aarhus.example;;;{EAN};ordre;bm@aarhus.example;aarhus.example;oioubl\n"
        f"0751;;unge;Ungecentret;{EAN};;;;\n"
        f"0101;;;;;;;;\n"
    )
    command = ImportAddresses(content=base64.b64encode(csv.encode()).decode())
    shown = await desk.ask(import_addresses, command)
    assert [(one["row"], one["code"], one["name"], one["unit"]) for one in shown["differences"]] == [
        (2, AARHUS, "Aarhus Kommune", None),
        (3, AARHUS, "Aarhus Kommune", "unge"),
    ]
    assert [[column["text"] for column in one["columns"]] for one in shown["differences"]] == [
        [
            "hovedpostkasse: gammel@aarhus.example → post@aarhus.example",
            "domæner: (tom) → aarhus.example",
            "rolle: borgmester: (tom) → bm@aarhus.example",
            "fakturakrav: ean → ordre",
            "fakturaformat: (tom) → oioubl",
        ],
        ["enhedens navn: (tom) → Ungecentret", f"ean-nummer: (tom) → {EAN}"],
    ]
    assert (await desk.read(read_organisation, code=AARHUS))["main_email"] == "gammel@aarhus.example"
    done = await desk.ask(import_addresses, command.model_copy(update={"dry_run": False}))
    assert done["differences"] == shown["differences"]
    assert (await desk.ask(import_addresses, command))["differences"] == []


async def test_an_excel_file_is_imported_and_again_changes_nothing(desk: Desk) -> None:
    content = spreadsheet(
        [751, "Aarhus", "post@aarhus.example", int(EAN), "bm@aarhus.example", "Rådhuspladsen 2", 8000, "Aarhus C"],
        ["0101", "København", "post@kk.example", None, None, None, None, None],
    )
    assert (await desk.ask(import_addresses, ImportAddresses(content=content, dry_run=False)))["changed"] == 2
    found = await desk.read(read_organisation, code=AARHUS)
    assert (found["main_email"], found["roles"]) == ("post@aarhus.example", {"borgmester": "bm@aarhus.example"})
    assert (found["billing"]["ean"], found["billing"]["address"]["postcode"]) == (EAN, "8000")
    assert (await desk.ask(import_addresses, ImportAddresses(content=content, dry_run=False)))["changed"] == 0


async def test_an_empty_cell_leaves_what_stands_in_the_book(desk: Desk) -> None:
    await desk.ask(put_organisation, PutOrganisation(code=KOEBENHAVN, billing=Billing(ean=EAN)))
    csv = "kommunekode;hovedpostkasse;ean-nummer\r\n0101;post@kk.example;\r\n".encode("cp1252")
    await desk.ask(import_addresses, ImportAddresses(content=base64.b64encode(csv).decode(), dry_run=False))
    found = await desk.read(read_organisation, code=KOEBENHAVN)
    assert (found["main_email"], found["billing"]["ean"]) == ("post@kk.example", EAN)


async def test_every_error_is_named_by_row_and_column_and_nothing_is_imported(desk: Desk) -> None:
    content = spreadsheet(
        [AARHUS, "Aarhus", "post@aarhus.example", None, None, None, None, None],
        ["9999", "Ingen", "ikke en adresse", "5,798E+12", None, "Vej 1", None, None],
        [AARHUS, "Aarhus", "post@aarhus.example", None, None, None, None, None],
    )
    refused = await desk.refusal(import_addresses, ImportAddresses(content=content, dry_run=False))
    assert refused.code == "address_book_wrong"
    errors = refused.extra["errors"]
    assert isinstance(errors, list)
    details = [error["detail"] for error in errors]
    assert details == [
        "Række 3, kolonne »Kommunekode«: »9999« er ikke en kommunekode i adressebogen.",
        "Række 3, kolonne »Hovedpostkasse«: »ikke en adresse«: Skriv en gyldig e-mailadresse, fx navn@kommune.example.",
        f"Række 3, kolonne »EAN-nummer«: »5,798E+12«: {NO_EAN} {AS_TEXT}",
        "Række 3, kolonne »Postnummer«: Adressen skal have både vej, postnummer og by.",
        "Række 3, kolonne »By«: Adressen skal have både vej, postnummer og by.",
        "Række 4, kolonne »Kommunekode«: Kommunen står allerede i række 2.",
    ]
    assert (await desk.read(read_organisation, code=AARHUS))["main_email"] is None


async def test_a_file_that_is_no_table_is_refused(desk: Desk) -> None:
    for content in (b"PK\x03\x04 no zip", b"", b"a;b\n" * 3000):
        command = ImportAddresses(content=base64.b64encode(content).decode())
        assert (await desk.refusal(import_addresses, command)).status == 422
    for content in ("***", "Æblegård", "QQ==✂"):
        assert (await desk.refusal(import_addresses, ImportAddresses(content=content))).code == "not_base64"
