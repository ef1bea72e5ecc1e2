"""Any sequence of plan, move, cancel, join and leave, told in any order, leaves every calendar right."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.adapters.calendar.mail_checks import check_mail
from services.notifications.domain.calendar.entry import Entry, Part, ics, uid
from services.notifications.domain.calendar.replies import Given
from services.notifications.domain.invitations import (
    Guest,
    Standing,
    State,
    Step,
    Told,
    after_step,
    follow_meeting,
    next_step,
    over_at,
    the_guest,
)
from services.notifications.domain.letters import calendar_letter
from services.notifications.domain.looks import Look, newest
from services.notifications.domain.message import queue
from services.scheduling.domain import meeting as scheduling
from services.scheduling.domain.meeting import Wanted
from shared.contracts.decision import Decision
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingFact, MeetingScheduled, PlanMeeting, When
from tests.support.calendar_client import Client, Slot
from tests.support.facts import PROGRAMME, a_meeting
from tests.support.ical4j import Judge
from tests.support.letters import COMPOSER

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
TODAY = date(2026, 1, 5)
DAYS = (
    date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30), date(2026, 6, 4),
    date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26), date(2026, 12, 1),
)  # fmt: skip
HOURS = ((9, 15), (0, 2), (1, 4), (2, 3), (2, 4), (13, 16), (22, 23))
ADDRESSES = ("asta@k.example", "bo@k.example", "carl@k.example")
KEYS = ("oest-1", "oest-2")
PLACES = ("", "Odense", "Vejle")
LINKS = ("", "https://video.example/1?a=b", "https://video.example/2;x,y")


@dataclass(frozen=True)
class Fact:
    """Something that happened; `stream` keeps its order, different streams may arrive in any."""

    stream: str
    at: datetime
    told: MeetingFact | None = None
    key: str = ""
    address: str = ""
    part: Part = "participant"
    there: bool = False


@dataclass
class World:
    """What happened, told later in whatever order, and what holds in the end. Scheduling's own rules set the dates."""

    facts: list[Fact] = field(default_factory=list)
    meetings: dict[str, scheduling.Standing] = field(default_factory=dict)
    there: dict[tuple[str, str, Part], bool] = field(default_factory=dict)
    dates: dict[str, Wanted] = field(default_factory=dict)
    """The date that each meeting was given last."""
    changes: dict[str, list[object]] = field(default_factory=dict)
    """Per meeting everything that ever held of its time, place and cancellation, from the first date on."""

    def tell(self, key: str, decided: Decision[scheduling.Standing], at: datetime) -> None:
        self.meetings[key] = decided.after
        (told,) = decided.facts
        assert isinstance(told, MeetingFact)
        self.facts.append(Fact(key, at, told, key))
        meeting = told.meeting
        if meeting.when is not None:
            state = (meeting.when, meeting.place, meeting.link, isinstance(told, MeetingCancelled))
            self.changes.setdefault(key, []).append(state)

    def set_date(self, key: str, date_: Wanted, at: datetime) -> None:
        if key not in self.meetings:
            frame = scheduling.Frame(PROGRAMME, cancelled=False, kinds=("heldag",), groups=())
            asked = PlanMeeting(programme_id=PROGRAMME.id, key=key, title=f"Møde {key}", kind="heldag", mode="hybrid")
            self.tell(key, scheduling.plan(frame, None, asked, PROGRAMME.meetings_owner), at)
        before = self.meetings[key].meeting
        with suppress(Refused):  # it is over, or ends before it begins
            decided = scheduling.set_date(self.meetings[key], date_, TODAY)
            if decided.facts:
                self.tell(key, decided, at + timedelta(seconds=1))
            self.dates[key] = date_
            after = self.meetings[key].meeting
            assert after.when == scheduling.when_of(date_)
            assert (after.place or "") == (before.place or "" if date_.place is None else date_.place)
            assert (after.link or "") == (before.link or "" if date_.link is None else date_.link)

    def seat(self, address: str, key: str, part: Part, at: datetime, *, there: bool) -> None:
        if self.there.get((address, key, part), False) != there:
            self.there[address, key, part] = there
            self.facts.append(Fact(f"{key} {part} {address}", at, None, key, address, part, there))

    def expected(self, address: str, key: str) -> bool:
        standing = self.meetings.get(key)
        return (
            standing is not None
            and standing.state in {"scheduled", "moved"}
            and any(self.there.get((address, key, part)) for part in ("participant", "contact"))
        )


def wanted(day: date, nights: int, hours: tuple[int, int] | None, place: str | None, link: str | None) -> Wanted:
    last = day + timedelta(days=nights)
    if hours is None:
        return Wanted(day, last, place=place, link=link)
    return Wanted(day, last, time(hours[0], 30), time(hours[1], 30), place, link)


WANTED = st.builds(
    wanted,
    st.sampled_from(DAYS),
    st.sampled_from([0, 0, 1]),
    st.sampled_from([None, None, None, *HOURS]),
    st.none() | st.sampled_from(PLACES),
    st.none() | st.sampled_from(LINKS),
)
KEY, ADDRESS, PART = st.sampled_from(KEYS), st.sampled_from(ADDRESSES), st.sampled_from(["participant", "contact"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("date"), KEY, WANTED),
        st.tuples(st.just("date"), KEY, WANTED),
        st.tuples(st.just("elsewhere"), KEY, st.none() | st.sampled_from(PLACES), st.none() | st.sampled_from(LINKS)),
        st.tuples(st.just("cancel"), KEY),
        st.tuples(st.just("join"), KEY, ADDRESS, PART),
        st.tuples(st.just("join"), KEY, ADDRESS, PART),
        st.tuples(st.just("leave"), st.integers(0, 11)),
        st.tuples(st.just("repeat")),
    ),
    min_size=14,
    max_size=30,
)


def live(steps: list[tuple[object, ...]]) -> World:
    world = World()
    for number, step in enumerate(steps):
        at = START + timedelta(minutes=number)
        match step:
            case ("date", str() as key, Wanted() as date_):
                world.set_date(key, date_, at)
            case ("elsewhere", str() as key, (str() | None) as place, (str() | None) as link) if key in world.dates:
                world.set_date(key, replace(world.dates[key], place=place, link=link), at)
            case ("cancel", str() as key) if key in world.meetings:
                gone = scheduling.cancel(world.meetings[key], "Stedet er lukket.")
                if gone.facts:
                    world.tell(key, gone, at)
            case ("join", str() as key, str() as address, ("participant" | "contact") as part):
                world.seat(address, key, part, at, there=True)
            case ("leave", int() as which) if there := [who for who, is_there in world.there.items() if is_there]:
                world.seat(*there[which % len(there)], at, there=False)
            case ("repeat",) if world.facts:
                world.facts.append(world.facts[-1])
    return world


class Desk:
    """What the service does with facts, without its database."""

    def __init__(self, *, writes: bool = True) -> None:
        self.writes = writes
        self.standings: dict[str, Standing] = {}
        self.guests: dict[tuple[str, str], dict[Part, Guest]] = {}
        self.told: dict[tuple[str, str], Told] = {}
        self.mails: dict[str, list[bytes]] = {address: [] for address in ADDRESSES}
        self.entries: list[tuple[str, str, Entry]] = []
        self.versions: list[int] = []
        """The date version of each entry."""
        self.keys: set[str] = set()

    def hear(self, fact: Fact) -> None:
        if fact.told is not None:
            state: State = "cancelled" if isinstance(fact.told, MeetingCancelled) else "dated"
            after = follow_meeting(self.standings.get(fact.key), PROGRAMME, fact.told.meeting, state, fact.at)
            if after is not None:
                self.standings[fact.key] = after
            concerned = list(ADDRESSES)
        else:
            guests = self.guests.setdefault((fact.address, fact.key), {})
            if fact.there:
                guests[fact.part] = Guest(fact.address, "Navn", fact.address, fact.part, "Kommune", fact.at)
            else:
                guests.pop(fact.part, None)
            concerned = [fact.address]
        for address in concerned:
            self.look(address, fact.key, fact.at)

    def look(self, address: str, key: str, at: datetime) -> None:
        standing = self.standings.get(key)
        if standing is None:
            return
        guests = self.guests.get((address, key), {})
        step = next_step(standing, self.told.get((address, key)), the_guest(standing, guests.values()), at)
        if step is None:
            return
        letter = calendar_letter(standing, step)
        assert letter.calendar is not None
        before = next((entry for whom, what, entry in self.entries[::-1] if (whom, what) == (address, key)), None)
        if before is None or before.method == "CANCEL":
            assert step.method == "REQUEST", "cancelled out of the blue, or twice"
        elif step.method == "REQUEST":
            now = letter.calendar
            assert (before.sequence, before.part) != (now.sequence, now.part), "invited twice"
        assert letter.id not in self.keys, "told twice"
        self.keys.add(letter.id)
        if self.writes:
            mail = COMPOSER.mail(queue(letter, "/x").after).content
            assert check_mail(mail) == []
            self.mails[address].append(mail)
        self.entries.append((address, key, letter.calendar))
        self.versions.append(standing.meeting.date_version)
        self.told[address, key] = after_step(self.told.get((address, key)), standing.meeting, step)


def interleaved(facts: list[Fact], data: st.DataObject) -> list[Fact]:
    """The facts in another order that keeps the order of each stream."""
    streams: dict[str, list[Fact]] = {}
    for fact in facts:
        streams.setdefault(fact.stream, []).append(fact)
    mixed = []
    while streams:
        name = data.draw(st.sampled_from(sorted(streams)))
        mixed.append(streams[name].pop(0))
        if not streams[name]:
            del streams[name]
    return mixed


def delivered(mails: list[bytes], data: st.DataObject) -> list[bytes]:
    """As mail servers may bring them: in any order, some of them more than once (RFC 5546 § 2.1.5)."""
    again = data.draw(st.lists(st.sampled_from(mails), max_size=3)) if mails else []
    return data.draw(st.permutations([*mails, *again]))


def should_stand(meeting: Meeting) -> Slot:
    when = meeting.when
    assert when is not None
    title = f"{meeting.title} – {PROGRAMME.title}"
    where = " · ".join(text for text in (meeting.place, meeting.link) if text)
    if when.starts_at is None or when.ends_at is None:
        after = when.last_day + timedelta(days=1)
        return Slot(f"Reservér datoen: {title}", when.first_day, after, where, blocks=False, link=meeting.link or "")
    return Slot(title, when.starts_at, when.ends_at, where, blocks=True, link=meeting.link or "")


@settings(max_examples=70, deadline=None)
@given(steps=STEPS, data=st.data(), strict=st.booleans())
def test_every_calendar_ends_in_the_state_of_the_meeting(
    steps: list[tuple[object, ...]], data: st.DataObject, *, strict: bool
) -> None:
    world, desk = live(steps), Desk()
    for fact in interleaved(world.facts, data):
        desk.hear(fact)
    for address, mails in desk.mails.items():
        client = Client(address, strict=strict)
        for mail in delivered(mails, data):
            client.take_mail(mail)
        expected = {
            uid_of(key): should_stand(world.meetings[key].meeting) for key in KEYS if world.expected(address, key)
        }
        assert client.calendar == expected
        assert set(client.seen) <= {uid_of(key) for key in KEYS}


@settings(max_examples=70, deadline=None)
@given(steps=STEPS, data=st.data())
def test_every_mailbox_has_a_sequence_of_its_own_that_never_falls_and_moves_with_what_it_is_told_alone(
    ical4j: Judge, steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    world, desk = live(steps), Desk(writes=False)
    for fact in interleaved(world.facts, data):
        desk.hear(fact)
    sent: dict[tuple[str, str], tuple[Entry, int]] = {}
    for (address, key, entry), version in zip(desk.entries, desk.versions, strict=True):
        assert ical4j.findings(ics(entry)) == []
        changes = world.changes[key]
        assert all(before != after for before, after in pairwise(changes))
        shown = changes[version]
        assert shown[:1] == (when_of(entry),)  # type: ignore[index] # a tuple
        assert shown[3] == (entry.method == "CANCEL" and entry.whole)  # type: ignore[index] # as above
        if (address, key) not in sent:
            assert entry.sequence == version
        else:
            before, version_before = sent[address, key]
            higher = "CANCEL" in {before.method, entry.method} or version > version_before
            assert entry.sequence == (max(version, before.sequence + 1) if higher else before.sequence)
        sent[address, key] = entry, version


TIMED = When(
    first_day=date(2026, 10, 25),
    last_day=date(2026, 10, 25),
    starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ends_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["participant", "contact"]), st.integers(0, 2)), min_size=3, max_size=12),
    data=st.data(),
)
def test_who_comes_and_goes_has_the_meeting_exactly_when_there(
    steps: list[tuple[Part, int]], data: st.DataObject
) -> None:
    """Nothing but seats changes, several of them within one second: only DTSTAMP tells one message from the next."""
    world, asta, key = World(), ADDRESSES[0], KEYS[0]
    world.set_date(key, Wanted(TIMED.first_day, None, time(2, 30), time(3, 30)), START)
    at = START + timedelta(minutes=1)
    for part, tenths in steps:
        at += timedelta(milliseconds=300 * tenths)
        world.seat(asta, key, part, at, there=not world.there.get((asta, key, part), False))
    desk = Desk(writes=False)
    for fact in interleaved(world.facts, data):
        desk.hear(fact)
    files = [(ics(entry), entry.method) for _, _, entry in desk.entries]
    assert len({(entry.sequence, entry.stamped.replace(microsecond=0)) for _, _, entry in desk.entries}) == len(files)
    assert len(set(files)) == len(files)
    client = Client(asta, strict=data.draw(st.booleans()))
    for content, method in data.draw(st.permutations(files)):
        client.take(content, method)
    assert bool(client.calendar) == world.expected(asta, key)


@pytest.mark.parametrize("known", [timedelta(0), timedelta(hours=1), timedelta(milliseconds=900)])
def test_a_fact_that_comes_late_is_told_later_than_what_was_told_before(known: timedelta) -> None:
    """Whoever left at ten and, as we hear only then, was made a contact at nine, is invited after the cancellation."""
    standing = follow_meeting(None, PROGRAMME, a_meeting(when=TIMED), "dated", START)
    assert standing is not None
    guest = Guest("p", "Bo", "bo@k.example", "contact", "Kommune", START + timedelta(days=1))
    last = guest.since + known
    for method, now in (("CANCEL", guest), ("REQUEST", None)):
        told = Told("p", "Bo", guest.email, "contact", "Kommune", method, standing.meeting, 3, last, 0)  # type: ignore[arg-type] # one of the two
        step = next_step(standing, told, now, guest.since)
        assert step is not None
        assert step.method != method
        assert step.stamped.replace(microsecond=0) > last.replace(microsecond=0)
        assert step.turn == 4


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_meeting_that_is_cancelled_and_taken_up_again_ends_as_it_was_told_last(data: st.DataObject) -> None:
    """Scheduling plans another meeting then; another system may take the same one up."""
    first = a_meeting(when=TIMED, date_version=0)
    lives = [
        MeetingScheduled(owner="/crm", programme=PROGRAMME, meeting=first),
        MeetingCancelled(owner="/crm", programme=PROGRAMME, meeting=first.model_copy(update={"date_version": 1})),
        MeetingScheduled(owner="/crm", programme=PROGRAMME, meeting=first.model_copy(update={"date_version": 2})),
        MeetingCancelled(owner="/crm", programme=PROGRAMME, meeting=first.model_copy(update={"date_version": 3})),
    ]
    told = lives[: data.draw(st.integers(1, 4))]
    facts = [Fact(KEYS[0], START + timedelta(hours=hour), one, KEYS[0]) for hour, one in enumerate(told)]
    facts.append(Fact("seat", START + timedelta(minutes=90), None, KEYS[0], ADDRESSES[0], "participant", there=True))
    desk = Desk()
    for fact in interleaved(facts, data):
        desk.hear(fact)
    client = Client(ADDRESSES[0])
    for mail in delivered(desk.mails[ADDRESSES[0]], data):
        client.take_mail(mail)
    held = not isinstance(told[-1], MeetingCancelled)
    assert list(client.calendar.values()) == ([should_stand(told[-1].meeting)] if held else [])


def when_of(entry: Entry) -> When:
    return When(first_day=entry.first_day, last_day=entry.last_day, starts_at=entry.starts_at, ends_at=entry.ends_at)


def uid_of(key: str) -> str:
    return uid(scheduling.meeting_id(PROGRAMME.id, key), PROGRAMME.seller.organizer_email)


def test_the_random_lives_are_not_dull() -> None:
    """Among the steps that are tried there are updates, cancellations for all and for one, and nights of the change."""
    seen: set[str] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(steps=STEPS)
    def look(steps: list[tuple[object, ...]]) -> None:
        world, desk = live(steps), Desk(writes=False)
        for fact in world.facts:
            desk.hear(fact)
        for _, _, entry in desk.entries:
            seen.add(f"{entry.method} {'timed' if entry.timed else 'day'} {'all' if entry.whole else 'one'}")
            seen.add("update" if entry.method == "REQUEST" and entry.sequence else "")
            seen.add("link" if entry.link else "")
            seen.add(str(entry.first_day))
            seen.add(f"{entry.starts_at:%Y-%m-%d %H}" if entry.starts_at else "")

    look()
    assert seen >= {f"CANCEL {kind} {whom}" for kind in ("timed", "day") for whom in ("all", "one")} | {
        "update",
        "link",
    }
    assert seen >= {str(day) for day in DAYS}
    assert seen >= {"2026-03-29 01", "2026-10-25 00"}, "an hour that is lost, and one that comes twice"


def test_a_meeting_that_is_over_changes_nobodys_calendar() -> None:
    meeting = a_meeting()
    assert meeting.when is not None
    standing = follow_meeting(None, PROGRAMME, meeting, "dated", START.replace(year=2021))
    assert standing is not None
    late = Guest("p", "Bo", "bo@k.example", "participant", "Kommune", over_at(meeting.when))
    assert next_step(standing, None, late, late.since) is None
    told = Told("p", "Bo", "bo@k.example", "participant", "Kommune", "REQUEST", meeting, 0, START.replace(year=2021), 0)
    assert next_step(standing, told, None, late.since) is None
    step = next_step(standing, told, None, late.since - timedelta(seconds=1))
    assert step is not None
    assert step.method == "CANCEL"


def test_whoever_takes_part_is_a_participant_even_where_a_contact_shares_the_mailbox() -> None:
    contact = Guest("a", "Asta", "k@k.example", "contact", "Kommune", START)
    participant = Guest("b", "Bo", "K@k.example", "participant", "Kommune", START)
    dated = a_standing(START)
    assert the_guest(dated, [contact, participant]) == the_guest(dated, [participant, contact]) == participant
    assert the_guest(dated, []) is None


def test_a_mailbox_goes_on_being_whose_it_was_first() -> None:
    first = Guest("z", "Asta", "k@k.example", "participant", "Kommune", START)
    later = Guest("a", "Bo", "K@k.example", "participant", "En anden", START + timedelta(hours=1))
    dated = a_standing(START)
    assert the_guest(dated, [later, first]) == the_guest(dated, [first, later]) == first


def test_whoever_came_quietly_hears_of_what_becomes_of_a_meeting_after_that_and_of_nothing_before() -> None:
    quiet = Guest("q", "Bo", "bo@k.example", "participant", "Kommune", START, quiet=True)
    for changed_at, heard in ((START - timedelta(days=1), False), (START, False), (START + timedelta(1), True)):
        step = next_step(a_standing(changed_at), None, quiet, max(changed_at, START))
        assert (step is not None and step.method == "REQUEST") == heard


def test_whoever_shares_a_mailbox_with_one_who_came_quietly_is_written_to() -> None:
    quiet = Guest("q", "Bo", "k@k.example", "participant", "Kommune", START, quiet=True)
    later = Guest("a", "Asta", "K@k.example", "contact", "En anden", START + timedelta(hours=1))
    before, after = a_standing(START - timedelta(days=1)), a_standing(START + timedelta(days=1))
    assert the_guest(before, [quiet, later]) == the_guest(before, [later, quiet]) == later
    assert the_guest(after, [quiet, later]) == the_guest(after, [later, quiet]) == quiet


def a_standing(changed_at: datetime) -> Standing:
    standing = follow_meeting(
        None, PROGRAMME, a_meeting(when=When(first_day=DAYS[-1], last_day=DAYS[-1])), "dated", changed_at
    )
    assert standing is not None
    return standing


def test_the_letters_of_two_looks_in_one_are_an_actors_own_if_both_were_to_be() -> None:
    looks = [Look("enrolment", "e", str(at), START + timedelta(hours=at), own="Kommune") for at in range(2)]
    assert [one.own for one in newest(looks)] == ["Kommune"]
    for left in range(2):
        mixed = [replace(look, own=None) if at == left else look for at, look in enumerate(looks)]
        assert [(one.own, one.fact) for one in newest(mixed)] == [(None, "1")]


def test_who_registered_before_a_meeting_is_invited_even_if_word_that_it_was_held_comes_first() -> None:
    meeting = a_meeting()
    held = follow_meeting(None, PROGRAMME, meeting, "held", datetime(2021, 4, 16, tzinfo=UTC))
    assert held is not None
    guest = Guest("p", "Bo", "bo@k.example", "participant", "Kommune", datetime(2021, 3, 1, tzinfo=UTC))
    step = next_step(held, None, guest, guest.since)
    assert step is not None
    assert step.template == "participant_registered"


def test_an_older_date_does_not_replace_a_newer_one() -> None:
    moved = follow_meeting(None, PROGRAMME, a_meeting(date_version=2), "dated", START)
    assert follow_meeting(moved, PROGRAMME, a_meeting(date_version=1), "dated", START) is None


@pytest.mark.parametrize("late", ["planned", "dated", "held"])
@pytest.mark.parametrize("state", ["dated", "held", "cancelled"])
def test_at_the_same_date_the_later_state_of_a_meeting_s_life_stands(state: State, late: State) -> None:
    order: list[State] = ["planned", "dated", "held", "cancelled"]
    known = follow_meeting(None, PROGRAMME, a_meeting(), state, START)
    found = follow_meeting(known, PROGRAMME, a_meeting(), late, START)
    assert (found is None) == (order.index(late) < order.index(state))


def test_the_uid_survives_another_mailbox_of_the_organiser() -> None:
    first = follow_meeting(None, PROGRAMME, a_meeting(), "dated", START)
    other = PROGRAMME.model_copy(
        update={"seller": PROGRAMME.seller.model_copy(update={"organizer_email": "ny@andet.example"})}
    )
    assert first is not None
    second = follow_meeting(first, other, a_meeting(date_version=1), "dated", START)
    assert second is not None
    assert second.uid == first.uid


ASKED = Step(
    "participant_registered", "REQUEST", Guest("p", "Bo", "bo@k.example", "participant", "Kommune", START), 0, START, 0
)


@pytest.mark.parametrize(
    ("kept", "step", "meeting"),
    [
        (True, replace(ASKED, turn=1), a_meeting()),
        (True, replace(ASKED, guest=replace(ASKED.guest, part="contact", name="Bo P.")), a_meeting(place="Der")),
        (False, ASKED, a_meeting(date_version=1)),
        (False, replace(ASKED, method="CANCEL"), a_meeting()),
        (False, replace(ASKED, guest=replace(ASKED.guest, person_id="p-2")), a_meeting()),
    ],
    ids=["once more", "in another part", "another date", "cancelled", "another person"],
)
def test_an_answer_goes_with_the_invitation_it_was_given_to(*, kept: bool, step: Step, meeting: Meeting) -> None:
    yes = Given("accepted", START, START)
    told = replace(after_step(None, a_meeting(), ASKED), given=yes)
    after = after_step(told, meeting, step)
    assert after.given == (yes if kept else None)
    assert (after.method, after.turn, after.name, after.meeting) == (step.method, step.turn, step.guest.name, meeting)


def test_whoever_is_invited_again_has_not_answered_yet() -> None:
    gone = replace(after_step(None, a_meeting(), ASKED), method="CANCEL", given=None)
    assert after_step(gone, a_meeting(), replace(ASKED, turn=2)).given is None
