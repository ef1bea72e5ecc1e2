"""What a programme would come to before it is published: its invoices and meetings, and what it changes for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.enrollment.domain.programme_file.changes import ORDER, Change, Nothing, Where, at, changes
from services.enrollment.domain.programme_file.format import ProgrammeFile
from services.enrollment.domain.programme_file.places import spoken, spoken_value
from services.enrollment.domain.programme_file.terms import terms as terms_of
from services.enrollment.domain.programme_file.yaml_lines import read
from shared.contracts.danish import clock_span, day_span, kroner, long_day, month_name
from shared.contracts.money import moms, with_moms
from shared.contracts.programme import MeetingPlan, ProgrammeTerms

_MODES = {"physical": "", "virtual": "digitalt møde", "hybrid": "fysisk og digitalt"}


def terms_shown(programme: ProgrammeFile) -> ProgrammeTerms:
    """As ProgrammePublished would carry them; nothing is told by it."""
    return terms_of(programme)


@dataclass(frozen=True, slots=True)
class Bill:
    """A line of an invoice as the municipality would read it; amounts in words."""

    text: str
    on: str
    due: str
    net: str
    moms: str
    total: str


def bills(terms: ProgrammeTerms) -> list[Bill]:
    """One of each instalment; moms on the sum, half up, as on the invoice."""
    days = terms.ref.seller.payment_days if terms.ref.seller else 0
    return [
        Bill(
            one.text,
            long_day(one.invoice_on),
            long_day(one.invoice_on + timedelta(days=days)),
            kroner(one.amount_ore),
            f"{kroner(moms(one.amount_ore, one.vat_percent))} ({one.vat_percent} %)",
            kroner(with_moms(one.amount_ore, one.vat_percent)),
        )
        for one in terms.terms.fees
    ]


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting as it would stand in calendars, or why it does not yet."""

    title: str
    when: str
    place: str
    who: str
    in_calendars: bool


def entries(terms: ProgrammeTerms) -> list[Entry]:
    """In the order of their days; those without one come last, as the file has them."""
    groups = {one.id: one.title for one in terms.groups}
    kinds = {one.kind: one.title for one in terms.terms.seats}
    ordered = sorted(terms.meetings, key=lambda one: (one.date or _first(one.month), one.date is None))
    return [
        Entry(
            one.title,
            _when(one),
            ", ".join(filter(None, (one.place, _MODES[one.mode]))),
            ", ".join(filter(None, (kinds.get(one.kind, ""), groups.get(one.group or "", "")))),
            one.date is not None,
        )
        for one in ordered
    ]


def _first(month: str | None) -> date:
    return date.fromisoformat(f"{month}-01") if month else date.max


def _when(one: MeetingPlan) -> str:
    if one.date is not None:
        days = day_span(one.date, one.last_date or one.date)
        clock = f" {clock_span(one.starts, one.ends)}" if one.starts and one.ends else " (klokkeslæt følger)"
        return days[:1].upper() + days[1:] + clock
    month = f"{month_name(one.month).capitalize()}, datoen er ikke fastsat endnu" if one.month else ""
    return month or "Datoen er ikke fastsat endnu"


# What a later version changes, and for whom --------------------------------------------------------------------------

_STAYS: Sequence[tuple[tuple[str, ...], str]] = (
    (("fees",), "Priser og rater gælder for pladser, der gives fra nu af. De, der har plads, betaler det aftalte."),
    (("meeting_kinds",), "Pladser på møder og prisen for en ekstra gælder for nye. Det aftalte bliver."),
    (("options",), "Tilkøb har de nye priser fra nu af. Det, der er bestilt eller tilbudt, bliver som aftalt."),
    (("enrolment", "capacity"), "Pladserne gælder straks: de, der venter, kan rykke op. Ingen mister en plads."),
    (("enrolment", "deadline"), "Fristen gælder for formularer, der sendes fra nu af."),
    (("enrolment", "form"), "Spørgsmålene gælder for formularer, der sendes fra nu af. Det, der er svaret, bliver."),
    (("enrolment", "declarations"), "Erklæringerne gælder for formularer, der sendes fra nu af."),
    (("enrolment", "forbehold"), "Et forbehold holder sin plads mindst så længe, som det er aftalt."),
    (("enrolment", "billing"), "Påmindelserne om fakturaen gælder fra den næste."),
    (("enrolment", "withdrawal"), "Hvad man skylder, når man melder fra, gælder for pladser, der gives fra nu af."),
    (("enrolment", "invitation"), "Invitationen flyttes, hvis den ikke er sendt. Ingen inviteres to gange."),
    (("enrolment", "confirmation"), "Bekræftelsen gælder for links, der bruges fra nu af. Ingen mister en plads."),
    (("enrolment", "invited"), "Et nyt medlem er med straks. Et, der ikke nævnes mere, melder I selv fra."),
    (("groups",), "Grupperne foreslås for dem, der kommer til. De, der har plads, bliver i deres."),
    (("registration",), "Tilmeldingen af deltagere følger det straks. Ingen mister sin plads på et møde."),
    (("organiser",), "Arrangøren gælder for nye breve og fakturaer. De, der er sendt, bliver."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """How many a version would reach, by where they stand."""

    with_place: int
    waiting: int
    invited: int


def day_in_words(text: str) -> str:
    """A day in words; any other text as it is."""
    try:
        return long_day(date.fromisoformat(text))
    except ValueError:
        return text


def change_in_words(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """What it is about, and what stood and stands there; "" for nothing."""
    if change.where and change.where[-1] == ORDER:
        about = spoken(change.where[:-1], before)
        return {"about": f"{about} › Rækkefølge", "before": ", ".join(change.before), "after": ", ".join(change.after)}
    return {
        "about": spoken(change.where, after if isinstance(change.before, Nothing) else before),
        "before": _value(change.where, change.before),
        "after": _value(change.where, change.after),
    }


def _value(where: Where, value: Any) -> str:
    if isinstance(value, Nothing):
        return ""
    text = spoken_value(where, value)
    return day_in_words(text) if isinstance(value, str) else text


@dataclass(frozen=True, slots=True)
class Differences:
    """Between what holds and a later version: each field in words, and for whom what is another."""

    changes: Sequence[Mapping[str, str]]
    effects: Sequence[str]


def differences(before: str, after: str, who: Standing) -> Differences:
    """Of two texts of programme files."""
    old, new = read(before).value or {}, read(after).value or {}
    changed = changes(old, new)
    return Differences([change_in_words(one, old, new) for one in changed], effects(changed, old, new, who))


def effects(changed: Sequence[Change], before: Mapping[str, Any], after: Mapping[str, Any], who: Standing) -> list[str]:
    """For whom a later version changes what, and what was agreed and stays; in Danish."""
    said = list(_meetings(changed, before, after))
    touched = [sentence for where, sentence in _STAYS if any(one.where[: len(where)] == where for one in changed)]
    if touched and who.with_place:
        said.append(f"Nu har {who.with_place} plads, og {who.waiting} venter.")
    return [*said, *touched]


def _meetings(changed: Sequence[Change], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What the file says of them. Who is told what, the services say that lead them and write to people."""
    kinds: dict[str, list[str]] = {"flyttes": [], "aflyses": [], _NEW: []}
    for one in changed:
        if len(one.where) < 2 or one.where[0] != "meetings" or one.where[1] == ORDER:  # noqa: PLR2004  (a meeting's place)
            continue
        title = spoken(one.where[:2], after if isinstance(one.before, Nothing) and len(one.where) == 2 else before)  # noqa: PLR2004  (as above)
        title = title.rpartition(" › ")[2]
        if len(one.where) == 2:  # noqa: PLR2004  (as above)
            kinds[_NEW if isinstance(one.before, Nothing) else "aflyses"].append(title)
        elif one.where[2] in _MOVES and title not in kinds["flyttes"] and _had_a_day(before, one.where[:2]):
            kinds["flyttes"].append(title)
    for what, titles in kinds.items():
        if titles:
            many = f"{len(titles)} {'møde' if len(titles) == 1 else 'møder'}"
            yield f"{many} {what}: {', '.join(titles)}."


_NEW = "kommer til"
_MOVES = frozenset({"date", "last_date", "chosen", "starts", "ends", "place", "precision", "month"})


def _had_a_day(data: Mapping[str, Any], where: tuple[str, ...]) -> bool:
    one = at(data, where)
    return isinstance(one, Mapping) and bool(one.get("date"))
