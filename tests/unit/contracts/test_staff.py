"""What each role opens: every command and list of every service, and every page of staff's."""

from __future__ import annotations

from deploy.roles import routes, services
from shared.contracts.staff import ADMINISTERED, OPERATED, ROLES, is_write, opens
from shared.web.staff import StaffRoute


def scopes() -> set[str]:
    found: set[str] = set()
    for service in services():
        found |= {route.scope for route in service.routes}
        for page in routes(service):
            if isinstance(page, StaffRoute):
                found |= {one for one in (page.opens, *page.asks) if one}
    return found


def test_every_scope_that_is_kept_for_some_is_there() -> None:
    assert {one.split(".")[1] for one in scopes()} >= ADMINISTERED | OPERATED


def test_whatever_there_is_somebody_opens() -> None:
    assert [one for one in scopes() if not any(opens(role, one) for role in ROLES)] == []


def test_a_reader_changes_nothing() -> None:
    assert [one for one in scopes() if is_write(one) and opens("reader", one)] == []


def test_whoever_runs_it_reads_nothing_of_what_it_holds() -> None:
    assert {one.partition(".")[2] for one in scopes() if opens("operator", one)} == OPERATED


def test_what_is_about_one_person_everywhere_is_an_administrators_in_whichever_service() -> None:
    for service in (*(one.name for one in services()), "activities"):
        for named in ("FindPeople", "ForgetPerson", "people", "people.erased"):
            assert [role for role in ROLES if opens(role, f"{service}.{named}")] == ["administrator"], (service, named)


def test_finance_credits_and_consultants_do_not() -> None:
    assert opens("finance", "invoicing.CreditInvoice")
    assert not opens("consultant", "invoicing.CreditInvoice")
    assert opens("consultant", "enrollment.WithdrawEnrolment")
    assert not opens("finance", "enrollment.WithdrawEnrolment")


def test_a_command_that_is_added_is_the_consultants() -> None:
    assert opens("consultant", "enrollment.SomethingNew")
    assert not opens("reader", "enrollment.SomethingNew")
    assert opens("reader", "scheduling.somethings")
