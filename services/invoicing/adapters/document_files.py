"""Files of documents that no invoice of ours stands behind: samples to make, e-invoices from anywhere to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.invoicing.adapters import pdf
from services.invoicing.adapters.formats import FORMATS, chosen, read
from services.invoicing.adapters.formats.ubl import UnreadableError
from services.invoicing.domain.document_checks import check
from services.invoicing.domain.samples import SAMPLES

if TYPE_CHECKING:
    from datetime import date

    from services.invoicing.adapters.official_rules import OfficialRules

Wrong = tuple[str, str, str]
"""Code, field or place in the file, and a sentence."""


def samples() -> dict[str, bytes]:
    """By file name."""
    found: dict[str, bytes] = {}
    for name, document in SAMPLES.items():
        for form in FORMATS:
            found[f"{name}-{form.name}.xml"] = form.write(document)
        form = chosen(None, document.issued_on)
        found[f"{name}.pdf"] = pdf.write(document, form.write(document), form.title)
    return found


def check_file(xml: bytes, today: date, rules: OfficialRules) -> tuple[list[Wrong], str | None]:
    """What the official rules and our own checks say of it; and why the official ones were left out, if they were."""
    verdict = rules.check(xml)
    found = [(one.rule, one.location, one.text) for one in verdict.errors]
    try:
        found += [(one.code, one.field, one.message) for one in check(read(xml), today)]
    except UnreadableError as error:
        # What the official rules have found already is said better there.
        found = found or [("unreadable", "", f"Dokumentet kan ikke læses: {error}.")]
    return found, verdict.left_out.value if verdict.left_out else None
