"""Pages for people outside and for staff: which path shows which page, and what a form on it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.enrollment.entrypoints import acts
from services.enrollment.pages import (
    book,
    book_edit,
    book_entry,
    book_import,
    book_merge,
    confirming,
    guest,
    invoice_details,
    login,
    mailed_links,
    options,
    own_mailbox,
    own_page,
    participants,
    place,
    roles,
    search,
    seat,
    secretary,
    sign_up,
    staff_archive,
    staff_attendance,
    staff_deeds,
    staff_enrolment,
    staff_forms,
    staff_history,
    staff_import,
    staff_meeting,
    staff_more,
    staff_people,
    staff_programme,
    staff_roles,
    staff_sign_up,
    staff_tokens,
    staff_waiting_list,
    standing,
    team,
    why,
    workspace,
)
from services.enrollment.pages import help as help_pages
from services.enrollment.pages.confirming import guarded_page
from services.enrollment.pages.editor import common as editor
from services.enrollment.pages.editor import deciding, drafts, form, preview, publishing
from services.enrollment.usecases.sign_in import SignIns
from shared.base.acts import Act
from shared.runtime.service import Host
from shared.web.own_mailbox import OWN_MAILBOX
from shared.web.pages import page
from shared.web.scopes import of_command
from shared.web.staff import staff_page
from shared.web.token_use import use_page

_BOOK, _BOOKS = "/stab/adressebog", "enrollment.organisations"
_ENTRY = f"{_BOOK}/{{code}}"
_PEOPLE = "enrollment.enrolments.participants"
_CLIENTS = "enrollment.clients"
_PERSON = "enrollment.people"
_CLIENT = "/stab/noegler/klient/{client}"
_PROGRAMME = "/stab/forloeb/{programme_id}"
_ENROLMENT = f"{_PROGRAMME}/tilmeldinger/{{enrolment_id}}"
_ROSTER = f"{_ENROLMENT}/moeder/{{meeting_id}}"
_HOLD = f"{_ENROLMENT}/hold"
_TILKOEB = f"{_ENROLMENT}/tilkoeb/{{option_id}}"
_AT_MEETING = f"{_PROGRAMME}/deltagere/{{meeting_id}}"
_FORM = f"{_PROGRAMME}/formularer/{{sign_up_id}}"
_DRAFT = f"{editor.HERE}/{{draft_id}}"
_STANDING = "/plads/{token}"
_OPTION = f"{_STANDING}/tilkoeb/{{option_id}}"
_QUOTE = f"{_OPTION}/tilbud/{{round}}"
_PARTICIPANTS = "/deltagere/{token}"
_TEAM = f"{_PARTICIPANTS}/hold"
_MEETING = f"{_PARTICIPANTS}/{{meeting_id}}"
_SEAT = "/moedeplads/{token}"
_PLACE = "/holdplads/{token}"
_GUEST = "/gaest/{token}"


def pages(host: Host, sign_ins: SignIns | None) -> Sequence[BaseRoute]:
    """The first path that fits counts. Without `sign_ins` nobody signs in."""
    return (
        *_for_staff(host, login.Login(host, sign_ins)),
        *_for_people_outside(host, partial(page, host)),
    )


def _for_staff(host: Host, sign_in: login.Login) -> Sequence[BaseRoute]:
    shows = partial(staff_page, host, renew=sign_in.renew)

    def does(path: str, shown: Callable[..., Awaitable[Response]], act: Act) -> BaseRoute:
        """A page that says what will come of the act and then does it: for whoever may do it alone."""
        return shows(path, shown, act, opens=of_command(act.command, host.service.name))

    return (
        Route("/login", sign_in.front, methods=["GET", "POST"]),
        Route("/login/tilbage", sign_in.back, methods=["GET"]),
        Route("/login/ud", sign_in.out, methods=["POST"]),
        Route("/login/oidc/logud", sign_in.told_by_provider, methods=["POST"]),
        shows("/login/inde", login.inside, opens=""),
        shows("/login/mig", login.me, opens="", posts=True),
        shows(OWN_MAILBOX, own_mailbox.own_mailbox, opens=""),
        shows("/stab", workspace.front, opens=""),
        shows("/stab/soeg", search.search, opens="enrollment.enrolments", posts=True),
        shows("/stab/hvorfor/{sought:path}", why.why, opens="enrollment.enrolments"),
        shows("/stab/adgang", staff_roles.roles, acts.GRANT_ROLE, opens="enrollment.staff"),
        shows("/stab/adgang/{grant_id:int}", staff_roles.revoke, acts.REVOKE_ROLE, opens="enrollment.staff"),
        shows(_BOOK, book.book, opens=_BOOKS, posts=True),
        shows(f"{_BOOK}.csv", book.as_csv, opens=_BOOKS),
        shows(f"{_BOOK}.xlsx", book.as_xlsx, opens=_BOOKS),
        shows(f"{_BOOK}/dobbelte", book.twins, opens=_BOOKS),
        shows(
            f"{_BOOK}/indlaes",
            book_import.book_import,
            acts.IMPORT_ADDRESSES,
            opens=of_command(acts.IMPORT_ADDRESSES.command, host.service.name),
            room=book_import.ROOM,
        ),
        shows(_ENTRY, book_entry.entry, opens=_BOOKS),
        does(f"{_ENTRY}/ret", book_edit.organisation, acts.PUT_ORGANISATION),
        does(f"{_ENTRY}/enheder/ny", book_edit.new_unit, acts.PUT_ORGANISATION),
        does(f"{_ENTRY}/enheder/{{unit}}", book_edit.unit, acts.PUT_ORGANISATION),
        does(f"{_ENTRY}/enheder/{{unit}}/fjern", book_edit.remove_unit, acts.PUT_ORGANISATION),
        does(f"{_ENTRY}/laeg-sammen", book_merge.merge, acts.MERGE_ORGANISATIONS),
        does(f"{_ENTRY}/virker", book_entry.accept, acts.ACCEPT_MAILBOX),
        shows(
            "/stab/adgang/session/{session_id}",
            staff_roles.end,
            acts.END_SESSION,
            opens="enrollment.sessions",
            everywhere=True,
        ),
        shows("/stab/noegler", staff_tokens.tokens, opens=_CLIENTS, everywhere=True),
        shows("/stab/noegler/ny", staff_tokens.add, acts.ADD_CLIENT, opens=_CLIENTS, everywhere=True),
        shows(_CLIENT, staff_tokens.client, opens=_CLIENTS, everywhere=True),
        shows(f"{_CLIENT}/byt", staff_tokens.exchange, acts.RENEW_TOKEN, opens=_CLIENTS, everywhere=True),
        shows(f"{_CLIENT}/spaer", staff_tokens.revoke, acts.REVOKE_TOKENS, opens=_CLIENTS, everywhere=True),
        shows("/stab/personer", staff_people.erase, acts.FIND_PEOPLE, acts.ERASE, opens=_PERSON, everywhere=True),
        shows("/stab/personer/{person_id}", staff_people.person, acts.ERASE, opens=_PERSON, everywhere=True),
        use_page(host, sign_in.renew),
        *_of_the_editor(shows),
        shows(_PROGRAMME, staff_programme.enrolments, opens="enrollment.enrolments"),
        shows(f"{_PROGRAMME}/tilmeldinger.csv", staff_programme.as_csv, opens="enrollment.enrolments"),
        shows(f"{_PROGRAMME}/tilmeldinger.xlsx", staff_programme.as_xlsx, opens="enrollment.enrolments"),
        shows(_ENROLMENT, staff_enrolment.enrolment, opens="enrollment.enrolments"),
        shows(
            _ROSTER,
            staff_enrolment.why_roster,
            opens="enrollment.enrolments.meetings.explanation",
        ),
        shows(_HOLD, staff_enrolment.why_team, opens="enrollment.enrolments.team.explanation"),
        does(f"{_ROSTER}/tilmeld", staff_deeds.REGISTER, acts.REGISTER),
        does(f"{_ROSTER}/moedt-op", staff_deeds.WALK_IN, acts.WALK_IN),
        does(f"{_ROSTER}/inviter", staff_deeds.CALL, acts.CALL_MEMBER),
        does(f"{_ROSTER}/ikke-med", staff_deeds.CALL_OFF, acts.CALL_MEMBER_OFF),
        does(f"{_ROSTER}/skift/{{person_id}}", staff_deeds.REPLACE, acts.REPLACE),
        does(f"{_ROSTER}/afmeld/{{person_id}}", staff_deeds.CANCEL, acts.CANCEL),
        does(f"{_ROSTER}/betaler/{{person_id}}", staff_deeds.PAYER, acts.CHANGE_EXTRA_BILLING),
        does(f"{_ROSTER}/behov/{{person_id}}", staff_deeds.NEEDS_AT_MEETING, acts.SET_NEEDS),
        does(f"{_HOLD}/ny", staff_deeds.NAME_MEMBER, acts.NAME_MEMBER),
        does(f"{_HOLD}/skift/{{person_id}}", staff_deeds.REPLACE_MEMBER, acts.REPLACE_MEMBER),
        does(f"{_HOLD}/fjern/{{person_id}}", staff_deeds.REMOVE_MEMBER, acts.REMOVE_MEMBER),
        does(f"{_HOLD}/behov/{{person_id}}", staff_deeds.NEEDS_ON_TEAM, acts.SET_TEAM_NEEDS),
        does(f"{_ENROLMENT}/afmeld", staff_deeds.WITHDRAW, acts.WITHDRAW),
        does(f"{_ENROLMENT}/godkendt", staff_deeds.APPROVE, acts.RESOLVE),
        does(f"{_ENROLMENT}/ikke-godkendt", staff_deeds.REFUSE, acts.RESOLVE),
        does(f"{_ENROLMENT}/forbehold", staff_deeds.RESERVATION, acts.CHANGE_RESERVATION),
        does(f"{_ENROLMENT}/kontakt", staff_deeds.CONTACT, acts.CHANGE_CONTACT),
        does(f"{_ENROLMENT}/sekretaer", staff_deeds.SECRETARY, acts.APPOINT_SECRETARY),
        does(f"{_ENROLMENT}/sekretaer/luk", staff_deeds.CLOSE_SECRETARY, acts.DISMISS_SECRETARY),
        does(f"{_ENROLMENT}/luk-links", staff_deeds.REVOKE_LINKS, acts.REVOKE_LINKS),
        does(f"{_ENROLMENT}/links/{{person_id}}", staff_deeds.CLOSE_LINKS, acts.CLOSE_LINKS),
        does(f"{_ENROLMENT}/gruppe", staff_deeds.GROUP, acts.CHANGE_GROUP),
        does(f"{_ENROLMENT}/faktura", staff_deeds.BILLING, acts.CHANGE_BILLING),
        does(f"{_ENROLMENT}/roller/{{role_id}}", staff_deeds.ROLE, acts.CHANGE_ROLE),
        does(f"{_TILKOEB}/leveret", staff_deeds.DELIVER, acts.DELIVER),
        does(f"{_TILKOEB}/tilbud", staff_deeds.QUOTE, acts.QUOTE),
        does(f"{_TILKOEB}/tilbud/{{round:int}}/ja", staff_deeds.ACCEPT, acts.ACCEPT),
        does(f"{_TILKOEB}/tilbud/{{round:int}}/nej", staff_deeds.DECLINE, acts.DECLINE_QUOTE),
        does(f"{_TILKOEB}/bestil", staff_deeds.ORDER, acts.ORDER),
        does(f"{_TILKOEB}/traek-tilbage", staff_deeds.WITHDRAW_OPTION, acts.WITHDRAW_OPTION),
        does(f"{_TILKOEB}/betaler", staff_deeds.OPTION_PAYER, acts.CHANGE_OPTION_BILLING),
        shows(f"{_PROGRAMME}/deltagere", staff_attendance.attendance, opens=_PEOPLE),
        shows(_AT_MEETING, staff_meeting.meeting, opens=_PEOPLE),
        shows(f"{_AT_MEETING}/navneskilte.pdf", staff_meeting.name_tags, opens=_PEOPLE),
        shows(f"{_AT_MEETING}/deltagerliste.pdf", staff_meeting.people_list, opens=_PEOPLE),
        shows(f"{_AT_MEETING}/deltagere.csv", staff_meeting.as_csv, opens=_PEOPLE),
        shows(f"{_AT_MEETING}/deltagere.xlsx", staff_meeting.as_xlsx, opens=_PEOPLE),
        does(f"{_AT_MEETING}/gaester/ny", staff_deeds.INVITE_GUEST, acts.INVITE_GUEST),
        does(f"{_AT_MEETING}/gaester/{{person_id}}/fjern", staff_deeds.REMOVE_GUEST, acts.REMOVE_GUEST),
        does(f"{_AT_MEETING}/gaester/{{person_id}}/behov", staff_deeds.GUEST_NEEDS, acts.SET_GUEST_NEEDS),
        shows(f"{_PROGRAMME}/formularer", staff_forms.forms, opens="enrollment.sign-ups"),
        does(f"{_FORM}/godkend", staff_forms.vouch, acts.VOUCH),
        does(f"{_FORM}/afvis", staff_forms.dismiss, acts.DISMISS),
        does(f"{_FORM}/afvis-alle", staff_forms.dismiss_alike, acts.DISMISS_ALIKE),
        shows(f"{_PROGRAMME}/venteliste", staff_waiting_list.waiting_list, opens="enrollment.programmes.waiting-list"),
        does(f"{_PROGRAMME}/venteliste/pladser", staff_waiting_list.change_capacity, acts.CHANGE_CAPACITY),
        does(f"{_PROGRAMME}/aflys", staff_more.call_off, acts.CANCEL_PROGRAMME),
        does(f"{_PROGRAMME}/grupper", staff_more.merge_groups, acts.MERGE_GROUPS),
        does(f"{_PROGRAMME}/inviter", staff_more.invite, acts.INVITE),
        does(f"{_PROGRAMME}/skriv-ind", staff_sign_up.sign_up, acts.ENROL),
        shows(
            f"{_PROGRAMME}/indlaes",
            staff_import.choose,
            acts.IMPORT_ENROLMENTS,
            acts.BEGIN_IMPORT,
            opens=of_command(acts.BEGIN_IMPORT.command, host.service.name),
            room=staff_import.ROOM,
        ),
        shows(f"{_PROGRAMME}/indlaes/{{import_id}}", staff_import.sheet, opens="enrollment.enrolments"),
        shows(f"{_PROGRAMME}/arkiv", staff_archive.archive, opens="enrollment.programmes.archive"),
        shows(f"{_PROGRAMME}/historik", staff_history.history, opens="enrollment.programmes.audit"),
    )


def _of_the_editor(shows: Callable[..., BaseRoute]) -> Sequence[BaseRoute]:
    edits = partial(shows, opens=editor.SCOPE)
    begin, save, discard = acts.BEGIN_PROGRAMME_DRAFT, acts.SAVE_PROGRAMME_DRAFT, acts.DISCARD_PROGRAMME_DRAFT
    return (
        edits(editor.HERE, drafts.overview),
        edits(f"{editor.HERE}/nyt", drafts.begin, begin),
        edits(f"{editor.HERE}/fil", drafts.from_file, begin, room=editor.ROOM),
        edits(f"{editor.HERE}/ny-version/{{programme_id}}", drafts.next_version, begin),
        edits(_DRAFT, drafts.draft),
        edits(f"{_DRAFT}/felter/{{where}}", form.fields, save),
        edits(f"{_DRAFT}/datoer", deciding.dates, save),
        edits(f"{_DRAFT}/laesninger", deciding.readings, acts.CHOOSE_READING),
        edits(f"{_DRAFT}/fil", drafts.replace_file, save, room=editor.ROOM),
        edits(f"{_DRAFT}/fil.yaml", drafts.download),
        edits(f"{_DRAFT}/vis", preview.preview),
        edits(f"{_DRAFT}/vis/formular", preview.sign_up),
        edits(f"{_DRAFT}/udgiv", publishing.publish, acts.PUBLISH, discard, acts.REHEARSE),
        edits(f"{_DRAFT}/kasser", drafts.discard, discard),
    )


def _for_people_outside(host: Host, shows: Callable[..., BaseRoute]) -> Sequence[BaseRoute]:
    """Those by `own` are behind a link of one person's, who shows that they read their mailbox before a change."""
    own = partial(guarded_page, host)
    return (
        shows("/", sign_up.front),
        shows("/tilgaengelighed", sign_up.accessibility),
        shows(help_pages.AT, help_pages.front),
        shows("/hjælp", help_pages.front),
        shows(f"{help_pages.AT}/{{reader}}", help_pages.of_reader),
        shows("/tilmeld/bekraeft/{token}", mailed_links.confirm, acts.CONFIRM),
        shows("/tilmeld/bekraeft/{token}/fortryd", mailed_links.take_back, acts.TAKE_BACK),
        shows("/tilmeld/bekraeft/{token}/flere", mailed_links.not_mailed),
        shows("/tilmeld/nej/{token}", mailed_links.decline, acts.DECLINE),
        shows("/tilmeld/kladde/{token}", sign_up.draft, acts.SIGN_UP, acts.SAVE_DRAFT),
        shows("/tilmeld/{programme_id}", sign_up.sign_up, acts.SIGN_UP, acts.SAVE_DRAFT),
        shows("/tilmeld/{programme_id}/modtaget", sign_up.receipt),
        shows("/tilmeld/{programme_id}/gemt", sign_up.saved),
        Route("/bekraeftet", partial(confirming.browser, host), methods=["GET", "POST"]),
        own(_STANDING, standing.standing),
        own(f"{_STANDING}/godkendt", standing.approve, acts.RESOLVE),
        own(f"{_STANDING}/ikke-godkendt", standing.refuse, acts.RESOLVE),
        own(f"{_STANDING}/forbehold", standing.reservation, acts.CHANGE_RESERVATION),
        own(f"{_STANDING}/faktura", invoice_details.invoice_details, acts.CHANGE_BILLING),
        own("/fakturaoplysninger/{token}", invoice_details.by_holder, acts.CHANGE_BILLING),
        own(f"{_STANDING}/kontakt", standing.contact, acts.CHANGE_CONTACT),
        own(f"{_STANDING}/kontakt/{{role_id}}", roles.role, acts.CHANGE_ROLE),
        own(f"{_STANDING}/sekretaer", secretary.appoint, acts.APPOINT_SECRETARY),
        own(f"{_STANDING}/sekretaer/luk", secretary.dismiss, acts.DISMISS_SECRETARY),
        own(f"{_STANDING}/luk-links", standing.revoke, acts.REVOKE_LINKS),
        own(f"{_STANDING}/afmeld", standing.leave, acts.WITHDRAW),
        own(f"{_OPTION}/bestil", options.order, acts.ORDER),
        own(f"{_OPTION}/betaler", options.payer, acts.CHANGE_OPTION_BILLING),
        own(f"{_OPTION}/fortryd", options.withdraw, acts.WITHDRAW_OPTION),
        own(_QUOTE, options.accept, acts.ACCEPT),
        own(f"{_QUOTE}/nej", options.decline, acts.DECLINE_QUOTE),
        own(_PARTICIPANTS, participants.overview),
        own(f"{_PARTICIPANTS}/afmeld-kommunen", participants.withdraw, acts.WITHDRAW),
        own(_TEAM, team.team, acts.NAME_MEMBER),
        own(f"{_TEAM}/behov/{{person_id}}", team.needs, acts.SET_TEAM_NEEDS),
        own(f"{_TEAM}/fjern/{{person_id}}", team.remove, acts.REMOVE_MEMBER),
        own(f"{_TEAM}/skift/{{person_id}}", team.replace, acts.REPLACE_MEMBER),
        own(_MEETING, participants.meeting, acts.REGISTER),
        own(f"{_MEETING}/afmeld/{{person_id}}", participants.cancel, acts.CANCEL),
        own(f"{_MEETING}/betaler/{{person_id}}", participants.payer, acts.CHANGE_EXTRA_BILLING),
        own(f"{_MEETING}/skift/{{person_id}}", participants.replace, acts.REPLACE),
        own(f"{_MEETING}/behov/{{person_id}}", participants.needs, acts.SET_NEEDS),
        own(_SEAT, seat.seat),
        own(f"{_SEAT}/behov", seat.needs, acts.SET_NEEDS),
        own(f"{_SEAT}/skift", seat.pass_on, acts.REPLACE),
        own(f"{_SEAT}/afmeld", seat.leave, acts.CANCEL),
        own(_PLACE, place.place),
        own(f"{_PLACE}/behov", place.needs, acts.SET_TEAM_NEEDS),
        own(f"{_PLACE}/skift", place.pass_on, acts.REPLACE_MEMBER),
        own(f"{_PLACE}/afmeld", place.leave, acts.REMOVE_MEMBER),
        own("/mig/{token}", own_page.own_page),
        own(_GUEST, guest.guest),
        own(f"{_GUEST}/behov", guest.needs, acts.SET_GUEST_NEEDS),
        own(f"{_GUEST}/afmeld", guest.leave, acts.REMOVE_GUEST),
    )
