"""The mail sink keeps every mail it accepted as a file, shows it safely, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from deploy.local import process
from deploy.local.mail_guard import bearer, link
from deploy.local.mailsink import in_danish
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Command
from tests.support.eventually import eventually

TO = "tovholder@lejre.example"


class Running:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.smtp_port, self.http_port = free_ports(2)
        self.key = secrets.token_hex(32)
        self.address = f"http://{HOST}:{self.http_port}"
        self.http = httpx.AsyncClient(base_url=self.address, trust_env=False, headers=bearer(self.key))
        self.stranger = httpx.AsyncClient(base_url=self.address, trust_env=False)
        """Whoever comes without the key: a browser, another user of the machine."""

    async def start(self) -> None:
        module = (sys.executable, "-m", "deploy.local.mailsink", "--control")
        listen = ("--smtp", f"{HOST}:{self.smtp_port}", "--http", f"{HOST}:{self.http_port}")
        folders = ("--mails", str(self.folder / "mails"), "--calendar", str(self.folder / "calendar"))
        (self.folder / "key").write_text(self.key)
        key = ("--key-file", str(self.folder / "key"))
        self.command = Command(argv=(*module, *listen, *key, *folders), log=self.folder / "mail.log")
        self.process = process.start(self.command)
        await eventually(self.answers, because="the sink is ready")

    async def answers(self) -> bool:
        try:
            return (await self.http.get("/readyz")).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> int:
        return process.stop(self.process, self.command)

    async def send(self, mail: EmailMessage, patience: float = 5.0) -> None:
        await aiosmtplib.send(mail, hostname=HOST, port=self.smtp_port, timeout=patience)

    async def rule(self, action: str, times: int | None = 1) -> None:
        rules = [{"recipient": TO, "action": action, "times": times}]
        assert (await self.http.put("/control/rules", json=rules)).is_success

    async def accepted(self) -> int:
        return int((await self.http.get("/api/count")).json()["accepted"])


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path)
    await running.start()
    yield running
    await running.http.aclose()
    await running.stranger.aclose()
    running.stop()


def invitation(subject: str = "Reservér datoen: møde i Køge") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Foreningen <post@forening.example>"
    mail["To"] = TO
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@forening.example>"
    mail.set_content("Kære tovholder\n\nÆblegrød på øen.\n")
    mail.add_alternative("<h1>Kære tovholder</h1><script>alert(1)</script>", subtype="html")
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    mail.add_alternative(calendar, subtype="calendar", params={"method": "REQUEST"})
    return mail


async def test_a_mail_is_listed_with_the_names_of_its_files_and_all_are_forgotten_when_asked(sink: Running) -> None:
    mail = invitation()
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="Kvittering på plads.pdf")
    await sink.send(mail)
    (listed,) = (await sink.http.get("/api/messages")).json()
    assert listed["attachments"] == ["Kvittering på plads.pdf"]
    assert (await sink.http.delete("/api/messages")).status_code == 204
    assert (await sink.http.get("/api/messages")).json() == []
    assert [*(sink.folder / "mails").iterdir(), *(sink.folder / "calendar").iterdir()] == []
    await sink.send(invitation())
    (listed,) = (await sink.http.get("/api/messages")).json()
    assert listed["number"] == 1


async def test_an_accepted_mail_is_a_file_with_its_invitation_beside(sink: Running) -> None:
    await sink.send(invitation())
    (eml,) = (sink.folder / "mails").iterdir()
    (ics,) = (sink.folder / "calendar").iterdir()
    assert eml.name == "000001-reserver-datoen-moede-i-koege.eml"
    assert ics.read_text().startswith("BEGIN:VCALENDAR")
    (listed,) = (await sink.http.get("/api/messages", params={"to": TO})).json()
    assert listed["subject"] == "Reservér datoen: møde i Køge"
    assert (listed["to"], listed["calendar"], listed["message_id"]) == ([TO], "REQUEST", "<1@forening.example>")
    whole = (await sink.http.get("/api/messages/1")).json()
    assert "Æblegrød på øen." in whole["text"]
    assert (await sink.http.get("/api/messages", params={"after": 1})).json() == []


async def test_a_mails_html_is_shown_where_it_can_do_nothing(sink: Running) -> None:
    await sink.send(invitation("<script>alert(2)</script>"))
    page = (await sink.http.get("/messages/1")).text
    assert "<script>" not in page
    assert "sandbox" in page
    html = await sink.http.get("/messages/1/html")
    assert html.headers["Content-Security-Policy"].startswith("sandbox")
    front = (await sink.http.get("/", params={"q": "lejre"})).text
    assert "1 mail er modtaget her" in front
    assert "<script>" not in front
    assert (await sink.http.get("/messages/2")).status_code == 404


async def test_a_mail_is_described_in_danish_and_in_danish_time(sink: Running) -> None:
    mail = invitation()
    mail["Date"] = "Wed, 03 Jun 2020 05:00:00 +0000"
    mail["Reply-To"] = "svar@forening.example"
    await sink.send(mail)
    page, front = (await sink.http.get("/messages/1")).text, (await sink.http.get("/")).text
    for said in ("Dato", "3. juni 2020 kl. 7.00", "Fra", "Til", "Svar til", "Emne"):
        assert said in page
    assert "3. juni 2020 kl. 7.00" in front
    assert ">Invitation</a>" in front
    assert "REQUEST" not in front


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Fri, 01 Jan 2021 23:30:00 -0000", "2. januar 2021 kl. 0.30"),
        ("a fine day", "a fine day"),
        ("", ""),
        ("Fri, 31 Dec 9999 23:30:00 -1200", "Fri, 31 Dec 9999 23:30:00 -1200"),
    ],
)
def test_a_date_that_is_none_stands_as_it_came(date: str, shown: str) -> None:
    assert in_danish(date) == shown


async def test_whatever_is_attached_can_be_had_and_does_nothing(sink: Running) -> None:
    mail = invitation()
    mail.add_attachment(b"%PDF-1.7 faktura", "application", "pdf", filename="Faktura Ø-1.pdf")
    mail.add_attachment("Ugens møder\n", filename="ugen.txt")
    mail.add_attachment(b"BEGIN:VCALENDAR\r\n", "text", "calendar", filename="moede.ics")
    mail.add_attachment("<script>alert(3)</script>", subtype="html", filename='"><script>.html')
    mail.add_attachment(b"<script>alert(4)</script>", "application", "pdf", filename="../../no.pdf")
    await sink.send(mail)
    page = (await sink.http.get("/messages/1")).text
    assert "Faktura Ø-1.pdf" in page
    assert "<script>" not in page

    found = [await sink.http.get(f"/messages/1/attachments/{number}") for number in range(7)]
    assert [one.status_code for one in found] == [404, *[200] * 5, 404]
    pdf, text, calendar, html, no_pdf = found[1:6]
    assert pdf.content == b"%PDF-1.7 faktura"
    assert pdf.headers["Content-Type"] == "application/pdf"
    named = pdf.headers["Content-Disposition"]
    assert named == "inline; filename=\"Faktura _-1.pdf\"; filename*=UTF-8''Faktura%20%C3%98-1.pdf"
    assert text.content.decode().strip() == "Ugens møder"
    kinds = ["text/plain", "text/calendar", "application/octet-stream", "application/octet-stream"]
    for saved, kind in zip((text, calendar, html, no_pdf), kinds, strict=True):
        assert saved.headers["Content-Type"] == kind
        assert saved.headers["Content-Disposition"].startswith("attachment; ")
        assert saved.headers["Content-Security-Policy"].startswith("sandbox")
        assert "/" not in saved.headers["Content-Disposition"].partition("filename*=")[0]
    for answer in (*found, await sink.http.get("/messages/1/html"), await sink.http.get("/messages/1/raw")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_numbers_go_on_after_a_restart(sink: Running) -> None:
    await sink.send(invitation())
    sink.stop()
    await sink.start()
    await sink.send(invitation("Anden mail"))
    assert [mail["number"] for mail in (await sink.http.get("/api/messages")).json()] == [1, 2]


async def test_it_refuses_for_now_or_for_good_as_told(sink: Running) -> None:
    await sink.rule("refuse_for_now")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await sink.send(invitation())
    assert refused.value.recipients[0].code == 451
    await sink.rule("refuse")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await sink.send(invitation())
    assert refused.value.recipients[0].code == 550
    assert await sink.accepted() == 0
    await sink.send(invitation())
    assert await sink.accepted() == 1


async def test_it_hangs_as_told_and_keeps_nothing(sink: Running) -> None:
    await sink.rule("hang")
    with pytest.raises((aiosmtplib.SMTPException, TimeoutError)):
        await sink.send(invitation(), patience=0.5)
    assert await sink.accepted() == 0


async def test_a_mail_may_be_kept_although_no_answer_came(sink: Running) -> None:
    await sink.rule("accept_and_drop")
    with pytest.raises(aiosmtplib.SMTPException):
        await sink.send(invitation())
    assert await sink.accepted() == 1


async def test_the_connection_may_end_right_after_the_answer(sink: Running) -> None:
    await sink.rule("answer_and_drop")
    client = aiosmtplib.SMTP(hostname=HOST, port=sink.smtp_port, timeout=5)
    await client.connect()
    await client.send_message(invitation())
    assert await sink.accepted() == 1
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        async with asyncio.timeout(5):
            await client.noop()
    client.close()


async def test_an_unknown_way_to_misbehave_is_refused(sink: Running) -> None:
    rules = [{"recipient": "*", "action": "sulk"}]
    assert (await sink.http.put("/control/rules", json=rules)).status_code == 422


PATHS = (
    "/",
    "/messages/1",
    "/messages/1/html",
    "/messages/1/raw",
    "/messages/1/calendar",
    "/messages/1/attachments/1",
    "/api/messages",
    "/api/messages/1",
    "/api/count",
    "/control/rules",
)


async def test_whoever_comes_without_the_key_sees_nothing_and_changes_nothing(sink: Running) -> None:
    await sink.send(invitation())
    for headers in ({}, bearer("0"), bearer("0" * 64), {"Authorization": f"Basic {sink.key}"}, {"Cookie": "key=1"}):
        answers = [await sink.stranger.get(path, headers=headers) for path in PATHS]
        answers += [await sink.stranger.get(path, params={"key": "0" * 64}, headers=headers) for path in PATHS]
        answers.append(await sink.stranger.delete("/api/messages", headers=headers))
        answers.append(await sink.stranger.put("/control/rules", json=[], headers=headers))
        answers.append(await sink.stranger.options("/api/messages", headers=headers))
        assert {answer.status_code for answer in answers} == {401}
        assert not any("Køge" in answer.text or "set-cookie" in answer.headers for answer in answers)
    assert await sink.accepted() == 1
    assert [(await sink.stranger.get(path)).status_code for path in ("/livez", "/readyz")] == [200, 200]


async def test_the_link_that_is_printed_lets_a_browser_look_for_half_a_day_and_change_nothing(sink: Running) -> None:
    await sink.send(invitation())
    entered = await sink.stranger.get(link("", sink.key))
    (cookie,) = entered.headers.get_list("set-cookie")
    assert f"tovholder-mail-{sink.http_port}=" in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert sink.key not in cookie + entered.text
    assert entered.headers["Cache-Control"] == "no-store"
    assert "Køge" in (await sink.stranger.get("/")).text
    assert [(await sink.stranger.get(path)).status_code for path in PATHS[:5]] == [200] * 5
    assert (await sink.stranger.delete("/api/messages")).status_code == 401
    assert (await sink.stranger.put("/control/rules", json=[])).status_code == 401
    assert await sink.accepted() == 1
    signed, other = sink.stranger.cookies[f"tovholder-mail-{sink.http_port}"], f"tovholder-mail-{sink.http_port}"
    sink.stranger.cookies.set(other, signed[:-1] + ("A" if signed[-1] != "A" else "B"), domain=HOST)
    assert (await sink.stranger.get("/")).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example", "", "mail:8025"])
async def test_a_name_that_was_made_to_lead_here_is_refused_also_with_the_key(sink: Running, host: str) -> None:
    for path in (*PATHS, "/readyz"):
        assert (await sink.http.get(path, headers={"Host": host})).status_code == 400
    assert (await sink.http.get("/api/count", headers={"Host": f"localhost:{sink.http_port}"})).is_success


async def test_another_site_neither_loads_the_mails_into_its_page_nor_writes(sink: Running) -> None:
    await sink.send(invitation())
    await sink.stranger.get(link("", sink.key))
    for site in ("cross-site", "same-site"):
        loads = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
        frames = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        follows = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        answers = [await sink.stranger.get("/messages/1", headers=headers) for headers in (loads, frames, follows)]
        assert [answer.status_code for answer in answers] == [403, 403, 200]
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):
        assert (await sink.http.delete("/api/messages", headers=headers)).status_code == 403
    own = {"Origin": sink.address}
    assert (await sink.http.delete("/api/messages", headers=own)).status_code == 204


async def test_no_answer_is_kept_framed_or_taken_for_something_else(sink: Running) -> None:
    await sink.send(invitation())
    answers = [await sink.http.get(path) for path in (*PATHS, "/messages/9", "/nowhere")]
    answers += [await sink.stranger.get("/"), await sink.http.get("/", headers={"Host": "evil.example"})]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        framed = "'self'" if answer.url.path == "/messages/1/html" or "sandbox" in policy else "'none'"
        assert f"frame-ancestors {framed}" in policy
        assert "default-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_it_does_not_start_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    words = ["--smtp", f"{HOST}:0", "--http", f"{HOST}:0", "--mails", str(tmp_path), "--calendar", str(tmp_path)]
    module = [sys.executable, "-m", "deploy.local.mailsink"]
    for key in ([], ["--key-file", str(tmp_path / "key")]):
        ended = subprocess.run([*module, *words, *key], capture_output=True, text=True, check=False, timeout=30)
        assert ended.returncode == 2
        assert "key" in ended.stderr
