"""A form has no effect on the world but a mail, until its contact has pressed the link in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from services.enrollment.adapters import links
from services.enrollment.domain.sign_up import FORMS_A_DAY
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.receive_sign_up import receive_sign_up
from shared.contracts.enrollment import EnrolmentReceived, MunicipalityEnrolled
from tests.support.enrollment_desk import AARHUS, P1, Desk, sign_up
from tests.support.enrollment_web import Town


async def received(desk: Desk, **more: str) -> str:
    """The id of the sign-up in the mailed link."""
    await desk.ask(receive_sign_up, sign_up(AARHUS, **more))
    (fact,) = [one for one in await desk.told() if isinstance(one, EnrolmentReceived)]
    sign_up_id = links.sign_up_of(desk.links, fact.confirm_path.rpartition("/")[2], desk.now())
    assert sign_up_id is not None
    return sign_up_id


async def test_a_form_waits_until_its_contact_confirms(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await received(desk)
    enrolment = await desk.pool.fetchval("SELECT id FROM enrolments")
    assert (await desk.read(read_enrolment, enrolment_id=enrolment))["status"] == "Modtaget"
    answer = await desk.ask(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))
    assert answer["status"] == "Plads bekræftet"
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    again = await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))
    assert again.code == "already_enrolled"


async def test_a_form_that_came_in_time_may_be_confirmed_after_the_deadline(desk: Desk) -> None:
    await desk.publish()
    desk.time = datetime(2020, 8, 21, 21, 0, tzinfo=UTC)
    sign_up_id = await received(desk)
    desk.time = datetime(2020, 8, 24, 8, 0, tzinfo=UTC)
    await desk.ask(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))
    assert (await desk.refusal(receive_sign_up, sign_up(AARHUS))).code == "already_enrolled"


async def test_the_second_form_of_a_contact_takes_the_place_of_the_first(desk: Desk) -> None:
    await desk.publish()
    first = await received(desk, contact_name="Karen Gammel")
    second = await received(desk, contact_name="Karen Ny")
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=first))).code == "link_replaced"
    await desk.ask(confirm_sign_up, ConfirmSignUp(sign_up_id=second))
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    assert fact.contact.name == "Karen Ny"


async def test_a_stranger_can_not_keep_a_municipality_out_by_filling_in_the_form_first(desk: Desk) -> None:
    await desk.publish()
    strangers = await received(desk, contact_email="stranger@other.example")
    own = await received(desk)
    await desk.ask(confirm_sign_up, ConfirmSignUp(sign_up_id=own))
    refused = await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=strangers))
    assert refused.code == "already_enrolled"


async def test_forms_for_one_municipality_are_limited(desk: Desk) -> None:
    await desk.publish()
    for number in range(FORMS_A_DAY):
        await received(desk, contact_email=f"nr{number}@other.example")
    refused = await desk.refusal(receive_sign_up, sign_up(AARHUS))
    assert (refused.code, refused.status) == ("too_many_sign_ups", 429)


async def test_a_link_ends_after_two_weeks(desk: Desk) -> None:
    path = links.confirm_path(desk.links, "s", datetime(2020, 6, 1, 8, tzinfo=UTC))
    token = path.rpartition("/")[2]
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 7, 59, tzinfo=UTC)) == "s"
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 8, 0, tzinfo=UTC)) is None
    assert links.participants_of(desk.links, token, desk.now()) is None


async def test_a_form_that_is_sent_at_once_or_with_mistakes_is_shown_again_as_it_was(town: Town) -> None:
    await town.desk.publish()
    page = await town.client.get(f"/tilmeld/{P1}")
    hidden = dict(re.findall(r'name="(_key|_started)" value="([^"]+)"', page.text))
    typed = {"organisation_code": AARHUS, "contact_name": "Karen <b>", "contact_email": "k@a.example"}
    answer = await town.client.post(f"/tilmeld/{P1}", data={**typed, **hidden})
    assert answer.status_code == 422
    assert "Det gik hurtigere, end vi kan følge med til" in answer.text
    assert 'value="Karen &lt;b&gt;"' in answer.text
    assert await town.desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 0


async def test_a_get_of_the_mailed_link_changes_nothing(town: Town) -> None:
    await town.desk.publish()
    await town.desk.ask(receive_sign_up, sign_up(AARHUS))
    path = await town.mailed_path()
    for _ in range(2):
        page = await town.client.get(path)
        assert (page.status_code, page.headers["referrer-policy"]) == (200, "strict-origin")
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "received"
    key = re.findall(r'name="_key" value="([^"]+)"', page.text)[0]
    for _ in range(2):
        pressed = await town.client.post(path, data={"_key": key})
        assert pressed.status_code == 303
    assert len(await town.desk.told()) == 1
    assert "Aarhus Kommune er tilmeldt" in (await town.client.get(path)).text
