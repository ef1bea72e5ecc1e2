"""Two entries of the address book that are one organisation become one, for good, and what was agreed stays agreed."""

from __future__ import annotations

import asyncpg
import pytest

from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.merge_organisations import MergeOrganisations, merge_organisations
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.read_organisations import read_organisation
from services.enrollment.usecases.read_sign_up_form import read_sign_up_form
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from shared.contracts.enrollment import InviteMunicipalities, OrganisationsMerged, VouchForAddress
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from tests.integration.enrollment.test_address_book import spreadsheet
from tests.integration.enrollment.test_book_pages import BOOK, names, pressed, text
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, sign_up
from tests.support.workplace import Workplace, typed

EAN = "5798000000001"


async def two(desk: Desk) -> None:
    """Hvidovre goes; both say something, and each has what the other lacks."""
    unit = PutUnit(id="unge", name="Ungecentret", billing=Billing(ean=EAN))
    goes = PutOrganisation(
        code=HVIDOVRE,
        main_email="hvidovre@k0167.example",
        roles={"borgmester": "bm@k0167.example", "chef": "chef@k0167.example"},
        billing=Billing(order_reference="gammel", account_string="0167"),
        domains=("k0167.example",),
        units=(unit,),
    )
    stays = PutOrganisation(
        code=AARHUS,
        main_email="post@k0751.example",
        roles={"borgmester": "bm@k0751.example"},
        billing=Billing(order_reference="ny"),
        domains=("k0751.example",),
    )
    for one in (goes, stays):
        await desk.ask(put_organisation, one)
    await desk.told()


MERGE = MergeOrganisations(code=HVIDOVRE, into=AARHUS)


async def test_the_one_that_stays_has_what_both_said_and_the_other_is_read_through_it(desk: Desk) -> None:
    await two(desk)
    answer = await desk.ask(merge_organisations, MERGE)
    assert (answer["units"], answer["roles"], answer["speakers"]) == (1, 1, 1)
    found, gone = await desk.read(read_organisation, code=AARHUS), await desk.read(read_organisation, code=HVIDOVRE)
    assert (found["main_email"], found["billing"]["order_reference"]) == ("post@k0751.example", "ny")
    assert found["billing"]["account_string"] == "0167"
    assert found["roles"] == {"borgmester": "bm@k0751.example", "chef": "chef@k0167.example"}
    assert (found["domains"], [one["id"] for one in found["units"]]) == (["k0167.example", "k0751.example"], ["unge"])
    assert (gone["name"], gone["merged_into"], gone["main_email"]) == (
        "Hvidovre Kommune",
        AARHUS,
        "post@k0751.example",
    )
    (fact,) = [one for one in await desk.told() if isinstance(one, OrganisationsMerged)]
    assert (fact.organisation.code, fact.into.code, fact.subject) == (HVIDOVRE, AARHUS, f"organisation/{HVIDOVRE}")
    await desk.ask(merge_organisations, MERGE)
    assert await desk.told() == [], "said again it changes nothing"


async def test_what_was_merged_into_one_that_goes_goes_with_it_and_nothing_else_can_be_stored(desk: Desk) -> None:
    await two(desk)
    await desk.ask(merge_organisations, MERGE)
    await desk.ask(merge_organisations, MergeOrganisations(code=AARHUS, into=KOEBENHAVN))
    for code in (HVIDOVRE, AARHUS):
        assert (await desk.read(read_organisation, code=code))["merged_into"] == KOEBENHAVN
    for wrong in (
        f"UPDATE organisations SET merged_into = '{HVIDOVRE}', merged_at = now() WHERE code = '0147'",
        f"UPDATE organisations SET merged_into = code, merged_at = now() WHERE code = '{KOEBENHAVN}'",
        f"UPDATE organisations SET merged_into = '0147', merged_at = now() WHERE code = '{KOEBENHAVN}'",
        "UPDATE organisations SET merged_into = '0147' WHERE code = '0157'",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await desk.pool.execute(wrong)


async def test_enrolments_keep_their_name_and_a_code_that_went_is_refused_in_words_wherever_it_is_used(
    desk: Desk,
) -> None:
    await two(desk)
    await desk.publish()
    (place,) = await desk.enrol(sign_up(HVIDOVRE))
    assert not isinstance(place, Refused)
    answer = await desk.ask(merge_organisations, MERGE)
    assert answer["enrolments"] == 1
    kept = await desk.read(read_enrolment, enrolment_id=place.body["enrolment_id"])
    assert (kept["organisation"]["name"], kept["state"]) == ("Hvidovre Kommune", "enrolled")

    text_of_it = "Hvidovre Kommune er lagt sammen med organisationen 0751. Brug den kode i stedet."
    put = await desk.refusal(put_organisation, PutOrganisation(code=HVIDOVRE))
    assert (put.code, put.detail) == ("organisation_merged", text_of_it)
    sheet = ImportAddresses(content=spreadsheet([HVIDOVRE, "", "x@k0167.example", None, None, None, None, None]))
    assert "er lagt sammen med organisationen 0751" in str((await desk.refusal(import_addresses, sheet)).extra)
    round_of = InviteMunicipalities(programme_id=P1, round_id="r", organisation_codes=(HVIDOVRE,))
    assert (await desk.refusal(invite_municipalities, round_of)).code == "organisation_merged"
    form = await desk.read(lambda tx, _: read_sign_up_form(tx, P1))
    assert HVIDOVRE not in {one.code for one in form.municipalities}
    await desk.ask(vouch_for_address, VouchForAddress(organisation_code=HVIDOVRE, email="ny@by.example"))
    assert "ny@by.example" in (await desk.read(read_organisation, code=AARHUS))["mailboxes"]


async def test_a_new_sign_up_of_a_code_that_went_is_refused_and_one_that_is_invited_goes_on(desk: Desk) -> None:
    await two(desk)
    await desk.publish()
    await desk.ask(
        invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="r", organisation_codes=(HVIDOVRE,))
    )
    await desk.ask(merge_organisations, MergeOrganisations(code=KOEBENHAVN, into=AARHUS))
    await desk.ask(merge_organisations, MERGE)
    refused, going_on = await desk.enrol(sign_up(KOEBENHAVN), sign_up(HVIDOVRE))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.field) == ("organisation_merged", "organisation_code")
    assert not isinstance(going_on, Refused)


async def test_units_of_one_id_that_are_not_the_same_are_for_staff_to_put_right_first(desk: Desk) -> None:
    await two(desk)
    other = PutOrganisation(code=AARHUS, units=(PutUnit(id="unge", name="Et andet"),))
    await desk.ask(put_organisation, other)
    assert "Begge har en enhed »unge«" in str((await desk.refusal(merge_organisations, MERGE)).detail)
    same = MergeOrganisations(code=AARHUS, into=AARHUS)
    assert (await desk.refusal(merge_organisations, same)).code == "same_organisation"
    nobody = MergeOrganisations(code="9999", into=AARHUS)
    assert (await desk.refusal(merge_organisations, nobody)).code == "unknown_organisation"


async def test_doubles_are_proposed_and_merged_on_a_page_that_first_says_that_it_is_for_good(
    workplace: Workplace,
) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    await two(desk)
    assert "Ingen to har noget til fælles" in text(await browser.get(f"{BOOK}/dobbelte"))
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, billing=Billing(ean="5798000000025")))
    await desk.ask(put_organisation, PutOrganisation(code=HVIDOVRE, billing=Billing(ean="5798000000025")))
    pairs = await browser.get(f"{BOOK}/dobbelte")
    assert "Hvidovre Kommune (0167) og Aarhus Kommune (0751) Samme ean-nummer" in text(pairs)
    path = f"{BOOK}/{HVIDOVRE}/laeg-sammen?med={AARHUS}"
    shown = await browser.get(path)
    looked = await browser.post(path, data=typed(shown.text, other=AARHUS, stays="anden", _se="1"))
    for said in (
        "Det kan ikke gøres om.",
        "Tilmeldinger beholder det navn, de blev aftalt med.",
        "Hvidovre Kommune (0167) forsvinder fra adressebogen. Aarhus Kommune (0751) bliver.",
        "To organisationer i adressebogen blev lagt sammen",
    ):
        assert said in text(looked), said
    assert await desk.told() == []
    assert (await pressed(browser, path, looked)).headers["location"] == f"{BOOK}/{HVIDOVRE}?besked=lagt-sammen"
    book = await browser.get(BOOK)
    assert len(names(book)) == 97
    assert "Er lagt sammen med Aarhus Kommune" in text(await browser.get(f"{BOOK}/{HVIDOVRE}"))
    assert "Lagt sammen hertil Hvidovre Kommune" in text(await browser.get(f"{BOOK}/{AARHUS}"))
    assert (await browser.get(f"{BOOK}/dobbelte")).text.count("laeg-sammen") == 0
