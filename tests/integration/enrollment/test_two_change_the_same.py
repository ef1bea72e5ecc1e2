"""Two people change the same thing of an enrolment: the second is shown what the first has changed, and chooses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.change_billing import change_billing
from services.enrollment.usecases.change_group import change_group
from shared.contracts.enrollment import BillingChanged, ChangeBilling, ChangeGroup, MunicipalityEnrolled
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from shared.contracts.seen import CHANGED, billing_fields, merged, version_of
from tests.integration.enrollment.test_billing import book
from tests.integration.enrollment.test_billing import enrolled as has_place
from tests.integration.enrollment.test_pages import Town
from tests.integration.enrollment.test_staff_deeds import ANNA, BO, ENROLMENT, LEVEL, enrolled, links
from tests.integration.enrollment.test_staff_programme import busy, done, looked, page_of, text
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, Desk
from tests.support.meeting_point import meet
from tests.support.workplace import Workplace, typed

PLACE = enrolment_id(P1, AARHUS)
CHOOSE = "En anden har rettet imens"


def test_what_only_one_has_changed_is_kept_of_both_and_the_rest_is_chosen() -> None:
    heard = merged({"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "c": "2"}, {"a": "1", "b": "2", "c": "3"})
    assert heard.values == {"a": "2", "b": "2", "c": "3"}
    assert [(one.field, one.both) for one in heard.clashes] == [("a", False), ("c", True)]


def test_a_name_never_goes_with_somebody_elses_address() -> None:
    known, theirs = {"name": "Karen", "email": "k@x.example"}, {"name": "Bo", "email": "bo@x.example"}
    heard = merged(known, theirs, {"name": "Karen", "email": "karen@x.example"}, (("name", "email"),))
    assert heard.values == {"name": "Karen", "email": "karen@x.example"}
    assert [(one.fields, one.both) for one in heard.clashes] == [(("name", "email"), True)]


async def test_two_who_meet_at_the_same_moment_come_one_after_the_other(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    seen = version_of(billing_fields(Billing()))
    first = ChangeBilling(enrolment_id=enrolment, billing=Billing(order_reference="1"), seen=seen)
    second = first.model_copy(update={"billing": Billing(person_reference="2")})
    _, other = await meet(desk, lambda tx: change_billing(tx, first), lambda tx: change_billing(tx, second))
    assert isinstance(other, Refused)
    assert (other.code, other.status) == (CHANGED, 409)
    group = ChangeGroup(enrolment_id=enrolment, group="oest", seen=version_of({"group": "vest"}))
    _, other = await meet(desk, lambda tx: change_group(tx, group), lambda tx: change_group(tx, group))
    assert isinstance(other, Refused), "also of whoever wishes the same: they have not seen that it is so"
    unseen = group.model_copy(update={"seen": None})
    assert not isinstance(await desk.ask(change_group, unseen), Refused), "who says nothing of it is not asked"


@pytest.mark.parametrize(
    ("code", "rest", "theirs", "mine", "label"),
    [
        (AARHUS, "/faktura", {"billing.order_reference": "A-1"}, {"billing.order_reference": "B-2"}, "Ordre-/rekv"),
        (KOEBENHAVN, "/forbehold", {"committee": "Byrådet"}, {"committee": "Kulturudvalget"}, "Udvalg"),
        (AARHUS, "/kontakt", ANNA, BO, "Navn, E-mail"),
    ],
)
async def test_staff_who_come_second_choose_of_what_both_have_changed(
    workplace: Workplace, code: str, rest: str, theirs: Mapping[str, str], mine: Mapping[str, str], label: str
) -> None:
    first, path = await busy(workplace), page_of(code, rest)
    second = await workplace.signed_in("administrator")
    shown = await second.get(path)
    ready = await second.post(path, data=typed(shown.text, _se="1", **mine))
    assert ready.status_code == 200, text(ready)
    assert (await done(first, path, **theirs)).status_code == 303

    met = await second.post(path, data={**typed(ready.text), **mine})
    assert met.status_code == 409
    said = text(met)
    for each in (CHOOSE, label, *theirs.values(), *mine.values(), "Det skete "):
        assert each in said or each in met.text, (each, said)
    assert workplace.provider.accounts["konsulent"].name in said, "who it was"
    field = f"imens.{next(iter(mine))}"
    undecided = await second.post(path, data=typed(met.text, _se="1", **mine))
    assert undecided.status_code == 422
    assert CHOOSE in text(undecided), "and all of it stands there still"
    assert "Vælg, hvad der skal stå" in text(undecided)
    kept = await second.post(path, data=typed(undecided.text, _se="1", **mine, **{field: "deres"}))
    assert kept.status_code == 200
    assert "Intet bliver anderledes" in text(kept) or rest != "/kontakt"
    taken = await second.post(path, data=typed(met.text, _se="1", **mine, **{field: "mit"}))
    assert taken.status_code == 200, text(taken)
    assert (await second.post(path, data=typed(taken.text))).status_code == 303
    assert next(iter(mine.values())) in (await first.get(page_of(code))).text


async def test_whoever_comes_second_is_told_before_they_press_the_button_too(workplace: Workplace) -> None:
    first, path = await busy(workplace), page_of(AARHUS, "/gruppe")
    second = await workplace.signed_in("administrator")
    shown = await second.get(path)
    assert (await done(first, path, group="oest")).status_code == 303
    met = await second.post(path, data=typed(shown.text, _se="1", group="vest"))
    assert met.status_code == 409
    assert "Gruppe : Netværk Vestdanmark → Netværk Østdanmark. Det bliver stående." in text(met)


async def test_what_two_change_of_two_fields_is_kept_of_both(workplace: Workplace) -> None:
    first, path = await busy(workplace), page_of(AARHUS, "/faktura")
    second = await workplace.signed_in("administrator")
    shown = await second.get(path)
    assert (await done(first, path, **{"billing.order_reference": "A-1"})).status_code == 303
    mine = {"billing.person_reference": "B-2"}
    met = await second.post(path, data=typed(shown.text, _se="1", **mine, **{"billing.order_reference": ""}))
    assert met.status_code == 409
    assert "Ordre-/rekvisitionsnummer : (tom) → A-1. Det bliver stående." in text(met)
    seen = await second.post(path, data=typed(met.text, _se="1", **mine))
    assert (await second.post(path, data=typed(seen.text))).status_code == 303
    told = [one for one in await workplace.desk.told() if isinstance(one, BillingChanged)]
    assert (told[-1].billing.order_reference, told[-1].billing.person_reference) == ("A-1", "B-2")


async def test_pressed_twice_it_is_one_wish_and_nobody_else_has_changed_it(workplace: Workplace) -> None:
    browser, path = await busy(workplace), page_of(AARHUS, "/faktura")
    ready = await looked(browser, path, **{"billing.order_reference": "A-1"})
    once = await browser.post(path, data=typed(ready.text))
    again = await browser.post(path, data=typed(ready.text))
    assert (once.status_code, again.status_code) == (303, 303)
    assert sum(isinstance(one, BillingChanged) for one in await workplace.desk.told()) == 1


async def test_who_pays_and_who_holds_a_role_is_met_as_well(workplace: Workplace) -> None:
    first = await enrolled(workplace)
    await workplace.desk.register(PLACE, "m-heldag-vest", "Anna Andersen")
    (register,) = links(await first.get(f"{ENROLMENT}/moeder/m-heldag-vest"), "Tilmeld en deltager")
    seen = await looked(first, register, **BO, **LEVEL)
    assert (await first.post(register, data=typed(seen.text))).status_code == 303
    (order,) = links(await first.get(ENROLMENT), "Bestil")
    assert (await done(first, order)).status_code == 303
    (option,) = links(await first.get(ENROLMENT), "Hvem betaler")
    (seat,) = links(await first.get(f"{ENROLMENT}/moeder/m-heldag-vest"), "Hvem betaler")
    order_reference = "billing.order_reference"
    second = await workplace.signed_in("administrator")
    for path, theirs, mine in (
        (option, {order_reference: "A-1"}, {order_reference: "B-2"}),
        (seat, {order_reference: "A-1"}, {order_reference: "B-2"}),
        (f"{ENROLMENT}/roller/faktura", ANNA, BO),
    ):
        shown = await second.get(path)
        assert (await done(first, path, **theirs)).status_code == 303
        met = await second.post(path, data=typed(shown.text, _se="1", **mine))
        assert met.status_code == 409, (path, text(met))
        assert CHOOSE in text(met)
        assert next(iter(mine.values())) in met.text, "nothing that was typed is lost"


async def test_the_municipality_is_shown_what_was_changed_while_it_wrote(town: Town) -> None:
    await book(town.desk)
    told = await has_place(town.desk)
    assert isinstance(told, MunicipalityEnrolled)
    path = f"{told.standing_path}/faktura"
    shown = await town.client.get(path)
    first = {"billing.order_reference": "A-1", "billing.person_reference": ""}
    assert (await town.client.post(path, data=typed(shown.text, **first))).status_code == 303
    mine = {"billing.order_reference": "B-2", "billing.person_reference": "Afd. 7"}
    met = await town.client.post(path, data={**typed(shown.text, **mine), "_key": "s" * 32})
    assert met.status_code == 409
    assert CHOOSE in text(met)
    assert 'value="B-2"' in met.text
    assert 'value="Afd. 7"' in met.text
    kept = await town.client.post(path, data=typed(met.text, **mine, **{"imens.billing.order_reference": "deres"}))
    assert kept.status_code == 303, text(kept)
    changes = [one for one in await town.desk.told() if isinstance(one, BillingChanged)]
    assert (changes[-1].billing.order_reference, changes[-1].billing.person_reference) == ("A-1", "Afd. 7")
