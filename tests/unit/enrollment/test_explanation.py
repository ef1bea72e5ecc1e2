"""Hvorfor er Bo den fjerde? A count is explained entry by entry, also by those who came and went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.enrollment.domain.enrolment import Agreed, Enrolment
from services.enrollment.domain.explanation import Explanation, explain_roster, explain_team
from services.enrollment.domain.moves import Move, moves
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, cancel, register, replace_participant, walk_in
from services.enrollment.domain.team import Team, name_member, replace_member
from shared.contracts.decision import Decision
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import EnrolmentPlan, ExtraTerm, ProgrammeTerms, SeatTerm, Terms
from shared.contracts.scheduling import Meeting
from tests.support.facts import TIMED, a_programme

NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)
STAFF, CONTACT, CLIENT = "token/ida", "person/k", "client/crm"
EXTRA = ExtraTerm(price_ore=100_000, vat_percent=25, text="Ekstra deltager", free_until_days=14)
PRICE = "1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)"


def person(name: str) -> Person:
    return Person(person_id=name.lower(), name=name, email=f"{name.lower()}@aarhus.example")


class List:
    """A roster that remembers its moves, as the database does. Each step comes an hour after the one before."""

    def __init__(self, included: int | None = 3, extra: ExtraTerm | None = EXTRA) -> None:
        enrolment = Enrolment(
            id="e1",
            programme_id="p1",
            organisation=Organisation(code="0751", name="Aarhus Kommune"),
            state="enrolled",
            enrolled_at=NOW - timedelta(days=1),
            contact=Contact(person_id="k", name="Karen", email="karen@aarhus.example", role="sekretær"),
            agreed=Agreed(seats=(SeatTerm(kind="heldag", title="Heldag", included=included, extra=extra),)),
        )
        plan = EnrolmentPlan(who="municipalities", how="sign_up")
        programme = Programme(ProgrammeTerms(ref=a_programme("p1"), enrolment=plan, terms=Terms()))
        meeting = Meeting(id="m1", key="m-1", title="Møde", kind="heldag", when=TIMED)
        self.now = NOW
        self.roster = Roster(programme, enrolment, meeting, "scheduled")
        self.moves: list[Move] = []

    def step(self, decide: Callable[[Roster, datetime], Decision[Roster]], actor: str = STAFF) -> List:
        before, self.now = self.roster, self.now + timedelta(hours=1)
        after = decide(before, self.now).after
        put = {seat.number for seat in after.seats} - {seat.number for seat in before.seats}
        seats = tuple(replace(seat, put_in_by=actor) if seat.number in put else seat for seat in after.seats)
        were, are = ({seat.number: seat.person for seat in one.seats} for one in (before, after))
        self.moves += moves(were, are, self.now, actor, after.left_late)
        self.roster = replace(after, seats=seats, left_late=frozenset())
        return self

    def has(self, *names: str, by: str = STAFF) -> List:
        for name in names:
            self.step(lambda roster, now, name=name: register(roster, person(name), 100_000, now), by)
        return self

    def left(self, name: str, by: str = CONTACT) -> List:
        return self.step(lambda roster, now: cancel(roster, name.lower(), now), by)

    def swapped(self, name: str, other: str, by: str = CONTACT) -> List:
        return self.step(lambda roster, now: replace_participant(roster, name.lower(), person(other), now), by)

    def explained(self, *, client: bool = False) -> Explanation:
        return explain_roster(self.roster, self.moves, client=client)

    def why(self, name: str) -> str:
        explained = self.explained()
        return next(one.why for one in (*explained.entries, *explained.gone) if one.person.name == name)


def test_the_fourth_is_the_fourth_because_three_came_before_and_it_costs() -> None:
    three = List().has("Anna", "Cecilie", "Dorte", "Bo")
    assert three.why("Anna") == "Anna er nr. 1 af 3 inkluderede pladser."
    assert three.why("Bo") == (
        f"Bo er nr. 4 af 3 inkluderede pladser: Anna, Cecilie og Dorte kom før. Den ekstra plads koster {PRICE}."
    )
    assert [(one.place, one.extra) for one in three.explained().entries] == [
        (1, False),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_whoever_moved_in_did_so_because_somebody_left() -> None:
    moved = List().has("Anna", "Cecilie", "Dorte", "Bo", "Erik").left("Anna")
    assert moved.why("Bo") == (
        "Bo er nr. 3 af 3 inkluderede pladser. "
        "Bo var ekstra deltager, indtil Anna blev afmeldt den 1. marts 2021 kl. 19.00."
    )
    assert "Cecilie, Dorte og Bo kom før" in moved.why("Erik")
    assert moved.why("Anna") == "Anna blev afmeldt den 1. marts 2021 kl. 19.00 af kommunens sekretær."
    assert moved.why("Cecilie") == "Cecilie er nr. 1 af 3 inkluderede pladser."


def test_whoever_takes_over_has_the_number_of_the_one_before() -> None:
    swapped = List().has("Anna", "Cecilie", "Dorte", "Bo").swapped("Bo", "Frida").left("Anna").swapped("Frida", "Gry")
    assert swapped.why("Gry") == (
        "Gry er nr. 3 af 3 inkluderede pladser. Overtog pladsen og nummeret efter Frida den 1. marts 2021 kl. 20.00. "
        "Pladsen var en ekstra plads, indtil Anna blev afmeldt den 1. marts 2021 kl. 19.00."
    )
    assert swapped.why("Bo") == "Bo gav pladsen videre til Frida den 1. marts 2021 kl. 18.00."


def test_who_put_somebody_in_is_not_who_takes_part() -> None:
    named = List(included=None).has("Anna", by=CONTACT).has("Bo", by=STAFF).has("Carl", by=CLIENT)
    named.swapped("Anna", "Dorte", by="person/anna")
    assert [(one.person.name, one.by, one.by_text) for one in named.explained().entries] == [
        ("Dorte", "participant", "Anna"),
        ("Bo", "staff", "staben"),
        ("Carl", "system", "et andet system"),
    ]
    assert "ida" not in str(named.explained())
    left = List().has("Anna", by=CONTACT).left("Anna", by="person/anna")
    assert "af deltageren selv" in left.why("Anna")
    assert left.explained().gone[0].by_text == "kommunens sekretær"


def test_what_is_left_late_is_billed_and_lets_nobody_in() -> None:
    late = List().has("Anna", "Cecilie", "Dorte", "Bo", "Erik")
    late.now = datetime(2021, 4, 2, 12, tzinfo=UTC)
    late.left("Erik").left("Anna").has("Frida")
    assert "faktureres alligevel" in late.why("Erik")
    assert [one.person.name for one in late.explained().gone if one.still_billed] == ["Erik"]
    assert late.why("Bo").startswith("Bo er nr. 3 og ekstra deltager. En af jeres pladser blev ledig, men først efter")
    assert "1. april 2021" in late.why("Bo")
    assert late.why("Frida") == "Frida er nr. 3 af 3 inkluderede pladser."
    assert "faktureres" not in late.why("Anna")
    late.left("Cecilie")
    assert late.why("Frida") == "Frida er nr. 2 af 3 inkluderede pladser."


def test_whoever_just_came_is_said_to_have() -> None:
    came = List().has("Anna", "Cecilie", "Dorte")
    came.now = datetime(2021, 4, 15, 8, tzinfo=UTC)
    came.step(lambda roster, now: walk_in(roster, person("Bo"), now))
    assert came.why("Bo").endswith("Bo kom til mødet uden at være tilmeldt.")
    assert came.explained().entries[3].walked_in


def test_without_a_limit_nobody_is_extra_and_without_included_seats_everybody_is() -> None:
    assert "ingen grænse" in List(included=None).has("Anna").why("Anna")
    none = List(included=0).has("Anna")
    assert none.why("Anna") == f"Anna er nr. 1, og ingen pladser er inkluderet. Den ekstra plads koster {PRICE}."


def test_a_client_reads_of_those_from_before_only_how_many_they_are() -> None:
    listed = List().has("Anna", "Cecilie").left("Cecilie").has("Dorte", "Erik", "Bo", by=CLIENT)
    enrolment = replace(listed.roster.enrolment, enrolled_at=NOW + timedelta(hours=1, minutes=30))
    listed.roster = replace(listed.roster, enrolment=enrolment)
    explained = listed.explained(client=True)
    assert [one.person.name for one in explained.entries] == ["Dorte", "Erik", "Bo"]
    assert "Dorte, Erik og 1 anden kom før" in explained.entries[2].why
    assert "Anna" not in str(explained)
    assert [one.person.name for one in explained.gone] == ["Cecilie"]


def test_what_a_version_before_this_one_did_without_a_word_is_explained_as_far_as_it_is_known() -> None:
    silent = List().has("Anna", "Cecilie", "Dorte", "Bo")
    silent.moves = []
    assert "Anna, Cecilie og Dorte kom før" in silent.why("Bo")
    silent.left("Anna")
    assert "indtil Anna blev afmeldt" in silent.why("Bo")
    assert "Anna blev afmeldt" in silent.why("Anna")
    # Gone without a word, and somebody else on the seat.
    seats = tuple(replace(seat, person=person("Hans")) for seat in silent.roster.seats if seat.number != 2)
    silent.roster = replace(silent.roster, seats=seats[:1])
    assert silent.why("Hans") == "Hans er nr. 1 af 3 inkluderede pladser."


def test_a_team_is_explained_too() -> None:
    terms = SeatTerm(kind="heldag", title="Heldag", attendance="team", included=5, minimum=3)
    base = List().roster
    team = Team(base.programme, replace(base.enrolment, agreed=Agreed(seats=(terms,))))
    told: list[Move] = []
    for hour, (name, decide) in enumerate(
        (
            ("Anna", lambda one, at: name_member(one, person("Anna"), at)),
            ("Bo", lambda one, at: name_member(one, person("Bo"), at)),
            ("Carl", lambda one, at: replace_member(one, "anna", person("Carl"), at)),
        )
    ):
        at = NOW + timedelta(hours=hour)
        after = decide(team, at).after
        were, are = ({one.number: one.person for one in some.members} for some in (team, after))
        told += moves(were, are, at, CONTACT)
        team = after
        assert name in {one.person.name for one in team.members}
    explained = explain_team(team, told, client=False)
    assert [one.why for one in explained.entries] == [
        (
            "Carl er nr. 1 af højst 5 på det faste hold og inviteres til alle holdets møder. "
            "Overtog pladsen og nummeret efter Anna den 1. marts 2021 kl. 15.00."
        ),
        "Bo er nr. 2 af højst 5 på det faste hold og inviteres til alle holdets møder.",
    ]
    assert [one.why for one in explained.gone] == ["Anna gav pladsen videre til Carl den 1. marts 2021 kl. 15.00."]
