"""Why a mail was sent, for staff: in order, in sentences, and for whoever may see whose it is."""

from __future__ import annotations

import json

from tests.integration.notifications.test_staff_mails import enrolled, only
from tests.support.facts import PROGRAMME
from tests.support.post_office import PostOffice, words

WHY = "/notifications/stab/hvorfor"


async def heard(office: PostOffice, event_id: str, wire: str, because: str | None) -> None:
    await office.desk.pool.execute(
        """
        INSERT INTO inbox (uid, consumer, source, event_id, type, subject, sequence, occurred_at, correlation_id,
                           causation_id, actor)
        VALUES (gen_random_uuid(), 'notifications', '/tovholder/enrollment', $1, $2, 'enrolment/x', 1, now(), 'c', $3,
                'form')
        """,
        event_id,
        wire,
        because,
    )


async def test_a_mail_is_followed_back_to_what_it_began_with(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    mail = await only(post_office, "place_confirmed")
    await heard(post_office, "e-first", "tovholder.enrollment.EnrolmentReceived.v1", None)
    await heard(post_office, "e-second", "tovholder.enrollment.MunicipalityEnrolled.v1", "e-first")
    await post_office.desk.pool.execute("UPDATE messages SET causation_id = 'e-second' WHERE id = $1", mail)
    page = await post_office.get(f"{WHY}/{mail}")
    said = words(page)
    assert "Mail: Bekræftelse af pladsen til Aarhus Kommune" in said
    assert "Nogen, der udfyldte en formular" in said
    assert page.text.index("/stab/hvorfor/e-first") < page.text.index("/stab/hvorfor/e-second"), "the oldest first"
    part = await post_office.client.get(
        f"{WHY}/{mail}", headers={"Cookie": f"__Host-adgang={post_office.cookie}", "HX-Request": "true"}
    )
    assert ("<html" in part.text, "Aarhus Kommune" in part.text) == (False, True)


async def test_whoever_has_no_role_in_its_programme_is_told_nothing(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    mail = await only(post_office, "place_confirmed")
    await heard(post_office, "e-first", "tovholder.enrollment.EnrolmentReceived.v1", None)
    for programme, sought, status in (
        (PROGRAMME.id, mail, 200),
        ("et-andet", mail, 404),
        ("et-andet", "e-first", 404),
        (PROGRAMME.id, "e-first", 404),
        ("", "e-first", 200),
        ("", "no-such-thing", 404),
        ("", "<script>alert(1)</script>", 404),
    ):
        post_office.programme_id = programme
        answer = await post_office.get(f"{WHY}/{sought}")
        assert (answer.status_code, "Aarhus" in answer.text) == (status, status == 200 and sought == mail), sought
    post_office.role = "operator"
    assert (await post_office.get(f"{WHY}/{mail}")).status_code == 403


async def test_an_event_that_was_told_here_says_itself_which_programme_it_is_of(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    payload = json.dumps({"data": {"programme": {"id": PROGRAMME.id}}}).encode()
    await post_office.desk.pool.execute(
        """
        INSERT INTO outbox (event_id, source, topic, key, sequence, type, payload, correlation_id, occurred_at)
        VALUES ('told', '/tovholder/notifications', 't', 'message/m', 1, 'tovholder.notifications.MessageSent.v1', $1,
                'c', now())
        """,
        payload,
    )
    for programme, status in ((PROGRAMME.id, 200), ("et-andet", 404)):
        post_office.programme_id = programme
        assert (await post_office.get(f"{WHY}/told")).status_code == status
