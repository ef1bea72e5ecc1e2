"""Which format a customer gets on which day, and what a new format takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from services.invoicing.adapters import documents
from services.invoicing.adapters.einvoice import document_files, formats
from services.invoicing.adapters.einvoice.formats import BY_NAME, FORMATS, Format, NoFormatError, chosen, peppol_bis3
from services.invoicing.domain.document.model import Document
from services.invoicing.domain.from_invoice import invoice_document
from tests.support.facts import INVOICE

BIS3, OIOUBL = BY_NAME["peppol-bis-3"], BY_NAME["oioubl-2.1"]
CUSTOMIZATION = "urn:nemhandel:bis:4"


def write(document: Document) -> bytes:
    """What a file beside the others has to offer: this, `read` and `carried`."""
    return peppol_bis3.write(document).replace(peppol_bis3.CUSTOMIZATION.encode(), CUSTOMIZATION.encode())


def read(xml: bytes) -> Document:
    return peppol_bis3.read(xml.replace(CUSTOMIZATION.encode(), peppol_bis3.CUSTOMIZATION.encode()))


BIS4 = Format(
    name="nemhandel-bis-4",
    title="NemHandel BIS 4",
    customization=CUSTOMIZATION,
    family="peppol",
    valid_from=date(2028, 1, 1),
    valid_until=None,
    write=write,
    read=read,
    carried=peppol_bis3.carried,
)
NEXT = (replace(BIS3, valid_until=date(2029, 6, 30)), OIOUBL, BIS4)


@pytest.fixture
def with_bis4(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has one row more, and nothing else is told."""
    monkeypatch.setattr(formats, "FORMATS", NEXT)


def test_a_customer_gets_the_format_it_asked_for_and_peppol_when_it_has_not() -> None:
    assert chosen("oioubl", date(2026, 11, 22)) is OIOUBL
    assert chosen("peppol", date(2026, 11, 22)) is BIS3
    assert chosen(None, date(2026, 11, 22)) is BIS3


@pytest.mark.usefixtures("with_bis4")
def test_a_customer_moves_to_the_next_version_on_its_day() -> None:
    assert chosen("peppol", date(2027, 12, 31)).name == BIS3.name
    assert chosen("peppol", date(2028, 1, 1)) is BIS4
    assert chosen(None, date(2028, 1, 1)) is BIS4
    assert chosen("oioubl", date(2028, 1, 1)) is OIOUBL


@pytest.mark.usefixtures("with_bis4")
def test_a_customer_whose_format_is_gone_gets_the_usual_one() -> None:
    assert chosen("oioubl", date(2029, 6, 30)) is OIOUBL
    assert chosen("oioubl", date(2029, 7, 1)) is BIS4


@pytest.mark.usefixtures("with_bis4")
def test_an_invoice_of_that_day_is_written_in_the_new_format_and_read_by_its_name() -> None:
    def files(day: date) -> dict[str, bytes]:
        return documents.as_files(INVOICE.model_copy(update={"issued_on": day, "due_on": day}))

    before, after = files(date(2027, 12, 31)), files(date(2028, 1, 1))
    assert b"billing:3.0<" in before["xml"]
    assert CUSTOMIZATION.encode() in after["xml"]
    attached = PdfReader(BytesIO(after["pdf"])).attachments
    assert [content for contents in attached.values() for content in contents] == [after["xml"]]
    issued = INVOICE.model_copy(update={"issued_on": date(2028, 1, 1), "due_on": date(2028, 1, 1)})
    assert formats.read(after["xml"]) == invoice_document(issued)
    assert formats.read(before["xml"]).issued_on == date(2027, 12, 31)


def test_nothing_but_the_table_and_the_official_rules_knows_one_format_from_another() -> None:
    folder = Path(formats.__file__).parent
    knows = {"rules_protocol.py"}
    others = [path for path in folder.parents[2].rglob("*.py") if folder not in path.parents and path.name not in knows]
    named = [*BY_NAME, *(one.customization for one in FORMATS), "peppol_bis3", "oioubl21"]
    assert others
    assert [path.name for path in others if any(name in path.read_text(encoding="utf-8") for name in named)] == []


def test_before_the_default_came_into_use_an_invoice_is_written_in_what_held_then() -> None:
    for family in (None, "peppol", "oioubl"):
        assert chosen(family, date(2016, 12, 1)).family == "oioubl"
    assert chosen(None, date(2019, 4, 18)).family == "peppol"


def test_where_no_format_holds_none_is_made_up() -> None:
    with pytest.raises(NoFormatError, match="1999"):
        chosen("peppol", date(1999, 1, 1))


def test_every_format_has_its_own_name_and_customization_and_a_sample_of_each_kind() -> None:
    assert len(BY_NAME) == len({one.customization for one in FORMATS}) == len(FORMATS)
    samples = document_files.samples()
    for one in FORMATS:
        assert {f"faktura-{one.name}.xml", f"kreditnota-{one.name}.xml"} <= set(samples)
