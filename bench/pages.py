"""What a page costs the server: each page of staff's, and a municipality's own, with years of data in the tables.

10,000 enrolments, among them a programme of all 98 municipalities with 40 meetings; 100,000 mails. The least is a page
that asks the database for nothing. Pages are asked for one after the other, in the process: no network, no browser.
"""

from __future__ import annotations

import logging
import secrets
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import structlog
from pydantic import SecretStr

from bench.harness import Row, Servers, step
from deploy.local.ed25519 import public_key
from deploy.local.locations import ROOT
from services.enrollment.adapters import links
from services.enrollment.adapters.links import Guest
from services.enrollment.app import SERVICE as ENROLLMENT
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.notifications.app import SERVICE as NOTIFICATIONS
from shared.base.answers import Asked
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.scheduling import When
from shared.contracts.staff import EVERYWHERE
from shared.runtime.application import web_application
from shared.runtime.service import Host, Service, open_host
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from tests.support.facts import a_meeting
from tests.support.filled import fill

ENROLMENTS, MAILS, MEETINGS = 10_000, 100_000, 40
TARGET_MS = 150
TIMES = 15
PROGRAMME = "netvaerk-kommunal-ungeindsats"
ONE = enrolment_id(PROGRAMME, "0751")
BECAUSE = Cause("bench", None, "token/bench")
LEAST = "/tilgaengelighed"
BELOW = f"/stab/forloeb/{PROGRAMME}"
STAFF = (
    "/stab",
    BELOW,
    f"{BELOW}/deltagere",
    f"{BELOW}/venteliste",
    f"{BELOW}/formularer",
    f"{BELOW}/historik",
    f"{BELOW}/tilmeldinger/{ONE}",
    "/stab/adressebog",
    "/stab/adressebog/0751",
)


async def _opened(service: Service, servers: Servers, many: int, folder: Path, seed: bytes) -> tuple[Host, str]:
    keys = folder / "public"
    keys.write_text(public_key(seed).hex())
    where = await servers.fresh(service.name)
    await fill(where.admin_url, service.name, many)
    settings = service.settings(
        database_url=SecretStr(where.url),
        session_public_keys_file=keys,
        simulated_start=datetime(2020, 6, 1, 8, tzinfo=UTC),
    )
    return await open_host(service, settings), where.admin_url


async def _a_large_programme(host: Host, admin_url: str) -> None:
    """All municipalities, on the same terms, with meetings of both groups every second week."""
    text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
    async with host.transaction(BECAUSE) as tx:
        await publish_programme(tx, PublishProgramme(file=text))
        codes = await tx.fetch("SELECT code FROM organisations WHERE kind = 'municipality' ORDER BY code")
        wishes = [
            EnrolMunicipality(
                programme_id=PROGRAMME,
                organisation_code=row["code"],
                contact_name="Karen Kontakt",
                contact_email=f"karen@k{row['code']}.example",
            )
            for row in codes
        ]
        await enrol_municipalities(tx, [Asked(one, BECAUSE) for one in wishes])
    first = date(2020, 11, 10)
    meetings = [
        a_meeting(f"m{n}", group=("vest", "oest")[n % 2], when=When(first_day=day, last_day=day))
        for n in range(MEETINGS)
        if (day := first + timedelta(days=14 * n))
    ]
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.executemany(
            "INSERT INTO meetings (id, programme_id, state, meeting, group_id, first_day) "
            "VALUES ($1, $2, 'scheduled', $3, $4, $5)",
            [
                (f"large-{n}", PROGRAMME, one.model_copy(update={"id": f"large-{n}"}).model_dump_json(), one.group,
                 one.when.first_day if one.when else None)
                for n, one in enumerate(meetings)
            ],
        )  # fmt: skip
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _measured(host: Host, paths: tuple[str, ...], cookie: str) -> dict[str, list[float]]:
    """Milliseconds of each, in turn, so that the machine is as fast for one as for the other."""
    found: dict[str, list[float]] = {path: [] for path in paths}
    transport = httpx.ASGITransport(web_application(host))
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"Cookie": cookie}) as client:
        for number in range(TIMES + 1):
            for path in paths:
                started = time.perf_counter()
                answer = await client.get(path)
                spent = 1000 * (time.perf_counter() - started)
                assert answer.status_code == httpx.codes.OK, (path, answer.status_code, answer.headers)
                # The first time templates are read and statements prepared.
                if number:
                    found[path].append(spent)
    return found


async def run(servers: Servers) -> list[Row]:
    # Each request would be a line above the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    seed = secrets.token_bytes(32)
    roles = {EVERYWHERE: frozenset({"administrator"})}
    badge = Badge("bench", "bench", 0, roles, lasts_until(machine_now()))  # type: ignore[arg-type] # a role is a text
    cookie = f"{COOKIE}={Signer(seed).sign(badge, machine_now())}"
    with tempfile.TemporaryDirectory() as folder:
        step("pages of enrollment")
        host, admin_url = await _opened(ENROLLMENT, servers, ENROLMENTS, Path(folder), seed)
        await _a_large_programme(host, admin_url)
        async with host.transaction(BECAUSE) as tx:
            row = await tx.fetchrow("SELECT contact ->> 'person_id' AS id, number FROM enrolments WHERE id = $1", ONE)
        assert row is not None
        own = links.standing_path(host.settings.links, Guest(ONE, row["id"], row["number"]))
        found = await _measured(host, (LEAST, *STAFF, own), cookie)
        await host.pool.close()
        step("pages of notifications")
        host, _ = await _opened(NOTIFICATIONS, servers, MAILS, Path(folder), seed)
        found |= await _measured(host, ("/notifications/stab/i-dag",), cookie)
        await host.pool.close()
    least = statistics.median(found.pop(LEAST))
    return [
        Row(
            f"page: {'/plads/…' if path == own else path.replace(PROGRAMME, '…').replace(ONE, '…')}",
            ours := statistics.median(spent),
            "ms",
            ours / least,
            "a page that asks for nothing",
            f"≤ {TARGET_MS} ms",
            ours <= TARGET_MS,
            f"{max(spent):.0f} ms at most of {TIMES}",
            spent,
        )
        for path, spent in found.items()
    ]
