"""What staff do about an enrolment, for an organisation that can do it itself by its links, and to a meeting's guests.

Each is a row: its command, what it is called, what it asks for, and where one is afterwards. `Deed.__call__`
carries out all of them: what a path names has to belong together, else there is no such page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.enrolment import group_fields
from services.enrollment.domain.forbehold import reservation_fields
from services.enrollment.domain.guest import Guest
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.meeting_text import when_text
from services.enrollment.domain.needs import STOOD, asked, asked_of_guests, asked_of_team
from services.enrollment.domain.options import Option, as_it_stands, paid_by, quote_fields
from services.enrollment.domain.price_text import is_billed, leaving_line, price, with_and_without_moms
from services.enrollment.domain.programme import group_title
from services.enrollment.domain.roles import Role
from services.enrollment.domain.roster import Roster, Seat, is_late
from services.enrollment.domain.roster import paid_by as seat_paid_by
from services.enrollment.domain.team import Member
from services.enrollment.pages.invoice_details import LABELS as BILLING_LABELS
from services.enrollment.pages.invoice_details import NO_UNIT, PAYER_TOGETHER, units_to_choose, with_unit
from services.enrollment.pages.needs import UNSEEN, fields, kept_at_meeting, kept_on_team
from services.enrollment.pages.secretary import OTHER_SECRETARY
from services.enrollment.pages.staff_action import Ask, Doing, carry_out
from services.enrollment.pages.staff_enrolment import place
from services.enrollment.pages.staff_programme import address, head_of, reader
from services.enrollment.usecases.appoint_secretary import AppointSecretary
from services.enrollment.usecases.close_guest_links import CloseGuestLinks
from services.enrollment.usecases.close_links import CloseLinks, read_linked
from services.enrollment.usecases.dismiss_secretary import DismissSecretary
from services.enrollment.usecases.read_enrolment_page import EnrolmentPage, read_enrolment_page
from services.enrollment.usecases.read_guests import read_guest
from services.enrollment.usecases.read_last_change import LastChange, Wrote, read_last_change
from services.enrollment.usecases.read_needs_mark import read_mark, read_mark_of_guest, read_mark_of_team
from services.enrollment.usecases.read_person import read_person
from services.enrollment.usecases.read_programme_page import Head
from services.enrollment.usecases.set_needs import SetGuestNeeds, SetNeeds, SetTeamNeeds
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.danish import ore_of
from shared.contracts.enrollment import (
    MAIN_ROLE,
    SECRETARY_ROLE,
    AcceptQuote,
    CancelParticipant,
    ChangeBilling,
    ChangeContact,
    ChangeExtraBilling,
    ChangeGroup,
    ChangeOptionBilling,
    ChangeReservation,
    ChangeRole,
    DeclineQuote,
    DeliverOption,
    InviteGuest,
    InviteMember,
    NameTeamMember,
    OrderOption,
    QuoteOption,
    RegisterParticipant,
    RegisterWalkIn,
    RemoveGuest,
    RemoveTeamMember,
    ReplaceParticipant,
    ReplaceTeamMember,
    ResolveReservation,
    RevokeLinks,
    UninviteMember,
    WithdrawEnrolment,
    WithdrawOption,
)
from shared.contracts.event import Command
from shared.contracts.parties import Contact, Person, billing_details
from shared.contracts.programme import NeedsTerm
from shared.contracts.seen import billing_fields, person_fields
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.forms import Form
from shared.web.meanwhile import Stands, changes, seen_in
from shared.web.programme_page import UNDO, who
from shared.web.staff import badge_in
from shared.web.staff_action import BETWEEN, stood_before

PRICE = "accepted_price_ore"
_SEVERAL = ("diet", "access")
_NAME = Ask("name", "Navn", maxlength=200)
_EMAIL = Ask("email", "E-mail", type="email", maxlength=254)
_REASON = Ask("reason", "Begrundelse", type="textarea", required=False, rows=3, maxlength=1000)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a path names, as far as it names it. Whoever is gone by now is None: a form that is sent again is answered
    as it was before.
    """

    head: Head
    found: EnrolmentPage | None = None
    copy: MeetingCopy | None = None
    roster: Roster | None = None
    seat: Seat | None = None
    member: Member | None = None
    option: Option | None = None
    role: Role | None = None
    guest: Guest | None = None
    whose: Person | None = None
    """Somebody with links of their own."""
    mark: str = ""
    """Of the needs that are kept of the person, which nobody here is shown."""

    @property
    def person(self) -> str:
        held = self.seat or self.member or self.guest
        return self.whose.name if self.whose else held.person.name if held else "personen"

    @property
    def needs(self) -> NeedsTerm | None:
        if self.roster is not None:
            return asked(self.roster)
        if self.found is None:
            return asked_of_guests(self.head.programme)
        return asked_of_team(self.found.team) if self.found.team else None

    @property
    def costs(self) -> tuple[int, str] | None:
        """What it costs if it is done now: øre, and in words."""
        if self.option is not None:
            order = as_it_stands(self.option.order, self.found.now) if self.found else None
            if order is not None and order.state == "quoted":
                return order.price_ore, order.price
            term = self.option.term
            if term is None or term.price_ore is None:
                return None
            return term.price_ore, with_and_without_moms(term.price_ore, term.vat_percent)
        extra = self.roster.next_costs if self.roster else None
        return (extra.price_ore, price(extra)) if extra else None

    def words(self) -> dict[str, str]:
        meeting = self.roster.meeting if self.roster else self.copy.meeting if self.copy else None
        return {
            "person": self.person,
            "meeting": meeting.title if meeting else "",
            "option": self.option.title if self.option else "",
            "role": self.role.term.label if self.role else "",
            "organisation": self.found.enrolment.organisation.name if self.found else "",
            "contact": self.head.programme.terms.terms.contact_label,
        }

    def about(self) -> str:
        copy = self.roster or self.copy
        status = self.found.status if self.found else ""
        when = f"{copy.meeting.title}, {when_text(copy.meeting)}" if copy else status
        return ", ".join(filter(None, (self.words()["organisation"], when)))


Seen = Callable[[Subject], dict[str, str]]
Said = Callable[[Subject], Sequence[str]]
Comes = Callable[[Subject, Mapping[str, Any]], Sequence[str]]
"""More sentences about what will come of it, from the answer's body."""


def _nothing(_: Subject) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Undone:
    """The deed that undoes another: its command, and its page below the enrolment's, or the meeting's where it is a
    guest's, with what the path and the answer name, and the `{key}` of the wish, filled in.
    """

    command: type[Command]
    page: str


@dataclass(frozen=True, slots=True)
class Deed:
    """`title` and `button` have `{person}`, `{meeting}`, `{option}`, `{role}`, `{organisation}` and `{contact}` filled
    in. `asks` are fields of the command, of `_ASKS`; the others it has from the path, and of `given`. `kroner`: what is
    typed in kroner, and the field that has it in øre. `first`: the field at which it is said that something has to be
    filled in, where no field alone has to. `back`: below the enrolment's page, or the meeting's where it is a guest's.
    `undo`: how it is undone, or that it cannot be; said before it is done.
    """

    command: type[Command]
    title: str
    button: str
    done: str
    back: str
    asks: tuple[str, ...] = ()
    text: Said = _nothing
    undo: str = field(kw_only=True)
    warns: bool = False
    about_guests: bool = False
    start: Callable[[Subject], Mapping[str, str]] = field(default=lambda _: {})
    comes: Comes | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    kroner: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    seen: Seen | None = None
    """What it changes, field by field: whoever was not the first to change it is shown what it has become."""
    together: Sequence[tuple[str, ...]] = ()
    """Of these fields, those that are one thing."""
    unseen: Mapping[str, str] = field(default_factory=lambda: UNSEEN)
    """What is said instead, where one of these fields has changed."""
    undone: Callable[[Subject], Undone] | None = None
    blank_stays: bool = False
    """What is not filled in stays as it is, and nothing is said again of what stands there."""

    async def __call__(self, host: Host, act: Act, request: Request) -> Response:
        subject = await self._find(host, request)
        back = self._back(request)
        if request.method == "GET" and _is_gone(subject, request):
            return RedirectResponse(back, 303)
        asks = [one for name in self.asks for one in _ASKS[name](subject)]
        words = subject.words()
        named = {name: value for name, value in request.path_params.items() if name in self.command.model_fields}
        comes = self.comes
        doing = Doing(
            title=self.title.format(**words),
            about=subject.about(),
            button=self.button.format(**words),
            back=back,
            done=self.done,
            crumb=words["meeting" if self.about_guests else "organisation"],
            text=tuple(self.text(subject)),
            asks=asks,
            start=await self._start(host, request, subject, asks),
            warns=self.warns,
            undo=self.undo,
            sentences=(lambda body: comes(subject, body)) if comes else None,
            why_not=_why_not(self, subject),
            stands=self._stands(host, request, asks) if self.seen else None,
            undone=partial(self._undo, request, self.undone(subject)) if self.undone else None,
        )

        def command(form: Form) -> Command | None:
            return self._wish(form, asks, {**named, **self.given})

        async def prepare(form: Form) -> None:
            if PRICE in self.asks and subject.costs:
                form.values[PRICE] = str(subject.costs[0])

        return await carry_out(host, request, act, subject.head, doing, command, prepare)

    def _undo(self, request: Request, undone: Undone, body: Mapping[str, Any], key: str) -> str:
        """The page that undoes it, where whoever did it may; empty = it is not theirs to undo."""
        named = {**request.path_params, **body, "key": key}
        if not badge_in(request).may(f"enrollment.{undone.command.__name__}", named["programme_id"]):
            return ""
        start = address(request, f"/deltagere/{named['meeting_id']}") if self.about_guests else place(request)
        return f"{start}{undone.page.format(**named)}"

    async def _start(self, host: Host, request: Request, subject: Subject, asks: Sequence[Ask]) -> Mapping[str, str]:
        """What the form begins with: as it stands, or, where something is undone, as it stood."""
        start = {**(self.seen(subject) if self.seen else {}), **self.start(subject)}
        before = request.query_params.get(UNDO, "")
        if not before or request.method != "GET":
            return start
        if before == _FORMER:
            former = _former(subject)
            return {**start, **dict.fromkeys(_PERSON, ""), **person_fields(former)}
        if "person" in self.asks:
            if subject.found is None:
                return start
            async with host.transaction(reader(request)) as tx:
                known = await read_person(tx, before, subject.found.enrolment.organisation.code)
            return {**start, **person_fields(known)}
        was = await stood_before(host, request)
        if was is None:
            return start
        if "billing.unit" in start and any(one.name == "billing.unit" for one in asks):
            was = {"billing.unit": NO_UNIT, **was}
        return {**start, **{name: text for name, text in was.items() if isinstance(text, str)}}

    def _stands(self, host: Host, request: Request, asks: Sequence[Ask]) -> Callable[[], Awaitable[Stands]]:
        known = {one.name: one for one in asks}

        async def stands() -> Stands:
            subject = await self._find(host, request)
            return Stands(
                fields=self.seen(subject) if self.seen else {},
                who=await _who_changed(host, request, subject, self.command),
                together=self.together,
                blank_stays=self.blank_stays,
                as_read=lambda name, text: known[name].read(text) if name in known else text,
                unseen=self.unseen,
            )

        return stands

    def _back(self, request: Request) -> str:
        named = request.path_params
        start = address(request, f"/deltagere/{named['meeting_id']}") if self.about_guests else place(request)
        return f"{start}{self.back.format(**named)}"

    def _wish(self, form: Form, asks: Sequence[Ask], given: Mapping[str, Any]) -> Command | None:
        """Of what is asked for, and nothing else that was sent."""
        if self.first and not any(form.value(one.name) for one in asks):
            form.add_error(self.first, "required", "Udfyld mindst ét felt.")
            return None
        new = changes(form, self.together) if self.blank_stays else form.values
        said: dict[str, str | list[str]] = {
            one.name: form.value(one.name).split(BETWEEN) if one.name in _SEVERAL else form.value(one.name)
            for one in asks
            if form.value(one.name) and one.name in new and one.name not in self.kroner
        }
        amounts = {of: ore_of(form.value(name)) for name, of in self.kroner.items()}
        for name, of in self.kroner.items():
            if amounts[of] is None:
                form.add_error(name, "invalid_price", "Skriv prisen i kroner uden moms, fx 12.500,00.")
        for one in asks:
            must = one.required and one.type != "checkbox" and not one.found and one.name not in self.kroner
            if must and one.name not in said:
                form.add_error(one.name, "required", "Vælg et af svarene." if one.choices else "Skal udfyldes.")
        read = Form(said)
        if "seen" in self.command.model_fields:
            given = {**given, "seen": seen_in(form)}
        if "billing" in self.command.model_fields and not said:
            given = {**given, "billing": {}}
        wish = read.command(self.command, **given, **{of: ore or 0 for of, ore in amounts.items()})
        form.errors += [one for one in read.errors if form.error(one.field) is None]
        if form.errors:
            return None
        if isinstance(wish, ChangeBilling | ChangeExtraBilling | ChangeOptionBilling):
            return wish.model_copy(update={"billing": with_unit(wish.billing)})
        return wish

    async def _find(self, host: Host, request: Request) -> Subject:
        """Problem 404 where what the path names does not belong together."""
        named = request.path_params
        if not all(str(one).isprintable() for one in named.values()):
            raise Problem(404, "not_found")
        meeting_id = named.get("meeting_id")
        async with host.transaction(reader(request)) as tx:
            head = await head_of(tx, request)
            copy = next((one for one in head.meetings if one.meeting.id == meeting_id), None)
            if meeting_id is not None and copy is None:
                raise Problem(404, "not_found")
            mark = await _mark(tx, self.command, named)
            if self.about_guests:
                guest = await read_guest(tx, meeting_id or "", named.get("person_id", ""))
                return Subject(head, copy=copy, guest=guest, mark=mark)
            found = await read_enrolment_page(
                tx, named["programme_id"], named["enrolment_id"], {}, meeting_id, of_team=self.back == _TEAM
            )
            of_links = self.command is CloseLinks
            whose = await read_linked(tx, named["enrolment_id"], named["person_id"]) if of_links else None
        if found is None or (of_links and whose is None):
            raise Problem(404, "not_found")
        return replace(_subject(head, found, named, whose), mark=mark)


async def _mark(tx: Tx, command: type[Command], named: Mapping[str, Any]) -> str:
    if command is SetNeeds:
        return await read_mark(tx, named["enrolment_id"], named["meeting_id"], named["person_id"])
    if command is SetTeamNeeds:
        return await read_mark_of_team(tx, named["enrolment_id"], named["person_id"])
    return await read_mark_of_guest(tx, named["person_id"]) if command is SetGuestNeeds else ""


def _former(subject: Subject) -> Contact | None:
    """Who had the role, or was the contact, before it became as it is; None = nobody."""
    wanted = subject.role.term.id if subject.role else MAIN_ROLE
    rows = [one for one in (subject.found.history if subject.found else ()) if one.role == wanted]
    now = next((one for one in rows if one.until is None), None)
    ended = max((one for one in rows if one.until is not None), key=lambda one: one.turn, default=None)
    if ended is None or (now is not None and ended.until != now.since):
        return None
    return ended.holder


async def _who_changed(host: Host, request: Request, subject: Subject, command: type[Command]) -> str:
    """Who has changed it last, and when; empty where that is not kept."""
    role, wrote = subject.role, _wrote(subject, request.path_params, command)
    if wrote is None or (role is not None and role.holder is None):
        return ""
    async with host.transaction(reader(request)) as tx:
        by = AppointSecretary if command is DismissSecretary else command
        return in_words(await read_last_change(tx, subject.head.programme.id, by, wrote))


def in_words(found: LastChange | None) -> str:
    """When it was, and who; empty where that is not kept."""
    if found is None:
        return ""
    name = found.name or who(found.actor)
    return f"{sent_at(found.at)} af {name if found.name else name[:1].lower() + name[1:]}"


def _wrote(subject: Subject, named: Mapping[str, Any], command: type[Command]) -> Wrote | None:
    """The row that the deed writes."""
    if command is SetGuestNeeds:
        return Wrote.guest_needs(named["person_id"])
    if subject.found is None:
        return None
    enrolment = subject.found.enrolment.id
    if command in {SetNeeds, ChangeExtraBilling}:
        of = Wrote.needs if command is SetNeeds else Wrote.seat
        return of(enrolment, named["meeting_id"], named["person_id"])
    if command is SetTeamNeeds:
        return Wrote.team_needs(enrolment, named["person_id"])
    if subject.option is not None:
        return Wrote.order(enrolment, subject.option.option_id)
    of_secretary = SECRETARY_ROLE if command in {AppointSecretary, DismissSecretary} else None
    role = subject.role.term.id if subject.role else of_secretary
    return Wrote.role(enrolment, role) if role else Wrote.enrolment(enrolment)


def _subject(head: Head, found: EnrolmentPage, named: Mapping[str, Any], whose: Person | None) -> Subject:
    meeting_id, person_id = named.get("meeting_id"), named.get("person_id", "")
    roster = found.roster(meeting_id) if meeting_id else None
    option = next((one for one in found.options if one.option_id == named.get("option_id")), None)
    role = next((one for one in found.roles if one.term.id == named.get("role_id")), None)
    wants_team = "person_id" in named and meeting_id is None and whose is None
    missing = (
        ("option_id" in named and option is None)
        or ("role_id" in named and role is None)
        or (meeting_id is not None and roster is None)
        or (wants_team and found.team is None)
    )
    if missing:
        raise Problem(404, "not_found")
    if "round" in named and (option is None or option.order is None or option.order.round != named["round"]):
        raise Problem(404, "not_found")
    return Subject(
        head,
        found,
        roster=roster,
        seat=roster.seat_of(person_id) if roster else None,
        member=found.team.member(person_id) if wants_team and found.team else None,
        option=option,
        role=role,
        whose=whose,
    )


def _is_gone(subject: Subject, request: Request) -> bool:
    return "person_id" in request.path_params and not (subject.seat or subject.member or subject.guest or subject.whose)


def _why_not(deed: Deed, subject: Subject) -> str:
    if "needs" in deed.asks and subject.needs is None:
        return "Forløbet spørger ikke om kost og adgang her."
    return ""


def _levels(subject: Subject) -> list[Ask]:
    levels = subject.roster.levels if subject.roster else ()
    return [Ask("level", "Niveau", type="radio", choices=[(one, one) for one in levels])] if levels else []


def _tracks(subject: Subject) -> list[Ask]:
    tracks = [(one.id, one.title) for one in subject.head.programme.terms.tracks if one.per == "guests"]
    return [Ask("track", "Spor", type="select", required=False, choices=tracks)] if tracks else []


def _payer(subject: Subject) -> list[Ask]:
    units = units_to_choose(subject.found.units) if subject.found else []
    return [
        Ask(name, label, type="select", required=False, choices=units)
        if name == "billing.unit"
        else Ask(name, label, required=False, maxlength=120)
        for name, label in BILLING_LABELS.items()
        if units or name != "billing.unit"
    ]


def _needs(subject: Subject) -> list[Ask]:
    asks: list[Ask] = []
    for one in fields(subject.needs):
        if one.choices:
            asks.append(Ask(one.name, one.label, type="checkboxes", required=False, choices=one.choices))
        if one.text:
            asks.append(Ask(f"{one.name}_text", one.text, required=False, maxlength=200))
    consent = "Personen har sagt ja til, at det gemmes"
    return [*asks, Ask("consent", consent, type="checkbox", required=False)] if asks else []


def _holder(subject: Subject) -> list[Ask]:
    required = subject.role is not None and subject.role.term.required
    return [
        Ask("name", "Navn", maxlength=200, required=required),
        Ask("email", "E-mail", type="email", maxlength=254, required=required),
    ]


def _groups(subject: Subject) -> list[Ask]:
    programme = subject.head.programme
    choices = [(one.id, one.title) for one in programme.terms.groups if one.id not in programme.merged]
    return [Ask("group", "Gruppe", type="radio", choices=choices)]


_RESERVED = (
    Ask("committee", "Udvalg, der skal godkende", required=False, maxlength=200),
    Ask("expected_on", "Dag, hvor svaret ventes", type="date", required=False, width="m"),
)
_DELIVERED = Ask("delivered_on", "Leveret den", type="date", required=False, width="m", hint="Tomt betyder i dag.")
_QUOTED = (
    Ask("price", "Pris i kroner uden moms", width="m", inputmode="decimal", maxlength=15),
    Ask("includes", "Hvad tilbuddet omfatter", type="textarea", rows=4, maxlength=2000),
    Ask("good_until", "Gælder til og med", type="date", width="m"),
)
_ASKS: Mapping[str, Callable[[Subject], Sequence[Ask]]] = {
    "person": lambda _: (_NAME, _EMAIL),
    "holder": _holder,
    "level": _levels,
    "track": _tracks,
    "payer": _payer,
    "needs": _needs,
    "reason": lambda _: (_REASON,),
    "reserved": lambda _: _RESERVED,
    "group": _groups,
    "delivered": lambda _: (_DELIVERED,),
    "quoted": lambda _: _QUOTED,
    PRICE: lambda subject: (Ask(PRICE, "Prisen", required=False, found=True),) if subject.costs else (),
}


def _seat_costs(subject: Subject) -> Sequence[str]:
    roster = subject.roster
    if roster is None or roster.limit is None:
        return ()
    used = f"{len(roster.included)} af {roster.limit} pladser, der er med i prisen, er brugt."
    if subject.costs:
        return (used, f"En til er ekstra og koster {subject.costs[1]}. Det faktureres kommunen.")
    return (used,)


def _leaving(subject: Subject) -> Sequence[str]:
    roster = subject.roster
    if roster is None or subject.seat is None or subject.found is None:
        return ()
    if subject.seat in roster.extras and is_late(roster, subject.found.now):
        return ("Den sidste dag, hvor en ekstra plads afmeldes gratis, er forbi. Den faktureres alligevel.",)
    if subject.seat in roster.included and roster.extras:
        return ("Den første af de ekstra rykker ind på pladsen, hvis det ikke er for sent.",)
    return ()


def _option_costs(subject: Subject) -> Sequence[str]:
    return (f"Prisen er {subject.costs[1]}.",) if subject.costs else ()


def _kept(subject: Subject) -> Sequence[str]:
    hidden = "Det, der er gemt, vises kun for personen selv. Det, I skriver her, træder i stedet for det."
    if subject.roster is not None or subject.found is None:
        return (hidden, kept_at_meeting(subject.needs, "pladsen afmeldes eller skifter hænder"))
    meetings = subject.found.team_meetings
    return (hidden, kept_on_team(subject.needs, meetings.last_day() if meetings else None))


def _held(subject: Subject) -> dict[str, str]:
    return person_fields(subject.role.holder if subject.role else None)


def _contact(subject: Subject) -> dict[str, str]:
    return person_fields(subject.found.enrolment.contact if subject.found else None)


def _helped(subject: Subject) -> dict[str, str]:
    return person_fields(subject.found.secretary if subject.found else None)


def _of_role(subject: Subject) -> Sequence[str]:
    if subject.role is not None and subject.role.term.required:
        return ("Forløbet kræver, at nogen har rollen.",)
    return ("Står begge felter tomme, har ingen rollen.",)


def _access(subject: Subject) -> Sequence[str]:
    now = subject.found.secretary if subject.found else None
    return (
        "Sekretæren får en mail med sit eget link. Kontakten får at vide, at I har givet adgangen.",
        "Sekretæren kan tilmelde og skifte deltagere og give oplysninger til fakturaen.",
        "Forbehold, køb, afmelding og hvem der ellers har adgang, klarer kontakten selv.",
        *((f"{now.name} har adgangen nu og mister den med det samme.",) if now else ()),
    )


def _access_ends(subject: Subject) -> Sequence[str]:
    now = subject.found.secretary if subject.found else None
    if now is None:
        return ("Ingen har adgang som sekretær.",)
    return (
        f"{now.name}, {now.email}, kan ikke længere komme ind: heller ikke i kalenderen eller med en kode på vej.",
        "Det, sekretæren har gjort, ændres ikke.",
    )


def _withdrawing(subject: Subject) -> Sequence[str]:
    has_place, owed = subject.found is not None and subject.found.enrolment.has_place, ""
    if subject.found is not None and has_place and is_billed(subject.head.programme.terms):
        owed = leaving_line(subject.found.owes).replace("I skylder", "Kommunen skylder")
    leave = "Deltagerne afmeldes de møder, der ikke er holdt." if has_place else ""
    return tuple(filter(None, (owed, leave, "Tilmelder den sig igen, kommer den bagest.")))


def _stands(subject: Subject, body: Mapping[str, Any]) -> Sequence[str]:
    return (f"{subject.words()['organisation']} står derefter som »{body['status']}«.",)


def _reserved(subject: Subject) -> dict[str, str]:
    return reservation_fields(subject.found.enrolment) if subject.found else {}


def _grouped(subject: Subject) -> dict[str, str]:
    return group_fields(subject.found.enrolment) if subject.found else {}


def _billed(subject: Subject) -> dict[str, str]:
    return billing_fields(subject.found.enrolment.billing) if subject.found else {}


def _bought(subject: Subject) -> dict[str, str]:
    return billing_fields(paid_by(subject.option, subject.option.order)) if subject.option else {}


def _seated(subject: Subject) -> dict[str, str]:
    if subject.roster is None or subject.seat is None:
        return {}
    return billing_fields(seat_paid_by(subject.roster, subject.seat))


def _quoted(subject: Subject) -> dict[str, str]:
    if subject.option is None or subject.found is None:
        return {}
    return quote_fields(as_it_stands(subject.option.order, subject.found.now))


def _needed(subject: Subject) -> dict[str, str]:
    return {STOOD: subject.mark}


def _unsent(subject: Subject) -> Sequence[str]:
    missing = billing_details(subject.found.missing) if subject.found else ""
    return (_NOT_SENT, *((f"Der mangler: {missing}.",) if missing else ()))


def _lacks(_: Subject, body: Mapping[str, Any]) -> Sequence[str]:
    missing = billing_details(body["missing"])
    return (f"Der mangler derefter: {missing}." if missing else "Så mangler der intet.",)


def _moved(subject: Subject, body: Mapping[str, Any]) -> Sequence[str]:
    return (f"Gruppen er derefter {group_title(subject.head.programme, body['group'])}.",)


_WRITE_BACK = "Fortrydes ved at skrive det, der stod før. Et felt, der var tomt, bliver ikke tomt igen."
_NOT_SENT = "Det gælder de fakturaer, der ikke er sendt endnu. Et felt, der er tomt, bliver, som det er."
_PERSON = ("name", "email")
_FORMER = "foer"
"""What is undone is who holds something: it goes back to whoever did before."""


def _by(command: type[Command], page: str) -> Callable[[Subject], Undone]:
    return lambda _: Undone(command, page)


def _ordered_again(subject: Subject) -> Undone:
    """At its price, where it has one, and else by another quote."""
    fixed = subject.option is not None and subject.option.term is not None and subject.option.term.price_ore is not None
    order, quote = (
        Undone(OrderOption, "/tilkoeb/{option_id}/bestil"),
        Undone(QuoteOption, "/tilkoeb/{option_id}/tilbud"),
    )
    return order if fixed else quote


_SEATS, _TEAM, _OPTIONS, _HERE = "/moeder/{meeting_id}", "/hold", "", ""

REGISTER = Deed(
    RegisterParticipant,
    "Tilmeld en deltager",
    "Tilmeld deltageren",
    "tilmeldt",
    _SEATS,
    ("person", "level", PRICE),
    _seat_costs,
    undo="Fortrydes ved at afmelde deltageren. Den mail, der er sendt, kan ikke kaldes tilbage.",
    undone=_by(CancelParticipant, "/moeder/{meeting_id}/afmeld/{person_id}"),
)
WALK_IN = Deed(
    RegisterWalkIn,
    "Skriv en på, der mødte op",
    "Skriv deltageren på",
    "moedt-op",
    _SEATS,
    ("person", "level"),
    _seat_costs,
    undo="Kan ikke fortrydes: Mødet er begyndt.",
)
REPLACE = Deed(
    ReplaceParticipant,
    "Skift {person} ud",
    "Skift deltageren",
    "skiftet",
    _SEATS,
    ("person", "level"),
    lambda _: ("Pladsen og dens nummer i rækken går videre til den nye.",),
    undo="Fortrydes ved at skifte tilbage, så længe der kan skiftes. Begge får igen en mail.",
    undone=_by(ReplaceParticipant, "/moeder/{meeting_id}/skift/{person_id}?fortryd={previous}"),
)
CANCEL = Deed(
    CancelParticipant,
    "Afmeld {person}",
    "Afmeld deltageren",
    "afmeldt-moede",
    _SEATS,
    (),
    _leaving,
    warns=True,
    undo="Fortrydes ved at tilmelde personen igen, så længe tilmeldingen er åben. Pladsen er da den sidste i rækken.",
    undone=_by(RegisterParticipant, "/moeder/{meeting_id}/tilmeld?fortryd={person_id}"),
)
PAYER = Deed(
    ChangeExtraBilling,
    "Hvem betaler for {person}?",
    "Gem oplysningerne",
    "faktura",
    _SEATS,
    ("payer",),
    lambda _: (_NOT_SENT,),
    undo=_WRITE_BACK,
    first="billing.order_reference",
    seen=_seated,
    together=PAYER_TOGETHER,
    blank_stays=True,
    undone=_by(ChangeExtraBilling, "/moeder/{meeting_id}/betaler/{person_id}?fortryd={key}"),
)
NEEDS_AT_MEETING = Deed(
    SetNeeds,
    "Kost og adgang: {person}",
    "Gem kost og adgang",
    "behov",
    _SEATS,
    ("needs",),
    _kept,
    undo="Det, der var gemt før, kan ikke hentes frem igen.",
    seen=_needed,
)
NAME_MEMBER = Deed(
    NameTeamMember,
    "Sæt en på holdet",
    "Sæt på holdet",
    "paa-holdet",
    _TEAM,
    ("person",),
    lambda _: ("Personen inviteres til alle holdets møder.",),
    undo="Fortrydes ved at tage personen af holdet. Den mail, der er sendt, kan ikke kaldes tilbage.",
    undone=_by(RemoveTeamMember, "/hold/fjern/{person_id}"),
)
REPLACE_MEMBER = Deed(
    ReplaceTeamMember,
    "Skift {person} ud",
    "Skift personen",
    "hold-skiftet",
    _TEAM,
    ("person",),
    lambda _: ("Den nye overtager pladsen på holdet og inviteres til de møder, der er tilbage.",),
    undo="Fortrydes ved at skifte tilbage. Begge får igen en mail.",
    undone=_by(ReplaceTeamMember, "/hold/skift/{person_id}?fortryd={previous}"),
)
REMOVE_MEMBER = Deed(
    RemoveTeamMember,
    "Tag {person} af holdet",
    "Tag af holdet",
    "af-holdet",
    _TEAM,
    warns=True,
    undo="Fortrydes ved at sætte personen på holdet igen. Det, der var sagt om kost og adgang, er slettet.",
    undone=_by(NameTeamMember, "/hold/ny?fortryd={person_id}"),
)
NEEDS_ON_TEAM = Deed(
    SetTeamNeeds,
    "Kost og adgang: {person}",
    "Gem kost og adgang",
    "behov",
    _TEAM,
    ("needs",),
    _kept,
    undo="Det, der var gemt før, kan ikke hentes frem igen.",
    seen=_needed,
)
CALL = Deed(
    InviteMember,
    "Invitér {organisation} til {meeting}",
    "Invitér til mødet",
    "inviteret-moede",
    _SEATS,
    undo="Fortrydes ved at tage invitationen tilbage. Den mail, der er sendt, kan ikke kaldes tilbage.",
    undone=_by(UninviteMember, "/moeder/{meeting_id}/ikke-med"),
)
CALL_OFF = Deed(
    UninviteMember,
    "{organisation} skal ikke med til {meeting}",
    "Tag invitationen tilbage",
    "ikke-inviteret",
    _SEATS,
    warns=True,
    undo="Fortrydes ved at invitere igen.",
    undone=_by(InviteMember, "/moeder/{meeting_id}/inviter"),
)
ORDER = Deed(
    OrderOption,
    "Bestil {option}",
    "Bestil",
    "bestilt",
    _OPTIONS,
    (PRICE,),
    lambda subject: (*_option_costs(subject), "Bestil kun det, kommunen selv har bedt om."),
    undo="Fortrydes ved at trække bestillingen tilbage, så længe det ikke er leveret.",
    undone=_by(WithdrawOption, "/tilkoeb/{option_id}/traek-tilbage"),
)
ACCEPT = Deed(
    AcceptQuote,
    "Kommunen siger ja til tilbuddet på {option}",
    "Kommunen siger ja",
    "bestilt",
    _OPTIONS,
    (),
    lambda subject: (*_option_costs(subject), "Gør det kun, når kommunen har sagt det til jer."),
    undo="Fortrydes ved at trække bestillingen tilbage, så længe det ikke er leveret.",
    undone=_by(WithdrawOption, "/tilkoeb/{option_id}/traek-tilbage"),
)
DECLINE = Deed(
    DeclineQuote,
    "Kommunen siger nej til tilbuddet på {option}",
    "Kommunen siger nej",
    "sagt-nej",
    _OPTIONS,
    warns=True,
    undo="Kan ikke fortrydes. I kan give et nyt tilbud.",
)
WITHDRAW_OPTION = Deed(
    WithdrawOption,
    "Træk {option} tilbage",
    "Træk tilbage",
    "trukket-tilbage",
    _OPTIONS,
    warns=True,
    undo="Fortrydes ved at bestille igen, hvis der er en fast pris, og ellers ved at give et nyt tilbud.",
    undone=_ordered_again,
)
OPTION_PAYER = Deed(
    ChangeOptionBilling,
    "Hvem betaler for {option}?",
    "Gem oplysningerne",
    "faktura",
    _OPTIONS,
    ("payer",),
    lambda _: (_NOT_SENT,),
    undo=_WRITE_BACK,
    first="billing.order_reference",
    seen=_bought,
    together=PAYER_TOGETHER,
    blank_stays=True,
    undone=_by(ChangeOptionBilling, "/tilkoeb/{option_id}/betaler?fortryd={key}"),
)
ROLE = Deed(
    ChangeRole,
    "Skift {role}",
    "Gem rollen",
    "rolle",
    _HERE,
    ("holder", "reason"),
    _of_role,
    undo="Fortrydes ved at give rollen tilbage. Begge får igen en mail.",
    seen=_held,
    together=(_PERSON,),
    undone=_by(ChangeRole, "/roller/{role_id}?fortryd=foer"),
)
WITHDRAW = Deed(
    WithdrawEnrolment,
    "Afmeld {organisation}",
    "Afmeld {organisation}",
    "afmeldt",
    _HERE,
    ("reason",),
    _withdrawing,
    warns=True,
    undo="Kan ikke fortrydes.",
    comes=_stands,
)
APPROVE = Deed(
    ResolveReservation,
    "Forbeholdet er godkendt",
    "Det er godkendt",
    "godkendt",
    _HERE,
    undo="Kan ikke fortrydes. I kan afmelde kommunen.",
    comes=_stands,
    given={"approved": True},
)
REFUSE = Deed(
    ResolveReservation,
    "Forbeholdet er ikke godkendt",
    "Det er ikke godkendt",
    "ikke-godkendt",
    _HERE,
    warns=True,
    undo="Kan ikke fortrydes. Kommunen kan tilmelde sig igen og kommer da bagest.",
    comes=_stands,
    given={"approved": False},
)
RESERVATION = Deed(
    ChangeReservation,
    "Ret forbeholdet",
    "Ret forbeholdet",
    "forbehold",
    _HERE,
    ("reserved",),
    undo=_WRITE_BACK,
    first="expected_on",
    seen=_reserved,
    blank_stays=True,
    undone=_by(ChangeReservation, "/forbehold?fortryd={key}"),
)
CONTACT = Deed(
    ChangeContact,
    "Skift {contact}",
    "Skift {contact}",
    "kontakt",
    _HERE,
    ("person", "reason"),
    lambda _: ("Linkene hos den, der er det nu, holder op med at virke. Den nye får sine egne.",),
    undo="Fortrydes ved at skifte tilbage. Begge får igen en mail.",
    start=lambda _: dict.fromkeys(_PERSON, ""),
    seen=_contact,
    together=(_PERSON,),
    undone=_by(ChangeContact, "/kontakt?fortryd=foer"),
)
SECRETARY = Deed(
    AppointSecretary,
    "Giv en sekretær adgang",
    "Giv adgang",
    "sekretaer",
    _HERE,
    ("person",),
    _access,
    undo="Fortrydes ved at lukke adgangen. De mails, der er sendt, kan ikke kaldes tilbage.",
    start=lambda _: dict.fromkeys(_PERSON, ""),
    seen=_helped,
    together=(_PERSON,),
    undone=_by(DismissSecretary, "/sekretaer/luk"),
)
CLOSE_SECRETARY = Deed(
    DismissSecretary,
    "Luk sekretærens adgang",
    "Luk adgangen",
    "sekretaer-lukket",
    _HERE,
    (),
    _access_ends,
    warns=True,
    undo="Fortrydes ved at give adgang igen. Det link, der er lukket, åbner aldrig igen.",
    seen=_helped,
    together=(_PERSON,),
    unseen=OTHER_SECRETARY,
    undone=_by(AppointSecretary, "/sekretaer"),
)
REVOKE_LINKS = Deed(
    RevokeLinks,
    "Luk links hos {contact}",
    "Luk links, og send nye",
    "links",
    _HERE,
    (),
    lambda _: (
        "De links til tilmeldingen og deltagerne, der er sendt, holder op med at virke med det samme.",
        "Er kontakten selv tilmeldt møder, gælder det også de links.",
        "Nye sendes til den samme postkasse. Tilmeldingen ændres ikke.",
    ),
    undo="Kan ikke fortrydes: Et link, der er lukket, åbner aldrig igen.",
)
CLOSE_LINKS = Deed(
    CloseLinks,
    "Luk links hos {person}",
    "Luk links, og send nye",
    "links",
    _HERE,
    (),
    lambda subject: (
        f"De links, vi har sendt til {subject.person}, holder op med at virke med det samme, også den egne side.",
        "Det gælder også kalenderen.",
        "Nye sendes til den samme postkasse. Pladser og roller ændres ikke.",
    ),
    undo="Kan ikke fortrydes: Et link, der er lukket, åbner aldrig igen.",
)
GROUP = Deed(
    ChangeGroup,
    "Flyt til en anden gruppe",
    "Flyt",
    "gruppe",
    _HERE,
    ("group",),
    lambda _: ("Deltagerne afmeldes de møder i den gamle gruppe, der ikke er holdt. Ingen flyttes med af sig selv.",),
    undo="Fortrydes ved at flytte tilbage. Deltagerne skal så tilmeldes igen.",
    seen=_grouped,
    comes=_moved,
    undone=_by(ChangeGroup, "/gruppe?fortryd={key}"),
)
BILLING = Deed(
    ChangeBilling,
    "Ret oplysningerne til fakturaen",
    "Gem oplysningerne",
    "faktura",
    _HERE,
    ("payer",),
    _unsent,
    undo=_WRITE_BACK,
    seen=_billed,
    together=PAYER_TOGETHER,
    blank_stays=True,
    comes=_lacks,
    first="billing.ean",
    undone=_by(ChangeBilling, "/faktura?fortryd={key}"),
)
DELIVER = Deed(
    DeliverOption,
    "{option} er leveret",
    "Meld leveret",
    "leveret",
    _OPTIONS,
    ("delivered",),
    lambda _: ("Når det er leveret, kan det faktureres, og bestillingen kan ikke trækkes tilbage.",),
    undo="Kan ikke fortrydes.",
)
QUOTE = Deed(
    QuoteOption,
    "Giv tilbud på {option}",
    "Giv tilbuddet",
    "tilbud",
    _OPTIONS,
    ("quoted",),
    lambda _: ("Kommunen får tilbuddet på mail og kan sige ja til og med den dag, I skriver.",),
    undo="Fortrydes ved at trække det tilbage. Den mail, der er sendt, kan ikke kaldes tilbage.",
    kroner={"price": "price_ore"},
    start=lambda _: dict.fromkeys(("price", "includes", "good_until"), ""),
    seen=_quoted,
    together=(("price", "includes", "good_until"),),
    undone=_by(WithdrawOption, "/tilkoeb/{option_id}/traek-tilbage"),
)
INVITE_GUEST = Deed(
    InviteGuest,
    "Invitér en gæst til {meeting}",
    "Invitér gæsten",
    "gaest",
    _HERE,
    ("person", "track"),
    lambda _: ("En gæst optager ingen kommunes plads og faktureres ikke.",),
    undo="Fortrydes ved at tage gæsten af listen. Den mail, der er sendt, kan ikke kaldes tilbage.",
    about_guests=True,
    undone=_by(RemoveGuest, "/gaester/{person_id}/fjern"),
)
REMOVE_GUEST = Deed(
    RemoveGuest,
    "{person} skal ikke med alligevel",
    "Tag gæsten af listen",
    "gaest-fjernet",
    _HERE,
    warns=True,
    undo="Fortrydes ved at invitere gæsten igen. Det, der var sagt om kost og adgang, er slettet.",
    about_guests=True,
    undone=_by(InviteGuest, "/gaester/ny"),
)
CLOSE_GUEST_LINKS = Deed(
    CloseGuestLinks,
    "Luk links hos {person}",
    "Luk links, og send nye",
    "links",
    _HERE,
    (),
    lambda subject: (
        f"De links, vi har sendt til {subject.person} som gæst i forløbet, holder op med at virke med det samme.",
        "Det gælder alle de møder, gæsten er inviteret til, og kalenderen.",
        "Nye sendes til den samme postkasse. Invitationerne ændres ikke.",
    ),
    undo="Kan ikke fortrydes: Et link, der er lukket, åbner aldrig igen.",
    about_guests=True,
)
GUEST_NEEDS = Deed(
    SetGuestNeeds,
    "Kost og adgang: {person}",
    "Gem kost og adgang",
    "behov",
    _HERE,
    ("needs",),
    _kept,
    undo="Det, der var gemt før, kan ikke hentes frem igen.",
    seen=_needed,
    about_guests=True,
)
