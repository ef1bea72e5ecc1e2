"""Whatever staff type about meetings and steps: no error, nothing half done, and only text."""

from __future__ import annotations

import itertools

import httpx
import pytest

from services.scheduling.entrypoints.pages import pages
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.scheduling import PlanMeeting, SetMeetingDate
from shared.contracts.time import day_of
from tests.integration.runtime import test_erasing_pages as erasing
from tests.integration.scheduling.test_staff_meetings import HERE, MEETINGS, published, takes_part
from tests.support.branch import Branch
from tests.support.facts import PROGRAMME
from tests.support.hostile import Walk, digest_of, must_be_escaped
from tests.support.tables import own_tables

PROGRAMME_PAGES = {
    "/scheduling/stab/forloeb/{programme_id}/nyt-moede": {"title": "Ekstra", "kind": "heldag", "mode": "physical"},
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/dato": {"day": "2021-05-11"},
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/sted": {"place": "Salen"},
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/afholdt": {"held_on": "2021-01-11"},
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/aflys": {"reason": "Ingen kan"},
    "/scheduling/stab/forloeb/{programme_id}/spor/{enrolment_id}/faerdigt": {"completed_on": "2021-01-11"},
}
"""Every page that takes a form, and what somebody types who means well."""
WHOLE = digest_of((*own_tables("scheduling"), "outbox", "timers"))


def test_every_form_is_walked_over(diary_office: Branch) -> None:
    takes = {one.path for one in pages(diary_office.host) if "POST" in (getattr(one, "methods", None) or ())}
    # What a page carries to the second is walked by `test_rehearsals.py`.
    assert takes == {*PROGRAMME_PAGES, *erasing.WALKED["scheduling"], "/scheduling/stab/udgivelse"}


@pytest.mark.timeout(400)
async def test_whatever_is_typed_is_taken_as_text_or_refused_whole(diary_office: Branch) -> None:
    browser = await published(diary_office)
    room, numbers = diary_office.room, itertools.count()
    await room.pool.execute("UPDATE programmes SET kinds = '{}'")

    async def kept() -> dict[str, str]:
        return {row[0]: row[1] for row in await room.pool.fetch(WHOLE)}

    async def look(answer: httpx.Response) -> None:
        for path in (answer.headers["location"], MEETINGS, f"{HERE}/spor"):
            must_be_escaped((await browser.get(path)).text)

    async def anew(page: str) -> str:
        number = next(numbers)
        wish = PlanMeeting(programme_id=PROGRAMME.id, key=f"walk-{number}", title="Møde", kind="heldag")
        meeting = (await room.ask(plan_meeting, wish))["id"]
        await room.ask(set_meeting_date, SetMeetingDate(meeting_id=meeting, day=day_of(room.time)))
        await room.hear(takes_part("0751", "Aarhus Kommune", f"x-{number}"))
        path = page.format(programme_id=PROGRAMME.id, meeting_id=meeting, enrolment_id=f"x-{number}")
        return f"{path}?spor=kommunespor&fase=analyse&skridt=dialog" if path.endswith("faerdigt") else path

    walk = Walk(browser, kept, look)
    for page, usual in PROGRAMME_PAGES.items():

        async def one(page: str = page) -> str:
            return await anew(page)

        await walk.over(page, one, usual, {})
