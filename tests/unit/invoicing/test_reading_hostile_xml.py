"""Files from outside are read or refused with a sentence; nothing else ever comes of them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.invoicing.adapters import formats
from services.invoicing.adapters.formats import FORMATS, Format
from services.invoicing.adapters.formats.ubl import UnreadableError
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
    with contextlib.suppress(UnreadableError):
        formats.read(etree.tostring(root))


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
