"""Enrolment, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.enrollment.adapters import forgetting
from services.enrollment.adapters.identity_provider import IdentityProvider
from services.enrollment.console.commands import COMMANDS
from services.enrollment.console.import_addresses import import_addresses
from services.enrollment.console.import_enrolments import import_enrolments
from services.enrollment.entrypoints.http import ROUTES
from services.enrollment.entrypoints.kafka import SUBSCRIPTIONS
from services.enrollment.entrypoints.pages import pages
from services.enrollment.entrypoints.timers import TIMERS, standing
from services.enrollment.settings import Settings
from services.enrollment.usecases.explain import explain
from services.enrollment.usecases.sign_in import SignIns
from shared.base.cause import Cause
from shared.base.clock import DomainClock
from shared.base.ids import new_id
from shared.runtime.service import Host, Service
from shared.storage.pool import open_pool
from shared.storage.tx import Tx, transaction
from shared.web.badge import Signer


@asynccontextmanager
async def _by_an_operator() -> AsyncIterator[Tx]:
    """A transaction for one command, with the settings of the environment."""
    settings = Settings()
    pool = await open_pool(settings.database_url.get_secret_value(), "enrollment command", size=1)
    try:
        async with transaction(
            pool, DomainClock(), SERVICE.source, Cause(new_id(), None, "operator"), settings.links
        ) as tx:
            yield tx
    finally:
        await pool.close()


def _import_addresses(argv: Sequence[str]) -> int:
    return import_addresses(argv, _by_an_operator)


def _import_enrolments(argv: Sequence[str]) -> int:
    return import_enrolments(argv, _by_an_operator)


def _sign_ins(host: Host) -> SignIns | None:
    """None where the installation names no identity provider."""
    settings = host.settings
    if not isinstance(settings, Settings) or settings.oidc_secrets is None:
        return None
    provider = IdentityProvider(*settings.oidc_secrets, settings.public_url)
    return SignIns(host.transaction, provider, Signer(settings.session_key), settings.roles_of)


SERVICE = Service(
    name="enrollment",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    standing=lambda settings, now: standing(settings.keep_people_days, now),
    pages=lambda host: pages(host, _sign_ins(host)),
    explain=explain,
    retention=lambda _: forgetting.RULES,
    commands={**COMMANDS, "import-addresses": _import_addresses, "import-enrolments": _import_enrolments},
)
