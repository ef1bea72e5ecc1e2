"""Every table has its rule, which stands in the handbook; what is forgotten is what the rule says, in small steps."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace

import asyncpg
import pytest
from pydantic import SecretStr

from deploy.local.locations import ROOT
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.notifications.domain.message import STATES, Message
from services.notifications.usecases.read_mails import read_mail
from services.notifications.usecases.read_messages import read_message, read_messages
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage, resend_message, settle_message
from shared.contracts.refusal import Refused
from shared.runtime.housekeeping import rules_of
from shared.storage.retention import Rule, keep_to
from shared.storage.tx import transaction
from tests.support.facts import an_enrolment
from tests.support.filled import fill
from tests.support.letters import written
from tests.support.room import BY_HAND, Room, open_room
from tests.support.servers import Database, MakeDatabase

SERVICES = ("enrollment", "scheduling", "invoicing", "notifications")
_ROW = re.compile(r"\| `(?P<table>[a-z_]+)` \| (?P<services>[a-z, ]+) \| (?P<rule>[^|]+) \|")
NOT_OURS = {"schema_versions"}
KEYS = {
    "inbox": "event_id",
    "dead_letters": "event_id",
    "http_requests": "key",
    "attempts": "bucket",
    "sign_ins": "state_sha256",
    "confirmed_mailboxes": "mailbox",
    "writing_files": "writing_id",
}
OLD = "now() - interval '10 years'"
FORGOTTEN = (
    ("notifications", "inbox", "received_at", "NOT EXISTS (SELECT)"),
    ("notifications", "dead_letters", "settled_at", "NOT EXISTS (SELECT)"),
    ("notifications", "halts", "seen_at", "NOT EXISTS (SELECT)"),
    ("notifications", "http_requests", "stored_at", "NOT EXISTS (SELECT)"),
    ("notifications", "attempts", "since", "NOT EXISTS (SELECT)"),
    (
        "notifications",
        "messages",
        "stored_at",
        "forgotten AND says = '{}' AND name = '' AND email = '' AND people = '{}'",
    ),
    ("notifications", "digest_items", "stored_at", "line = ''"),
    ("notifications", "writings", "kept_since", "forgotten AND headline = '' AND body = ''"),
    ("notifications", "writing_files", "kept_since", "NOT EXISTS (SELECT)"),
    ("enrollment", "sign_ups", "stored_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "drafts", "stored_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "programme_drafts", "stored_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "sheet_imports", "stored_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "sign_ins", "begun_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "mailbox_codes", "asked_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "confirmed_mailboxes", "seen_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "sessions", "seen_at", "NOT EXISTS (SELECT)"),
    ("enrollment", "accounts", "made_at", "NOT EXISTS (SELECT)"),
)
"""Of a service that has it: a table, what its age is told by, and what its rows are like when they are forgotten."""


def told() -> dict[tuple[str, str], str]:
    """What docs/operations.md says of each table of each service."""
    handbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    kept = handbook.partition("\n## What is kept, and for how long\n")[2].partition("\n## ")[0]
    found = {}
    for row in _ROW.finditer(kept):
        for service in SERVICES if row["services"] == "every" else row["services"].split(", "):
            found[service, row["table"]] = row["rule"]
    return found


def rules(service: str = "notifications") -> dict[str, Rule]:
    of = importlib.import_module(f"services.{service}.app").SERVICE
    settings = of.settings(database_url=SecretStr("postgresql://nobody@127.0.0.1/none"))
    return {rule.table: rule for rule in rules_of(of, settings)}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_of_every_service_has_its_rule_in_the_handbook(service: str, database: MakeDatabase) -> None:
    where = await database(service)
    connection = await asyncpg.connect(where.admin_url)
    try:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    known = {table for one, table in told() if one == service}
    assert {row["relname"] for row in rows} - NOT_OURS == known


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_handbook_says_is_removed_or_emptied_has_a_rule_and_nothing_else_has(service: str) -> None:
    says = {table: rule for (one, table), rule in told().items() if one == service}
    for table, rule in rules(service).items():
        assert f"{rule.days} day" in says[table] or f"{rule.days // 365} years" in says[table], table
    kept = {table for table, rule in says.items() if rule.startswith("for good")}
    assert not kept & set(rules(service))
    assert {"stream_in", "stream_out", "owners"} <= kept
    assert "invitations" in kept or service not in {"enrollment", "notifications"}


async def counted(where: Database, table: str, condition: str = "true") -> int:
    connection = await asyncpg.connect(where.admin_url)
    try:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {condition}")
        return found
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_every_rule_is_shown_here(service: str) -> None:
    assert set(rules(service)) <= {table for _, table, _, _ in FORGOTTEN}


@pytest.mark.parametrize(("service", "table", "age", "gone"), FORGOTTEN)
async def test_what_is_too_old_goes_in_small_transactions_and_what_is_young_stays(
    database: MakeDatabase, service: str, table: str, age: str, gone: str
) -> None:
    years = await database(service)
    await fill(years.admin_url, service, 300)
    connection = await asyncpg.connect(years.admin_url)
    key = KEYS.get(table, "id")
    await connection.execute(
        f"UPDATE {table} SET {age} = {OLD} WHERE {key} IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT 100)"
    )
    before = await counted(years, table)
    try:
        rule = rules(service)[table]
        assert await keep_to(replace(rule, days=20 * 365), connection, 30) == 0
        first = await connection.execute(rule.statement, rule.days, 30)
        assert first.rpartition(" ")[2] == "30", "one transaction takes no more than it is told"
        everything = 30 + await keep_to(rule, connection, 30)
        assert await keep_to(rule, connection, 30) == 0
    finally:
        await connection.close()
    left = await counted(years, table, f"{age} < {OLD} + interval '1 day'")
    if gone.startswith("NOT EXISTS"):
        assert (everything, await counted(years, table), left) == (100, before - 100, 0)
    else:
        # Letters that are still under way are kept whole, however old.
        assert everything == await counted(years, table, gone) <= 100
        assert await counted(years, table) == before


async def test_a_mail_whose_words_are_forgotten_is_known_and_never_written_again(database: MakeDatabase) -> None:
    desk = await open_room("notifications", database, NOTIFICATIONS.subscriptions, NOTIFICATIONS.timers)
    await desk.hear(an_enrolment())
    (letter,) = await written(desk, "place_confirmed")
    await desk.pool.execute(f"UPDATE messages SET state = 'sent', sent_at = now(), stored_at = {OLD}")
    assert await keep_to(rules()["messages"], desk.pool) >= 1

    await desk.hear(an_enrolment())
    (again,) = await written(desk, "place_confirmed")
    assert (again.id, again.state, again.forgotten) == (letter.id, "sent", True)
    assert (again.email, again.name, again.says, again.calendar) == ("", "", {}, None)
    listed = await desk.read(read_messages)
    assert [one["forgotten"] for one in listed["messages"]] == [True]
    shown = await desk.read(read_message, message_id=letter.id)
    assert (shown["email"], shown["text"], shown["forgotten"]) == ("", "", True)
    with pytest.raises(Refused) as refused:
        await mail_of(desk, letter.id)
    assert (refused.value.code, refused.value.status) == ("forgotten", 410)
    await desk.pool.close()


@pytest.mark.parametrize("state", STATES)
async def test_whatever_became_of_a_mail_its_words_are_forgotten_once_nobody_is_sending_it(
    database: MakeDatabase, state: str
) -> None:
    under_way = state in {"pending", "claimed", "sending"}
    desk = await open_room("notifications", database, NOTIFICATIONS.subscriptions, NOTIFICATIONS.timers)
    await desk.hear(an_enrolment())
    await desk.pool.execute(
        f"""
        UPDATE messages SET state = $1, stored_at = {OLD}, sent_at = CASE $1 WHEN 'sent' THEN now() END,
            claimed_by = CASE WHEN $1 IN ('claimed', 'sending') THEN 'x' END,
            lease_until = CASE WHEN $1 IN ('claimed', 'sending') THEN now() END
        """,
        state,
    )
    assert (await keep_to(rules()["messages"], desk.pool) >= 1) is not under_way
    (letter,) = await written(desk, "place_confirmed")
    assert (letter.state, letter.forgotten, letter.email == "") == (state, not under_way, not under_way)
    await desk.pool.close()


@pytest.mark.parametrize("state", ["failed", "unknown"])
async def test_a_mail_goes_out_again_within_its_time_and_afterwards_it_can_only_be_settled(
    database: MakeDatabase, state: str
) -> None:
    desk = await open_room("notifications", database, NOTIFICATIONS.subscriptions, NOTIFICATIONS.timers)
    await desk.hear(an_enrolment())
    (letter,) = await written(desk, "place_confirmed")

    async def stands(days: int) -> int:
        """So many days after it was stored; how many mails are forgotten then."""
        set_back = "UPDATE messages SET state = $1, reply = 'smtp_550', stored_at = now() - make_interval(days => $2)"
        await desk.pool.execute(set_back, state, days)
        return await keep_to(rules()["messages"], desk.pool)

    assert await stands(729) == 0
    answer = await desk.ask(resend_message, ResendMessage(message_id=letter.id))
    assert answer["state"] == "pending"
    assert await desk.pool.fetchval("SELECT stored_at > now() - interval '1 day' FROM messages"), "kept as long again"
    assert await stands(731) == 1
    refused = await desk.refusal(resend_message, ResendMessage(message_id=letter.id))
    assert (refused.code, refused.status) == ("forgotten", 410)
    answer = await desk.ask(settle_message, SettleMessage(message_id=letter.id))
    assert answer["state"] == "settled"
    await desk.pool.close()


async def mail_of(desk: Room, message_id: str) -> Message:
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        return await read_mail(tx, message_id)
