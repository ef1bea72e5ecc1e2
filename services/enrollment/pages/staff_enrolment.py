"""One enrolment as staff work with it: all that is known of it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.meeting_text import when_text
from services.enrollment.domain.needs import asked, asked_of_team, may_say, may_say_on_team
from services.enrollment.domain.options import Option, as_it_stands, may_answer, may_order, wording
from services.enrollment.domain.price_text import is_billed
from services.enrollment.domain.programme import group_title
from services.enrollment.domain.roster import Roster, has_begun, is_changeable, takes_people, why_closed
from services.enrollment.domain.secretary import TERM as SECRETARY
from services.enrollment.domain.status import meeting_status
from services.enrollment.domain.team import size_text
from services.enrollment.pages.staff_programme import address, cursor_of, following, head_of, reader, show
from services.enrollment.usecases.read_enrolment_page import EnrolmentPage, read_enrolment_page
from services.enrollment.usecases.read_explanation import read_explanation, read_team_explanation
from services.enrollment.usecases.read_programme_page import Head
from shared.base.problems import Problem
from shared.contracts.danish import long_day
from shared.contracts.enrollment import MAIN_ROLE, SECRETARY_ROLE
from shared.contracts.parties import Billing, billing_details
from shared.runtime.service import Host
from shared.web.staff import badge_in


def place(request: Request) -> str:
    return address(request, f"/tilmeldinger/{request.path_params['enrolment_id']}")


async def find(
    host: Host, request: Request, *, of_meeting: bool = False, of_team: bool = False
) -> tuple[Head, EnrolmentPage]:
    """Problem 404 where the programme has no such enrolment. With the meeting of the path alone, or with the team's."""
    named = request.path_params
    query = {} if of_meeting or of_team else cursor_of(request)
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_enrolment_page(
            tx,
            named["programme_id"],
            named["enrolment_id"],
            query,
            named["meeting_id"] if of_meeting else None,
            of_team=of_team,
        )
    if found is None:
        raise Problem(404, "not_found")
    return head, found


async def enrolment(host: Host, request: Request) -> Response:
    head, found = await find(host, request)
    one = found.enrolment
    return show(
        host,
        request,
        "staff_enrolment.html",
        head,
        found=found,
        one=one,
        place=place(request),
        facts=_facts(found),
        billing=_billing(one.billing),
        is_billed=is_billed(head.programme.terms),
        missing=billing_details(found.missing),
        invoice_on=long_day(found.invoiced_from) if found.invoiced_from else None,
        history=[
            {
                "label": _role_label(found, held.role),
                "name": held.holder.name,
                "email": held.holder.email,
                "since": sent_at(held.since),
                "until": sent_at(held.until) if held.until else None,
                "because": held.because,
            }
            for held in found.history
        ],
        options=[
            _option(request, found, option) for option in found.options if one.has_place or option.order is not None
        ],
        rosters=[_roster(one) for one in found.rosters],
        following=following(request, found.following),
        team=size_text(found.team) if found.team else None,
        groups=[group for group in head.programme.terms.groups if group.id not in head.programme.merged],
    )


def _role_label(found: EnrolmentPage, role: str) -> str:
    terms = found.programme.terms
    if role == SECRETARY_ROLE:
        return SECRETARY.label
    if role == MAIN_ROLE:
        return terms.terms.contact_label
    return next((one.term.label for one in found.roles if one.term.id == role), role)


def _facts(found: EnrolmentPage) -> list[tuple[str, str]]:
    one, forbehold = found.enrolment, found.enrolment.forbehold
    words = {"open": "Åbent", "approved": "Godkendt", "refused": "Ikke godkendt", "none": ""}
    rows = [
        ("Modtaget", sent_at(one.received_at) if one.received_at else ""),
        ("Fik sin plads", sent_at(one.enrolled_at) if one.enrolled_at else ""),
        ("Endte", sent_at(one.withdrawn_at) if one.withdrawn_at and not one.is_signed_up else ""),
        ("Nr. på ventelisten", str(found.position) if found.position else ""),
        ("Gruppe", group_title(found.programme, one.group)),
        ("Forbehold", words[forbehold.state]),
        ("Behandles i", forbehold.committee),
        ("Svar ventes", long_day(forbehold.expected_on) if forbehold.expected_on else ""),
        ("Pladsen holdes til og med", long_day(found.held_until) if found.held_until else ""),
        ("Kom med efter fristen, fordi", one.late.reason if one.late else ""),
        ("Region", one.organisation.region or ""),
        ("CVR-nummer", one.organisation.cvr or ""),
    ]
    return [(name, said) for name, said in rows if said]


def _billing(billing: Billing) -> list[tuple[str, str]]:
    at = billing.address
    known = {
        "Enhed": billing.unit_name,
        "EAN-nummer": billing.ean,
        "P-nummer": billing.p_number,
        "Ordre-/rekvisitionsnummer": billing.order_reference,
        "Personreference": billing.person_reference,
        "Kontostreng": billing.account_string,
        "E-mail til fakturaer": billing.email,
        "Adresse": f"{at.street}, {at.postcode} {at.city}" if at else None,
    }
    return [(name, said) for name, said in known.items() if said]


def _option(request: Request, found: EnrolmentPage, option: Option) -> dict[str, Any]:
    order = as_it_stands(option.order, found.now)
    return {
        "id": option.option_id,
        "title": option.title,
        "status": wording(option, found.now),
        "price": order.price if order and order.state in {"quoted", "ordered", "delivered"} else option.price,
        "until": long_day(order.good_until) if order and order.state == "quoted" and order.good_until else None,
        "delivered_on": long_day(order.delivered_on) if order and order.delivered_on else None,
        "can": _of_option(request, found, option),
        "may_deliver": found.programme.open and order is not None and order.state == "ordered",
        "may_quote": found.programme.open
        and found.enrolment.has_place
        and option.term is not None
        and option.term.price_ore is None
        and (order is None or order.state not in {"ordered", "delivered"}),
    }


def _of_option(request: Request, found: EnrolmentPage, option: Option) -> Links:
    here, order = f"{place(request)}/tilkoeb/{option.option_id}", as_it_stands(option.order, found.now)
    answers, state = may_answer(option, found.now), order.state if order else ""
    quote = f"{here}/tilbud/{order.round}" if order else ""
    owed = state in {"ordered", "delivered"} and order is not None and order.price_ore > 0
    return _open_to(
        request,
        ("Bestil", f"{here}/bestil", "OrderOption", may_order(option, found.now)),
        ("Kommunen siger ja", f"{quote}/ja", "AcceptQuote", answers),
        ("Kommunen siger nej", f"{quote}/nej", "DeclineQuote", answers),
        ("Træk tilbage", f"{here}/traek-tilbage", "WithdrawOption", state in {"ordered", "quoted"}),
        ("Hvem betaler", f"{here}/betaler", "ChangeOptionBilling", owed),
    )


def _roster(roster: Roster) -> dict[str, Any]:
    registers = roster.terms is not None and roster.terms.attendance == "registered"
    counts = f"{len(roster.seats)} tilmeldt" if roster.limit is None else f"{len(roster.included)} af {roster.limit}"
    return {
        "id": roster.meeting.id,
        "title": roster.meeting.title,
        "when": when_text(roster.meeting),
        "status": meeting_status(roster.meeting_state, roster.meeting.date_version),
        "counts": counts if registers else "",
        "extra": len(roster.extras),
        "people": [(seat.person.name, seat.person.email, seat in roster.extras) for seat in roster.seats],
        "shown": registers or bool(roster.seats) or (roster.enrolment.ad_hoc is True),
        "empty": registers and not roster.seats and takes_people(roster),
    }


Links = list[tuple[str, str]]
"""What can be done: label and address."""


async def why_roster(host: Host, request: Request) -> Response:
    """Who is registered for a meeting and why, entry by entry, and what can be done about it."""
    named = request.path_params
    head, found = await find(host, request, of_meeting=True)
    roster = found.roster(named["meeting_id"])
    if roster is None:
        raise Problem(404, "not_found")
    here = f"{place(request)}/moeder/{roster.meeting.id}"
    changeable, registers = is_changeable(roster, found.now), roster.terms is not None
    registers = registers and roster.terms is not None and roster.terms.attendance == "registered"
    called = roster.meeting.id in found.called
    ahead = found.programme.open and found.enrolment.ad_hoc and found.enrolment.has_place
    can = _open_to(
        request,
        ("Tilmeld en deltager", f"{here}/tilmeld", "RegisterParticipant", why_closed(roster, found.now) is None),
        (
            "Skriv en på, der mødte op",
            f"{here}/moedt-op",
            "RegisterWalkIn",
            registers and has_begun(roster, found.now) and roster.meeting_state != "cancelled",
        ),
        ("Invitér til mødet", f"{here}/inviter", "InviteMember", bool(ahead) and not called),
        ("Tag invitationen tilbage", f"{here}/ikke-med", "UninviteMember", bool(ahead) and called),
    )

    def of_person(person_id: str) -> Links:
        seat = roster.seat_of(person_id)
        there = seat is not None and changeable
        says = asked(roster) is not None and may_say(roster, found.now)
        return _open_to(
            request,
            ("Skift", f"{here}/skift/{person_id}", "ReplaceParticipant", there),
            ("Afmeld", f"{here}/afmeld/{person_id}", "CancelParticipant", there),
            ("Kost og adgang", f"{here}/behov/{person_id}", "SetNeeds", seat is not None and says),
            ("Hvem betaler", f"{here}/betaler/{person_id}", "ChangeExtraBilling", seat in roster.extras),
            ("Luk links", f"{place(request)}/links/{person_id}", "CloseLinks", seat is not None),
        )

    return await _why(host, request, read_explanation, {"meeting_id": roster.meeting.id}, head, found, can, of_person)


async def why_team(host: Host, request: Request) -> Response:
    head, found = await find(host, request, of_team=True)
    team, meetings = found.team, found.team_meetings
    here = f"{place(request)}/hold"
    stands = team is not None and found.programme.open and found.enrolment.has_place
    says = team is not None and meetings is not None and may_say_on_team(team, meetings, found.now)
    full = team is not None and team.is_full
    can = _open_to(request, ("Sæt en på holdet", f"{here}/ny", "NameTeamMember", stands and not full))

    def of_person(person_id: str) -> Links:
        there = team is not None and team.member(person_id) is not None
        asks = team is not None and asked_of_team(team) is not None
        return _open_to(
            request,
            ("Skift", f"{here}/skift/{person_id}", "ReplaceTeamMember", stands and there),
            ("Tag af holdet", f"{here}/fjern/{person_id}", "RemoveTeamMember", stands and there),
            ("Kost og adgang", f"{here}/behov/{person_id}", "SetTeamNeeds", says and asks and there),
            ("Luk links", f"{place(request)}/links/{person_id}", "CloseLinks", there),
        )

    return await _why(host, request, read_team_explanation, {}, head, found, can, of_person)


def _open_to(request: Request, *known: tuple[str, str, str, bool]) -> Links:
    """Of label, address, command and whether it can be done: what whoever is signed in may do."""
    badge, programme_id = badge_in(request), request.path_params["programme_id"]
    return [
        (label, path) for label, path, command, can in known if can and badge.may(f"enrollment.{command}", programme_id)
    ]


async def _why(
    host: Host,
    request: Request,
    read: Any,
    more: Mapping[str, str],
    head: Head,
    found: EnrolmentPage,
    can: Links,
    of_person: Callable[[str], Links],
) -> Response:
    asked_for = {"enrolment_id": found.enrolment.id, **more, **cursor_of(request)}
    async with host.transaction(reader(request)) as tx:
        explained = await read(tx, asked_for)
    return show(
        host,
        request,
        "staff_why.html",
        head,
        found=found,
        place=place(request),
        title=explained.get("title", "Det faste hold"),
        counted=explained.get("seats") or explained.get("team"),
        entries=[(one, [] if one["place"] is None else of_person(one["person_id"])) for one in explained["entries"]],
        can=can,
        following=following(request, explained["next"]),
    )
