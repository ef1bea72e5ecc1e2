"""Notifications, put together."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence

from services.notifications.adapters import forgetting
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.smtp import Conversation, Server
from services.notifications.adapters.texts import Words
from services.notifications.console import calendars, mails, samples
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.entrypoints.http import ROUTES
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.pages import pages
from services.notifications.entrypoints.timers import TIMERS
from services.notifications.settings import Settings
from services.notifications.usecases.deliver_message import Post
from services.notifications.usecases.explain import explain
from services.notifications.workers.mailer import Mailer
from shared.runtime.service import Host, Service, open_host


def _composer(host: Host) -> Composer:
    settings = _settings(host)
    return Composer(
        Words(settings.public_url),
        Mailbox(settings.sender_name, settings.sender_email),
        plus_addresses=settings.calendar_plus_addresses,
    )


def _workers(host: Host) -> Sequence[Mailer]:
    settings = _settings(host)
    name, port = settings.smtp_address
    server = Server(
        name, port, settings.smtp_security, settings.smtp_username, settings.smtp_password, settings.smtp_timeout
    )
    post = Post(
        pool=host.pool,
        transaction=host.transaction,
        composer=_composer(host),
        conversations=[Conversation(server) for _ in range(settings.smtp_connections)],
        mailer=f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}",
        lease_s=settings.mail_lease,
        retry_s=settings.mail_retry,
    )
    return [Mailer(post, host.activity)]


def _mail(argv: Sequence[str]) -> int:
    return mails.mail(argv, lambda: open_host(SERVICE, Settings()), _composer)


def _calendar(argv: Sequence[str]) -> int:
    return calendars.calendar(argv, lambda: open_host(SERVICE, Settings()))


def _settings(host: Host) -> Settings:
    if not isinstance(host.settings, Settings):
        raise TypeError("notifications needs its own settings")
    return host.settings


SERVICE = Service(
    name="notifications",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    workers=_workers,
    explain=explain,
    retention=lambda settings: forgetting.rules(settings.keep_mails_days),
    commands={"mail": _mail, "calendar": _calendar, "document": samples.document},
)
