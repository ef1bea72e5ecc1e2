"""An address that refuses mails: staff see who has it, give another one, or have the mails sent once more."""

from __future__ import annotations

import re

from services.notifications.adapters import forgetting
from services.notifications.domain.message import INVALID_ADDRESS
from services.notifications.usecases.trust_address import TrustAddress, trust_address
from shared.contracts.parties import Person
from shared.storage.retention import keep_to
from tests.integration.notifications.test_staff_mails import enrolled, only
from tests.support.facts import PROGRAMME, a_programme, a_role, an_enrolment, an_organisation, enrolment_id_of
from tests.support.post_office import HERE, PostOffice, words

TODAY = "/notifications/stab/i-dag"


async def refused(office: PostOffice, reply: str = "smtp_550") -> str:
    """Aarhus has two mails that were refused, one of them for another reason; the newest is the receipt."""
    await enrolled(office)
    payer = Person(person_id="p-pay", name="Pia Betaler", email="Karen@k0751.example")
    await office.desk.hear(
        a_role(
            enrolment_id=enrolment_id_of(PROGRAMME.id, "0461"),
            organisation=an_organisation("0461", "Odense Kommune"),
            role_id="faktura",
            person=payer,
        )
    )
    await office.desk.pool.execute(
        "UPDATE messages SET state = 'failed', reply = $1 WHERE address_key = 'karen@k0751.example'", reply
    )
    return await only(office, "place_confirmed")


async def test_the_workspace_leads_to_who_has_the_address_and_what_it_refused(post_office: PostOffice) -> None:
    await refused(post_office)
    today = await post_office.get(TODAY)
    (path,) = re.findall(rf'href="({HERE}/retur/[^"]+)"', today.text)
    page = await post_office.get(path)
    said = words(page)
    assert "modtagerens mailserver tager ikke imod (svar 550)" in said
    assert "Karen 0751, kontakt (tovholder)" in said
    assert "Pia Betaler, fakturakontakt" in said
    aarhus = enrolment_id_of(PROGRAMME.id, "0751")
    assert f'href="/stab/forloeb/{PROGRAMME.id}/tilmeldinger/{aarhus}/kontakt"' in page.text
    assert said.count("skrevet") == 2
    post_office.role = "reader"
    work = words(await post_office.get(TODAY))
    assert ("1 adresse tager ikke imod mails" in work, "k0751.example" in work) == (True, False)
    seen = await post_office.get(path)
    assert ("k0751.example" in words(seen), "/virker" in seen.text) == (False, False)
    assert (await post_office.get(f"{path}/virker")).status_code == 403


async def test_what_it_refused_is_sent_once_more_when_it_works_again(post_office: PostOffice) -> None:
    mail = await refused(post_office)
    at = f"{HERE}/retur/{mail}"
    assert "2 mails, der blev afvist, lægges i kø." in words(await post_office.get(f"{at}/virker"))
    count = "SELECT count(*) FROM messages WHERE state = 'failed'"
    assert await post_office.desk.pool.fetchval(count) == 2, "nothing is done before"
    done = await post_office.post(f"{at}/virker", {})
    assert done.status_code == 303
    assert await post_office.desk.pool.fetchval(count) == 0
    decided = await post_office.desk.pool.fetch("SELECT decision, actor FROM message_decisions")
    assert [(row["decision"], row["actor"]) for row in decided] == [("resent", "staff/ane")] * 2
    assert (await post_office.get(at)).status_code == 404, "it refuses nothing any more"
    assert "0 adresser" not in words(await post_office.get(TODAY))


async def test_a_reader_is_told_whose_mail_did_not_go_out_and_not_where_to(post_office: PostOffice) -> None:
    for reply, state in (("unsendable", "failed"), ("no_answer", "unknown")):
        await refused(post_office, reply)
        await post_office.desk.pool.execute("UPDATE messages SET state = $1 WHERE state = 'failed'", state)
        post_office.role = "consultant"
        assert "til karen@k0751.example, skrevet" in words(await post_office.get(TODAY))
        post_office.role = "reader"
        seen = words(await post_office.get(TODAY))
        assert ("til Aarhus Kommune, skrevet" in seen, "k0751.example" in seen) == (True, False)


async def test_what_is_no_address_works_never(post_office: PostOffice) -> None:
    mail = await refused(post_office, INVALID_ADDRESS)
    at = f"{HERE}/retur/{mail}"
    page = await post_office.get(at)
    assert ("det er ingen gyldig adresse" in words(page), "/virker" in page.text) == (True, False)
    answer = await post_office.post(f"{at}/virker", {})
    assert answer.status_code == 409


async def test_of_a_mail_whose_address_is_forgotten_nothing_is_said_of_others(post_office: PostOffice) -> None:
    mail = await refused(post_office)
    await post_office.desk.pool.execute("UPDATE messages SET stored_at = now() - interval '3 years'")
    for rule in forgetting.rules(730):
        await keep_to(rule, post_office.desk.pool)
    assert await post_office.desk.pool.fetchval("SELECT forgotten FROM messages WHERE id = $1", mail)
    assert (await post_office.get(f"{HERE}/retur/{mail}")).status_code == 404
    assert (await post_office.get(f"{HERE}/mails/{mail}")).status_code == 200, "it was written, and when"


async def test_a_mail_of_another_programme_or_one_that_went_has_no_such_page(post_office: PostOffice) -> None:
    mail = await refused(post_office)
    other = a_programme("et-andet")
    await post_office.desk.hear(an_enrolment(programme=other, enrolment_id=enrolment_id_of(other.id, "0101")))
    assert (await post_office.get(f"{HERE.replace(PROGRAMME.id, other.id)}/retur/{mail}")).status_code == 404
    answer = await post_office.post(f"{HERE.replace(PROGRAMME.id, other.id)}/retur/{mail}/virker", {})
    assert answer.status_code == 404
    wish = TrustAddress(programme_id=other.id, message_id=mail)
    assert (await post_office.desk.refusal(trust_address, wish)).code == "unknown_message"
    await post_office.desk.pool.execute("UPDATE messages SET state = 'sent', sent_at = now()")
    assert (await post_office.get(f"{HERE}/retur/{mail}")).status_code == 404
