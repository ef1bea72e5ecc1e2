"""Files from outside are read or refused with a sentence; nothing else ever comes of them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.invoicing.adapters.einvoice import document_files, formats
from services.invoicing.adapters.einvoice.formats import BY_NAME, FORMATS, Format, ubl
from services.invoicing.adapters.einvoice.formats.ubl import UnreadableError
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.document import model
from services.invoicing.domain.document.model import Document
from tests.support.documents import a_credit_note, an_invoice

DOCUMENTS = (an_invoice(), a_credit_note())
LONG = "9" * 5000
NUMBERS = ("", " ", "-1", "0", "1e999999999", "NaN", "Infinity", LONG, f"0.{LONG}", "1_000", "٣", "\u202e1", "æøå")
OTHERS = ("2026-02-30", "2026-W01-1", "20260901", "10000-01-01", "P1-0", f"P1-{LONG}", "EUR", "GLN", "x" * 10_000)
VALUES = st.sampled_from(NUMBERS + OTHERS) | st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=20)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_document_that_was_tampered_with_is_read_or_refused(form: Format, data: st.DataObject) -> None:
    root = etree.fromstring(form.write(data.draw(st.sampled_from(DOCUMENTS))))
    for _ in range(data.draw(st.integers(1, 3))):
        tamper(root, data)
    # Any other exception than this one fails the test.
    refusal = "nothing"
    try:
        formats.read(etree.tostring(root))
    except UnreadableError as error:
        refusal = str(error)
    assert refusal != ubl.NOT_OURS
    assert_a_sentence(refusal)


def assert_a_sentence(text: str) -> None:
    """One line, not long, without its full stop: what comes around it is one sentence."""
    assert text
    assert len(text.splitlines()) == 1
    assert len(text) < 250
    assert not text.endswith(".")


def tamper(root: Any, data: st.DataObject) -> None:
    """Another text, another attribute, an element less, or one twice."""
    node = data.draw(st.sampled_from(list(root.iter())[1:]))
    match data.draw(st.sampled_from(("text", "attribute", "less", "twice"))):
        case "text":
            node.text = data.draw(VALUES)
        case "attribute":
            for name in node.attrib:
                node.set(name, data.draw(VALUES))
        case "less":
            node.getparent().remove(node)
        case "twice":
            node.addnext(etree.fromstring(etree.tostring(node, with_tail=False)))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@given(xml=st.binary(max_size=200))
def test_any_bytes_are_refused(form: Format, xml: bytes) -> None:
    with pytest.raises(UnreadableError):
        form.read(xml)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_what_only_comments_on_a_value_does_not_cut_it(form: Format) -> None:
    xml = form.write(DOCUMENTS[0]).replace(b"<cbc:ID>P1-7", b"<cbc:ID>P1<!-- one --><?two ?>-7")
    assert form.read(xml) == form.carried(DOCUMENTS[0])


def test_whatever_the_model_refuses_has_a_danish_sentence() -> None:
    source = Path(model.__file__).read_text(encoding="utf-8")
    fields = set(re.findall(r'ValueError\(f?"([a-z_.]+): ', source))
    fields |= set(re.findall(r' _(?:rate|number)\("([a-z_.]+)"', source))
    assert fields == set(ubl.REFUSED)


@pytest.mark.parametrize(
    ("error", "place", "sentence"),
    [("period.ends: is before", "period.ends", ubl.REFUSED["period.ends"]), ("what: ever", "", ubl.NOT_OURS)],
)
def test_what_cannot_be_a_document_is_said_in_danish_with_its_place(error: str, place: str, sentence: str) -> None:
    form = FORMATS[0]

    def build(*_: object) -> Document:
        raise ValueError(error)

    with pytest.raises(UnreadableError) as refused:
        ubl.read(form.write(DOCUMENTS[0]), form.customization, build)
    assert (refused.value.place, str(refused.value)) == (place, sentence)


def test_what_a_file_says_is_quoted_on_one_line_and_not_at_length() -> None:
    assert ubl.quoted("a\nb\x1b[31m") == "»a b[31m«"
    assert ubl.quoted("x" * 60) == f"»{'x' * 60}«"
    assert ubl.quoted("x" * 61) == f"»{'x' * 60}…«"


SELLER_AT = "cac:AccountingSupplierParty/cac:Party"


@pytest.mark.parametrize(
    ("what", "instead", "place"),
    [
        ("billing:3.0<", "billing:4.0<", "cbc:CustomizationID"),
        ("<cbc:ID>P1-7<", "<cbc:ID>P1<", "cbc:ID"),
        ("<cbc:IssueDate>[^<]*</cbc:IssueDate>", "", "cbc:IssueDate"),
        ("<cbc:IssueDate>[^<]*<", "<cbc:IssueDate>i dag<", "cbc:IssueDate"),
        ('EndpointID schemeID="0184"', 'EndpointID schemeID="9999"', f"{SELLER_AT}/cbc:EndpointID"),
        ("<cac:AccountingSupplierParty>.*</cac:AccountingSupplierParty>", "", SELLER_AT),
        (">42<", ">48<", "cac:PaymentMeans/cbc:PaymentMeansCode"),
        (">42<", ">93<", "cac:PaymentMeans/cbc:PaymentID"),
        ("(Percent>)25<", r"\g<1>25.5<", "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
        ("(LineExtensionAmount[^>]*>)1950", r"\g<1>1951", "cbc:LineExtensionAmount"),
        ("LegalMonetaryTotal>", "Total>", "cac:LegalMonetaryTotal"),
        ("<cbc:PayableAmount.*?</cbc:PayableAmount>", "", "cbc:PayableAmount"),
        ('(PayableAmount currencyID=)"DKK"', r'\1"EUR"', "cbc:PayableAmount"),
        ("(PayableAmount[^>]*>)", r"\g<1>0.001", "cbc:PayableAmount"),
        ("(<cbc:EndDate>)2027-08-31", r"\g<1>2020-08-31", "period.ends"),
        ('unitCode="HUR"', 'unitCode="XX"', "line.unit"),
    ],
)
def test_a_refusal_names_the_place(what: str, instead: str, place: str) -> None:
    form = BY_NAME["peppol-bis-3"]
    text, count = re.subn(what, instead, form.write(DOCUMENTS[0]).decode(), flags=re.DOTALL)
    assert count
    with pytest.raises(UnreadableError) as refused:
        form.read(text.encode())
    assert refused.value.place == place


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_half_a_period_is_none(form: Format) -> None:
    xml = re.sub(b"<cbc:EndDate>.*?</cbc:EndDate>", b"", form.write(DOCUMENTS[0]))
    assert {line.period for line in form.read(xml).lines} == {None}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda _: b"", "ikke XML"),
        (lambda xml: xml[:-20], "ikke XML"),
        (lambda xml: b"PK\x03\x04" + xml, "ikke XML"),
        (lambda xml: b"%PDF-1.7 " + xml, "ikke XML"),
        (lambda xml: xml.replace(b'"UTF-8"', b'"bogus-1"'), "ikke XML"),
        (lambda xml: xml.decode().encode("cp1252"), "ikke XML"),
        (lambda _: b"<a>" * 100_000, "ikke XML"),
        (lambda xml: xml.replace(b"4711-2026", b"4711" * 3_000_000), "ikke XML"),
        (lambda _: b" " * (ubl.LARGEST_BYTES + 1), "fylder mere end"),
        (lambda xml: xml.replace(b"<Invoice ", b"<Reminder ").replace(b"/Invoice>", b"/Reminder>"), "»Reminder«"),
        (lambda xml: re.sub(b"CustomizationID>.*?<", b"CustomizationID>OIOUBL-3<", xml), "»OIOUBL-3« kender vi ikke"),
        (lambda xml: re.sub(b"<cbc:CustomizationID>.*?</cbc:CustomizationID>", b"", xml), "»« kender vi ikke"),
        (lambda xml: xml.replace(b"P1-7<", b"P1-" + b"7" * 5000 + b"<"), "ender ikke i et løbenummer"),
        (lambda xml: xml.replace(b"4069031234", b"&secret;"), "ikke XML"),
    ],
)
def test_a_file_that_is_no_document_gets_a_sentence_that_says_why(form: Format, change: Any, because: str) -> None:
    with pytest.raises(UnreadableError, match=because) as refused:
        formats.read(change(form.write(an_invoice(note="ærø"))))
    assert_a_sentence(str(refused.value))


BOMB = "".join(f'<!ENTITY {name} "{f"&{other};" * 10}">' for other, name in zip("abcdefgh", "bcdefghi", strict=True))
DOCTYPES = {
    "entities that grow": f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{BOMB}]>',
    "one entity": '<!DOCTYPE x [<!ENTITY i "x">]>',
    "a file of ours": '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/hostname">]>',
    "a network address": '<!DOCTYPE x [<!ENTITY i SYSTEM "http://127.0.0.1:9/x">]>',
    "a grammar elsewhere": '<!DOCTYPE x SYSTEM "file:///etc/hostname">',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
}


@pytest.mark.parametrize("what", DOCTYPES)
def test_entities_from_outside_or_without_end_are_refused(what: str) -> None:
    xml = FORMATS[0].write(an_invoice()).partition(b"\n")[2]
    with pytest.raises(UnreadableError, match=r"XML|dokumenttype") as refused:
        formats.read(DOCTYPES[what].encode() + xml.replace(b">ASTAP<", b">&i;<"))
    assert_a_sentence(str(refused.value))


FILES = {
    **{what: f"{doctype}<x>&i;</x>".encode() for what, doctype in DOCTYPES.items()},
    "nothing": b"",
    "another encoding than it says": '<?xml version="1.0" encoding="UTF-8"?><x>æ</x>'.encode("cp1252"),
    "a reminder": b'<Reminder xmlns="urn:oasis:names:specification:ubl:schema:xsd:Reminder-2"/>',
    "beyond all measure": b" " * (33 * 1024 * 1024),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_from_anywhere_gets_a_code_and_a_sentence_with_the_official_rules_and_without(
    what: str, official_rules: OfficialRules
) -> None:
    with OfficialRules(None) as none:
        without = document_files.check_file("file.xml", FILES[what], date(2026, 11, 22), none)
    asked = document_files.check_file("file.xml", FILES[what], date(2026, 11, 22), official_rules)
    assert asked.found == without.found
    ((code, _, sentence),) = asked.found
    assert code == "unreadable"
    assert re.fullmatch("Dokumentet kan ikke læses: .*[.]", sentence)
    assert asked.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "iso-8859-1"])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_document_in_another_encoding_that_says_so_is_read(form: Format, encoding: str) -> None:
    document = an_invoice(note="Ærø")
    text = form.write(document).decode().replace('"UTF-8"', f'"{encoding.removesuffix("-sig")}"')
    assert formats.read(text.encode(encoding, "xmlcharrefreplace")) == form.carried(document)
