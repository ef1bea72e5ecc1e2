"""Whatever is put into a field of a form or a cell of a sheet: no error, nothing half done, and only text."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from services.enrollment.adapters import links, spreadsheet
from services.enrollment.domain import enrolment_sheet
from services.enrollment.domain.address_book import COLUMNS, unit_key
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.add_client import AddClient, add_client
from services.enrollment.usecases.appoint_secretary import AppointSecretary, appoint_secretary
from services.enrollment.usecases.begin_programme_draft import BeginProgrammeDraft, begin_programme_draft
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.grant_role import GrantRole, grant_role
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.import_enrolments import ImportEnrolments, import_enrolments
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from shared.contracts.enrollment import (
    ChangeRole,
    EnrolmentReceived,
    EnrolmentWaitlisted,
    GuestInvited,
    InviteGuest,
    InviteMunicipalities,
    MunicipalityEnrolled,
    MunicipalityInvited,
    NameTeamMember,
    OrderOption,
    ParticipantRegistered,
    QuoteOption,
    RoleAppointed,
    SignUpDraftSaved,
    TeamMemberNamed,
)
from shared.contracts.event import Event
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.hostile import EVERY_TEXT, TEXTS, Walk, digest_of, must_be_escaped
from tests.support.tables import own_tables
from tests.support.workplace import Workplace

FORM = """
  capacity: {usual: 3, hard: 3}
  reservation_allowed: true
  forbehold: {holds: always}
  roles: [{id: faktura, label: fakturakontakt, purpose: billing}]
  form:
    - {id: baggrund, label: "Hvorfor vil I være med?", kind: lines, max_lines: 3, max_chars: 200}
    - {id: partnere, label: "Har I partnere?", kind: yes_no}
    - {id: antal, label: "Hvor mange partnere?", kind: number, least: 1, most: 20, when: {field: partnere, is: [ja]}}
    - {id: temaer, label: "Hvilke temaer?", kind: choices, choices: [Skole, Job], least: 1, most: 2}
    - {id: behandlet, label: "Hvornår er sagen behandlet?", kind: day}
    - {id: telefon, label: Telefon, kind: phone}
    - {id: hjemmeside, label: Hjemmeside, kind: link}
    - {id: stilling, label: Kontaktens stilling, max_chars: 40}
  declarations:
    - {id: opbakning, text: Der er politisk opbakning.}
"""
MORE = """
options:
  - {id: sager, title: Gennemgang, text: Gennemgang af sager, price: 95000}
  - {id: analyse, title: Analyse, text: Analyse efter tilbud}
"""
NEEDS = """
  needs:
    consent: Ja, det må I gemme.
    diet: {label: Kost, choices: [{id: vegetar, title: Vegetar}], text: true}
    access: {label: Adgang, text: true}
"""
TEAM = "  - {key: temadag, title: Temadag, attendance: team, included: 2, minimum: 1}\n"
CONTACT = {"organisation_code": AARHUS, "contact_name": "Karen", "contact_email": f"karen@k{AARHUS}.example"}
FILLED = {
    **CONTACT,
    "answers.baggrund": "Fordi.",
    "answers.partnere": "ja",
    "answers.antal": "2",
    "answers.temaer": "Job",
    "answers.opbakning": "ja",
    "forbehold": "true",
    "forbehold_committee": "Byrådet",
    "committee": "Byrådet",
    "name": "Bo Prøvesen",
    "email": "bo@k0751.example",
    "roles.faktura.name": "Bo Prøvesen",
    "roles.faktura.email": "bo@k0751.example",
    "billing.order_reference": "4711",
    "level": "Leder af ledere",
    "diet_text": "Ingen nødder",
    "consent": "true",
}
"""By the name of the field; whatever else there is stays empty."""
CONFIRMING = {"mailbox_codes", "confirmed_mailboxes"}
"""What is kept of browsers: seen each time that one of them sends a form."""
WHOLE = digest_of((*sorted(set(own_tables("enrollment")) - CONFIRMING), "outbox", "timers"))
EMPTIED = (
    *(
        "sheet_imports",
        "guests",
        "team_members",
        "teams",
        "seat_moves",
        "seats",
        "rosters",
        "option_orders",
        "contact_history",
    ),
    *("enrolment_history", "sign_ups", "drafts", "invitations", "invitation_rounds", "enrolments", "timers", "outbox"),
)
PAGES = {
    "/tilmeld/{programme_id}": "form",
    "/tilmeld/kladde/{token}": "draft",
    "/tilmeld/bekraeft/{token}": "confirmation",
    "/tilmeld/bekraeft/{token}/fortryd": "confirmation",
    "/tilmeld/nej/{token}": "invitation",
    "/plads/{token}/godkendt": "forbehold",
    "/plads/{token}/ikke-godkendt": "forbehold",
    "/plads/{token}/forbehold": "forbehold",
    "/plads/{token}/faktura": "standing",
    "/fakturaoplysninger/{token}": "billing_role",
    "/plads/{token}/kontakt": "standing",
    "/plads/{token}/kontakt/{role_id}": "standing",
    "/plads/{token}/afmeld": "waiting",
    "/plads/{token}/luk-links": "standing",
    "/plads/{token}/sekretaer": "standing",
    "/plads/{token}/sekretaer/luk": "access",
    "/plads/{token}/tilkoeb/{option_id}/bestil": "standing",
    "/plads/{token}/tilkoeb/{option_id}/betaler": "ordered",
    "/plads/{token}/tilkoeb/{option_id}/fortryd": "ordered",
    "/plads/{token}/tilkoeb/{option_id}/tilbud/{round}": "quoted",
    "/plads/{token}/tilkoeb/{option_id}/tilbud/{round}/nej": "quoted",
    "/deltagere/{token}/afmeld-kommunen": "place",
    "/deltagere/{token}/hold": "place",
    "/deltagere/{token}/hold/behov/{person_id}": "member",
    "/deltagere/{token}/hold/fjern/{person_id}": "member",
    "/deltagere/{token}/hold/skift/{person_id}": "member",
    "/deltagere/{token}/{meeting_id}": "meeting",
    "/deltagere/{token}/{meeting_id}/afmeld/{person_id}": "seat",
    "/deltagere/{token}/{meeting_id}/betaler/{person_id}": "extra",
    "/deltagere/{token}/{meeting_id}/skift/{person_id}": "seat",
    "/deltagere/{token}/{meeting_id}/behov/{person_id}": "seat",
    "/moedeplads/{token}/behov": "own_seat",
    "/moedeplads/{token}/skift": "own_seat",
    "/moedeplads/{token}/afmeld": "own_seat",
    "/holdplads/{token}/behov": "own_place",
    "/holdplads/{token}/skift": "own_place",
    "/holdplads/{token}/afmeld": "own_place",
    "/gaest/{token}/behov": "own_invitation",
    "/gaest/{token}/luk-links": "own_invitation",
    "/gaest/{token}/afmeld": "own_invitation",
}
"""Every page that takes a form, and what has to be there for it: `Somebody` makes it."""
STAFF_PAGES = {
    "/login": "/login",
    "/login/mig": "/login/mig",
    "/stab/soeg": "/stab/soeg",
    "/stab/adgang": "/stab/adgang",
    "/stab/adgang/{grant_id:int}": "/stab/adgang/{grant_id}",
    "/stab/adressebog": "/stab/adressebog",
    "/stab/adressebog/indlaes": "/stab/adressebog/indlaes",
    "/stab/adressebog/{code}/ret": f"/stab/adressebog/{AARHUS}/ret",
    "/stab/adressebog/{code}/enheder/ny": f"/stab/adressebog/{AARHUS}/enheder/ny",
    "/stab/adressebog/{code}/enheder/{unit}": f"/stab/adressebog/{AARHUS}/enheder/{unit_key('unge')}",
    "/stab/adressebog/{code}/enheder/{unit}/fjern": f"/stab/adressebog/{AARHUS}/enheder/{unit_key('unge')}/fjern",
    "/stab/adressebog/{code}/laeg-sammen": f"/stab/adressebog/{AARHUS}/laeg-sammen",
    "/stab/adressebog/{code}/virker": f"/stab/adressebog/{AARHUS}/virker",
    "/stab/adgang/session/{session_id}": "/stab/adgang/session/{session_id}",
    "/stab/noegler/ny": "/stab/noegler/ny",
    "/stab/noegler/klient/{client}/byt": "/stab/noegler/klient/{client}/byt",
    "/stab/noegler/klient/{client}/spaer": "/stab/noegler/klient/{client}/spaer",
}
"""As PAGES, of those that staff see: where each lies. They are made by `Staff`."""
PLACE, MEETING = enrolment_id(P1, AARHUS), "m-heldag-vest"
_STAFF_PLACE = "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}"
PROGRAMME_PAGES = {
    f"{_STAFF_PLACE}/afmeld": "place",
    f"{_STAFF_PLACE}/godkendt": "reserved",
    f"{_STAFF_PLACE}/ikke-godkendt": "reserved",
    f"{_STAFF_PLACE}/forbehold": "reserved",
    f"{_STAFF_PLACE}/kontakt": "place",
    f"{_STAFF_PLACE}/luk-links": "place",
    f"{_STAFF_PLACE}/links/{{person_id}}": "seat",
    f"{_STAFF_PLACE}/sekretaer": "place",
    f"{_STAFF_PLACE}/sekretaer/luk": "access",
    f"{_STAFF_PLACE}/gruppe": "place",
    f"{_STAFF_PLACE}/faktura": "place",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/leveret": "ordered",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/tilbud": "place",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/tilbud/{{round:int}}/ja": "quoted",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/tilbud/{{round:int}}/nej": "quoted",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/bestil": "buyer",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/traek-tilbage": "ordered",
    f"{_STAFF_PLACE}/tilkoeb/{{option_id}}/betaler": "ordered",
    f"{_STAFF_PLACE}/roller/{{role_id}}": "place",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/tilmeld": "place",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/moedt-op": "begun",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/skift/{{person_id}}": "seat",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/afmeld/{{person_id}}": "seat",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/behov/{{person_id}}": "seat",
    f"{_STAFF_PLACE}/moeder/{{meeting_id}}/betaler/{{person_id}}": "extra",
    f"{_STAFF_PLACE}/hold/ny": "place",
    f"{_STAFF_PLACE}/hold/skift/{{person_id}}": "member",
    f"{_STAFF_PLACE}/hold/fjern/{{person_id}}": "member",
    f"{_STAFF_PLACE}/hold/behov/{{person_id}}": "member",
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/ny": "nothing",
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/fjern": "guest",
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/behov": "guest",
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/links": "guest",
    "/stab/forloeb/{programme_id}/formularer/{sign_up_id}/godkend": "waiting",
    "/stab/forloeb/{programme_id}/formularer/{sign_up_id}/afvis": "waiting",
    "/stab/forloeb/{programme_id}/formularer/{sign_up_id}/afvis-alle": "waiting",
    "/stab/forloeb/{programme_id}/venteliste/pladser": "nothing",
    "/stab/forloeb/{programme_id}/aflys": "place",
    "/stab/forloeb/{programme_id}/grupper": "place",
    "/stab/forloeb/{programme_id}/inviter": "book",
    "/stab/forloeb/{programme_id}/skriv-ind": "nothing",
    "/stab/forloeb/{programme_id}/indlaes": "nothing",
}
"""As PAGES, of those on which staff do something in a programme: `Consultant` makes what has to be there."""
_DRAFT = "/stab/redigering/{draft_id}"
EDITOR_PAGES = {
    "/stab/redigering/nyt": "",
    "/stab/redigering/fil": "",
    "/stab/redigering/ny-version/{programme_id}": "",
    f"{_DRAFT}/felter/{{where}}": "meetings.2",
    f"{_DRAFT}/datoer": "moved",
    f"{_DRAFT}/laesninger": "kept",
    f"{_DRAFT}/fil": "kept",
    f"{_DRAFT}/udgiv": "kept",
    f"{_DRAFT}/kasser": "kept",
}
"""As PAGES, of the editor of programmes: which field, or whether the days of the draft have moved."""
ACCESS = AppointSecretary(enrolment_id=PLACE, name="Sara Sekretær", email="sara@k0751.example")
OF_TEAM = "/meetings/m-temadag-vest/needs"


def with_form() -> str:
    text = programme_text().replace("included: 3", "included: 1")
    text = text.replace("\nmeeting_kinds:\n", f"{MORE}\nmeeting_kinds:\n{TEAM}", 1)
    text = text.replace("\nregistration:\n", f"\nregistration:{NEEDS}", 1)
    return text.replace("  contact_label:", FORM.strip("\n") + "\n  contact_label:", 1)


async def kept(desk: Desk) -> dict[str, str]:
    return {row[0]: row[1] for row in await desk.pool.fetch(WHOLE)}


async def told(desk: Desk, kind: type[Event]) -> Any:
    return next(one for one in reversed(await desk.told()) if isinstance(one, kind))


async def emptied(desk: Desk) -> None:
    """Of whoever has signed up, and of what was told."""
    async with desk.pool.acquire() as connection:
        await connection.execute(";".join(f"DELETE FROM {table}" for table in EMPTIED))
        await connection.execute("UPDATE programmes SET taken = 0")


class Somebody:
    """Makes what a page needs, anew each time that it has been used up."""

    def __init__(self, town: Town) -> None:
        self._desk, self._mailboxes = town.desk, town.mailboxes
        self._numbers = itertools.count()

    async def path(self, template: str) -> str:
        made: Callable[[], Awaitable[Mapping[str, Any]]] = getattr(self, f"_{PAGES[template]}")
        path = template.format(**await made())
        await self._mailboxes.confirm(path)
        return path

    async def _anew(self) -> None:
        await emptied(self._desk)

    async def _form(self) -> Mapping[str, Any]:
        return {"programme_id": P1}

    async def _draft(self) -> Mapping[str, Any]:
        await self._anew()
        await self._desk.ask(save_draft, SaveDraft(programme_id=P1, typed=CONTACT, caller=f"c{next(self._numbers)}"))
        return _token((await told(self._desk, SignUpDraftSaved)).draft_path)

    async def _confirmation(self) -> Mapping[str, Any]:
        await self._anew()
        sign_up_id = await self._desk.form(AARHUS, caller=f"c{next(self._numbers)}", answers={"opbakning": "ja"})
        return _token(links.confirm_path(self._desk.links, sign_up_id, self._desk.now()))

    async def _invitation(self) -> Mapping[str, Any]:
        await self._anew()
        await self._desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
        round_id = f"r{next(self._numbers)}"
        await self._desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id=round_id))
        return {"token": (await told(self._desk, MunicipalityInvited)).sign_up_path.rpartition("=")[2]}

    async def _enrolled(self, **more: Any) -> Any:
        await self._anew()
        await self._desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}, **more))
        return await told(self._desk, MunicipalityEnrolled)

    async def _forbehold(self) -> Mapping[str, Any]:
        return _token((await self._enrolled(forbehold=True)).standing_path)

    async def _standing(self) -> Mapping[str, Any]:
        return {**_token((await self._enrolled()).standing_path), "option_id": "sager", "role_id": "faktura"}

    async def _access(self) -> Mapping[str, Any]:
        known = await self._standing()
        await self._desk.ask(appoint_secretary, ACCESS)
        return known

    async def _billing_role(self) -> Mapping[str, Any]:
        place = await self._enrolled()
        named = ChangeRole(enrolment_id=PLACE, role_id="faktura", name="Bo Bilag", email="bo@k0751.example")
        await self._desk.ask(change_role, named)
        holder = (await told(self._desk, RoleAppointed)).person
        number = await self._desk.pool.fetchval("SELECT number FROM enrolments WHERE id = $1", place.enrolment_id)
        return _token(links.billing_path(self._desk.links, links.Guest(PLACE, holder.person_id, number)))

    async def _ordered(self) -> Mapping[str, Any]:
        known = await self._standing()
        wish = OrderOption(enrolment_id=PLACE, option_id="sager", accepted_price_ore=9_500_000)
        await self._desk.ask(order_option, wish)
        return known

    async def _quoted(self) -> Mapping[str, Any]:
        known = await self._standing()
        good_until = date(2020, 6, 30)
        wish = QuoteOption(
            enrolment_id=PLACE, option_id="analyse", price_ore=100, includes="En dag", good_until=good_until
        )
        await self._desk.ask(quote_option, wish)
        return {**known, "option_id": "analyse", "round": 1}

    async def _waiting(self) -> Mapping[str, Any]:
        await self._anew()
        await self._desk.pool.execute("UPDATE programmes SET taken = hard_capacity")
        await self._desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}))
        return _token((await told(self._desk, EnrolmentWaitlisted)).standing_path)

    async def _place(self) -> Mapping[str, Any]:
        return _token((await self._enrolled()).participants_path)

    async def _member(self) -> Mapping[str, Any]:
        known = await self._place()
        named = NameTeamMember(enrolment_id=PLACE, name="Dorte", email="dorte@k0751.example")
        return {**known, "person_id": (await self._desk.ask(name_team_member, named))["person_id"]}

    async def _meeting(self) -> Mapping[str, Any]:
        known = await self._place()
        await self._desk.register(PLACE, MEETING, "Alle Anden")
        return {**known, "meeting_id": MEETING}

    async def _seat(self) -> Mapping[str, Any]:
        known = await self._meeting()
        return {**known, "person_id": (await told(self._desk, ParticipantRegistered)).person.person_id}

    async def _extra(self) -> Mapping[str, Any]:
        known = await self._meeting()
        extra = await self._desk.register(PLACE, MEETING, "En Til", price=100_000)
        return {**known, "person_id": extra["person_id"]}

    async def _own_seat(self) -> Mapping[str, Any]:
        await self._meeting()
        return _token((await told(self._desk, ParticipantRegistered)).seat_path)

    async def _own_place(self) -> Mapping[str, Any]:
        await self._member()
        return _token((await told(self._desk, TeamMemberNamed)).place_path)

    async def _own_invitation(self) -> Mapping[str, Any]:
        await self._anew()
        wish = InviteGuest(programme_id=P1, meeting_id=MEETING, name="Lærke", email="laerke@fgu.example")
        await self._desk.ask(invite_guest, wish)
        return _token((await told(self._desk, GuestInvited)).guest_path)


def _token(path: str) -> Mapping[str, Any]:
    return {"token": path.rpartition("/")[2]}


@pytest.fixture(autouse=True)
def robots_are_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


@pytest.mark.timeout(900)
async def test_whatever_is_typed_is_taken_as_text_or_refused_whole(town: Town) -> None:
    desk, somebody = town.desk, Somebody(town)
    await desk.publish(with_form())
    await desk.knows()
    await desk.has_meeting()
    await desk.has_meeting(kind="temadag")
    walk = Walk(town.client, partial(kept, desk), partial(look_everywhere, town))
    for template in PAGES:
        await walk.over(template, partial(somebody.path, template), FILLED, CONTACT)


ANOTHER_BROWSER = """
    INSERT INTO sessions (id, secret_sha256, account_id, browser, began_at, seen_at)
    SELECT gen_random_uuid()::text, sha256(gen_random_uuid()::text::bytea), min(id), 'En anden', now(), now()
    FROM accounts
"""
"""Where the page can sign them out."""


REFUSES = """
    INSERT INTO refused_mailboxes VALUES ($1, 'hovedpostkasse', 'post@aarhus.example', 'smtp_550', now(), 'c')
    ON CONFLICT DO NOTHING
"""


class Staff:
    """An administrator who is signed in."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self.browser = workplace.browser()
        self._numbers = itertools.count()

    async def path(self, template: str) -> str:
        if template == "/login":
            self.browser.cookies.clear()
        elif not self.browser.cookies:
            await self._workplace.signed_in("administrator", self.browser)
        if template.startswith("/stab/adressebog/{code}"):
            await self._an_entry()
        if template == "/login/mig":
            await self._workplace.host.pool.execute(ANOTHER_BROWSER)
        if template == "/stab/noegler/ny":
            await self._workplace.host.pool.execute("DELETE FROM client_tokens; DELETE FROM client_sources")
        session_id = await self._a_session() if "{session_id}" in template else ""
        return STAFF_PAGES[template].format(
            grant_id=await self._a_grant(), session_id=session_id, client=await self._a_client()
        )

    async def _a_session(self) -> str:
        await self._workplace.host.pool.execute(ANOTHER_BROWSER)
        found: str = await self._workplace.host.pool.fetchval(
            "SELECT id FROM sessions WHERE browser = 'En anden' AND ended_at IS NULL ORDER BY began_at DESC LIMIT 1"
        )
        return found

    async def _a_client(self) -> str:
        name = f"system-{next(self._numbers)}"
        wish = AddClient(client=name, scopes=("enrol",), days=30, sha256=sha256(name.encode()).hexdigest())
        await self._workplace.desk.ask(add_client, wish)
        return name

    async def _an_entry(self) -> None:
        """As it was, with one unit, and a mailbox that refuses mails."""
        unit = PutUnit(id="unge", name="Unge")
        wish = PutOrganisation(code=AARHUS, main_email="post@aarhus.example", domains=(), mailboxes=(), units=(unit,))
        await self._workplace.desk.ask(put_organisation, wish)
        await self._workplace.host.pool.execute(REFUSES, AARHUS)

    async def _a_grant(self) -> int:
        wish = GrantRole(email="laeser@tovholder.example", role="reader")
        await self._workplace.desk.ask(grant_role, wish)
        found: int = await self._workplace.host.pool.fetchval("SELECT max(id) FROM role_grants")
        return found


def taken(answer: httpx.Response) -> bool:
    """A page leads on, by itself or by a redirect; or it shows what was looked for, or a token once."""
    return (
        answer.status_code == 303
        or 'http-equiv="refresh"' in answer.text
        or (answer.is_success and (">Søg<" in answer.text or 'id="noegle"' in answer.text))
    )


IN_THE_BOOK = {
    "main_email": "ny@aarhus.example",
    "cvr": "55133018",
    "name": "Ungecentret",
    "id": "anden",
    "billing.ean": "5798000000001",
    "billing.order_reference": "ordre",
    "billing.account_string": "1234",
    "billing.address.street": "Vej 1",
    "billing.address.postcode": "8000",
    "billing.address.city": "Aarhus",
    "role.0.name": "borgmester",
    "role.0.email": "bm@aarhus.example",
    "other": "0840",
    "stays": "denne",
    "content": base64.b64encode(b"kommunekode;hovedpostkasse\n0101;post@kk.example\n").decode(),
}


@pytest.mark.timeout(400)
async def test_whatever_staff_type_is_taken_as_text_or_refused_whole(workplace: Workplace) -> None:
    staff = Staff(workplace)

    async def look(_: httpx.Response) -> None:
        for path in ("/stab/adgang", "/stab/noegler", "/login/mig", "/stab/adressebog", f"/stab/adressebog/{AARHUS}"):
            must_be_escaped((await staff.browser.get(path)).text)

    usual = {"email": "ny@tovholder.example", "role": "reader", "client": "crm", "days": "30", "may_bundles": "enrol"}
    usual |= IN_THE_BOOK
    walk = Walk(staff.browser, partial(kept, workplace.desk), look, taken)
    for template in STAFF_PAGES:
        whose = {"role": "hovedpostkasse"} if template.endswith("/virker") else {}
        await walk.over(template, partial(staff.path, template), {**usual, **whose}, {})


class Consultant:
    """Who is signed in, and makes what a page needs, anew each time."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._desk = workplace, workplace.desk
        self.browser = workplace.browser()
        self._numbers = itertools.count()

    async def path(self, template: str) -> str:
        if not self.browser.cookies:
            await self._workplace.signed_in("consultant", self.browser)
        await emptied(self._desk)
        await self._desk.pool.execute(
            "UPDATE programmes SET state = 'open', cancelled_at = NULL, cancelled_because = NULL, merged_groups = '{}'"
        )
        kind = PROGRAMME_PAGES[template]
        sign_up_id, option_id = "", "analyse"
        match kind:
            case "waiting":
                email = f"n{next(self._numbers)}@elsewhere{next(self._numbers)}.example"
                sign_up_id = await self._desk.form(AARHUS, contact_email=email, answers={"opbakning": "ja"})
                await self._desk.press(sign_up_id)
            case "book":
                wish = PutOrganisation(code=AARHUS, main_email="post@aarhus.example")
                await self._desk.ask(put_organisation, wish)
            case "nothing" | "guest":
                pass
            case _:
                await self._desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}, forbehold=kind == "reserved"))
        if kind == "access":
            await self._desk.ask(appoint_secretary, ACCESS)
        state = "held" if kind == "begun" else "scheduled"
        await self._desk.pool.execute("UPDATE meetings SET state = $2 WHERE id = $1", MEETING, state)
        person_id = await self._somebody(kind, option_id)
        if kind in {"ordered", "buyer"}:
            option_id = "sager"
        if kind == "ordered":
            bought = OrderOption(enrolment_id=PLACE, option_id=option_id, accepted_price_ore=9_500_000)
            await self._desk.ask(order_option, bought)
        return template.replace("{round:int}", "1").format(
            programme_id=P1,
            enrolment_id=PLACE,
            option_id=option_id,
            sign_up_id=sign_up_id,
            meeting_id=MEETING,
            person_id=person_id,
            role_id="faktura",
        )

    async def _somebody(self, kind: str, option_id: str) -> str:
        """Who is at the meeting or on the team, where there has to be somebody."""
        match kind:
            case "seat":
                return str((await self._desk.register(PLACE, MEETING, "Alle Anden"))["person_id"])
            case "extra":
                await self._desk.register(PLACE, MEETING, "Alle Anden")
                return str((await self._desk.register(PLACE, MEETING, "En Til", price=100_000))["person_id"])
            case "member":
                named = NameTeamMember(enrolment_id=PLACE, name="Dorte", email="dorte@k0751.example")
                return str((await self._desk.ask(name_team_member, named))["person_id"])
            case "guest":
                invited = InviteGuest(programme_id=P1, meeting_id=MEETING, name="Lærke", email="laerke@fgu.example")
                return str((await self._desk.ask(invite_guest, invited))["person_id"])
            case "quoted":
                until = date(2020, 6, 30)
                offered = QuoteOption(
                    enrolment_id=PLACE, option_id=option_id, price_ore=100, includes="En dag", good_until=until
                )
                await self._desk.ask(quote_option, offered)
        return ""


DONE_BY_STAFF = {
    **FILLED,
    "group": "oest",
    "into": "vest",
    "reason": "Derfor",
    "gaelder": "postkassen",
    "count": "1",
    "up_to": "999999",
    "hard": "3",
    "usual": "3",
    "hvem": "alle",
    "price": "1.000,00",
    "includes": "En dag",
    "good_until": "2020-06-30",
    "content": base64.b64encode(
        b"kommunekode;navn;e-mail;rolle;svar: opbakning\n0751;Bo;bo@k0751.example;kontakt;ja\n"
    ).decode(),
}


@pytest.mark.timeout(900)
async def test_whatever_staff_type_about_a_programme_is_taken_as_text_or_refused_whole(workplace: Workplace) -> None:
    await workplace.desk.publish(with_form())
    await workplace.desk.has_meeting()
    await workplace.desk.has_meeting(kind="temadag")
    staff = Consultant(workplace)

    async def look(_: httpx.Response) -> None:
        for path in ("", "/formularer", "/venteliste", "/historik", f"/tilmeldinger/{PLACE}"):
            shown = await staff.browser.get(f"/stab/forloeb/{P1}{path}")
            assert shown.status_code in {200, 404}, (path, shown.text)
            must_be_escaped(shown.text)

    walk = Walk(staff.browser, partial(kept, workplace.desk), look)
    for template in PROGRAMME_PAGES:
        await walk.over(template, partial(staff.path, template), DONE_BY_STAFF, {})


class Editor:
    """A consultant, and a draft that is begun anew each time."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._desk = workplace, workplace.desk
        self.browser = workplace.browser()
        self._numbers = itertools.count()
        self.draft_id = ""

    async def path(self, template: str) -> str:
        if not self.browser.cookies:
            await self._workplace.signed_in("consultant", self.browser)
        await self._desk.pool.execute("DELETE FROM programme_drafts")
        kind, number = EDITOR_PAGES[template], next(self._numbers)
        if kind:
            wish = BeginProgrammeDraft(
                source="skabelon:flere-i-arbejde",
                programme_id=f"forloeb-{number}",
                title="Et forløb",
                year=2027 if kind == "moved" else None,
            )
            self.draft_id = (await self._desk.ask(begin_programme_draft, wish))["draft_id"]
        return template.format(programme_id=P1, draft_id=self.draft_id, where=kind)


@pytest.mark.timeout(900)
async def test_whatever_staff_type_in_the_editor_is_taken_as_text_or_refused_whole(workplace: Workplace) -> None:
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    workplace.host.outbox._too_old = math.inf
    await workplace.desk.publish()
    staff = Editor(workplace)
    usual = {
        "source": "tom",
        "title": "Et nyt forløb",
        "programme_id": "et-nyt",
        "year": "2027",
        "text": programme_text().replace(f"id: {P1}", "id: et-tredje"),
        "set": "enrolment.deadline",
    }

    async def look(_: httpx.Response) -> None:
        for path in ("", "/felter/om", "/felter/meetings", "/felter/meetings.2", "/fil", "/udgiv", "/vis"):
            shown = await staff.browser.get(f"/stab/redigering/{staff.draft_id}{path}")
            assert shown.status_code in {200, 404}, (path, shown.text)
            must_be_escaped(shown.text)
        must_be_escaped((await staff.browser.get("/stab/redigering")).text)

    walk = Walk(staff.browser, partial(kept, workplace.desk), look)
    for template in EDITOR_PAGES:
        await walk.over(template, partial(staff.path, template), usual, {})


async def look_everywhere(town: Town, answer: httpx.Response) -> None:
    """What shows what was typed is shown, and read as text; each fact is one that readers take in."""
    seen = [answer.headers["location"]]
    for fact in await town.desk.told():
        seen += [fact.confirm_path] if isinstance(fact, EnrolmentReceived) else []
        seen += [fact.draft_path] if isinstance(fact, SignUpDraftSaved) else []
    seen += [
        f"{urlsplit(one).path}/behov" for one in seen if one.startswith(("/moedeplads/", "/holdplads/", "/gaest/"))
    ]
    for path in seen:
        shown = await town.client.get(urlsplit(path).path)
        assert shown.status_code in {200, 410}, (path, shown.text)
        must_be_escaped(shown.text)
    for listed in (
        "/enrolments",
        "/sign-ups",
        f"/enrolments/{PLACE}/participants",
        f"/meetings/{MEETING}/needs",
        OF_TEAM,
    ):
        read = await town.api("GET", listed)
        assert read.status_code in {200, 404}, read.text


@pytest.mark.timeout(400)
async def test_whatever_stands_in_a_cell_of_the_address_book_is_taken_or_the_sheet_refused_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(TEXTS.values())
    cells = [*itertools.product((*COLUMNS, "rolle: borgmester"), texts), *zip(texts, reversed(texts), strict=True)]
    taken = 0
    for heading, text in cells:
        columns = {"kommunekode": KOEBENHAVN, heading: text}

        async def read(_: bytes, columns: dict[str, str] = columns) -> tuple[list[str], list[list[str]]]:
            return list(columns), [list(columns.values())]

        monkeypatch.setattr(spreadsheet, "read_table", read)
        taken += await imported(desk, b"")
    assert 0 < taken < len(cells)


def as_csv(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def as_xlsx(rows: list[list[str]]) -> bytes:
    """What no Excel can write is left out."""
    book = openpyxl.Workbook()
    for row in rows:
        cells = [ILLEGAL_CHARACTERS_RE.sub("", cell).replace("\ufffe", "") for cell in row]
        book.active.append([cell.encode("utf-8", "ignore").decode() for cell in cells])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


async def cells_of(text: str) -> list[Any]:
    """The cell that it is when it stands alone in a column; none of a file that cannot be read."""
    try:
        _, rows = await spreadsheet.read_table(as_csv([["kommunekode", "x"], ["0751", text]]))
    except spreadsheet.SpreadsheetError:
        return []
    return [rows[0][1]] if rows and len(rows[0]) > 1 else []


ANSWERS = ("svar: baggrund", "svar: antal", "svar: temaer", "svar: behandlet", "svar: hjemmeside")
SHEET = (*ANSWERS, *enrolment_sheet.COLUMNS)
BY_CONTACT = {"navn": "Karen", "e-mail": "karen@k0751.example", "rolle": "kontakt", "svar: opbakning": "ja"}
BY_OTHERS = {"navn": "Bo", "e-mail": "bo@k0751.example", "rolle": "deltager", "møder": "alle"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", [BY_CONTACT, BY_OTHERS], ids=["contact", "participant"])
async def test_whatever_stands_in_a_cell_of_a_sheet_of_enrolments_is_taken_or_the_sheet_refused_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, row: dict[str, str]
) -> None:
    """In the row of the contact, and in that of somebody else: the other one is as it should be."""
    await desk.publish(with_form())
    await desk.has_meeting()
    await desk.told()
    # As the process that takes files apart reads each: a text that no cell can hold refuses the file there.
    read_as = [cell for text in TEXTS.values() for cell in await cells_of(text)]
    assert len(read_as) > len(TEXTS) / 2
    before = await kept(desk)
    headings = [*dict.fromkeys((*SHEET, "svar: opbakning"))]
    taken = 0
    # Every text in some column, and several in each.
    step = -(-len(read_as) // len(SHEET))
    each = len(read_as) if EVERY_TEXT else step + 1
    asked = [(one, read_as[(at * step + n) % len(read_as)]) for at, one in enumerate(SHEET) for n in range(each)]
    for heading, cell in asked:
        rows: list[dict[str, Any]] = [{"kommunekode": AARHUS, **one} for one in (BY_CONTACT, BY_OTHERS)]
        rows[(BY_CONTACT, BY_OTHERS).index(row)][heading] = cell
        cells = [[one.get(name, "") for name in headings] for one in rows]

        async def read(_: bytes, cells: list[list[Any]] = cells) -> tuple[list[str], list[list[Any]]]:
            return headings, cells

        monkeypatch.setattr(spreadsheet, "read_table", read)
        try:
            await desk.ask(import_enrolments, ImportEnrolments(programme_id=P1, content="", dry_run=False, mail=True))
        except Refused:
            assert await kept(desk) == before, (heading, cell)
            continue
        taken += 1
        # Whatever is told of it is read by whoever hears it.
        assert await desk.told(), (heading, cell)
        await emptied(desk)
        before = await kept(desk)
    assert 0 < taken < len(asked)


@pytest.mark.parametrize("written", [as_csv, as_xlsx])
async def test_a_sheet_is_read_or_refused_whatever_is_written_in_it(
    desk: Desk, written: Callable[[list[list[str]]], bytes]
) -> None:
    texts = list(TEXTS.values())
    assert not await imported(desk, written([["kommunekode", "kontostreng"], *([text, text] for text in texts)]))
    for part in range(0, len(texts), 12):
        named = texts[part : part + 12]
        await imported(desk, written([["kommunekode", *named], [KOEBENHAVN, *named]]))


async def test_what_is_no_sheet_at_all_is_refused(desk: Desk) -> None:
    for name in ("control", "half a pair", "scripts", "xml", "json", "path", "nothing", "long word"):
        assert not await imported(desk, TEXTS[name].encode("utf-8", "surrogatepass"))


async def imported(desk: Desk, sheet: bytes) -> bool:
    """Whether it was taken; a "no" changes nothing."""
    before = await kept(desk)
    command = ImportAddresses(content=base64.b64encode(sheet).decode(), dry_run=False)
    try:
        await desk.ask(import_addresses, command)
    except Refused:
        assert await kept(desk) == before
        return False
    return True
