"""Meetings, enrolments and participants meet on a real database, in whatever order their facts arrive."""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.domain.calendar.entry import uid
from services.notifications.usecases.confirm_place import confirm_place
from shared.contracts.enrollment import (
    EnrolmentRegrouped,
    EnrolmentWithdrawn,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    ProgrammePublished,
    TovholderAppointed,
)
from shared.contracts.event import Event
from shared.contracts.parties import Contact, Person
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingRescheduled, MeetingScheduled
from shared.storage.tx import transaction
from tests.support.calendar_client import Client
from tests.support.eventually import eventually
from tests.support.facts import (
    CONTACT,
    DAY,
    MEETING,
    MEETINGS_OWNER,
    ORGANISATION,
    OWNER,
    PERSON,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
    an_organisation,
    enrolment_id_of,
)
from tests.support.letters import COMPOSER, calendars, contents, templates, written
from tests.support.room import BY_HAND, Room

TITLE = "1. heldagsmøde – Netværk om den kommunale ungeindsats"
TABLES = ("invitations", "messages", "digest_items", "timers", "participants", "enrolments", "meetings", "programmes")
LATER = datetime(2021, 1, 5, 8, tzinfo=UTC)
AFTER_IT_ALL = datetime(2021, 5, 1, 8, tzinfo=UTC)
ENROLMENT = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": an_enrolment().enrolment_id,
    "organisation": ORGANISATION,
}
ROSTER = {**ENROLMENT, "contact": CONTACT, "meeting": MEETING, "person": PERSON}


def dated(meeting: Meeting = MEETING) -> MeetingScheduled:
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting)


def moved(meeting: Meeting) -> MeetingRescheduled:
    return MeetingRescheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, previous=DAY)


def cancelled(meeting: Meeting) -> MeetingCancelled:
    return MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, reason="Stedet er lukket.")


def registered(**changes: object) -> ParticipantRegistered:
    return ParticipantRegistered(**{**ROSTER, **changes}, extra=False)  # type: ignore[arg-type] # a bag of fields


def both(*titles: str) -> dict[str, list[str]]:
    """The contact's calendar and the participant's, alike."""
    return {address: list(titles) for address in (CONTACT.email, PERSON.email)}


async def test_a_reserved_day_gets_its_hours_and_is_cancelled(desk: Room) -> None:
    await desk.hear(an_enrolment())
    await desk.hear(dated(a_meeting(when=DAY, place=None)))
    await desk.hear(registered())
    assert await contents(desk) == both(f"Reservér datoen: {TITLE}")
    desk.time = LATER
    await desk.hear(moved(a_meeting(date_version=1)))
    assert await contents(desk) == both(TITLE)
    await desk.hear(cancelled(a_meeting(date_version=2)))
    assert await contents(desk) == both()
    assert [one for one in await templates(desk) if one[1] == PERSON.email] == [
        ("participant_registered", PERSON.email),
        ("invitation", PERSON.email),
        ("meeting_cancelled", PERSON.email),
    ]
    clients = await calendars(desk)
    assert len({uid for client in clients.values() for uid in client.seen}) == 1


async def test_a_municipality_that_comes_late_gets_the_meetings_that_have_a_day(desk: Room) -> None:
    await desk.hear(dated(), dated(a_meeting("vest-1", group="vest", title="Møde i Vest")))
    assert await written(desk) == []
    await desk.hear(an_enrolment())
    assert await templates(desk) == [("place_confirmed", CONTACT.email), ("invitation", CONTACT.email)]


async def test_another_group_means_other_meetings(desk: Room) -> None:
    await desk.hear(dated(), dated(a_meeting("vest-1", group="vest", title="Møde i Vest")))
    await desk.hear(an_enrolment())
    await desk.hear(EnrolmentRegrouped(**ENROLMENT, previous_group="oest", group="vest", contact=CONTACT))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: ["Møde i Vest – Netværk om den kommunale ungeindsats"]}


async def test_a_meeting_that_becomes_another_group_s_leaves_the_calendars_of_the_first(desk: Room) -> None:
    west = an_organisation("0147", "Frederiksberg Kommune")
    person = Contact(person_id="vest", name="Eva Vest", email="eva@frederiksberg.example")
    theirs = an_enrolment(enrolment_id="e-2", organisation=west, contact=person, group="vest")
    await desk.hear(an_enrolment(), theirs, dated())
    assert await contents(desk) == {CONTACT.email: [TITLE]}
    desk.time = LATER
    await desk.hear(moved(a_meeting(group="vest", date_version=1)))
    assert await contents(desk) == {CONTACT.email: [], person.email: [TITLE]}


async def test_only_the_one_who_is_cancelled_is_cancelled(desk: Room) -> None:
    other = a_person("Dorte Prøvesen", "dorte@kobenhavn.example")
    await desk.hear(an_enrolment(), dated(), registered(), registered(person=other))
    await desk.hear(ParticipantCancelled(**ROSTER))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [TITLE], PERSON.email: [], other.email: [TITLE]}
    assert [message.email for message in await written(desk, "registration_cancelled")] == [PERSON.email]
    await desk.hear(registered())
    assert (await contents(desk))[PERSON.email] == [TITLE]


async def test_nobody_reads_of_anybody_else_who_is_invited(desk: Room) -> None:
    other = a_person("Dorte Prøvesen", "dorte@kobenhavn.example")
    await desk.hear(an_enrolment(), dated(), registered(), registered(person=other))
    desk.time = LATER
    await desk.hear(moved(a_meeting(place="Odense", date_version=1)))
    await desk.hear(ParticipantCancelled(**{**ROSTER, "person": other}))  # type: ignore[arg-type] # a bag of fields
    await desk.hear(cancelled(a_meeting(place="Odense", date_version=2)))
    people = {person.email: person.name for person in (CONTACT, PERSON, other)}
    letters = [message for message in await written(desk) if message.calendar is not None]
    assert len(letters) == 3 + 3 + 1 + 2
    for message in letters:
        mail = email.message_from_bytes(COMPOSER.mail(message).content, policy=email.policy.default)
        texts = [str(value) for value in mail.values()]
        texts += [str(part.get_payload(decode=True), "utf-8") for part in mail.walk() if not part.is_multipart()]  # type: ignore[arg-type] # bytes
        said = "\n".join(texts).replace("\r\n ", "")
        assert people[message.email] in said
        for address, name in people.items():
            assert (address not in said and name not in said) or address == message.email


async def test_a_seat_that_changes_hands_changes_two_calendars(desk: Room) -> None:
    other = a_person("Dorte Prøvesen", "dorte@kobenhavn.example")
    await desk.hear(an_enrolment(), dated(), registered())
    await desk.hear(ParticipantReplaced(**{**ROSTER, "person": other}, previous=PERSON))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [TITLE], PERSON.email: [], other.email: [TITLE]}


async def test_whoever_was_never_invited_gets_no_cancellation(desk: Room) -> None:
    await desk.hear(an_enrolment())
    await desk.hear(ParticipantCancelled(**ROSTER))  # type: ignore[arg-type] # a bag of fields
    await desk.hear(cancelled(a_meeting(when=None, date_version=0)))
    assert await templates(desk) == [("place_confirmed", CONTACT.email)]


async def test_a_contact_who_takes_part_keeps_the_meeting_when_no_longer_registered(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated())
    await desk.hear(registered(person=CONTACT))
    await desk.hear(ParticipantCancelled(**{**ROSTER, "person": CONTACT}))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [TITLE]}
    assert [template for template, _ in await templates(desk)] == [
        "place_confirmed",
        "invitation",
        "participant_registered",
        "registration_cancelled",
    ]


async def test_two_municipalities_that_share_a_mailbox_share_a_calendar(desk: Room) -> None:
    twin = an_organisation("0147", "Frederiksberg Kommune")
    person = CONTACT.model_copy(update={"person_id": "another", "email": CONTACT.email.upper()})
    await desk.hear(an_enrolment(), an_enrolment(enrolment_id="e-2", organisation=twin, contact=person), dated())
    assert len(await written(desk, "invitation")) == 1
    await desk.hear(EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [TITLE]}


async def test_a_withdrawal_clears_the_calendars_and_an_old_seat_does_not_come_back_with_a_new_place(
    desk: Room,
) -> None:
    await desk.hear(an_enrolment(), dated(), registered())
    desk.time = LATER
    await desk.hear(EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [], PERSON.email: []}
    await desk.hear(an_enrolment(enrolled_at=LATER))
    assert await contents(desk) == {CONTACT.email: [TITLE], PERSON.email: []}
    assert len(await written(desk, "place_confirmed")) == 2


async def test_a_new_contact_takes_over_the_meetings(desk: Room) -> None:
    new = Contact(person_id="ny", name="Eva Ny", email="eva@kobenhavn.example", role="tovholder")
    await desk.hear(an_enrolment(), dated())
    await desk.hear(TovholderAppointed(**ENROLMENT, contact=new))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {CONTACT.email: [], new.email: [TITLE]}
    assert [message.email for message in await written(desk, "contact_appointed")] == [new.email]


async def test_who_gets_another_address_gets_the_meeting_there_and_loses_it_here(desk: Room) -> None:
    """Another system may correct an address under the person it knows already, and take it back."""
    await desk.hear(an_enrolment(), dated(), registered())
    first, second = PERSON.email, "bo.ny@kobenhavn.example"
    for day, (before, after) in enumerate([(first, second), (second, first), (first, second)], 1):
        desk.time = LATER + timedelta(days=day)
        was, now = (PERSON.model_copy(update={"email": email}) for email in (before, after))
        await desk.hear(ParticipantReplaced(**{**ROSTER, "person": now}, previous=was))  # type: ignore[arg-type] # a bag of fields
        assert await contents(desk) == {CONTACT.email: [TITLE], before: [], after: [TITLE]}
    await desk.hear(cancelled(a_meeting(date_version=1)))
    assert await contents(desk) == {CONTACT.email: [], first: [], second: []}


async def test_who_is_registered_once_more_under_another_address_has_the_meeting_there_alone(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated(), registered())
    desk.time = LATER
    other = PERSON.model_copy(update={"email": "bo.ny@kobenhavn.example"})
    await desk.hear(registered(person=other))
    assert await contents(desk) == {CONTACT.email: [TITLE], PERSON.email: [], other.email: [TITLE]}


async def test_a_contact_s_address_that_is_corrected_takes_the_meetings_along(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated())
    emails = [CONTACT.email, "asta.ny@kobenhavn.example", CONTACT.email]
    for day, address in enumerate(emails[1:]):
        desk.time = LATER + timedelta(days=day)
        contact = CONTACT.model_copy(update={"email": address})
        await desk.hear(TovholderAppointed(**{**ENROLMENT, "contact": contact}))  # type: ignore[arg-type] # a bag of fields
        assert await contents(desk) == {emails[day]: [], address: [TITLE]}


async def test_nobody_is_invited_to_what_is_over(desk: Room) -> None:
    await desk.hear(dated(), a_meeting_held())
    desk.time = AFTER_IT_ALL
    await desk.hear(an_enrolment(), registered())
    await desk.hear(EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT))  # type: ignore[arg-type] # a bag of fields
    assert await contents(desk) == {}


async def test_every_order_of_arrival_ends_alike(desk: Room) -> None:
    """Three streams whose facts reach us in any order: the calendars and the other letters are the same each time."""
    streams: dict[str, list[tuple[datetime, Event]]] = {
        "enrolment": [(datetime(2020, 6, 15, 8, tzinfo=UTC), an_enrolment())],
        "meeting": [
            (datetime(2020, 12, 1, 8, tzinfo=UTC), dated(a_meeting(when=DAY))),
            (datetime(2021, 2, 1, 8, tzinfo=UTC), moved(a_meeting(date_version=1))),
            (datetime(2021, 4, 15, 22, tzinfo=UTC), a_meeting_held(a_meeting(date_version=1))),
        ],
        "roster": [
            (datetime(2021, 3, 1, 8, tzinfo=UTC), an_extra_participant()),
            (datetime(2021, 3, 2, 8, tzinfo=UTC), registered(person=CONTACT)),
        ],
    }
    names = [name for name, facts in streams.items() for _ in facts]
    outcomes = set()
    for order in sorted(set(itertools.permutations(names)))[::4]:
        for table in TABLES:
            await desk.pool.execute(f"DELETE FROM {table}")
        left = {name: list(facts) for name, facts in streams.items()}
        for name in order:
            desk.time, fact = left[name].pop(0)
            await desk.hear(fact)
        letters = await written(desk)
        keys = [(one.template, one.recipient, one.about, one.occasion) for one in letters]
        assert len(keys) == len(set(keys))
        plain = sorted(one.template for one in letters if one.calendar is None)
        clients = await calendars(desk)
        shown = sorted((address, str(sorted(client.calendar.items()))) for address, client in clients.items())
        outcomes.add((tuple(plain), tuple(shown)))
    assert len(outcomes) == 1
    ((plain, shown),) = outcomes
    assert plain == ("extra_participant", "place_confirmed")
    assert [address for address, _ in shown] == sorted([CONTACT.email, PERSON.email])


class Town:
    """A municipality that lives at random: its contact, its seats, two meetings; who should have what.

    People change addresses, share them, and come back; `facts` are in their order, each stream's order is kept.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 # a game, and the same one for each seed
        self.facts: list[tuple[str, datetime, Event]] = []
        self.at = datetime(2021, 1, 1, 8, tzinfo=UTC)
        self.contact: Contact | None = None
        self.meetings: dict[str, tuple[Meeting, bool]] = {}
        self.seats: dict[str, dict[str, Person]] = {"oest-1": {}, "oest-2": {}}

    def somebody(self) -> Person:
        who = self.random.choice(["p-1", "p-2", "p-3"])
        return Person(person_id=who, name=f"Navn {who}", email=self.random.choice(MAILBOXES))

    def tell(self, stream: str, fact: Event) -> None:
        self.at += timedelta(seconds=self.random.choice([0, 1, 3600]))
        self.facts.append((stream, self.at, fact))

    def live(self, steps: int) -> None:
        for _ in range(steps):
            key = self.random.choice(sorted(self.seats))
            self.random.choice([self.change_contact, self.change_meeting, self.seat, self.seat])(key)

    def change_contact(self, _: str) -> None:
        known, person = self.contact, self.somebody()
        self.contact = Contact(**person.model_dump(), role="tovholder")
        if known is None:
            self.tell("enrolment", an_enrolment(contact=self.contact))
        else:
            self.tell("enrolment", TovholderAppointed(**{**ENROLMENT, "contact": self.contact}))  # type: ignore[arg-type] # a bag of fields

    def change_meeting(self, key: str) -> None:
        known, held = self.meetings.get(key, (None, False))
        if known is None:
            self.meetings[key] = (a_meeting(key), True)
            self.tell(key, dated(self.meetings[key][0]))
            return
        next_one = a_meeting(key, place=f"Sted {len(self.facts)}", date_version=known.date_version + 1)
        held = not held or self.random.random() < 0.6
        self.meetings[key] = (next_one, held)
        self.tell(key, moved(next_one) if held else cancelled(next_one))

    def seat(self, key: str) -> None:
        seats, person = self.seats[key], self.somebody()
        said = {**ROSTER, "meeting": a_meeting(key), "contact": self.contact or CONTACT, "person": person}
        former = self.random.choice([*seats.values(), None])
        if former is None:
            seats[person.person_id] = person
            self.tell(f"seats {key}", ParticipantRegistered(**said, extra=False))  # type: ignore[arg-type] # a bag of fields
            return
        del seats[former.person_id]
        if self.random.random() < 0.5:
            self.tell(f"seats {key}", ParticipantCancelled(**{**said, "person": former}))  # type: ignore[arg-type] # as above
        else:
            seats[person.person_id] = person
            self.tell(f"seats {key}", ParticipantReplaced(**said, previous=former))  # type: ignore[arg-type] # as above

    def as_they_arrive(self) -> list[tuple[datetime, Event]]:
        streams: dict[str, list[tuple[datetime, Event]]] = {}
        for stream, at, fact in self.facts:
            streams.setdefault(stream, []).append((at, fact))
        order = [stream for stream, _, _ in self.facts]
        self.random.shuffle(order)
        return [streams[stream].pop(0) for stream in order]

    def expected(self, address: str) -> dict[str, str]:
        """UID → place of every meeting that should stand in this mailbox's calendar."""
        return {
            uid(meeting.id, PROGRAMME.seller.organizer_email): str(meeting.place)
            for key, (meeting, held) in self.meetings.items()
            if held
            and (
                (self.contact is not None and self.contact.email == address)
                or any(person.email == address for person in self.seats[key].values())
            )
        }


MAILBOXES = tuple(f"{name}@kobenhavn.example" for name in ("bo", "bo.ny", "asta", "faelles"))


@pytest.mark.parametrize("seed", range(8))
async def test_a_town_that_lives_at_random_ends_with_the_right_calendars(desk: Room, seed: int) -> None:
    """As the unit tests' random lives, through the real use cases and tables; mails arrive in any order, some twice."""
    town = Town(seed)
    town.live(40)
    for at, fact in town.as_they_arrive():
        desk.time = at
        await desk.hear(fact)
    mails: dict[str, list[bytes]] = {}
    for message in await written(desk):
        if message.calendar is not None:
            mails.setdefault(message.email, []).append(COMPOSER.mail(message).content)
    assert sum(map(len, mails.values())) > 10
    for address in MAILBOXES:
        came = mails.get(address, [])
        came = [*came, *town.random.choices(came, k=3)] if came else []
        town.random.shuffle(came)
        client = Client(address)
        for mail in came:
            client.take_mail(mail)
        assert {one: slot.where for one, slot in client.calendar.items()} == town.expected(address), address


async def test_the_same_facts_again_write_nothing(desk: Room) -> None:
    facts: list[Event] = [an_enrolment(), dated(), registered(), an_extra_participant(), a_meeting_held()]
    for fact in facts:
        await desk.hear(fact)
    before = await templates(desk)
    for fact in facts:
        await desk.hear(fact)
    assert await templates(desk) == before


async def test_five_hundred_enrolments_are_one_batch_with_the_meetings_that_have_a_day(desk: Room) -> None:
    await desk.hear(dated())
    enrolments = [
        an_enrolment(
            enrolment_id=enrolment_id_of(PROGRAMME.id, f"{number:04}"),
            organisation=an_organisation(f"{number:04}", f"Kommune {number}"),
            contact=CONTACT.model_copy(update={"person_id": f"p{number}", "email": f"k{number}@k.example"}),
        )
        for number in range(500)
    ]
    await desk.hear(*enrolments)
    assert len(await written(desk, "place_confirmed")) == 500
    assert len(await written(desk, "invitation")) == 500


async def test_a_meeting_and_an_enrolment_that_arrive_at_once_find_each_other(desk: Room) -> None:
    """Two readers of one group: neither sees what the other has not committed, so the second waits for the first."""
    await desk.hear(ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS))
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await confirm_place(tx, [desk.received(an_enrolment())])
        other = asyncio.create_task(desk.hear(dated()))

        async def waits() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            return bool(await desk.pool.fetchval(waiting)) or other.done()

        await eventually(waits, because="the other reader waits, or is through")
    await other
    assert await contents(desk) == {CONTACT.email: [TITLE]}


async def sequences(desk: Room, address: str) -> list[tuple[str, int]]:
    """METHOD and SEQUENCE of what this mailbox was sent, in order."""
    return [
        (one.calendar.method, one.calendar.sequence)
        for one in await written(desk)
        if one.calendar is not None and one.email == address
    ]


async def test_a_cancellation_is_above_all_that_its_mailbox_was_sent_and_nobody_elses_number_moves(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated(), registered())
    for step in (ParticipantCancelled(**ROSTER), registered()):
        desk.time += timedelta(hours=1)
        await desk.hear(step)
    desk.time += timedelta(hours=1)
    await desk.hear(moved(a_meeting(place="Odense", date_version=1)))
    assert await sequences(desk, PERSON.email) == [("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 2), ("REQUEST", 3)]
    assert await sequences(desk, CONTACT.email) == [("REQUEST", 0), ("REQUEST", 1)]
    await desk.hear(cancelled(a_meeting(place="Odense", date_version=2)))
    assert (await sequences(desk, PERSON.email))[-1] == ("CANCEL", 4)
    assert (await sequences(desk, CONTACT.email))[-1] == ("CANCEL", 2)
    strict = {who: Client(who, strict=True) for who in (PERSON.email, CONTACT.email)}
    for one in await written(desk):
        strict[one.email].take_mail(COMPOSER.mail(one).content)
    assert [client.calendar for client in strict.values()] == [{}, {}]


async def test_what_the_version_before_told_counts_as_the_date_it_told(desk: Room) -> None:
    """It numbers by the date alone, and leaves the number of this version as it was."""
    await desk.hear(an_enrolment(), dated(), registered())
    await desk.pool.execute("UPDATE invitations SET sent_sequence = NULL")
    desk.time += timedelta(hours=1)
    await desk.hear(ParticipantCancelled(**ROSTER))
    assert (await sequences(desk, PERSON.email))[-1] == ("CANCEL", 1)
    later = """UPDATE invitations SET method = 'REQUEST', told = jsonb_set(told, '{date_version}', '5')
               WHERE address_key = lower($1)"""
    await desk.pool.execute(later, PERSON.email)
    desk.time += timedelta(hours=1)
    await desk.hear(cancelled(a_meeting(date_version=5)))
    assert (await sequences(desk, PERSON.email))[-1] == ("CANCEL", 6)
