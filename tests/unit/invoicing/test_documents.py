"""An invoice as files: everything the law asks for, and nothing that a hostile name could do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.invoicing.adapters import documents
from shared.contracts.invoicing import Invoice
from tests.support.facts import BILLING, INVOICE, LINE, ORGANISATION, SELLER, a_programme

HOSTILE = "<script>alert('1')</script> & \"Sønner\""


def test_the_page_says_all_that_the_vat_law_asks_for() -> None:
    page = documents.as_html(INVOICE)
    for fact in (
        "Faktura N-1",
        "1. september 2020",
        "1. oktober 2020",
        "Foreningen af Kommuner",
        "Eksempelgade 10",
        "2300 København S",
        "CVR-nr. 62532416",
        "Københavns Kommune",
        "Rådhuspladsen 1",
        "1550 København V",
        "CVR-nr. 64942212",
        "Deltagergebyr for begge år",
        "19.500,00 kr.",
        "25 % moms af 19.500,00 kr.",
        "4.875,00 kr.",
        "24.375,00 kr.",
        "5798009800015",
        "UNGE-2020",
        "Afsnit 4",
        "<dt>Reg.nr.</dt><dd>0216</dd>",
        "<dt>Kontonr.</dt><dd>4069031234</dd>",
    ):
        assert fact in page


@pytest.mark.parametrize(
    ("seller", "rows"),
    [
        ({"payment": "iban", "iban": "DK5000400440116243", "bic": "DABADKKK"}, ["DK50 0040 0440 1162 43", "DABADKKK"]),
        ({"payment": "iban", "iban": "DK5000400440116243"}, ["DK50 0040 0440 1162 43", "Mærk betalingen"]),
        ({"payment": "fik71", "fik_creditor": "81234567"}, ["Indbetalingskort (FIK)", "+81234567&lt;"]),
        ({"payment": "fik73", "fik_creditor": "81234567"}, ["+73&lt;+81234567&lt;"]),
        ({"payment": "nemkonto"}, ["NemKontoen for CVR-nr. 62532416"]),
    ],
    ids=lambda one: one["payment"] if isinstance(one, dict) else "",
)
def test_the_page_says_how_it_is_paid_whatever_the_way_and_names_no_other(
    seller: dict[str, str], rows: list[str]
) -> None:
    programme = a_programme(seller=SELLER.model_copy(update=seller))
    page = documents.as_html(INVOICE.model_copy(update={"programme": programme}))
    assert [row for row in rows if row not in page] == []
    assert "Reg.nr." not in page


def test_the_page_says_when_it_was_delivered_and_why_there_is_no_moms() -> None:
    exempt = a_programme(seller=SELLER.model_copy(update={"vat_exemption": "Undervisning, momslovens § 13"}))
    lines = (LINE.model_copy(update={"vat_percent": 0}),)
    page = documents.as_html(
        INVOICE.model_copy(update={"programme": exempt, "lines": lines, "vat_ore": 0, "gross_ore": INVOICE.net_ore})
    )
    assert '<td class="day">1. september 2020</td>' in page
    assert "Heraf momsfrit: Undervisning, momslovens § 13" in page


def test_what_was_not_given_leaves_no_empty_label() -> None:
    bare = INVOICE.model_copy(
        update={"billing": BILLING.model_copy(update=dict.fromkeys(["ean", "order_reference", "address"]))}
    )
    page = documents.as_html(bare)
    assert "EAN-nummer" not in page
    assert "rekvisitionsnummer" not in page
    assert "None" not in page


def test_moms_free_lines_are_shown_with_a_sum_of_their_own() -> None:
    free = LINE.model_copy(update={"vat_percent": 0})
    page = documents.as_html(INVOICE.model_copy(update={"lines": (LINE, free)}))
    assert "Heraf momsfrit" in page


def test_hostile_text_is_shown_and_never_run() -> None:
    invoice = INVOICE.model_copy(
        update={
            "buyer": ORGANISATION.model_copy(update={"name": HOSTILE}),
            "lines": (LINE.model_copy(update={"text": HOSTILE}),),
            "programme": a_programme(title=HOSTILE),
            "billing": BILLING.model_copy(update={"order_reference": HOSTILE}),
        }
    )
    page = documents.as_html(invoice)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4


def test_the_json_file_is_the_invoice_as_it_was_told_and_can_be_read_back() -> None:
    told = json.loads(documents.as_json(INVOICE))
    assert told["id"] == "N-1"
    assert told["vat_sums"] == [{"vat_percent": 25, "net_ore": 1_950_000, "vat_ore": 487_500}]
    assert Invoice.model_validate_json(json.dumps(told)) == INVOICE


def test_writing_twice_gives_the_same_files_and_nothing_else(tmp_path: Path) -> None:
    documents.write(tmp_path, INVOICE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    documents.write(tmp_path, INVOICE)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(before) == ["N-1.html", "N-1.json", "N-1.pdf", "N-1.xml"]


@pytest.mark.parametrize("series", ["../../etc", "a/b", "..", "Å"])
def test_no_series_leads_out_of_the_folder(tmp_path: Path, series: str) -> None:
    folder = tmp_path / "invoices"
    documents.write(folder, INVOICE.model_copy(update={"series": series}))
    assert {path.suffix for path in folder.iterdir()} == {".html", ".json", ".pdf", ".xml"}
    assert [path.name for path in tmp_path.iterdir()] == ["invoices"]
