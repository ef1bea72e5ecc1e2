"""Every form of `enrollment` that comes a second time, or whose sender is signed out meanwhile."""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Callable, Mapping

import pytest

from services.enrollment.usecases.invite_member import invite_member
from shared.contracts.enrollment import InviteMember
from shared.web.badge import COOKIE
from tests.integration.enrollment import test_hostile_texts as forms
from tests.integration.enrollment.test_members import P3, SOSU, has_meeting, here, published
from tests.support.enrollment_desk import AARHUS, P1, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.tables import own_tables
from tests.support.twice import Desk, every_form, looked_for
from tests.support.workplace import Workplace, typed

LOOKS = {"/stab/soeg": {"q": "Aarhus"}, "/stab/adressebog": {"q": "Aarhus"}}
"""They look for something, and change nothing."""
PERSON = ("/stab/personer", "/stab/personer/{person_id}")
_SINGLE = "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}/moeder/{meeting_id}"
BUTTONS = (f"{_SINGLE}/inviter", f"{_SINGLE}/ikke-med")
"""Of a member that comes to single meetings."""
_PLACE = "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}"
_LINKS = "Whatever was sent by then is closed, the new ones too, and new ones are sent: it was said so."
_FORM = "Another form: both senders are mailed a link, and a place is given once."
ANOTHER: Mapping[str, str] = {
    "/stab/adgang": "A role for somebody else.",
    "/stab/noegler/ny": "Another system.",
    "/stab/noegler/klient/{client}/byt": "Each is shown its own, and the one before it works for a day.",
    f"{_PLACE}/luk-links": _LINKS,
    f"{_PLACE}/links/{{person_id}}": _LINKS,
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/links": _LINKS,
    "/stab/forloeb/{programme_id}/inviter": "A round of its own, which invites nobody twice.",
    "/tilmeld/{programme_id}": _FORM,
    "/tilmeld/kladde/{token}": _FORM,
}
"""Where a second tab does another deed, and why that is what one means."""
_BROWSERS = {"sessions", "accounts", "sign_ins", "mailbox_codes", "confirmed_mailboxes"}
"""Changed by whoever signs in, and by every request of theirs."""
IDLE = """
    UPDATE sessions SET began_at = now() - interval '2 hours', seen_at = now() - interval '61 minutes'
    WHERE ended_at IS NULL
"""
OVER = "UPDATE sessions SET began_at = now() - interval '12 hours', seen_at = now() WHERE ended_at IS NULL"
TABLES: tuple[str, ...] = (*(one for one in own_tables("enrollment") if one not in _BROWSERS), "timers")


@pytest.fixture(autouse=True)
def robots_are_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


def at_work(
    workplace: Workplace,
    role: str,
    where: Callable[[str], Awaitable[str]],
    usual: Mapping[str, str],
    browser: object,
) -> Desk:
    """Nobody sends what is told here, which would be a reason to take nothing more in."""
    workplace.host.outbox._too_old = math.inf
    desk = Desk(browser, workplace.desk.pool, TABLES, where, usual)  # type: ignore[arg-type]

    async def leaves(how: str) -> None:
        match how:
            case "idle":
                await desk.pool.execute(IDLE)
            case "over":
                await desk.pool.execute(OVER)
            case _:
                other = await workplace.signed_in(role)
                page = await other.get("/login/mig")
                assert (await other.post("/login/mig", data=typed(page.text))).status_code == 303
                return
        # The badge is over long before: the browser has forgotten it.
        desk.browser.cookies.delete(COOKIE)

    async def enters() -> None:
        await workplace.signed_in(role, desk.browser)

    desk.leaves, desk.enters = leaves, enters
    return desk


@pytest.mark.timeout(120)
async def test_each_form_of_administrators_is_done_once_and_nothing_that_was_typed_is_lost(
    workplace: Workplace,
) -> None:
    staff = forms.Staff(workplace)
    usual = {"email": "ny@tovholder.example", "role": "reader", "client": "crm", "days": "30", "may_bundles": "enrol"}
    known = {**usual, **forms.IN_THE_BOOK}
    desk = at_work(workplace, "administrator", staff.path, known, staff.browser)

    async def anew(template: str) -> str:
        # The next one begins as if nobody had sent this form.
        await desk.pool.execute("DELETE FROM role_grants")
        desk.usual = {**known, "role": "hovedpostkasse"} if template.endswith("/virker") else known
        return await staff.path(template)

    desk.anew = anew
    await looked_for(desk, LOOKS)
    pages = [one for one in forms.STAFF_PAGES if one not in {*LOOKS, "/login"}]
    await every_form(desk, pages, ANOTHER)


@pytest.mark.timeout(120)
async def test_each_form_about_a_programme_is_done_once_and_nothing_that_was_typed_is_lost(
    workplace: Workplace,
) -> None:
    await workplace.desk.publish(forms.with_form())
    await workplace.desk.has_meeting()
    await workplace.desk.has_meeting(kind="temadag")
    staff = forms.Consultant(workplace)
    usual = {**forms.DONE_BY_STAFF, "late_reason": "Aftalt på telefonen"}
    numbers = itertools.count(10)

    async def anew(template: str) -> str:
        # Other places than there are.
        desk.usual = {**usual, "hard": (places := str(next(numbers))), "usual": places}
        return await staff.path(template)

    desk = at_work(workplace, "consultant", anew, usual, staff.browser)
    await every_form(desk, list(forms.PROGRAMME_PAGES), ANOTHER)


@pytest.mark.timeout(120)
async def test_a_member_is_called_to_a_meeting_once(workplace: Workplace) -> None:
    await published(workplace.desk, SOSU)
    meeting = await has_meeting(workplace.desk)

    async def anew(template: str) -> str:
        await workplace.desk.pool.execute("DELETE FROM member_meetings")
        if template.endswith("ikke-med"):
            await workplace.desk.ask(invite_member, InviteMember(enrolment_id=here(SOSU), meeting_id=meeting.id))
        return template.format(programme_id=P3, enrolment_id=here(SOSU), meeting_id=meeting.id)

    browser = await workplace.signed_in("consultant")
    await every_form(at_work(workplace, "consultant", anew, {}, browser), BUTTONS, ANOTHER)


@pytest.mark.timeout(120)
async def test_each_form_of_the_editor_is_done_once_and_nothing_that_was_typed_is_lost(workplace: Workplace) -> None:
    await workplace.desk.publish()
    staff = forms.Editor(workplace)
    usual = {
        "source": "tom",
        "title": "Et nyt forløb",
        "programme_id": "et-nyt",
        "year": "2027",
        "text": programme_text().replace(f"id: {P1}", "id: et-tredje"),
        "set": "enrolment.deadline",
    }
    desk = at_work(workplace, "consultant", staff.path, usual, staff.browser)
    await every_form(desk, list(forms.EDITOR_PAGES), ANOTHER)


@pytest.mark.timeout(120)
async def test_a_person_is_erased_once_and_nothing_that_was_typed_is_lost(workplace: Workplace) -> None:
    await workplace.desk.publish()
    meeting = await workplace.desk.has_meeting()
    await workplace.desk.enrol(sign_up(AARHUS))
    browser, numbers, usual = await workplace.signed_in("administrator"), itertools.count(), {"word": "SLET"}

    async def anew(template: str) -> str:
        name = f"Anna Nummer{next(numbers)}"
        found = await workplace.desk.register(forms.PLACE, meeting.id, name, price=100_000)
        query = "SELECT email FROM people WHERE person_id = $1"
        usual["email"] = await workplace.desk.pool.fetchval(query, found["person_id"])
        return template.format(person_id=found["person_id"])

    desk = at_work(workplace, "administrator", anew, usual, browser)
    await every_form(desk, PERSON[:1], ANOTHER)


@pytest.mark.timeout(120)
async def test_each_form_behind_a_mailed_link_is_done_once_and_nothing_that_was_typed_is_lost(town: Town) -> None:
    desk, somebody = town.desk, forms.Somebody(town)
    await desk.publish(forms.with_form())
    await desk.knows()
    await desk.has_meeting()
    await desk.has_meeting(kind="temadag")
    usual = {**forms.FILLED, **forms.CONTACT}
    sending = Desk(town.client, desk.pool, TABLES, somebody.path, usual)
    await every_form(sending, list(forms.PAGES), ANOTHER)
