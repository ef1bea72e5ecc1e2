"""A guest gets the one meeting they are invited to, its changes and its cancellation, whatever is heard first."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.enrollment import (
    GuestInvited,
    GuestLinksRevoked,
    GuestRemoved,
    ParticipantRegistered,
    ProgrammePublished,
)
from shared.contracts.event import Event
from shared.contracts.programme import NeedPart, NeedsTerm
from shared.contracts.scheduling import MeetingCancelled, MeetingPlanned, MeetingRescheduled, MeetingScheduled
from tests.support import facts
from tests.support.facts import MEETINGS_OWNER, OWNER, PROGRAMME
from tests.support.letters import templates, text
from tests.support.room import Room

LAERKE = facts.a_person("Lærke Prøvesen", "laerke@fgu.example", "guest")
MEETING = facts.a_meeting("1", kind="heldag", group=None)
OF_MEETING: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
INVITED = GuestInvited(owner=OWNER, programme=PROGRAMME, meeting=MEETING, guest=LAERKE, track="unge")
DATED = MeetingScheduled(**OF_MEETING, meeting=MEETING)
REGISTERED = next(one for one in facts.FACT_EXAMPLES if isinstance(one, ParticipantRegistered)).model_copy(
    update={"meeting": MEETING, "seat_path": "/moedeplads/bo"}
)
OTHER = MeetingScheduled(**OF_MEETING, meeting=facts.a_meeting("2", kind="heldag", group=None))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_the_invitation_comes_once_both_are_there_and_of_no_other_meeting(
    desk: Room, order: tuple[int, ...]
) -> None:
    told: list[Event] = [INVITED, DATED, OTHER]
    for number in order:
        await desk.hear(told[number])
    assert await templates(desk) == [("participant_registered", LAERKE.email)]
    assert "inviterer Lærke Prøvesen som gæst" in " ".join((await text(desk, "participant_registered")).split())


async def test_its_changes_reach_the_guest_and_its_cancellation_does(desk: Room) -> None:
    planned = MEETING.model_copy(update={"when": None, "place": None})
    await desk.hear(MeetingPlanned(**OF_MEETING, meeting=planned), INVITED, DATED)
    desk.time += timedelta(hours=1)
    moved = facts.a_meeting("1", kind="heldag", group=None, date_version=1, place="Odense")
    await desk.hear(MeetingRescheduled(**OF_MEETING, meeting=moved, previous=facts.TIMED))
    desk.time += timedelta(hours=1)
    cancelled = moved.model_copy(update={"date_version": 2})
    await desk.hear(MeetingCancelled(**OF_MEETING, meeting=cancelled, reason="Syg."))
    assert [template for template, _ in await templates(desk)] == [
        "participant_registered",
        "meeting_moved",
        "meeting_cancelled",
    ]
    assert "faktureres" not in await text(desk, "meeting_cancelled")


async def test_the_invitation_leads_to_the_guests_own_page_and_staff_read_of_whoever_says_no(desk: Room) -> None:
    own = INVITED.model_copy(update={"guest_path": "/gaest/laerke"})
    await desk.hear(DATED, own)
    assert "/gaest/laerke" in await text(desk, "participant_registered")
    assert "kost og adgang" not in await text(desk, "participant_registered")
    desk.time += timedelta(hours=1)
    by_staff = GuestRemoved(owner=OWNER, programme=PROGRAMME, meeting=MEETING, guest=LAERKE)
    await desk.hear(by_staff)
    assert await desk.pool.fetchval("SELECT count(*) FROM digest_items") == 0
    anew = LAERKE.model_copy(update={"person_id": "another"})
    await desk.hear(own.model_copy(update={"guest": anew}))
    desk.time += timedelta(hours=1)
    await desk.hear(by_staff.model_copy(update={"guest": anew, "by_participant": True}))
    rows = await desk.pool.fetch("SELECT kind, line FROM digest_items")
    assert [(row["kind"], row["line"]) for row in rows] == [("guest_left", f"{MEETING.title}: en gæst har meldt afbud")]
    assert [one for one, _ in await templates(desk)].count("registration_cancelled") == 2


@pytest.mark.parametrize("registered", [True, False], ids=["registered", "guest"])
async def test_where_the_programme_asks_the_first_mail_offers_to_say_what_one_needs(
    desk: Room, *, registered: bool
) -> None:
    asking = facts.PROGRAMME_TERMS.model_copy(
        update={"needs": NeedsTerm(consent="Ja.", keep_days=14, diet=NeedPart(label="Kost", text=True))}
    )
    await desk.hear(ProgrammePublished(owner=OWNER, programme=PROGRAMME, terms=asking), DATED)
    await desk.hear(REGISTERED if registered else INVITED.model_copy(update={"guest_path": "/gaest/laerke"}))
    assert "hvad I har brug for af kost og adgang" in " ".join((await text(desk, "participant_registered")).split())


async def test_a_guest_who_is_taken_off_gets_the_cancellation_and_may_come_back(desk: Room) -> None:
    await desk.hear(DATED, INVITED)
    desk.time += timedelta(hours=1)
    await desk.hear(GuestRemoved(owner=OWNER, programme=PROGRAMME, meeting=MEETING, guest=LAERKE))
    assert "af gæstelisten" in await text(desk, "registration_cancelled")
    desk.time += timedelta(hours=1)
    # Invited anew they are a new guest.
    anew = LAERKE.model_copy(update={"person_id": "another"})
    await desk.hear(INVITED.model_copy(update={"guest": anew}))
    assert [template for template, _ in await templates(desk)] == [
        "participant_registered",
        "registration_cancelled",
        "participant_registered",
    ]


def closed(generation: int = 1, **changes: Any) -> GuestLinksRevoked:
    about = {"owner": OWNER, "programme": PROGRAMME, "meeting": MEETING, "guest": LAERKE, "track": "unge"}
    paths = {"guest_path": f"/gaest/ny-{generation}", "own_path": f"/mig/ny-{generation}"}
    return GuestLinksRevoked(**{**about, **paths, "generation": generation, **changes})


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_whatever_is_mailed_after_a_closing_leads_by_the_new_links(desk: Room, order: tuple[int, ...]) -> None:
    """In whichever order the invitation and two closings are heard, each at its own time."""
    old = INVITED.model_copy(update={"guest_path": "/gaest/gammel", "own_path": "/mig/gammel"})
    at, told = desk.time, [old, closed(1), closed(2)]
    for number in order:
        desk.time = at + timedelta(hours=number)
        await desk.hear(told[number])
    desk.time = at + timedelta(hours=4)
    await desk.hear(DATED)
    mail = await text(desk, "participant_registered")
    assert "/mig/ny-2" in mail
    assert not any(one in mail for one in ("gammel", "ny-1"))
    assert sorted(await templates(desk)).count(("guest_links_renewed", LAERKE.email)) == 2


async def test_the_new_links_are_mailed_once_and_not_where_another_letter_leads_to_them(desk: Room) -> None:
    await desk.hear(INVITED, closed(mailed=False))
    assert await templates(desk) == []
    await desk.hear(closed(2), closed(2))
    assert await templates(desk) == [("guest_links_renewed", LAERKE.email)]
    assert "/mig/ny-2" in await text(desk, "guest_links_renewed")
