"""The address book in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from services.enrollment.domain.address_book import Entry, Unit
from services.enrollment.domain.billing import HOME
from shared.base.listing import Page, Placed
from shared.contracts.danish import danish_sort_key
from shared.contracts.parties import Address, Billing, Organisation
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_BILLING = {
    "street": "text",
    "postcode": "text",
    "city": "text",
    "country": "text",
    "ean": "text",
    "p_number": "text",
    "order_reference": "text",
    "person_reference": "text",
    "account_string": "text",
    "invoice_email": "text",
    "e_invoice_format": "text",
    "demands": "text[]",
}
_ORGANISATIONS = Table(
    "organisations",
    {
        "code": "text",
        "cvr": "text",
        "main_email": "text",
        **_BILLING,
    },
    key=("code",),
)
_UNITS = Table(
    "organisation_units",
    {"organisation_code": "text", "unit_id": "text", "unit_name": "text", "cvr": "text", **_BILLING},
    key=("organisation_code", "unit_id"),
)
_ROLES = Table(
    "role_addresses",
    {"organisation_code": "text", "role": "text", "email": "text"},
    key=("organisation_code", "role"),
)
_SPEAKERS = Table(
    "speakers",
    {"organisation_code": "text", "kind": "text", "value": "text", "since": "timestamptz", **CAUSE},
    key=("organisation_code", "kind", "value"),
)
# `o` is the organisation, `b` the entry that says how it is reached: its own, or that of the one it was merged into.
_COLUMNS = """
    o.code, o.name, o.region, o.cvr, o.member_of, o.merged_into, b.main_email, b.street, b.postcode, b.city, b.country,
        b.ean, b.p_number, b.order_reference, b.person_reference, b.account_string, b.invoice_email,
        b.e_invoice_format, b.demands,
        (SELECT coalesce(jsonb_agg(to_jsonb(u) ORDER BY unit_id COLLATE "C"), '[]')::text FROM organisation_units u
            WHERE organisation_code = b.code) AS units,
        (SELECT coalesce(jsonb_object_agg(role, email), '{}')::text FROM role_addresses
            WHERE organisation_code = b.code) AS roles,
        ARRAY(SELECT value FROM speakers s WHERE organisation_code = b.code AND s.kind = 'mailbox') AS mailboxes,
        ARRAY(SELECT value FROM speakers s WHERE organisation_code = b.code AND s.kind = 'domain') AS domains
"""
_SELECT = f"""
    SELECT {_COLUMNS} FROM organisations o JOIN organisations b ON b.code = coalesce(o.merged_into, o.code)
"""
_MEMBERS = Table(
    "organisations",
    {"code": "text", "kind": "text", "name": "text", "sort_key": "text", "member_of": "text"},
    key=("code",),
    fixed=("kind", "member_of"),
)
_IN_ORDER = Order({"o.sort_key": "text", "o.code": "text"})
_CHANGES = Table(
    "organisation_changes",
    {
        "organisation_code": "text",
        "unit_id": "text",
        "changed_columns": "text[]",
        "changed_at": "timestamptz",
        **CAUSE,
    },
    key=("id",),
)


async def load(tx: Tx, code: str) -> Entry | None:
    return (await load_many(tx, [code])).get(code)


async def load_many(tx: Tx, codes: Iterable[str]) -> dict[str, Entry]:
    """By code, in Danish order."""
    rows = await tx.fetch(f"{_SELECT} WHERE o.code = ANY($1) ORDER BY o.sort_key, o.code", sorted(set(codes)))
    return {row["code"]: _entry(row) for row in rows}


async def load_page(tx: Tx, page: Page, *, member_of: str | None) -> list[Placed[Entry]]:
    """In Danish order: the members of a programme, or whoever is nobody's member."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place}
        FROM organisations o JOIN organisations b ON b.code = coalesce(o.merged_into, o.code)
        WHERE {"o.member_of IS NULL" if member_of is None else "o.member_of = $3"} AND {_IN_ORDER.after(1)}
        ORDER BY {_IN_ORDER.by} LIMIT $2
        """,
        page.after,
        page.wanted,
        *([] if member_of is None else [member_of]),
    )
    return [(row["stands_at"], _entry(row)) for row in rows]


async def load_page_of_all(tx: Tx, page: Page) -> list[Placed[Entry]]:
    """In Danish order: municipalities and members, but those that were merged into another."""
    rows = await tx.fetch(
        f"""
        {_SELECT.replace("SELECT", f"SELECT {_IN_ORDER.place},", 1)}
        WHERE o.merged_into IS NULL AND {_IN_ORDER.after(1)} ORDER BY {_IN_ORDER.by} LIMIT $2
        """,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _entry(row)) for row in rows]


async def load_roles(tx: Tx) -> list[str]:
    """What roles the book has addresses of."""
    return [row["role"] for row in await tx.fetch("SELECT DISTINCT role FROM role_addresses ORDER BY role")]


async def load_municipalities(tx: Tx) -> tuple[Entry, ...]:
    """Those that were merged into none, in Danish order."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE o.kind = 'municipality' AND o.merged_into IS NULL ORDER BY o.sort_key, o.code"
    )
    return tuple(map(_entry, rows))


async def lock(tx: Tx, code: str) -> Entry | None:
    """As `lock_many`."""
    return (await lock_many(tx, [code])).get(code)


async def lock_many(tx: Tx, codes: Iterable[str]) -> dict[str, Entry]:
    """By code: nobody else says who speaks for them, or acts on it (`lock_shared`), until the transaction ends.

    Before programmes and enrolments, by all who take both; that rows point at the organisation is no hindrance.
    """
    known = sorted(set(codes))
    await tx.execute(
        """
        SELECT FROM organisations WHERE code = ANY(
            SELECT unnest($1::text[]) UNION SELECT merged_into FROM organisations WHERE code = ANY($1)
        ) ORDER BY code FOR NO KEY UPDATE
        """,
        known,
    )
    return await load_many(tx, known)


async def load_merged_into(tx: Tx, codes: Iterable[str]) -> dict[str, Entry]:
    """Those that were merged into these, by their own codes."""
    rows = await tx.fetch(f"{_SELECT} WHERE o.merged_into = ANY($1) ORDER BY o.code", sorted(set(codes)))
    return {row["code"]: _entry(row) for row in rows}


async def lock_merging(tx: Tx, codes: Iterable[str]) -> dict[str, Entry]:
    """By code, as `lock_many`; nobody begins to point at them, either."""
    known = sorted(set(codes))
    await tx.execute(
        "SELECT FROM organisations WHERE code = ANY($1) OR merged_into = ANY($1) ORDER BY code FOR UPDATE", known
    )
    return await load_many(tx, known)


async def mark_merged(tx: Tx, code: str, into: str) -> None:
    """Both are locked (`lock_merging`). All that was merged into the one that goes is merged into the other, and what
    stands beside its entry is gone: the one that stays is saved with it.
    """
    await tx.execute(
        """
        UPDATE organisations SET merged_into = $2, merged_at = CASE WHEN code = $1 THEN $3 ELSE merged_at END
        WHERE code = $1 OR merged_into = $1
        """,
        code,
        into,
        tx.now,
    )
    for table in ("role_addresses", "speakers", "organisation_units", "refused_mailboxes"):
        await tx.execute(f"DELETE FROM {table} WHERE organisation_code = $1", code)


async def count_enrolments(tx: Tx, code: str) -> int:
    found: int = await tx.fetchval("SELECT count(*) FROM enrolments WHERE organisation_code = $1", code)
    return found


async def load_names(tx: Tx, codes: Iterable[str]) -> dict[str, str]:
    """By code, of those that are in the book."""
    rows = await tx.fetch("SELECT code, name FROM organisations WHERE code = ANY($1)", sorted(set(codes)))
    return {row["code"]: row["name"] for row in rows}


async def lock_shared(tx: Tx, code: str) -> Entry | None:
    """Who speaks for it stays as it is until the transaction ends."""
    await tx.execute(
        """
        SELECT FROM organisations
        WHERE code IN ($1, (SELECT merged_into FROM organisations WHERE code = $1)) ORDER BY code FOR SHARE
        """,
        code,
    )
    return await load(tx, code)


async def load_codes(tx: Tx) -> dict[str, str]:
    """Every code of the book → what it was merged into; "" = into none."""
    rows = await tx.fetch("SELECT code, coalesce(merged_into, '') AS merged_into FROM organisations")
    return {row["code"]: row["merged_into"] for row in rows}


async def save(tx: Tx, entries: Sequence[Entry]) -> None:
    """Of organisations that are in the book and merged into none: addresses, billing and who speaks; what is not named
    is gone.
    """
    await _ORGANISATIONS.update(tx, [_row(entry) for entry in entries])
    codes = [entry.organisation.code for entry in entries]
    await tx.execute("DELETE FROM role_addresses WHERE organisation_code = ANY($1)", codes)
    await _ROLES.insert(
        tx,
        [
            {"organisation_code": entry.organisation.code, "role": role, "email": email}
            for entry in entries
            for role, email in (entry.roles or {}).items()
        ],
    )
    rows = [
        {"organisation_code": entry.organisation.code, "kind": kind, "value": value, "since": tx.now}
        for entry in entries
        for kind, values in (("mailbox", entry.mailboxes), ("domain", entry.domains))
        for value in values
    ]
    await tx.execute(
        """
        DELETE FROM speakers WHERE organisation_code = ANY($1) AND (organisation_code, kind, value) NOT IN (
            SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
        """,
        codes,
        [row["organisation_code"] for row in rows],
        [row["kind"] for row in rows],
        [row["value"] for row in rows],
    )
    await _SPEAKERS.insert_new(tx, [{**row, **cause_columns(tx.cause)} for row in rows])
    await tx.execute("DELETE FROM organisation_units WHERE organisation_code = ANY($1)", codes)
    await _UNITS.insert(
        tx,
        [
            {
                "organisation_code": entry.organisation.code,
                "unit_id": unit.id,
                "unit_name": unit.name,
                "cvr": unit.billing.cvr,
                **_billing_row(unit.billing),
            }
            for entry in entries
            for unit in entry.units
        ],
    )


async def insert_changes(tx: Tx, changes: Sequence[tuple[str, str | None, Sequence[str]]]) -> None:
    """Which columns changed, each with its organisation and unit (None = the organisation's own), in that order."""
    await _CHANGES.insert_in_order(
        tx,
        [
            {
                "organisation_code": code,
                "unit_id": unit,
                "changed_columns": json.dumps(list(columns)),
                "changed_at": tx.now,
                **cause_columns(tx.cause),
            }
            for code, unit, columns in changes
        ],
        returning="id",
    )


async def save_members(tx: Tx, programme_id: str, members: Sequence[Organisation]) -> None:
    """They are in the book from now on, under the names that the programme gives them."""
    rows = [
        {
            "code": one.code,
            "kind": "other",
            "name": one.name,
            "sort_key": danish_sort_key(one.name),
            "member_of": programme_id,
        }
        for one in members
    ]
    await _MEMBERS.upsert(tx, rows)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.organisation.code,
        "cvr": entry.organisation.cvr,
        "main_email": entry.main_email,
        **_billing_row(entry.billing),
    }


def _billing_row(billing: Billing) -> dict[str, Any]:
    address = billing.address
    return {
        "street": address.street if address else None,
        "postcode": address.postcode if address else None,
        "city": address.city if address else None,
        "country": address.country if address else None,
        "ean": billing.ean,
        "p_number": billing.p_number,
        "order_reference": billing.order_reference,
        "person_reference": billing.person_reference,
        "account_string": billing.account_string,
        "invoice_email": billing.email,
        "e_invoice_format": billing.format,
        "demands": json.dumps(billing.demands),
    }


def _billing(row: Any, cvr: str | None = None) -> Billing:
    address = None
    if row["street"] is not None:
        # A version before this one writes an address anew without its country.
        country = row["country"] or HOME
        address = Address(street=row["street"], postcode=row["postcode"], city=row["city"], country=country)
    return Billing(
        ean=row["ean"],
        order_reference=row["order_reference"],
        person_reference=row["person_reference"],
        account_string=row["account_string"],
        email=row["invoice_email"],
        address=address,
        p_number=row["p_number"],
        format=row["e_invoice_format"],
        demands=tuple(row["demands"]),
        cvr=cvr,
    )


def _entry(row: Any) -> Entry:
    return Entry(
        organisation=Organisation(code=row["code"], name=row["name"], region=row["region"], cvr=row["cvr"]),
        main_email=row["main_email"],
        roles=dict(sorted(json.loads(row["roles"]).items())),
        billing=_billing(row),
        mailboxes=frozenset(row["mailboxes"]),
        domains=frozenset(row["domains"]),
        member_of=row["member_of"],
        merged_into=row["merged_into"],
        units=tuple(
            Unit(one["unit_id"], one["unit_name"], _billing(one, one["cvr"])) for one in json.loads(row["units"])
        ),
    )
