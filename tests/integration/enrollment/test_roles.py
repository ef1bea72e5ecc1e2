"""Roles beside the contact's: named with the sign-up, given on by the contact or staff, and their history."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.domain.enrolment import DETAILS
from services.enrollment.usecases.change_billing import change_billing
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.erase_person import erase_person
from services.enrollment.usecases.import_enrolments import ImportEnrolments, import_enrolments
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    BillingChanged,
    BillingReminderDue,
    ChangeBilling,
    ChangeContact,
    ChangeRole,
    ErasePerson,
    MunicipalityEnrolled,
    RoleAppointed,
    RoleWish,
    WithdrawEnrolment,
)
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused, errors_of
from shared.storage.tx import Tx
from tests.integration.enrollment.test_billing import REMINDS, book
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, with_places
from tests.support.enrollment_desk import AARHUS, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import meet

POLITICAL = "{id: politisk, label: politisk kontakt, purpose: political, wanted: required}"
BILLING = "{id: faktura, label: fakturakontakt, purpose: billing}"
PIA, BO = RoleWish(name="Pia Politisk", email="pia@k0751.example"), RoleWish(name="Bo Bilag", email="bo@k0751.example")
EVA = {"name": "Eva Efter", "email": "eva@k0751.example"}


def with_roles(*roles: str, version: int = 1) -> str:
    text = programme_text().replace("version: 1", f"version: {version}", 1)
    said = f"  reservation_allowed: true\n  roles: [{', '.join(roles)}]\n"
    return text.replace("  contact_label:", f"{said}  contact_label:", 1)


def changing(enrolment: str, role: str = "faktura", **more: str) -> ChangeRole:
    return ChangeRole(enrolment_id=enrolment, role_id=role, **more)


async def signed_up(desk: Desk, **roles: RoleWish) -> str:
    await desk.publish(with_roles(POLITICAL, BILLING))
    assert await enrolled(desk, sign_up(roles={"politisk": PIA, **roles})) == ["enrolled"]
    return await id_of(desk, AARHUS)


async def appointed(desk: Desk) -> list[tuple[str, str | None, str | None]]:
    """The role, who has it and who had it, as told."""
    return [
        (one.role_id, one.person and one.person.name, one.before and one.before.name)
        for one in await desk.told()
        if isinstance(one, RoleAppointed)
    ]


async def held(desk: Desk, enrolment: str, role: str = "faktura") -> list[tuple[str, bool, str]]:
    shown = await desk.read(read_enrolment, enrolment_id=enrolment)
    of_role = [one for one in shown["contacts"] if one["role"] == role]
    return [(one["holder"]["name"], one["until"] is None, one["reason"]) for one in of_role]


async def test_whoever_is_named_with_the_sign_up_has_the_role_from_its_place_on(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    told = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled | RoleAppointed)]
    assert [type(one) for one in told] == [MunicipalityEnrolled, RoleAppointed, RoleAppointed]
    assert [(one.role_id, one.label, one.purpose) for one in told if isinstance(one, RoleAppointed)] == [
        ("politisk", "politisk kontakt", "political"),
        ("faktura", "fakturakontakt", "billing"),
    ]
    assert all("/plads/" not in one.model_dump_json() for one in told if isinstance(one, RoleAppointed))
    assert await held(desk, enrolment) == [("Bo Bilag", True, "")]
    assert await held(desk, enrolment, "main") == [("Karen Kontakt", True, "")]


async def test_all_that_is_wrong_with_the_roles_is_said_at_once_and_nobody_comes_in(desk: Desk) -> None:
    await desk.publish(with_roles(POLITICAL, BILLING))
    wish = {"faktura": RoleWish(name="Bo Bilag", email="bo"), "hofnar": BO}
    (refused,) = await desk.enrol(sign_up(contact_email="karen", roles=wish))
    assert isinstance(refused, Refused)
    assert {(one["field"], one["code"]) for one in errors_of(refused)} == {
        ("contact_email", "invalid_email"),
        ("roles.hofnar", "unknown_role"),
        ("roles.politisk.name", "role_missing"),
        ("roles.faktura.email", "invalid_email"),
    }
    assert await desk.pool.fetchval("SELECT count(*) FROM contact_history") == 0


async def test_a_form_keeps_who_is_named_in_it_and_a_role_that_is_gone_by_then_is_nobodys(desk: Desk) -> None:
    await desk.knows()
    await desk.publish(with_roles(POLITICAL, BILLING))
    form = await desk.form(roles={"politisk": PIA, "faktura": BO})
    await desk.publish(with_roles(BILLING, version=2))
    await desk.press(form)
    assert await appointed(desk) == [("faktura", "Bo Bilag", None)]


async def test_a_sheet_has_no_column_for_them_and_staff_name_them_afterwards(desk: Desk) -> None:
    await desk.publish(with_roles(POLITICAL, BILLING))
    content = base64.b64encode(b"kommunekode;navn;e-mail;rolle\n0751;Karen Holm;karen@k0751.example;kontakt\n").decode()
    await desk.ask(import_enrolments, ImportEnrolments(programme_id=P1, content=content, dry_run=False))
    assert (await desk.ask(change_role, changing(await id_of(desk, AARHUS), "politisk", **EVA)))["changed"] is True
    assert await appointed(desk) == [("politisk", "Eva Efter", None)]


async def test_the_next_one_is_told_with_the_one_before_and_the_same_one_again_changes_nothing(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    await desk.told()
    for name, changed in (("Eva Efter", True), ("Eva Efter", False), ("Eva Eftersen", True)):
        desk.time += timedelta(days=1)
        answer = await desk.ask(change_role, changing(enrolment, **{**EVA, "name": name}, reason="Nyt job."))
        assert answer == {"enrolment_id": enrolment, "role_id": "faktura", "changed": changed}
    assert await appointed(desk) == [("faktura", "Eva Efter", "Bo Bilag"), ("faktura", "Eva Eftersen", None)]
    assert await held(desk, enrolment) == [("Bo Bilag", False, ""), ("Eva Eftersen", True, "Nyt job.")]
    assert await held(desk, enrolment, "politisk") == [("Pia Politisk", True, "")]
    with pytest.raises(asyncpg.UniqueViolationError, match="contact_history_one_holder"):
        await desk.pool.execute("UPDATE contact_history SET held_until = NULL WHERE role_id = 'faktura'")


async def test_an_optional_role_is_emptied_and_filled_again_and_a_required_one_is_not(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    await desk.told()
    assert (await desk.ask(change_role, changing(enrolment)))["changed"] is True
    assert (await desk.ask(change_role, changing(enrolment)))["changed"] is False
    await desk.ask(change_role, changing(enrolment, **EVA))
    assert await appointed(desk) == [("faktura", None, "Bo Bilag"), ("faktura", "Eva Efter", None)]
    refusals = {
        (said.code, said.field)
        for said in (
            await desk.refusal(change_role, changing(enrolment, "politisk")),
            await desk.refusal(change_role, changing(enrolment, "hofnar", **EVA)),
            await desk.refusal(change_role, changing(enrolment, "main", **EVA)),
            await desk.refusal(change_role, changing(enrolment, name="Eva")),
            await desk.refusal(change_role, changing("x", **EVA)),
        )
    }
    assert refusals == {
        ("role_missing", "name"),
        ("unknown_role", "role_id"),
        ("invalid_email", "email"),
        ("unknown_enrolment", "enrolment_id"),
    }


async def test_a_role_that_the_programme_has_no_more_can_only_be_emptied(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    await desk.publish(with_roles(POLITICAL, version=2))
    await desk.told()
    assert (await desk.refusal(change_role, changing(enrolment, **EVA))).code == "unknown_role"
    await desk.ask(change_role, changing(enrolment))
    assert await appointed(desk) == [("faktura", None, "Bo Bilag")]
    assert (await desk.refusal(change_role, changing(enrolment))).code == "unknown_role"


async def test_a_role_ends_with_its_round_and_whoever_comes_back_without_one_is_told_of_as_such(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert (await desk.refusal(change_role, changing(enrolment, **EVA))).code == "not_signed_up"
    assert await held(desk, enrolment) == [("Bo Bilag", False, "")]
    # As a version before this one would have left it.
    await desk.pool.execute("UPDATE contact_history SET held_until = NULL WHERE role_id = 'faktura'")
    await desk.told()
    assert await enrolled(desk, sign_up(roles={"politisk": PIA})) == ["enrolled"]
    assert await appointed(desk) == [("politisk", "Pia Politisk", None), ("faktura", None, None)]
    assert await held(desk, enrolment) == [("Bo Bilag", False, "")]
    await desk.ask(change_role, changing(enrolment, **EVA))
    assert await appointed(desk) == [("faktura", "Eva Efter", None)]


async def test_whoever_waits_keeps_its_roles_when_it_moves_up(desk: Desk) -> None:
    places = with_places(1, 1, forbehold="holds: always")
    await desk.publish(places.replace("  contact_label:", f"  roles: [{BILLING}]\n  contact_label:", 1))
    first, second = await codes_of(desk, 2)
    assert await enrolled(desk, sign_up(first), sign_up(second, roles={"faktura": BO})) == ["enrolled", "waitlisted"]
    await desk.told()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, first)))
    assert await appointed(desk) == []
    await desk.ask(change_role, changing(await id_of(desk, second), **EVA))
    assert await appointed(desk) == [("faktura", "Eva Efter", "Bo Bilag")]


async def test_two_change_a_role_at_the_same_moment_and_come_one_after_the_other(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    await desk.told()

    def to(**new: str) -> Any:
        async def change(tx: Tx) -> Answer:
            return await change_role(tx, changing(enrolment, **new))

        return change

    await meet(desk, to(**EVA), to(name="Ib Anden", email="ib@k0751.example"))
    assert await appointed(desk) == [("faktura", "Eva Efter", "Bo Bilag"), ("faktura", "Ib Anden", "Eva Efter")]


async def test_the_form_asks_for_the_roles_and_says_what_is_wrong_at_their_fields(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    await town.desk.publish(with_roles(POLITICAL, BILLING))
    page = await town.client.get(f"/tilmeld/{P1}")
    assert "Politisk kontakt" in page.text
    assert 'name="roles.faktura.email"' in page.text
    hidden = dict(re.findall(r'name="(_key|_started)" value="([^"]+)"', page.text))
    typed = {**hidden, "organisation_code": AARHUS, "contact_name": "Karen", "contact_email": "k@k0751.example"}
    wrong = await town.client.post(f"/tilmeld/{P1}", data={**typed, "roles.faktura.name": "Bo"})
    assert wrong.status_code == 422
    assert "Skriv, hvem der er politisk kontakt: navn og e-mail." in wrong.text
    assert 'href="#roles.faktura.email"' in wrong.text
    typed |= dict(re.findall(r'name="(_key)" value="([^"]+)"', wrong.text))
    named = {f"roles.{key}.{field}": said for key, one in (("politisk", PIA), ("faktura", BO)) for field, said in one}
    assert (await town.client.post(f"/tilmeld/{P1}", data={**typed, **named})).status_code == 303
    page = await town.client.get(await town.mailed_path())
    assert "<dt>Fakturakontakt</dt><dd>Bo Bilag, bo@k0751.example</dd>" in page.text


async def test_the_contact_gives_a_role_on_from_its_page_and_looking_changes_nothing(town: Town) -> None:
    await signed_up(town.desk, faktura=BO)
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    path = f"{place.standing_path}/kontakt/faktura"
    for shown in (place.standing_path, f"{place.standing_path}/kontakt"):
        assert shown is not None
        page = (await town.client.get(shown)).text
        assert "<dt>Fakturakontakt</dt>" in page
        assert f'<dd>Bo Bilag, bo@k0751.example <a href="{path}">Skift<' in page
    for _ in range(2):
        assert "Bo Bilag" in (await town.client.get(path)).text
    assert await appointed(town.desk) == []
    half = await town.client.post(path, data={"_key": "j" * 32, "name": "Eva Efter"})
    assert (half.status_code, 'href="#email"' in half.text) == (422, True)
    assert (await town.client.post(path, data={"_key": "k" * 32, **EVA})).status_code == 303
    assert (await town.client.post(path, data={"_key": "l" * 32})).status_code == 303
    assert await appointed(town.desk) == [("faktura", "Eva Efter", "Bo Bilag"), ("faktura", None, "Eva Efter")]
    assert (await town.client.get(f"{place.standing_path}/kontakt/hofnar")).status_code == 404
    staff = await town.api("PUT", f"/enrolments/{place.enrolment_id}/roles/faktura", {**EVA, "reason": "De ringede."})
    assert (staff.status_code, staff.json()["changed"]) == (200, True)


async def test_whoever_is_erased_holds_no_role_and_is_gone_from_the_forms_of_others_which_go_on(desk: Desk) -> None:
    enrolment = await signed_up(desk, faktura=BO)
    other = (await codes_of(desk, 1))[0]
    await desk.knows(other, domains=(f"k{other}.example",))
    erased_later = RoleWish(name="Bo Bilag", email="BO@k0751.example")
    form = await desk.form(
        other, contact_email=f"karen@k{other}.example", roles={"politisk": PIA, "faktura": erased_later}
    )
    await desk.told()
    await desk.ask(erase_person, ErasePerson(email=BO.email))
    assert await appointed(desk) == [("faktura", None, None)]
    while await desk.ring():
        pass
    (kept,) = await desk.pool.fetch("SELECT command ->> 'roles' AS roles FROM sign_ups")
    assert (PIA.email in kept["roles"], BO.email in kept["roles"].lower()) == (True, False)
    assert [(name, open_) for name, open_, _ in await held(desk, enrolment)] == [("slettet", False)]
    await desk.told()
    assert (await desk.press(form))["state"] == "enrolled"
    assert await appointed(desk) == [("politisk", "Pia Politisk", None)]


async def test_whoever_has_to_hold_a_role_is_erased_all_the_same_and_nobody_holds_it(desk: Desk) -> None:
    enrolment = await signed_up(desk)
    await desk.told()
    await desk.ask(erase_person, ErasePerson(email=PIA.email))
    assert await appointed(desk) == [("politisk", None, None)]
    assert [(name, open_) for name, open_, _ in await held(desk, enrolment, "politisk")] == [("slettet", False)]


REFERENCE = {"billing.order_reference": "4711-2020"}


async def asked_for(desk: Desk) -> BillingReminderDue:
    """The next reminder of what the invoice lacks."""
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", DETAILS)
    desk.time = max(due, desk.time)
    await desk.ring()
    return [one for one in await desk.told() if isinstance(one, BillingReminderDue)][-1]


async def lacks_something(desk: Desk) -> str:
    """An enrolment whose invoice lacks an order reference, with somebody in the billing role."""
    await book(desk)
    await desk.publish(with_roles(POLITICAL, BILLING).replace("  contact_label:", f"{REMINDS}  contact_label:", 1))
    assert await enrolled(desk, sign_up(roles={"politisk": PIA, "faktura": BO})) == ["enrolled"]
    await desk.told()
    return await id_of(desk, AARHUS)


async def test_whoever_holds_the_billing_role_gives_what_is_missing_by_a_link_of_their_own(town: Town) -> None:
    enrolment = await lacks_something(town.desk)
    told = await asked_for(town.desk)
    (link,) = told.billing_links
    await town.move_to(town.desk.time)
    for _ in range(2):
        page = await town.client.get(link.path)
        assert (page.status_code, "rekvisitionsnummer" in page.text) == (200, True)
        assert "/plads/" not in page.text
        assert "/deltagere/" not in page.text
    assert await town.desk.told() == []
    assert (await town.client.post(link.path, data={"_key": "e" * 32})).status_code == 422
    done = await town.client.post(link.path, data={"_key": "k" * 32, **REFERENCE})
    assert (done.status_code, done.headers["location"]) == (303, f"{link.path}?besked=gemt")
    assert "Oplysningerne er gemt" in (await town.client.get(done.headers["location"])).text
    (changed,) = await town.desk.told()
    assert isinstance(changed, BillingChanged)
    assert changed.billing.order_reference == "4711-2020"

    # It opens nothing of the contact's, and the contact's nothing of it.
    token, contacts = link.path.rpartition("/")[2], told.standing_path.rpartition("/")[2]
    for other in (
        f"/plads/{token}",
        f"/plads/{token}/faktura",
        f"/deltagere/{token}",
        f"/fakturaoplysninger/{contacts}",
    ):
        assert (await town.client.get(other)).status_code == 404
    # It is theirs as long as they hold the role, whoever is the contact.
    await town.desk.ask(change_contact, ChangeContact(enrolment_id=enrolment, name="Ny", email="ny@k0751.example"))
    assert (await town.client.get(link.path)).status_code == 200


@pytest.mark.parametrize("how", ["another", "nobody", "withdrawn", "erased"])
async def test_the_link_ends_with_the_role_and_says_so_without_a_name(town: Town, how: str) -> None:
    desk = town.desk
    enrolment = await lacks_something(desk)
    (link,) = (await asked_for(desk)).billing_links
    await town.move_to(desk.time)
    if how == "another":
        await desk.ask(change_role, changing(enrolment, **EVA))
    elif how == "nobody":
        await desk.ask(change_role, changing(enrolment))
    elif how == "withdrawn":
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    else:
        await desk.ask(erase_person, ErasePerson(person_id=link.person_id))
        await desk.ring()
    await desk.told()
    for answer in (
        await town.client.get(link.path),
        await town.client.post(link.path, data={"_key": "k" * 32, **REFERENCE}),
    ):
        assert (answer.status_code, "Linket er lukket" in answer.text) == (410, True)
        assert not any(name in answer.text for name in ("Eva", "Bo Bilag", "Karen"))
    assert await desk.told() == []


async def test_the_next_one_in_the_role_has_the_next_link_and_nobody_without_it_has_any(desk: Desk) -> None:
    enrolment = await lacks_something(desk)
    (first,) = (await asked_for(desk)).billing_links
    await desk.ask(change_role, changing(enrolment, **EVA))
    (second,) = (await asked_for(desk)).billing_links
    assert first.person_id != second.person_id
    await desk.ask(change_role, changing(enrolment))
    assert (await asked_for(desk)).billing_links == ()


async def test_a_role_that_is_taken_at_the_same_moment_says_nothing_of_invoices_any_more(desk: Desk) -> None:
    enrolment = await lacks_something(desk)
    (link,) = (await asked_for(desk)).billing_links

    async def gives(tx: Tx) -> Answer:
        tx.cause = Cause("c", None, f"person/{link.person_id}")
        wish = ChangeBilling(enrolment_id=enrolment, billing=Billing(order_reference="4711"))
        return await change_billing(tx, wish)

    _, second = await meet(desk, lambda tx: change_role(tx, changing(enrolment, **EVA)), gives)
    assert isinstance(second, Refused)
    assert (second.code, second.status) == ("not_for_invoices", 403)
    assert not any(isinstance(one, BillingChanged) for one in await desk.told())
