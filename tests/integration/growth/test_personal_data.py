"""Every field that may hold a person has its rule in docs/personal-data.md, and is erased as it says there."""

from __future__ import annotations

import importlib
import re

import asyncpg
import pytest

from deploy.local.locations import ROOT
from shared.storage.erasure import KERNEL, Holding
from tests.support.servers import MakeDatabase

SERVICES = ("enrollment", "scheduling", "invoicing", "notifications")
LOOKS_LIKE_A_PERSON = re.compile(
    r"name$|email|address|contact|mailbox|person|people|recipient|holder|typed|command$|says|calendar|payload|^value$"
    r"|^key$|headers|body|document|answers|written|reference|billing$|^text$|because|sought|^item$|^late$"
)
_ROW = re.compile(
    r"^\| (?P<service>[a-z]+) \| (?P<fields>`[^|]+`) \| [^|]+ \| [^|]+ \| (?P<erasing>[^|]+) \|$", re.MULTILINE
)
_FIELD = re.compile(r"`([a-z_]+\.[a-z_]+)`")
PAGE = (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8")
GENERATED = {"people.email_key", "sign_ups.mailbox", "sign_ups.main_mailbox"}
"""Written with another column, or with a row that goes."""


def told(service: str) -> dict[str, str]:
    """What the page says that erasing does to each field of a service."""
    return {
        field: row["erasing"]
        for row in _ROW.finditer(PAGE)
        if row["service"] in {service, "every"}
        for field in _FIELD.findall(row["fields"])
    }


def held(service: str) -> dict[str, Holding]:
    adapters = (
        [] if service == "scheduling" else importlib.import_module(f"services.{service}.adapters.forgetting").HOLDINGS
    )
    return {f"{one.table}.{column}": one for one in (*adapters, *KERNEL) for column in one.columns}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_field_that_may_hold_a_person_has_its_rule(service: str, database: MakeDatabase) -> None:
    connection = await asyncpg.connect((await database(service)).admin_url)
    try:
        rows = await connection.fetch(
            "SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 "
            "JOIN pg_type t ON t.oid = atttypid "
            "WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace "
            "AND coalesce(nullif(t.typbasetype, 0), t.oid) = ANY('{text,json,jsonb,bytea,text[]}'::regtype[])"
        )
    finally:
        await connection.close()
    fields = {f"{row['relname']}.{row['attname']}" for row in rows}
    nobody = set(_FIELD.findall(PAGE.partition("hold nobody")[2]))
    unknown = (
        {one for one in fields if LOOKS_LIKE_A_PERSON.search(one.partition(".")[2])} - told(service).keys() - nobody
    )
    assert not unknown
    assert told(service).keys() <= fields, "no rule speaks of a field that is not there"
    assert not told(service).keys() & nobody - {"team_members.person_id"}


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_page_says_of_erasing_is_what_is_done(service: str) -> None:
    done = held(service)
    for field, erasing in told(service).items():
        if field.startswith(("erasures.", "erased_persons.")):
            continue
        if erasing.startswith("stays"):
            assert field not in done, field
        else:
            assert field in {*done, *GENERATED}, field
            if field in done:
                assert done[field].gone == erasing.startswith("gone"), field
    assert done.keys() <= told(service).keys()
