"""Staff look for a programme's mails, read one as its reader got it, and decide about those that did not go out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from shared.base.links import Links
from shared.contracts.parties import Contact
from shared.contracts.scheduling import MeetingScheduled
from tests.support.facts import (
    MEETING,
    MEETINGS_OWNER,
    PROGRAMME,
    a_programme,
    an_enrolment,
    an_organisation,
    enrolment_id_of,
)
from tests.support.post_office import HERE, PostOffice, words

MAILS = f"{HERE}/mails"
TOWNS = {"0751": "Aarhus Kommune", "0461": "Odense Kommune", "0851": "Aalborg Kommune"}


async def enrolled(office: PostOffice, codes: Sequence[str] = tuple(TOWNS), **more: object) -> None:
    """Each with a contact who has a page of their own; the receipts are written."""
    links = office.host.settings.links
    for code in codes:
        contact = Contact(person_id=f"p{code}", name=f"Karen {code}", email=f"karen@k{code}.example", role="tovholder")
        await office.desk.hear(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code, TOWNS[code]),
                contact=contact,
                group="oest",
                participants_path=f"/deltagere/{links.sign('participants', code)}",
                standing_path=f"/plads/{links.sign('standing', code)}",
                **more,
            )
        )


async def only(office: PostOffice, template: str, code: str = "0751") -> str:
    found: str = await office.desk.pool.fetchval(
        "SELECT id FROM messages WHERE template = $1 AND recipient = $2", template, f"p{code}"
    )
    return found


async def test_the_mails_of_a_programme_are_listed_found_and_narrowed(post_office: PostOffice) -> None:
    empty = await post_office.get(MAILS)
    assert empty.status_code == 404, "nothing was told of the programme yet"
    await enrolled(post_office)
    await post_office.desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    await post_office.desk.ring()
    page = words(await post_office.get(MAILS))
    assert page.count("Venter på at blive sendt") == 6
    assert "Karen 0751" in page
    assert "karen@k0751.example" in page
    one_town = words(await post_office.get(f"{MAILS}?organisation=Odense+Kommune&brev=place_confirmed"))
    assert ("karen@k0461.example" in one_town, "karen@k0751.example" in one_town) == (True, False)
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'failed', reply = 'smtp_550' WHERE recipient = 'p0751'"
        " AND template = 'place_confirmed'"
    )
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'failed', reply = 'unsendable' WHERE recipient = 'p0751' AND template <> "
        "'place_confirmed'"
    )
    refused = words(await post_office.get(f"{MAILS}?stilling=retur"))
    assert refused.count("Afvist: modtagerens mailserver tager ikke imod (svar 550)") == 1
    assert "Afvist: mailen kunne ikke skrives" in words(await post_office.get(f"{MAILS}?stilling=fejlet"))
    assert "Ingen mail passer" in words(await post_office.get(f"{MAILS}?stilling=sendt"))

    async def found(q: str) -> int:
        return words(await post_office.post(MAILS, {"q": q})).count("karen@k0")

    subject = await post_office.desk.pool.fetchval("SELECT subject_line FROM messages WHERE template = 'invitation'")
    assert subject
    assert await found("KAREN@k0461.example") == 2
    assert await found(subject) == 3
    assert await found("plads bekr") == 3
    assert await found("findes ikke noget sted") == 0
    shown = (await post_office.get(f"{MAILS}/{await only(post_office, 'invitation')}")).text
    (message_id,) = re.findall(r"&lt;([0-9a-f]{32})@", shown)
    for spelling in (message_id, f"<{message_id}@forening.example>", await only(post_office, "invitation")):
        assert await found(spelling) == 1


async def test_a_list_of_many_goes_on_where_it_ended(post_office: PostOffice) -> None:
    await enrolled(post_office)
    await post_office.desk.pool.execute(
        """
        INSERT INTO messages (id, template, recipient, about, occasion, programme_id, name, email, address_key, says,
                              written_at, correlation_id)
        SELECT 'x' || n, 'note', 'n' || n, 'a', 'o', $1, 'N', 'n' || n || '@by.example', 'n' || n || '@by.example',
               '{"title": "En besked", "text": "x", "programme": null}', now(), 'c' FROM generate_series(1, 120) AS n
        """,
        PROGRAMME.id,
    )
    seen: list[str] = []
    path = f"{MAILS}?brev=note"
    while path:
        page = (await post_office.get(path)).text
        seen += re.findall(r"mails/(x\d+)\"", page)
        found = re.findall(r'rel="next" href="([^"]+)"', page)
        path = found[0].replace("&amp;", "&") if found else ""
    assert seen == [f"x{number}" for number in range(120, 0, -1)]


async def test_a_mail_is_shown_without_any_link_that_is_its_readers_own(post_office: PostOffice, links: Links) -> None:
    await enrolled(post_office)
    await post_office.desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    await post_office.desk.ring()
    one, another = (links.sign("standing", who) for who in ("somebody", "somebody else"))
    await post_office.desk.pool.execute(
        """
        INSERT INTO messages (id, template, recipient, about, occasion, programme_id, name, email, address_key, says,
                              written_at, correlation_id)
        VALUES ('told', 'note', 'n', 'a', 'o', $1, 'N', 'n@by.example', 'n@by.example',
                jsonb_build_object('title', 'Se her', 'text', $2::text), now(), 'c')
        """,
        PROGRAMME.id,
        f"Jeres side: {post_office.url}/plads/{one} og /plads/{another}",
    )
    rows = await post_office.desk.pool.fetch("SELECT id, template, says::text AS says FROM messages")
    secret = {token for row in rows for token in re.findall(r"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{43}", row["says"])}
    assert len(secret) > 3
    cut = 0
    for row in rows:
        at = f"{MAILS}/{row['id']}"
        page, framed = await post_office.get(at), await post_office.get(f"{at}/html")
        assert (page.status_code, framed.status_code) == (200, 200)
        files = [await post_office.get(f"{at}/bilag/{number}") for number in re.findall(r"/bilag/(\d+)\"", page.text)]
        for text in (page.text, framed.text, *(file.content.decode("latin-1") for file in files)):
            assert not [token for token in secret if token in text or token.partition(".")[2] in text], row["template"]
        assert f'href="{post_office.url}/' not in framed.text
        cut += page.text.count("[personligt link]")
    assert cut >= len(rows)


async def test_the_html_of_a_mail_lies_in_a_frame_that_can_do_nothing(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    at = f"{MAILS}/{await only(post_office, 'place_confirmed')}"
    framed = await post_office.get(f"{at}/html")
    policy = framed.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox;" in policy
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    page = (await post_office.get(at)).text
    assert 'sandbox=""' in page
    (number,) = re.findall(r"/bilag/(\d+)\"", page)
    pdf = await post_office.get(f"{at}/bilag/{number}")
    assert (pdf.content[:5], pdf.headers["content-disposition"].partition(";")[0]) == (b"%PDF-", "attachment")
    assert "sandbox" in pdf.headers["content-security-policy"]
    assert (await post_office.get(f"{at}/bilag/9")).status_code == 404


async def test_a_mail_of_another_programme_is_none_here(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    other = a_programme("et-andet")
    await post_office.desk.hear(an_enrolment(programme=other, enrolment_id=enrolment_id_of(other.id, "0101")))
    theirs = await post_office.desk.pool.fetchval("SELECT id FROM messages WHERE programme_id = 'et-andet' LIMIT 1")
    for rest in ("", "/html", "/bilag/0", "/send-igen", "/afgoer"):
        assert (await post_office.get(f"{MAILS}/{theirs}{rest}")).status_code == 404
    post_office.programme_id = "et-andet"
    assert (await post_office.get(MAILS)).status_code == 403


async def test_a_reader_sees_whose_a_mail_is_and_not_the_address(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    post_office.role = "reader"
    at = f"{MAILS}/{await only(post_office, 'place_confirmed')}"
    assert "karen@k0751.example" not in (await post_office.get(MAILS)).text
    page = (await post_office.get(at)).text
    assert ("karen@k0751.example" in page, "adressen vises ikke for din rolle" in page) == (False, True)
    assert "send-igen" not in page
    await post_office.desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    await post_office.desk.ring()
    await post_office.desk.pool.execute(
        """
        INSERT INTO messages (id, template, recipient, about, occasion, programme_id, name, email, address_key, says,
                              written_at, correlation_id)
        VALUES ('told', 'note', 'n', 'a', 'o', $1, 'Karen', 'karen@k0751.example', 'karen@k0751.example',
                '{"title": "Se her", "text": "Vi skriver til KAREN@k0751.example."}', now(), 'c')
        """,
        PROGRAMME.id,
    )
    for one in ("told", await only(post_office, "invitation")):
        at = f"{MAILS}/{one}"
        page, framed = await post_office.get(at), await post_office.get(f"{at}/html")
        files = [await post_office.get(f"{at}/bilag/{number}") for number in re.findall(r"/bilag/(\d+)\"", page.text)]
        assert len(files) == (one != "told"), "the invitation has its calendar"
        for shown in (page, framed, *files):
            assert (shown.status_code, "karen@k0751" in shown.text.lower().replace("\r\n ", "")) == (200, False), one
    found = words(await post_office.post(MAILS, {"q": "karen@k0751.example"}))
    assert "Ingen mail i forløbet passer" in found, "nor whether somebody was written to"


@pytest.mark.parametrize(
    ("path", "state", "said", "told"),
    [("send-igen", "pending", "lægges i kø", "lod den sende igen"), ("afgoer", "settled", "kommet frem", "afgjorde")],
)
async def test_what_a_person_decides_is_said_first_done_once_and_remembered(
    post_office: PostOffice, path: str, state: str, said: str, told: str
) -> None:
    await enrolled(post_office, ["0751"])
    mail = await only(post_office, "place_confirmed")
    await post_office.desk.pool.execute("UPDATE messages SET state = 'unknown', reply = 'no_answer'")
    at = f"{MAILS}/{mail}"
    asked = await post_office.get(f"{at}/{path}")
    assert said in words(asked)
    assert await post_office.desk.pool.fetchval("SELECT state FROM messages WHERE id = $1", mail) == "unknown"
    done = await post_office.post(f"{at}/{path}", {})
    assert (done.status_code, done.headers["location"].partition("?")[0]) == (303, at)
    assert await post_office.desk.pool.fetchval("SELECT state FROM messages WHERE id = $1", mail) == state
    assert told in words(await post_office.get(at))
    again = await post_office.post(f"{at}/{path}", {})
    assert (again.status_code, "kan afgøres" in words(again)) == (409, True)
    post_office.role = "reader"
    assert (await post_office.get(f"{at}/{path}")).status_code == 403
