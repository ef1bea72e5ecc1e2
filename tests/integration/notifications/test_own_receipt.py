"""The receipt of a sign-up is there for whom it was mailed to, the same bytes as beside the letter."""

from __future__ import annotations

from datetime import timedelta

from services.notifications.adapters import receipt
from shared.base.passes import Reader, pass_path
from tests.integration.notifications.test_handover import handed_over
from tests.support import facts
from tests.support.facts import CONTACT
from tests.support.letters import written
from tests.support.notifications_web import PostOffice

ENROLMENT = facts.an_enrolment().enrolment_id


def path_of(office: PostOffice, reader: Reader) -> str:
    return pass_path(office.links, "receipt", reader, office.desk.time)


async def test_it_is_what_lay_beside_the_letter_and_the_newest(post_office: PostOffice) -> None:
    theirs = Reader("contact", ENROLMENT, CONTACT.person_id)
    none = await post_office.client.get(path_of(post_office, theirs))
    assert (none.status_code, "Her er ingen kvittering" in none.text) == (404, True)
    await post_office.desk.hear(facts.an_enrolment())
    (letter,) = await written(post_office.desk, "place_confirmed")
    answer = await post_office.client.get(path_of(post_office, theirs))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content == receipt.write(letter.name, letter.says)
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")


async def test_nobody_else_has_it_nor_whoever_was_the_contact(post_office: PostOffice) -> None:
    theirs = Reader("contact", ENROLMENT, CONTACT.person_id)
    await post_office.desk.hear(facts.an_enrolment())
    for reader in (Reader("contact", ENROLMENT, "p-eva"), Reader("participant", ENROLMENT, CONTACT.person_id)):
        assert (await post_office.client.get(path_of(post_office, reader))).status_code == 404
    early = path_of(post_office, theirs)
    post_office.desk.time += timedelta(hours=1)
    await post_office.desk.hear(handed_over())
    assert (await post_office.client.get(early)).status_code == 404
