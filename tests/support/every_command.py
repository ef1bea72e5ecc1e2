"""How each act of `enrollment` is asked for, about one of the few things that there are, so that they meet.

A new act has its line in ASKED, and a step in one of the BEGINNINGS that comes to a yes. What it is about has its line
in THERE.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints import acts
from services.enrollment.usecases.accept_mailbox import AcceptMailbox
from services.enrollment.usecases.add_client import AddClient
from services.enrollment.usecases.appoint_secretary import AppointSecretary
from services.enrollment.usecases.begin_programme_draft import BeginProgrammeDraft
from services.enrollment.usecases.choose_reading import ChooseReading
from services.enrollment.usecases.close_links import CloseLinks
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp
from services.enrollment.usecases.decline_invitation import DeclineInvitation
from services.enrollment.usecases.discard_programme_draft import DiscardProgrammeDraft
from services.enrollment.usecases.dismiss_secretary import DismissSecretary
from services.enrollment.usecases.dismiss_sign_ups import dismiss_sign_ups
from services.enrollment.usecases.end_session import EndSession
from services.enrollment.usecases.grant_role import GrantRole
from services.enrollment.usecases.import_addresses import ImportAddresses
from services.enrollment.usecases.import_enrolments import ImportEnrolments
from services.enrollment.usecases.import_in_steps import BeginImport
from services.enrollment.usecases.merge_organisations import MergeOrganisations
from services.enrollment.usecases.publish_programme import PublishProgramme
from services.enrollment.usecases.put_organisation import PutOrganisation
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp
from services.enrollment.usecases.rehearse_programme import RehearseProgramme
from services.enrollment.usecases.renew_token import RenewToken
from services.enrollment.usecases.revoke_role import RevokeRole
from services.enrollment.usecases.revoke_tokens import RevokeTokens
from services.enrollment.usecases.save_draft import SaveDraft
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft
from services.enrollment.usecases.set_needs import SetGuestNeeds, SetNeeds, SetTeamNeeds
from services.enrollment.usecases.take_back_sign_up import TakeBackSignUp
from shared.base.acts import Act
from shared.contracts.enrollment import (
    AcceptQuote,
    CancelParticipant,
    CancelProgramme,
    ChangeBilling,
    ChangeCapacity,
    ChangeContact,
    ChangeExtraBilling,
    ChangeGroup,
    ChangeOptionBilling,
    ChangeReservation,
    ChangeRole,
    DeclineQuote,
    DeliverOption,
    DismissSignUp,
    DismissSignUps,
    ErasePerson,
    InviteGuest,
    InviteMember,
    InviteMunicipalities,
    MergeGroups,
    NameTeamMember,
    OrderOption,
    QuoteOption,
    RecordArchive,
    RegisterParticipant,
    RegisterWalkIn,
    RemoveGuest,
    RemoveTeamMember,
    ReplaceParticipant,
    ReplaceTeamMember,
    ResolveReservation,
    RevokeLinks,
    UninviteMember,
    VouchForAddress,
    WithdrawEnrolment,
    WithdrawOption,
)
from shared.contracts.event import Command
from shared.contracts.parties import Billing
from shared.contracts.staff import ROLES
from shared.runtime.erasure import FindPeople
from tests.support.enrollment_desk import P1, programme_text, sign_up
from tests.support.room import Room

CODES = ("0101", "0147", "0751", "0851")
"""Two of each group, `oest` and `vest`."""
MEMBERS = ("forening", "raad", "skole", "virksomheder")
"""Of the programme of members: the first two come to single meetings, the others to all; in the order of their ids."""
OF_MEMBERS = 8
"""As the first number of a step, from which on it is about the programme of members."""
OPTIONS = ("sager", "analyse")
"""At a fixed price, and by quote."""
OPTION_PRICE_ORE, EXTRA_PRICE_ORE = 9_500_000, 100_000
MEETINGS = (("oest", "2021-04-15"), ("vest", "2021-04-15"), ("oest", "2020-07-01"))
"""By their number: whose they are, and when. The last one has begun after a month or two of a life."""
THERE: Mapping[str, str] = {
    "enrolment": "SELECT id AS enrolment_id, state FROM enrolments WHERE programme_id = $1 ORDER BY id",
    "form": "SELECT id AS sign_up_id FROM sign_ups WHERE programme_id = $1"
    " ORDER BY received_at, organisation_code, contact_key",
    "draft": "SELECT id AS draft_id, revision FROM drafts WHERE programme_id = $1 ORDER BY begun_at, mailbox",
    "seat": "SELECT r.enrolment_id, r.meeting_id, s.person_id FROM seats s JOIN rosters r ON r.id = s.roster_id"
    " JOIN enrolments e ON e.id = r.enrolment_id WHERE e.programme_id = $1 ORDER BY 1, 2, s.number",
    "member": "SELECT m.enrolment_id, m.person_id FROM team_members m JOIN enrolments e ON e.id = m.enrolment_id"
    " WHERE e.programme_id = $1 ORDER BY 1, m.number",
    "person": "SELECT person_id FROM people WHERE email_key NOT LIKE '%@slettet.example' AND $1::text IS NOT NULL"
    " ORDER BY organisation_code, email_key",
    "guest": "SELECT g.meeting_id, g.guest_id AS person_id FROM guests g JOIN meetings m ON m.id = g.meeting_id"
    " WHERE m.programme_id = $1 ORDER BY 1, g.guest_email",
    "order": "SELECT enrolment_id, option_id, round, state FROM option_orders WHERE programme_id = $1 ORDER BY 1, 2, 3",
    "programme": "SELECT version FROM programmes WHERE id = $1",
    "session": "SELECT id AS session_id FROM sessions WHERE $1::text IS NOT NULL ORDER BY id",
    "programme_draft": "SELECT id AS draft_id, edition FROM programme_drafts WHERE draft_of = $1",
}
"""What an act may be about: the same rows in the same order whoever chose the ids."""


@dataclass(frozen=True)
class Step:
    """Which act, and three numbers that say which of whatever it may be about."""

    name: str
    a: int = 0
    b: int = 0
    c: int = 0


@dataclass(frozen=True)
class Chance:
    """A step, and what there is when it is taken."""

    step: Step
    programme_id: str
    capacity: str
    room: Room
    there: Mapping[str, list[dict[str, Any]]]

    @property
    def of_members(self) -> bool:
        """Whether the programme is the one of members."""
        return self.step.a >= OF_MEMBERS

    @property
    def a(self) -> int:
        return self.step.a

    @property
    def b(self) -> int:
        return self.step.b

    @property
    def c(self) -> int:
        return self.step.c

    @property
    def now(self) -> datetime:
        return self.room.time

    @property
    def code(self) -> str:
        if self.of_members:
            return f"{self.programme_id}.{MEMBERS[self.a % len(MEMBERS)]}"
        return CODES[self.a % len(CODES)]

    def address(self, number: int) -> str:
        """Most of them speak for their municipality."""
        return ("karen@ukendt.example", f"karen@k{self.code}.example", f"bo@k{self.code}.example")[number % 3]

    def one(self, what: str, *names: str, **like: str) -> dict[str, Any]:
        """So much of one that there is, of those alike if there are any; as a rule. Else of one that may not be."""
        rows = self.there[what]
        alike = [row for row in rows if all(row[name] == value for name, value in like.items())] or rows
        if alike and self.c % 5:
            row = alike[self.a % len(alike)]
            return {name: row[name] for name in names}
        return {name: self._nobodys[name] for name in names}

    def enrolment(self, state: str = "enrolled") -> dict[str, Any]:
        """Mostly one in that state; else the one that it would be, as a member is always."""
        if self.of_members:
            return {"enrolment_id": self._nobodys["enrolment_id"]}
        rows = [row for row in self.there["enrolment"] if row["state"] == state] if self.c % 5 else []
        return {"enrolment_id": rows[self.a % len(rows)]["enrolment_id"] if rows else self._nobodys["enrolment_id"]}

    def option(self, number: int) -> dict[str, Any]:
        return {**self.enrolment(), "option_id": OPTIONS[number % len(OPTIONS)]}

    def person(self, code: str = "") -> dict[str, str]:
        """One of four, of that municipality."""
        return {"name": f"Deltager {self.c % 4}", "email": f"d{self.c % 4}@k{code or self.code}.example"}

    def meeting(self, number: int) -> dict[str, str]:
        return {"meeting_id": f"{self.programme_id}-{number}"}

    def billing(self) -> Billing:
        return Billing(order_reference=f"ordre {self.b % 3}", account_string=("", "1234")[self.b % 2])

    @property
    def _nobodys(self) -> dict[str, Any]:
        found = {"enrolment_id": enrolment_id(self.programme_id, self.code), "option_id": OPTIONS[self.b % 2]}
        return {
            **found,
            **self.meeting(0),
            "person_id": "nobody",
            "sign_up_id": "nobody",
            "round": 1,
            "session_id": "nobody",
        }


def _enrol(one: Chance) -> Command:
    ago = (None, None, 3, 90, 60 * 24 * 20)[one.c % 5]
    return sign_up(
        one.code,
        programme_id=one.programme_id,
        contact_email=one.address(one.b),
        forbehold=one.b % 4 == 0,
        received_at=None if ago is None else one.now - timedelta(minutes=ago),
        late=one.c > 9,
        late_reason="Aftalt." if one.c > 9 else "",
    )


def _form(one: Chance) -> Command:
    form = sign_up(one.code, programme_id=one.programme_id, contact_email=one.address(one.b), forbehold=one.c % 3 == 0)
    drafts = one.there["draft"] if one.c % 2 else []
    draft_id = drafts[one.c % len(drafts)]["draft_id"] if drafts else ""
    return ReceiveSignUp(form=form, draft_id=draft_id, caller=f"192.0.2.{one.b}")


def _draft(one: Chance) -> Command:
    drafts = one.there["draft"] if one.b % 2 else []
    known = dict(drafts[one.b % len(drafts)]) if drafts else {}
    if known:
        known["revision"] += one.c % 4 // 3
    typed = {"organisation_code": one.code, "contact_email": one.address(one.c)}
    return SaveDraft(programme_id=one.programme_id, typed=typed, caller="192.0.2.7", **known)


async def _dismiss_alike(one: Chance) -> Command:
    """Counted, not counted, or counted wrongly."""
    wish = DismissSignUps(email="karen@ukendt.example", whole_domain=one.b % 2 == 0)
    counted = await one.room.ask(dismiss_sign_ups, wish)
    if one.c % 3 == 0 or counted["up_to"] is None:
        return wish
    return wish.model_copy(update={"count": counted["count"] + (one.c % 3 - 1), "up_to": counted["up_to"]})


def _import(one: Chance) -> Command:
    table = f"kommunekode;hovedpostkasse;domæner\n{one.code};post@k{one.code}.example;k{one.code}.example\n"
    return ImportAddresses(content=base64.b64encode(table.encode()).decode(), dry_run=one.b % 3 == 0)


def _import_enrolments(one: Chance) -> Command:
    """The contact and a participant of one municipality, at whatever meetings there are."""
    person = one.person()
    table = (
        "kommunekode;navn;e-mail;rolle;møder\n"
        f"{one.code};Karen Holm;{one.address(one.b)};kontakt;\n"
        f"{one.code};{person['name']};{person['email']};deltager;alle\n"
    )
    content = base64.b64encode(table.encode()).decode()
    return ImportEnrolments(programme_id=one.programme_id, content=content, dry_run=one.b % 3 == 0, mail=one.c % 2 == 0)


def _begin_import(one: Chance) -> Command:
    sheet = _import_enrolments(one)
    assert isinstance(sheet, ImportEnrolments)
    return BeginImport(programme_id=sheet.programme_id, content=sheet.content, mail=sheet.mail)


def _rarely(one: Chance) -> str:
    """The programme, where little can be done in it afterwards."""
    return one.programme_id if one.c == RARE else "nobody"


def _publish(one: Chance) -> PublishProgramme:
    version = one.there["programme"][0]["version"] + one.b % 3
    if one.of_members:
        return PublishProgramme(file=text_of_members(one.programme_id, version=version, most=2 + one.a % 2))
    return PublishProgramme(file=text_of(one.programme_id, one.capacity, version=version, more=one.a * 100))


READINGS = """
readings:
  - {id: periode, about: period, question: "Hvornår?", possible: [{id: a, text: Nu}, {id: b, text: Siden}]}
"""


def _of_draft(one: Chance) -> dict[str, Any]:
    """The one that there is, as it was opened, or before somebody saved it."""
    known = one.there["programme_draft"]
    if not known:
        return {"draft_id": "nobody", "edition": 1}
    return {**known[0], "edition": max(1, known[0]["edition"] - one.b % 5 // 4)}


def _save_programme(one: Chance) -> Command:
    text = text_of(one.programme_id, one.capacity, version=9, more=one.a * 100) + READINGS
    return SaveProgrammeDraft(**_of_draft(one), file=text, seen=(("enrolment", "deadline"),) if one.c % 2 else ())


def _choose(one: Chance) -> Command:
    return ChooseReading(**_of_draft(one), where=("readings", "periode"), chosen="abc"[one.a % 3], why="Derfor")


def _quote(one: Chance) -> Command:
    good_until = (one.now + timedelta(days=(10, 60, -1)[one.c % 3])).date().isoformat()
    said = {"price_ore": 1_000_000 * (one.b % 3), "includes": "Tre dage", "good_until": good_until}
    return QuoteOption.model_validate_json(json.dumps({**one.option(one.b + 1), **said}))


def _digest(one: Chance) -> str:
    return sha256(f"{one.step} {one.now}".encode()).hexdigest()


RARE = 11
"""As the third number of a step, of what ends much of a life."""

ASKED: Mapping[Act, Callable[[Chance], Command | Awaitable[Command]]] = {
    acts.PUBLISH: _publish,
    acts.REHEARSE: lambda one: RehearseProgramme(file=_publish(one).file),
    acts.BEGIN_PROGRAMME_DRAFT: lambda one: BeginProgrammeDraft(
        source=("version", "forloeb")[one.b % 4 // 3] + f":{one.programme_id}",
        programme_id=one.programme_id,
        title="Et forløb",
    ),
    acts.SAVE_PROGRAMME_DRAFT: _save_programme,
    acts.CHOOSE_READING: _choose,
    acts.DISCARD_PROGRAMME_DRAFT: lambda one: DiscardProgrammeDraft(**_of_draft(one)),
    acts.CANCEL_PROGRAMME: lambda one: CancelProgramme(programme_id=_rarely(one), reason=("", "For få")[one.b % 2]),
    acts.MERGE_GROUPS: lambda one: MergeGroups(programme_id=_rarely(one), group="oest", into="vest", reason="For få"),
    acts.INVITE: lambda one: InviteMunicipalities(
        programme_id=one.programme_id, round_id=f"r{one.a % 2}", organisation_codes=CODES[: 1 + one.b % 4]
    ),
    acts.IMPORT_ADDRESSES: _import,
    acts.PUT_ORGANISATION: lambda one: PutOrganisation(
        code=one.code,
        main_email=f"post@k{one.code}.example",
        domains=(f"k{one.code}.example",) if one.b % 4 else (),
    ),
    acts.ACCEPT_MAILBOX: lambda one: AcceptMailbox(code=one.code, role=("hovedpostkasse", "borgmester")[one.b % 2]),
    # Once for all, and of a municipality that is in no programme of these.
    acts.MERGE_ORGANISATIONS: lambda one: MergeOrganisations(code="0840" if one.c == RARE else "nobody", into=one.code),
    acts.IMPORT_ENROLMENTS: _import_enrolments,
    acts.BEGIN_IMPORT: _begin_import,
    acts.ENROL: _enrol,
    acts.SIGN_UP: _form,
    acts.SAVE_DRAFT: _draft,
    acts.VOUCH: lambda one: VouchForAddress(
        organisation_code=one.code, email=one.address(one.b), whole_domain=one.b % 3 > 0 and one.c > 8
    ),
    acts.DISMISS: lambda one: DismissSignUp(**one.one("form", "sign_up_id")),
    acts.DISMISS_ALIKE: _dismiss_alike,
    acts.CONFIRM: lambda one: ConfirmSignUp(**one.one("form", "sign_up_id")),
    acts.TAKE_BACK: lambda one: TakeBackSignUp(**one.one("form", "sign_up_id")),
    acts.DECLINE: lambda one: DeclineInvitation(**one.enrolment("invited")),
    acts.RESOLVE: lambda one: ResolveReservation(**one.enrolment(), approved=one.b % 2 == 0),
    acts.CHANGE_RESERVATION: lambda one: ChangeReservation(
        **one.enrolment(),
        expected_on=(None, date(2020, 9, 15), date(2020, 10, 1))[one.b % 3],
        committee=(None, "Byrådet", "")[one.c % 3],
    ),
    acts.CHANGE_BILLING: lambda one: ChangeBilling(**one.enrolment(), billing=one.billing()),
    acts.CHANGE_CAPACITY: lambda one: ChangeCapacity(programme_id=one.programme_id, usual=1, hard=1 + one.a % 4),
    acts.WITHDRAW: lambda one: WithdrawEnrolment(**one.enrolment()),
    acts.CHANGE_CONTACT: lambda one: ChangeContact(**one.enrolment(), **one.person(), reason=("", "Ny")[one.b % 2]),
    acts.CHANGE_ROLE: lambda one: ChangeRole(
        **one.enrolment(), role_id=("faktura", "hofnar")[one.b % 7 // 6], **(one.person() if one.c % 3 else {})
    ),
    acts.CLOSE_LINKS: lambda one: CloseLinks(**one.one("seat", "enrolment_id", "person_id")),
    acts.APPOINT_SECRETARY: lambda one: AppointSecretary(**one.enrolment(), **one.person()),
    acts.DISMISS_SECRETARY: lambda one: DismissSecretary(**one.enrolment()),
    acts.REVOKE_LINKS: lambda one: RevokeLinks(**one.enrolment()),
    acts.CHANGE_GROUP: lambda one: ChangeGroup(**one.enrolment(), group=("vest", "oest")[one.b % 2]),
    acts.REGISTER: lambda one: RegisterParticipant(
        **one.enrolment(),
        **one.meeting((0, 0, 1, 2)[one.b % 4]),
        **one.person(),
        accepted_price_ore=EXTRA_PRICE_ORE if one.c % 3 else None,
    ),
    acts.WALK_IN: lambda one: RegisterWalkIn(**one.enrolment(), **one.meeting(2 - one.b % 3), **one.person()),
    acts.REPLACE: lambda one: ReplaceParticipant(
        **one.one("seat", "enrolment_id", "meeting_id", "person_id"), **one.person(CODES[one.b % 4])
    ),
    acts.CHANGE_EXTRA_BILLING: lambda one: ChangeExtraBilling(
        **one.one("seat", "enrolment_id", "meeting_id", "person_id"), billing=one.billing()
    ),
    acts.SET_NEEDS: lambda one: SetNeeds(
        **one.one("seat", "enrolment_id", "meeting_id", "person_id"),
        diet=(("vegetar",), ("vegansk", "vegetar"), ())[one.b % 3],
        access_text=("", "Uden trin")[one.b % 2],
        consent=one.b % 4 < 3,
    ),
    acts.SET_TEAM_NEEDS: lambda one: SetTeamNeeds(
        **one.one("member", "enrolment_id", "person_id"),
        diet=(("vegetar",), ("vegansk", "vegetar"), ())[one.b % 3],
        access_text=("", "Uden trin")[one.b % 2],
        consent=one.b % 4 < 3,
    ),
    acts.SET_GUEST_NEEDS: lambda one: SetGuestNeeds(
        programme_id=one.programme_id,
        **one.one("guest", "meeting_id", "person_id"),
        diet=(("vegetar",), ("vegansk", "vegetar"), ())[one.b % 3],
        access_text=("", "Uden trin")[one.b % 2],
        consent=one.b % 4 < 3,
    ),
    acts.CANCEL: lambda one: CancelParticipant(**one.one("seat", "enrolment_id", "meeting_id", "person_id")),
    acts.ORDER: lambda one: OrderOption(
        **one.option(one.b // 4),
        accepted_price_ore=OPTION_PRICE_ORE if one.b % 4 else None,
        billing=one.billing() if one.c % 4 == 1 else Billing(),
    ),
    acts.QUOTE: _quote,
    acts.ACCEPT: lambda one: AcceptQuote(**one.one("order", "enrolment_id", "option_id", "round", state="quoted")),
    acts.DECLINE_QUOTE: lambda one: DeclineQuote(
        **one.one("order", "enrolment_id", "option_id", "round", state="quoted")
    ),
    acts.CHANGE_OPTION_BILLING: lambda one: ChangeOptionBilling(
        **one.one("order", "enrolment_id", "option_id", state=("ordered", "delivered")[one.b % 2]),
        billing=one.billing(),
    ),
    acts.WITHDRAW_OPTION: lambda one: WithdrawOption(
        **one.one("order", "enrolment_id", "option_id", state=("ordered", "quoted")[one.b % 2])
    ),
    acts.DELIVER: lambda one: DeliverOption(**one.one("order", "enrolment_id", "option_id", state="ordered")),
    acts.NAME_MEMBER: lambda one: NameTeamMember(**one.enrolment(), **one.person()),
    acts.REPLACE_MEMBER: lambda one: ReplaceTeamMember(
        **one.one("member", "enrolment_id", "person_id"), **one.person(CODES[one.b % 4])
    ),
    acts.CALL_MEMBER: lambda one: InviteMember(**one.enrolment(), **one.meeting(one.b % 3)),
    acts.CALL_MEMBER_OFF: lambda one: UninviteMember(**one.enrolment(), **one.meeting(one.b % 3)),
    acts.INVITE_GUEST: lambda one: InviteGuest(
        programme_id=one.programme_id, **one.meeting(one.b % 3), **one.person("gaest")
    ),
    acts.REMOVE_GUEST: lambda one: RemoveGuest(
        programme_id=one.programme_id, **one.one("guest", "meeting_id", "person_id")
    ),
    acts.ERASE: lambda one: ErasePerson(**one.one(("person", "person", "guest")[one.b % 3], "person_id")),
    acts.RECORD_ARCHIVE: lambda one: RecordArchive(
        programme_id=one.programme_id,
        read_at=one.now + timedelta(hours=one.b % 3 - 1),
        sha256=f"{one.a % 4}" * 64,
        files=1 + one.a,
    ),
    acts.GRANT_ROLE: lambda one: GrantRole(
        email=one.address(one.b), role=ROLES[one.a % 5], programme_id=(None, one.programme_id)[one.c % 2]
    ),
    acts.REVOKE_ROLE: lambda one: RevokeRole(grant_id=1 + one.a),
    acts.END_SESSION: lambda one: EndSession(**one.one("session", "session_id"), everywhere=one.b % 2 == 1),
    acts.ADD_CLIENT: lambda one: AddClient(
        client=f"system-{one.a % 2}",
        scopes=("enrol", "intake")[: 1 + one.b % 2],
        sources=(f"/system-{one.a % 2}",)[: one.b % 2],
        days=30,
        sha256=_digest(one),
    ),
    acts.RENEW_TOKEN: lambda one: RenewToken(client=f"system-{one.a % 2}", days=90, sha256=_digest(one)),
    acts.REVOKE_TOKENS: lambda one: RevokeTokens(client=f"system-{one.a % 2}"),
    acts.FIND_PEOPLE: lambda one: FindPeople(email=one.person()["email"]),
    acts.REMOVE_MEMBER: lambda one: RemoveTeamMember(**one.one("member", "enrolment_id", "person_id")),
}
"""Whatever can be asked of the service, a line each. A test says whose is missing."""
WAIT, CALLED_OFF, COMPLETED = "wait", "a meeting is called off", "a step is completed"
DAYS = (0, 1, 40, 80)
"""How long is waited; 0 = an hour."""


def _step(act: Act, a: int = 0, b: int = 0, c: int = 0) -> Step:
    return Step(act.name, a, b, c)


_PEOPLED = (
    *(_step(one, a=3, b=7) for one in (acts.IMPORT_ADDRESSES, acts.INVITE, acts.DECLINE)),
    *(_step(acts.ENROL, b=1), _step(acts.ENROL, a=1, b=4)),
    *(_step(acts.REGISTER, a=a, c=c) for a in (0, 1) for c in (0, 5)),
    *(_step(acts.SIGN_UP, a=2, c=2), _step(acts.CONFIRM, c=2)),
)
"""An invitation is declined; there are places, one with a forbehold, people, and a form."""
_LEFT = (
    *(
        _step(acts.REPLACE, b=1, c=3),
        _step(acts.CANCEL, c=1),
        _step(acts.CHANGE_RESERVATION, a=1, b=1),
        _step(acts.RESOLVE, a=1),
        _step(acts.WITHDRAW),
    ),
    *(
        _step(acts.ORDER, a=3, b=1),
        _step(acts.CHANGE_CAPACITY, a=3),
        _step(acts.REHEARSE, a=1, b=1),
        _step(acts.PUBLISH, a=1, b=1),
        _step(acts.PUT_ORGANISATION, a=1),
        _step(acts.ACCEPT_MAILBOX, a=1),
        _step(acts.MERGE_ORGANISATIONS, a=1, c=RARE),
    ),
)
"""People go, a municipality as well, one that is only invited asks for more, and there is more room."""
_ANSWERED = (
    *(
        _step(acts.SIGN_UP, a=3, c=1),
        _step(acts.DISMISS, c=1),
        _step(acts.TAKE_BACK, a=1, c=1),
        _step(acts.SIGN_UP, a=1),
        _step(acts.DISMISS_ALIKE, c=1),
    ),
    *(_step(acts.SAVE_DRAFT, a=2), _step(acts.SIGN_UP, a=2, c=1), _step(acts.VOUCH, a=2)),
)
"""Staff look at the forms, and a forbehold is refused."""
_EQUIPPED = (
    *(_step(acts.ENROL, b=1), _step(acts.ENROL, a=1, b=1)),
    *(_step(acts.CHANGE_BILLING), _step(acts.CHANGE_CONTACT), _step(acts.CHANGE_GROUP, b=1)),
    *(_step(acts.CHANGE_ROLE, c=1), _step(acts.CHANGE_ROLE, b=2, c=2), _step(acts.CHANGE_ROLE)),
    *(_step(acts.APPOINT_SECRETARY, c=1), _step(acts.DISMISS_SECRETARY), _step(acts.APPOINT_SECRETARY, c=2)),
    _step(acts.REVOKE_LINKS, c=1),
    *(_step(acts.NAME_MEMBER), _step(acts.NAME_MEMBER, c=5), _step(acts.NAME_MEMBER, a=1)),
    *(_step(acts.REPLACE_MEMBER, b=1, c=3), _step(acts.REMOVE_MEMBER, a=1, c=1)),
    *(_step(acts.ORDER, b=1), _step(acts.ORDER, a=1, b=1), _step(acts.DELIVER, c=1), _step(acts.WITHDRAW_OPTION, c=1)),
    *(
        _step(acts.QUOTE, b=2),
        _step(acts.ACCEPT, c=1),
        _step(acts.QUOTE, a=1, b=2),
        _step(acts.DECLINE_QUOTE, c=1),
    ),
    *(_step(acts.ORDER, a=1, b=3), _step(acts.CHANGE_OPTION_BILLING, a=1, b=2, c=1)),
    *(Step(COMPLETED), Step(COMPLETED, a=1), Step(COMPLETED, a=1, b=1), Step(COMPLETED, a=3)),
    *(_step(acts.REGISTER), _step(acts.REGISTER, c=5), _step(acts.CHANGE_EXTRA_BILLING, a=1, b=1, c=1)),
    _step(acts.CLOSE_LINKS, c=1),
    *(_step(acts.SET_NEEDS, c=1), _step(acts.SET_NEEDS, a=1, b=1, c=1), _step(acts.SET_NEEDS, a=1, b=2, c=1)),
    *(_step(acts.INVITE_GUEST), _step(acts.SET_GUEST_NEEDS, c=1), _step(acts.SET_GUEST_NEEDS, b=2, c=1)),
    *(_step(acts.SET_TEAM_NEEDS, c=1), _step(acts.SET_TEAM_NEEDS, a=1, b=1, c=1), _step(acts.SET_TEAM_NEEDS, b=2, c=1)),
    *(_step(acts.INVITE_GUEST, c=1), _step(acts.REMOVE_GUEST, a=1, c=1)),
    *(_step(acts.GRANT_ROLE), _step(acts.GRANT_ROLE, a=3), _step(acts.REVOKE_ROLE), _step(acts.END_SESSION, c=1)),
    *(_step(acts.ADD_CLIENT), _step(acts.ADD_CLIENT), _step(acts.RENEW_TOKEN, c=1), _step(acts.REVOKE_TOKENS)),
    *(_step(acts.BEGIN_PROGRAMME_DRAFT), _step(acts.SAVE_PROGRAMME_DRAFT), _step(acts.CHOOSE_READING)),
    *(_step(acts.CHOOSE_READING, b=4), _step(acts.DISCARD_PROGRAMME_DRAFT)),
    *(_step(acts.FIND_PEOPLE), _step(acts.RECORD_ARCHIVE), _step(acts.ERASE, a=1, c=1), _step(acts.ERASE, b=2, c=1)),
    *(Step(WAIT, a=2), _step(acts.WALK_IN), _step(acts.WALK_IN, a=1, c=5), _step(acts.WALK_IN, c=10)),
)
"""Places with a team, orders and quotes, extra participants, guests, and people who come without being registered."""
_ENDED = (
    *(_step(acts.IMPORT_ENROLMENTS, a=a, b=1, c=c) for a, c in ((0, 1), (1, 2), (2, 3))),
    _step(acts.BEGIN_IMPORT, a=4, b=1, c=1),
    *(_step(acts.QUOTE, b=2), _step(acts.MERGE_GROUPS, c=RARE), _step(acts.ORDER, b=1)),
    *(_step(acts.CANCEL_PROGRAMME, b=1, c=RARE), _step(acts.IMPORT_ENROLMENTS, a=3, b=1, c=1)),
)
"""Imported, the one group joins the other, and all of it is called off."""
_JOINED = (
    *(
        _step(acts.CALL_MEMBER, a=8, b=2, c=1),
        _step(acts.CALL_MEMBER, a=8, b=1, c=2),
        _step(acts.CALL_MEMBER, a=9, c=1),
    ),
    *(_step(acts.PUT_ORGANISATION, a=9, b=1, c=1), _step(acts.CALL_MEMBER, a=9, c=1)),
    *(_step(acts.CALL_MEMBER_OFF, a=8, b=1, c=2), _step(acts.CALL_MEMBER_OFF, a=9, b=1, c=1)),
    *(_step(acts.PUT_ORGANISATION, a=10), _step(acts.IMPORT_ADDRESSES, a=11, b=1, c=1)),
    *(_step(acts.NAME_MEMBER, a=10, c=c) for c in (1, 2, 3)),
    *(_step(acts.NAME_MEMBER, a=8, c=1), _step(acts.REPLACE_MEMBER, a=10, b=2, c=4)),
    *(_step(acts.PUBLISH, a=9, b=1), _step(acts.NAME_MEMBER, a=10, c=3), _step(acts.REMOVE_MEMBER, a=8, c=1)),
    *(_step(acts.CALL_MEMBER, a=8, b=1, c=2), _step(acts.WITHDRAW, a=8, c=1), _step(acts.CHANGE_CAPACITY, a=8)),
)
"""Members are written to, name their people, are invited to single meetings and called off them; one leaves."""
BEGINNINGS = (_EQUIPPED, (*_PEOPLED, *_LEFT), _ENDED, (*_PEOPLED, *_ANSWERED, *_JOINED), ())
"""How lives begin, one after the other: whatever can be asked for comes to a yes in one of them."""
AT_ONCE = (0, 1, 2)
"""Beginnings to which belongs that places are given at once."""

_NUMBER = st.integers(0, 11)
_OFTEN = [one.name for one in (acts.ENROL, acts.SIGN_UP, acts.CONFIRM, acts.REGISTER, acts.REGISTER, acts.CANCEL)]
LIVES = st.tuples(
    st.sampled_from(("holds: always", "holds: until, until: 2020-08-25", 'holds: "no"')),
    st.sampled_from(("at_once", "at_deadline")),
    st.sampled_from(("waiting_list", "refuse")),
    st.lists(
        st.builds(
            Step,
            st.sampled_from(
                [*(act.name for act in ASKED), *_OFTEN, acts.CALL_MEMBER.name, WAIT, WAIT, CALLED_OFF, COMPLETED]
            ),
            *(_NUMBER, _NUMBER, _NUMBER),
        ),
        min_size=15,
        max_size=30,
    ),
)
"""What a forbehold holds, when places are given, what becomes of whoever comes too late, and what is asked then."""


def text_of(programme_id: str, capacity: str, *, version: int = 1, more: int = 0) -> str:
    """P1's file without its meetings; with options, a team, and seats that are soon taken."""
    changes = {
        f"id: {P1}\n": f"id: {programme_id}\n",
        "version: 1": f"version: {version}",
        "19500": str(19_500 + more),
        "included: 3": "included: 1",
        "  contact_label:": (
            f"{capacity}  roles: [{{id: faktura, label: fakturakontakt, purpose: billing}}]\n  contact_label:"
        ),
        "\nregistration:\n": (
            "\nregistration:\n  needs:\n    consent: Ja, det må I gemme.\n"
            "    diet: {label: Kost, choices: [{id: vegetar, title: Vegetar}, {id: vegansk, title: Vegansk}]}\n"
            "    access: {label: Adgang, text: true}\n"
        ),
        "\nmeeting_kinds:\n": (
            "\noptions:\n"
            "  - {id: sager, title: Gennemgang af sager, text: Sagsgennemgang, price: 95000}\n"
            "  - {id: analyse, title: Analyse, text: Analyse efter tilbud, remind_before: [3]}\n"
            "\nmeeting_kinds:\n"
            "  - {key: temadag, title: Temadag, attendance: team, included: 2, minimum: 1}\n"
        ),
    }
    text = programme_text().partition("\nmeetings:\n")[0]
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def text_of_members(programme_id: str, *, version: int = 1, most: int = 2) -> str:
    """One that members are invited to by name, of whom one names one to `most` people, and two come to single meetings;
    without meetings.
    """
    text = programme_text("hvidovre-ungepartnerskab").partition("\nmeeting_kinds:\n")[0]
    head, _, _ = text.partition("  invited:\n")
    for before, after in {
        "id: hvidovre-ungepartnerskab\n": f"id: {programme_id}\n",
        "version: 3": f"version: {version}",
        "starts: 2013-01, ends: 2013-09": "starts: 2020-06, ends: 2021-12",
    }.items():
        assert before in head
        head = head.replace(before, after)
    forening, raad, skole, virksomheder = MEMBERS
    return (
        f"{head}  invited:\n"
        f"    - {{id: {forening}, title: Foreningen, ad_hoc: true}}\n"
        f"    - {{id: {raad}, title: Rådet, ad_hoc: true}}\n"
        f"    - {{id: {skole}, title: Skolen, seats: 1, seats_most: {most}}}\n"
        f"    - {{id: {virksomheder}, title: Virksomhederne}}\n"
        "\nmeeting_kinds:\n  - {key: temamoede, title: Temamøde, attendance: members, hours: 3}\n"
        "\nregistration:\n  reminder_days: [7]\n"
    )
