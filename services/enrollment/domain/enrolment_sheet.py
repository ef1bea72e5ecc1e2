"""Enrolments with their people from a spreadsheet, one person a row: what each row asks for, and what came of it.

All that is wrong with what is written is found in one go, each with its row and column, a stable code and what to do.
What a row asks for is decided by the rules of whoever enrols, names and registers one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Literal

from services.enrollment.domain.address_book import Entry, WrongCell, merged_away, require_email, require_name
from services.enrollment.domain.billing import Fault, text_faults
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, require_level, takes_people
from services.enrollment.domain.sheet import Cell, Odd, texts
from services.enrollment.domain.sign_up import apply, ended_since, received
from services.enrollment.domain.speakers import mailbox_key
from services.enrollment.domain.status import status
from shared.contracts.bounds import FIRST_DAY, LAST_DAY, is_printable
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.parties import Billing
from shared.contracts.programme import EnrolmentPlan
from shared.contracts.refusal import Refused, errors_of
from shared.contracts.time import day_of, local, start_of_day

CONTACT, PARTICIPANT = "kontakt", "deltager"
ALL = "alle"
COLUMNS: Mapping[str, str] = {
    "kommunekode": "code",
    "navn": "name",
    "e-mail": "email",
    "rolle": "role",
    "niveau": "level",
    "møder": "meetings",
    "forbehold": "forbehold",
    "forventet": "expected_on",
    "udvalg": "committee",
    "gruppe": "group",
    "modtaget": "received_at",
    "enhed": "unit",
    "ean-nummer": "ean",
    "ordre-/rekvisitionsnummer": "order_reference",
}
"""Heading (in any case) → field. A heading `svar: <id>` is the answer to that question of the programme's form."""
ANSWER = "svar:"
_NEEDED = ("code", "name", "email", "role")
_OF_THE_CONTACT = frozenset(
    {"forbehold", "expected_on", "committee", "group", "received_at", "unit", "ean", "order_reference"}
)
_TIMED = frozenset({"received_at", "expected_on"})
_YES_OR_NO: Mapping[str, bool] = {"ja": True, "nej": False}
_CLOCK = r"(?:[ T]+(?:kl\.? *)?(?P<hour>[0-9]{1,2})[.:](?P<minute>[0-9]{2})(?:[.:](?P<second>[0-9]{2}))?)?"
_TIMES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})" + _CLOCK),
    re.compile(r"(?P<day>[0-9]{1,2})[./-](?P<month>[0-9]{1,2})[./-](?P<year>[0-9]{4})" + _CLOCK),
)
MOST_OF_ONE = 300
"""Rows of one municipality: each is compared with all the others at its meetings."""
_FIRST_ROW = 2
CameTo = Literal["refused", "stored", "same"]
_TITLES = {field: title for title, field in COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the rows are about: one programme, its meetings, and by code who is in the address book and who has signed
    up already.
    """

    programme: Programme
    source: str
    book: Mapping[str, Entry]
    standing: Mapping[str, Enrolment]
    meetings: Sequence[MeetingCopy]

    def current(self, code: str) -> Enrolment | None:
        """Of the municipality, if it has a place or waits for one."""
        found = self.standing.get(code)
        return found if found is not None and found.is_signed_up else None


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as the spreadsheet counts (the heading is 1). `wish` is a contact's; `meetings` are keys."""

    number: int
    code: str
    name: str
    email: str
    wish: EnrolMunicipality | None = None
    level: str | None = None
    meetings: tuple[str, ...] = ()
    all_meetings: bool = False

    @property
    def is_contact(self) -> bool:
        return self.wish is not None

    @property
    def role(self) -> str:
        return CONTACT if self.is_contact else PARTICIPANT

    @property
    def comes(self) -> bool:
        """Whether it asks for a meeting."""
        return self.all_meetings or bool(self.meetings)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that comes of a row: a stable code, and a sentence in Danish; `column` where something is refused."""

    code: str
    text: str
    column: str | None = None
    changes: bool = False
    is_refused: bool = False


def codes_of(heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> frozenset[str]:
    """Of the organisations that it speaks of, whether there are any such or not."""
    fields, _ = _headings(heading)
    return frozenset(code for row in rows if (code := _code(texts(fields, row)[0])))


def require_rows(
    heading: Sequence[str], rows: Sequence[Sequence[Cell]], frame: Frame, now: datetime
) -> tuple[Row, ...]:
    """What a table asks for; Refused 422 `import_wrong` with every error at its row and column."""
    found, wrong = read_rows(heading, rows, frame, now)
    if wrong:
        raise Refused(
            "import_wrong",
            f"Intet er indlæst: {len(wrong)} fejl skal rettes først.",
            status=422,
            errors=[
                {"field": f"content:{one.row}:{one.column}", "code": one.code, "detail": str(one)} for one in wrong
            ],
        )
    return found


def read_rows(
    heading: Sequence[str], rows: Sequence[Sequence[Cell]], frame: Frame, now: datetime
) -> tuple[tuple[Row, ...], tuple[WrongCell, ...]]:
    """What a table asks for and everything that is wrong with it; with a finding nothing is to be imported."""
    fields, findings = _headings(heading)
    findings += _unasked(heading, fields, frame.programme.terms.enrolment)
    if findings:
        return (), tuple(findings)
    titles = {field: title for field, title in zip(fields, heading, strict=False) if field}
    answers = {field for field in fields if field is not None and field.startswith(ANSWER)}
    in_lines = {f"{ANSWER}{one.id}" for one in frame.programme.terms.enrolment.form if one.kind == "lines"}
    order = {field: place for place, field in enumerate(fields) if field}
    said: list[_Said] = []
    for number, row in enumerate(rows, start=_FIRST_ROW):
        shown = [_as_time(field, cell) for field, cell in zip(fields, row, strict=False)]
        cells, odd = texts(fields, shown, answers, in_lines)
        if cells or odd:
            said.append(_Said(number, cells, [Fault(field, one.code, str(one)) for field, one in odd]))
    found: list[Row] = []
    for one, others in zip(said, _among(said, frame), strict=True):
        read, wrong = _row(one, frame, now)
        unread = {fault.field for fault in one.unread}
        faults = [*one.unread, *(fault for fault in (*others, *wrong) if fault.field not in unread)]
        faults.sort(key=lambda fault: order.get(fault.field, len(order)))
        findings.extend(
            WrongCell(one.number, titles.get(fault.field) or _title(fault.field), fault.detail, fault.code)
            for fault in faults
        )
        if read is not None:
            found.append(read)
    if not said:
        detail = "Der er ingen rækker under overskrifterne. Skriv en person i hver række."
        findings.append(WrongCell(_FIRST_ROW, heading[0], detail, "no_rows"))
    return (tuple(found), ()) if not findings else ((), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Said:
    """A row's texts by field, and what is wrong with those cells that are no texts."""

    number: int
    cells: Mapping[str, str]
    unread: list[Fault]


def _headings(heading: Sequence[str]) -> tuple[list[str | None], list[WrongCell]]:
    fields: list[str | None] = []
    findings: list[WrongCell] = []
    for title in heading:
        plain = " ".join(title.casefold().split())
        asked = plain.removeprefix(ANSWER).strip() if plain.startswith(ANSWER) else ""
        field = f"{ANSWER}{asked}" if asked else COLUMNS.get(plain)
        if plain and field is None and plain != "kommune":
            known = ", ".join([*COLUMNS, f"{ANSWER} …"])
            detail = f"Overskriften er ukendt. De kendte er: {known}. Ret den, eller slet kolonnen."
            findings.append(WrongCell(1, title, detail, "unknown_column"))
        if field is not None and field in fields:
            findings.append(WrongCell(1, title, "Overskriften står to gange. Slet den ene kolonne.", "column_twice"))
        fields.append(field)
    findings += [
        WrongCell(1, _TITLES[one], "Kolonnen mangler. Sæt den ind, og udfyld den i hver række.", "column_missing")
        for one in _NEEDED
        if one not in fields
    ]
    return fields, findings


def _unasked(heading: Sequence[str], fields: Sequence[str | None], plan: EnrolmentPlan) -> Iterator[WrongCell]:
    """Answers to what the programme does not ask."""
    asked = [*(one.id for one in plan.form), *(one.id for one in plan.declarations)]
    there = f"De er: {', '.join(asked)}." if asked else "Forløbet har ingen: slet kolonnen."
    for title, field in zip(heading, fields, strict=True):
        if field is not None and field.startswith(ANSWER) and field.removeprefix(ANSWER) not in asked:
            yield WrongCell(1, title, f"Forløbets formular har ikke det spørgsmål. {there}", "unknown_answer")


def _title(field: str) -> str:
    """As it would be headed, of a column that is not there."""
    return f"{ANSWER} {field.removeprefix(ANSWER)}" if field.startswith(ANSWER) else _TITLES.get(field, field)


def _as_time(field: str | None, cell: Cell) -> Cell:
    """Excel makes a date of what is meant as one."""
    return cell.shown if field in _TIMED and isinstance(cell, Odd) and cell.why == "date" else cell


def _code(cells: Mapping[str, str]) -> str:
    """Excel leaves the zeros out that a code begins with."""
    return cells["code"].zfill(4) if "code" in cells else ""


def _among(said: Sequence[_Said], frame: Frame) -> Iterator[list[Fault]]:
    """What is wrong with each row as one of all of them."""
    people: dict[tuple[str, str, str], int] = {}
    contacts: dict[str, int] = {}
    for one in said:
        if _role(one.cells) == CONTACT:
            contacts.setdefault(_code(one.cells), one.number)
    lonely: set[str] = set()
    counts: Counter[str] = Counter()
    for one in said:
        wrong: list[Fault] = []
        code, role, email = _code(one.cells), _role(one.cells), one.cells.get("email", "")
        person = (code, role, mailbox_key(email))
        if role == CONTACT and contacts[code] != one.number:
            detail = f"Kommunen har allerede en kontakt i række {contacts[code]}. Skriv {PARTICIPANT} her."
            wrong.append(Fault("role", "contact_twice", detail))
        if email and person in people:
            detail = f"Personen står allerede i række {people[person]}. Slet den ene række."
            wrong.append(Fault("email", "person_twice", detail))
        people.setdefault(person, one.number)
        counts[code] += 1
        if code and counts[code] == MOST_OF_ONE + 1:
            detail = f"Kommunen har mere end {MOST_OF_ONE} rækker. Del filen i flere."
            wrong.append(Fault("code", "too_many_of_one", detail))
        if role == PARTICIPANT and code in frame.book and code not in contacts and frame.current(code) is None:
            if code not in lonely:
                detail = f"Kommunen er ikke tilmeldt og har ingen kontakt i filen. Skriv {CONTACT} i én af dens rækker."
                wrong.append(Fault("role", "contact_missing", detail))
            lonely.add(code)
        yield wrong


def _role(cells: Mapping[str, str]) -> str:
    return cells.get("role", "").casefold()


def _row(said: _Said, frame: Frame, now: datetime) -> tuple[Row | None, list[Fault]]:
    """What it asks for, and what is wrong with it."""
    cells = said.cells
    wrong = [Fault(one, "required", "Cellen er tom. Udfyld den i hver række.") for one in _NEEDED if one not in cells]
    code, role = _code(cells), _role(cells)
    if code and code not in frame.book:
        detail = f"»{cells['code'][:60]}« er ikke en kommunekode i adressebogen. Koden har fire cifre."
        wrong.append(Fault("code", "unknown_organisation", detail))
    elif code and (into := frame.book[code].merged_into) is not None and code not in frame.standing:
        wrong.append(Fault("code", "organisation_merged", merged_away(f"»{cells['code'][:60]}«", into)))
    if role and role not in {CONTACT, PARTICIPANT}:
        wrong.append(Fault("role", "unknown_role", f"Skriv {CONTACT} eller {PARTICIPANT}."))
    name = _looked(wrong, require_name, cells.get("name"), "name")
    email = _looked(wrong, require_email, cells.get("email"), "email")
    meetings, level = _meetings(cells, frame, role, wrong), cells.get("level")
    try:
        require_level(frame.programme.terms.terms.participant_levels, level)
    except Refused as refused:
        wrong.append(Fault("level", refused.code, refused.detail))
    if level and not meetings:
        detail = "Niveauet hører til et møde. Skriv mødet i kolonnen »møder«, eller lad cellen være tom."
        wrong.append(Fault("level", "level_without_meeting", detail))
    if role == PARTICIPANT:
        detail = "Det siges i kontaktens række. Lad cellen være tom her."
        wrong += [Fault(one, "of_the_contact", detail) for one in cells if _is_of_the_contact(one)]
    if wrong or name is None or email is None:
        return None, wrong
    row = Row(
        said.number,
        code,
        name,
        email,
        level=level,
        meetings=() if meetings == (ALL,) else meetings,
        all_meetings=meetings == (ALL,),
    )
    if role == CONTACT:
        wish = _wish(row, cells, frame, now, wrong)
        row = replace(row, wish=wish)
    return (row, []) if not wrong else (None, wrong)


def _is_of_the_contact(field: str) -> bool:
    return field in _OF_THE_CONTACT or field.startswith(ANSWER)


def _looked(wrong: list[Fault], rule: Callable[[str, str], str], text: str | None, field: str) -> str | None:
    if text is None:
        return None
    try:
        return rule(text, field)
    except Refused as refused:
        wrong.append(Fault(field, refused.code, f"»{text[:60]}«: {refused.detail}"))
        return None


def _meetings(cells: Mapping[str, str], frame: Frame, role: str, wrong: list[Fault]) -> tuple[str, ...]:
    """Keys, each once; `ALL` alone."""
    asked = tuple(dict.fromkeys(filter(None, re.split(r"[\s,;]+", cells.get("meetings", "")))))
    known = {copy.meeting.key for copy in frame.meetings}
    if [one.casefold() for one in asked] == [ALL]:
        return (ALL,)
    there = ", ".join([*sorted(known)[:30], ALL])
    wrong += [
        Fault("meetings", "unknown_meeting", f"»{one[:60]}« er ikke et af forløbets møder. Skriv: {there}.")
        for one in asked
        if one not in known
    ]
    names_a_team = any(one.attendance == "team" for one in frame.programme.terms.terms.seats)
    if role == PARTICIPANT and not asked and not names_a_team:
        detail = f"Skriv de møder, som deltageren skal med til, eller {ALL}. Der er: {there}."
        wrong.append(Fault("meetings", "meeting_missing", detail))
    return asked


def _wish(
    row: Row, cells: Mapping[str, str], frame: Frame, now: datetime, wrong: list[Fault]
) -> EnrolMunicipality | None:
    """A contact's: what is wrong with it is what a sign-up is refused for, wherever it comes from."""
    for one in ("group", "unit", "ean", "order_reference", "committee"):
        wrong.extend(text_faults(one, cells.get(one)))
    answers = {one: text for one, text in cells.items() if one.startswith(ANSWER)}
    for one, text in answers.items():
        wrong.extend(_answer_faults(one, text))
    forbehold = _YES_OR_NO.get(cells.get("forbehold", "nej").casefold())
    if forbehold is None:
        wrong.append(Fault("forbehold", "unknown_answer", "Skriv ja eller nej."))
    day = cells.get("expected_on")
    expected_on = None if day is None else _day(day)
    if day is not None and expected_on is None:
        detail = f"»{day[:60]}« er ikke en dag. Skriv den som 2023-06-01."
        wrong.append(Fault("expected_on", "unknown_day", detail))
    came_at = cells.get("received_at")
    received_at = None if came_at is None else _time(came_at)
    if came_at is not None and received_at is None:
        detail = f"»{came_at[:60]}« er ikke et tidspunkt. Skriv det som 2023-06-01 10:30, eller dagen alene."
        wrong.append(Fault("received_at", "unknown_time", detail))
    if wrong:
        return None
    wish = EnrolMunicipality(
        programme_id=frame.programme.id,
        organisation_code=row.code,
        contact_name=row.name,
        contact_email=row.email,
        contact_role=frame.programme.terms.terms.contact_label,
        billing=Billing(ean=cells.get("ean"), order_reference=cells.get("order_reference"), unit=cells.get("unit")),
        answers={one.removeprefix(ANSWER): text for one, text in answers.items()},
        group=cells.get("group"),
        forbehold=bool(forbehold),
        forbehold_committee=cells.get("committee", ""),
        forbehold_expected_on=expected_on,
        received_at=received_at,
    )
    if frame.current(row.code) is None:
        wrong.extend(_refusals(wish, frame, now))
    return wish


def _answer_faults(field: str, text: str) -> Iterator[Fault]:
    """What can be no answer to any question; what it may be to this one, the form says."""
    if not is_printable(text):
        yield Fault(field, "control_character", "Teksten har et tegn, som ikke er tilladt. Slet det.")


def _refusals(wish: EnrolMunicipality, frame: Frame, now: datetime) -> Iterator[Fault]:
    """What is written wrongly; that there is no room, say, is no fault of the row's."""
    try:
        received_at = received(wish, now, staff=True)
        entry = frame.book.get(wish.organisation_code)
        apply(frame.programme, entry, None, wish, received_at, frame.source, by_staff=True, demands_roles=False)
    except Refused as refused:
        if refused.status == _WRONGLY_WRITTEN:
            for error in errors_of(refused):
                yield Fault(_column_of(error["field"]), error["code"], error["detail"])


_WRONGLY_WRITTEN = 422


def _column_of(field: str) -> str:
    """By the field of a command."""
    if field.startswith("answers."):
        return f"{ANSWER}{field.removeprefix('answers.')}"
    plain = field.removeprefix("billing.").removeprefix("contact_")
    return "code" if plain == "organisation_code" else plain


def _time(text: str) -> datetime | None:
    """A day alone is its beginning in Denmark."""
    found = next((match for one in _TIMES if (match := one.fullmatch(text))), None)
    if found is None:
        return None
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        clock = time(int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0))
    except ValueError:
        return None
    return local(day, clock) if FIRST_DAY < day < LAST_DAY else None


def _day(text: str) -> date | None:
    """Excel writes one with a clock time of zeros."""
    at = _time(text)
    return day_of(at) if at is not None and at == start_of_day(day_of(at)) else None


def meetings_of(row: Row, frame: Frame, enrolment: Enrolment) -> tuple[MeetingCopy, ...]:
    """Those that it names; of all, those that people of this enrolment are registered for."""
    if not row.all_meetings:
        return tuple(copy for copy in frame.meetings if copy.meeting.key in row.meetings)
    return tuple(
        copy for copy in frame.meetings if takes_people(Roster(frame.programme, enrolment, copy.meeting, copy.state))
    )


# What came of a row -------------------------------------------------------------------------------------------------


def ended(current: Enrolment | None, wish: EnrolMunicipality) -> Refused | None:
    """Why a file that is read again does not bring back a municipality whose enrolment has ended since it was made.

    It comes back where staff know that it asked after that.
    """
    if current is None or not ended_since(current, wish.received_at):
        return None
    word = status(current.state).lower()
    what = word if current.state == "declined" else f"er ikke længere tilmeldt ({word})"
    return Refused(
        "has_said_no",
        f"{current.organisation.name} {what}. Skriv i kolonnen »modtaget«, hvornår den tilmeldte sig igen.",
        field="received_at",
    )


def standing(enrolment: Enrolment, position: int | None, *, allotted: bool) -> Outcome:
    """Where a municipality stands that has just been enrolled."""
    forbehold = " med forbehold for politisk godkendelse" if enrolment.forbehold_open else ""
    if enrolment.has_place:
        return Outcome("place", f"får plads{forbehold}", changes=True)
    if not allotted:
        return Outcome("received", f"er modtaget{forbehold}; pladserne gives efter fristen", changes=True)
    return Outcome("waiting_list", f"kommer på venteliste (nr. {position}){forbehold}", changes=True)


def standing_before(enrolment: Enrolment, row: Row) -> Outcome:
    """Of one that is enrolled already: it stays as it is."""
    if mailbox_key(enrolment.known_contact.email) != mailbox_key(row.email):
        detail = "Kommunen er tilmeldt i forvejen med en anden kontakt. Skift kontakten på tilmeldingen."
        return refused(Refused("other_contact", detail, field="email"))
    return Outcome("enrolled_already", "er tilmeldt i forvejen")


def no_place(entry: Entry) -> Outcome:
    detail = f"{entry.organisation.name} har ikke en bekræftet plads. Indlæs filen igen, når den har en."
    return refused(Refused("no_place", detail))


def on_team(*, already: bool) -> Outcome:
    if already:
        return Outcome("on_team_already", "er på det faste hold i forvejen")
    return Outcome("on_team", "kommer på det faste hold", changes=True)


def at_meeting(title: str, *, already: bool) -> Outcome:
    if already:
        return Outcome("registered_already", f"er på mødet {title} i forvejen")
    return Outcome("registered", f"tilmeldes mødet {title}", changes=True)


def without_date(title: str) -> Outcome:
    """Of a meeting that was asked for with all others."""
    return Outcome("no_date_yet", f"{title} har ingen dato endnu. Indlæs filen igen, når mødet har en.")


def nothing_to_come_to() -> Outcome:
    return refused(
        Refused("no_meetings", "Der er ingen møder, som deltagere tilmeldes. Lad kolonnen være tom.", field="meetings")
    )


def has_left(what: str) -> Refused:
    """A file that is read again does not bring anybody back who has gone."""
    return Refused("has_left", f"Personen er {what}. Sæt personen på igen på kommunens side.", field="email")


def refused(why: Refused, title: str | None = None) -> Outcome:
    """`title`: of the meeting."""
    about = f" ({title})" if title else ""
    column = _TITLES.get(_column_of(why.field)) if why.field else None
    return Outcome(why.code, f"kan ikke{about}: {why.detail}", column, is_refused=True)


def came_to(outcomes: Collection[Outcome]) -> CameTo:
    """`refused` where anything was, `stored` where anything else changed."""
    if any(one.is_refused for one in outcomes):
        return "refused"
    return "stored" if any(one.changes for one in outcomes) else "same"


def in_words(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(one.text for one in outcomes)
