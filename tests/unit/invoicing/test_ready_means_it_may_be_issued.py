"""What is checked of a claim is enough: no invoice of claims that are ready fails a check, or cannot be written.

Numbers are drawn in the transaction that issues, and are gapless: by then it is too late to find something.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.invoicing.adapters.einvoice.formats import FORMATS
from services.invoicing.domain.claim import NOT_ENDED, Appointed, MeetingEnd, address_to, extra_claim, fee_claims
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.from_invoice import demands_of, invoice_document
from services.invoicing.domain.invoice import Held, group, issue
from shared.contracts.parties import Address, Billing, Contact, Organisation
from shared.contracts.programme import ExtraTerm, FeeTerm
from tests.support.facts import SELLER, a_person, a_programme, an_enrolment, an_extra_participant

TOLD = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
TODAY = date(2021, 4, 16)
OWNER = "/tovholder/invoicing"
HELD = Held("Netværksmøde 3", date(2021, 4, 15))
ENDED = MeetingEnd(held_on=HELD.held_on)


def mostly(right: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Right often enough that a whole claim is right quite often."""
    return st.sampled_from([right] * 25 * len(others) + list(others))


texts = st.one_of(
    st.just("Ekstra deltager"), st.text(max_size=30), st.sampled_from(["", " ", "\x00", "\u2028", "x" * 300])
)
sellers = st.fixed_dictionaries(
    {
        "name": mostly("Foreningen af Kommuner", "", "\x07"),
        "cvr": mostly("62532424", "62532416", "00000000"),
        "street": mostly("Eksempelgade 10", "", "\n"),
        "bank_account": mostly("4069031234", "", "12"),
        "bank_registration": mostly("0216", "0000", "21"),
        "payment": st.sampled_from(["bank", "iban", "fik71", "fik73", "fik75", "nemkonto"]),
        "iban": mostly("DK5000400440116243", "", "DK5000400440116244"),
        "bic": mostly("DABADKKK", "", "DABA"),
        "fik_creditor": mostly("81234567", "", "71234567"),
        "vat_exemption": mostly("Undervisning, momslovens § 13", "", "\t"),
        "payment_days": mostly(30, 0, 9_999_999),
        "sender_name": mostly("Foreningen af Kommuner", ""),
        "series": mostly("N", "N ", "Æ-2020"),
    }
)
addresses = st.builds(
    Address,
    street=mostly("Rådhuspladsen 1", ""),
    postcode=mostly("1550", ""),
    city=mostly("København V", " "),
    country=mostly("DK", "Danmark", ""),
)
billings = st.builds(
    Billing,
    ean=mostly("5798000000001", None, "5798000000002", "579800000000", " 5798000000001\n", "\x00"),
    order_reference=st.sampled_from([None, "4711-2020", "", " "]),
    person_reference=st.sampled_from(["ASTAP", "ASTAP", None, "", "\x00"]),
    account_string=st.sampled_from([None, "01.02.03", ""]),
    p_number=st.sampled_from([None, "1003388394", "12"]),
    format=st.sampled_from([None, "peppol", "oioubl"]),
    unit_name=st.sampled_from([None, "", "Jobcentret", " ", "\x00", "x" * 300]),
    cvr=st.sampled_from([None, None, None, "29189978", "12345678"]),
    address=addresses | mostly(Address(street="Rådhuspladsen 1", postcode="1550", city="København V"), None),
    demands=st.lists(
        st.sampled_from(["gln", "order", "person", "account_string", "contact"]), unique=True, max_size=2
    ).map(tuple),
)
contacts = st.builds(
    Contact,
    person_id=st.just("p-1"),
    name=mostly("Astrid Apricot", "", " ", "\u202e", "x" * 10_000),
    email=st.just("astap@kommune.example"),
)


fees = st.builds(
    FeeTerm,
    id=st.just("1"),
    text=texts,
    amount_ore=st.integers(1, 10**12),
    vat_percent=st.sampled_from([25, 25, 25, 0, 12]),
    invoice_on=st.just(date(2020, 9, 1)),
)
extras = st.builds(
    ExtraTerm, price_ore=st.integers(1, 10**12), vat_percent=st.sampled_from([25, 25, 25, 0, 12]), text=texts
)
organisations = st.builds(
    Organisation,
    code=st.just("0101"),
    name=mostly("Københavns Kommune", "", " "),
    cvr=mostly("29189978", None, "12345678"),
)
said = {"billing": billings, "contact": contacts, "organisation": organisations}


@given(
    sellers,
    st.fixed_dictionaries(said),
    st.none() | contacts,
    st.lists(fees, min_size=1, max_size=1),
    st.lists(extras, min_size=2, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_an_invoice_of_claims_that_are_ready_passes_every_check_and_can_be_written_in_every_format(
    seller: dict[str, Any], told: dict[str, Any], newer: Contact | None, fees: list[FeeTerm], extras: list[ExtraTerm]
) -> None:
    programme = a_programme(seller=SELLER.model_copy(update=seller))
    claims = fee_claims(an_enrolment(programme=programme, **told, fees=tuple(fees)), TOLD)
    claims += [
        extra_claim(
            an_extra_participant(
                programme=programme, **told, terms=terms, person=a_person(email=f"{at}@kommune.example")
            ),
            TOLD,
            ENDED,
        )
        for at, terms in enumerate(extras)
    ]
    ready = [claim for claim in claims if claim.state == "ready"]
    if newer is not None:
        appointed = Appointed(newer, TOLD + timedelta(days=1))
        decided = [
            address_to(claim, appointed, programme, OWNER, ENDED if claim.meeting_id else NOT_ENDED) for claim in ready
        ]
        # Staff hear of each that this holds back, and of no other.
        assert all(bool(one.facts) == (one.after.state != "ready") for one in decided)
        ready = [one.after for one in decided if one.after.state == "ready"]

    versions = {(programme.id, programme.version): programme}
    for billed in group(ready):
        invoice = issue(billed, 7, TODAY, versions, {billed[0].meeting_id: HELD} if billed[0].meeting_id else {})
        event(f"an invoice of {len(billed)}")
        document = invoice_document(invoice)
        assert check(document, TODAY, demands_of(told["billing"])) == ()
        for form in FORMATS:
            assert form.write(document)
