"""Staff write one text to many: each mailbox gets it once, as it was shown, whatever happens in the middle."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import io
import itertools
import re
import zipfile
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import asyncpg
import pytest
from lxml import html

from services.notifications.adapters import forgetting, writings
from services.notifications.domain.message import Message
from services.notifications.usecases.write_letters import AT_A_TIME
from services.notifications.usecases.write_to_many import (
    AttachFile,
    BeginWriting,
    RemoveFile,
    WriteToMany,
    attach_file,
    begin_writing,
    remove_file,
    write_to_many,
)
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import MunicipalityInvited, OwnLinksRevoked, ParticipantRegistered, PersonErased
from shared.contracts.notifications import WrittenToMany
from shared.contracts.parties import Contact, Person
from shared.contracts.scheduling import MeetingScheduled
from shared.runtime.timers import Timer
from shared.storage.retention import keep_to
from shared.storage.tx import transaction
from shared.web.own_mailbox import sign_own_mailbox
from tests.integration.notifications.test_staff_mails import enrolled
from tests.support.facts import (
    FACT_EXAMPLES,
    MEETING,
    MEETINGS_OWNER,
    OWNER,
    PROGRAMME,
    a_programme,
    a_role,
    an_enrolment,
    an_organisation,
    enrolment_id_of,
)
from tests.support.hostile import TEXTS
from tests.support.letters import COMPOSER
from tests.support.letters import written as every_letter
from tests.support.post_office import HERE, PostOffice, words
from tests.support.room import BY_HAND, Room
from tests.support.workplace import hidden

WRITE = f"{HERE}/skriv"
TEXT = "Kære alle i {kommune}.\n\nSe https://example.org/dagsorden. Vi ses til {forløb}, {navn}."
PDF = b"%PDF-1.7\n%%EOF\n"
READABLE = {"access": "yes"}


async def draft(office: PostOffice, **more: Any) -> str:
    """The address of a new draft."""
    answer = await office.post(WRITE, {"headline": "Nyt til {kommune}", "body": TEXT, "to": "contacts", **more})
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"].partition("?")[0]


async def letters_of(room: Room) -> list[Message]:
    return [one for one in await every_letter(room, "written") if not one.occasion]


def opened(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


async def test_whoever_takes_part_is_led_to_their_own_page_and_never_by_a_closed_link(post_office: PostOffice) -> None:
    await enrolled(post_office)
    seat = next(one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    of = enrolment_id_of(PROGRAMME.id, "0751")
    seat = seat.model_copy(update={"enrolment_id": of, "own_path": "/mig/gammel"})
    closed = next(one for one in FACT_EXAMPLES if isinstance(one, OwnLinksRevoked)).model_copy(
        update={"enrolment_id": of, "person": seat.person, "own_page_path": "/mig/ny", "generation": 1}
    )
    await post_office.desk.hear(seat, MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    post_office.desk.time += timedelta(hours=1)
    for fact, path in ((None, "/mig/gammel"), (closed, "/mig/ny")):
        if fact is not None:
            await post_office.desk.hear(fact)
        at = await draft(post_office, to=f"participants:{seat.meeting.id}")
        shown = (await post_office.get(f"{at}/html")).text
        assert ("Se jeres møder" in shown, path in shown) == (True, False), "the link is the reader's own"
        await post_office.post(f"{at}/send", {})
        await post_office.desk.ring()
        assert [one.says.get("own_path") for one in await letters_of(post_office.desk)][-1] == path
    # A contact who does not take part has the page of the enrolment, and no other.
    at = await draft(post_office, to="contacts")
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()
    of_contacts = [one for one in await letters_of(post_office.desk) if one.email.startswith("karen@")]
    assert of_contacts
    assert {one.says.get("own_path") for one in of_contacts} == {None}


async def test_a_text_goes_once_to_each_as_it_was_shown(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    page = words(await post_office.get(at))
    assert "Den går til 3 postkasser" in page
    framed = (await post_office.get(f"{at}/html")).text
    assert 'href="https://example.org/dagsorden"' in framed, "without the full stop behind it"
    assert "personligt link" in framed, "the contact's own page is offered there too"
    assert await letters_of(post_office.desk) == []
    asked = words(await post_office.get(f"{at}/send"))
    assert "Der sendes 3 mails, én til hver postkasse." in asked
    assert f"Svar kommer til {PROGRAMME.staff_email}" in asked
    await post_office.desk.told()
    sent = [await post_office.post(f"{at}/send", {}) for _ in range(3)]
    assert {one.status_code for one in sent} == {303}, "however often the button is pressed"
    (told,) = [one for one in await post_office.desk.told() if isinstance(one, WrittenToMany)]
    assert (told.recipients, told.unreached, told.audience) == (3, 0, "contacts")
    await post_office.desk.ring()
    found = await letters_of(post_office.desk)
    assert sorted(one.email for one in found) == ["karen@k0461.example", "karen@k0751.example", "karen@k0851.example"]
    one = next(one for one in found if one.email == "karen@k0751.example")
    mail = opened(COMPOSER.mail(one).content)
    assert mail["Subject"] == "Nyt til Aarhus Kommune"
    assert mail["Reply-To"] == PROGRAMME.staff_email
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "Kære alle i Aarhus Kommune.\n\nSe https://example.org/dagsorden." in text.replace("\r\n", "\n")
    assert f"når frem til {PROGRAMME.staff_email}" in text
    assert "3 venter" in words(await post_office.get(at))
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'sent', sent_at = now() WHERE template = 'written' AND recipient <> 'p0461'"
    )
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'failed', reply = 'smtp_550' WHERE template = 'written' AND recipient = 'p0461'"
    )
    over = await post_office.get(at)
    assert "2 af 3 er sendt, 1 kunne ikke sendes" in words(over)
    assert "hx-trigger" not in over.text, "nothing more will happen"
    listed = words(await post_office.get(f"{HERE}/skrevet"))
    assert ("3 mails" in listed, "Jer selv" in listed) == (True, True)


async def test_whoever_is_left_out_is_named_and_nobody_gets_it_twice(post_office: PostOffice) -> None:
    await enrolled(post_office)
    links = post_office.host.settings.links
    twice = Contact(person_id="p-x", name="Karen igen", email="KAREN@k0751.example", role="tovholder")
    for code, name, contact in (
        ("0101", "Københavns Kommune", twice),
        ("0147", "Frederiksberg Kommune", Contact(person_id="p-y", name="Y", email="ikke en adresse", role="t")),
    ):
        await post_office.desk.hear(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code, name),
                contact=contact,
                standing_path=f"/plads/{links.sign('standing', code)}",
            )
        )
    at = await draft(post_office)
    page = words(await post_office.get(at))
    assert "Den går til 3 postkasser" in page
    assert "1 har ingen, der kan skrives til: Frederiksberg Kommune" in page
    asked = words(await post_office.get(f"{at}/send"))
    assert "Der sendes 3 mails" in asked
    assert "Frederiksberg Kommune" in asked


async def test_some_are_chosen_in_a_list_also_who_was_only_invited(post_office: PostOffice) -> None:
    await enrolled(post_office)
    invited = next(one for one in FACT_EXAMPLES if isinstance(one, MunicipalityInvited))
    await post_office.desk.hear(invited)
    theirs, aarhus = invited.enrolment_id, enrolment_id_of(PROGRAMME.id, "0751")
    other = a_programme("et-andet")
    elsewhere = enrolment_id_of(other.id, "0101")
    await post_office.desk.hear(an_enrolment(programme=other, enrolment_id=elsewhere))
    form = await post_office.post(WRITE, {"til": [aarhus, theirs, elsewhere], "_vaelg": "valgte"})
    assert form.status_code == 200
    assert f"2 valgte: {invited.organisation.name} og Aarhus Kommune" in words(form) or (
        f"2 valgte: Aarhus Kommune og {invited.organisation.name}" in words(form)
    ), "one of another programme is none here"
    (chosen,) = re.findall(r'name="chosen" value="([^"]+)"', form.text)
    nobody = await post_office.post(WRITE, {"_vaelg": "valgte"})
    assert (nobody.status_code, "I har ikke valgt nogen" in words(nobody)) == (422, True)
    shown = await post_office.post(WRITE, {"viste": f"{aarhus} {theirs} ", "_vaelg": "viste"})
    assert f'value="{aarhus} {theirs}"' in shown.text
    at = await draft(post_office, chosen=chosen)
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()
    to = {one.email for one in await letters_of(post_office.desk)}
    assert to == {"karen@k0751.example", *(one.email for one in invited.to)}


async def test_it_may_be_for_a_role_for_a_meeting_or_for_the_teams(post_office: PostOffice) -> None:
    await enrolled(post_office)
    aarhus = enrolment_id_of(PROGRAMME.id, "0751")
    organisation = an_organisation("0751", "Aarhus Kommune")
    payer = Person(person_id="p-pay", name="Pia", email="pia@k0751.example")
    await post_office.desk.hear(
        MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING),
        a_role(enrolment_id=aarhus, organisation=organisation, role_id="faktura", person=payer),
    )
    seat = next(one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    guest = Person(person_id="p-bo", name="Bo", email="bo@k0751.example")
    await post_office.desk.hear(
        seat.model_copy(
            update={"enrolment_id": aarhus, "organisation": organisation, "meeting": MEETING, "person": guest}
        )
    )
    form = await post_office.get(WRITE)
    values = re.findall(r'name="to" value="([^"]+)"', form.text)
    assert values == ["contacts", "role:faktura", f"participants:{MEETING.id}"]
    for to, expected in (("role:faktura", "pia@k0751.example"), (f"participants:{MEETING.id}", "bo@k0751.example")):
        at = await draft(post_office, to=to)
        page = words(await post_office.get(at))
        assert "Den går til 1 postkasse." in page
        assert "2 har ingen, der kan skrives til: Aalborg Kommune og Odense Kommune" in page
        await post_office.post(f"{at}/send", {})
        await post_office.desk.ring()
        assert [one.email for one in await letters_of(post_office.desk)][-1] == expected
    none = await post_office.post(WRITE, {"headline": "H", "body": "B", "to": "team"})
    at = none.headers["location"].partition("?")[0]
    refused = await post_office.post(f"{at}/send", {})
    assert (refused.status_code, "Ingen af dem" in words(refused)) == (409, True)


async def test_nobody_of_another_programme_is_written_to_or_named(post_office: PostOffice) -> None:
    """Whoever writes in one programme need not have a role in the other."""
    await enrolled(post_office, ["0751"])
    other = a_programme("et-andet")
    theirs = MEETING.model_copy(update={"id": "m-theirs"})
    seat = next(one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    hidden = Person(person_id="p-hidden", name="Hemmelige Hans", email="hans@elsewhere.example")
    enrolment = enrolment_id_of(other.id, "0101")
    await post_office.desk.hear(
        MeetingScheduled(owner=MEETINGS_OWNER, programme=other, meeting=theirs),
        an_enrolment(programme=other, enrolment_id=enrolment),
        seat.model_copy(update={"programme": other, "enrolment_id": enrolment, "meeting": theirs, "person": hidden}),
    )
    assert await post_office.desk.pool.fetchval("SELECT count(*) FROM participants WHERE meeting_id = $1", theirs.id)
    post_office.programme_id = PROGRAMME.id
    for chosen in ("", enrolment):
        at = await draft(post_office, to=f"participants:{theirs.id}", chosen=chosen)
        page = words(await post_office.get(at))
        assert ("Hemmelige Hans" in page, "Den går til 1 postkasse" in page) == (False, False)
        refused = await post_office.post(f"{at}/send", {})
        assert (refused.status_code, "Ingen af dem" in words(refused)) == (409, True)


async def many(office: PostOffice, count: int) -> None:
    await office.desk.pool.execute(
        """
        INSERT INTO enrolments (id, programme_id, organisation_code, organisation_name, has_place, person_id,
                                contact_name, email, address_key, contact_role, since)
        SELECT 'x' || n, $1, 'k' || n, 'By ' || n, true, 'w' || n, 'N ' || n, 'n' || n || '@by.example',
               'n' || n || '@by.example', 'tovholder', now() FROM generate_series(1, $2::integer) AS n
        """,
        PROGRAMME.id,
        count,
    )


async def test_many_letters_are_written_a_slice_at_a_time_and_a_slice_that_is_lost_is_written_anew(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office, ["0751"])
    desk = post_office.desk
    await many(post_office, 3 * AT_A_TIME)
    begun = await desk.ask(
        begin_writing, BeginWriting(programme_id=PROGRAMME.id, headline="H", body="B", audience="contacts")
    )
    wish = WriteToMany(programme_id=PROGRAMME.id, writing_id=begun["writing_id"])
    assert (await desk.ask(write_to_many, wish))["recipients"] == 3 * AT_A_TIME + 1
    assert await letters_of(desk) == [], "none is written before the answer"

    usecases = {entry.timer: entry.usecase for entry in desk.timers}
    timer = await _timer(desk)
    with contextlib.suppress(RuntimeError):
        async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
            await usecases["writing"](tx, [timer])
            raise RuntimeError("killed in the middle")
    assert await letters_of(desk) == []
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await usecases["writing"](tx, [timer])
    assert len(await letters_of(desk)) == AT_A_TIME
    rung = await desk.ring()
    assert rung >= 3
    found = await letters_of(desk)
    assert len({one.email for one in found}) == len(found) == 3 * AT_A_TIME + 1
    assert await desk.pool.fetchval("SELECT writing_state FROM writings") == "written"
    assert await desk.pool.fetchval("SELECT count(*) FROM writing_recipients") == 0
    again = await desk.ask(write_to_many, wish)
    assert again["recipients"] == 3 * AT_A_TIME + 1
    await desk.ring()
    assert len(await letters_of(desk)) == 3 * AT_A_TIME + 1


async def _timer(desk: Room) -> Any:
    row = await desk.pool.fetchrow(
        "SELECT key, due, correlation_id, causation_id, actor FROM timers WHERE timer = 'writing'"
    )
    assert row is not None
    return Timer("writing", row["key"], row["due"], {}, Cause(row["correlation_id"], row["causation_id"], row["actor"]))


async def test_two_who_send_it_at_the_same_moment_send_it_once(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    answers = await asyncio.gather(*(post_office.post(f"{at}/send", {}) for _ in range(5)))
    assert {one.status_code for one in answers} == {303}
    await post_office.desk.ring()
    assert len(await letters_of(post_office.desk)) == 3
    told = [one for one in await post_office.desk.told() if isinstance(one, WrittenToMany)]
    assert len(told) == 1


async def test_two_who_write_the_same_draft_are_shown_what_the_other_wrote(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    shown = await post_office.get(f"{at}/ret")
    seen = {"_stod": hidden(shown.text)["_stod"], "body": TEXT, "to": "contacts"}
    first = await post_office.post(f"{at}/ret", {**seen, "headline": "Nyt fra os", "body": "Kort."})
    assert first.status_code == 303
    met = await post_office.post(f"{at}/ret", {**seen, "headline": "Nyt herfra"})
    said = words(met)
    assert met.status_code == 409
    assert "En anden har rettet imens Det skete" in said
    assert "af jer selv, på en anden side" in said
    assert "Behold den andens: Nyt fra os Brug vores: Nyt herfra" in said
    assert ">Kort.</textarea>" in met.text.replace("\n", ""), "what only the other changed stays"
    assert await post_office.desk.pool.fetchval("SELECT headline FROM writings") == "Nyt fra os"
    now = {name: text for name, text in hidden(met.text).items() if name in {"_stod", "_imens"}}
    mine = {**now, "headline": "Nyt herfra", "body": "Kort.", "to": "contacts", "imens.headline": "mit"}
    assert (await post_office.post(f"{at}/ret", mine)).status_code == 303
    row = await post_office.desk.pool.fetchrow("SELECT headline, body FROM writings")
    assert row is not None
    assert tuple(row) == ("Nyt herfra", "Kort.")


async def test_what_nobody_has_read_is_not_sent(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    seen = {"_stod": hidden((await post_office.get(f"{at}/send")).text)["_stod"]}
    changed = {"headline": "Nyt fra os", "body": "Kort.", "to": "contacts"}
    assert (await post_office.post(f"{at}/ret", changed)).status_code == 303
    met = await post_office.post(f"{at}/send", seen)
    assert met.status_code == 409
    assert "Mailen eller dens bilag er rettet, siden siden blev åbnet." in words(met)
    assert "Nyt fra os" in words(met)
    assert [one for one in await post_office.desk.told() if isinstance(one, WrittenToMany)] == []
    now = {name: text for name, text in hidden(met.text).items() if name in {"_stod", "_imens"}}
    assert (await post_office.post(f"{at}/send", now)).status_code == 303
    assert len([one for one in await post_office.desk.told() if isinstance(one, WrittenToMany)]) == 1


async def test_a_text_that_was_changed_since_it_was_read_is_read_again_before_it_is_sent(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    (onward,) = set(html.fromstring((await post_office.get(at)).text).xpath("//a[contains(@href, '/send')]/@href"))
    assert (await post_office.get(onward)).status_code == 200
    await post_office.post(f"{at}/ret", {"headline": "Nyt fra os", "body": "Kort.", "to": "contacts"})
    led = await post_office.get(onward)
    assert (led.status_code, led.headers["location"]) == (303, f"{at}?besked=rettet")
    assert "Teksten er rettet, siden I læste den" in words(await post_office.get(led.headers["location"]))


async def test_who_attached_a_file_last_is_who_has_changed_the_text(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    by = "SELECT changed_in FROM writings"
    changed, desk = [await post_office.desk.pool.fetchval(by)], post_office.desk
    content = base64.b64encode(b"%PDF-1.7\n%%EOF\n").decode()
    about = {"programme_id": PROGRAMME.id, "writing_id": at.rpartition("/")[2]}
    file = AttachFile(**about, called="a.pdf", content=content, access="yes")
    async with transaction(desk.pool, desk, desk.source, Cause("first", None, "staff/a")) as tx:
        place = (await attach_file(tx, file)).body["place"]
    changed.append(await desk.pool.fetchval(by))
    async with transaction(desk.pool, desk, desk.source, Cause("second", None, "staff/b")) as tx:
        await remove_file(tx, RemoveFile(**about, place=place))
    changed.append(await desk.pool.fetchval(by))
    assert changed[1:] == ["first", "second"]


async def test_whatever_is_typed_no_header_breaks_and_nothing_is_markup(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    taken = 0
    for field, (name, text) in itertools.product(("headline", "body"), TEXTS.items()):
        typed = {"headline": "Emne", "body": "Tekst", "to": "contacts", field: text}
        answer = await post_office.post(WRITE, typed)
        assert answer.status_code in {303, 400, 422}, (name, answer.text)
        assert "<x9" not in answer.text
        if answer.status_code != 303:
            continue
        taken += 1
        at = answer.headers["location"].partition("?")[0]
        for shown in (await post_office.get(at), await post_office.get(f"{at}/html")):
            assert shown.status_code == 200, name
            assert not re.search(r"<(x9|script>x9|img src=x)", shown.text), name
        assert (await post_office.post(f"{at}/send", {})).status_code == 303
        await post_office.desk.ring()
        newest = (await letters_of(post_office.desk))[-1]
        mail = opened(COMPOSER.mail(newest).content)
        assert (mail["Bcc"], mail["Cc"]) == (None, None), name
        assert mail["To"].addresses[0].addr_spec == "karen@k0751.example"
        assert "\n" not in mail["Subject"]
    assert taken > len(TEXTS)


async def test_what_is_wrong_is_said_at_its_field_and_all_that_was_typed_is_kept(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    answer = await post_office.post(WRITE, {"headline": "Til {borgmester}", "body": "Hej {by}", "to": "contacts"})
    assert answer.status_code == 422
    page = words(answer)
    assert "»{borgmester}« er ingen pladsholder. I kan bruge {navn}, {kommune}, {forløb}." in page
    assert "»{by}« er ingen pladsholder" in page
    assert 'value="Til {borgmester}"' in answer.text
    empty = words(await post_office.post(WRITE, {"headline": "", "body": "", "to": "nogen"}))
    for said in ("Skriv et emne.", "Skriv en tekst.", "Vælg, hvem der skal have mailen."):
        assert said in empty


def office_file(*names: str) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as zipped:
        for one in names:
            zipped.writestr(one, "x")
    return found.getvalue()


async def test_a_file_is_what_its_content_says_and_goes_with_each_mail(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    at = await draft(post_office)

    async def attached(name: str, content: bytes) -> str:
        answer = await post_office.post(f"{at}/bilag", READABLE, files={"fil": (name, content, "application/pdf")})
        return answer.headers["location"].rpartition("=")[2] if answer.status_code == 303 else words(answer)

    assert await attached("../../Dagsorden på æblegården.exe", PDF) == "vedhaeftet"
    assert "Filen skal være PDF, Word" in await attached("x.pdf", b"MZ\x90\x00")
    assert "uden makroer" in await attached("x.docx", office_file("word/document.xml", "word/vbaProject.bin"))
    assert "ikke er tom" in await attached("x.pdf", b"")
    assert "højst være 3 MB" in await attached("x.pdf", PDF + bytes(3_000_001 - len(PDF)))
    assert await attached("Skema.xlsx", office_file("xl/workbook.xml")) == "vedhaeftet"
    page = (await post_office.get(at)).text
    assert "Dagsorden-paa-aeblegaarden.pdf" in page
    kept = await post_office.get(f"{at}/bilag/0")
    assert (kept.content, kept.headers["content-disposition"]) == (
        PDF,
        'attachment; filename="Dagsorden-paa-aeblegaarden.pdf"',
    )
    assert (kept.headers["x-content-type-options"], "sandbox" in kept.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
    assert (await post_office.post(f"{at}/bilag/1/fjern", {})).status_code == 303
    for missing in (1, 99, 10**12):
        assert (await post_office.get(f"{at}/bilag/{missing}")).status_code == 404
        assert (await post_office.get(f"{at}/bilag/{missing}/fjern")).status_code == 404
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()
    (one,) = await letters_of(post_office.desk)
    files = await writings.load_attached(post_office.desk.pool, one)
    mail = opened(COMPOSER.mail(one, files).content)
    assert [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()] == [
        ("Dagsorden-paa-aeblegaarden.pdf", PDF)
    ]
    with pytest.raises(LookupError):
        COMPOSER.mail(one)
    shown = await post_office.get(f"{HERE}/mails/{one.id}")
    assert "Dagsorden-paa-aeblegaarden.pdf" in shown.text
    assert (await post_office.get(f"{HERE}/mails/{one.id}/bilag/0")).content == PDF
    late = await post_office.post(f"{at}/bilag", READABLE, files={"fil": ("y.pdf", PDF, "application/pdf")})
    assert (late.status_code, "kan ikke rettes" in words(late)) == (409, True)


async def attach(office: PostOffice, at: str, name: str, content: bytes = PDF, **said: str) -> str:
    """`vedhaeftet`, or the words in which it is refused."""
    answer = await office.post(f"{at}/bilag", said, files={"fil": (name, content, "x/y")})
    if answer.status_code == 303:
        return answer.headers["location"].rpartition("=")[2]
    assert answer.status_code == 422, words(answer)
    return words(answer)


DECK, LETTER = office_file("ppt/presentation.xml"), office_file("word/document.xml")
PNG = b"\x89PNG\r\n\x1a\n"


async def test_whoever_attaches_a_document_says_whether_all_can_read_it_and_its_readers_are_told(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office, ["0751"])
    at = await draft(post_office)
    form = (await post_office.get(f"{at}/bilag")).text
    assert ("was.digst.dk" in form, 'href="https://was' in form) == (True, False)
    for name, content in (("a.pdf", PDF), ("a.pptx", DECK), ("a.docx", LETTER)):
        assert f"Svar, om {name} er tilgængelig for alle" in await attach(post_office, at, name, content)
    assert "Skriv, hvorfor der ikke er en tilgængelig udgave" in await attach(
        post_office, at, "a.pdf", access="no", why_not=" . "
    )
    assert "ikke blandt filerne" in await attach(post_office, at, "a.pdf", access="beside:0")
    for odd in ("maybe", "beside", "beside:x", "beside:-1", "no:0"):
        assert "Er dokumentet tilgængeligt?" in await attach(post_office, at, "a.pdf", access=odd), odd
    assert await post_office.desk.pool.fetchval("SELECT count(*) FROM writing_files") == 0
    answered = await post_office.post(
        f"{at}/bilag", {"access": "no", "why_not": "x" * 201}, files={"fil": ("a.pdf", PDF, "x/y")}
    )
    assert (answered.status_code, 'value="no" class="form-radio radio-large" checked' in answered.text) == (422, True)

    assert await attach(post_office, at, "Dagsorden.docx", LETTER, access="yes") == "vedhaeftet"
    form = words(await post_office.get(f"{at}/bilag"))
    assert "Nej, men Dagsorden.docx er en tilgængelig udgave af det" in form
    assert await attach(post_office, at, "Dagsorden.pdf", access="beside:0") == "vedhaeftet"
    other = await draft(post_office)
    assert "ikke blandt filerne" in await attach(post_office, other, "x.pdf", access="beside:0"), "of another draft"
    why = "Kortet er et billede. "
    assert await attach(post_office, at, "Plan.pdf", access="no", why_not=why) == "vedhaeftet"
    page = words(await post_office.get(at))
    assert "tilgængelig) · Tag af Dagsorden.docx" in page
    assert "Dagsorden.docx er en tilgængelig udgave)" in page
    assert "ikke tilgængelig: Kortet er et billede)" in page
    kept = await post_office.post(f"{at}/bilag/0/fjern", {})
    assert kept.status_code == 409
    assert "den tilgængelige udgave af Dagsorden.pdf" in words(kept), "it does not go out without it"
    write_to = f"Skriv til {PROGRAMME.staff_email}, hvis du har brug for den i et andet format."
    told = (
        "Dagsorden.docx er en tilgængelig udgave af Dagsorden.pdf.",
        f"Plan.pdf er ikke tilgængelig for alle: Kortet er et billede. {write_to}",
    )
    for one in told:
        assert one in page
        assert one in (await post_office.get(f"{at}/html")).text
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()
    (letter,) = await letters_of(post_office.desk)
    mail = opened(COMPOSER.mail(letter, await writings.load_attached(post_office.desk.pool, letter)).content)
    for medium in ("plain", "html"):
        body = mail.get_body((medium,))
        assert body is not None
        said = re.sub(r"\s+", " ", body.get_content())
        assert [one in said for one in told] == [True, True], medium
        assert said.count("Dagsorden.docx") == 1, "nothing is said of what all can read"


async def test_nobody_is_asked_of_a_picture_or_a_sheet_and_what_was_attached_before_goes_out_as_it_was(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office, ["0751"])
    at = await draft(post_office)
    assert await attach(post_office, at, "Kort.png", PNG, access="no", why_not="Det er et kort") == "vedhaeftet"
    assert await attach(post_office, at, "Skema.xlsx", office_file("xl/workbook.xml")) == "vedhaeftet"
    # As the version before this one, which runs beside it, takes a document in.
    await post_office.desk.pool.execute(
        "INSERT INTO writing_files (writing_id, place, file_name, media_type, content)"
        " SELECT id, 2, 'Gammel.pdf', 'application/pdf', $1 FROM writings",
        PDF,
    )
    assert "tilgængelig" not in words(await post_office.get(at))
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()
    (letter,) = await letters_of(post_office.desk)
    assert "tilgængelig" not in COMPOSER.texts(letter).plain
    assert len(letter.says["files"]) == 3


async def test_a_document_without_the_version_that_it_leads_to_or_without_a_reason_is_not_stored(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office, ["0751"])
    pool, at = post_office.desk.pool, await draft(post_office)
    columns = "writing_id, place, file_name, media_type, content, accessible, beside, why_not"
    for said in (
        "'beside', NULL, ''", "'beside', 0, ''", "'beside', 7, ''", "'no', NULL, ''", "'yes', NULL, 'x'", "NULL, 7, ''",
    ):  # fmt: skip
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await pool.execute(
                f"INSERT INTO writing_files ({columns}) SELECT id, 0, 'a.pdf', 'x/y', 'x', {said} FROM writings"
            )
    await attach(post_office, at, "a.docx", LETTER, access="yes")
    await attach(post_office, at, "a.pdf", access="beside:0")
    await pool.execute("DELETE FROM writing_files WHERE place = 0")
    assert await pool.fetchval("SELECT count(*) FROM writing_files") == 0


async def test_whoever_is_erased_is_not_named_in_the_reason_either(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    await attach(post_office, at, "a.pdf", access="no", why_not="Spørg Karen 0461, karen@k0461.example")
    await post_office.desk.hear(PersonErased(owner=OWNER, person_id="p0461"))
    await post_office.desk.ring()
    assert "k0461" not in (kept := await post_office.desk.pool.fetchval("SELECT why_not FROM writing_files"))
    assert kept.startswith("Spørg ")


async def test_a_trial_goes_to_the_senders_own_mailbox_and_to_nobody_else(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office)
    links, now = post_office.host.settings.links, machine_now()
    asks = await post_office.get(f"{at}/proeve")
    assert asks.headers["location"].startswith("/login/postkasse?til=")
    for wrong in (
        "",
        "ane@elsewhere.example",
        sign_own_mailbox(links, "ane@org.example", "somebody else", now),
        sign_own_mailbox(links, "ane@org.example", "ane", now - timedelta(hours=1)),
    ):
        answer = await post_office.post(f"{at}/proeve", {"_postkasse": wrong})
        assert answer.headers["location"].startswith("/login/postkasse"), "it is asked for again"
    assert await every_letter(post_office.desk, "written") == []
    mine = sign_own_mailbox(links, "ane@org.example", "ane", now)
    done = await post_office.post(f"{at}/proeve", {"_postkasse": mine})
    assert done.headers["location"] == f"{at}?besked=proevet"
    (one,) = await every_letter(post_office.desk, "written")
    texts = COMPOSER.texts(one)
    assert (one.email, one.people) == ("ane@org.example", ())
    assert texts.subject.startswith("Prøve: Nyt til A")
    assert "/plads/" not in texts.plain, "nobody else's link"
    assert await post_office.desk.pool.fetchval("SELECT writing_state FROM writings") == "draft"


async def test_who_may_write_and_who_may_only_see_it(post_office: PostOffice) -> None:
    await enrolled(post_office, ["0751"])
    at = await draft(post_office)
    other = a_programme("et-andet")
    await post_office.desk.hear(an_enrolment(programme=other, enrolment_id=enrolment_id_of(other.id, "0101")))
    elsewhere = at.replace(PROGRAMME.id, other.id)
    for rest in ("", "/html", "/ret", "/bilag", "/send", "/proeve"):
        assert (await post_office.get(f"{elsewhere}{rest}")).status_code == 404, rest
    post_office.role = "reader"
    assert (await post_office.get(at)).status_code == 200
    for rest in ("/ret", "/bilag", "/send", "/proeve"):
        assert (await post_office.get(f"{at}{rest}")).status_code == 403
    assert (await post_office.get(WRITE)).status_code == 403


async def test_whoever_is_erased_before_the_letter_is_written_gets_none(post_office: PostOffice) -> None:
    await enrolled(post_office)
    at = await draft(post_office, body="Husk Karen 0461 og karen@k0461.example")
    await post_office.post(f"{at}/send", {})
    await post_office.desk.hear(PersonErased(owner=OWNER, person_id="p0461"))
    await post_office.desk.ring()
    assert "karen@k0461.example" not in {one.email for one in await letters_of(post_office.desk) if one.email}
    kept = str(await post_office.desk.pool.fetch("SELECT headline, body FROM writings"))
    assert "k0461" not in kept


async def test_files_go_with_the_programme_drafts_after_a_month_and_texts_as_other_mails_do(
    post_office: PostOffice,
) -> None:
    await enrolled(post_office, ["0751"])
    pool = post_office.desk.pool
    at, left = await draft(post_office), await draft(post_office)
    for one in (at, left):
        await post_office.post(f"{one}/bilag", READABLE, files={"fil": ("a.pdf", PDF, "x/y")})
    await post_office.post(f"{at}/send", {})
    await post_office.desk.ring()

    async def count(table: str) -> int:
        found: int = await pool.fetchval(f"SELECT count(*) FROM {table}")
        return found

    async def later(days: int) -> None:
        for table in ("writings", "writing_files"):
            await pool.execute(f"UPDATE {table} SET kept_since = now() - make_interval(days => $1)", days)
        for rule in forgetting.rules(730):
            await keep_to(rule, pool)

    await post_office.desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    await later(31)
    assert (await count("writings"), await count("writing_files")) == (1, 1), "a draft that nobody sent"
    await later(61)
    assert await count("writing_files") == 1, "the programme goes on"
    await pool.execute("UPDATE meetings SET state = 'held'")
    await later(61)
    assert await count("writing_files") == 0
    await later(731)
    assert await pool.fetchval("SELECT headline FROM writings") == ""
    assert "Teksten er slettet" in words(await post_office.get(at))
