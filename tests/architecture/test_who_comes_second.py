"""Whatever may be asked for either says what whoever asks has seen, or stands here with the reason why it need not: so
nobody writes over somebody else unseen. And every page with a form of the first kind names the test in which somebody
comes second there.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from deploy.local.locations import ROOT, service_names
from deploy.roles import routes, services
from shared.base.acts import Act
from shared.contracts.event import Command
from shared.runtime.service import Service
from shared.web.staff import StaffRoute
from tests.integration.enrollment.test_whoever_comes_second import BY_LINK, BY_STAFF, ENROLMENT

VERSIONED: Mapping[str, str] = {
    "SaveProgrammeDraft": "edition",
    "ChooseReading": "edition",
    "DiscardProgrammeDraft": "edition",
    "SaveDraft": "revision",
    "AcceptQuote": "round",
    "DeclineQuote": "round",
    "DismissSignUps": "count",
}
"""By which field of its own somebody says what they have seen; older than `seen`, and as good."""

ADDS = "it adds, and what stands there stays"
ONCE = "it is done once: whoever comes second is refused, or nothing is different"
NAMED = "what it replaces, or ends, is named in it, and is not there for whoever comes second"
WHOLE = "it is of all there is, whatever that has become meanwhile"
SHOWN = "the page says what would come of it before it is done, and what stands there stays"
MACHINE = "no form asks for it, and whoever asks moves its own alone"
ASKS = "it asks, and changes nothing"
OVERWRITES_NOTHING: Mapping[str, str] = {
    "RehearseProgramme": ASKS,
    "RehearseMeetings": ASKS,
    "RehearseMails": ASKS,
    "BeginProgrammeDraft": ADDS,
    "CancelProgramme": ONCE,
    "InviteMunicipalities": ADDS,
    "AcceptMailbox": ONCE,
    "MergeOrganisations": NAMED,
    "ImportEnrolments": SHOWN,
    "BeginImport": SHOWN,
    "EnrolMunicipality": "who is enrolled already is refused, or it is the same wish",
    "ReceiveSignUp": "who is enrolled already is refused, and each form waits by itself until it is confirmed",
    "VouchForAddress": ADDS,
    "DismissSignUp": ONCE,
    "ConfirmSignUp": ONCE,
    "TakeBackSignUp": ONCE,
    "DeclineInvitation": ONCE,
    "ResolveReservation": "it is answered once: the other answer is refused",
    "WithdrawEnrolment": ONCE,
    "RevokeLinks": WHOLE,
    "CloseLinks": WHOLE,
    "CloseGuestLinks": WHOLE,
    "MergeGroups": NAMED,
    "ErasePerson": WHOLE,
    "RecordArchive": ADDS,
    "FindPeople": ASKS,
    "GrantRole": ADDS,
    "RevokeRole": NAMED,
    "EndSession": NAMED,
    "AddClient": "a name that is taken is refused",
    "RenewToken": "there is one more token, and the one before holds for a while",
    "RevokeTokens": WHOLE,
    "RegisterParticipant": "a seat more, or refused where there is none",
    "RegisterWalkIn": ADDS,
    "ReplaceParticipant": NAMED,
    "CancelParticipant": NAMED,
    "OrderOption": ONCE,
    "WithdrawOption": ONCE,
    "DeliverOption": ONCE,
    "NameTeamMember": ADDS,
    "ReplaceTeamMember": NAMED,
    "RemoveTeamMember": NAMED,
    "InviteMember": ONCE,
    "UninviteMember": ONCE,
    "InviteGuest": ADDS,
    "RemoveGuest": NAMED,
    "WaiveClaim": ONCE,
    "ReleaseClaim": ONCE,
    "CreditInvoice": "of what is credited already no more can be",
    "RegisterPayment": ADDS,
    "ForgetPerson": WHOLE,
    "KeepErased": ADDS,
    "SendMessage": ADDS,
    "ArmReminder": MACHINE,
    "ResendMessage": ONCE,
    "SettleMessage": ONCE,
    "RenewCalendar": WHOLE,
    "TrustAddress": WHOLE,
    "BeginWriting": ADDS,
    "AttachFile": ADDS,
    "RemoveFile": NAMED,
    "TryWriting": "to oneself, of the text as it is then",
    "PlanMeeting": "another meeting by that key is refused",
    "CancelMeeting": ONCE,
    "MarkMeetingHeld": ONCE,
    "CompleteStep": "another day is refused",
}
"""Command → why it writes over nobody, whoever asks for it."""

_SECOND = "tests/integration/enrollment/test_whoever_comes_second.py::"
_BOOK, _BOOK_TESTS = "/stab/adressebog", "tests/integration/enrollment/test_book_pages.py::"
_BOOK_TWO = f"{_BOOK_TESTS}test_two_who_change_the_same_entry_are_shown_field_by_field_and_the_second_chooses"
_MEETING = "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}"
_MEETING_TWO = (
    "tests/integration/scheduling/test_staff_meetings.py::"
    "test_whoever_moves_a_meeting_that_was_moved_meanwhile_is_shown_to_when"
)
_MANY, _MANY_TESTS = (
    "/notifications/stab/forloeb/{programme_id}/skriv/{writing_id}",
    "tests/integration/notifications/test_writing_to_many.py::",
)
MET: Mapping[str, str] = {
    **dict.fromkeys(BY_LINK, f"{_SECOND}test_behind_a_mailed_link_the_second_is_shown_what_has_changed_and_by_whom"),
    "/plads/{token}/sekretaer/luk": f"{_SECOND}test_whoever_closes_a_secretarys_access_is_shown_whose_it_is_by_now",
    "/plads/{token}/kontakt": f"{_SECOND}test_by_the_link_of_a_contact_that_is_another_by_now_nothing_is_changed",
    **dict.fromkeys(BY_STAFF, f"{_SECOND}test_staff_who_come_second_are_shown_what_has_changed_and_by_whom"),
    f"{ENROLMENT}/sekretaer/luk": f"{_SECOND}test_staff_who_close_an_access_are_shown_whose_it_is_by_now",
    f"{ENROLMENT}/gruppe": "tests/integration/enrollment/test_two_change_the_same.py::"
    "test_whoever_comes_second_is_told_before_they_press_the_button_too",
    f"{_BOOK}/{{code}}/ret": _BOOK_TWO,
    f"{_BOOK}/{{code}}/enheder/ny": _BOOK_TWO,
    f"{_BOOK}/{{code}}/enheder/{{unit}}": _BOOK_TWO,
    f"{_BOOK}/{{code}}/enheder/{{unit}}/fjern": _BOOK_TWO,
    f"{_BOOK}/indlaes": f"{_BOOK_TESTS}"
    "test_who_presses_after_somebody_else_has_changed_the_book_is_shown_what_would_happen_now",
    f"{_MEETING}/dato": _MEETING_TWO,
    f"{_MEETING}/sted": _MEETING_TWO,
    "/invoicing/stab/forloeb/{programme_id}/oekonomi/krav/{claim_id}/oplysninger": (
        "tests/integration/invoicing/test_staff_ledger.py::"
        "test_whoever_puts_right_what_was_put_right_meanwhile_is_shown_to_what"
    ),
    "/stab/redigering/{draft_id}/udgiv": "tests/integration/enrollment/test_editor.py::"
    "test_a_version_that_somebody_published_meanwhile_is_shown_and_not_written_over",
    f"{_MANY}/ret": f"{_MANY_TESTS}test_two_who_write_the_same_draft_are_shown_what_the_other_wrote",
    f"{_MANY}/send": f"{_MANY_TESTS}test_what_nobody_has_read_is_not_sent",
}
"""Form → where somebody comes second in it. What is said in two forms alike is met in one of them."""


def commands() -> dict[str, type[Command]]:
    """All that any service can be asked to do, by name."""
    tables = (importlib.import_module(f"services.{name}.entrypoints.acts") for name in service_names())
    return {
        one.command.__name__: one.command for table in tables for one in vars(table).values() if isinstance(one, Act)
    }


def says_what_was_seen(command: type[Command]) -> bool:
    return "seen" in command.model_fields and command.__name__ not in VERSIONED


def asked_on(route: Any) -> set[str]:
    """The names of the commands that a page asks for."""
    if isinstance(route, StaffRoute):
        return {scope.rpartition(".")[2] for scope in route.asks}
    found: list[Any] = list(route.endpoint.args) if isinstance(route.endpoint, partial) else []
    flat = [each for one in found for each in (one if isinstance(one, tuple) else (one,))]
    return {one.command.__name__ for one in flat if isinstance(one, Act)}


def forms_that_say_it(service: Service) -> set[str]:
    known = commands()
    return {
        route.path
        for route in routes(service)
        if "POST" in (route.methods or ()) and any(says_what_was_seen(known[name]) for name in asked_on(route))
    }


def test_whatever_may_be_asked_for_says_what_was_seen_or_has_its_reason() -> None:
    silent = {name for name, one in commands().items() if not says_what_was_seen(one)}
    assert silent == {*VERSIONED, *OVERWRITES_NOTHING}
    assert not set(VERSIONED) & set(OVERWRITES_NOTHING)


def test_what_says_it_otherwise_has_the_field_that_does() -> None:
    known = commands()
    assert [name for name, field in VERSIONED.items() if field not in known[name].model_fields] == []


def test_nobody_who_says_nothing_is_refused() -> None:
    """Another system, and a form of the version before, goes on as before."""
    known = [one for one in commands().values() if says_what_was_seen(one)]
    assert known
    assert [one.__name__ for one in known if one.model_fields["seen"].default is not None] == []


def test_every_form_that_says_it_names_the_test_in_which_somebody_comes_second() -> None:
    assert {path for one in services() for path in forms_that_say_it(one)} == set(MET)


@pytest.mark.parametrize("named", sorted(set(MET.values())))
def test_the_test_is_there(named: str) -> None:
    file, _, test = named.partition("::")
    assert re.search(rf"^(async )?def {re.escape(test)}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
