"""What a municipality owes when it leaves: agreed with its place, said before it leaves, and carried by the fact."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import EnrolmentWithdrawn, MunicipalityEnrolled, WithdrawEnrolment
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, with_places
from tests.support.enrollment_desk import AARHUS, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town

LAST_FREE_MOMENT = datetime(2020, 9, 30, 21, 59, tzinfo=UTC)
FREE_DAY_IS_OVER = datetime(2020, 9, 30, 22, 0, tzinfo=UTC)


def with_terms(term: str, version: int = 1) -> str:
    text = programme_text().replace("version: 1", f"version: {version}", 1)
    return text.replace("  contact_label:", f"  withdrawal: {{{term}}}\n  contact_label:", 1)


async def owed(desk: Desk, code: str = AARHUS) -> str | None:
    await desk.told()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, code)))
    (told,) = [one for one in await desk.told() if isinstance(one, EnrolmentWithdrawn)]
    return told.owes


@pytest.mark.parametrize(
    ("term", "at", "owes"),
    [
        ("owes: all", LAST_FREE_MOMENT, "all"),
        ("owes: nothing", LAST_FREE_MOMENT, "nothing"),
        ("owes: all, free_until: 2020-09-30", LAST_FREE_MOMENT, "nothing"),
        ("owes: all, free_until: 2020-09-30", FREE_DAY_IS_OVER, "all"),
        ("free_until: 2020-09-30", FREE_DAY_IS_OVER, "billed"),
    ],
)
async def test_it_owes_what_was_agreed_for_that_day_in_denmark(desk: Desk, term: str, at: datetime, owes: str) -> None:
    await desk.publish(with_terms(term))
    await enrolled(desk, sign_up())
    desk.time = at
    assert await owed(desk) == owes


async def test_what_was_agreed_stays_through_later_versions_and_a_later_place_has_the_later_terms(desk: Desk) -> None:
    await desk.publish(with_terms("owes: all"))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first))
    await desk.publish(with_terms("owes: nothing", version=2))
    await enrolled(desk, sign_up(second))
    told = {one.organisation.code: one.withdrawal for one in await desk.told() if isinstance(one, MunicipalityEnrolled)}
    assert {code: term.owes for code, term in told.items() if term} == {first: "all", second: "nothing"}
    assert [await owed(desk, first), await owed(desk, second)] == ["all", "nothing"]


async def test_without_terms_nothing_is_said_and_it_is_as_before(desk: Desk) -> None:
    await desk.publish()
    await enrolled(desk, sign_up())
    assert await owed(desk) is None


async def test_whoever_waits_or_has_an_open_forbehold_has_promised_nothing(desk: Desk) -> None:
    text = with_places(1, 1, forbehold="holds: always")
    await desk.publish(text.replace("  contact_label:", "  withdrawal: {owes: all}\n  contact_label:", 1))
    first, second = await codes_of(desk, 2)
    assert await enrolled(desk, sign_up(first, forbehold=True), sign_up(second)) == ["enrolled", "waitlisted"]
    assert await owed(desk, second) is None
    assert await owed(desk, first) == "billed"


async def test_the_page_says_it_before_anybody_leaves(town: Town) -> None:
    await town.desk.publish(with_terms("owes: all, free_until: 2020-06-10"))
    await enrolled(town.desk, sign_up())
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    paths = [f"{place.participants_path}/afmeld-kommunen", f"{place.standing_path}/afmeld"]
    for path in paths:
        assert "I skylder ikke noget af gebyret" in (await town.client.get(path)).text
    await town.move_to(datetime(2020, 6, 11, 8, tzinfo=UTC))
    for path in paths:
        assert "I skylder stadig hele gebyret" in (await town.client.get(path)).text


async def test_another_debt_than_these_cannot_be_stored(desk: Desk) -> None:
    await desk.publish(with_terms("owes: all"))
    await enrolled(desk, sign_up())
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("""UPDATE enrolments SET leaving = '{"number": 1, "term": {"owes": "half"}}'""")
