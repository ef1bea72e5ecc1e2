"""One conversation with a mail server (RFC 5321), step by step, so that it is known what it has taken."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import aiosmtplib

from services.notifications.adapters.mime import Mail

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes out. `starttls` and `tls` check the certificate."""

    host: str
    port: int
    security: Security = "none"
    username: str | None = None
    password: str | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class No:
    """The server's refusal, by its code alone: its text may repeat the address."""

    code: int

    @property
    def name(self) -> str:
        return f"smtp_{self.code}"


class Unreachable(Exception):  # noqa: N818  (a state of the world)
    """No server, no log-in, or the line broke before a mail was begun."""


class NoAnswer(Exception):  # noqa: N818  (a state of the world)
    """The line broke after the mail was begun: nobody knows whether the server took it."""


class Conversation:
    """A connection that is used for many mails; it opens when it is needed and closes when anything is in doubt."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def open(self) -> None:
        """Raises Unreachable."""
        if self._client is not None and self._client.is_connected:
            return
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout_s,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username,
            password=server.password,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Unreachable(type(error).__name__) from error
        self._client = client

    async def address(self, mail: Mail) -> No | None:
        """MAIL and RCPT: nothing is sent yet. Raises Unreachable when the line breaks."""
        client = self._connected()
        try:
            await client.mail(mail.sender)
            await client.rcpt(mail.recipient)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused) as refusal:
            await self._begin_anew(client)
            return No(refusal.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise Unreachable(type(error).__name__) from error
        return None

    async def hand_over(self, mail: Mail) -> No | None:
        """DATA: None = the server has taken it. Raises NoAnswer when the line breaks, or nothing is heard in time."""
        client = self._connected()
        try:
            await client.data(mail.content)
        except aiosmtplib.SMTPDataError as refusal:
            await self._begin_anew(client)
            return No(refusal.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise NoAnswer(type(error).__name__) from error
        return None

    async def forget(self) -> None:
        """RSET: the mail that was addressed is not sent."""
        if self._client is not None:
            await self._begin_anew(self._client)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(aiosmtplib.SMTPException, OSError, asyncio.TimeoutError):
            if client.is_connected:
                await asyncio.wait_for(client.quit(), timeout=1)
        client.close()

    def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None:
            raise Unreachable("not connected")
        return self._client

    async def _begin_anew(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            await self.close()
