"""The receipt of a sign-up is there for whom it was mailed to, the same bytes as beside the letter."""

from __future__ import annotations

from datetime import timedelta

from services.notifications.adapters import receipt
from shared.base.passes import Reader, pass_path
from tests.integration.notifications.test_handover import handed_over
from tests.support import facts
from tests.support.facts import CONTACT
from tests.support.letters import written
from tests.support.notifications_web import CalendarOffice

ENROLMENT = facts.an_enrolment().enrolment_id


def path_of(office: CalendarOffice, reader: Reader) -> str:
    return pass_path(office.links, "receipt", reader, office.desk.time)


async def test_it_is_what_lay_beside_the_letter_and_the_newest(calendar_office: CalendarOffice) -> None:
    theirs = Reader("contact", ENROLMENT, CONTACT.person_id)
    none = await calendar_office.client.get(path_of(calendar_office, theirs))
    assert (none.status_code, "Her er ingen kvittering" in none.text) == (404, True)
    await calendar_office.desk.hear(facts.an_enrolment())
    (letter,) = await written(calendar_office.desk, "place_confirmed")
    answer = await calendar_office.client.get(path_of(calendar_office, theirs))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content == receipt.write(letter.name, letter.says)
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")


async def test_nobody_else_has_it_nor_whoever_was_the_contact(calendar_office: CalendarOffice) -> None:
    theirs = Reader("contact", ENROLMENT, CONTACT.person_id)
    await calendar_office.desk.hear(facts.an_enrolment())
    for reader in (Reader("contact", ENROLMENT, "p-eva"), Reader("participant", ENROLMENT, CONTACT.person_id)):
        assert (await calendar_office.client.get(path_of(calendar_office, reader))).status_code == 404
    early = path_of(calendar_office, theirs)
    calendar_office.desk.time += timedelta(hours=1)
    await calendar_office.desk.hear(handed_over())
    assert (await calendar_office.client.get(early)).status_code == 404
