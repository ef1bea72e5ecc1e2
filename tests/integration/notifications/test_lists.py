"""Lists of messages and of answers, a page at a time."""

from __future__ import annotations

from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.read_answers import read_answers
from services.notifications.usecases.read_messages import read_messages, read_sent
from shared.base.listing import page_of
from shared.contracts.parties import Contact
from shared.contracts.scheduling import MeetingScheduled
from tests.support.facts import MEETING, MEETINGS_OWNER, PROGRAMME, an_enrolment, an_organisation, enrolment_id_of
from tests.support.paging import same_on_pages
from tests.support.room import Room


async def test_messages_and_answers_come_in_pages_and_name_nobody_in_a_cursor(desk: Room) -> None:
    await desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    for number in (3, 1, 2, 5, 4):
        code = f"{number:04}"
        contact = Contact(person_id=f"p{number}", name=f"N {number}", email=f"n{number}@by.example", role="tovholder")
        await desk.hear(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code, f"By {number % 3}"),
                contact=contact,
                group="oest",
            )
        )
    assert await same_on_pages(desk, read_messages, "messages") == 10
    assert await same_on_pages(desk, read_messages, "messages", template="invitation") == 5
    assert await same_on_pages(desk, read_answers, "invited", meeting_id=MEETING.id) == 5
    first = await desk.read(read_answers, meeting_id=MEETING.id, limit="2")
    place = page_of({"cursor": first["next"]}, "invited").after or ()
    assert not any("by.example" in part or "N " in part for part in place)
    # What clients of before cursors pass is understood as ever.
    newest = await desk.read(read_messages, limit="3")
    before = await desk.read(read_messages, limit="3", before=str(newest["next"]))
    after = await desk.read(read_messages, limit="3", cursor=str(newest["next"]))
    assert (before["messages"], before["next"]) == (after["messages"], after["next"])


async def test_what_was_sent_of_a_programme_is_listed_with_its_words_and_without_its_keys(desk: Room) -> None:
    code, contact = "0001", Contact(person_id="p1", name="Karen Kontakt", email="k@by.example", role="tovholder")
    await desk.hear(
        an_enrolment(
            enrolment_id=enrolment_id_of(PROGRAMME.id, code),
            organisation=an_organisation(code, "By"),
            contact=contact,
            participants_path="/deltagere/en-hemmelig-noegle",
        )
    )
    assert (await desk.read(read_sent, programme_id=PROGRAMME.id))["mails"] == [], "nothing was sent yet"
    assert (await desk.read(FORGETTING.read, person_id="p1"))["stays"] == []
    await desk.pool.execute("UPDATE messages SET state = 'sent', sent_at = written_at")
    mails = (await desk.read(read_sent, programme_id=PROGRAMME.id))["mails"]
    place = next(one for one in mails if one["email"] == "k@by.example")
    assert (place["name"], place["subject"].partition(":")[0]) == ("Karen Kontakt", "Plads bekræftet")
    assert "hemmelig" not in str(mails)
    assert await same_on_pages(desk, read_sent, "mails", programme_id=PROGRAMME.id) == len(mails)
    assert (await desk.read(read_sent, programme_id="another"))["mails"] == []
    (said,) = (await desk.read(FORGETTING.read, person_id="p1"))["stays"]
    assert "sendt til personen" in said
