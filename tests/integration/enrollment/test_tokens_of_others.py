"""Other systems and their tokens on a page: made, shown once, exchanged and revoked, by administrators."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from services.enrollment.entrypoints.acts import ADD_CLIENT
from services.enrollment.usecases.add_client import AddClient
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import ClientChanged
from shared.contracts.refusal import Refused
from shared.web import clients
from shared.web.badge import COOKIE
from shared.web.tokens import digest_of
from tests.support.enrollment_desk import P1
from tests.support.workplace import Workplace, typed

HERE = "/stab/noegler"
CRM = f"{HERE}/klient/crm"
WISH: Mapping[str, Any] = {"client": "crm", "days": "90", "may_bundles": "enrol", "sources": "https://crm.example"}
API = "/api/enrollment/programmes"


async def made(browser: httpx.AsyncClient, **more: Any) -> httpx.Response:
    """Looked at first, and then done."""
    page = (await browser.get(f"{HERE}/ny")).text
    looked = await browser.post(f"{HERE}/ny", data={**typed(page), **WISH, **more, "_se": "1"})
    if looked.status_code != 200:
        return looked
    return await browser.post(f"{HERE}/ny", data={**WISH, **more, **typed(looked.text)})


def shown(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    (token,) = re.findall(r'value="(tovholder_[A-Za-z0-9_-]{43})"', answer.text)
    return str(token)


async def done(browser: httpx.AsyncClient, path: str, **more: str) -> httpx.Response:
    return await browser.post(path, data=typed((await browser.get(path)).text, **more))


async def status(workplace: Workplace, token: str, path: str = API) -> int:
    async with httpx.AsyncClient(base_url=workplace.url, trust_env=False) as client:
        return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


def text_of(page: httpx.Response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


async def everything_stored(workplace: Workplace) -> str:
    """Every row of every table, as text."""
    tables = await workplace.host.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = []
    for (table,) in tables:
        rows = await workplace.host.pool.fetch(f'SELECT t::text FROM "{table}" t')
        found += [row[0] for row in rows]
        if table == "outbox":
            payloads = await workplace.host.pool.fetch("SELECT convert_from(payload, 'UTF8') FROM outbox")
            found += [row[0] for row in payloads]
    return "\n".join(found)


async def test_a_token_is_made_shown_once_and_kept_nowhere(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = await workplace.signed_in("administrator")
    assert "Ingen andre systemer har en nøgle." in (await browser.get(HERE)).text
    page = (await browser.get(f"{HERE}/ny")).text
    looked = await browser.post(f"{HERE}/ny", data={**typed(page), **WISH, "_se": "1"})
    assert "Tilmelde kommuner og deres deltagere, og se dem" in looked.text
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM clients") == 0, "it was only looked at"

    sent = {**WISH, **typed(looked.text)}
    answer = await browser.post(f"{HERE}/ny", data=sent)
    token = shown(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert [await status(workplace, token), await status(workplace, token, "/api/enrollment/staff")] == [200, 403]

    again = await browser.post(f"{HERE}/ny", data=sent)
    assert (again.status_code, again.headers["location"]) == (303, f"{CRM}?besked=vist"), "a page that is loaded again"
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM client_tokens") == 1
    stored, logged = await everything_stored(workplace), "".join(capsys.readouterr())
    for page_of in (HERE, CRM):
        assert token not in (await browser.get(page_of)).text
    assert token not in stored
    assert token not in logged
    assert digest_of(token).hex() in stored


async def test_what_is_told_holds_the_hash_and_how_it_stands(workplace: Workplace) -> None:
    token = shown(await made(await workplace.signed_in("administrator")))
    (fact,) = [one for one in await workplace.desk.told() if isinstance(one, ClientChanged)]
    assert (fact.client, fact.scopes, fact.sources) == ("crm", ("enrol",), ("https://crm.example",))
    assert [one.sha256 for one in fact.tokens] == [digest_of(token).hex()]
    assert 89 <= (fact.tokens[0].expires_at - machine_now()).days <= 90


async def test_an_exchanged_token_goes_on_beside_the_new_one_and_a_revoked_one_does_not(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    old = shown(await made(browser))
    new = shown(await done(browser, f"{CRM}/byt", days="30"))
    assert [await status(workplace, one) for one in (old, new)] == [200, 200]
    left = await workplace.host.pool.fetchval("SELECT min(expires_at) - clock_timestamp() FROM client_tokens")
    assert 0 < left.total_seconds() <= clients.OVERLAP.total_seconds()

    revoked = await done(browser, f"{CRM}/spaer")
    assert revoked.status_code == 303
    assert [await status(workplace, one) for one in (old, new)] == [401, 401]
    facts = [one for one in await workplace.desk.told() if isinstance(one, ClientChanged)]
    assert [len(one.tokens) for one in facts] == [1, 2, 0]
    assert facts[0].version < facts[1].version < facts[2].version
    said = text_of(await browser.get(HERE))
    account = workplace.provider.accounts["administrator"].name
    for line in (f"{account} lavede en nøgle til crm", f"{account} byttede nøglen til crm", f"{account} spærrede crm"):
        assert line in said
    assert "Ingen nøgle virker" in (await browser.get(f"{CRM}/spaer")).text
    assert (await done(browser, f"{CRM}/byt", days="30")).status_code == 409


async def test_what_cannot_be_is_said_at_its_field_before_anything_is_made(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    for more, said in (
        ({"client": ""}, "Skriv et navn"),
        ({"client": "CRM"}, "lille bogstav"),
        ({"client": "local"}, "installationens egen"),
        ({"days": "7"}, "hvor længe"),
        ({"may_bundles": ""}, "mindst én ting"),
        ({"may_bundles": "enrollment.Everything"}, "Det kendes ikke"),
        ({"sources": "a b"}, "uden mellemrum"),
        ({"sources": "/tovholder/enrollment"}, "installationens egen"),
    ):
        answer = await made(browser, **more)
        assert answer.status_code in {409, 422}, more
        assert said in text_of(answer), more
        assert "Fejl: " in answer.text
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM clients") == 0
    shown(await made(browser))
    taken = await made(browser)
    assert (taken.status_code, "Byt den, eller spær den" in taken.text) == (422, True)


async def test_a_token_of_the_environment_stands_there_and_is_changed_nowhere(workplace: Workplace) -> None:
    await workplace.host.pool.execute(
        "INSERT INTO clients (name, scopes, in_environment) VALUES ('miljoe', '{staff}', true)"
    )
    browser = await workplace.signed_in("administrator")
    listed = (await browser.get(HERE)).text
    assert "står i tjenestens indstillinger" in listed
    assert "/klient/miljoe/spaer" not in listed
    assert "kan ikke byttes eller spærres her" in (await browser.get(f"{HERE}/klient/miljoe")).text
    assert (await done(browser, f"{HERE}/klient/miljoe/spaer")).status_code in {400, 409}
    assert (await made(browser, client="miljoe")).status_code in {409, 422}


async def test_when_a_token_was_used_last_is_known_within_the_hour_and_costs_no_request_anything(
    workplace: Workplace,
) -> None:
    browser = await workplace.signed_in("administrator")
    token = shown(await made(browser))
    assert "aldrig brugt" in (await browser.get(CRM)).text
    for _ in range(3):
        assert await status(workplace, token) == 200
    used = "SELECT last_used_at FROM client_tokens"
    assert await workplace.host.pool.fetchval(used) is None, "nobody waits for it"
    assert await workplace.host.keyring.write_used() == 1
    first = await workplace.host.pool.fetchval(used)
    assert first is not None
    assert "aldrig brugt" not in (await browser.get(CRM)).text
    assert await status(workplace, token) == 200
    assert await workplace.host.keyring.write_used() == 0, "once an hour"
    assert await workplace.host.pool.fetchval(used) == first


async def test_whoever_was_refused_often_is_seen_with_what_it_asked_for_last(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    token = shown(await made(browser))
    assert await status(workplace, token, "/api/enrollment/staff") == 403
    said = text_of(await browser.get(HERE))
    assert "1 gang" in said
    assert "Medarbejdernes roller (GET /api/enrollment/staff)" in said
    await workplace.host.pool.execute(
        """INSERT INTO audit (principal, actor, route, command, status, correlation_id)
           SELECT 'token/crm', 'client/crm', 'GET /api/enrollment/people/{person_id}', 'enrollment.people', 403, 'c'
           FROM generate_series(1, 11)"""
    )
    said = text_of(await browser.get("/enrollment/stab/noegler"))
    assert "12 gange: ofte" in said
    assert "En persons oplysninger (GET /api/enrollment/people/{person_id})" in said


async def test_only_an_administrator_of_everything_lets_others_in(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    shown(await made(browser))
    badge = workplace.badge_of(browser)
    assert badge is not None
    of_one = replace(badge, roles={P1: frozenset({"administrator"})})
    cookie = {"Cookie": f"{COOKIE}={workplace.signer.sign(of_one, machine_now())}"}
    async with httpx.AsyncClient(base_url=workplace.url, trust_env=False) as client:
        for path in (HERE, f"{HERE}/ny", CRM, f"{CRM}/byt", f"{CRM}/spaer", "/enrollment/stab/noegler"):
            assert (await client.get(path, headers=cookie)).status_code == 403, path
    for role in ("consultant", "finance", "operator"):
        other = await workplace.signed_in(role)
        assert (await other.get(HERE)).status_code == 403, role
        assert "/stab/noegler" not in (await other.get("/stab")).text


async def test_an_address_of_nobody_is_not_there(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    for path in (CRM, f"{CRM}/byt", f"{CRM}/spaer", f"{HERE}/klient/%00", "/stab/adgang/session/%00"):
        assert (await browser.get(path)).status_code == 404, path


async def test_a_name_is_nobody_elses(workplace: Workplace) -> None:
    """It cannot be staff's once and a client's another time, nor get a source that somebody has."""
    browser = await workplace.signed_in("administrator")
    shown(await made(browser))
    await done(browser, f"{CRM}/spaer")
    wish = AddClient(client="crm", scopes=("staff",), days=30, sha256="0" * 64)
    for command in (
        wish,
        wish.model_copy(update={"client": "cms", "scopes": ("enrol",), "sources": ("https://crm.example",)}),
    ):
        with pytest.raises(Refused):
            async with workplace.host.transaction(Cause("c", None, "staff/x")) as tx:
                await ADD_CLIENT.do(tx, command)
    assert len(shown(await made(browser))) > 43, "it may have another, when its own are over"
