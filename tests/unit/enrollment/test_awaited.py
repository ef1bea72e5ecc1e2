"""What is awaited from a municipality: a table of how things stand, and what its page says on top then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.awaited import Awaited, Stands, awaited
from services.enrollment.domain.enrolment import Agreed, Enrolment, Forbehold
from services.enrollment.domain.options import Option, Order
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Role
from services.enrollment.domain.roster import Roster, Seat
from services.enrollment.domain.team import Member, Team
from shared.contracts.parties import Address, Billing, Contact, Organisation, Person
from shared.contracts.programme import (
    EnrolmentPlan,
    ExtraTerm,
    FeeTerm,
    ForbeholdTerm,
    OptionTerm,
    ProgrammeTerms,
    RoleTerm,
    SeatTerm,
    Terms,
)
from shared.contracts.scheduling import Meeting, When
from tests.support.facts import a_programme

NOW = datetime(2020, 8, 10, 12, tzinfo=UTC)
EXTRA = ExtraTerm(price_ore=100_000, vat_percent=25, text="Ekstra deltager")
FEE = FeeTerm(id="gebyr", text="Gebyr", amount_ore=1_950_000, vat_percent=25, invoice_on=date(2020, 9, 1))
SEAT = SeatTerm(kind="heldag", title="Heldagsmøde", included=3, extra=EXTRA)
TEAM = SeatTerm(kind="hold", title="Holdmøde", attendance="team", included=5, minimum=3)
WHOLE = Billing(
    ean="5798009800015",
    order_reference="PO-1",
    address=Address(street="Gade 1", postcode="8000", city="Aarhus C"),
)
LACKS = WHOLE.model_copy(update={"order_reference": None, "demands": ("order",)})
ANALYSIS = OptionTerm(id="analyse", title="Analyse", text="Analyse", vat_percent=25)


def programme(**forbehold: Any) -> Programme:
    plan = EnrolmentPlan(
        who="municipalities", how="sign_up", forbehold=ForbeholdTerm(**forbehold) if forbehold else None
    )
    terms = Terms(options=(ANALYSIS,), registration_closes_days=3)
    return Programme(ProgrammeTerms(ref=a_programme(), enrolment=plan, terms=terms))


def enrolment(**changes: Any) -> Enrolment:
    ordinary: dict[str, Any] = {
        "id": "e1",
        "programme_id": "netvaerk",
        "organisation": Organisation(code="0751", name="Aarhus Kommune"),
        "state": "enrolled",
        "contact": Contact(person_id="k", name="Karen Kontakt", email="karen@aarhus.example"),
        "agreed": Agreed((FEE,), (SEAT, TEAM)),
        "billing": WHOLE,
        "enrolled_at": datetime(2020, 6, 1, tzinfo=UTC),
    }
    return Enrolment(**{**ordinary, **changes})


def stands(**changes: Any) -> Stands:
    return Stands(enrolment(**changes), programme())


def meeting(
    of: Stands, day: str | None, *people: str, key: str = "m1", kind: str = "heldag", roles: tuple[str, ...] = ()
) -> Roster:
    on = None if day is None else date.fromisoformat(day)
    when = None if on is None else When(first_day=on, last_day=on)
    seats = tuple(
        Seat(Person(person_id=one, name=one, email=f"{one}@aarhus.example"), NOW, number)
        for number, one in enumerate(people, start=1)
    )
    known = Meeting(id=key, key=key, title=f"Møde {key}", kind=kind, when=when, roles=roles)
    return Roster(of.programme, of.enrolment, known, "planned" if on is None else "scheduled", seats)


def quoted(of: Stands, good_until: str) -> Option:
    last = date.fromisoformat(good_until)
    order = Order("netvaerk", "e1", "analyse", 2, "quoted", "Analyse", "", 6_000_000, 25, good_until=last)
    return Option(of.enrolment, of.programme, "analyse", ANALYSIS, order)


def ordered(of: Stands, billing: Billing | None, price_ore: int = 6_000_000) -> Option:
    order = Order("netvaerk", "e1", "analyse", 1, "ordered", "Analyse", "", price_ore, 25, billing=billing)
    return Option(of.enrolment, of.programme, "analyse", ANALYSIS, order)


def team(of: Stands, count: int) -> Team:
    people = (Person(person_id=f"p{one}", name="N", email=f"p{one}@aarhus.example") for one in range(count))
    return Team(of.programme, of.enrolment, tuple(Member(one, NOW, at) for at, one in enumerate(people)), count + 1)


def with_meetings(of: Stands, *rosters: Roster, **more: Any) -> Stands:
    return replace(of, rosters=rosters, **more)


PLAIN = stands()
OPEN = Forbehold("open")
EXPECTED = Forbehold("open", "Byrådet", date(2020, 9, 15))
LATE = Forbehold("open", "Byrådet", date(2020, 8, 1))
UNTIL = {"holds": "until", "until": date(2020, 8, 31)}
NO_FEE = stands(agreed=Agreed((), (SEAT,)), billing=LACKS)

TABLE: list[tuple[str, Stands, list[str]]] = [
    ("nothing", PLAIN, []),
    (
        "a forbehold that is expected to be answered on a day",
        Stands(enrolment(forbehold=EXPECTED), programme()),
        ["Svar på jeres forbehold: svaret ventes 15. september 2020"],
    ),
    (
        "whose day is over",
        Stands(enrolment(forbehold=LATE), programme()),
        ["Svar på jeres forbehold: svaret var ventet 1. august 2020"],
    ),
    (
        "that nobody expects on a day",
        Stands(enrolment(forbehold=OPEN), programme()),
        ["Skriv, hvornår I venter svar på jeres forbehold"],
    ),
    (
        "that holds its place to a day before the answer",
        Stands(enrolment(forbehold=EXPECTED), programme(**UNTIL)),
        ["Svar på jeres forbehold: pladsen holdes til og med 31. august 2020"],
    ),
    (
        "that holds its place no more",
        Stands(enrolment(forbehold=OPEN), programme(holds="until", until=date(2020, 8, 9))),
        [],
    ),
    (
        "of whoever waits for a place",
        Stands(enrolment(forbehold=EXPECTED, state="waitlisted", billing=LACKS), programme()),
        ["Svar på jeres forbehold: svaret ventes 15. september 2020"],
    ),
    (
        "what the fee's invoice lacks",
        stands(billing=LACKS),
        ["Oplysninger til fakturaen: ordre-/rekvisitionsnummer; helst inden 1. september 2020"],
    ),
    (
        "as long as the forbehold holds that back anyhow",
        Stands(enrolment(forbehold=EXPECTED, billing=LACKS), programme()),
        ["Svar på jeres forbehold: svaret ventes 15. september 2020"],
    ),
    (
        "or does not hold it back",
        Stands(enrolment(forbehold=EXPECTED, billing=LACKS), programme(fees_wait=False)),
        [
            "Oplysninger til fakturaen: ordre-/rekvisitionsnummer; helst inden 1. september 2020",
            "Svar på jeres forbehold: svaret ventes 15. september 2020",
        ],
    ),
    ("details that no invoice waits for", NO_FEE, []),
    (
        "details that an order waits for",
        replace(NO_FEE, options=(ordered(NO_FEE, None),)),
        ["Oplysninger til fakturaen: ordre-/rekvisitionsnummer"],
    ),
    ("an order that costs nothing", replace(NO_FEE, options=(ordered(NO_FEE, None, 0),)), []),
    (
        "an order that another unit pays",
        replace(PLAIN, options=(ordered(PLAIN, LACKS),)),
        ["Oplysninger til fakturaen for Analyse: ordre-/rekvisitionsnummer"],
    ),
    (
        "an extra participant whose invoice waits",
        with_meetings(NO_FEE, meeting(NO_FEE, "2020-10-01", "a", "b", "c", "d")),
        ["Oplysninger til fakturaen: ordre-/rekvisitionsnummer"],
    ),
    (
        "a quote that ends soon",
        replace(PLAIN, options=(quoted(PLAIN, "2020-08-24"),)),
        ["Svar på tilbuddet på Analyse: det gælder til og med 24. august 2020"],
    ),
    ("a quote that ends later", replace(PLAIN, options=(quoted(PLAIN, "2020-08-25"),)), []),
    ("a quote that has ended", replace(PLAIN, options=(quoted(PLAIN, "2020-08-09"),)), []),
    (
        "nobody at the next meeting",
        with_meetings(PLAIN, meeting(PLAIN, "2020-11-01", key="m2"), meeting(PLAIN, "2020-10-01", key="m1")),
        ["Tilmeld deltagere til Møde m1 1. oktober 2020 (3 pladser, senest 28. september 2020)"],
    ),
    (
        "somebody at the next one, nobody at the one after",
        with_meetings(PLAIN, meeting(PLAIN, "2020-10-01", "a"), meeting(PLAIN, "2020-11-01", key="m2")),
        [],
    ),
    ("a meeting without a date", with_meetings(PLAIN, meeting(PLAIN, None)), []),
    ("a meeting that is closed already", with_meetings(PLAIN, meeting(PLAIN, "2020-08-11")), []),
    ("a meeting for roles only", with_meetings(PLAIN, meeting(PLAIN, "2020-10-01", roles=("kontakt",))), []),
    (
        "a team that is too small",
        replace(PLAIN, team=team(PLAIN, 2)),
        ["Navngiv jeres faste hold: 2 af mindst 3"],
    ),
    ("a team that is large enough", replace(PLAIN, team=team(PLAIN, 3)), []),
    (
        "a role that has to be held",
        replace(PLAIN, roles=(Role(RoleTerm(id="f", label="fakturakontakt", purpose="billing", required=True), None),)),
        ["Skriv, hvem der er fakturakontakt"],
    ),
    (
        "a role that need not be",
        replace(PLAIN, roles=(Role(RoleTerm(id="f", label="fakturakontakt", purpose="billing"), None),)),
        [],
    ),
    ("whoever has left", stands(state="withdrawn", billing=LACKS), []),
    (
        "a programme that is called off",
        Stands(enrolment(forbehold=OPEN, billing=LACKS), replace(programme(), open=False)),
        [],
    ),
]


@pytest.mark.parametrize(("so", "said"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_awaited_of_whoever_stands_so(so: Stands, said: list[str]) -> None:
    assert [one.line for one in awaited(so, NOW)] == said


def test_what_is_due_first_comes_first_and_what_has_no_day_last() -> None:
    of = stands(billing=LACKS)
    found = awaited(
        replace(
            of,
            options=(quoted(of, "2020-08-20"),),
            rosters=(meeting(of, "2020-08-16"), meeting(of, "2020-10-01", key="t", kind="hold")),
            team=team(of, 0),
            roles=(Role(RoleTerm(id="f", label="fakturakontakt", purpose="billing", required=True), None),),
        ),
        NOW,
    )
    assert [(one.what, one.by, one.about) for one in found] == [
        ("meeting", date(2020, 8, 13), "m1"),
        ("quote", date(2020, 8, 20), "analyse"),
        ("invoice", date(2020, 9, 1), ""),
        ("team", date(2020, 10, 1), ""),
        ("role", None, "f"),
    ]
    assert found[1].round == 2


def test_a_client_is_not_asked_for_what_somebody_before_it_left_open() -> None:
    """Who was extra before the enrolment had this place was somebody else's to put in."""
    later = enrolment(put_in_by="client/crm", enrolled_at=datetime(2020, 8, 11, tzinfo=UTC))
    of = replace(NO_FEE, enrolment=replace(later, agreed=NO_FEE.enrolment.agreed, billing=LACKS))
    assert awaited(with_meetings(of, meeting(of, "2020-10-01", "a", "b", "c", "d")), NOW) == ()


@given(st.permutations(range(4)))
def test_it_is_the_same_in_whatever_order_the_meetings_are_read(order: list[int]) -> None:
    days = ("2020-10-01", "2020-09-20", None, "2020-08-30")
    rosters = [meeting(PLAIN, day, key=f"m{number}") for number, day in enumerate(days)]
    (found,) = awaited(with_meetings(PLAIN, *(rosters[one] for one in order)), NOW)
    assert found == Awaited(
        "meeting",
        "Tilmeld deltagere til Møde m3 30. august 2020 (3 pladser, senest 27. august 2020)",
        date(2020, 8, 27),
        "m3",
    )
