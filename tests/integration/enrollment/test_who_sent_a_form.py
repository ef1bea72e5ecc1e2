"""How many forms one address may send: counted for who sends, through whichever gateways, and not for who mistypes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from deploy.local import caddy, process
from deploy.local.ports import HOST, free_ports
from services.enrollment.pages import sign_up
from tests.support.enrollment_desk import P1
from tests.support.enrollment_web import Town
from tests.support.eventually import eventually

MUNICIPALITIES = ("0751", "0461", "0101", "0147", "0157", "0159", "0165", "0167", "0173", "0187")
LIMIT = 2
OUTSIDE, ANOTHER = "203.0.113.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def few_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    monkeypatch.setitem(sign_up.FORMS, "limit", LIMIT)
    monkeypatch.setitem(sign_up.REFUSED, "limit", LIMIT + 2)
    monkeypatch.setitem(sign_up.FORMS, "seconds", 86_400)
    monkeypatch.setitem(sign_up.REFUSED, "seconds", 86_400)


async def send(url: str, municipality: str, forwarded_for: str | None = None, **typed: str) -> int:
    """The status of the answer to a form, shown and sent."""
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        page = (await client.get(f"/tilmeld/{P1}")).text
        hidden = dict(re.findall(r'name="(_key|_started)" value="([^"]+)"', page))
        filled = {
            "organisation_code": municipality,
            "contact_name": "Kontakt Kontaktsen",
            "contact_email": f"kontakt{municipality}@kommune.example",
            **typed,
        }
        return (await client.post(f"/tilmeld/{P1}", data={**hidden, "_website": "", **filled})).status_code


@asynccontextmanager
async def a_gateway(folder: Path, services: str, trusted_proxies: str = "") -> AsyncIterator[str]:
    """Caddy with the installation's own Caddyfile, as `tovholder up` starts it."""
    (port,) = free_ports(1)
    upstreams = {"enrollment": services.removeprefix("http://")}
    command = caddy.command(folder, port, HOST, upstreams, folder / "gateway.log", trusted_proxies)
    running = process.start(command)
    url = f"http://{HOST}:{port}"

    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"{url}/livez")).status_code == 404
        except httpx.HTTPError:
            return False

    try:
        await eventually(answers, because="the gateway answers")
        yield url
    finally:
        process.stop(running, command)


async def test_each_address_behind_the_gateway_has_its_own_allowance(town: Town) -> None:
    await town.desk.publish()
    for number in range(LIMIT):
        assert await send(town.url, MUNICIPALITIES[number], OUTSIDE) == 303
    assert await send(town.url, MUNICIPALITIES[3], OUTSIDE) == 429
    assert await send(town.url, MUNICIPALITIES[3], f"{ANOTHER}, {OUTSIDE}") == 429
    assert await send(town.url, MUNICIPALITIES[3], ANOTHER) == 303


async def test_one_subscriber_of_ipv6_is_one_caller(town: Town) -> None:
    await town.desk.publish()
    answers = [await send(town.url, code, f"2001:db8::{code}") for code in MUNICIPALITIES[: LIMIT + 1]]
    assert answers == [303] * LIMIT + [429]
    assert await send(town.url, MUNICIPALITIES[5], "2001:db8:0:1::1") == 303


async def test_a_whole_site_of_ipv6_has_an_allowance_too_and_one_that_is_full_takes_nothing_of_its_callers(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.gate.SITE_TIMES", 2)
    await town.desk.publish()
    site = [f"2001:db8:0:{number}::1" for number in range(2 * LIMIT + 1)]
    answers = [await send(town.url, code, address) for code, address in zip(MUNICIPALITIES, site, strict=False)]
    assert answers == [303] * (2 * LIMIT) + [429]
    assert await send(town.url, MUNICIPALITIES[5], "2001:db8:1::1") == 303
    made = await town.desk.pool.fetch("SELECT made FROM attempts ORDER BY made")
    assert [row["made"] for row in made] == [0] + [1] * (2 * LIMIT + 2) + [2 * LIMIT]


async def test_all_callers_of_a_site_share_the_mails_of_a_caller(town: Town) -> None:
    await town.desk.publish()
    for number in range(LIMIT):
        assert await send(town.url, MUNICIPALITIES[number], f"2001:db8:0:{number}::1") == 303
    assert await town.desk.pool.fetchval("SELECT count(DISTINCT caller) FROM sign_ups") == 1


async def test_nobody_gets_past_the_limit_by_naming_others_through_the_real_gateway(town: Town, tmp_path: Path) -> None:
    await town.desk.publish()
    async with a_gateway(tmp_path, town.url) as gateway:
        answers = [await send(gateway, code, f"203.0.113.{code[-2:]}") for code in MUNICIPALITIES[: LIMIT + 1]]
    assert answers == [303] * LIMIT + [429]


async def test_behind_a_proxy_that_the_gateway_knows_each_address_has_its_own_allowance(
    town: Town, tmp_path: Path
) -> None:
    await town.desk.publish()
    async with a_gateway(tmp_path, town.url, "10.0.0.0/8,127.0.0.1/32") as gateway:
        # Whoever asks the gateway here is the proxy: what it wrote last counts, and nothing that stood there before.
        for number in range(LIMIT):
            assert await send(gateway, MUNICIPALITIES[number], f"{ANOTHER}, {OUTSIDE}") == 303
        assert await send(gateway, MUNICIPALITIES[3], OUTSIDE) == 429
        assert await send(gateway, MUNICIPALITIES[3], f"203.0.113.99, {OUTSIDE}, 10.0.0.1") == 429
        assert await send(gateway, MUNICIPALITIES[3], ANOTHER) == 303


async def test_a_form_with_mistakes_uses_up_nothing_that_others_may_send(town: Town) -> None:
    await town.desk.publish()
    for _ in range(LIMIT + 2):
        assert await send(town.url, MUNICIPALITIES[0], OUTSIDE, contact_name="") == 422
    assert await send(town.url, MUNICIPALITIES[0], OUTSIDE, contact_name="") == 429
    for number in range(LIMIT):
        assert await send(town.url, MUNICIPALITIES[number], OUTSIDE) == 303


async def test_a_form_that_gets_a_no_uses_up_nothing_either(town: Town) -> None:
    await town.desk.has_enrolled()
    taken = await town.desk.pool.fetchval("SELECT organisation_code FROM enrolments")
    for _ in range(LIMIT + 1):
        assert await send(town.url, taken, OUTSIDE) == 409
    free = [code for code in MUNICIPALITIES if code != taken]
    assert [await send(town.url, code, OUTSIDE) for code in free[: LIMIT + 1]] == [303] * LIMIT + [429]


async def test_what_becomes_of_forms_is_counted(town: Town) -> None:
    await town.desk.publish()
    outcomes = ("taken", "refused", "limited")

    def counted() -> list[float]:
        labels = [{"form": sign_up.SIGN_UPS, "outcome": outcome} for outcome in outcomes]
        return [REGISTRY.get_sample_value("tovholder_forms_total", one) or 0 for one in labels]

    before = counted()
    await send(town.url, MUNICIPALITIES[0], OUTSIDE, contact_name="")
    for number in range(LIMIT + 1):
        await send(town.url, MUNICIPALITIES[number], OUTSIDE)
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [LIMIT, 1, 1]
