"""Any sequence of plan, move, cancel, join and leave, told in any order, leaves every calendar right."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.calendar import Part, ics
from services.notifications.domain.invitations import (
    Guest,
    Standing,
    Told,
    follow_meeting,
    next_step,
    over_at,
    the_guest,
)
from services.notifications.domain.letters import calendar_letter
from shared.contracts.scheduling import Meeting, When
from shared.contracts.time import local
from tests.support.calendar_client import Client
from tests.support.facts import PROGRAMME, a_meeting

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS = (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 4), date(2026, 12, 1))
ADDRESSES = ("asta@k.example", "bo@k.example", "carl@k.example")


@dataclass(frozen=True)
class Fact:
    """Something that happened; `stream` keeps its order, different streams may arrive in any."""

    stream: str
    at: datetime
    meeting: Meeting | None = None
    cancelled: bool = False
    held: bool = False
    address: str = ""
    part: Part = "participant"
    there: bool = False


@dataclass
class World:
    """What happened, told later in whatever order; and what holds in the end."""

    facts: list[Fact] = field(default_factory=list)
    meeting: Meeting | None = None
    cancelled: bool = False
    there: dict[tuple[str, Part], bool] = field(default_factory=dict)

    def expected(self, address: str) -> bool:
        return (
            self.meeting is not None
            and not self.cancelled
            and any(self.there.get((address, part)) for part in ("participant", "contact"))
        )


def when_of(day: date, clock: tuple[int, int] | None) -> When:
    if clock is None:
        return When(first_day=day, last_day=day)
    return When(first_day=day, last_day=day, starts_at=local(day, time(clock[0])), ends_at=local(day, time(clock[1])))


WHENS = st.builds(when_of, st.sampled_from(DAYS), st.none() | st.sampled_from([(9, 15), (1, 4), (2, 4), (13, 16)]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("date"), WHENS, st.sampled_from(["Odense", "Vejle"])),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("join"), st.sampled_from(ADDRESSES), st.sampled_from(["participant", "contact"])),
        st.tuples(st.just("leave"), st.sampled_from(ADDRESSES), st.sampled_from(["participant", "contact"])),
        st.tuples(st.just("repeat")),
    ),
    max_size=14,
)


def live(steps: list[tuple[object, ...]]) -> World:
    world = World()
    at = START
    for step in steps:
        at += timedelta(minutes=1)
        match step:
            case ("date", When() as when, str() as place) if not world.cancelled:
                before = world.meeting
                if before is None or (before.when, before.place) != (when, place):
                    version = 0 if before is None else before.date_version + 1
                    world.meeting = a_meeting(when=when, place=place, date_version=version)
                    world.facts.append(Fact("meeting", at, world.meeting))
            case ("cancel",) if world.meeting is not None and not world.cancelled:
                world.cancelled = True
                gone = world.meeting.model_copy(update={"date_version": world.meeting.date_version + 1})
                world.facts.append(Fact("meeting", at, gone, cancelled=True))
            case ("join" | "leave" as what, str() as address, ("participant" | "contact") as part):
                there = what == "join"
                if world.there.get((address, part), False) != there:
                    world.there[address, part] = there
                    world.facts.append(Fact(f"{part} {address}", at, address=address, part=part, there=there))
            case ("repeat",) if world.facts:
                world.facts.append(world.facts[-1])
    return world


class Desk:
    """What the service does with facts, without its database."""

    def __init__(self) -> None:
        self.standing: Standing | None = None
        self.guests: dict[str, dict[Part, Guest]] = {address: {} for address in ADDRESSES}
        self.told: dict[str, Told] = {}
        self.mails: dict[str, list[tuple[str, bytes]]] = {address: [] for address in ADDRESSES}
        self.keys: set[tuple[str, str, str]] = set()

    def hear(self, fact: Fact) -> None:
        if fact.meeting is not None:
            state = "cancelled" if fact.cancelled else "dated"
            after = follow_meeting(self.standing, PROGRAMME, fact.meeting, state, fact.at)
            self.standing = after or self.standing
            concerned = list(ADDRESSES)
        else:
            guests = self.guests[fact.address]
            if fact.there:
                guests[fact.part] = Guest(fact.address, "Navn", fact.address, fact.part, "Kommune", fact.at)
            else:
                guests.pop(fact.part, None)
            concerned = [fact.address]
        for address in concerned:
            self.look(address, fact.at)

    def look(self, address: str, at: datetime) -> None:
        if self.standing is None:
            return
        step = next_step(self.standing, self.told.get(address), the_guest(self.guests[address].values()), at)
        if step is None:
            return
        if step.method == "CANCEL":
            assert any(method == "REQUEST" for method, _ in self.mails[address]), "a cancellation out of the blue"
        letter = calendar_letter(self.standing, step)
        assert letter.calendar is not None
        key = (letter.template, letter.to.key, letter.occasion)
        assert key not in self.keys, "told twice"
        self.keys.add(key)
        self.mails[address].append((step.method, ics(letter.calendar)))
        guest = step.guest
        self.told[address] = Told(
            guest.person_id,
            guest.name,
            guest.email,
            guest.part,
            guest.organisation,
            step.method,
            self.standing.meeting,
            step.turn,
            step.stamped,
        )


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


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, data=st.data())
def test_every_calendar_ends_in_the_state_of_the_meeting(steps: list[tuple[object, ...]], data: st.DataObject) -> None:
    world, desk = live(steps), Desk()
    for fact in interleaved(world.facts, data):
        desk.hear(fact)
    for address, mails in desk.mails.items():
        client = Client(address)
        for method, content in data.draw(st.permutations(mails)):
            client.take(content, method)
        slots = list(client.calendar.values())
        assert len(slots) == world.expected(address)
        for slot in slots:
            assert world.meeting is not None
            when = world.meeting.when
            assert when is not None
            if when.timed:
                assert (slot.starts, slot.ends) == (when.starts_at, when.ends_at)
            else:
                assert (slot.starts, slot.ends) == (when.first_day, when.last_day + timedelta(days=1))
            assert slot.where == world.meeting.place


def test_a_meeting_that_is_over_changes_nobodys_calendar() -> None:
    meeting = a_meeting()
    assert meeting.when is not None
    standing = follow_meeting(None, PROGRAMME, meeting, "dated", START.replace(year=2021))
    assert standing is not None
    late = Guest("p", "Bo", "bo@k.example", "participant", "Kommune", over_at(meeting.when))
    assert next_step(standing, None, late, late.since) is None


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


def test_the_uid_survives_another_mailbox_of_the_organiser() -> None:
    first = follow_meeting(None, PROGRAMME, a_meeting(), "dated", START)
    other = PROGRAMME.model_copy(
        update={"seller": PROGRAMME.seller.model_copy(update={"organizer_email": "ny@andet.example"})}
    )
    assert first is not None
    second = follow_meeting(first, other, a_meeting(date_version=1), "dated", START)
    assert second is not None
    assert second.uid == first.uid
