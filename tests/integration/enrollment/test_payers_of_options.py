"""Who pays for a tilkøb: another unit, or another order, than the enrolment's; said when it is bought, or later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.accept_quote import accept_quote
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_billing import change_billing
from services.enrollment.usecases.change_option_billing import change_option_billing
from services.enrollment.usecases.deliver_option import deliver_option
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.read_orders import read_orders
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    CancelProgramme,
    ChangeBilling,
    ChangeOptionBilling,
    DeliverOption,
    MunicipalityEnrolled,
    OptionBillingChanged,
    OptionOrdered,
    WithdrawEnrolment,
)
from shared.contracts.parties import Billing
from tests.integration.enrollment.test_billing import EAN, JOB_EAN, book
from tests.integration.enrollment.test_options import PRICE, accepting, ordering, quoting, with_options
from tests.integration.enrollment.test_waiting_list import enrolled
from tests.support.enrollment_desk import AARHUS, P1, Desk, sign_up
from tests.support.enrollment_web import SCOPED, TOKEN, Town
from tests.support.meeting_point import meet

PLACE = enrolment_id(P1, AARHUS)


async def buyer(desk: Desk) -> MunicipalityEnrolled:
    """Aarhus has a place, and two units in the address book."""
    await book(desk)
    await desk.publish(with_options())
    await enrolled(desk, sign_up(AARHUS, billing=Billing(order_reference="4711")))
    (place,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    return place


def said(**billing: Any) -> Billing:
    return Billing(**billing)


def paying(option: str = "sagsgennemgang", **billing: Any) -> ChangeOptionBilling:
    return ChangeOptionBilling(enrolment_id=PLACE, option_id=option, billing=said(**billing))


async def told(desk: Desk, *kinds: type[OptionOrdered | OptionBillingChanged]) -> list[Any]:
    return [one for one in await desk.told() if isinstance(one, kinds or (OptionOrdered, OptionBillingChanged))]


async def test_an_order_names_another_unit_and_one_that_names_nobody_is_the_enrolments(desk: Desk) -> None:
    await buyer(desk)
    own = ordering(PLACE, billing=said(unit="job", person_reference="Afsnit 4"))
    for _ in range(2):
        await desk.ask(order_option, own)
    (first,) = await told(desk)
    assert (first.own_billing, first.billing.unit, first.billing.unit_name) == (True, "job", "Jobcentret")
    assert (first.billing.ean, first.billing.person_reference, first.billing_missing) == (JOB_EAN, "Afsnit 4", ())
    await desk.ask(quote_option, quoting(PLACE))
    await desk.ask(accept_quote, accepting(PLACE))
    (second,) = await told(desk)
    assert (second.own_billing, second.billing.unit, second.billing.ean) == (False, None, EAN)
    assert second.billing.order_reference == "4711"
    (listed, other) = sorted((await desk.read(read_orders))["orders"], key=lambda one: one["billing"] is None)
    assert (listed["billing"]["unit"], other["billing"]) == ("job", None)


async def test_a_yes_to_a_quote_names_another_order_and_what_it_lacks_is_told(desk: Desk) -> None:
    await buyer(desk)
    await desk.ask(quote_option, quoting(PLACE))
    yes = accepting(PLACE).model_copy(update={"billing": said(ean=JOB_EAN)})
    for _ in range(2):
        await desk.ask(accept_quote, yes)
    (ordered,) = await told(desk)
    # Its EAN number names the unit.
    assert (ordered.own_billing, ordered.billing.unit, ordered.billing_missing) == (True, "job", ("person_reference",))


@pytest.mark.parametrize(
    ("billing", "code", "field"),
    [
        ({"ean": "5798009800023"}, "invalid_ean", "billing.ean"),
        ({"unit": "byg"}, "unknown_unit", "billing.unit"),
        ({"cvr": "29189979"}, "invalid_cvr", "billing.cvr"),
    ],
)
async def test_what_is_said_of_who_pays_is_checked_whenever_it_is_said(
    desk: Desk, billing: dict[str, str], code: str, field: str
) -> None:
    await buyer(desk)
    refused = await desk.refusal(order_option, ordering(PLACE, billing=said(**billing)))
    assert (refused.code, refused.field) == (code, field)
    await desk.ask(quote_option, quoting(PLACE))
    yes = accepting(PLACE).model_copy(update={"billing": said(**billing)})
    refused = await desk.refusal(accept_quote, yes)
    assert (refused.code, refused.field) == (code, field)
    await desk.ask(order_option, ordering(PLACE))
    refused = await desk.refusal(change_option_billing, paying(**billing))
    assert (refused.code, refused.field) == (code, field)
    assert await desk.pool.fetchval("SELECT count(*) FROM option_orders WHERE order_billing IS NOT NULL") == 0


async def test_who_pays_is_put_right_later_whatever_became_of_the_place_and_whoever_ordered_it_stays_so(
    desk: Desk,
) -> None:
    await buyer(desk)
    await desk.ask(order_option, ordering(PLACE))
    await told(desk)
    for _ in range(2):
        answer = await desk.ask(change_option_billing, paying(unit="job"))
        assert (answer["billing"]["unit"], answer["missing"]) == ("job", ["person_reference"])
    (first,) = await told(desk)
    assert (first.round, first.billing.ean, first.billing_missing) == (1, JOB_EAN, ("person_reference",))
    await desk.ask(deliver_option, DeliverOption(enrolment_id=PLACE, option_id="sagsgennemgang"))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=PLACE))
    await desk.pool.execute("UPDATE option_orders SET actor = 'client/crm'")
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P1, reason="For få."))
    assert (await desk.ask(change_option_billing, paying(person_reference="Afsnit 4")))["missing"] == []
    assert (await desk.ask(change_option_billing, paying()))["missing"] == []
    (second,) = await told(desk)
    assert (second.billing.unit, second.billing.person_reference) == ("job", "Afsnit 4")
    assert await desk.pool.fetchval("SELECT actor FROM option_orders") == "client/crm"


async def test_what_the_enrolment_says_later_does_not_touch_it(desk: Desk) -> None:
    await buyer(desk)
    await desk.ask(order_option, ordering(PLACE, billing=said(order_reference="77")))
    changed = ChangeBilling(enrolment_id=PLACE, billing=said(order_reference="4712", account_string="01.02"))
    await desk.ask(change_billing, changed)
    (order,) = (await desk.read(read_orders))["orders"]
    assert (order["billing"]["order_reference"], order["billing"]["account_string"]) == ("77", None)


async def test_it_is_said_of_what_is_bought_alone_and_of_what_costs_something(desk: Desk) -> None:
    await buyer(desk)
    assert (await desk.refusal(change_option_billing, paying(unit="job"))).code == "not_ordered"
    assert (await desk.refusal(change_option_billing, paying("noget", unit="job"))).code == "unknown_option"
    await desk.ask(quote_option, quoting(PLACE, price_ore=0))
    assert (await desk.refusal(change_option_billing, paying("analyse", unit="job"))).code == "not_ordered"
    await desk.ask(accept_quote, accepting(PLACE).model_copy(update={"billing": said(unit="job")}))
    (free,) = await told(desk)
    assert (free.own_billing, free.billing_missing) == (False, ())
    assert (await desk.refusal(change_option_billing, paying("analyse", unit="job"))).code == "nothing_to_pay"
    await desk.ask(order_option, ordering(PLACE))
    refused = await desk.refusal(order_option, ordering(PLACE, billing=said(unit="job")))
    assert (refused.code, refused.field) == ("another_payer", "billing")
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await desk.pool.execute("UPDATE option_orders SET order_billing = '{}' WHERE price_ore = 0")
    assert error.value.constraint_name == "who_pays_is_said_of_what_costs_and_was_agreed"


async def test_two_who_each_give_something_at_the_same_moment_have_both_given_it(desk: Desk) -> None:
    await buyer(desk)
    await desk.ask(order_option, ordering(PLACE))
    one, other = paying(order_reference="77"), paying(account_string="01.02")
    await meet(desk, lambda tx: change_option_billing(tx, one), lambda tx: change_option_billing(tx, other))
    *_, last = await told(desk)
    assert (last.billing.order_reference, last.billing.account_string) == ("77", "01.02")


async def test_a_client_says_who_pays_for_what_it_put_in_and_is_shown_nothing_of_the_address_book(town: Town) -> None:
    await book(town.desk)
    await town.desk.publish(with_options())
    wish = sign_up(AARHUS).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    made = await town.api("POST", "/enrolments", wish, Authorization=f"Bearer {SCOPED}")
    assert made.status_code == 201, made.text
    option = f"/enrolments/{PLACE}/options/sagsgennemgang"
    order = {"accepted_price_ore": PRICE, "billing": {"unit": "job"}}
    assert (await town.api("POST", f"{option}/order", order, Authorization=f"Bearer {SCOPED}")).status_code == 200
    (ordered,) = await told(town.desk)
    assert ordered.billing.ean == JOB_EAN
    unknown = await town.api("PUT", f"{option}/billing", {"billing": {"unit": "byg"}}, Authorization=f"Bearer {SCOPED}")
    assert (unknown.status_code, "Jobcentret" in unknown.text) == (422, False)
    answered = await town.api(
        "PUT", f"{option}/billing", {"billing": {"person_reference": "Afsnit 4"}}, Authorization=f"Bearer {SCOPED}"
    )
    assert (answered.json()["billing"], answered.json()["missing"]) == (None, [])
    for token, shown in ((SCOPED, False), (TOKEN, True)):
        listed = await town.api("GET", f"/orders?enrolment_id={PLACE}", Authorization=f"Bearer {token}")
        assert (JOB_EAN in listed.text) is shown
    page = (await town.client.get(made.json()["standing_path"])).text
    assert "Jobcentret" not in page
    payer = await town.client.get(f"{made.json()['standing_path']}/tilkoeb/sagsgennemgang/betaler")
    assert (payer.status_code, "Jobcentret" in payer.text) == (200, False)


async def test_a_client_changes_nothing_of_what_was_delivered_before_it_put_the_enrolment_in(town: Town) -> None:
    await buyer(town.desk)
    await town.desk.ask(order_option, ordering(PLACE, billing=said(unit="job")))
    await town.desk.ask(deliver_option, DeliverOption(enrolment_id=PLACE, option_id="sagsgennemgang"))
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=PLACE))
    town.desk.time = datetime(2020, 6, 2, 8, tzinfo=UTC)
    await town.move_to(town.desk.time)
    wish = sign_up(AARHUS).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    made = await town.api("POST", "/enrolments", wish, Authorization=f"Bearer {SCOPED}")
    assert made.status_code == 201, made.text
    path, asked = f"/enrolments/{PLACE}/options/sagsgennemgang/billing", {"billing": {"order_reference": "77"}}
    theirs = await town.api("PUT", path, asked, Authorization=f"Bearer {SCOPED}")
    assert (theirs.status_code, theirs.json()["code"]) == (409, "not_ordered")
    page = await town.client.get(f"{made.json()['standing_path']}/tilkoeb/sagsgennemgang/betaler")
    assert "Der faktureres ikke noget for det nu." in page.text
    pressed = {"_key": "k" * 32, "billing.order_reference": "77"}
    posted = await town.client.post(f"{made.json()['standing_path']}/tilkoeb/sagsgennemgang/betaler", data=pressed)
    assert posted.status_code == 409
    ours = await town.api("PUT", path, asked, Authorization=f"Bearer {TOKEN}")
    assert ours.json()["billing"]["order_reference"] == "77"


async def test_a_unit_is_chosen_on_the_pages_and_another_one_later(town: Town) -> None:
    place = await buyer(town.desk)
    path = f"{place.standing_path}/tilkoeb/sagsgennemgang"
    for _ in range(2):
        page = (await town.client.get(f"{path}/bestil")).text
        assert '<option value="job"' in page
        assert "Der faktureres ikke noget for det nu." in (await town.client.get(f"{path}/betaler")).text
    typed = {"accepted_price_ore": str(PRICE), "billing.unit": "job", "billing.order_reference": "77"}
    wrong = await town.client.post(f"{path}/bestil", data={**typed, "_key": "k" * 32, "billing.ean": "1"})
    assert (wrong.status_code, 'id="billing.ean-fejl"' in wrong.text) == (422, True)
    done = await town.client.post(f"{path}/bestil", data={**typed, "_key": "l" * 32})
    assert done.status_code == 303, done.text
    (ordered,) = await told(town.desk)
    assert (ordered.own_billing, ordered.billing.unit, ordered.billing.order_reference) == (True, "job", "77")
    page = (await town.client.get(str(place.standing_path))).text
    assert "Betales af Jobcentret." in page
    assert "Mangler til fakturaen: personreference." in page
    assert f'href="{path}/betaler"' in page
    for _ in range(2):
        assert "personreference" in (await town.client.get(f"{path}/betaler")).text
    assert (await town.client.post(f"{path}/betaler", data={"_key": "m" * 32})).status_code == 422
    assert await town.desk.told() == []
    given = await town.client.post(f"{path}/betaler", data={"_key": "n" * 32, "billing.person_reference": "Afsnit 4"})
    assert (given.status_code, given.headers["location"]) == (303, f"{place.standing_path}#tilkoeb")
    assert "Mangler til fakturaen" not in (await town.client.get(str(place.standing_path))).text
    itself = await town.client.post(f"{path}/betaler", data={"_key": "o" * 32, "billing.unit": "/"})
    assert itself.status_code == 303
    assert [one.billing.unit for one in await told(town.desk)] == ["job", None]


async def test_a_unit_is_chosen_with_the_yes_to_a_quote(town: Town) -> None:
    place = await buyer(town.desk)
    await town.desk.ask(quote_option, quoting(PLACE))
    path = f"{place.standing_path}/tilkoeb/analyse/tilbud/1"
    assert '<option value="job"' in (await town.client.get(path)).text
    said_yes = await town.client.post(path, data={"_key": "k" * 32, "billing.unit": "job"})
    assert said_yes.status_code == 303, said_yes.text
    (ordered,) = await told(town.desk)
    assert (ordered.by_quote, ordered.own_billing, ordered.billing.unit) == (True, True, "job")
