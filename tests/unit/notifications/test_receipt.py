"""The letter that confirms a place carries a receipt: the same PDF each time, and no secret in it."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date

import pypdf
import pytest

from deploy.local.locations import ROOT
from services.notifications.adapters import receipt
from shared.contracts.enrollment import Forbehold
from shared.contracts.programme import WithdrawalTerm
from tests.support import papers
from tests.support.facts import CONTACT, an_enrolment


def words(content: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(content))
    return " ".join("\n".join(page.extract_text() for page in reader.pages).split())


def written(name: str) -> bytes:
    content = receipt.write(CONTACT.name, papers.receipts()[name])
    assert content is not None
    return content


def test_a_receipt_says_who_what_when_and_what_it_costs() -> None:
    text = words(written("receipt"))
    for wanted in (
        "Kvittering for tilmelding", "Foreningen af Kommuner", "CVR-nr. 62532416", "Københavns Kommune",
        "Kontaktperson: Asta Eksempelsen", "Netværk Netværk om den kommunale ungeindsats", "Tilmeldt 15. juni 2020",
        "Status Plads bekræftet", "Deltagergebyr for begge år 1. september 2020 19.500,00 4.875,00 24.375,00",
        "Heldagsmøde: 3 pladser er med i prisen", "EAN-nummer 5798009800015", "Det sker der nu", "Side 1 af 1",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_a_forbehold_is_said_and_what_is_not_agreed_is_not() -> None:
    text = words(written("receipt with forbehold"))
    assert "Plads reserveret – med forbehold for politisk godkendelse" in text
    assert "Plads bekræftet" not in text
    text = words(written("receipt without a fee"))
    assert "Det er aftalt" not in text
    assert "Sådan får I fakturaen" not in text


def test_it_says_what_whoever_leaves_owes_as_agreed() -> None:
    term = WithdrawalTerm(owes="all", free_until=date(2020, 9, 30))
    content = receipt.write(CONTACT.name, papers.receipt(withdrawal=term))
    assert content is not None
    text = words(content)
    assert "Melder kommunen sig fra, skylder den hele gebyret" in text
    assert "Til og med 30. september 2020 kan den gøre det uden at skylde noget." in text
    assert "Melder kommunen sig fra" not in words(written("receipt"))


def test_it_says_until_when_a_forbehold_holds_and_an_extra_person_is_free() -> None:
    forbehold = Forbehold(committee="Udvalget", lapses_after=date(2020, 9, 30))
    content = receipt.write(CONTACT.name, papers.receipt(forbehold_open=True, forbehold=forbehold))
    assert content is not None
    assert "Forbeholdet holder pladsen til og med 30. september 2020." in words(content)
    # An answer that is there, or a programme that holds it for ever, says no day.
    assert "Forbeholdet holder" not in words(written("receipt"))
    assert "Forbeholdet holder" not in words(written("receipt with forbehold"))
    for days, until in {
        None: "indtil mødet begynder",
        0: "til og med mødets første dag",
        1: "til og med dagen før mødets første dag",
        14: "til og med 14 dage før mødets første dag",
    }.items():
        (seat,) = an_enrolment().seats
        assert seat.extra is not None
        extra = seat.extra.model_copy(update={"free_until_days": days})
        said = receipt.write(CONTACT.name, papers.receipt(seats=(seat.model_copy(update={"extra": extra}),)))
        assert said is not None
        assert f"Heldagsmøde: en ekstra deltager kan afmeldes uden betaling {until}." in words(said)


def test_the_secret_link_stands_in_the_letter_only() -> None:
    says = papers.receipt()
    assert says["path"] == "/deltagere/eksempel"
    assert "/deltagere" not in words(written("receipt"))
    assert b"deltagere/" not in written("receipt")


def test_its_metadata_name_nobody() -> None:
    reader = pypdf.PdfReader(io.BytesIO(written("receipt")))
    assert reader.metadata is not None
    assert reader.metadata.title == "Kvittering for tilmelding – Netværk om den kommunale ungeindsats"
    assert reader.metadata.author is None
    assert reader.root_object["/Lang"] == "da-DK"
    assert list(reader.attachment_list) == []


def test_the_same_letter_has_the_same_receipt_in_another_process() -> None:
    script = (
        "from tests.support import papers; from tests.support.facts import CONTACT;"
        "from services.notifications.adapters import receipt;"
        "print(papers.digest(receipt.write(CONTACT.name, papers.receipt())))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == papers.digest(written("receipt"))


@pytest.mark.parametrize("name", papers.HOSTILE)
def test_hostile_texts_can_be_set(name: str) -> None:
    text = papers.HOSTILE[name]
    content = receipt.write(text, papers.hostile_receipt(text))
    assert content is not None
    assert "root:" not in words(content)


def test_a_letter_from_before_there_were_receipts_has_none() -> None:
    says = papers.receipt()
    del says["receipt"]
    assert receipt.write(CONTACT.name, says) is None
