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
from services.invoicing.app import SERVICE as INVOICING
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.scheduling.app import SERVICE as SCHEDULING
from shared.base.answers import Asked
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.scheduling import When
from shared.contracts.staff import EVERYWHERE
from shared.runtime.application import web_application
from shared.runtime.service import Host, Service, open_host
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from tests.support.facts import CONTACT, INVOICE, ORGANISATION, a_meeting
from tests.support.facts import PROGRAMME as A_PROGRAMME
from tests.support.filled import fill

ENROLMENTS, MAILS, MEETINGS = 10_000, 100_000, 40
TARGET_MS = 150
TIMES = 15
PROGRAMME = "netvaerk-kommunal-ungeindsats"
ONE = enrolment_id(PROGRAMME, "0751")
BECAUSE = Cause("bench", None, "token/bench")
LEAST = "/tilgaengelighed"
BELOW = f"/stab/forloeb/{PROGRAMME}"
MEETINGS_OF_IT = f"/scheduling/stab/forloeb/{PROGRAMME}/moeder"
TRACKS_OF_IT = f"/scheduling/stab/forloeb/{PROGRAMME}/spor"
MONEY_OF_IT = f"/invoicing/stab/forloeb/{PROGRAMME}/oekonomi"
STAFF = (
    "/stab",
    "/stab/adgang",
    "/stab/noegler",
    BELOW,
    f"{BELOW}?efter=inviteret",
    f"{BELOW}?efter=aabnet",
    f"{BELOW}/indlaes",
    f"{BELOW}/arkiv",
    f"{BELOW}/deltagere",
    f"{BELOW}/venteliste",
    f"{BELOW}/formularer",
    f"{BELOW}/historik",
    f"{BELOW}/tilmeldinger/{ONE}",
    "/stab/adressebog",
    "/stab/adressebog/0751",
    "/stab/personer",
)


MAILS_OF_ALL = "/notifications/stab/forloeb/p1/mails"
OF_MAILS = (
    MAILS_OF_ALL,
    f"{MAILS_OF_ALL}?stilling=venter",
    f"{MAILS_OF_ALL}?stilling=retur",
    f"{MAILS_OF_ALL}?organisation=Byen&brev=invitation",
    f"{MAILS_OF_ALL}?fra=1000",
    "/notifications/stab/forloeb/p1/skrevet",
)
"""Of a programme that all mails are of: the newest, by a state that few are in, by an organisation, and far down."""


async def _all_of_one_programme(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("UPDATE messages SET programme_id = 'p1'")
        await connection.execute(
            """UPDATE messages SET says = jsonb_set(says, '{organisation}', '"Byen"') WHERE number % 5000 = 0"""
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


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


async def _large_plan(admin_url: str) -> None:
    """Of scheduling: a programme in which everybody takes part, with so many meetings, each moved once."""
    connection = await asyncpg.connect(admin_url)
    try:
        ref = A_PROGRAMME.model_copy(update={"id": PROGRAMME}).model_dump_json()
        because = "'c', NULL, 'token/bench'"
        await connection.execute(
            f"""INSERT INTO programmes (id, version, ref, ours, kinds, groups, correlation_id, causation_id, actor)
                VALUES ($1, 1, $2::jsonb, true, '{{heldag}}', '{{vest,oest}}', {because})""",
            PROGRAMME,
            ref,
        )
        await connection.execute(
            f"""INSERT INTO meetings (id, programme_id, key, title, kind, mode, roles, first_day, last_day,
                                      date_version, state, reason, correlation_id, causation_id, actor)
                SELECT 'large-' || n, $1, 'large-' || n, 'Møde ' || n, 'heldag', 'physical', '{{}}',
                       date '2020-11-10' + 14 * n, date '2020-11-10' + 14 * n, 1, 'moved', '', {because}
                FROM generate_series(1, $2::integer) AS n""",
            PROGRAMME,
            MEETINGS,
        )
        await connection.execute("UPDATE enrolled SET programme_id = $1", PROGRAMME)
        await connection.execute("UPDATE completed_steps SET programme_id = $1", PROGRAMME)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _large_ledger(admin_url: str) -> None:
    """Of invoicing: a programme in which each of 10,000 enrolments owes a fee, all invoiced, every second one paid."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(
            "INSERT INTO programmes (id, version, ref) VALUES ($1, 1, $2::jsonb)",
            PROGRAMME,
            A_PROGRAMME.model_copy(update={"id": PROGRAMME}).model_dump_json(),
        )
        because = "'c', NULL, 'token/bench'"
        await connection.execute(
            f"""INSERT INTO invoices (id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
                                      organisation_code, net_ore, vat_ore, gross_ore, document, correlation_id,
                                      causation_id, actor)
                SELECT 'L-' || n, 'L', '12345678', n, '2020-03-01', date '2020-04-01' + n % 200, $1, 'l' || n,
                       lpad((n % 98)::text, 4, '0'), 100000, 25000, 125000, $2::json, {because}
                FROM generate_series(1, $3::integer) AS n""",
            PROGRAMME,
            INVOICE.model_dump_json(),
            ENROLMENTS,
        )
        await connection.execute(
            f"""INSERT INTO claims (id, kind, state, organiser, series, programme_id, programme_version, enrolment_id,
                                    item, organisation_code, buyer, billing, contact, text, amount_ore, vat_percent,
                                    told_at, wanted, on_hold, reason, invoice_id, correlation_id, causation_id, actor)
                SELECT 'l' || n, 'fee', 'invoiced', '12345678', 'L', $1, 1, 'l' || n, 'gebyr',
                       lpad((n % 98)::text, 4, '0'), $2::jsonb, '{{}}', $3::jsonb, 'Gebyr', 100000, 25, now(), true,
                       false, '', 'L-' || n, {because}
                FROM generate_series(1, $4::integer) AS n""",
            PROGRAMME,
            ORGANISATION.model_dump_json(),
            CONTACT.model_dump_json(),
            ENROLMENTS,
        )
        await connection.execute(
            f"""INSERT INTO payments (id, invoice_id, amount_ore, paid_on, correlation_id, causation_id, actor)
                SELECT 'l' || n, 'L-' || n, 125000, '2020-05-01', {because}
                FROM generate_series(2, $1::integer, 2) AS n""",
            ENROLMENTS,
        )
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
        host, admin_url = await _opened(NOTIFICATIONS, servers, MAILS, Path(folder), seed)
        await _all_of_one_programme(admin_url)
        found |= await _measured(host, ("/notifications/stab/i-dag", *OF_MAILS), cookie)
        await host.pool.close()
        step("pages of scheduling")
        host, admin_url = await _opened(SCHEDULING, servers, ENROLMENTS, Path(folder), seed)
        await _large_plan(admin_url)
        found |= await _measured(host, (MEETINGS_OF_IT, f"{MEETINGS_OF_IT}/large-1", TRACKS_OF_IT), cookie)
        await host.pool.close()
        step("pages of invoicing")
        host, admin_url = await _opened(INVOICING, servers, ENROLMENTS, Path(folder), seed)
        await _large_ledger(admin_url)
        money = (MONEY_OF_IT, f"{MONEY_OF_IT}?staar=overdue", f"{MONEY_OF_IT}?staar=paid")
        found |= await _measured(host, money, cookie)
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
