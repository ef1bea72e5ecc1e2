"""Whoever nothing concerns any more is forgotten by themselves, in the night in which their time is over."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.locations import ROOT
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.keeping import ARCHIVE_AWAITED, FORGET_PAST, LONGEST_PAUSE, NIGHTLY, nightly
from services.enrollment.entrypoints.timers import standing
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.forget_past import forget_past
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.record_archive import record_archive
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    CancelProgramme,
    ChangeContact,
    ChangeRole,
    EnrolmentReceived,
    ErasePerson,
    InviteGuest,
    ParticipantRegistered,
    PersonErased,
    ProgrammeAwaitsArchive,
    RecordArchive,
    RegisterParticipant,
    VouchForAddress,
)
from shared.contracts.parties import ERASED_NAME
from shared.contracts.scheduling import Meeting, MeetingPlanned, MeetingScheduled, When
from shared.contracts.time import day_of, local, start_of_day
from shared.runtime.erasure import TOGETHER, FindPeople
from shared.runtime.timers import Timer, arm_standing
from shared.storage.pool import open_pool
from shared.storage.tx import Tx, transaction
from tests.support.enrollment_desk import AARHUS, CAUSE, HVIDOVRE, P1, Desk, programme_text, sign_up
from tests.support.eventually import eventually
from tests.support.meeting_point import meet, meet_now
from tests.support.servers import MakeDatabase

KEEP = 365
ENDS = date(2022, 10, 31)
"""P1's last day, by its period."""
LAST_NIGHT = local(ENDS + timedelta(days=KEEP), time(3))
"""The last one in which its people are known: a whole year is not over yet."""
DUE = local(ENDS + timedelta(days=KEEP + 1), time(3))
KAREN, BO, LAERKE = "karen@k0751.example", "bo@k0751.example", "laerke@fgu.example"
GOES_ON = "netvaerk-der-fortsaetter"


async def arms(desk: Desk, keep_days: int = KEEP) -> None:
    """As the service does when it starts."""
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        await arm_standing(tx, standing(keep_days, tx.now))


async def night(desk: Desk, at: datetime) -> list[PersonErased]:
    """All that rings by then, and whom it forgets."""
    desk.time = at
    while await desk.ring():
        pass
    return [one for one in await desk.told() if isinstance(one, PersonErased)]


async def has_meeting(desk: Desk, meeting_id: str = "m-1", programme: str = P1, day: str | None = "2021-04-15") -> None:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", programme))
    when = None if day is None else When.model_validate_json(json.dumps({"first_day": day, "last_day": day}))
    meeting = Meeting(id=meeting_id, key=meeting_id, title="Møde", kind="heldag", when=when)
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    fact = MeetingPlanned if day is None else MeetingScheduled
    await desk.hear(fact.model_validate_json(json.dumps(told)))


async def goes_on(desk: Desk) -> None:
    """Another programme, for which a municipality can sign up until its period is over, years later."""
    text = programme_text().replace(f"id: {P1}", f"id: {GOES_ON}", 1)
    for year in ("2022", "2021", "2020"):
        text = text.replace(f"{year}-", f"{int(year) + 8}-")
    role = "  roles: [{id: faktura, label: fakturakontakt, purpose: billing}]\n  contact_label:"
    await desk.ask(publish_programme, PublishProgramme(file=text.replace("  contact_label:", role, 1)))


def registering(
    enrolment: str, meeting: str = "m-1", name: str = "Bo Prøvesen", email: str = BO
) -> RegisterParticipant:
    return RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting, name=name, email=email)


async def took_part(desk: Desk) -> tuple[str, str]:
    """Karen is the contact of a programme, and Bo comes to its meeting; which enrolment that is, and who Bo is."""
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    person_id = (await desk.ask(register_participant, registering(enrolment)))["person_id"]
    await arms(desk)
    await desk.told()
    return enrolment, str(person_id)


async def forget(tx: Tx) -> None:
    """The first transaction of a night."""
    await forget_past(tx, [Timer(FORGET_PAST, NIGHTLY, DUE, {"keep_days": KEEP}, CAUSE)])


def archive_of(read_at: datetime) -> RecordArchive:
    return RecordArchive(programme_id=P1, read_at=read_at, sha256="0" * 64, files=40)


async def knows(desk: Desk, email: str) -> list[str]:
    found: list[str] = (await desk.ask(FORGETTING.search, FindPeople(email=email)))["person_ids"]
    return found


async def test_people_are_forgotten_in_the_night_in_which_their_time_is_over_and_in_none_before(desk: Desk) -> None:
    _, bo = await took_part(desk)
    guest = InviteGuest(programme_id=P1, meeting_id="m-1", name="Lærke Prøvesen", email=LAERKE)
    laerke = (await desk.ask(invite_guest, guest))["person_id"]
    await desk.ask(vouch_for_address, VouchForAddress(organisation_code=AARHUS, email=BO))
    (karen,) = await knows(desk, KAREN)
    assert await night(desk, LAST_NIGHT) == []
    assert await knows(desk, BO) == [bo]

    told = await night(desk, DUE)
    assert {one.person_id for one in told} == {karen, bo, laerke}
    assert {one.why for one in told} == {"retention"}
    for email, person_id in ((KAREN, karen), (BO, bo), (LAERKE, laerke)):
        assert await knows(desk, email) == []
        assert (await desk.read(FORGETTING.read, person_id=person_id))["erased"] is True
    assert await desk.pool.fetchval("SELECT contact ->> 'name' FROM enrolments") == ERASED_NAME
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 0
    assert await desk.pool.fetchval("SELECT count(*) FROM speakers") == 0
    assert await desk.pool.fetchval("SELECT count(*) FROM erasures") == 0
    # What is counted stays.
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 1

    assert await night(desk, DUE + timedelta(days=1)) == [], "they are forgotten once"
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE key = $1", NIGHTLY)
    assert due == DUE + timedelta(days=LONGEST_PAUSE), "nobody's time is over sooner, as far as anybody knows"


async def test_a_night_that_comes_twice_changes_nothing_more(desk: Desk) -> None:
    await took_part(desk)
    assert len(await night(desk, DUE)) == 2

    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        await forget(tx)
    assert await night(desk, DUE) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM erased_persons") == 2


async def enrols(desk: Desk, **more: Any) -> str:
    (outcome,) = await desk.enrol(sign_up(programme_id=GOES_ON, **more))
    assert isinstance(outcome, Answer), outcome
    return enrolment_id(GOES_ON, AARHUS)


async def as_contact(desk: Desk) -> None:
    await enrols(desk, contact_name="Bo Prøvesen", contact_email=BO)


async def as_participant(desk: Desk) -> None:
    enrolment = await enrols(desk)
    await has_meeting(desk, "m-2", GOES_ON, "2030-04-15")
    await desk.ask(register_participant, registering(enrolment, "m-2"))


async def as_former_contact(desk: Desk) -> None:
    await as_contact(desk)
    new = ChangeContact(enrolment_id=enrolment_id(GOES_ON, AARHUS), name="Eva Efter", email="eva@k0751.example")
    await desk.ask(change_contact, new)


async def as_holder_of_a_role(desk: Desk) -> None:
    enrolment = await enrols(desk)
    await desk.ask(change_role, ChangeRole(enrolment_id=enrolment, role_id="faktura", name="Bo Prøvesen", email=BO))


async def as_guest(desk: Desk) -> None:
    await has_meeting(desk, "m-2", GOES_ON, "2030-04-15")
    await desk.ask(invite_guest, InviteGuest(programme_id=GOES_ON, meeting_id="m-2", name="Bo Prøvesen", email=BO))


async def by_a_form(desk: Desk) -> None:
    form = sign_up(programme_id=GOES_ON, contact_name="Bo Prøvesen", contact_email=BO)
    await desk.ask(receive_sign_up, ReceiveSignUp(form=form, caller="192.0.2.1"))


async def in_a_form_of_somebody_elses(desk: Desk) -> None:
    roles = {"faktura": {"name": "Bo Prøvesen", "email": BO}}
    form = sign_up(HVIDOVRE, programme_id=GOES_ON, roles=roles)
    await desk.ask(receive_sign_up, ReceiveSignUp(form=form, caller="192.0.2.1"))


async def by_a_draft(desk: Desk) -> None:
    typed = {"contact_name": "Bo Prøvesen", "contact_email": BO, "organisation_code": AARHUS}
    await desk.ask(save_draft, SaveDraft(programme_id=GOES_ON, typed=typed, caller="192.0.2.2"))


async def in_another_organisation(desk: Desk) -> None:
    (outcome,) = await desk.enrol(sign_up(HVIDOVRE, programme_id=GOES_ON, contact_name="Bo Prøvesen", contact_email=BO))
    assert isinstance(outcome, Answer), outcome


PARTS = (
    as_contact,
    as_participant,
    as_former_contact,
    as_holder_of_a_role,
    as_guest,
    by_a_form,
    in_a_form_of_somebody_elses,
    by_a_draft,
    in_another_organisation,
)


@pytest.mark.parametrize("takes_part", PARTS)
async def test_whoever_is_part_of_another_programme_that_goes_on_stays(
    desk: Desk, takes_part: Callable[[Desk], Awaitable[None]]
) -> None:
    _, bo = await took_part(desk)
    await goes_on(desk)
    await takes_part(desk)
    await desk.told()
    assert bo not in {one.person_id for one in await night(desk, DUE)}
    assert bo in await knows(desk, BO)


async def test_whoever_came_when_it_was_over_is_kept_as_long_from_then_on(desk: Desk) -> None:
    enrolment, bo = await took_part(desk)
    desk.time = start_of_day(ENDS + timedelta(days=100))
    new = ChangeContact(enrolment_id=enrolment, name="Eva Efter", email="eva@k0751.example")
    await desk.ask(change_contact, new)
    await desk.told()
    assert [one.person_id for one in await night(desk, DUE)] == [bo], "and Karen was its contact until then"
    told = await night(desk, DUE + timedelta(days=100))
    assert len(told) == 2
    assert await knows(desk, KAREN) == await knows(desk, "eva@k0751.example") == []


async def test_a_meeting_without_a_day_keeps_people_and_a_later_one_keeps_them_longer(desk: Desk) -> None:
    await took_part(desk)
    await has_meeting(desk, "m-2", day=None)
    assert await night(desk, DUE) == []
    await has_meeting(desk, "m-2", day="2023-12-01")
    later = DUE + (date(2023, 12, 1) - ENDS)
    assert await night(desk, later - timedelta(days=1)) == []
    assert len(await night(desk, later)) == 2


async def test_of_a_programme_that_is_called_off_it_is_that_day_that_counts(desk: Desk) -> None:
    await took_part(desk)
    desk.time = datetime(2020, 11, 2, 8, tzinfo=UTC)
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P1))
    await desk.pool.execute("UPDATE meetings SET state = 'cancelled'")
    while await desk.ring():
        pass
    await desk.told()
    due = local(date(2020, 11, 2) + timedelta(days=KEEP + 1), time(3))
    assert await night(desk, due - timedelta(days=1)) == []
    assert len(await night(desk, due)) == 2


async def test_nobody_is_forgotten_before_an_archive_that_is_to_have_the_papers_has_them(desk: Desk) -> None:
    await took_part(desk)
    await desk.pool.execute("UPDATE programmes SET terms = terms || '{\"archive\": true}'")
    await desk.ask(record_archive, archive_of(desk.time))
    assert await night(desk, DUE) == [], "they were read before it was over"
    desk.time = DUE + timedelta(days=2)
    await desk.ask(record_archive, archive_of(desk.time))
    await desk.pool.execute("UPDATE enrolment_history SET decided_at = $1", desk.time + timedelta(hours=1))
    assert await night(desk, DUE + timedelta(days=LONGEST_PAUSE)) == [], "something was decided since"
    await desk.ask(record_archive, archive_of(desk.time))
    assert len(await night(desk, DUE + timedelta(days=2 * LONGEST_PAUSE))) == 2


async def asked(desk: Desk, until: datetime) -> list[tuple[date, date, date]]:
    """On which days staff were told that an archive waits, and what of: timers ring when they are due."""
    days = []
    sql = "SELECT min(due) FROM timers WHERE due <= $1"
    while (due := await desk.pool.fetchval(sql, until)) is not None:
        desk.time = max(desk.time, due)
        await desk.ring()
        told = [one for one in await desk.told() if isinstance(one, ProgrammeAwaitsArchive)]
        days += [(day_of(desk.time), one.ended_on, one.kept_since) for one in told]
    return days


async def test_staff_are_told_once_a_month_that_people_are_kept_for_an_archive_until_it_has_the_papers(
    desk: Desk,
) -> None:
    await took_part(desk)
    await desk.pool.execute("UPDATE programmes SET terms = terms || '{\"archive\": true}'")
    first = day_of(DUE)
    # Looks come more often than that, and each finds it waiting.
    assert await asked(desk, DUE + timedelta(days=62)) == [
        (first + timedelta(days=30 * number), ENDS, first) for number in range(3)
    ]
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ARCHIVE_AWAITED) == 1
    await desk.ask(record_archive, archive_of(desk.time))
    assert await asked(desk, desk.time + timedelta(days=70)) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ARCHIVE_AWAITED) == 0
    # Something was decided since: it waits anew.
    await desk.pool.execute("UPDATE enrolment_history SET decided_at = $1", desk.time)
    assert await asked(desk, desk.time + timedelta(days=31)) != []


async def test_nobody_is_asked_for_papers_that_no_archive_is_to_have_or_of_what_goes_on(desk: Desk) -> None:
    await took_part(desk)
    assert await asked(desk, DUE + timedelta(days=62)) == []
    await desk.pool.execute('UPDATE programmes SET terms = terms || \'{"archive": true, "ends": "2040-12"}\'')
    assert await asked(desk, desk.time + timedelta(days=62)) == []


async def test_whoever_is_kept_for_a_longer_time_from_now_on_is_not_asked_for_by_the_shorter_one(desk: Desk) -> None:
    await took_part(desk)
    await desk.pool.execute("UPDATE programmes SET terms = terms || '{\"archive\": true}'")
    assert len(await asked(desk, DUE + timedelta(days=10))) == 1
    await arms(desk, 2 * KEEP)
    assert await asked(desk, desk.time + timedelta(days=62)) == []
    (told, *_) = await asked(desk, DUE + timedelta(days=KEEP + 1))
    assert told[2] == ENDS + timedelta(days=2 * KEEP + 1)


async def test_a_service_that_was_down_for_months_asks_once_and_each_look_puts_nothing_off(desk: Desk) -> None:
    await took_part(desk)
    await desk.pool.execute("UPDATE programmes SET terms = terms || '{\"archive\": true}'")
    assert len(await asked(desk, DUE + timedelta(hours=8))) == 1

    async def looks(at: datetime) -> int:
        """As when somebody's time is over that night; how often staff are told until the next evening."""
        # A minute later: timers of two names ring in a transaction each.
        later = at + timedelta(minutes=1)
        await desk.pool.execute("UPDATE timers SET due = $1 WHERE timer = $2", later, FORGET_PAST)
        return len(await asked(desk, at + timedelta(hours=16)))

    assert [await looks(DUE + timedelta(days=number)) for number in (1, 2, 20)] == [0, 0, 0]
    desk.time = DUE + timedelta(days=200)
    assert [await looks(desk.time), await looks(desk.time + timedelta(days=1))] == [1, 0]


async def test_a_setting_that_was_changed_holds_from_the_next_start_and_a_start_alone_puts_nothing_off(
    desk: Desk,
) -> None:
    await took_part(desk)
    timers = "SELECT due, data::text FROM timers WHERE timer = 'people_forget_past'"
    (before,) = await desk.pool.fetch(timers)
    desk.time += timedelta(hours=30)
    await arms(desk)
    assert await desk.pool.fetch(timers) == [before], "it is late, and rings at once"
    await arms(desk, KEEP + 7)
    (after,) = await desk.pool.fetch(timers)
    assert (after["due"], json.loads(after["data"])) == (nightly(KEEP, desk.time).due, {"keep_days": KEEP + 7})
    assert await night(desk, DUE + timedelta(days=6)) == []
    assert len(await night(desk, DUE + timedelta(days=7))) == 2


async def test_a_service_that_starts_where_no_such_timer_was_looks_at_people_from_that_night_on(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    where = await database("enrollment")
    told = {
        "TOVHOLDER_DATABASE_URL": where.url,
        "TOVHOLDER_KAFKA": "127.0.0.1:1",
        "TOVHOLDER_HTTP_PORT": "0",
        "TOVHOLDER_LINK_KEY_FILE": str(link_key_file),
        "TOVHOLDER_SIMULATED_START": "2020-06-01T08:00:00Z",
        "TOVHOLDER_KEEP_PEOPLE_DAYS": "400",
    }
    pool = await open_pool(where.url, "test")
    assert await pool.fetchval("SELECT count(*) FROM timers") == 0
    with (tmp_path / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.enrollment", "--role", "worker"),
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=log,
            stderr=log,
        )
    try:
        row = await eventually(lambda: pool.fetchrow("SELECT timer, due, data::text AS data FROM timers"), 60)
    finally:
        process.kill()
        await process.wait()
        await pool.close()
    assert (row["timer"], json.loads(row["data"])) == (FORGET_PAST, {"keep_days": 400})
    assert row["due"] == datetime(2020, 6, 2, 1, tzinfo=UTC), "at three, as clocks in Denmark show it in summer"


async def test_so_many_at_a_time_and_each_of_them_once(desk: Desk) -> None:
    many = 2 * TOGETHER + 50
    await desk.publish()
    await desk.pool.execute(
        "INSERT INTO people (person_id, organisation_code, name, email) "
        "SELECT 'p' || n, '0751', 'Person ' || n, 'p' || n || '@k0751.example' FROM generate_series(1, $1) n",
        many,
    )
    await arms(desk)
    desk.time = DUE
    found = []
    while await desk.pool.fetchval("SELECT true FROM timers WHERE timer = 'people_forget_past' AND due <= $1", DUE):
        await desk.ring()
        told = [one for one in await desk.told() if isinstance(one, PersonErased)]
        assert len(told) <= TOGETHER
        found += told
    assert len(found) == many == len({one.person_id for one in found})
    await night(desk, DUE)
    assert await desk.pool.fetchval("SELECT count(*) FROM people WHERE name <> $1", ERASED_NAME) == 0
    assert await desk.pool.fetchval("SELECT count(DISTINCT email) FROM people") == many


async def test_whoever_is_registered_anew_at_that_moment_stays_and_nobody_waits(desk: Desk) -> None:
    _, bo = await took_part(desk)
    await goes_on(desk)
    enrolment = await enrols(desk)
    await has_meeting(desk, "m-2", GOES_ON, "2030-04-15")
    await desk.told()
    desk.time = DUE

    async def register(tx: Tx) -> Any:
        return (await register_participant(tx, registering(enrolment, "m-2"))).body

    registered, _ = await meet(desk, register, forget)
    assert registered["person_id"] == bo
    assert not [one for one in await desk.told() if isinstance(one, PersonErased)]
    assert await knows(desk, BO) == [bo]
    # The night after they are there all the same, as part of what goes on.
    assert await night(desk, DUE + timedelta(days=1)) == []


async def test_whoever_is_forgotten_at_that_moment_and_registered_anew_is_somebody_new_in_whole(desk: Desk) -> None:
    _, bo = await took_part(desk)
    await goes_on(desk)
    enrolment = await enrols(desk)
    await has_meeting(desk, "m-2", GOES_ON, "2030-04-15")
    await desk.told()
    desk.time = DUE

    async def register(tx: Tx) -> Any:
        return (await register_participant(tx, registering(enrolment, "m-2"))).body

    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        await forget(tx)
        await tx.flush()
        other = await meet_now(desk, register)
        assert not other.done(), "the second waits"
    registered = await other
    assert isinstance(registered, dict)
    assert registered["person_id"] != bo
    # While the tables are gone through, what is told of the new one is theirs.
    while await desk.ring():
        pass
    (fact,) = [one for one in await desk.told() if isinstance(one, ParticipantRegistered)]
    assert (fact.person.person_id, fact.person.name, fact.person.email) == (registered["person_id"], "Bo Prøvesen", BO)
    assert await knows(desk, BO) == [registered["person_id"]]
    assert (await desk.read(FORGETTING.read, person_id=bo))["held"]["seats"][0]["written_name"] in {None, ERASED_NAME}


async def test_a_form_that_comes_at_that_moment_is_somebody_news(desk: Desk) -> None:
    _, bo = await took_part(desk)
    await goes_on(desk)
    await desk.told()
    desk.time = DUE

    async def send(tx: Tx) -> Any:
        form = sign_up(programme_id=GOES_ON, contact_name="Bo Prøvesen", contact_email=BO)
        return (await receive_sign_up(tx, ReceiveSignUp(form=form, caller="192.0.2.1"))).body

    await meet(desk, forget, send)
    while await desk.ring():
        pass
    (fact,) = [one for one in await desk.told() if isinstance(one, EnrolmentReceived)]
    assert fact.contact is not None
    assert fact.contact.email == BO
    row = await desk.pool.fetchrow("SELECT applicant_id, contact_key FROM sign_ups")
    assert row is not None
    assert row["contact_key"] == BO
    assert row["applicant_id"] != bo


async def test_a_form_that_comes_just_before_keeps_whom_it_is_of(desk: Desk) -> None:
    _, bo = await took_part(desk)
    await goes_on(desk)
    await desk.told()
    desk.time = DUE

    async def send(tx: Tx) -> Any:
        form = sign_up(programme_id=GOES_ON, contact_name="Bo Prøvesen", contact_email=BO)
        return (await receive_sign_up(tx, ReceiveSignUp(form=form, caller="192.0.2.1"))).body

    await meet(desk, send, forget)
    assert await knows(desk, BO) == [bo]
    assert await desk.pool.fetchval("SELECT applicant_id FROM sign_ups") == bo


async def test_the_contact_of_a_programme_that_ended_a_year_ago_is_erased_when_they_ask(desk: Desk) -> None:
    await took_part(desk)
    desk.time = start_of_day(ENDS + timedelta(days=KEEP))
    assert (await desk.refusal(erase_person, ErasePerson(email=KAREN))).code == "still_contact"
    desk.time = start_of_day(ENDS + timedelta(days=KEEP + 1))
    (karen,) = await knows(desk, KAREN)
    assert (await desk.ask(erase_person, ErasePerson(email=KAREN)))["erased"] == [karen]
    (told,) = [one for one in await desk.told() if isinstance(one, PersonErased)]
    assert told.why is None
