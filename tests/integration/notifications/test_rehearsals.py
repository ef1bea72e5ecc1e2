"""How many mails a version of a programme sends is said before it is published, by writing them and undoing it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx

from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.usecases.rehearse_version import HEARS, RehearseMails, rehearse_mails
from shared.contracts.enrollment import ParticipantRegistered
from shared.contracts.event import Event
from shared.contracts.parties import Contact
from shared.contracts.scheduling import MeetingCancelled, MeetingRescheduled, MeetingScheduled
from shared.messaging.subscriptions import On
from tests.integration.notifications.test_calendars import cancelled, dated, moved, registered
from tests.support.facts import (
    MEETING,
    MEETINGS_OWNER,
    PROGRAMME,
    a_meeting,
    an_enrolment,
    an_organisation,
    cloud_event,
    enrolment_id_of,
)
from tests.support.hostile import TEXTS, must_be_escaped
from tests.support.post_office import PostOffice, words
from tests.support.room import Room

HERE = "/notifications/stab/udgivelse"
OTHER = a_meeting("oest-2", title="2. heldagsmøde")
NOBODYS = a_meeting("vest-1", group="vest", title="Møde i vest")
LATER = MEETING.model_copy(update={"place": "Salen", "date_version": 1})


def carried(*facts: Event) -> tuple[str, ...]:
    return tuple(json.dumps(cloud_event(one, sequence=None, event_id=f"e{at}")) for at, one in enumerate(facts))


async def enrols(desk: Room, *codes: str, email: str = "karen@k{}.example") -> None:
    for code in codes:
        contact = Contact(person_id=f"p{code}", name=f"Karen {code}", email=email.format(code), role="tovholder")
        await desk.hear(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code, f"Kommune {code}"),
                contact=contact,
                group="oest",
            )
        )


async def ready(desk: Room) -> Sequence[Event]:
    """Three municipalities with a place, of which one has an address that is none, a participant, and three meetings
    with a day; and what a version would tell of these.
    """
    await enrols(desk, "0101", "0147")
    await enrols(desk, "0167", email="karen@k{}..example")
    await desk.hear(dated(), dated(OTHER), dated(NOBODYS))
    await desk.hear(registered(enrolment_id=enrolment_id_of(PROGRAMME.id, "0101")))
    await desk.ring()
    west = NOBODYS.model_copy(update={"place": "Andetsteds", "date_version": 1})
    gone = OTHER.model_copy(update={"date_version": 1})
    return (moved(LATER), cancelled(gone), moved(west), dated(a_meeting("oest-9", title="Et nyt møde")))


async def test_what_is_said_is_written_when_it_is_told_and_not_before(desk: Room) -> None:
    facts = await ready(desk)
    wish = RehearseMails(programme_id=PROGRAMME.id, facts=carried(*facts))
    state = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM timers), (SELECT max(turn) FROM invitations)"
    before = tuple(await desk.pool.fetchrow(state))
    said = await desk.ask(rehearse_mails, wish)
    assert tuple(await desk.pool.fetchrow(state)) == before
    newest = await desk.pool.fetchval("SELECT max(number) FROM messages")

    await desk.hear(*facts)

    rows = await desk.pool.fetch("SELECT state, address_key, template FROM messages WHERE number > $1", newest)
    pending = [row for row in rows if row["state"] == "pending"]
    assert (said["mails"], said["mailboxes"]) == (len(pending), len({row["address_key"] for row in pending}))
    assert said["failing"] == len(rows) - len(pending) == 3
    assert said["mails"] == 7, "two contacts of three meetings, and the participant of one"
    assert said["complete"]
    by_template: dict[str, int] = {}
    for one in said["letters"]:
        by_template[one["template"]] = by_template.get(one["template"], 0) + one["mails"]
    assert by_template == {"meeting_moved": 3, "meeting_cancelled": 2, "invitation": 2}
    assert "Møde i vest" not in {one["meeting"] for one in said["letters"]}


async def test_who_is_erased_is_not_counted(desk: Room) -> None:
    facts = await ready(desk)
    wish = RehearseMails(programme_id=PROGRAMME.id, facts=carried(*facts))
    before = (await desk.ask(rehearse_mails, wish))["mails"]
    await desk.pool.execute("INSERT INTO erased_persons (person_id) VALUES ('p0147')")
    assert (await desk.ask(rehearse_mails, wish))["mails"] == before - 3


def test_each_fact_is_heard_as_it_is_when_it_is_told() -> None:
    live = {one.fact: one.usecase for one in SUBSCRIPTIONS if isinstance(one, On)}
    assert {fact: live[fact] for fact in HEARS} == dict(HEARS)


async def brought(office: PostOffice, facts: object, programme_id: str = PROGRAMME.id) -> httpx.Response:
    said = facts if isinstance(facts, str) else json.dumps(facts)
    return await office.post(HERE, {"programme_id": programme_id, "facts": said})


async def test_the_page_says_how_many_and_which_and_a_part_of_it_comes_alone(post_office: PostOffice) -> None:
    facts = await ready(post_office.desk)
    page = await brought(post_office, carried(*facts))
    shown = words(page)
    for said in (
        "7 mails sendes straks, til 3 postkasser:",
        "Besked om flyttet møde (1. heldagsmøde): 3 mails",
        "Besked om aflyst møde (2. heldagsmøde): 2 mails",
        "3 mails kan ikke sendes",
    ):
        assert said in shown, shown
    assert page.text.count("<h1") == 1
    nothing = words(await brought(post_office, []))
    assert "Ingen mails sendes" in nothing


async def test_what_is_no_fact_or_of_another_programme_is_heard_by_nobody(post_office: PostOffice) -> None:
    await ready(post_office.desk)
    theirs = PROGRAMME.model_copy(update={"id": "et-andet"})
    for odd in ("", "{}", "[1]", "[" * 5000, '["x"]', *TEXTS.values(), json.dumps(list(TEXTS.values()))):
        refused = await brought(post_office, odd)
        assert refused.status_code in {400, 422}, odd
        must_be_escaped(refused.text)
    for odd in TEXTS.values():
        shown = await brought(post_office, carried(dated(a_meeting("ny", title=odd))) if odd.isprintable() else odd)
        assert shown.status_code in {200, 400, 422}, odd
        must_be_escaped(shown.text)
    stolen = MeetingRescheduled(owner=MEETINGS_OWNER, programme=theirs, meeting=LATER, previous=moved(LATER).previous)
    assert (await brought(post_office, carried(stolen), theirs.id)).status_code == 422, "whose meeting it is, is known"
    assert (await brought(post_office, carried(moved(LATER)), theirs.id)).status_code == 422
    joined = an_enrolment(programme=theirs, enrolment_id=enrolment_id_of(PROGRAMME.id, "0101"))
    assert (await brought(post_office, carried(joined), theirs.id)).status_code == 422, "whose enrolment it is, as well"
    post_office.programme_id = theirs.id
    assert (await brought(post_office, carried(moved(LATER)))).status_code == 403
    assert (await post_office.get(HERE)).status_code == 200
    assert await post_office.desk.pool.fetchval("SELECT count(*) FROM meetings WHERE programme_id = $1", theirs.id) == 0
    assert {MeetingScheduled, MeetingCancelled, ParticipantRegistered} - set(HEARS) == {ParticipantRegistered}
