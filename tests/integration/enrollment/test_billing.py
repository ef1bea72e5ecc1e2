"""What an invoice needs: by unit, checked when it is given, and given later without the place waiting for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.domain.enrolment import DETAILS, enrolment_id
from services.enrollment.usecases.change_billing import change_billing
from services.enrollment.usecases.change_extra_billing import change_extra_billing
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.read_organisations import read_organisation
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.problems import problem_of
from shared.contracts.enrollment import (
    BillingChanged,
    BillingReminderDue,
    ChangeBilling,
    ChangeExtraBilling,
    ExtraBillingChanged,
    ExtraParticipantAdded,
    MunicipalityEnrolled,
    RegisterParticipant,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.parties import Address, Billing
from shared.contracts.refusal import Refused, errors_of
from tests.integration.enrollment.test_address_book import spreadsheet
from tests.support.enrollment_desk import AARHUS, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet

EAN, JOB_EAN = "5798009800015", "5798009800022"
ADDRESS = Address(street="Rådhuspladsen 2", postcode="8000", city="Aarhus C")
WHOLE = Billing(ean=EAN, address=ADDRESS, demands=("order",))
JOB = PutUnit(id="job", name="Jobcentret", billing=Billing(ean=JOB_EAN, demands=("person",)))
SCHOOL = PutUnit(id="skole", name="Skolen", billing=Billing(cvr="29189978", format="oioubl"))
REMINDS = "  billing: {remind_before: [14, 3], remind_after: [7], remind_every: 14}\n"
ENROLMENT = enrolment_id(P1, AARHUS)


async def book(desk: Desk, billing: Billing = WHOLE) -> None:
    entry = {"billing": billing, "units": (JOB, SCHOOL), "domains": (f"k{AARHUS}.example",)}
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, **entry))


async def enrolled(desk: Desk, **said: Any) -> MunicipalityEnrolled:
    await desk.publish(programme_text().replace("  contact_label:", f"{REMINDS}  contact_label:", 1))
    (outcome,) = await desk.enrol(sign_up(AARHUS, **said))
    assert isinstance(outcome, Answer), outcome.detail
    (told,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    return told


async def change(desk: Desk, **said: Any) -> dict[str, Any]:
    return await desk.ask(change_billing, ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(**said)))


async def alarm(desk: Desk) -> Any:
    return await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", DETAILS)


# The address book ---------------------------------------------------------------------------------------------------


async def test_an_entry_has_units_each_with_its_own_billing_and_all_of_it_is_kept(desk: Desk) -> None:
    abroad = Address(street="Gade 1", postcode="211 20", city="Malmö", country="SE")
    whole = Billing(p_number="1003388394", address=abroad, demands=("order", "contact"), format="peppol")
    await book(desk, whole)
    found = await desk.read(read_organisation, code=AARHUS)
    assert found["billing"] == whole.model_dump(mode="json")
    assert found["units"] == [
        {"id": one.id, "name": one.name, "billing": one.billing.model_dump(mode="json")} for one in (JOB, SCHOOL)
    ]
    # What is not said of units leaves them; none are none.
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, cvr="29189978"))
    found = await desk.read(read_organisation, code=AARHUS)
    assert (len(found["units"]), found["cvr"]) == (2, "29189978")
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, units=()))
    assert (await desk.read(read_organisation, code=AARHUS))["units"] == []


async def test_a_sheet_says_units_by_code_and_unit_and_again_changes_nothing(desk: Desk) -> None:
    content = spreadsheet(
        [751, None, None, EAN, "ordre"],
        [751, "job", "Jobcentret", JOB_EAN, "person"],
        heading=["Kommunekode", "Enhed", "Enhedens navn", "EAN-nummer", "Fakturakrav"],
    )
    for changed in (1, 0):
        answer = await desk.ask(import_addresses, ImportAddresses(content=content, dry_run=False))
        assert (answer["rows"], answer["changed"]) == (2, changed)
    (unit,) = (await desk.read(read_organisation, code=AARHUS))["units"]
    assert (unit["id"], unit["name"], unit["billing"]["ean"]) == ("job", "Jobcentret", JOB_EAN)


@pytest.mark.parametrize(
    "wrong",
    ["ean = '123'", "p_number = '0'", "unit_name = ''", "street = 'Gade'", "country = 'DK'", "demands = '{hest}'"],
)
async def test_the_database_keeps_no_unit_that_cannot_be(desk: Desk, wrong: str) -> None:
    await book(desk)
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute(f"UPDATE organisation_units SET {wrong}")


# Signing up ---------------------------------------------------------------------------------------------------------


async def test_a_place_is_given_at_once_with_the_units_billing_and_what_is_missing_is_told(desk: Desk) -> None:
    await book(desk)
    told = await enrolled(desk, billing=Billing(unit="job"))
    assert (told.billing.ean, told.billing.unit, told.billing.unit_name) == (JOB_EAN, "job", "Jobcentret")
    assert (told.billing.address, told.billing.demands) == (ADDRESS, ("person",))
    assert told.billing_missing == ("person_reference",)
    shown = await desk.read(read_enrolment, enrolment_id=ENROLMENT)
    assert (shown["billing"]["unit"], shown["billing_missing"]) == ("job", ["person_reference"])


async def test_everything_that_is_wrong_in_a_sign_up_is_said_at_once(desk: Desk) -> None:
    await book(desk)
    await desk.publish()
    wish = sign_up(AARHUS, contact_email="nej", billing=Billing(ean="1", cvr="2"))
    (refused,) = await desk.enrol(wish)
    assert isinstance(refused, Refused)
    assert [(one["field"], one["code"]) for one in errors_of(refused)] == [
        ("contact_email", "invalid_email"),
        ("billing.ean", "invalid_ean"),
        ("billing.cvr", "invalid_cvr"),
    ]
    assert [one["field"] for one in problem_of(refused)["errors"]] == ["contact_email", "billing.ean", "billing.cvr"]


async def test_an_unknown_unit_is_refused_with_those_that_there_are_to_staff_and_to_nobody_else(town: Town) -> None:
    desk = town.desk
    await book(desk)
    await desk.publish()
    wish = sign_up(AARHUS, billing=Billing(unit="byg"))
    (refused,) = await desk.enrol(wish)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.status) == ("unknown_unit", 422)
    assert "job (Jobcentret)" in refused.detail
    answer = await town.api("POST", "/enrolments", wish.model_dump(mode="json"), Authorization=f"Bearer {SCOPED}")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_unit")
    assert "Jobcentret" not in answer.text


async def test_a_form_that_anybody_may_send_finds_out_nothing_of_units_and_an_ean_number_names_one(desk: Desk) -> None:
    await book(desk)
    await desk.publish()
    for unit in ("job", "byg"):
        form = ReceiveSignUp(form=sign_up(AARHUS, billing=Billing(unit=unit)))
        refused = await desk.refusal(receive_sign_up, form)
        assert (refused.code, refused.detail) == ("unknown_unit", "Skriv enhedens EAN-nummer.")
    await desk.press(await desk.form(billing=Billing(ean=JOB_EAN)))
    (told,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert (told.billing.unit, told.billing.demands) == ("job", ("person",))


# Given later --------------------------------------------------------------------------------------------------------


async def test_what_was_missing_is_given_later_told_whole_and_asked_for_no_more(desk: Desk) -> None:
    await book(desk)
    assert (await enrolled(desk)).billing_missing == ("order_reference",)
    assert await alarm(desk) == datetime(2020, 8, 18, 7, tzinfo=UTC)
    answer = await change(desk, order_reference="4711-2020")
    assert (answer["missing"], answer["billing"]["order_reference"]) == ([], "4711-2020")
    (told,) = await desk.told()
    assert isinstance(told, BillingChanged)
    assert (told.billing.ean, told.billing.order_reference, told.billing_missing) == (EAN, "4711-2020", ())
    assert await alarm(desk) is None
    await change(desk, order_reference="4711-2020")
    assert await desk.told() == []
    # Another unit brings its own, also what it lacks.
    assert (await change(desk, unit="job"))["missing"] == ["person_reference"]
    assert await alarm(desk) is not None
    assert (await change(desk, unit=""))["billing"]["ean"] == EAN


async def test_nothing_is_changed_by_what_is_wrong_or_of_whoever_has_left(desk: Desk) -> None:
    await book(desk)
    await enrolled(desk)
    wrong = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(ean="1", email="x"))
    assert len(errors_of(await desk.refusal(change_billing, wrong))) == 2
    nowhere = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(unit="byg"))
    assert "Jobcentret" in (await desk.refusal(change_billing, nowhere)).detail
    unknown = ChangeBilling(enrolment_id="x", billing=Billing())
    assert (await desk.refusal(change_billing, unknown)).status == 404
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    assert await alarm(desk) is None
    given = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(order_reference="1"))
    assert (await desk.refusal(change_billing, given)).code == "not_signed_up"


async def test_it_is_asked_for_on_the_programmes_days_until_it_is_given(desk: Desk) -> None:
    await book(desk)
    await enrolled(desk)
    days = []
    for _ in range(5):
        desk.time = await alarm(desk)
        await desk.ring()
        days += [(one.days, one.invoice_on) for one in await desk.told() if isinstance(one, BillingReminderDue)]
    assert days == [(one, date(2020, 9, 1)) for one in (-14, -3, 7, 21, 35)]
    await change(desk, order_reference="4711")
    assert await alarm(desk) is None


async def test_a_client_gives_it_for_what_it_put_in_and_is_not_shown_the_address_book(town: Town) -> None:
    await book(town.desk)
    await town.desk.publish()
    crm = {"Authorization": f"Bearer {SCOPED}"}
    await town.api("POST", "/enrolments", sign_up(AARHUS).model_dump(mode="json"), **crm)
    (told,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    answer = await town.api("PUT", f"/enrolments/{ENROLMENT}/billing", {"billing": {"unit": "byg"}}, **crm)
    assert (answer.status_code, "Jobcentret" in answer.text) == (422, False)
    answer = await town.api("PUT", f"/enrolments/{ENROLMENT}/billing", {"billing": {"order_reference": "1"}}, **crm)
    assert (answer.status_code, answer.json()["billing"], answer.json()["missing"]) == (200, None, [])
    page = (await town.client.get(f"{told.standing_path}/faktura")).text
    assert "Oplysninger til fakturaen" in page
    assert EAN not in page
    assert "Jobcentret" not in page


async def test_what_a_version_before_this_one_writes_anew_keeps_its_unit(desk: Desk) -> None:
    await book(desk)
    await enrolled(desk, billing=Billing(unit="job"))
    await desk.pool.execute("UPDATE enrolments SET billing = billing - 'unit' - 'unit_name' - 'cvr'")
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["billing"]["unit_name"] == "Jobcentret"
    # It gives a place anew: what was said of the one before is over.
    await desk.pool.execute("UPDATE enrolments SET number = number + 1")
    assert "unit" not in (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["billing"]


# Extra participants -------------------------------------------------------------------------------------------------


def extra(name: str, meeting: str, **billing: Any) -> RegisterParticipant:
    return RegisterParticipant(
        enrolment_id=ENROLMENT,
        meeting_id=meeting,
        name=name,
        email=f"{name.lower()}@kommune.example",
        accepted_price_ore=100_000,
        billing=Billing(**billing),
    )


async def extras(desk: Desk) -> list[ExtraParticipantAdded]:
    return [one for one in await desk.told() if isinstance(one, ExtraParticipantAdded)]


async def test_an_extra_participant_may_be_another_units_and_stays_so_for_whoever_takes_over_the_seat(
    desk: Desk,
) -> None:
    await book(desk)
    await enrolled(desk)
    meeting = (await desk.has_meeting()).id
    for name in ("Asta", "Bo", "Carl"):
        await desk.ask(register_participant, extra(name, meeting, unit="job"))
    # The included ones are nobody's to pay.
    assert await desk.pool.fetchval("SELECT count(*) FROM seats WHERE own_billing IS NOT NULL") == 0
    await desk.told()
    seat = await desk.ask(register_participant, extra("Dorte", meeting, unit="job", person_reference="Afsnit 4"))
    await desk.ask(register_participant, extra("Egon", meeting))
    dorte, egon = await extras(desk)
    assert (dorte.own_billing, dorte.billing.unit, dorte.billing.ean) == (True, "job", JOB_EAN)
    assert dorte.billing.person_reference == "Afsnit 4"
    assert (egon.own_billing, egon.billing.unit, egon.billing.ean) == (False, None, EAN)
    who = {"enrolment_id": ENROLMENT, "meeting_id": meeting, "person_id": seat["person_id"]}
    new = ReplaceParticipant(**who, name="Finn", email="finn@kommune.example")
    await desk.ask(replace_participant, new)
    (finn,) = await extras(desk)
    assert (finn.person.name, finn.own_billing, finn.billing) == ("Finn", True, dorte.billing)
    refused = await desk.refusal(register_participant, extra("Gerda", meeting, unit="byg"))
    assert (refused.code, refused.field) == ("unknown_unit", "billing.unit")


def paying(meeting: str, person_id: str, **said: Any) -> ChangeExtraBilling:
    return ChangeExtraBilling(enrolment_id=ENROLMENT, meeting_id=meeting, person_id=person_id, billing=Billing(**said))


async def test_what_the_invoice_for_an_extra_participant_lacks_is_given_later_and_whoever_put_them_in_stays_so(
    desk: Desk,
) -> None:
    await book(desk)
    await enrolled(desk, billing=Billing(order_reference="4711"))
    meeting = (await desk.has_meeting()).id
    first = await desk.ask(register_participant, extra("Asta", meeting))
    for name in ("Bo", "Carl"):
        await desk.ask(register_participant, extra(name, meeting))
    dorte = await desk.ask(register_participant, extra("Dorte", meeting, unit="job"))
    (added,) = await extras(desk)
    assert added.billing_missing == ("person_reference",)
    await desk.pool.execute(
        """
        UPDATE seats SET actor = 'client/crm', written_name = 'D', written_email = 'd@kommune.example'
        WHERE own_billing IS NOT NULL
        """
    )
    # The meeting is over, and its invoice still waits.
    desk.time = datetime(2021, 4, 20, 8, tzinfo=UTC)
    given = paying(meeting, dorte["person_id"], person_reference="Afsnit 4")
    for _ in range(2):
        assert (await desk.ask(change_extra_billing, given))["missing"] == []
    (told,) = [one for one in await desk.told() if isinstance(one, ExtraBillingChanged)]
    assert (told.billing.unit, told.billing.person_reference, told.billing_missing) == ("job", "Afsnit 4", ())
    assert await desk.pool.fetchval("SELECT actor || written_name FROM seats WHERE own_billing IS NOT NULL") == (
        "client/crmD"
    )
    included = paying(meeting, first["person_id"], unit="job")
    assert (await desk.refusal(change_extra_billing, included)).code == "not_extra"
    assert (await desk.refusal(change_extra_billing, paying(meeting, "x", unit="job"))).status == 404
    nowhere = paying(meeting, dorte["person_id"], unit="byg")
    assert (await desk.refusal(change_extra_billing, nowhere)).code == "unknown_unit"


async def test_an_extra_participant_that_is_registered_as_the_billing_changes_is_told_with_what_holds(
    desk: Desk,
) -> None:
    await book(desk)
    await enrolled(desk)
    meeting = (await desk.has_meeting()).id
    for name in ("Asta", "Bo", "Carl"):
        await desk.ask(register_participant, extra(name, meeting))
    await desk.told()
    given = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(order_reference="4711"))
    await meet(desk, lambda tx: change_billing(tx, given), lambda tx: register_participant(tx, extra("Dorte", meeting)))
    (told,) = await extras(desk)
    assert told.billing.order_reference == "4711"


# Pages --------------------------------------------------------------------------------------------------------------


async def test_it_is_given_on_the_page_of_the_link_and_looking_changes_nothing(town: Town) -> None:
    await book(town.desk)
    told = await enrolled(town.desk)
    path = f"{told.standing_path}/faktura"
    standing = (await town.client.get(str(told.standing_path))).text
    assert "mangler vi: <strong>ordre-/rekvisitionsnummer</strong>" in standing
    assert f'href="{path}"' in standing
    for _ in range(3):
        page = (await town.client.get(path)).text
        assert "<li>Ordre-/rekvisitionsnummer</li>" in page
        assert "tirsdag den 1. september 2020" in page
        assert EAN in page
        assert "Jobcentret" in page
    assert await town.desk.told() == []

    wrong = {"_key": "k" * 32, "billing.ean": "1", "billing.email": "x", "billing.order_reference": "4711"}
    page = await town.client.post(path, data=wrong)
    assert page.status_code == 422
    for field in ("billing.ean", "billing.email"):
        assert f'href="#{field}"' in page.text
        assert f'id="{field}-fejl"' in page.text
    assert 'value="4711"' in page.text
    nothing = await town.client.post(path, data={"_key": "m" * 32})
    assert (nothing.status_code, "Udfyld mindst ét felt." in nothing.text) == (422, True)

    given = await town.client.post(path, data={"_key": "l" * 32, "billing.order_reference": "4711"})
    assert (given.status_code, given.headers["location"]) == (303, f"{path}?besked=gemt")
    page = (await town.client.get(given.headers["location"])).text
    assert "Oplysningerne er gemt" in page
    assert "Vi har det, fakturaen skal have" in page
    assert "mangler vi" not in (await town.client.get(str(told.standing_path))).text
    chosen = await town.client.post(path, data={"_key": "n" * 32, "billing.unit": "job"})
    assert chosen.status_code == 303
    back = await town.client.post(path, data={"_key": "o" * 32, "billing.unit": "/"})
    assert back.status_code == 303
    changes = [one for one in await town.desk.told() if isinstance(one, BillingChanged)]
    assert [one.billing.unit for one in changes] == [None, "job", None]
    assert (await town.client.get(f"{told.standing_path}x/faktura")).status_code == 404


async def test_a_programme_that_costs_nothing_asks_for_nothing(town: Town) -> None:
    text = programme_text("gode-overgange").replace("date: 2025-10-02", "date: 2025-10-02\n    chosen: 2025-10-02", 1)
    await town.desk.publish(text)
    answers = {"politisk-opbakning": "ja", "samarbejdspartnere": "ja", "tovholder": "ja"}
    wish = sign_up(AARHUS, programme_id="gode-overgange", answers=answers)
    (outcome,) = await town.desk.enrol(wish)
    assert isinstance(outcome, Answer), outcome.detail
    (told,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert told.billing_missing == ()
    assert "Faktura" not in (await town.client.get(str(told.standing_path))).text
    assert await alarm(town.desk) is None


async def test_an_extra_participant_is_billed_to_the_unit_that_is_chosen_on_the_meetings_page(town: Town) -> None:
    desk = town.desk
    await book(desk)
    told = await enrolled(desk)
    meeting = (await desk.has_meeting()).id
    path = f"{told.participants_path}/{meeting}"
    assert "Jobcentret" not in (await town.client.get(path)).text
    for name in ("Asta", "Bo", "Carl"):
        await desk.ask(register_participant, extra(name, meeting))
    await desk.told()
    assert "Jobcentret" in (await town.client.get(path)).text
    typed = {
        "_key": "p" * 32,
        "name": "Dorte Prøvesen",
        "email": "dorte@kommune.example",
        "accepted_price_ore": "100000",
        "billing.unit": "job",
        "billing.order_reference": "77",
    }
    if "level" in (page := (await town.client.get(path)).text) and 'name="level"' in page:
        typed["level"] = page.split('name="level" value="')[1].split('"')[0]
    done = await town.client.post(path, data=typed)
    assert done.status_code == 303, done.text
    (added,) = await extras(desk)
    assert (added.own_billing, added.billing.unit, added.billing.order_reference) == (True, "job", "77")
    page = (await town.client.get(path)).text
    assert "betales af Jobcentret" in page
    assert "Mangler til fakturaen: personreference" in page
    payer = f"{path}/betaler/{added.person.person_id}"
    assert payer in page
    for _ in range(2):
        assert "personreference" in (await town.client.get(payer)).text
    assert (await town.client.post(payer, data={"_key": "q" * 32})).status_code == 422
    wrong = await town.client.post(payer, data={"_key": "r" * 32, "billing.ean": "1"})
    assert (wrong.status_code, 'id="billing.ean-fejl"' in wrong.text) == (422, True)
    assert await desk.told() == []
    done = await town.client.post(payer, data={"_key": "s" * 32, "billing.person_reference": "Afsnit 4"})
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?besked=betaler")
    assert "Mangler til fakturaen" not in (await town.client.get(done.headers["location"])).text


async def test_two_who_each_give_something_at_the_same_moment_have_both_given_it(desk: Desk) -> None:
    await book(desk)
    await enrolled(desk)
    order = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(order_reference="4711"))
    account = ChangeBilling(enrolment_id=ENROLMENT, billing=Billing(account_string="01.02"))
    await meet(desk, lambda tx: change_billing(tx, order), lambda tx: change_billing(tx, account))
    *_, told = [one for one in await desk.told() if isinstance(one, BillingChanged)]
    assert (told.billing.order_reference, told.billing.account_string) == ("4711", "01.02")


async def test_many_who_give_theirs_at_once_each_have_their_own(desk: Desk) -> None:
    await book(desk)
    await enrolled(desk)
    await asyncio.gather(*(change(desk, order_reference=str(one)) for one in range(5)))
    told = [one for one in await desk.told() if isinstance(one, BillingChanged)]
    last = await desk.pool.fetchval("SELECT billing->>'order_reference' FROM enrolments")
    assert len(told) == 5
    assert told[-1].billing.order_reference == last
