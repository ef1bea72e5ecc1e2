"""What staff read is bounded, however much has happened: each line is taken once, and none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications.adapters import programmes
from services.notifications.domain.digest import DIGEST, EVERYBODY, DigestLine, next_digest
from services.notifications.domain.message import Message
from services.notifications.usecases.note_awaiting_sign_up import note_awaiting_sign_up
from services.notifications.usecases.send_digest import send_digest
from services.notifications.usecases.tell_staff import tell_staff
from shared.contracts.enrollment import Forbehold, NobodyMovedUp, SignUpAwaitsStaff
from shared.contracts.parties import Organisation
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from shared.storage.tx import transaction
from tests.support import facts
from tests.support.letters import COMPOSER, written
from tests.support.room import BY_HAND, Room

ROOM = 50
MAILBOXES = 12
NOON = datetime(2020, 6, 15, 10, tzinfo=UTC)
MORNING = datetime(2020, 6, 16, 5, tzinfo=UTC)
EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
WAITS: SignUpAwaitsStaff = EXAMPLES["SignUpAwaitsStaff"]


def a_line(number: int, kind: str = "rejected", programme_id: str | None = None) -> DigestLine:
    return DigestLine(programme_id, kind, f"{kind}/{programme_id}/{number}", "1", f"Linje {number:05} af {kind}", NOON)


async def a_mailbox_each(desk: Room, count: int) -> None:
    refs = [facts.a_programme(f"p{number}", staff_email=f"stab{number}@forening.example") for number in range(count)]
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await programmes.lock(tx, refs)


async def told(desk: Room, lines: list[DigestLine]) -> None:
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await tell_staff(tx, [(line, BY_HAND) for line in lines])


def shown(letter: Message) -> list[str]:
    return [
        line
        for part in letter.says["parts"]
        for section in part["sections"]
        for line in section["lines"]
        if line.startswith("Linje")
    ]


def words_of(letter: Message) -> str:
    return " ".join(COMPOSER.texts(letter).plain.split())


async def test_a_digest_is_short_enough_to_read_however_much_there_is(desk: Room) -> None:
    desk.time = NOON
    await a_mailbox_each(desk, 2)
    await told(desk, [a_line(number) for number in range(700)])
    await told(desk, [a_line(number, "enrolled", "p1") for number in range(300)])
    await desk.ring(MORNING)
    first, second = await written(desk, "digest")
    assert (len(shown(first)), len(shown(second))) == (200, 400)
    words = words_of(second)
    assert "Afviste henvendelser (700)" in words
    assert "og 500 flere; se dem alle: tovholder tail --no-follow" in words
    assert "Nye tilmeldinger (300)" in words
    assert "og 100 flere; se dem alle: /api/enrollment/enrolments?programme_id=p1" in words


async def test_one_mailbox_with_very_many_programmes_reads_of_the_first_and_how_many_there_are_more(desk: Room) -> None:
    desk.time = NOON
    refs = [facts.a_programme(f"p{number:03}", title=f"Forløb {number:03}") for number in range(70)]
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await programmes.lock(tx, refs)
    await told(desk, [a_line(n, kind, ref.id) for ref in refs for kind in ("enrolled", "withdrawn") for n in range(40)])
    await desk.ring(MORNING)
    (only,) = await written(desk, "digest")
    assert len(shown(only)) <= 2_000
    assert [part["title"] for part in only.says["parts"]] == [*(f"Forløb {n:03}" for n in range(50)), "Flere forløb"]
    assert "20 forløb mere har nyt, 1600 linjer i alt" in words_of(only)


async def test_meetings_without_a_date_are_no_exception(desk: Room) -> None:
    desk.time = NOON
    planned = [
        EXAMPLES["MeetingPlanned"].model_copy(update={"meeting": facts.a_meeting(f"m{number}", title=f"Møde {number}")})
        for number in range(250)
    ]
    await desk.hear(*planned)
    await desk.ring(MORNING)
    (only,) = await written(desk, "digest")
    words = words_of(only)
    assert "Møder uden dato (250)" in words
    assert "og 50 flere; se dem alle: /api/scheduling/meetings" in words


async def test_staff_read_whose_forbehold_has_no_answer_and_who_names_no_day(desk: Room) -> None:
    """And who expects it on another day; not of the reminder before the day."""
    desk.time = NOON
    early = EXAMPLES["ReservationReminderDue"]
    late = early.model_copy(update={"days": 7})
    none = early.model_copy(
        update={"days": 35, "forbehold": Forbehold(), "organisation": Organisation(code="0147", name="Frederiksberg")}
    )
    await desk.hear(early, late, late, none, EXAMPLES["ReservationChanged"])
    await desk.ring(MORNING)
    (only,) = await written(desk, "digest")
    words = words_of(only)
    assert "Politisk behandling (3)" in words
    assert "Københavns Kommune (svar ventes 6. oktober 2020, Beskæftigelsesudvalget)" in words
    assert "Københavns Kommune (intet svar, ventet 15. september 2020)" in words
    assert "Frederiksberg (intet svar 35 dage efter tilmeldingen, dagen er ukendt)" in words


async def test_staff_read_whose_place_nobody_got_and_why(desk: Room) -> None:
    """And of whoever moved up that they did."""
    desk.time = NOON
    left: NobodyMovedUp = EXAMPLES["NobodyMovedUp"]
    none = left.model_copy(update={"free": 0, "why": "Alle 12 pladser er taget.", "enrolment_id": "other"})
    await desk.hear(left, left.model_copy(update={"enrolment_id": "third"}), none)
    await desk.hear(EXAMPLES["MunicipalityEnrolled"].model_copy(update={"from_waiting_list": True}))
    await desk.ring(MORNING)
    (only,) = await written(desk, "digest")
    words = words_of(only)
    assert "Pladser, som ingen fik (3)" in words
    assert words.count("Københavns Kommune: pladsen er fri, og ingen rykkede op. Ingen står på ventelisten.") == 2
    assert "Københavns Kommune: ingen rykkede op. Alle 12 pladser er taget." in words
    assert "fra ventelisten" in words


async def test_staff_read_which_papers_an_archive_lacks_since_when_and_what_to_run_each_time_that_it_is_told(
    desk: Room,
) -> None:
    waits = EXAMPLES["ProgrammeAwaitsArchive"]
    mails = []
    for number in range(2):
        desk.time = NOON + timedelta(days=30 * number)
        await desk.hear(waits)
        await desk.ring(desk.time + timedelta(days=1))
        mails = await written(desk, "digest")
    assert len(mails) == 2
    for one in mails:
        words = words_of(one)
        assert "Arkivet mangler papirerne" in words
        assert (
            "Sluttede 31. oktober 2022. Siden 31. oktober 2028 skulle personerne være slettet: de bliver, til arkivet "
            "har papirerne. Skriv dem ud med: tovholder archive netvaerk-kommunal-ungeindsats --out FIL.zip"
        ) in words


async def test_no_transaction_takes_more_than_its_room(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    desk.time = NOON
    await a_mailbox_each(desk, MAILBOXES)
    await told(desk, [a_line(number) for number in range(7 * ROOM)])
    await desk.ring(MORNING)
    taken = await desk.pool.fetch("SELECT count(*) AS items FROM digest_items GROUP BY xmin")
    assert max(row["items"] for row in taken) <= ROOM
    by_transaction = await desk.pool.fetch("SELECT count(*) AS written FROM messages GROUP BY xmin")
    assert max(row["written"] for row in by_transaction) == 1
    assert len(by_transaction) == MAILBOXES


async def test_what_comes_while_a_digest_is_written_is_told_once_there_or_in_the_next(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    desk.time = NOON
    await a_mailbox_each(desk, 1)
    await told(desk, [a_line(number, "failed") for number in range(3 * ROOM)])
    desk.time = MORNING

    async def more() -> None:
        for start in range(1_000, 1_100, 10):
            await told(desk, [a_line(number, "unknown") for number in range(start, start + 10)])

    await asyncio.gather(desk.ring(MORNING), more())
    await desk.ring(next_digest(MORNING))
    counts = Counter(line for letter in await written(desk, "digest") for line in shown(letter))
    assert set(counts.values()) == {1}
    assert len(counts) == 3 * ROOM + 100
    await desk.ring(datetime(2020, 7, 1, 5, tzinfo=UTC))
    assert sum(len(shown(letter)) for letter in await written(desk, "digest")) == 3 * ROOM + 100


async def test_a_line_that_is_committed_when_its_digest_has_gone_out_is_told_in_the_next(desk: Room) -> None:
    desk.time = NOON
    await a_mailbox_each(desk, 1)
    await told(desk, [a_line(1)])
    desk.time = MORNING - timedelta(seconds=0.1)
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as late:
        await tell_staff(late, [(a_line(2), BY_HAND)])
        await desk.ring(MORNING)
    await desk.ring(MORNING + timedelta(seconds=1))
    assert [shown(letter) for letter in await written(desk, "digest")] == [[a_line(1).text]]
    await desk.ring(next_digest(MORNING))
    assert [shown(letter) for letter in await written(desk, "digest")] == [[a_line(1).text], [a_line(2).text]]


async def test_a_form_that_comes_when_its_ten_minutes_are_over_is_told_within_the_next_ten(desk: Room) -> None:
    desk.time = NOON
    boundary = NOON + timedelta(minutes=10)
    await desk.hear(WAITS.model_copy(update={"sign_up_id": "early"}))
    desk.time = boundary - timedelta(seconds=0.1)
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as late:
        event = desk.received(WAITS.model_copy(update={"sign_up_id": "late"}))
        await note_awaiting_sign_up(late, [event])
        await desk.ring(boundary)
    await desk.ring(boundary + timedelta(seconds=1))
    assert len(await written(desk, "digest")) == 1
    await desk.ring(boundary + timedelta(minutes=10))
    assert len(await written(desk, "digest")) == 2


async def test_a_programme_whose_mailbox_changes_meanwhile_is_read_of_once(desk: Room) -> None:
    desk.time = NOON
    await a_mailbox_each(desk, 3)
    await told(desk, [a_line(number, "enrolled", f"p{number}") for number in range(3)])
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await send_digest(tx, [Timer(DIGEST, EVERYBODY, MORNING, {}, BY_HAND)])
    for number in range(3):
        moved = facts.a_programme(f"p{number}", version=2, staff_email=f"stab{(number + 1) % 3}@forening.example")
        async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
            await programmes.lock(tx, [moved])
    await desk.ring(MORNING)
    counts = Counter(line for letter in await written(desk, "digest") for line in shown(letter))
    assert sorted(counts.values()) == [1, 1, 1]


async def moved_meanwhile(desk: Room, **mailboxes: str) -> dict[str, list[str]]:
    """What each mailbox reads when p0 and p1 had one, and got these when all had been taken."""
    desk.time = NOON
    for refs in (
        [facts.a_programme(one, staff_email="faelles@forening.example") for one in ("p0", "p1")],
        [facts.a_programme(one, version=2, staff_email=email) for one, email in mailboxes.items()],
    ):
        async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
            await programmes.lock(tx, refs)
            if refs[0].version == 1:
                await tell_staff(tx, [(a_line(n, "enrolled", f"p{n}"), BY_HAND) for n in range(2)])
                await tell_staff(tx, [(a_line(2), BY_HAND)])
                await send_digest(tx, [Timer(DIGEST, EVERYBODY, MORNING, {}, BY_HAND)])
    await desk.ring(MORNING)
    return {letter.email: sorted(shown(letter)) for letter in await written(desk, "digest")}


GENERAL, OF_P0, OF_P1 = "Linje 00002 af rejected", "Linje 00000 af enrolled", "Linje 00001 af enrolled"


@pytest.mark.parametrize("one", ["p0", "p1"])
async def test_a_digest_goes_to_the_mailbox_that_it_was_made_for(desk: Room, one: str) -> None:
    read = await moved_meanwhile(desk, **{one: "anden@forening.example"})
    assert read == {"faelles@forening.example": [OF_P0, OF_P1, GENERAL]}


async def test_where_nobody_has_that_mailbox_any_more_each_mailbox_reads_of_its_own_programmes(desk: Room) -> None:
    read = await moved_meanwhile(desk, p0="b@forening.example", p1="c@forening.example")
    assert read == {"b@forening.example": [OF_P0, GENERAL], "c@forening.example": [OF_P1]}


async def test_a_line_of_a_programme_that_nobody_knows_is_read_by_all(desk: Room) -> None:
    desk.time = NOON
    await a_mailbox_each(desk, 2)
    await told(desk, [a_line(1, "held_back", "nobody-knows"), a_line(2, "held_back", "p1")])
    await desk.ring(MORNING)
    assert [len(shown(letter)) for letter in await written(desk, "digest")] == [1, 2]


async def test_forms_of_one_organisation_are_one_line_with_their_number(desk: Room) -> None:
    desk.time = NOON
    aarhus = Organisation(code="0751", name="Aarhus Kommune")
    for number in range(30):
        await desk.hear(WAITS.model_copy(update={"sign_up_id": f"s{number}"}))
    await desk.hear(WAITS.model_copy(update={"sign_up_id": "another", "enrolment_id": "e", "organisation": aarhus}))
    await desk.ring(datetime(2020, 6, 15, 10, 10, tzinfo=UTC))
    (only,) = await written(desk, "digest")
    (section,) = only.says["parts"][0]["sections"]
    assert section["lines"] == ["Københavns Kommune (0101): 30 tilmeldinger", "Aarhus Kommune (0751)"]
    assert "om afsenderen er kommunens (31)" in words_of(only)
