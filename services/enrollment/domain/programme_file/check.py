"""The check of a programme file: what is wrong, on which line, and what to do about it.

Pure: text in, findings out, in the order of the lines. A programme can be published when no finding is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from services.enrollment.domain.programme_file.findings import Finding, Path, Reading, path_text
from services.enrollment.domain.programme_file.format import (
    BillingReminders,
    Capacity,
    Enrolment,
    Forbehold,
    FormQuestion,
    Invitation,
    MeetingEntry,
    MeetingKind,
    Ours,
    ProgrammeFile,
    When,
    Withdrawal,
)
from services.enrollment.domain.programme_file.holidays import public_holidays, quiet_days
from services.enrollment.domain.programme_file.municipality import REGIONS, Municipality
from services.enrollment.domain.programme_file.shape import field_types, model_at, shape
from services.enrollment.domain.programme_file.yaml_lines import Document, read
from shared.contracts.colours import ENOUGH, contrast
from shared.contracts.danish import WEEKDAYS, kroner, long_day, short_day, weekday
from shared.contracts.enrollment import MAIN_ROLE

SATURDAY = 5
DAYS_OF_WEEK = 7
LONGEST_PUBLIC_TERMS = 30
"""Days; a public authority may as a rule not agree more (directive 2011/7/EU, article 4)."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`programme` is None when the shape does not hold; `readable` is False when the text is no YAML mapping at all."""

    findings: tuple[Finding, ...]
    programme: ProgrammeFile | None
    readable: bool = True

    @property
    def publishable(self) -> bool:
        return self.programme is not None and not any(one.severity == "error" for one in self.findings)

    @property
    def ours(self) -> tuple[Ours, ...]:
        """What the source does not say and the file has added."""
        return self.programme.ours if self.programme else ()


class SeriesOwner(NamedTuple):
    """The seller that an invoice series belongs to; `where` is the programme or file that says so."""

    cvr: str
    where: str


def check(
    text: str,
    *,
    file_name: str | None = None,
    municipalities: Sequence[Municipality] = (),
    series: Mapping[str, SeriesOwner] | None = None,
) -> CheckResult:
    """Every finding of a programme file, in the order of its lines. Never raises, whatever the text.

    `file_name` without folder is compared with the programme's id; `municipalities` with what groups expect; `series`
    with the invoice series of the programme.
    """
    document = read(text)
    if document.value is None:
        return CheckResult(tuple(document.findings), None, readable=False)
    programme, misfits = shape(document)
    findings = [*document.findings, *misfits]
    if programme:
        checker = _Checker(programme, document)
        findings += checker.all()
        findings += _beside(checker, file_name, municipalities)
        findings += _series(checker, series or {})
    findings.sort(key=lambda one: (one.line, one.column, one.code))
    return CheckResult(tuple(findings), programme)


def day_readings(day: date, written: str) -> tuple[date, ...]:
    """What a date with another weekday's name can mean: the date itself, or that weekday just before or after it."""
    if weekday(day) == written:
        return (day,)
    back = (day.weekday() - WEEKDAYS.index(written)) % DAYS_OF_WEEK
    before = day - timedelta(days=back)
    return (day, before, before + timedelta(days=DAYS_OF_WEEK))


def first_day(when: str) -> date:
    """The first day of YYYY-MM, or the day of YYYY-MM-DD."""
    return date.fromisoformat(when if len(when) == len("2020-01-01") else f"{when}-01")


def last_day(when: str) -> date:
    """The last day of YYYY-MM, or the day of YYYY-MM-DD."""
    first = first_day(when)
    if len(when) == len("2020-01-01"):
        return first
    return date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)


def _beside(checker: _Checker, file_name: str | None, municipalities: Sequence[Municipality]) -> Iterator[Finding]:
    programme = checker.programme
    if file_name is not None and file_name != f"{programme.id}.yaml":
        message = f"Filen hedder {file_name}, men id er «{programme.id}». Kald den {programme.id}.yaml, eller ret id."
        yield checker.at(("id",), "file_name_mismatch", message)
    if municipalities:
        per_region = Counter(one.region for one in municipalities)
        for at, group in enumerate(programme.groups):
            there = sum(per_region[region] for region in group.regions)
            if group.expected is not None and group.regions and group.expected != there:
                message = (
                    f"Regionerne har {there} kommuner, men her står {group.expected}. Ret tallet eller regionerne."
                )
                yield checker.at(("groups", at, "expected"), "group_count_mismatch", message)


def _series(checker: _Checker, series: Mapping[str, SeriesOwner]) -> Iterator[Finding]:
    organiser = checker.programme.organiser
    owner = series.get(organiser.invoice_series or "")
    if owner is not None and owner.cvr != organiser.cvr:
        message = (
            f"Fakturaserien «{organiser.invoice_series}» tilhører en anden sælger: CVR {owner.cvr} ({owner.where}). "
            "Vælg en anden serie."
        )
        yield checker.at(("organiser", "invoice_series"), "series_taken", message)


def _ratio(contrast: float) -> str:
    """4,49:1; never rounded up to what would be enough."""
    whole, rest = divmod(int(contrast * 100), 100)
    return f"{whole},{rest:02d}:1"


def _asks(reminders: Forbehold | BillingReminders) -> bool:
    return bool(reminders.remind_before or reminders.remind_after or reminders.remind_every)


class _Checker:
    def __init__(self, programme: ProgrammeFile, document: Document) -> None:
        self.programme = programme
        self.document = document

    @property
    def bills(self) -> bool:
        """Whether the programme can come to cost a municipality anything."""
        programme = self.programme
        extra = any(kind.extra == "billed" for kind in programme.meeting_kinds)
        return bool(programme.fees or programme.options or extra)

    def all(self) -> Iterator[Finding]:
        yield from self.unique()
        yield from self.references()
        yield from self.about()
        yield from self.look()
        yield from self.enrolment()
        yield from self.invitation()
        yield from self.period()
        yield from self.options()
        yield from self.money()
        yield from self.groups()
        yield from self.kinds()
        yield from self.needs()
        yield from self.activities()
        yield from self.readings()
        for at, meeting in enumerate(self.programme.meetings):
            yield from self.meeting(("meetings", at), meeting)

    def at(self, path: Path, code: str, message: str, readings: tuple[Reading, ...] = ()) -> Finding:
        place = self.document.place(path)
        return Finding(code, place.line, place.column, path_text(path), message, readings)

    def unique(self) -> Iterator[Finding]:
        programme = self.programme
        lists: list[tuple[Path, Iterable[Any]]] = [
            (("meetings",), programme.meetings),
            (("meeting_kinds",), programme.meeting_kinds),
            (("groups",), programme.groups),
            (("options",), programme.options),
            (("tracks",), programme.tracks),
            (("milestones",), programme.milestones),
            (("activities",), programme.activities),
            (("readings",), programme.readings),
            (("fees", "instalments"), programme.fees.instalments if programme.fees else ()),
            (("enrolment", "form"), programme.enrolment.form),
            (("enrolment", "declarations"), programme.enrolment.declarations),
            (("enrolment", "invited"), programme.enrolment.invited),
            (("enrolment", "roles"), programme.enrolment.roles),
        ]
        needs = programme.registration.needs
        for name, part in (("diet", needs.diet), ("access", needs.access)) if needs else ():
            lists.append((("registration", "needs", name, "choices"), part.choices if part else ()))
        for number, track in enumerate(programme.tracks):
            lists.append((("tracks", number, "phases"), track.phases))
            lists.extend(
                (("tracks", number, "phases", at, "steps"), phase.steps) for at, phase in enumerate(track.phases)
            )
        lists.extend((("readings", at, "possible"), one.possible) for at, one in enumerate(programme.readings))
        for path, entries in lists:
            name = "key" if path[-1] in {"meetings", "meeting_kinds"} else "id"
            seen: dict[str, int] = {}
            for at, entry in enumerate(entries):
                value = getattr(entry, name)
                place: Path = (*path, at, name)
                if value in seen:
                    message = f"«{value}» står også på linje {seen[value]}. Giv den ene et andet navn."
                    yield self.at(place, "duplicate_id", message)
                seen.setdefault(value, self.document.place(place).line)

    def references(self) -> Iterator[Finding]:
        programme = self.programme
        groups = {one.id for one in programme.groups}
        kinds = {one.key for one in programme.meeting_kinds}
        options = {one.id for one in programme.options}
        meetings = {one.key for one in programme.meetings}
        phases = {track.id: {phase.id for phase in track.phases} for track in programme.tracks}
        for at, meeting in enumerate(programme.meetings):
            yield from self.known(("meetings", at, "kind"), meeting.kind, kinds, "meeting_kinds")
            yield from self.known(("meetings", at, "group"), meeting.group, groups, "groups")
            if meeting.after:
                track, phase = meeting.after.track, meeting.after.phase
                yield from self.known(("meetings", at, "after", "track"), track, set(phases), "tracks")
                if track in phases:
                    yield from self.known(("meetings", at, "after", "phase"), phase, phases[track], "tracks")
        for number, track_entry in enumerate(programme.tracks):
            for at, phase_entry in enumerate(track_entry.phases):
                for step_at, step in enumerate(phase_entry.steps):
                    path: Path = ("tracks", number, "phases", at, "steps", step_at)
                    yield from self.known((*path, "option"), step.option, options, "options")
                    yield from self.known((*path, "kind"), step.kind, kinds, "meeting_kinds")
        for at, activity in enumerate(programme.activities):
            yield from self.known(("activities", at, "meeting"), activity.meeting, meetings, "meetings")

    def about(self) -> Iterator[Finding]:
        paths: list[tuple[Path, str]] = [
            *((("readings", at, "about"), one.about) for at, one in enumerate(self.programme.readings)),
            *((("ours", at, "about"), one.about) for at, one in enumerate(self.programme.ours)),
        ]
        for path, about in paths:
            if not self.points_somewhere(about):
                message = f"«{about}» er ikke noget i formatet. Skriv feltets vej, fx enrolment.deadline."
                yield self.at(path, "unknown_reference", message)

    def known(self, path: Path, value: str | None, names: set[str], where: str) -> Iterator[Finding]:
        if value is not None and value not in names:
            there = f"Her kan stå: {', '.join(sorted(names))}." if names else "Der er ingen endnu."
            yield self.at(path, "unknown_reference", f"«{value}» findes ikke under {where}. {there}")

    def points_somewhere(self, about: str) -> bool:
        """A path such as meetings.vest-2020-1.date; a field may be left out of the file, an entry of a list may not."""
        value: Any = self.document.value
        path: Path = ()
        for step in about.split("."):
            if isinstance(value, list):
                at = next((n for n, one in enumerate(value) if step in {one.get("id"), one.get("key")}), None)
                if at is None:
                    return False
                path, value = (*path, at), value[at]
            else:
                model = model_at(path)
                if model is None or step not in field_types(model):
                    return False
                path, value = (*path, step), value.get(step) if isinstance(value, dict) else None
        return True

    def deadline(self, plan: Enrolment) -> Iterator[Finding]:
        path: Path = ("enrolment",)
        if plan.deadline and plan.deadline_weekday and weekday(plan.deadline) != plan.deadline_weekday:
            days = day_readings(plan.deadline, plan.deadline_weekday)
            message = (
                f"{short_day(plan.deadline)} er en {weekday(plan.deadline)}, ikke en {plan.deadline_weekday}. "
                "Spørg arrangøren, og ret deadline eller deadline_weekday."
            )
            yield self.at((*path, "deadline_weekday"), "weekday_mismatch", message, _as_readings(days, None))
        if plan.how == "sign_up" and plan.deadline is None:
            message = "Der er ingen tilmeldingsfrist: tilmeldingen lukker først, når staben lukker den."
            yield self.at(path, "no_deadline", message)

    def capacity(self, plan: Capacity, deadline: date | None) -> Iterator[Finding]:
        path: Path = ("enrolment", "capacity")
        if plan.usual > plan.hard:
            message = f"hard ({plan.hard}) skal være mindst så stor som usual ({plan.usual})."
            yield self.at((*path, "hard"), "capacity_mismatch", message)
        if plan.given == "at_deadline" and deadline is None:
            message = "Pladserne kan ikke gives efter fristen, når der ingen er: skriv deadline, eller given: at_once."
            yield self.at((*path, "given"), "capacity_mismatch", message)
        elif plan.given == "at_deadline" and plan.when_full == "refuse":
            message = (
                "De, der ikke får en plads ved fristen, står på en venteliste, til de melder fra; refuse gælder dem, "
                "der kommer bagefter. Skriv when_full: waiting_list, eller given: at_once, så ingen venter."
            )
            yield self.at((*path, "when_full"), "waiting_list_all_the_same", message)

    def forbehold(self, plan: Forbehold, *, allowed: bool, deadline: date | None) -> Iterator[Finding]:
        path: Path = ("enrolment", "forbehold")
        if not allowed:
            message = "Skriv reservation_allowed: true, eller slet afsnittet: ingen kan tage forbehold her."
            yield self.at(path, "forbehold_mismatch", message)
        if (plan.holds == "until") != (plan.until is not None):
            message = "until hører til holds: until, og kun dertil: skriv den sidste dag, forbeholdet holder en plads."
            yield self.at((*path, "until" if plan.until else "holds"), "forbehold_mismatch", message)
        if plan.until and deadline and plan.until < deadline:
            message = f"until ({short_day(plan.until)}) ligger før tilmeldingsfristen ({short_day(deadline)})."
            yield self.at((*path, "until"), "forbehold_mismatch", message)

    def withdrawal(self, plan: Withdrawal) -> Iterator[Finding]:
        path: Path = ("enrolment", "withdrawal")
        if self.programme.fees is None:
            message = "Slet afsnittet: der er intet gebyr at skylde, når man melder sig fra."
            yield self.at(path, "withdrawal_mismatch", message)
        elif plan.owes == "nothing" and plan.free_until:
            message = "Slet free_until: med owes: nothing kan man altid melde fra uden at skylde noget."
            yield self.at((*path, "free_until"), "withdrawal_mismatch", message)

    def enrolment(self) -> Iterator[Finding]:
        plan = self.programme.enrolment
        path: Path = ("enrolment",)
        yield from self.deadline(plan)
        if plan.capacity:
            yield from self.capacity(plan.capacity, plan.deadline)
        if plan.forbehold:
            yield from self.forbehold(plan.forbehold, allowed=plan.reservation_allowed, deadline=plan.deadline)
        if plan.who != "invited":
            yield from self.unasked(path, plan)
        if plan.billing and not self.programme.fees:
            message = "Forløbet har ikke noget gebyr at regne dagene fra: slet afsnittet, eller skriv fees."
            yield self.at((*path, "billing"), "billing_mismatch", message)
        if plan.withdrawal:
            yield from self.withdrawal(plan.withdrawal)
        if (plan.who == "invited") != bool(plan.invited) or (plan.who == "invited") != (plan.how == "invited"):
            message = (
                "Når organisationer inviteres ved navn, skal der stå who: invited, how: invited og en liste invited; "
                "ellers ingen af delene."
            )
            yield self.at((*path, "who"), "invited_mismatch", message)
        for at, one in enumerate(plan.invited):
            if one.seats_most is not None and one.seats_most < one.seats:
                message = f"seats_most ({one.seats_most}) skal være mindst så stor som seats ({one.seats})."
                yield self.at((*path, "invited", at, "seats_most"), "seats_mismatch", message)
        if plan.who == "invited":
            yield from self.members(path, plan)
        yield from self.form(path, plan)
        yield from self.roles((*path, "roles"), plan)

    def unasked(self, path: Path, plan: Enrolment) -> Iterator[Finding]:
        """What waits for a municipality's answer, and nobody ever asks for it."""
        forbehold, billing = plan.forbehold, plan.billing
        if plan.reservation_allowed and not (forbehold and _asks(forbehold)):
            message = (
                "Ingen bliver mindet om at svare på sit forbehold. Skriv forbehold: {remind_before: [14], "
                "remind_after: [7], remind_every: 28}, eller spørg dem selv."
            )
            at = (*path, "forbehold" if forbehold else "reservation_allowed")
            yield self.at(at, "forbehold_unasked", message)
        if self.programme.fees and not (billing and _asks(billing)):
            message = (
                "Ingen bliver spurgt om det, fakturaen mangler, så den venter. Skriv billing: {remind_before: [14, 3], "
                "remind_after: [7], remind_every: 14}, eller spørg dem selv."
            )
            yield self.at((*path, "billing") if billing else ("fees",), "billing_unasked", message)

    def roles(self, path: Path, plan: Enrolment) -> Iterator[Finding]:
        """Each is told from the others, and there is something to write to it about."""
        for at, one in enumerate(plan.roles):
            earlier = plan.roles[:at]
            if one.id == MAIN_ROLE:
                message = f"«{MAIN_ROLE}» er kontakten selv. Giv rollen et andet navn."
                yield self.at((*path, at, "id"), "role_mismatch", message)
            if one.label.casefold() in {plan.contact_label.casefold(), *(role.label.casefold() for role in earlier)}:
                message = f"En anden rolle hedder også »{one.label}«. Kald den noget andet."
                yield self.at((*path, at, "label"), "role_mismatch", message)
            if one.purpose in {role.purpose for role in earlier}:
                message = f"En anden rolle har også purpose: {one.purpose}, så brevene ville have to modtagere."
                yield self.at((*path, at, "purpose"), "role_mismatch", message)
            if one.purpose == "political" and not plan.reservation_allowed:
                message = "Ingen tilmelder sig med forbehold her, så der er intet at skrive til den om: slet rollen."
                yield self.at((*path, at, "purpose"), "role_mismatch", message)
            if one.purpose == "billing" and not self.bills and plan.who != "invited":
                message = "Forløbet koster ikke noget, så der er intet at skrive til den om: slet rollen."
                yield self.at((*path, at, "purpose"), "role_mismatch", message)

    def members(self, path: Path, plan: Enrolment) -> Iterator[Finding]:
        """They sign nothing up, and pay nothing."""
        of_municipalities: tuple[tuple[Path, object], ...] = (
            (("fees",), self.programme.fees),
            (("options",), self.programme.options),
            ((*path, "capacity"), plan.capacity),
            ((*path, "reservation_allowed"), plan.reservation_allowed),
            ((*path, "form"), plan.form),
            ((*path, "declarations"), plan.declarations),
            ((*path, "roles"), plan.roles),
        )
        for at, there in of_municipalities:
            if there:
                message = f"Slet {at[-1]}: medlemmer, der inviteres ved navn, har en plads og betaler ikke noget."
                yield self.at(at, "invited_mismatch", message)

    def form(self, path: Path, plan: Enrolment) -> Iterator[Finding]:
        questions = {one.id for one in plan.form}
        for at, declaration in enumerate(plan.declarations):
            if declaration.id in questions:
                message = f"«{declaration.id}» er også et spørgsmål i form. Giv den ene et andet navn."
                yield self.at((*path, "declarations", at, "id"), "duplicate_id", message)
        for at, question in enumerate(plan.form):
            yield from self.question((*path, "form", at), question, plan.form[:at])

    def question(self, path: Path, question: FormQuestion, earlier: Sequence[FormQuestion]) -> Iterator[Finding]:
        yield from self.choices(path, question)
        yield from self.limits(path, question)
        if question.when is not None:
            yield from self.when((*path, "when"), question.when, earlier)

    def choices(self, path: Path, question: FormQuestion) -> Iterator[Finding]:
        chosen = question.kind in {"choice", "choices"}
        if chosen and not question.choices:
            yield self.at(path, "choices_mismatch", "Tilføj choices: de svar, der kan vælges mellem.")
        elif question.choices and not chosen:
            message = "Slet choices, eller skriv kind: choice (ét svar) eller kind: choices (flere svar)."
            yield self.at((*path, "choices"), "choices_mismatch", message)
        for at, choice in enumerate(question.choices):
            if choice in question.choices[:at]:
                message = f"«{choice}» står der to gange. Slet den ene."
                yield self.at((*path, "choices", at), "choices_mismatch", message)
            elif "; " in choice and question.kind == "choices":
                message = "Der må ikke stå semikolon og mellemrum i et svar, når der kan vælges flere. Skriv komma."
                yield self.at((*path, "choices", at), "choices_mismatch", message)

    def limits(self, path: Path, question: FormQuestion) -> Iterator[Finding]:
        counted = question.kind in {"choices", "number"}
        for name, fits, kinds in (
            ("max_lines", question.kind == "lines", "kind: lines"),
            ("max_chars", question.kind in {"text", "lines"}, "kind: text eller lines"),
            ("least", counted, "kind: number eller choices"),
            ("most", counted, "kind: number eller choices"),
        ):
            if getattr(question, name) is not None and not fits:
                yield self.at((*path, name), "limit_mismatch", f"{name} hører til {kinds}. Slet det her.")
        least, most, there = question.least, question.most, len(question.choices)
        if least is not None and most is not None and least > most:
            message = f"most ({most}) skal være mindst så stor som least ({least})."
            yield self.at((*path, "most"), "limit_mismatch", message)
        if question.kind == "choices" and least is not None and least > there > 0:
            message = f"Der kan ikke vælges {least} svar, når der kun er {there}."
            yield self.at((*path, "least"), "limit_mismatch", message)

    def when(self, path: Path, when: When, earlier: Sequence[FormQuestion]) -> Iterator[Finding]:
        asked = next((one for one in earlier if one.id == when.field), None)
        yield from self.known((*path, "field"), when.field, {one.id for one in earlier}, "de spørgsmål, der står før")
        if asked is None:
            return
        possible = {"choice": asked.choices, "choices": asked.choices, "yes_no": ("ja", "nej")}.get(asked.kind)
        if possible is None:
            message = f"«{asked.id}» svares ikke ved at vælge. Skriv kind: choice, choices eller yes_no der."
            yield self.at((*path, "field"), "condition_mismatch", message)
            return
        for at, answer in enumerate(when.answers):
            if answer not in possible:
                message = f"«{answer}» kan ikke svares på «{asked.id}». Her kan stå: {', '.join(possible)}."
                yield self.at((*path, "is", at), "condition_mismatch", message)

    def invitation(self) -> Iterator[Finding]:
        plan = self.programme.enrolment
        if plan.invitation is None:
            return
        yield from self.inviter(("enrolment", "invitation"), plan.who, plan.invitation)
        days = [
            (name, day)
            for name, day in (
                ("invite_on", plan.invitation.invite_on),
                ("remind_on", plan.invitation.remind_on),
                ("deadline", plan.deadline),
            )
            if day
        ]
        for (earlier, first), (later, second) in pairwise(days):
            if first >= second:
                message = f"{earlier} ({short_day(first)}) skal ligge før {later} ({short_day(second)})."
                yield self.at(("enrolment", "invitation", earlier), "invitation_order", message)

    def inviter(self, path: Path, who: str, plan: Invitation) -> Iterator[Finding]:
        """Municipalities are invited on a day, members by somebody."""
        if who == "municipalities" and plan.invite_on is None:
            message = "Skriv invite_on: den dag, kommunerne inviteres."
            yield self.at(path, "invitation_mismatch", message)
        if who == "municipalities" and plan.inviter is not None:
            message = "Slet inviter: kommuner inviteres af arrangøren. Den hører til who: invited."
            yield self.at((*path, "inviter"), "invitation_mismatch", message)
        for name, day in (("invite_on", plan.invite_on), ("remind_on", plan.remind_on)):
            if who == "invited" and day is not None:
                message = f"Slet {name}: medlemmer inviteres, så snart deres postkasse er i adressebogen."
                yield self.at((*path, name), "invitation_mismatch", message)

    def period(self) -> Iterator[Finding]:
        period, deadline = self.programme.period, self.programme.enrolment.deadline
        if last_day(period.ends) < first_day(period.starts):
            yield self.at(
                ("period", "ends"), "ends_before_start", f"Forløbet slutter, før det starter ({period.starts})."
            )
        starts = [(first_day(period.starts), "forløbet starter")]
        starts += [(day, f"mødet «{one.title}» holdes") for one in self.programme.meetings for day in _days(one)[:1]]
        start, what = min(starts)
        if deadline and deadline >= start:
            message = f"Fristen er {short_day(deadline)}, men {what} {short_day(start)}. Ret den ene af dem."
            yield self.at(("enrolment", "deadline"), "deadline_after_start", message)

    def options(self) -> Iterator[Finding]:
        for at, option in enumerate(self.programme.options):
            if option.price_ore is not None and option.remind_before:
                message = f"«{option.title}» har en fast pris, så der er ikke et tilbud at minde om."
                yield self.at(("options", at, "remind_before"), "option_mismatch", message)
        delivered: dict[str, int] = {}
        for number, track in enumerate(self.programme.tracks):
            for phase_at, phase in enumerate(track.phases):
                for step_at, step in enumerate(phase.steps):
                    if step.option is None:
                        continue
                    path: Path = ("tracks", number, "phases", phase_at, "steps", step_at, "option")
                    if step.option in delivered:
                        message = (
                            f"Skridtet på linje {delivered[step.option]} leverer også «{step.option}». "
                            "Det, der først er færdigt, gør det, og så faktureres tilkøbet."
                        )
                        yield self.at(path, "option_of_two_steps", message)
                    delivered.setdefault(step.option, self.document.place(path).line)

    def money(self) -> Iterator[Finding]:
        programme, fees, deadline = self.programme, self.programme.fees, self.programme.enrolment.deadline
        if fees:
            total = sum(one.amount_ore for one in fees.instalments)
            if total != fees.total_ore:
                message = (
                    f"Raterne giver {kroner(total)}, men prisen er {kroner(fees.total_ore)} "
                    f"(forskel {kroner(abs(total - fees.total_ore))})"
                )
                yield self.at(("fees", "total"), "fees_do_not_add_up", message)
            for at, one in enumerate(fees.instalments):
                if deadline and one.invoice_on <= deadline:
                    message = (
                        f"Fakturaen er dateret {short_day(one.invoice_on)}, men tilmeldingsfristen er "
                        f"{short_day(deadline)}. Vælg en dag efter fristen."
                    )
                    yield self.at(("fees", "instalments", at, "invoice_on"), "invoice_before_deadline", message)
        organiser = programme.organiser
        if self.bills and not (organiser.invoice_series and (organiser.bank or organiser.payment != "bank")):
            message = "Forløbet koster noget: tilføj bank (registration og account) og invoice_series hos organiser."
            yield self.at(("organiser", "bank"), "bank_missing", message)
        if organiser.payment == "iban" and not organiser.iban:
            message = "Fakturaerne skal betales med IBAN: tilføj iban hos organiser."
            yield self.at(("organiser", "payment"), "payment_incomplete", message)
        if organiser.payment in {"fik71", "fik73", "fik75"} and not organiser.fik_creditor:
            message = "Fakturaerne skal betales med FIK: tilføj fik_creditor (kreditornummeret) hos organiser."
            yield self.at(("organiser", "payment"), "payment_incomplete", message)
        if self.bills and organiser.payment_days > LONGEST_PUBLIC_TERMS:
            message = (
                f"Betalingsfristen er {organiser.payment_days} dage. For offentlige kunder er den normalt højst "
                f"{LONGEST_PUBLIC_TERMS} dage: ret payment_days, eller se efter, at kunderne er private."
            )
            yield self.at(("organiser", "payment_days"), "terms_too_long", message)
        yield from self.moms()

    def moms(self) -> Iterator[Finding]:
        programme = self.programme
        rates: list[tuple[Path, int]] = []
        if programme.fees:
            rates.append((("fees", "vat_percent"), programme.fees.vat_percent))
        rates += [(("options", at, "vat_percent"), one.vat_percent) for at, one in enumerate(programme.options)]
        rates += [
            (("meeting_kinds", at, "extra_vat_percent"), kind.extra_vat_percent)
            for at, kind in enumerate(programme.meeting_kinds)
            if kind.extra == "billed"
        ]
        for path, percent in rates:
            if percent not in {0, 25}:
                yield self.at(
                    path, "vat_rate_not_danish", f"Momsen er 25 %, eller 0 % for det momsfrie; ret {percent} %."
                )
            if percent == 0 and not programme.organiser.vat_exemption:
                message = "Her er ingen moms: skriv hvorfor i vat_exemption hos organiser, fx med henvisning til loven."
                yield self.at(path, "vat_exemption_missing", message)

    def groups(self) -> Iterator[Finding]:
        groups = self.programme.groups
        owner: dict[str, str] = {}
        for at, group in enumerate(groups):
            for number, region in enumerate(group.regions):
                if region in owner:
                    message = f"{region} står også under «{owner[region]}». En region hører til én gruppe."
                    yield self.at(("groups", at, "regions", number), "region_in_two_groups", message)
                owner.setdefault(region, group.title)
        left = [region for region in REGIONS if region not in owner]
        if owner and left and self.programme.enrolment.who == "municipalities":
            message = f"Kommuner i {', '.join(left)} får ingen gruppe. Skriv regionen under en af grupperne."
            yield self.at(("groups",), "region_without_group", message)

    def kinds(self) -> Iterator[Finding]:
        used = {one.kind for one in self.programme.meetings} | {
            step.kind for track in self.programme.tracks for phase in track.phases for step in phase.steps
        }
        for at, kind in enumerate(self.programme.meeting_kinds):
            path: Path = ("meeting_kinds", at)
            if kind.included is not None and kind.minimum > kind.included:
                message = f"minimum ({kind.minimum}) er større end included ({kind.included})."
                yield self.at((*path, "minimum"), "seats_mismatch", message)
            priced = kind.extra_price_ore is not None
            if (kind.extra == "billed") != priced or (priced and kind.included is None):
                message = (
                    "En ekstra deltager har en pris, når der står extra: billed, extra_price og included. "
                    "Skriv alle tre, eller skriv extra: refused uden pris."
                )
                yield self.at((*path, "extra"), "extra_mismatch", message)
            if kind.extra_free_until_days is not None and kind.extra != "billed":
                message = "extra_free_until_days hører til extra: billed; her er der ingen ekstra plads at afmelde."
                yield self.at((*path, "extra_free_until_days"), "extra_mismatch", message)
            if kind.attendance in {"members", "team"}:
                yield from self.whose(("meeting_kinds", at), kind)
            if kind.key not in used:
                message = f"Der er ingen møder af typen «{kind.key}»."
                yield self.at((*path, "key"), "unused_kind", message)
        yield from self.team()

    def whose(self, path: Path, kind: MeetingKind) -> Iterator[Finding]:
        """Members name their people, municipalities a team."""
        by_name = self.programme.enrolment.who == "invited"
        if by_name != (kind.attendance == "members"):
            message = "attendance: members er for dem, der inviteres ved navn (who: invited), og team for kommuner."
            yield self.at((*path, "attendance"), "members_mismatch", message)
        elif by_name and (kind.included is not None or kind.minimum or kind.extra == "billed"):
            message = "Hvor mange et medlem navngiver, står ved det under invited: slet included, minimum og extra her."
            yield self.at((*path, "attendance"), "members_mismatch", message)

    def team(self) -> Iterator[Finding]:
        """An organisation has one standing team, whatever kinds of meetings it is invited to."""
        kinds = [(at, one) for at, one in enumerate(self.programme.meeting_kinds) if one.attendance == "team"]
        for at, kind in kinds:
            path: Path = ("meeting_kinds", at)
            first = kinds[0][1]
            if (kind.minimum, kind.included) != (first.minimum, first.included):
                message = (
                    f"Det faste hold er det samme til alle møder: skriv minimum og included som i «{first.key}», "
                    "eller vælg en anden attendance."
                )
                yield self.at((*path, "included"), "team_mismatch", message)
            if kind.extra == "billed":
                message = "En mere end included på det faste hold afvises altid: skriv extra: refused uden pris."
                yield self.at((*path, "extra"), "team_mismatch", message)

    def look(self) -> Iterator[Finding]:
        look = self.programme.look
        if look is None:
            return
        colour = look.colour.lower()
        white, black = contrast(colour, "#ffffff"), contrast(colour, "#000000")
        if (white if look.text == "white" else black) >= ENOUGH:
            return
        if look.text == "white":
            this, of_this, other, of_other = "Hvid", white, "Sort", black
            instead = "skriv text: black, eller vælg en mørkere farve"
        else:
            this, of_this, other, of_other = "Sort", black, "Hvid", white
            instead = "slet text: black, eller vælg en lysere farve"
        message = (
            f"{this} tekst på {look.colour} har kontrasten {_ratio(of_this)} og kan ikke læses; WCAG AA kræver "
            f"{_ratio(ENOUGH)}. {other} tekst har {_ratio(of_other)}: {instead}."
        )
        yield self.at(("look", "colour"), "look_unreadable", message)

    def needs(self) -> Iterator[Finding]:
        """Something is asked, of somebody, and can be answered."""
        needs = self.programme.registration.needs
        if needs is None:
            return
        path: Path = ("registration", "needs")
        if not (needs.diet or needs.access):
            yield self.at(path, "needs_mismatch", "Skriv, hvad der spørges om: diet, access eller begge.")
        for name, part in (("diet", needs.diet), ("access", needs.access)):
            if part and not (part.choices or part.text):
                message = "Der er intet at svare: skriv choices, text: true eller begge."
                yield self.at((*path, name), "needs_mismatch", message)
        if all(one.attendance == "none" for one in self.programme.meeting_kinds):
            message = (
                "Ingen kan svare: alle meeting_kinds har attendance: none, så hverken deltagere eller hold kommer."
            )
            yield self.at(path, "needs_mismatch", message)

    def activities(self) -> Iterator[Finding]:
        for at, one in enumerate(self.programme.activities):
            missing = ""
            match one.kind:
                case "barometer":
                    if not one.statements or one.scale_from is None or one.scale_to is None:
                        missing = "Et barometer har statements, scale_from og scale_to."
                    elif one.scale_from >= one.scale_to:
                        missing = "scale_to skal være større end scale_from."
                case "orienteering" if not one.posts:
                    missing = "Et O-løb har posts."
                case "iglo" if not one.levels:
                    missing = "IGLO har levels."
                case "postcard" if not one.dated:
                    missing = "Et postkort har dated."
                case _:
                    pass
            if missing:
                yield self.at(("activities", at), "activity_incomplete", missing)

    def readings(self) -> Iterator[Finding]:
        for at, one in enumerate(self.programme.readings):
            shown = tuple(Reading(each.id, each.text, each.id == one.chosen) for each in one.possible)
            if one.chosen is None:
                message = f"{one.question} Vælg en læsning: skriv dens id som chosen, og skriv hvorfor (why)."
                yield self.at(("readings", at), "reading_not_chosen", message, shown)
            elif not any(each.chosen for each in shown):
                message = f"«{one.chosen}» er ikke en af læsningerne: {', '.join(each.id for each in one.possible)}."
                yield self.at(("readings", at, "chosen"), "unknown_reference", message)
            else:
                yield self.at(("readings", at), "open_reading", f"{one.question} {one.why or ''}".strip(), shown)

    def meeting(self, path: Path, one: MeetingEntry) -> Iterator[Finding]:
        message = _precision(one)
        if message:
            yield self.at((*path, "precision"), "precision_mismatch", message)
            return
        if one.date:
            yield from self.weekday(path, one, one.date)
        if one.date and one.last_date and one.last_date < one.date:
            yield self.at((*path, "last_date"), "ends_before_start", "Mødet slutter, før det begynder. Ret last_date.")
        if one.starts and one.ends and one.ends <= one.starts and one.last_date in {None, one.date}:
            yield self.at((*path, "ends"), "ends_before_start", "Mødet slutter, før det begynder. Ret ends.")
        yield from self.calendar(path, one)

    def weekday(self, path: Path, one: MeetingEntry, day: date) -> Iterator[Finding]:
        days = day_readings(day, one.weekday) if one.weekday else (day,)
        readings = _as_readings(days, one.chosen)
        if one.chosen and one.chosen not in days:
            message = "Den valgte dag er ikke en af læsningerne. Skriv en af dem, eller ret date og weekday."
            yield self.at((*path, "chosen"), "chosen_not_a_reading", message, readings)
        elif len(days) > 1 and one.chosen:
            message = f"Kilden skriver {one.weekday} den {short_day(day)}. Valgt: {long_day(one.chosen)}."
            yield self.at((*path, "weekday"), "open_reading", message, readings)
        elif len(days) > 1:
            message = (
                f"{short_day(day)} er en {weekday(day)}, ikke en {one.weekday}. Spørg arrangøren, og skriv den rigtige "
                "dag på mødet som chosen: år-måned-dag."
            )
            yield self.at((*path, "weekday"), "weekday_mismatch", message, readings)

    def calendar(self, path: Path, one: MeetingEntry) -> Iterator[Finding]:
        period = self.programme.period
        where: Path = (*path, "month" if one.precision == "month" else "chosen" if one.chosen else "date")
        days = _days(one)
        if days and not (first_day(period.starts) <= days[-1] and days[0] <= last_day(period.ends)):
            message = f"Mødet ligger uden for forløbet ({period.starts} til {period.ends}). Ret det ene af dem."
            yield self.at(where, "meeting_outside_period", message)
        if one.precision == "month":
            return
        for day in days:
            holiday, quiet = public_holidays(day.year).get(day), quiet_days(day.year).get(day)
            if holiday and not one.holiday_ok:
                message = f"{short_day(day)} er {holiday}. Vælg en anden dag, eller skriv holiday_ok: true med vilje."
                yield self.at(where, "meeting_on_holiday", message)
            elif quiet:
                yield self.at(where, "meeting_on_quiet_day", f"{short_day(day)} er {quiet}; mange har lukket.")
            elif day.weekday() >= SATURDAY and not holiday:
                yield self.at(where, "meeting_on_weekend", f"{short_day(day)} er en {weekday(day)}.")


def _precision(one: MeetingEntry) -> str:
    """What does not fit between a meeting's precision and its fields, as a sentence; empty when all fits."""
    fields = {
        "month": one.month,
        "date": one.date,
        "last_date": one.last_date,
        "weekday": one.weekday,
        "chosen": one.chosen,
        "starts": one.starts,
        "ends": one.ends,
    }
    needed, allowed = {
        "undated": (set[str](), set[str]()),
        "month": ({"month"}, {"month"}),
        "day": ({"date"}, {"date", "last_date", "weekday", "chosen"}),
        "timed": ({"date", "starts", "ends"}, {"date", "last_date", "weekday", "chosen", "starts", "ends"}),
    }[one.precision]
    there = {name for name, value in fields.items() if value is not None}
    sentences = []
    if needed - there:
        sentences.append(f"Med precision: {one.precision} skal der også stå {', '.join(sorted(needed - there))}.")
    if there - allowed:
        sentences.append(f"Med precision: {one.precision} kan der ikke stå {', '.join(sorted(there - allowed))}.")
    return " ".join(sentences)


def _days(one: MeetingEntry) -> tuple[date, ...]:
    """Every day the meeting takes; of a month, its first and last day; nothing when it has no date."""
    if one.precision == "month" and one.month:
        return (first_day(one.month), last_day(one.month))
    start = one.chosen or one.date
    if one.precision not in {"day", "timed"} or start is None:
        return ()
    length = min(max((one.last_date - start).days, 0), 31) if one.last_date else 0
    return tuple(start + timedelta(days=more) for more in range(length + 1))


def _as_readings(days: tuple[date, ...], chosen: date | None) -> tuple[Reading, ...]:
    return tuple(Reading(day.isoformat(), long_day(day), day == chosen) for day in days)
