"""What becomes of an enrolment: every standing × everything that can happen to it, asked of the rules themselves.

The table in `docs/enrolments.md` is written by this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.calling_off import Ending, call_off, is_called_off, tell
from services.enrollment.domain.enrolment import Enrolment, Forbehold, decline, withdraw
from services.enrollment.domain.forbehold import lapse, resolve
from services.enrollment.domain.programme import Programme, require_going_on
from services.enrollment.domain.sign_up import Paths, apply, enrol, welcome
from services.enrollment.domain.status import CALLED_OFF, status
from services.enrollment.domain.waiting_list import promote
from shared.contracts.decision import Decision
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.event import Event
from shared.contracts.parties import Contact, Organisation
from shared.contracts.programme import (
    CapacityTerm,
    EnrolmentPlan,
    ForbeholdTerm,
    ProgrammeRef,
    ProgrammeTerms,
    Seller,
    Terms,
)
from shared.contracts.refusal import Refused

NOTHING = "–"
"""It does not concern whoever stands so."""
_US = "/tovholder/enrollment"
NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
_UNTIL = date(2020, 5, 31)
_KOMMUNE = Organisation(code="0000", name="Kommunen")
_CONTACT = Contact(person_id="p", name="Kontakten", email="kontakten@kommune.example", role="kontaktperson")


@dataclass(frozen=True, slots=True)
class Cell:
    """`after` is what is read of it then; `told` are the names of the facts, `code` why it is refused."""

    after: str
    told: tuple[str, ...] = ()
    code: str = ""

    def __str__(self) -> str:
        return f"`{self.code}`" if self.code else " · ".join((self.after, *(f"`{one}`" for one in self.told)))


@dataclass(frozen=True, slots=True)
class Stands:
    """One organisation in a programme, which may have been called off."""

    enrolment: Enrolment | None
    programme_open: bool = True

    def programme(self, *, room: bool = False) -> Programme:
        return replace(made_up_programme(room=room), open=self.programme_open)


def made_up_programme(*, room: bool) -> Programme:
    """One place, free or taken; its forbehold held a place until yesterday."""
    seller = Seller(
        name="Foreningen",
        cvr="00000000",
        street="Gaden 1",
        postcode="1000",
        city="Byen",
        sender_name="Foreningen",
        sender_email="post@forening.example",
        organizer_email="post@forening.example",
    )
    ref = ProgrammeRef(
        id="p",
        version=1,
        title="Forløbet",
        noun="forløb",
        owner=_US,
        meetings_owner="/tovholder/scheduling",
        seller=seller,
        staff_email="stab@forening.example",
    )
    plan = EnrolmentPlan(who="municipalities", how="sign_up", capacity=CapacityTerm(usual=1, hard=1))
    terms = ProgrammeTerms(ref=ref, enrolment=plan, terms=Terms(reservation_allowed=True))
    return Programme(terms, hard=1, taken=0 if room else 1, next_number=2, waits=True)


def _lapsing(programme: Programme) -> Programme:
    term = ForbeholdTerm(holds="until", until=_UNTIL)
    plan = programme.terms.enrolment.model_copy(update={"forbehold": term})
    return replace(programme, terms=programme.terms.model_copy(update={"enrolment": plan}))


_SIGNED_UP = Enrolment(
    id="e", programme_id="p", organisation=_KOMMUNE, contact=_CONTACT, number=1, received_at=NOW, enrolled_at=NOW
)
_WAITS = replace(_SIGNED_UP, state="waitlisted", enrolled_at=None)
_OPEN, _YES, _NO = Forbehold("open"), Forbehold("approved"), Forbehold("refused")
STANDINGS: Mapping[str, Stands] = {
    "ikke tilmeldt": Stands(None),
    "inviteret": Stands(Enrolment(id="e", programme_id="p", organisation=_KOMMUNE)),
    "har takket nej": Stands(Enrolment(id="e", programme_id="p", organisation=_KOMMUNE, state="declined")),
    "plads": Stands(replace(_SIGNED_UP, state="enrolled")),
    "plads, forbehold åbent": Stands(replace(_SIGNED_UP, state="enrolled", forbehold=_OPEN)),
    "plads, forbehold godkendt": Stands(replace(_SIGNED_UP, state="enrolled", forbehold=_YES)),
    "venteliste": Stands(_WAITS),
    "venteliste, forbehold åbent": Stands(replace(_WAITS, forbehold=_OPEN)),
    "venteliste, forbehold godkendt": Stands(replace(_WAITS, forbehold=_YES)),
    "ikke godkendt": Stands(replace(_SIGNED_UP, state="not_approved", forbehold=_NO)),
    "afmeldt": Stands(replace(_SIGNED_UP, state="withdrawn")),
    "bortfaldet": Stands(replace(_SIGNED_UP, state="lapsed")),
    "aflyst": Stands(replace(_SIGNED_UP, state="enrolled", forbehold=_OPEN), programme_open=False),
}
CALLED_OFF_ROW = "aflyst"
"""Of a place with an open forbehold; whatever else had not ended then meets the same."""


def _signs_up(known: Stands, *, room: bool, forbehold: bool) -> Decision[Enrolment]:
    asked = EnrolMunicipality(
        programme_id="p",
        organisation_code="0000",
        contact_name=_CONTACT.name,
        contact_email=_CONTACT.email,
        forbehold=forbehold,
    )
    application = apply(known.programme(room=room), Entry(_KOMMUNE), known.enrolment, asked, NOW, _US)
    return welcome(enrol(application, NOW), Paths("", ""), NOW)


def _moves_up(known: Stands) -> Decision[Enrolment] | None:
    if known.enrolment is None or not known.enrolment.waits:
        return None
    _, placed = promote(known.programme(room=True), [known.enrolment], NOW)
    return welcome(placed[0], Paths("", ""), NOW) if placed else None


def _answers(known: Stands, *, approved: bool) -> Decision[Enrolment] | None:
    one = known.enrolment
    return None if one is None else resolve(one, known.programme(), NOW, approved=approved)


def _lapses(known: Stands) -> Decision[Enrolment] | None:
    decided = None if known.enrolment is None else lapse(known.enrolment, _lapsing(known.programme()), NOW)
    return decided if decided is not None and decided.facts else None


def _leaves(known: Stands) -> Decision[Enrolment] | None:
    return None if known.enrolment is None else withdraw(known.enrolment, known.programme(), "", NOW)


def _declines(known: Stands) -> Decision[Enrolment] | None:
    if known.enrolment is None:
        return None
    return decline(known.enrolment, require_going_on(known.programme()), NOW)


def _is_called_off(known: Stands) -> Decision[Enrolment] | None:
    off = call_off(known.programme(), (), (), "", _US, NOW)
    if known.enrolment is None or not is_called_off(known.enrolment, off.after):
        return None
    if not off.facts:
        return Decision(known.enrolment)
    return tell(known.enrolment, off.after, Ending(some_held=False, meetings=()), Entry(_KOMMUNE))


CALLS_OFF = "aflyses"
HAPPENINGS: Mapping[str, Callable[[Stands], Decision[Enrolment] | None]] = {
    "tilmelder sig": lambda known: _signs_up(known, room=True, forbehold=False),
    "… med forbehold": lambda known: _signs_up(known, room=True, forbehold=True),
    "… og alle pladser er taget": lambda known: _signs_up(known, room=False, forbehold=False),
    "… og taget, med forbehold": lambda known: _signs_up(known, room=False, forbehold=True),
    "en plads bliver ledig": _moves_up,
    "godkendt": lambda known: _answers(known, approved=True),
    "ikke godkendt": lambda known: _answers(known, approved=False),
    "forbeholdets dag er gået": _lapses,
    "afmelder": _leaves,
    "takker nej": _declines,
    CALLS_OFF: _is_called_off,
}


def cell(standing: str, happening: str) -> Cell:
    return cell_of(STANDINGS[standing], happening)


def cell_of(known: Stands, happening: str) -> Cell:
    try:
        decided = HAPPENINGS[happening](known)
    except Refused as refused:
        return Cell("", code=refused.code)
    if decided is None:
        return Cell(NOTHING)
    then = replace(known, programme_open=known.programme_open and happening != CALLS_OFF).programme()
    return Cell(_word(decided.after, then), names_of(decided.facts))


def _word(one: Enrolment, programme: Programme) -> str:
    return CALLED_OFF if is_called_off(one, programme) else status(one.state, forbehold_open=one.forbehold_open)


def table() -> str:
    """As Markdown."""
    return markdown(STANDINGS, HAPPENINGS, cell)


def markdown(standings: Iterable[str], happenings: Iterable[str], cell_of: Callable[[str, str], Cell]) -> str:
    columns = list(happenings)
    rows = [
        ["", *columns],
        ["---"] * (len(columns) + 1),
        *([f"**{one}**", *(str(cell_of(one, what)) for what in columns)] for one in standings),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def names_of(facts: Iterable[Event]) -> tuple[str, ...]:
    return tuple(fact.type.split(".")[-2] for fact in facts)
