"""Steps of the tracks that each municipality runs for itself: completed once, and told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.scheduling.usecases.complete_step import complete_step
from services.scheduling.usecases.explain import explain
from services.scheduling.usecases.follow_programmes import change_meetings
from services.scheduling.usecases.read_audit import read_audit
from services.scheduling.usecases.read_steps import read_steps
from shared.base.answers import Answer
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import PhaseTerm, ProgrammeTerms, StepTerm, TrackTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import CompleteStep, StepCompleted
from shared.storage.tx import transaction
from tests.support.facts import ENROLMENT_ID, MEETINGS_OWNER, OWNER, PROGRAMME, PROGRAMME_TERMS, a_programme
from tests.support.meeting_point import meet
from tests.support.paging import same_on_pages
from tests.support.room import BY_HAND, Room

ANALYSIS = PhaseTerm(
    id="analyse",
    title="Analysen",
    steps=(
        StepTerm(id="dialog", title="Dialog"),
        StepTerm(id="sagsgennemgang", title="Sagsgennemgang", option="sagsgennemgang", holds_up=False),
    ),
)
TRACKS = (
    TrackTerm(id="kommunespor", title="Kommunens spor", per="organisation", phases=(ANALYSIS,)),
    TrackTerm(id="sekretariat", title="Sekretariatets arbejde", per="programme", phases=(ANALYSIS,)),
)
YESTERDAY, TODAY, TOMORROW = (date(2021, 3, day) for day in (1, 2, 3))


def the_programme(*tracks: TrackTerm, version: int = 1, owner: str = MEETINGS_OWNER) -> ProgrammeTerms:
    ref = a_programme(version=version, meetings_owner=owner)
    return PROGRAMME_TERMS.model_copy(update={"ref": ref, "meetings": (), "tracks": tracks})


def completing(**changes: Any) -> CompleteStep:
    said: dict[str, Any] = {
        "programme_id": PROGRAMME.id,
        "enrolment_id": ENROLMENT_ID,
        "track": "kommunespor",
        "phase": "analyse",
        "step": "sagsgennemgang",
    }
    return CompleteStep(**(said | changes))


@pytest.fixture
async def diary(diary: Room) -> Room:
    """The programme with its tracks is published."""
    diary.time = datetime(2021, 3, 2, 9, tzinfo=UTC)
    await diary.hear(ProgrammePublished(owner=OWNER, terms=the_programme(*TRACKS)))
    return diary


async def test_a_step_is_completed_today_and_told_with_the_option_that_it_delivers(diary: Room) -> None:
    answer = await diary.ask(complete_step, completing())
    assert (answer["option"], answer["completed_on"]) == ("sagsgennemgang", "2021-03-02")
    (told,) = await diary.told()
    assert told == StepCompleted(
        owner=MEETINGS_OWNER,
        programme=PROGRAMME,
        enrolment_id=ENROLMENT_ID,
        track="kommunespor",
        phase="analyse",
        step="sagsgennemgang",
        option="sagsgennemgang",
        completed_on=TODAY,
    )
    await diary.ask(complete_step, completing(step="dialog", completed_on=YESTERDAY))
    (other,) = await diary.told()
    assert isinstance(other, StepCompleted)
    assert (other.option, other.completed_on, other.subject) == (None, YESTERDAY, told.subject)


async def test_a_step_that_is_completed_twice_is_told_once_and_answered_the_same(diary: Room) -> None:
    first = await diary.ask(complete_step, completing(completed_on=YESTERDAY))
    assert await diary.ask(complete_step, completing(completed_on=YESTERDAY)) == first
    assert await diary.ask(complete_step, completing()) == first
    refused = await diary.refusal(complete_step, completing(completed_on=TODAY))
    assert (refused.code, refused.detail) == ("step_completed", "Skridtet blev færdigt mandag den 1. marts 2021.")
    # Whatever the programme says by then.
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(version=2)))
    assert await diary.ask(complete_step, completing()) == first
    assert len(await diary.told()) == 1


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"programme_id": "nowhere"}, "unknown_programme", "programme_id"),
        ({"enrolment_id": " "}, "required", "enrolment_id"),
        ({"track": "x"}, "unknown_track", "track"),
        ({"track": "sekretariat"}, "not_per_organisation", "track"),
        ({"phase": "x"}, "unknown_phase", "phase"),
        ({"step": "x"}, "unknown_step", "step"),
        ({"completed_on": TOMORROW}, "day_to_come", "completed_on"),
    ],
)
async def test_what_no_municipality_can_be_through_is_refused(
    diary: Room, said: dict[str, Any], code: str, field: str
) -> None:
    refused = await diary.refusal(complete_step, completing(**said))
    assert (refused.code, refused.field) == (code, field)
    assert await diary.told() == []


async def test_the_newest_version_of_the_file_says_which_steps_there_are(diary: Room) -> None:
    later = PhaseTerm(id="analyse", title="Analysen", steps=(StepTerm(id="opsamling", title="Opsamling"),))
    tracks = (TrackTerm(id="kommunespor", title="Kommunens spor", per="organisation", phases=(later,)),)
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(*tracks, version=2)))
    assert (await diary.refusal(complete_step, completing())).code == "unknown_step"
    assert (await diary.ask(complete_step, completing(step="opsamling")))["option"] is None


async def test_no_step_of_a_programme_that_is_called_off_is_completed(diary: Room) -> None:
    await diary.hear(ProgrammeCancelled(owner=OWNER, terms=the_programme(*TRACKS), reason="For få"))
    assert (await diary.refusal(complete_step, completing())).code == "programme_cancelled"


async def test_steps_that_another_system_tells_of_are_not_ours(diary: Room) -> None:
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(*TRACKS, version=2, owner="/crm")))
    assert (await diary.refusal(complete_step, completing())).code == "meetings_elsewhere"


async def test_tracks_that_a_version_of_ours_before_this_one_did_not_keep_are_not_guessed(diary: Room) -> None:
    """Beside this version the one before takes in a newer file, of which it does not keep the tracks."""
    await diary.pool.execute("UPDATE programmes SET version = 2")
    assert (await diary.refusal(complete_step, completing())).code == "tracks_not_known"
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(*TRACKS, version=3)))
    await diary.ask(complete_step, completing())


async def test_two_who_complete_a_step_at_once_tell_it_once(diary: Room) -> None:
    first, second = await meet(
        diary,
        lambda tx: complete_step(tx, completing(completed_on=YESTERDAY)),
        lambda tx: complete_step(tx, completing()),
    )
    assert isinstance(first, Answer)
    assert not isinstance(second, Refused)
    assert first.body == second.body
    assert len(await diary.told()) == 1


async def test_a_version_that_comes_as_a_step_is_completed_is_waited_for(diary: Room) -> None:
    """The step is told with the option that it has in the version that counts."""
    changed = diary.received(ProgrammeChanged(owner=OWNER, terms=the_programme(version=2)))
    _, second = await meet(diary, lambda tx: change_meetings(tx, [changed]), lambda tx: complete_step(tx, completing()))
    assert isinstance(second, Refused)
    assert second.code == "unknown_track"


async def test_steps_are_listed_by_enrolment_and_track_a_page_at_a_time(diary: Room) -> None:
    for enrolment in ("b", "a", "c"):
        for step, day in (("sagsgennemgang", TODAY), ("dialog", YESTERDAY)):
            await diary.ask(complete_step, completing(enrolment_id=enrolment, step=step, completed_on=day))
    assert await same_on_pages(diary, read_steps, "steps", programme_id=PROGRAMME.id) == 6
    assert await same_on_pages(diary, read_steps, "steps", programme_id=PROGRAMME.id, enrolment_id="a") == 2
    assert await same_on_pages(diary, read_steps, "steps", programme_id=PROGRAMME.id, track="kommunespor") == 6
    assert await same_on_pages(diary, read_steps, "steps", programme_id=PROGRAMME.id, track="x") == 0
    listed = (await diary.read(read_steps, programme_id=PROGRAMME.id))["steps"]
    assert [(one["enrolment_id"], one["step"]) for one in listed] == [
        (enrolment, step) for enrolment in "abc" for step in ("dialog", "sagsgennemgang")
    ]
    assert await diary.read(read_steps, programme_id="nowhere") == {"steps": [], "next": None}


async def test_why_says_who_completed_it(diary: Room) -> None:
    completed = await diary.ask(complete_step, completing())
    async with transaction(diary.pool, diary, diary.source, BY_HAND) as tx:
        found = await explain(tx, completed["id"])
        assert await explain(tx, "nothing") is None
    assert found is not None
    title = "kommunespor / analyse / sagsgennemgang: færdigt tirsdag den 2. marts 2021"
    assert (found.kind, found.title) == ("skridt", title)
    assert found.cause == BY_HAND


async def test_the_audit_of_a_programme_has_who_completed_a_step(diary: Room) -> None:
    await diary.pool.execute(
        "INSERT INTO audit (principal, route, command, status, correlation_id) VALUES ('t', 'x', 'y', 200, $1)",
        BY_HAND.correlation_id,
    )
    assert (await diary.read(read_audit, programme_id=PROGRAMME.id))["audit"] == []
    await diary.ask(complete_step, completing())
    assert len((await diary.read(read_audit, programme_id=PROGRAMME.id))["audit"]) == 1


async def test_an_id_may_be_as_long_as_any_and_of_any_letters(diary: Room) -> None:
    """An entry of an index has room for three of them at most."""
    longest = "🙂" * 200
    steps = (StepTerm(id=longest, title="Langt", option="sagsgennemgang"),)
    phases = (PhaseTerm(id=longest, title="Lang", steps=steps),)
    track = TrackTerm(id=longest, title="Langt", per="organisation", phases=phases)
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(track, version=2)))
    said = completing(enrolment_id=longest, track=longest, phase=longest, step=longest)
    assert await diary.ask(complete_step, said) == await diary.ask(complete_step, said)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE programmes SET tracks = NULL", "tracks_of_a_version"),
        ("UPDATE completed_steps SET enrolment_id = ''", "completed_steps_enrolment_id_check"),
        ("UPDATE completed_steps SET option_id = ''", "completed_steps_option_id_check"),
    ],
)
async def test_what_cannot_be_is_not_stored(diary: Room, change: str, broken: str) -> None:
    await diary.ask(complete_step, completing())
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await diary.pool.execute(change)
    assert error.value.constraint_name == broken
