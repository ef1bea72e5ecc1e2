"""Staff hear soon of whom nobody knows, and a main mailbox hears once a day of what was confirmed by a form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.enrollment import EnrolmentReceived, Mailbox, SignUpAwaitsStaff
from shared.contracts.parties import Organisation
from tests.support import facts
from tests.support.facts import CONTACT, ORGANISATION, PROGRAMME
from tests.support.letters import templates, text, written
from tests.support.room import Room

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
WAITS: SignUpAwaitsStaff = EXAMPLES["SignUpAwaitsStaff"]
MAIN = Mailbox(role="hovedpostkasse", email="post@kobenhavn.example")
NOON = datetime(2020, 6, 15, 10, 3, 20, tzinfo=UTC)


def by_form(programme_id: str = PROGRAMME.id, at: datetime = NOON, **changes: Any) -> Any:
    about = {"programme": facts.a_programme(programme_id), "enrolment_id": f"e-{programme_id}"}
    return facts.an_enrolment(notify=MAIN, enrolled_at=at, **(about | changes))


async def test_staff_hear_within_minutes_and_not_again_in_the_morning(desk: Room) -> None:
    desk.time = NOON
    other = {"sign_up_id": "another", "enrolment_id": "e", "organisation": Organisation(code="0751", name="Aarhus")}
    await desk.hear(WAITS, WAITS.model_copy(update=other), WAITS)
    assert await desk.ring(NOON + timedelta(minutes=6, seconds=39)) == 0
    assert await desk.ring(NOON + timedelta(minutes=6, seconds=40)) > 0
    assert await templates(desk) == [("digest", PROGRAMME.staff_email)]
    words = await text(desk, "digest")
    assert "Tilmeldinger, hvor I skal sige, om afsenderen er kommunens (2)" in words
    assert f"{ORGANISATION.name} ({ORGANISATION.code})" in words
    assert CONTACT.name not in words
    assert CONTACT.email not in words
    await desk.ring(datetime(2020, 6, 16, 5, tzinfo=UTC))
    assert len(await written(desk)) == 1

    # Another of the same day is another mail; what else has happened waits for the morning.
    await desk.hear(facts.an_enrolment())
    await desk.hear(WAITS.model_copy(update={"sign_up_id": "third", "enrolment_id": "f"}))
    await desk.ring(datetime(2020, 6, 16, 5, 20, tzinfo=UTC))
    *_, second = await written(desk, "digest")
    (part,) = second.says["parts"]
    assert [section["title"][:12] for section in part["sections"]] == ["Tilmeldinger"]
    await desk.ring(datetime(2020, 6, 17, 5, tzinfo=UTC))
    assert [len(one.says["parts"]) for one in await written(desk, "digest")] == [1, 1, 1]


async def test_the_main_mailbox_gets_one_notice_for_a_day_whatever_was_confirmed(desk: Room) -> None:
    desk.time = NOON
    await desk.hear(by_form(), by_form("andet", at=NOON + timedelta(hours=1)))
    await desk.hear(by_form("andet", at=NOON + timedelta(hours=1)))
    await desk.hear(facts.an_enrolment(enrolment_id="by-api"))
    await desk.ring(datetime(2020, 6, 16, 5, 59, tzinfo=UTC))
    assert await written(desk, "sign_ups_confirmed") == []
    await desk.ring(datetime(2020, 6, 16, 6, tzinfo=UTC))
    (notice,) = await written(desk, "sign_ups_confirmed")
    assert (notice.recipient, notice.email) == (f"{ORGANISATION.code}/hovedpostkasse", MAIN.email)
    assert (notice.about, notice.occasion) == (f"organisation/{ORGANISATION.code}", "2020-06-15")
    assert len(notice.says["rows"]) == 2
    assert notice.people == (CONTACT.person_id,)
    assert await desk.pool.fetchval("SELECT count(*) FROM confirmed_sign_ups") == 0

    # The next day has its own, and what is heard late is told then.
    desk.time = datetime(2020, 6, 16, 9, tzinfo=UTC)
    await desk.hear(by_form("tredje", at=datetime(2020, 6, 15, 21, tzinfo=UTC)))
    await desk.ring(datetime(2020, 6, 17, 6, tzinfo=UTC))
    assert [one.occasion for one in await written(desk, "sign_ups_confirmed")] == ["2020-06-15", "2020-06-16"]


async def test_a_sign_up_that_waits_for_a_place_is_told_of_once_and_not_again_when_it_has_one(desk: Room) -> None:
    desk.time = NOON
    waits = EXAMPLES["EnrolmentWaitlisted"].model_copy(update={"notify": MAIN, "by_form": True})
    await desk.hear(waits)
    await desk.ring(datetime(2020, 6, 16, 6, tzinfo=UTC))
    await desk.hear(facts.an_enrolment(from_waiting_list=True, by_form=True))
    await desk.ring(datetime(2020, 6, 17, 6, tzinfo=UTC))
    assert len(await written(desk, "sign_ups_confirmed")) == 1


async def test_where_the_main_mailbox_confirms_the_link_goes_there_and_nowhere_else(desk: Room) -> None:
    received: EnrolmentReceived = EXAMPLES["EnrolmentReceived"]
    await desk.hear(received.model_copy(update={"to": MAIN, "confirmation": "main_mailbox"}))
    (mail,) = await written(desk)
    assert (mail.template, mail.email, mail.people) == ("sign_up_received", MAIN.email, (CONTACT.person_id,))
    assert CONTACT.email in await text(desk, "sign_up_received")


async def test_a_form_that_waits_changes_nothing_of_what_is_known_of_the_enrolment(desk: Room) -> None:
    received: EnrolmentReceived = EXAMPLES["EnrolmentReceived"]
    stranger = CONTACT.model_copy(update={"person_id": "p-frode", "name": "Frode", "email": "frode@stranger.example"})
    waiting = received.model_copy(update={"contact": stranger})
    await desk.hear(waiting, WAITS.model_copy(update={"contact": stranger}))
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0
    await desk.hear(facts.an_enrolment())
    before = await desk.pool.fetch("SELECT * FROM enrolments")
    await desk.hear(waiting.model_copy(update={"received_at": NOON}), EXAMPLES["SignUpAwaitsStaff"])
    assert await desk.pool.fetch("SELECT * FROM enrolments") == before
