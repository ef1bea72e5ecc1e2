"""The letter that confirms a place, or says that there is none yet, carries a receipt.

It is the same PDF each time, and there is no secret in it.
"""

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


def test_whoever_waits_has_a_receipt_of_all_it_signed_up_with_that_promises_no_place() -> None:
    text = words(written("receipt of a waiting list"))
    for wanted in (
        "Kvittering for tilmelding", "Københavns Kommune", "Kontaktperson: Asta Eksempelsen",
        "Modtaget mandag den 15. juni 2020",
        "Status På venteliste – med forbehold for politisk godkendelse", "Prisen, hvis I får en plads",
        "den giver ikke en plads, og der er ikke lovet nogen",
        "Deltagergebyr for begge år 1. september 2020 19.500,00 4.875,00 24.375,00",
        "Heldagsmøde: 3 pladser er med i prisen", "EAN-nummer 5798009800015",
        "Der er ikke aftalt noget, før I får en plads",
        "Pladser, der bliver ledige, tilbydes i den rækkefølge, tilmeldingerne kom i.",
        "I kan først få en, når det er godkendt", "en ny kvittering med det, der er aftalt",
        "I betaler ikke noget, før I har en plads.",
    ):  # fmt: skip
        assert wanted in text, wanted
    for promised in ("Plads bekræftet", "Plads reserveret", "har fået en plads", "Det er aftalt", "Tilmeldt 15. juni"):
        assert promised not in text, promised


def test_whoever_waits_for_the_deadline_reads_when_places_are_given_and_what_it_answered_and_declared() -> None:
    text = words(written("receipt before the deadline"))
    for wanted in (
        "Status Modtaget", "pladserne er ikke givet endnu", "Tilmeldingsfrist: 21. august 2020.",
        "Pladserne gives efter tilmeldingsfristen fredag den 21. august 2020, i den rækkefølge, tilmeldingerne kom i.",
        "Hvorfor vil I gerne være med?", "Vi vil lære af de andre.", "I har erklæret", "Der er politisk opbakning.",
        "som Foreningen af Kommuner modtog mandag den 15. juni 2020",
    ):  # fmt: skip
        assert wanted in text, wanted
    term = WithdrawalTerm(owes="all", free_until=date(2020, 9, 30))
    content = receipt.write(CONTACT.name, papers.waiting_receipt(by_form=True, withdrawal=term, **papers.ANSWERED))
    assert content is not None
    text = words(content)
    assert "erklærede ved tilmeldingen mandag den 15. juni 2020 kl. 11.30, ved Asta Eksempelsen, kontaktperson:" in text
    assert "Får kommunen en plads, og melder den sig så fra, skylder den hele gebyret" in text


def test_what_a_version_before_told_of_whoever_waits_has_no_receipt_nor_says_that_it_has() -> None:
    assert receipt.write(CONTACT.name, papers.waiting_receipt(billing=None)) is None


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


@pytest.mark.parametrize("waits", [False, True], ids=["place", "waits"])
@pytest.mark.parametrize("name", papers.HOSTILE)
def test_hostile_texts_can_be_set(name: str, *, waits: bool) -> None:
    text = papers.HOSTILE[name]
    content = receipt.write(text, papers.hostile_receipt(text, waits=waits))
    assert content is not None
    assert "root:" not in words(content)


def test_a_letter_from_before_there_were_receipts_has_none() -> None:
    says = papers.receipt()
    del says["receipt"]
    assert receipt.write(CONTACT.name, says) is None
