"""Mailed links end with their programme, also those that were mailed before anybody thought of an end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.enrollment.adapters import links
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_sign_up_form import read_sign_up_form
from shared.contracts.enrollment import InviteMunicipalities, MunicipalityInvited
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, CAUSE, P1
from tests.support.enrollment_web import Town

LAST_DAY = datetime(2022, 10, 31, 22, 59, tzinfo=UTC)
"""The last minute of P1's period, `2022-10`."""
THE_DAY_AFTER = datetime(2022, 10, 31, 23, 0, tzinfo=UTC)
A_YEAR_LATER = datetime(2023, 10, 31, 22, 59, tzinfo=UTC)
AND_A_DAY = datetime(2023, 10, 31, 23, 0, tzinfo=UTC)


async def the_contacts_link(town: Town, *, by_the_version_before: bool = False) -> str:
    await town.desk.has_enrolled()
    guest = await town.desk.guest()
    if not by_the_version_before:
        return links.participants_path(town.desk.links, guest)
    await town.desk.pool.execute("UPDATE enrolments SET linked_number = NULL")
    return links.participants_path(town.desk.links, guest._replace(number=None))


async def status(town: Town, path: str, now: datetime) -> int:
    await town.move_to(now)
    return (await town.client.get(path)).status_code


@pytest.mark.parametrize("before", [False, True], ids=["by this version", "by the version before"])
async def test_the_contact_sees_who_came_until_a_year_after_the_programme(town: Town, *, before: bool) -> None:
    path = await the_contacts_link(town, by_the_version_before=before)
    assert await status(town, path, LAST_DAY) == 200
    assert await status(town, path, A_YEAR_LATER) == 200
    assert await status(town, path, AND_A_DAY) == 404
    for act in ("/afmeld-kommunen", "/m-heldag-vest"):
        answer = await town.client.post(f"{path}{act}", data={"_key": "k" * 32, "reason": "fordi"})
        assert (answer.status_code, "Linket virker ikke" in answer.text) == (404, True), act
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"


@pytest.mark.parametrize(("state", "good"), [("scheduled", 200), ("cancelled", 404)])
async def test_a_meeting_after_the_period_keeps_the_link_unless_it_was_cancelled(
    town: Town, state: str, good: int
) -> None:
    path = await the_contacts_link(town)
    await town.desk.has_meeting(day="2022-12-01")
    await town.desk.pool.execute("UPDATE meetings SET state = $1", state)
    assert await status(town, path, AND_A_DAY) == good


async def test_an_invitation_ends_with_the_programme(town: Town) -> None:
    await town.desk.publish()
    await town.desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
    await town.desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    (fact,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityInvited)]
    token = fact.sign_up_path.rpartition("=")[2]
    decline = f"/tilmeld/nej/{token}"

    async def chosen() -> str | None:
        """The municipality that the form knows by the link."""
        desk = town.desk
        async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
            form = await read_sign_up_form(tx, P1, token)
        assert form is not None
        return form.chosen

    assert await status(town, decline, LAST_DAY) == 200
    assert await chosen() == AARHUS
    assert await status(town, decline, THE_DAY_AFTER) == 404
    assert await chosen() is None
    answer = await town.client.post(decline, data={"_key": "k" * 32})
    assert answer.status_code == 404
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "invited"
