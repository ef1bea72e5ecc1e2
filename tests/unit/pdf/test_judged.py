"""Every kind of document meets PDF/A-3a and PDF/UA-1, whatever stands in it; veraPDF says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import typst

from services.enrollment.adapters import meeting_papers
from services.enrollment.domain.attendees import Attendee
from services.invoicing.adapters.einvoice import pdf
from services.invoicing.adapters.einvoice.formats import FORMATS
from services.notifications.adapters import receipt
from tests.support import papers, verapdf
from tests.support.facts import CONTACT
from tests.support.verapdf import Flavour

pytestmark = pytest.mark.timeout(300)  # a Java start, and a large file
_LONG = 1_000
"""In every place of a document a longer text makes 80 pages."""
OTHER_ORDER = '#set document(title: "x", date: datetime(year: 2021, month: 1, day: 1))\n#set text(lang: "da")\n'


def _everything() -> dict[str, bytes]:
    together = " ".join(text for text in papers.HOSTILE.values() if len(text) < _LONG)
    documents = papers.everyday() | {"hostile": papers.hostile(together)}
    for name in ("long word", "long text"):
        base = papers.invoice()
        lines = (replace(base.lines[0], text=papers.HOSTILE[name], description=papers.HOSTILE[name]), *base.lines[1:])
        documents[f"hostile {name}"] = replace(base, lines=lines)
    made = {}
    for name, document in documents.items():
        formats = FORMATS if name in papers.everyday() else FORMATS[:1]
        for one in formats:
            made[f"{name}, {one.name}"] = pdf.write(document, one.write(document), one.title)
    for name, says in papers.receipts().items():
        made[name] = receipt.write(CONTACT.name, says) or b""
    made |= {path.name: path.read_bytes() for path in papers.SAMPLES.glob("*.pdf")}
    people = [
        Attendee("e", text, str(number), text, "", level="Leder")
        for number, text in enumerate(("Åse Ågård", "Københavns Kommune", *papers.HOSTILE.values()))
    ]
    about = {"meeting": "Temadag", "when": "1. juni 2020", "where": "Vejle", "programme": together, "seller": "Os"}
    for paper in get_args(meeting_papers.Paper):
        for name, some in (("nobody", []), ("everybody", people)):
            made[f"{paper}, {name}"] = meeting_papers.write(paper, about, some, date(2020, 6, 1))
    made["hostile receipt"] = receipt.write(together, papers.hostile_receipt(together)) or b""
    return made


def test_the_samples_are_what_is_made_today() -> None:
    """If they are to change, `python -m tests.support.papers` writes them anew; look at them before they go in."""
    made = papers.samples()
    assert [name for name, content in made.items() if (papers.SAMPLES / name).read_bytes() != content] == []


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_every_document_meets_the_standard(flavour: Flavour, tmp_path: Path) -> None:
    made = _everything()
    found = verapdf.findings(tmp_path, made, flavour)
    assert {name: broken for name, broken in found.items() if broken} == {}
    assert set(found) == set(made)
    assert len(made) > 10


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_the_judge_refuses_what_does_not_meet_it(flavour: Flavour, tmp_path: Path) -> None:
    plain = typst.compile(b"Uden titel")
    other = typst.compile(
        OTHER_ORDER.encode() + b"= Faktura\n#sys.version",
        pdf_standards=["ua-1"] if flavour == "3a" else ["a-3a"],
        timestamp=0,
    )
    good = pdf.write(papers.invoice(), b"<Invoice/>", "UBL")
    found = verapdf.findings(tmp_path, {"plain": plain, "other": other, "good": good}, flavour)
    assert found["plain"]
    assert found["other"], "one standard does not stand for the other"
    assert found["good"] == []


def test_a_text_that_no_font_draws_would_be_refused(tmp_path: Path) -> None:
    """What the replacement of missing characters is for: the same layout without it is no PDF/A."""
    source = OTHER_ORDER.encode() + '#set text(font: "Libertinus Serif", fallback: false)\n東京'.encode()
    found = verapdf.findings(tmp_path, {"missing": typst.compile(source, ignore_system_fonts=True)}, "3a")
    assert any("6.2.11" in clause for clause in found["missing"])
    document = replace(papers.invoice(), note="東京", issued_on=date(2021, 1, 1))
    assert verapdf.findings(tmp_path, {"ours": pdf.write(document, b"<Invoice/>", "UBL")}, "3a") == {"ours": []}
