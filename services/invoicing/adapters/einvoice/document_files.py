"""Files of documents that no invoice of ours stands behind: samples to make, e-invoices from anywhere to check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.invoicing.adapters.einvoice import pdf
from services.invoicing.adapters.einvoice.formats import FORMATS, chosen, read
from services.invoicing.adapters.einvoice.formats.ubl import UnreadableError
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.adapters.einvoice.pdf_files import Wrong, is_pdf, take_apart
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.document.samples import SAMPLES

NOT_ASKED = {"XML", "FORMAT"}
"""What `official_rules` answers when a file is no XML, or has no rules."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a file, and sentences that say what was not checked."""

    found: tuple[Wrong, ...]
    notes: tuple[str, ...] = ()


def samples() -> dict[str, bytes]:
    """By file name."""
    found: dict[str, bytes] = {}
    for name, document in SAMPLES.items():
        for form in FORMATS:
            found[f"{name}-{form.name}.xml"] = form.write(document)
        form = chosen(None, document.issued_on)
        found[f"{name}.pdf"] = pdf.write(document, form.write(document), form.title)
    return found


def check_file(name: str, content: bytes, today: date, rules: OfficialRules) -> Checked:
    """An e-invoice, or a PDF with one in it, which is judged as if it had come alone."""
    if not is_pdf(name, content):
        return _check_xml(content, today, rules)
    taken = take_apart(content)
    notes = (taken.note,) if taken.note else ()
    if taken.xml is None:
        return Checked(taken.found, notes)
    inside = _check_xml(taken.xml, today, rules)
    return Checked(taken.found + inside.found, notes + inside.notes)


def _check_xml(xml: bytes, today: date, rules: OfficialRules) -> Checked:
    verdict = rules.check(xml)
    found = [(one.rule, one.location, one.text) for one in verdict.errors]
    try:
        found += [(one.code, one.field, one.message) for one in check(read(xml), today)]
    except UnreadableError as error:
        # What the official rules have found is said better there; that they could not even be asked, here in Danish.
        found = [one for one in found if one[0] not in NOT_ASKED]
        found = found or [("unreadable", error.place, f"Dokumentet kan ikke læses: {error}.")]
    return Checked(tuple(found), (verdict.left_out.value,) if verdict.left_out else ())
