"""Staff sign in with the organiser's identity provider, and are signed out: here, elsewhere, or by the provider."""

from __future__ import annotations

import json
import re
import secrets
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.enrollment.adapters.identity_provider import IdentityProvider, ProviderAway
from services.enrollment.app import SERVICE
from services.enrollment.pages.login import SESSION_COOKIE, STATE_COOKIE
from services.enrollment.settings import Settings
from shared.base.clock import machine_now
from shared.contracts.enrollment import SessionsRevoked
from shared.runtime.running import Running
from shared.runtime.service import open_host
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from tests.support.oidc import Provider, sign_in, wish
from tests.support.servers import MakeDatabase
from tests.support.workplace import Workplace, onward, typed

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
ME = "/login/mig"


def key() -> str:
    return secrets.token_hex(16)


async def begun(browser: httpx.AsyncClient, til: str = "/login/inde") -> str:
    """The provider's address that somebody is sent to."""
    sent = await browser.post("/login", data={"_key": key(), "til": til})
    assert sent.status_code == 200, sent.text
    return onward(sent)


async def came_back(workplace: Workplace, browser: httpx.AsyncClient, login: str = "konsulent") -> str:
    """The address that the provider sends them back to; nobody has been there yet."""
    page = await browser.get(await begun(browser), follow_redirects=True)
    account = workplace.provider.accounts[login]
    answer = await browser.post(page.url, data={"navn": account.login, "adgangskode": account.password})
    while answer.headers["location"].startswith(workplace.provider.issuer):
        answer = await browser.get(answer.headers["location"])
    return answer.headers["location"]


def with_cookies(browser: httpx.AsyncClient, *names: str) -> dict[str, str]:
    """What a thief who has read these cookies sends."""
    return {"Cookie": "; ".join(f"{name}={browser.cookies.get(name)}" for name in names)}


async def test_whoever_is_not_signed_in_is_shown_the_way_in_and_comes_to_the_page_they_asked_for(
    workplace: Workplace,
) -> None:
    browser = workplace.browser()
    asked = await browser.get(f"{ME}?besked=ud")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?til=%2Flogin%2Fmig%3Fbesked%3Dud")
    shown = await browser.get(asked.headers["location"])
    assert "Log ind som medarbejder" in shown.text
    assert 'name="til" value="/login/mig?besked=ud"' in shown.text

    answer = await workplace.enters(browser, workplace.provider.accounts["konsulent"], f"{ME}?besked=ud")
    assert str(answer.url) == f"{workplace.url}{ME}?besked=ud"
    assert "Tove Eksempelsen, konsulent@tovholder.example" in answer.text
    again = await browser.get("/login?til=/login/inde")
    assert (again.status_code, again.headers["location"]) == (303, "/login/inde"), "whoever is in goes on"


async def test_whoever_is_refused_elsewhere_with_a_badge_that_is_good_here_is_not_sent_there_without_end(
    workplace: Workplace,
) -> None:
    browser = await workplace.comes_in("consultant")
    answer = await browser.get("/login?til=/scheduling/stab/i-dag&afvist=1")
    assert (answer.status_code, "tager ikke imod det endnu" in answer.text) == (503, True)
    await workplace.host.pool.execute("INSERT INTO session_epochs SELECT id, 1 FROM accounts")
    onward = await browser.get("/login?til=/scheduling/stab/i-dag&afvist=1")
    assert (onward.status_code, onward.headers["location"]) == (303, "/scheduling/stab/i-dag"), "one of the new epoch"


async def test_the_cookies_are_of_this_host_alone_and_no_script_reads_them(workplace: Workplace) -> None:
    browser = workplace.browser()
    back = await came_back(workplace, browser)
    answer = await browser.get(back)
    told = answer.headers.get_list("set-cookie")
    assert sorted(one.partition("=")[0] for one in told) == sorted([COOKIE, SESSION_COOKIE, STATE_COOKIE])
    for one in told:
        parts = {part.strip().partition("=")[0].lower() for part in one.split(";")}
        assert {"secure", "httponly", "samesite", "path"} <= parts, one
        assert "domain" not in parts, one
        assert "path=/;" in one.lower().replace(" ", "") + ";", one
        assert "samesite=lax" in one.lower(), one
    assert "tove" not in "".join(told).lower()
    badge = workplace.badge_of(browser)
    assert badge is not None
    assert badge.expires_at - machine_now() <= timedelta(minutes=15)


async def test_a_wrong_password_lets_nobody_in(workplace: Workplace) -> None:
    browser = workplace.browser()
    page = await browser.get(await begun(browser), follow_redirects=True)
    await browser.post(page.url, data={"navn": "konsulent", "adgangskode": "forkert"}, follow_redirects=True)
    assert (await browser.get(ME)).status_code == 303
    assert workplace.badge_of(browser) is None


async def test_what_the_provider_sends_back_is_good_once_and_in_the_browser_that_began_it(
    workplace: Workplace,
) -> None:
    browser, thief = workplace.browser(), workplace.browser()
    back = await came_back(workplace, browser)
    stolen = await thief.get(back)
    assert (stolen.status_code, "en anden browser" in stolen.text) == (400, True)
    await begun(thief)
    other = await thief.get(back)
    assert (other.status_code, "en anden browser" in other.text) == (400, True), "it has a sign-in with another state"

    state = with_cookies(browser, STATE_COOKIE)
    assert (await browser.get(back)).status_code == 303
    again = await workplace.browser().get(back, headers=state)
    assert (again.status_code, "brugt én gang før" in again.text) == (400, True)


async def test_a_code_of_another_sign_in_says_nobody(workplace: Workplace) -> None:
    """It was asked for with another verifier and another nonce (RFC 7636, OpenID Connect Core § 15.5.2)."""
    browser, other = workplace.browser(), workplace.browser()
    back = httpx.URL(await came_back(workplace, browser))
    address = httpx.URL(await begun(other))
    mixed = back.copy_merge_params({"state": address.params["state"]})
    answer = await other.get(mixed)
    assert (answer.status_code, "sagde nej" in answer.text) == (400, True)
    assert workplace.badge_of(other) is None


@pytest.mark.parametrize("kept", ["nonce", "verifier"])
async def test_a_sign_in_is_bound_to_each_of_its_two_secrets_by_itself(workplace: Workplace, kept: str) -> None:
    browser = workplace.browser()
    back = await came_back(workplace, browser)
    await workplace.host.pool.execute(f"UPDATE sign_ins SET {kept} = repeat('a', 43)")
    answer = await browser.get(back)
    assert (answer.status_code, "sagde nej" in answer.text) == (400, True)
    assert workplace.badge_of(browser) is None


@pytest.mark.parametrize(
    "til", ["https://evil.example/", "//evil.example/", "/\\evil.example", "stab", "/stab\r\nX: y"]
)
async def test_nobody_is_led_to_another_host_after_they_have_signed_in(workplace: Workplace, til: str) -> None:
    browser = workplace.browser()
    sent = await browser.post("/login", data={"_key": key(), "til": til})
    page = await browser.get(onward(sent), follow_redirects=True)
    account = workplace.provider.accounts["konsulent"]
    answer = await browser.post(page.url, data={"navn": account.login, "adgangskode": account.password})
    while not answer.headers["location"].startswith("/"):
        answer = await browser.get(answer.headers["location"])
    assert answer.headers["location"] == "/stab"
    again = await browser.get("/login", params={"til": til})
    assert (again.status_code, again.headers["location"]) == (303, "/stab"), "whoever is in already neither"


async def test_a_sign_in_that_took_too_long_begins_again(workplace: Workplace) -> None:
    browser = workplace.browser()
    back = await came_back(workplace, browser)
    await workplace.host.pool.execute("UPDATE sign_ins SET begun_at = begun_at - interval '10 minutes'")
    answer = await browser.get(back)
    assert (answer.status_code, "Der gik for lang tid" in answer.text) == (400, True)


async def test_the_providers_no_is_said_as_it_is(workplace: Workplace) -> None:
    browser = workplace.browser()
    state = httpx.URL(await begun(browser)).params["state"]
    answer = await browser.get(f"/login/tilbage?error=access_denied&state={state}")
    assert (answer.status_code, "sagde nej" in answer.text) == (400, True)


async def test_the_provider_changes_its_key_and_its_clock_is_not_ours(workplace: Workplace) -> None:
    await workplace.comes_in("consultant")
    await workplace.provider.rotate()
    await workplace.comes_in("finance")
    for seconds in (-60, 60):
        async with workplace.provider.skewed(seconds):
            await workplace.comes_in("operator")
    async with workplace.provider.skewed(-3 * 3600):
        refused = await workplace.enters(workplace.browser(), workplace.provider.accounts["administrator"])
    assert refused.status_code == 400, "a token of three hours ago is over"


async def test_a_badge_is_given_anew_as_long_as_the_session_goes_on(workplace: Workplace) -> None:
    browser = await workplace.comes_in("consultant")
    before = workplace.badge_of(browser)
    browser.cookies.delete(COOKIE)
    assert (await browser.get(ME)).status_code == 200, "in this service at once"
    assert workplace.badge_of(browser) is not None
    assert before is not None

    await workplace.host.pool.execute(
        "UPDATE sessions SET seen_at = seen_at - interval '61 minutes', began_at = began_at - interval '61 minutes'"
    )
    browser.cookies.delete(COOKIE)
    assert (await browser.get(ME)).status_code == 303, "nobody has been seen for an hour"
    await workplace.host.pool.execute("UPDATE sessions SET seen_at = now(), began_at = now() - interval '12 hours'")
    assert (await browser.get(ME)).status_code == 303, "it has gone on for twelve hours"


async def test_signed_out_is_signed_out_for_whoever_has_kept_the_cookies(workplace: Workplace) -> None:
    browser = await workplace.comes_in("consultant")
    await workplace.desk.told()
    kept = with_cookies(browser, COOKIE, SESSION_COOKIE)
    page = await browser.get(ME)
    assert (await browser.get("/login/ud")).status_code == 405, "a GET signs nobody out"
    answer = await browser.post("/login/ud", data={"_key": key()})
    assert answer.status_code == 200
    assert onward(answer).startswith(workplace.provider.issuer), "and out of the provider, if they like"
    assert (await browser.get(ME)).status_code == 303

    thief = workplace.browser()
    assert (await thief.get(ME, headers=kept)).status_code == 303
    (told,) = await workplace.desk.told()
    assert isinstance(told, SessionsRevoked)
    assert told.epoch == 1
    assert f"staff/{told.person_id}" == await workplace.host.pool.fetchval(
        "SELECT actor FROM audit WHERE command = 'SignOut'"
    )
    assert page.status_code == 200


async def test_whoever_comes_in_once_more_at_a_browser_leaves_no_session_behind_there(workplace: Workplace) -> None:
    browser = await workplace.comes_in("consultant")
    kept = with_cookies(browser, COOKIE, SESSION_COOKIE)
    await workplace.comes_in("consultant", browser)
    assert (await workplace.browser().get(ME, headers=kept)).status_code == 303
    assert (await browser.get(ME)).status_code == 200
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


async def test_somebody_sees_where_they_are_signed_in_and_ends_it_there(workplace: Workplace) -> None:
    home, office = workplace.browser(), workplace.browser(**{"User-Agent": FIREFOX})
    await workplace.comes_in("consultant", home)
    await workplace.comes_in("consultant", office)
    shown = (await home.get(ME)).text
    assert "Firefox på Windows" in shown
    (theirs,) = re.findall(r'name="session_id" value="([^"]+)"', shown)
    answer = await home.post(ME, data={**typed(shown), "session_id": theirs})
    assert answer.status_code == 303, answer.text
    assert (await office.get(ME)).status_code == 303
    assert (await home.get(ME)).status_code == 200, "here a badge of the new epoch comes by itself"

    await workplace.comes_in("consultant", office)
    assert (await office.post(ME, data=typed((await office.get(ME)).text))).status_code == 303
    assert (await home.get(ME)).status_code == 303, "all the others"
    assert (await office.get(ME)).status_code == 200


async def test_nobody_ends_the_session_of_somebody_else(workplace: Workplace) -> None:
    victim = await workplace.comes_in("finance")
    browser = await workplace.comes_in("consultant")
    badge = workplace.badge_of(victim)
    assert badge is not None
    answer = await browser.post(ME, data={**typed((await browser.get(ME)).text), "session_id": badge.session})
    assert (answer.status_code, "ikke logget ind længere" in answer.text) == (410, True)
    assert (await victim.get(ME)).status_code == 200


async def test_the_provider_ends_a_session_by_itself(workplace: Workplace) -> None:
    browser, other = await workplace.comes_in("consultant"), await workplace.comes_in("finance")
    (told, *_) = await workplace.provider.end_sessions("konsulent")
    assert told["heard"]
    assert (await browser.get(ME)).status_code == 303
    assert (await other.get(ME)).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
async def test_nobody_but_the_provider_ends_sessions_so(workplace: Workplace, token: str) -> None:
    browser = await workplace.comes_in("consultant")
    answer = await workplace.browser().post("/login/oidc/logud", data={"logout_token": token})
    assert answer.status_code == 400
    assert (await browser.get(ME)).status_code == 200


async def test_a_token_that_says_who_somebody_is_signs_nobody_out(workplace: Workplace) -> None:
    """It is the provider's own, of the same person and for us, and is no logout token (Back-Channel Logout § 2.6)."""
    browser = await workplace.comes_in("consultant")
    asked = wish(workplace.url)
    back = await sign_in(workplace.browser(), asked.url(workplace.provider), workplace.provider.accounts["konsulent"])
    token = (await workplace.provider.redeem(asked, back.url.params["code"])).json()["id_token"]
    answer = await workplace.browser().post("/login/oidc/logud", data={"logout_token": token})
    assert answer.status_code == 400
    assert (await browser.get(ME)).status_code == 200


async def test_a_badge_that_somebody_else_signed_or_changed_opens_nothing(workplace: Workplace) -> None:
    browser = await workplace.comes_in("consultant")
    real = browser.cookies.get(COOKIE) or ""
    now = machine_now()
    forged = Badge("somebody", "s", 9, {"": frozenset({"administrator"})}, lasts_until(now))
    for cookie in (Signer(secrets.token_bytes(32)).sign(forged, now), real[:-4] + "AAAA", "x", real.rpartition(".")[0]):
        answer = await workplace.browser().get(ME, headers={"Cookie": f"{COOKIE}={cookie}"})
        assert answer.status_code == 303, cookie


async def test_nothing_that_was_typed_is_lost_when_the_session_is_over(workplace: Workplace) -> None:
    browser = await workplace.comes_in("administrator")
    page = (await browser.get("/stab/adgang")).text
    wanted = {"email": "ny@tovholder.example", "role": "reader"}
    await workplace.host.pool.execute("UPDATE sessions SET ended_at = now()")
    browser.cookies.delete(COOKIE)
    lost = await browser.post("/stab/adgang", data=typed(page, **wanted))
    assert (lost.status_code, "Du er logget ud" in lost.text) == (401, True)
    assert "ny@tovholder.example" in lost.text

    await workplace.comes_in("administrator", browser)
    kept = dict(re.findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', lost.text))
    assert kept == wanted
    done = await browser.post("/stab/adgang", data=typed(lost.text, **kept))
    assert done.status_code == 303, done.text
    assert "ny@tovholder.example" in (await browser.get("/stab/adgang")).text


async def test_whoever_signs_in_as_another_sees_the_form_before_it_is_sent(workplace: Workplace) -> None:
    browser = await workplace.comes_in("administrator")
    page = (await browser.get("/stab/adgang")).text
    wanted = {"email": "ny@tovholder.example", "role": "reader"}
    await workplace.host.pool.execute("UPDATE sessions SET ended_at = now()")
    browser.cookies.clear()
    lost = await browser.post("/stab/adgang", data=typed(page, **wanted))
    assert lost.status_code == 401

    administrator = await workplace.comes_in("administrator", workplace.browser())
    grant = typed((await administrator.get("/stab/adgang")).text, role="administrator")
    grant["email"] = workplace.provider.accounts["konsulent"].email
    assert (await administrator.post("/stab/adgang", data=grant)).status_code == 303
    await workplace.comes_in("consultant", browser)
    seen = await browser.post("/stab/adgang", data=typed(lost.text, **wanted))
    assert (seen.status_code, "intet er sket" in seen.text) == (403, True)
    assert (await browser.post("/stab/adgang", data=typed(seen.text, **wanted))).status_code == 303


async def test_a_form_that_no_page_of_ours_has_shown_does_nothing(workplace: Workplace) -> None:
    browser = await workplace.comes_in("administrator")
    other = await workplace.comes_in("consultant")
    strange = typed((await other.get(ME)).text)["_csrf"]
    for csrf in ("", "x", strange):
        sent = {"_key": key(), "_csrf": csrf, "email": "ny@tovholder.example", "role": "reader"}
        answer = await browser.post("/stab/adgang", data=sent)
        assert (answer.status_code, "intet er sket" in answer.text) == (403, True)
    cross = await browser.post(
        "/stab/adgang",
        data=typed((await browser.get("/stab/adgang")).text, email="ny@tovholder.example", role="reader"),
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert cross.status_code == 403
    assert "ny@tovholder.example" not in (await browser.get("/stab/adgang")).text


async def test_whoever_begins_to_sign_in_without_end_is_stopped(workplace: Workplace) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):  # the ten minutes may be over in the middle of the first one's
        browser, window = workplace.browser(**{"X-Forwarded-For": address}), int(machine_now().timestamp()) // 600
        answers = [(await browser.post("/login", data={"_key": key(), "til": "/stab"})).status_code for _ in range(61)]
        if int(machine_now().timestamp()) // 600 == window:
            break
    assert answers == [200] * 60 + [429]


async def test_an_account_that_comes_in_again_and_again_is_stopped_and_no_other(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a window as long as the test may take: none ends in the middle of it.
    monkeypatch.setattr("services.enrollment.pages.login.OF_AN_ACCOUNT", {"limit": 2, "seconds": 10**9})
    for _ in range(2):
        await workplace.comes_in("consultant")
    third = await workplace.enters(workplace.browser(), workplace.provider.accounts["konsulent"])
    assert (third.status_code, "For mange forsøg" in third.text) == (429, True)
    await workplace.comes_in("finance")


async def test_of_twenty_one_sessions_the_one_that_was_seen_longest_ago_has_ended(workplace: Workplace) -> None:
    first = await workplace.comes_in("consultant")
    await workplace.host.pool.execute(
        "UPDATE sessions SET seen_at = seen_at - interval '1 minute', began_at = seen_at - interval '1 minute'"
    )
    await workplace.host.pool.execute(
        """
        INSERT INTO sessions (id, secret_sha256, account_id, browser, began_at, seen_at)
        SELECT 's' || n, sha256(n::text::bytea), (SELECT id FROM accounts), 'En browser', now(), now()
        FROM generate_series(1, 19) AS n
        """
    )
    await workplace.comes_in("consultant")
    first.cookies.delete(COOKIE)
    assert (await first.get(ME)).status_code == 303
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 20


async def test_nothing_secret_stands_in_the_tables(workplace: Workplace) -> None:
    browser = await workplace.comes_in("consultant")
    secret = browser.cookies.get(SESSION_COOKIE) or ""
    assert len(secret) >= 43
    rows = [dict(row) for row in await workplace.host.pool.fetch("SELECT * FROM sessions")]
    assert secret not in json.dumps(rows, default=str)
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM sign_ins") == 0


async def test_without_a_provider_the_page_says_what_is_missing(database: MakeDatabase, link_key_file: Path) -> None:
    where = await database("enrollment")
    host = await open_host(
        SERVICE, Settings(database_url=SecretStr(where.url), http_port=0, link_key_file=link_key_file)
    )
    running = Running(host, "web")
    await running.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", trust_env=False) as client:
        page = await client.get("/login")
        sent = await client.post("/login", data={"_key": key()})
        staff = await client.get("/stab/adgang")
    await running.stop()
    assert "TOVHOLDER_OIDC_ISSUER" in page.text
    assert (sent.status_code, staff.status_code) == (503, 503)


async def test_a_provider_that_calls_itself_otherwise_is_asked_for_nothing(oidc_provider: Provider) -> None:
    """Letter by letter, as in its tokens (OpenID Connect Discovery § 4.3)."""
    known, otherwise = (
        IdentityProvider(issuer, oidc_provider.client_id, oidc_provider.client_secret, "http://127.0.0.1:9")
        for issuer in (oidc_provider.issuer, f"{oidc_provider.issuer}/")
    )
    assert (await known.authorization_url("s", "n", "v" * 43)).startswith(oidc_provider.issuer)
    with pytest.raises(ProviderAway, match="another issuer"):
        await otherwise.authorization_url("s", "n", "v" * 43)


async def test_a_provider_that_is_away_is_no_error_of_ours(
    database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    where, seed = await database("enrollment"), tmp_path / "key"
    seed.write_text(secrets.token_hex(32))
    settings = Settings(
        database_url=SecretStr(where.url),
        http_port=0,
        link_key_file=link_key_file,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="tovholder",
        oidc_client_secret=SecretStr("x"),
        session_key_file=seed,
    )
    running = Running(await open_host(SERVICE, settings), "web")
    await running.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", trust_env=False) as client:
        answer = await client.post("/login", data={"_key": key()})
    await running.stop()
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
