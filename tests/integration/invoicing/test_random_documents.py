"""Whatever is invoiced, each format says it so that the official rules and our own checks agree, and says all of it.

100 random documents of each format; `make documents` makes 1,000.
"""

from __future__ import annotations

import pytest
from hypothesis import given

from services.invoicing.adapters.formats import FORMATS, Format
from services.invoicing.domain.document import Document
from services.invoicing.domain.document_checks import check
from tests.support.documents import SECONDS, TODAY, documents, random_documents
from tests.support.official_rules import MustPass


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@random_documents
@given(document=documents())
def test_any_document_passes_the_official_rules_and_is_read_back_as_it_was(
    form: Format, must_pass: MustPass, document: Document
) -> None:
    assert check(document, TODAY) == ()
    xml = form.write(document)
    must_pass(xml)
    read = form.read(xml)
    assert read == form.carried(document)
    assert read.told == read.totals == document.totals
    assert form.write(read) == form.write(form.carried(document))
