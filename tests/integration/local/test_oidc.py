"""The local provider: who signs in at it, what its client is told, and what nobody learns."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import psutil
import pytest

from deploy.local.oidc import server
from deploy.local.ports import HOST
from deploy.local.supervisor import Supervisor
from tests.support.eventually import eventually
from tests.support.oidc import Account, Provider, provider, sign_in, wish

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
MINUTES_5 = 300


@dataclass(slots=True)
class Client:
    """A client with nothing behind it: people come back to it, and the provider tells it who has logged out."""

    url: str
    heard: list[str] = field(default_factory=list)
    """Logout tokens."""
    deaf: bool = False


@pytest.fixture
async def client(oidc_provider: Provider) -> AsyncIterator[Client]:
    found = Client("")

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200)

        def do_POST(self) -> None:
            sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if self.path == "/login/oidc/logud" and not found.deaf:
                found.heard += sent["logout_token"]
            self._say(503 if found.deaf else 200)

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    listening = ThreadingHTTPServer((HOST, 0), Answers)
    found.url = f"http://{HOST}:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    await oidc_provider.serve(found.url, back_channel=f"{found.url}/login/oidc/logud")
    yield found
    listening.shutdown()
    thread.join()
    listening.server_close()


def browser() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=15.0)


def consultant(at: Provider) -> Account:
    return at.accounts["konsulent"]


async def tokens_of(at: Provider, public_url: str, http: httpx.AsyncClient, account: Account) -> dict[str, Any]:
    """What the client gets for somebody who signs in."""
    asked = wish(public_url)
    back = await sign_in(http, asked.url(at), account)
    answer = await at.redeem(asked, back.url.params["code"])
    tokens: dict[str, Any] = answer.raise_for_status().json()
    return tokens


async def who_it_is(at: Provider, http: httpx.AsyncClient, tokens: dict[str, Any]) -> httpx.Response:
    return await http.get(f"{at.issuer}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})


async def test_it_says_of_itself_what_a_client_needs_to_know(oidc_provider: Provider) -> None:
    said = await oidc_provider.discovered()
    assert said["issuer"] == oidc_provider.issuer
    assert said["issuer"].startswith(f"http://{HOST}:")
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["response_types_supported"] == ["code"]
    assert said["grant_types_supported"] == ["authorization_code"]
    assert said["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["backchannel_logout_supported"] is said["backchannel_logout_session_supported"] is True
    assert {"sub", "name", "email", "email_verified"} <= set(said["claims_supported"])
    addresses = [value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 5
    assert all(one.startswith(f"{oidc_provider.issuer}/") for one in addresses)


@pytest.mark.parametrize("login", ["konsulent", "oekonomi", "drift", "administrator"])
async def test_whoever_signs_in_comes_back_and_the_client_learns_who_it_is(
    oidc_provider: Provider, client: Client, login: str
) -> None:
    account, asked = oidc_provider.accounts[login], wish(client.url)
    async with browser() as http:
        back = await sign_in(http, asked.url(oidc_provider), account)
    assert str(back.url).startswith(f"{client.url}/login/tilbage?")
    assert back.url.params["state"] == asked.state
    assert back.url.params["iss"] == oidc_provider.issuer
    tokens = (await oidc_provider.redeem(asked, back.url.params["code"])).raise_for_status().json()
    assert "refresh_token" not in tokens
    assert tokens["expires_in"] == MINUTES_5
    claims = await oidc_provider.claims_of(tokens["id_token"])
    who = {"sub": account.sub, "name": account.name, "email": account.email, "email_verified": True}
    assert who.items() <= claims.items()
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (oidc_provider.issuer, "tovholder", asked.nonce)
    assert claims["exp"] - claims["iat"] == MINUTES_5
    assert claims["sid"]
    async with browser() as http:
        told = await http.get(
            f"{oidc_provider.issuer}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
    assert told.json() == who


async def test_who_is_signed_in_already_is_asked_for_nothing(oidc_provider: Provider, client: Client) -> None:
    async with browser() as http:
        await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
        back = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        assert back.url.path == "/login/tilbage"
        again = await http.get(wish(client.url).url(oidc_provider, prompt="login"), follow_redirects=True)
        assert again.url.path.startswith("/log-ind/")


@pytest.mark.parametrize(
    ("otherwise", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "consent"}, "invalid_request"),
    ],
    ids=["no PKCE", "plain PKCE", "PKCE that would be plain", "the implicit flow", "silently", "a page of consent"],
)
async def test_a_wish_that_the_client_should_not_have_is_refused_to_the_client(
    oidc_provider: Provider, client: Client, otherwise: dict[str, str | None], error: str
) -> None:
    async with browser() as http:
        answer = await http.get(wish(client.url).url(oidc_provider, **otherwise))
    assert answer.is_redirect
    back = httpx.URL(answer.headers["Location"])
    assert str(back).startswith(f"{client.url}/login/tilbage")
    assert error in str(back)
    assert "code=" not in str(back)


@pytest.mark.parametrize("path", ["/login/tilbage/", "/login/andet", "/login/tilbage?x=1", ""])
async def test_nobody_is_led_to_where_the_client_is_not(oidc_provider: Provider, client: Client, path: str) -> None:
    for redirect_uri in (f"{client.url}{path}", "https://andre.example/login/tilbage"):
        url = wish(client.url).url(oidc_provider, redirect_uri=redirect_uri)
        async with browser() as http:
            answer = await http.get(url, headers={"Accept": "text/html"})
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert "invalid_redirect_uri" in answer.text
        assert 'lang="da"' in answer.text


async def test_a_code_is_worth_nothing_without_the_verifier_and_the_secret_and_only_once(
    oidc_provider: Provider, client: Client
) -> None:
    async with browser() as http:
        for otherwise in ({"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": f"{client.url}/"}):
            asked = wish(client.url)
            back = await sign_in(http, asked.url(oidc_provider), consultant(oidc_provider))
            refused = await oidc_provider.redeem(asked, back.url.params["code"], **otherwise)
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        asked = wish(client.url)
        back = await sign_in(http, asked.url(oidc_provider), consultant(oidc_provider))
        form = {"grant_type": "authorization_code", "code": back.url.params["code"], "code_verifier": asked.verifier}
        form["redirect_uri"] = asked.redirect_uri
        for auth in (("tovholder", "forkert"), ("andre", oidc_provider.client_secret)):
            stranger = await http.post(f"{oidc_provider.issuer}/token", data=form, auth=auth)
            assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")
    assert (await oidc_provider.redeem(asked, back.url.params["code"])).status_code == 200
    assert (await oidc_provider.redeem(asked, back.url.params["code"])).status_code == 400


@pytest.mark.parametrize("login", ["konsulent", "ingen", "__proto__", "<b>"])
async def test_a_wrong_password_says_so_and_takes_its_time(oidc_provider: Provider, client: Client, login: str) -> None:
    known = oidc_provider.accounts.get(login)
    account = known or Account(login, "x", "", "", "")
    async with browser() as http:
        began = time.monotonic()
        page = await sign_in(http, wish(client.url).url(oidc_provider), account, password="ikke-den")  # noqa: S106
        assert time.monotonic() - began >= 0.5
        assert page.status_code == 401
        assert "Navnet eller adgangskoden er forkert." in page.text
        assert '<b>"' not in page.text
        assert "ikke-den" not in page.text
        right = await http.post(page.url, data={"navn": account.login, "adgangskode": account.password})
    assert right.is_redirect is (known is not None)


async def test_who_guesses_is_shut_out_and_with_them_whoever_knows(tmp_path: Path) -> None:
    async with provider(tmp_path) as at, browser() as http:
        account = consultant(at)
        page = await http.get(wish("http://127.0.0.1:9").url(at), follow_redirects=True)

        async def typed(login: str, password: str) -> int:
            return (await http.post(page.url, data={"navn": login, "adgangskode": password})).status_code

        guesses = [typed(account.login, f"guess {number}") for number in range(14)]
        assert sorted(await asyncio.gather(*guesses)) == [401] * 10 + [429] * 4
        assert await typed(account.login, account.password) == 429
        other = at.accounts["drift"]
        assert await typed(other.login, other.password) == 303


async def test_the_page_loads_nothing_and_lets_nobody_frame_it(oidc_provider: Provider, client: Client) -> None:
    async with browser() as http:
        page = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
    policy = set(page.headers["Content-Security-Policy"].split("; "))
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= policy
    assert f"form-action 'self' {client.url}" in policy
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert not [word for word in ("src=", "<link", "<script") if word in page.text]
    cookies = [value.lower() for value in page.history[0].headers.get_list("Set-Cookie")]
    assert cookies
    assert all("httponly" in one and "samesite=lax" in one for one in cookies)


async def test_a_page_that_is_nobodys_any_more_says_so(oidc_provider: Provider) -> None:
    async with browser() as http:
        for page in (
            await http.get(f"{oidc_provider.issuer}/log-ind/ukendt"),
            await http.post(f"{oidc_provider.issuer}/log-ind/ukendt", data={"navn": "konsulent", "adgangskode": "x"}),
        ):
            assert (page.status_code, "Begynd forfra" in page.text) == (400, True)


async def test_who_logs_out_by_the_client_is_logged_out_here_and_the_client_hears_it(
    oidc_provider: Provider, client: Client
) -> None:
    async with browser() as http:
        tokens = await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
        end = (await oidc_provider.discovered())["end_session_endpoint"]
        asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": f"{client.url}/", "state": "s"}
        page = await http.get(end, params=asked)
        assert "document.forms[0].submit()" in page.text, "nobody is asked again"
        form = {part.split('"')[1]: part.split('value="')[1].split('"')[0] for part in page.text.split("name=")[2:]}
        assert set(form) == {"xsrf", "logout"}
        after = await http.post(f"{end}/confirm", data=form, follow_redirects=True)
        assert str(after.url) == f"{client.url}/?state=s"
        again = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        assert again.url.path.startswith("/log-ind/"), "it is asked who they are"
    (told,) = client.heard
    said = await oidc_provider.claims_of(told)
    was = await oidc_provider.claims_of(tokens["id_token"])
    assert (said["sid"], said["aud"], said["iss"]) == (was["sid"], "tovholder", oidc_provider.issuer)
    assert said["events"] == {LOGOUT: {}}
    assert "nonce" not in said


async def test_a_link_of_somebody_elses_logs_nobody_out(oidc_provider: Provider, client: Client) -> None:
    async with browser() as http:
        await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
        other = await token_of_another(oidc_provider, client)
        for asked in ({}, {"client_id": "tovholder"}, {"id_token_hint": other}):
            page = await http.get(f"{oidc_provider.issuer}/session/end", params=asked)
            assert "<script" not in page.text
            assert "<button>Log ud</button>" in page.text
        refused = await http.get(
            f"{oidc_provider.issuer}/session/end",
            params={"client_id": "tovholder", "post_logout_redirect_uri": "https://andre.example/"},
            headers={"Accept": "text/html"},
        )
        assert refused.status_code == 400
        back = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        assert back.url.path == "/login/tilbage", "still signed in"
    assert client.heard == []


async def token_of_another(at: Provider, client: Client) -> str:
    async with browser() as http:
        return str((await tokens_of(at, client.url, http, at.accounts["drift"]))["id_token"])


async def test_sessions_that_end_at_the_provider_are_told_to_the_client_one_by_one(
    oidc_provider: Provider, client: Client
) -> None:
    await oidc_provider.end_sessions("konsulent")
    client.heard.clear()
    async with browser() as one, browser() as two, browser() as other:
        tokens = [await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider)) for http in (one, two)]
        await tokens_of(oidc_provider, client.url, other, oidc_provider.accounts["drift"])
        sids = {(await oidc_provider.claims_of(each["id_token"]))["sid"] for each in tokens}
        ended = await oidc_provider.end_sessions("konsulent")
        assert {each["sid"] for each in ended} == sids
        assert all(each["heard"] for each in ended)
        assert {(await oidc_provider.claims_of(told))["sid"] for told in client.heard} == sids
        for http in (one, two):
            asked = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
            assert asked.url.path.startswith("/log-ind/")
        stays = await other.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        assert stays.url.path == "/login/tilbage"
        for each in tokens:
            me = await one.get(
                f"{oidc_provider.issuer}/me", headers={"Authorization": f"Bearer {each['access_token']}"}
            )
            assert me.status_code == 401
    assert await oidc_provider.end_sessions("konsulent") == []


async def test_a_client_that_does_not_hear_keeps_nobody_signed_in(oidc_provider: Provider, client: Client) -> None:
    async with browser() as http:
        await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
        client.deaf = True
        (ended,) = await oidc_provider.end_sessions("konsulent")
        assert not ended["heard"]
        asked = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        assert asked.url.path.startswith("/log-ind/")


async def test_another_key_signs_and_what_the_one_before_has_signed_holds(
    oidc_provider: Provider, client: Client
) -> None:
    async with browser() as http:
        before = (await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider)))["id_token"]
        old = set(await oidc_provider.keys())
        new = await oidc_provider.rotate()
        known = await oidc_provider.keys()
        assert new not in old
        assert new in known
        assert not [key for key in known.values() if set(key) & {"d", "p", "q", "dp", "dq", "qi"}]
        after = (await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider)))["id_token"]
        assert (await oidc_provider.claims_of(before))["sub"] == (await oidc_provider.claims_of(after))["sub"]
        await oidc_provider.rotate()
        known = await oidc_provider.keys()
        assert len(known) == 2
        assert new in known
        with pytest.raises(KeyError):
            await oidc_provider.claims_of(before)


@pytest.mark.parametrize("seconds", [-240, 240])
async def test_its_clock_can_be_wrong(oidc_provider: Provider, client: Client, seconds: int) -> None:
    async with oidc_provider.skewed(seconds), browser() as http:
        tokens = await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
    claims = await oidc_provider.claims_of(tokens["id_token"])
    now = time.time()
    assert now + seconds - 30 < claims["iat"] <= now + seconds + 1
    async with browser() as http:
        right = await tokens_of(oidc_provider, client.url, http, consultant(oidc_provider))
    assert now - 1 <= (await oidc_provider.claims_of(right["id_token"]))["iat"] < now + 30


async def test_who_holds_no_key_changes_nothing_there(oidc_provider: Provider) -> None:
    keys = await oidc_provider.keys()
    async with browser() as http:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {oidc_provider.client_secret}"}):
            for act in ("rotate", "skew", "serve", "end"):
                answer = await http.post(f"{oidc_provider.issuer}/_control/{act}", json={}, headers=headers)
                assert answer.status_code == 404
    assert await oidc_provider.keys() == keys


async def test_another_name_of_this_machine_is_not_its_own(oidc_provider: Provider) -> None:
    async with browser() as http:
        for path in ("/.well-known/openid-configuration", "/auth", "/log-ind/x", "/_control/rotate"):
            for host in ("andre.example", "localhost", f"andre.example:{httpx.URL(oidc_provider.issuer).port}"):
                assert (await http.get(f"{oidc_provider.issuer}{path}", headers={"Host": host})).status_code == 421


async def test_a_form_that_is_too_long_is_not_read(oidc_provider: Provider, client: Client) -> None:
    async with browser() as http:
        page = await http.get(wish(client.url).url(oidc_provider), follow_redirects=True)
        answer = await http.post(page.url, data={"navn": "x" * 20_000, "adgangskode": "x"})
        assert answer.status_code == 413
    assert oidc_provider.running.poll() is None


async def test_nothing_secret_is_logged_shown_to_the_machine_or_left_open(tmp_path: Path) -> None:
    async with provider(tmp_path) as at, browser() as http:
        asked = wish("http://127.0.0.1:9")
        page = await http.get(asked.url(at), follow_redirects=True)
        await http.post(page.url, data={"navn": "konsulent", "adgangskode": "hemmeligt-gæt"})
        answer = await http.post(page.url, data={"navn": "konsulent", "adgangskode": consultant(at).password})
        while not answer.headers["Location"].startswith("http://127.0.0.1:9/"):
            answer = await http.get(answer.headers["Location"])
        code = httpx.URL(answer.headers["Location"]).params["code"]
        await at.redeem(asked, code, code_verifier="x" * 43)
        tokens = await at.redeem(asked, code)
        assert tokens.status_code == 200
        files = list(at.folder.iterdir())
        held = {value for file in files if file.suffix != ".json" for value in [file.read_text()]}
        held |= {account.password for account in at.accounts.values()}
        held |= {key["d"] for key in json.loads((at.folder / server.KEYS_FILE).read_text())}
        assert len(held) == 8
        held |= {"hemmeligt-gæt", code, asked.verifier, asked.state, asked.nonce, *map(str, tokens.json().values())}
        held -= {"300", "Bearer", "openid profile email"}
        assert "konsulent signs in" in at.log
        assert "invalid_grant" in at.log
        assert not [one for one in held if one in at.log]
        for one in (psutil.Process(at.running.pid), *psutil.Process(at.running.pid).children(recursive=True)):
            assert not [word for word in (*one.cmdline(), *one.environ().values()) for each in held if each in word]
            listening = [socket.laddr for socket in one.net_connections("all") if socket.status == psutil.CONN_LISTEN]
            assert listening == [(HOST, httpx.URL(at.issuer).port)]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_who_it_is_and_what_signs_stay_when_it_is_started_again(tmp_path: Path) -> None:
    async with provider(tmp_path) as before:
        accounts, secret, keys = before.accounts, before.client_secret, await before.keys()
        await before.rotate()
        keys = await before.keys()
    async with provider(tmp_path) as after:
        assert (after.accounts, after.client_secret, await after.keys()) == (accounts, secret, keys)
    async with provider(tmp_path / "another") as other:
        assert {one.sub for one in other.accounts.values()} == {one.sub for one in accounts.values()}
        assert not {one.password for one in other.accounts.values()} & {one.password for one in accounts.values()}
        assert other.client_secret != secret
        assert not set(await other.keys()) & set(keys)


async def test_it_is_started_again_when_it_is_killed_and_people_sign_in_again(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    async with provider(tmp_path / "first") as first:
        issuer = first.issuer
    command = server.command(tmp_path / "secrets", issuer, "http://127.0.0.1:9", "http://127.0.0.1:9", tmp_path / "log")
    supervisor = Supervisor()
    try:
        await asyncio.to_thread(supervisor.run, "oidc", command)
        pid = await eventually(lambda: (supervisor.state("oidc")).pid)
        async with browser() as http:

            async def ready() -> bool:
                try:
                    return (await http.get(f"{issuer}/readyz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(ready)
            psutil.Process(pid).kill()
            await asyncio.to_thread(supervisor.wait_for_fall, "oidc", 1)
            await eventually(ready)
            assert supervisor.state("oidc").pid != pid
    finally:
        await asyncio.to_thread(supervisor.close)
    assert not supervisor.state("oidc").running
