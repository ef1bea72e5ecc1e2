"""Every form that comes a second time, or whose sender is signed out meanwhile: those of the other services than
`enrollment`, and that none is forgotten in any.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.locations import service_names
from deploy.roles import routes, services
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.base.clock import machine_now
from shared.base.links import Links
from shared.contracts.enrollment import PersonErased, ProgrammeCancelled
from shared.contracts.scheduling import PlanMeeting, SetMeetingDate
from shared.contracts.staff import EVERYWHERE, Role
from shared.contracts.time import day_of
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from shared.web.own_mailbox import sign_own_mailbox
from tests.integration.enrollment import test_every_form_twice as enrollment
from tests.integration.enrollment import test_hostile_texts as people
from tests.integration.invoicing import test_hostile_staff_texts as invoicing
from tests.integration.invoicing.test_staff_ledger import MONEY
from tests.integration.notifications import test_hostile_texts as notifications
from tests.integration.notifications.test_addresses_that_refuse import refused
from tests.integration.notifications.test_writing_to_many import PDF, attach, draft
from tests.integration.runtime.test_erasing_pages import BO, PAGES, SERVICES
from tests.integration.scheduling import test_hostile_texts as scheduling
from tests.integration.scheduling.test_staff_meetings import published, takes_part
from tests.support.branch import SEED, Branch, open_branch
from tests.support.facts import (
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
)
from tests.support.post_office import START, PostOffice
from tests.support.servers import MakeDatabase
from tests.support.tables import own_tables
from tests.support.twice import Desk, Ready, every_form, looked_for

_MAILS = "/notifications/stab/forloeb/{programme_id}"
TRIAL = f"{_MAILS}/skriv/{{writing_id}}/proeve"
"""Its form is a page of `enrollment`, which knows the mailbox of whoever is signed in."""
LOOKS = {
    "enrollment": set(enrollment.LOOKS),
    "scheduling": {"/scheduling/stab/personer"},
    "invoicing": {*invoicing.LOOKS, "/invoicing/stab/personer"},
    "notifications": {*notifications.LOOKS, "/notifications/stab/personer"},
}
"""They change nothing, however often they are sent; what was typed is kept when a session ends."""
TRIED = {
    "enrollment": {
        *(one for one in people.STAFF_PAGES if one not in {"/login", *enrollment.LOOKS}),
        *people.PROGRAMME_PAGES,
        *people.EDITOR_PAGES,
        *people.PAGES,
        *enrollment.PERSON,
        *enrollment.BUTTONS,
    },
    "scheduling": {*scheduling.PROGRAMME_PAGES, "/scheduling/stab/personer/{person_id}"},
    "invoicing": {*invoicing.ACTS, *invoicing.ASK_NOTHING, "/invoicing/stab/personer/{person_id}"},
    "notifications": {
        *notifications.WRITTEN,
        *notifications.FILES,
        *(one for one in notifications.BUTTONS if one.startswith("/notifications/stab/")),
        "/notifications/stab/personer/{person_id}",
    },
}
_ADDRESS = "Each address that is looked for is looked for, besides those before it."
ANOTHER: Mapping[str, str] = {
    "/scheduling/stab/forloeb/{programme_id}/nyt-moede": "A meeting more.",
    f"{_MAILS}/skriv": "A draft more.",
    TRIAL: "A letter more to oneself.",
    **{f"/{one}/stab/personer/{{person_id}}": _ADDRESS for one in SERVICES},
}
"""Where a second tab does another deed, and why that is what one means."""
LEFT_OUT: Mapping[str, str] = {
    "/login": "nobody is signed in; it leads to the identity provider, and nothing is typed",
    "/login/ud": "whoever is signed out is signed out; nothing is typed",
    "/login/oidc/logud": "the identity provider sends it, and no browser",
    "/bekraeftet": "a browser is forgotten, once or twice; nothing is typed",
    "/api/notifications/calendar/replies": "a mail, and no form",
    "/notifications/stab/udgivelse": "a page carries it there, and what comes of it is shown and undone",
    "/scheduling/stab/udgivelse": "as well",
    "/notifications/stab/udkast": "the browser sends it from a page, and it shows something",
    "/notifications/kalender/{token}/nyt": "a button; `test_calendar_subscriptions.py` presses it twice",
    "/invoicing/fakturaer/{token}": "`tests/browser/test_credit.py` presses it three times at once",
}
"""Each with its reason."""


@pytest.mark.parametrize("service", service_names())
def test_no_form_is_forgotten(service: str) -> None:
    (one,) = [one for one in services() if one.name == service]
    takes = {route.path for route in routes(one) if "POST" in (route.methods or ())} - set(LEFT_OUT)
    tried = TRIED.get(service, set()) | LOOKS.get(service, set())
    assert takes == tried, f"each of {takes ^ tried} is tried twice, or has its reason in LEFT_OUT"


def at_work(branch: Branch, role: Role, usual: Mapping[str, str], tables: tuple[str, ...]) -> Desk:
    """Whoever has this role, with a session that can end."""
    epoch, subject = 0, f"who-is-{role}"
    browser = branch.nobody()

    def badge(until: datetime) -> str:
        roles = {EVERYWHERE: frozenset({role})}
        return Signer(SEED).sign(Badge(subject, "a-session", epoch, roles, until), machine_now())

    def holds(cookie: str | None) -> None:
        browser.headers["Cookie"] = f"{COOKIE}={cookie}" if cookie else "x=y"

    async def nowhere(_: str) -> str:
        raise NotImplementedError

    async def leaves(how: str) -> None:
        nonlocal epoch
        match how:
            case "idle":
                holds(None)
            case "over":
                holds(badge(machine_now() - timedelta(seconds=1)))
            case _:
                epoch += 1
                await branch.host.pool.execute(
                    "INSERT INTO session_epochs VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET epoch = $2",
                    subject,
                    epoch,
                )

    async def enters() -> None:
        holds(badge(lasts_until(machine_now())))

    holds(badge(lasts_until(machine_now())))
    return Desk(browser, branch.host.pool, tables, nowhere, usual, leaves, enters)


def of(service: str) -> tuple[str, ...]:
    return (*own_tables(service), "timers")


async def each_with_its_own(desk: Desk, pages: Mapping[str, Mapping[str, str]]) -> None:
    """What is typed goes with the page."""
    anew = desk.anew

    async def typed(page: str) -> str:
        desk.usual = pages[page]
        return await anew(page)

    desk.anew = typed
    await every_form(desk, pages, ANOTHER)


@pytest.mark.timeout(120)
async def test_each_form_about_meetings_is_done_once_and_nothing_that_was_typed_is_lost(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch("scheduling", database, link_key_file, tmp_path) as branch:
        await published(branch)
        room, numbers = branch.room, itertools.count()
        desk = at_work(branch, "consultant", {}, of("scheduling"))

        async def anew(page: str) -> str:
            number = next(numbers)
            wish = PlanMeeting(programme_id=PROGRAMME.id, key=f"walk-{number}", title="Møde", kind="heldag")
            meeting = (await room.ask(plan_meeting, wish))["id"]
            await room.ask(set_meeting_date, SetMeetingDate(meeting_id=meeting, day=day_of(room.time)))
            await room.hear(takes_part("0751", "Aarhus Kommune", f"x-{number}"))
            path = page.format(programme_id=PROGRAMME.id, meeting_id=meeting, enrolment_id=f"x-{number}")
            return f"{path}?spor=kommunespor&fase=analyse&skridt=dialog" if path.endswith("faerdigt") else path

        desk.anew = anew
        await each_with_its_own(desk, scheduling.PROGRAMME_PAGES)


@pytest.mark.timeout(120)
async def test_each_form_about_money_is_done_once_and_nothing_that_was_typed_is_lost(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch("invoicing", database, link_key_file, tmp_path) as branch:
        room, numbers = branch.room, itertools.count(1)
        desk = at_work(branch, "finance", {}, of("invoicing"))
        room.time = datetime(2021, 4, 10, 6, tzinfo=UTC)
        await room.hear(a_meeting_held())

        async def anew(page: str) -> str:
            number = next(numbers)
            desk.usual = {**desk.usual, "payment_id": f"bank-{number}"}
            who = a_person(f"Deltager {number}", f"d{number}@kobenhavn.example")
            await room.hear(an_extra_participant(person=who, enrolment_id=f"e{number}"))
            if "fakturaer" in page:
                await room.ring(datetime(2021, 4, 16, 6, tzinfo=UTC))
            claim, invoice = await room.pool.fetchrow(
                "SELECT id, invoice_id FROM claims WHERE enrolment_id = $1", f"e{number}"
            )
            return page.format(programme_id=PROGRAMME.id, claim_id=claim, invoice_id=invoice)

        desk.anew = anew
        typed = {page: {**usual} for page, usual in invoicing.ACTS.items()}
        for page, one in typed.items():
            # The number that is there already would change nothing.
            one.update({"billing.order_reference": "4711"} if page.endswith("oplysninger") else {})
        await each_with_its_own(desk, typed)
        looks = {one.format(programme_id=PROGRAMME.id): typed for one, typed in invoicing.LOOKS.items()}
        desk.anew = as_it_is
        await looked_for(desk, looks)


@pytest.mark.timeout(120)
async def test_a_fee_that_staff_are_asked_about_is_billed_once(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch("invoicing", database, link_key_file, tmp_path) as branch:
        numbers = itertools.count(1)
        desk = at_work(branch, "finance", {}, of("invoicing"))
        for number in range(1, 4):
            await branch.room.hear(an_enrolment(enrolment_id=f"e{number}"))
        await branch.room.hear(ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få", some_held=True))

        async def anew(_: str) -> str:
            query = "SELECT id FROM claims WHERE enrolment_id = $1"
            return f"{MONEY}/krav/{await desk.pool.fetchval(query, f'e{next(numbers)}')}/fakturer-alligevel"

        desk.anew = anew
        await every_form(desk, invoicing.ASK_NOTHING, {})


async def as_it_is(page: str) -> str:
    return page


@pytest.mark.timeout(120)
async def test_each_form_about_mails_is_done_once_and_nothing_that_was_typed_is_lost(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch("notifications", database, link_key_file, tmp_path, start=START) as branch:
        office = PostOffice(branch, branch.nobody())
        mail = await refused(office)
        desk = at_work(branch, "consultant", {}, of("notifications"))

        async def anew(page: str) -> str:
            state = "failed" if "retur" in page else "unknown"
            await desk.pool.execute("UPDATE messages SET state = $1, reply = 'smtp_550' WHERE id = $2", state, mail)
            at = await draft(office) if "writing_id" in page else ""
            if page.endswith("fjern"):
                assert await attach(office, at, "a.pdf", access="no", why_not="Den er scannet.") == "vedhaeftet"
            place = await desk.pool.fetchval("SELECT max(place) FROM writing_files") if "place" in page else 0
            return page.replace("{place:int}", str(place)).format(
                programme_id=PROGRAMME.id, writing_id=at.rpartition("/")[2], message_id=mail
            )

        desk.anew = anew
        buttons = [one for one in notifications.BUTTONS if one.startswith("/notifications/stab/") and one != TRIAL]
        await each_with_its_own(desk, {**notifications.WRITTEN, **{one: {} for one in sorted(buttons)}})
        desk.content, desk.anew = PDF, anew
        await each_with_its_own(desk, notifications.FILES)
        desk.content, desk.anew = b"", as_it_is
        await looked_for(
            desk, {one.format(programme_id=PROGRAMME.id): typed for one, typed in notifications.LOOKS.items()}
        )

        trial = _Trial(desk.browser, desk.pool, desk.tables, anew, {}, desk.leaves, desk.enters)
        trial.links = branch.host.settings.links
        await every_form(trial, [TRIAL], ANOTHER)


class _Trial(Desk):
    """The form as `enrollment` shows it."""

    links: Links

    async def typed(self, path: str) -> tuple[Ready, bool]:
        who = "who-is-consultant"
        signed = sign_own_mailbox(self.links, "ane@tovholder.example", who, machine_now())
        own = {"_key": secrets.token_hex(16), "_csrf": self.links.sign("form of staff", who)}
        return Ready(path, {**own, "_postkasse": signed}), False


@pytest.mark.timeout(120)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_search_for_a_person_is_made_once_and_the_address_is_not_lost(
    service: str, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch(service, database, link_key_file, tmp_path) as branch:
        numbers = itertools.count()
        desk = at_work(branch, "administrator", {"email": BO}, of(service))
        search, person = (f"/{service}{one}" for one in PAGES)

        async def anew(page: str) -> str:
            person_id = f"w{next(numbers)}"
            await branch.room.hear(PersonErased(owner="/tovholder/enrollment", person_id=person_id))
            return page.format(person_id=person_id)

        desk.anew = anew
        await every_form(desk, [person], ANOTHER)
        await looked_for(desk, {search: {"email": BO}})
