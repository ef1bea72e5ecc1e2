"""What each service has for staff to do: a page of its own, a part of the workspace, and no other programme's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from deploy.roles import services
from shared.base.clock import machine_now
from shared.contracts.staff import Role
from shared.runtime.application import web_application
from tests.integration.runtime.test_roles_open_what import ELSEWHERE, HERE, SEED, Office, badge, opened
from tests.support.facts import CONTACT, INVOICE, ORGANISATION, PROGRAMME
from tests.support.servers import MakeDatabase

PAGE = "/{}/stab/i-dag"
CAUSE = "'c', NULL, 'token/test'"
Opens = Callable[[str], Awaitable[Office]]


@pytest.fixture
async def opens(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[Opens]:
    left: list[Office] = []

    async def one(name: str) -> Office:
        (service,) = [one for one in services() if one.name == name]
        host = await opened(service, database, link_key_file, tmp_path, SEED)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(web_application(host)), base_url="http://office")
        left.append(Office(host, client))
        return left[-1]

    yield one
    for office in left:
        await office.client.aclose()
        await office.host.pool.close()


async def shown(office: Office, role: Role | None = "reader", programme_id: str = "") -> str:
    answer = await office.comes(badge(role, programme_id), "GET", PAGE.format(office.host.service.name))
    assert answer.status_code == 200, answer.text
    return answer.text


async def part(office: Office, role: Role | None = "reader") -> str:
    path, headers = PAGE.format(office.host.service.name), {"HX-Request": "true"}
    answer = await office.comes(badge(role), "GET", path, headers=headers)
    assert (answer.status_code, answer.headers["vary"]) == (200, "HX-Request"), answer.text
    return answer.text


async def two_programmes(office: Office) -> None:
    more = {"scheduling": "ours, kinds, groups, correlation_id", "invoicing": "", "notifications": ""}
    values = {"scheduling": "true, '{}', '{}', 'c'", "invoicing": "", "notifications": ""}
    name = office.host.service.name
    for number, programme_id in enumerate((HERE, ELSEWHERE), start=1):
        ref = PROGRAMME.model_copy(update={"id": programme_id, "title": f"Forløb {number}"})
        await office.host.pool.execute(
            f"INSERT INTO programmes (id, version, ref{', ' if more[name] else ''}{more[name]}) "
            f"VALUES ($1, 1, $2::jsonb{', ' if more[name] else ''}{values[name]})",
            programme_id,
            ref.model_dump_json(),
        )


async def test_meetings_are_named_when_their_month_is_near_and_they_have_no_date(opens: Opens) -> None:
    office = await opens("scheduling")
    await two_programmes(office)
    this = machine_now()
    months = {
        "gammel": f"{this.year - 1}-03",
        "nu": f"{this:%Y-%m}",
        "siden": f"{this.year + 1}-{this.month:02d}",
    }
    for programme_id in (HERE, ELSEWHERE):
        for key, month in months.items():
            plan = {"key": key, "title": key, "kind": "heldag", "precision": "month", "month": month}
            await office.host.pool.execute(
                f"""INSERT INTO meetings (id, programme_id, key, title, kind, mode, roles, date_version, state, reason,
                        plan, correlation_id, causation_id, actor)
                    VALUES ($1, $2, $3, $4, 'heldag', 'physical', '{{}}', 0, 'planned', '', $5::jsonb, {CAUSE})""",
                f"{programme_id}-{key}",
                programme_id,
                key,
                f"Møde {key} {programme_id}",
                json.dumps(plan),
            )
    page = await shown(office)
    assert ">4</span> møder mangler en dato" in page
    assert page.index(f"Møde gammel {HERE}") < page.index(f"Møde nu {HERE}")
    assert "(måneden er forbi)" in page
    assert f'href="/scheduling/stab/forloeb/{HERE}/moeder/{HERE}-gammel"' in page
    assert "Møde siden" not in page
    theirs = await shown(office, programme_id=HERE)
    assert ">2</span> møder mangler en dato" in theirs
    assert ELSEWHERE not in theirs


async def test_who_cannot_be_invoiced_and_who_has_not_paid_are_named(opens: Opens) -> None:
    office = await opens("invoicing")
    await two_programmes(office)
    pool = office.host.pool
    for programme_id in (HERE, ELSEWHERE):
        for item, finding in (("a", "Adressen mangler. (ADR-1)"), ("b", "Adressen mangler. (ADR-1)"), ("c", "")):
            await pool.execute(
                f"""INSERT INTO claims (id, kind, state, organiser, series, programme_id, programme_version,
                        enrolment_id, item, organisation_code, buyer, billing, contact, text, amount_ore, vat_percent,
                        told_at, wanted, on_hold, reason, finding, correlation_id, causation_id, actor)
                    VALUES ($1, 'fee', 'waiting', '12345678', 'N', $2, 1, $3, $4, '0101', $5::jsonb, '{{}}', $6::jsonb,
                        'Gebyr', 100000, 25, now(), true, false, '', $7, {CAUSE})""",
                f"{programme_id}-{item}",
                programme_id,
                f"x-{programme_id}",
                item,
                ORGANISATION.model_dump_json(),
                CONTACT.model_dump_json(),
                finding,
            )
        for number, (days, paid, reminded) in enumerate(((3, 0, 1), (2, 125000, 1), (40, 0, 2), (-1, 0, 0)), start=1):
            one = number + 10 * (programme_id == ELSEWHERE)
            await pool.execute(
                f"""INSERT INTO invoices (id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
                        organisation_code, net_ore, vat_ore, gross_ore, document, correlation_id, causation_id, actor)
                    VALUES ($1, 'N', '12345678', $2, current_date - 60, current_date - $3::integer, $4, 'x', '0101',
                        100000, 25000, 125000, $5::json, {CAUSE})""",
                f"N-{one}",
                one,
                days,
                programme_id,
                INVOICE.model_dump_json(),
            )
            for level in range(1, reminded + 1):
                await pool.execute(
                    f"INSERT INTO overdue_notices VALUES ($1, $2, current_date, 125000, {CAUSE})", f"N-{one}", level
                )
            if paid:
                await pool.execute(
                    f"INSERT INTO payments VALUES ($1, $2, $3, current_date, {CAUSE})",
                    f"b{one}",
                    f"N-{one}",
                    paid,
                )
    page = await shown(office)
    assert ">2</span> tilmeldte kan ikke faktureres endnu" in page
    assert "2.000,00 kr. uden moms. Adressen mangler.</span>" in page
    assert ">4</span> fakturaer er ikke betalt til tiden" in page
    assert "I alt udestår 5.000,00 kr." in page
    assert page.index("Faktura N-3<") < page.index("Faktura N-1<")
    assert f'href="/invoicing/stab/forloeb/{HERE}/fakturaer/N-3"' in page
    assert "Faktura N-2<" not in page
    assert "Faktura N-4<" not in page
    theirs = await shown(office, "finance", HERE)
    assert "I alt udestår 2.500,00 kr." in theirs
    assert "Faktura N-13" not in theirs


async def test_mails_that_did_not_go_out_and_addresses_that_refuse_them_are_named(opens: Opens) -> None:
    office = await opens("notifications")
    await two_programmes(office)
    for programme_id in (HERE, ELSEWHERE, None):
        where = programme_id or "ingen"
        for number, (state, reply) in enumerate(
            (
                ("failed", "smtp_550"),
                ("failed", "smtp_550"),
                ("failed", "smtp_450"),
                ("unknown", "no_answer"),
                ("sent", None),
            )
        ):
            await office.host.pool.execute(
                f"""INSERT INTO messages (id, template, recipient, about, occasion, programme_id, name, email,
                        address_key, says, written_at, state, reply, sent_at, correlation_id, causation_id, actor)
                    VALUES ($1, 'invitation', $1, 'a/1', 'o', $2, 'N', $3, $3, '{{}}', now(), $4, $5, now(),
                        {CAUSE})""",
                f"{where}-{number}",
                programme_id,
                f"{number // 2}@{where}.example",
                state,
                reply,
            )
    page = await shown(office)
    assert ">3</span> adresser tager ikke imod mails" in page
    assert ">3</span> mails kunne ikke sendes" in page
    assert ">3</span> mails er måske sendt, måske ikke" in page
    assert "2 mails siden" in page
    assert ".example" not in page, "whoever may not have one sent again sees no address"
    theirs = await shown(office, "consultant", HERE)
    assert ">1</span> adresse tager ikke imod mails" in theirs
    assert f"0@{HERE}.example" in theirs
    assert ELSEWHERE not in theirs
    assert "ingen.example" not in theirs


@pytest.mark.parametrize("name", ["scheduling", "invoicing", "notifications"])
async def test_the_part_is_the_part_alone_and_each_role_sees_its_own(opens: Opens, name: str) -> None:
    office = await opens(name)
    await office.host.pool.execute(
        f"""INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, reason, detail,
                fingerprint, source, subject, event_id, type)
            VALUES ('{name}', 't', 0, 1, '[]', 0, 'unreadable', 'x', 'f', '/other', 's', 'e', 't')"""
    )
    assert "<html" in await shown(office)
    alone = await part(office)
    assert "<html" not in alone
    assert "Her venter intet på jer." in alone
    assert f"1</span> event kunne ikke læses ind i {name}" in await part(office, "operator")
    assert "læses ind" not in await part(office, "administrator")
    assert "Din rolle har intet her." in await part(office, None)
