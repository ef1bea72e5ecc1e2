"""The address book in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from asyncpg import Record

from services.enrollment.domain.address_book import Entry
from shared.contracts.parties import Address, Billing, Organisation
from shared.storage.tx import Tx

_COLUMNS = """code, name, region, cvr, main_email, street, postcode, city, ean, order_reference, person_reference,
    account_string, invoice_email,
    (SELECT coalesce(jsonb_object_agg(role, email), '{}')::text FROM role_addresses WHERE organisation_code = code)
        AS roles"""


async def all_in_danish_order(tx: Tx) -> tuple[Entry, ...]:
    return tuple(map(_entry, await tx.fetch(f"SELECT {_COLUMNS} FROM organisations ORDER BY sort_key, code")))


async def municipalities_in_danish_order(tx: Tx) -> tuple[Entry, ...]:
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM organisations WHERE kind = 'municipality' ORDER BY sort_key, code")
    return tuple(map(_entry, rows))


async def by_code(tx: Tx, codes: Iterable[str]) -> dict[str, Entry]:
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM organisations WHERE code = ANY($1) ORDER BY sort_key, code", sorted(set(codes))
    )
    return {row["code"]: _entry(row) for row in rows}


async def codes(tx: Tx) -> frozenset[str]:
    return frozenset(row["code"] for row in await tx.fetch("SELECT code FROM organisations"))


async def save(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write addresses and billing of organisations that are in the book; roles that are not named are gone."""
    listed = [
        {
            "code": entry.organisation.code,
            "main_email": entry.main_email,
            "ean": entry.billing.ean,
            "order_reference": entry.billing.order_reference,
            "person_reference": entry.billing.person_reference,
            "account_string": entry.billing.account_string,
            "invoice_email": entry.billing.email,
            **(
                {"street": at.street, "postcode": at.postcode, "city": at.city} if (at := entry.billing.address) else {}
            ),
        }
        for entry in sorted(entries, key=lambda one: one.organisation.code)
    ]
    await tx.execute(
        """
        UPDATE organisations SET
            main_email = new.main_email, ean = new.ean, order_reference = new.order_reference,
            person_reference = new.person_reference, account_string = new.account_string,
            invoice_email = new.invoice_email, street = new.street, postcode = new.postcode, city = new.city
        FROM jsonb_to_recordset($1::text::jsonb) AS new (
            code text, main_email text, ean text, order_reference text, person_reference text, account_string text,
            invoice_email text, street text, postcode text, city text)
        WHERE organisations.code = new.code
        """,
        json.dumps(listed),
    )
    roles = [(entry.organisation.code, role, email) for entry in entries for role, email in (entry.roles or {}).items()]
    await tx.execute(
        "DELETE FROM role_addresses WHERE organisation_code = ANY($1)", [entry.organisation.code for entry in entries]
    )
    await tx.execute(
        "INSERT INTO role_addresses (organisation_code, role, email) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
        [code for code, _, _ in roles],
        [role for _, role, _ in roles],
        [email for _, _, email in roles],
    )


def _entry(row: Record) -> Entry:
    address = None
    if row["street"] is not None:
        address = Address(street=row["street"], postcode=row["postcode"], city=row["city"])
    return Entry(
        organisation=Organisation(code=row["code"], name=row["name"], region=row["region"], cvr=row["cvr"]),
        main_email=row["main_email"],
        roles=dict(sorted(json.loads(row["roles"]).items())),
        billing=Billing(
            ean=row["ean"],
            order_reference=row["order_reference"],
            person_reference=row["person_reference"],
            account_string=row["account_string"],
            email=row["invoice_email"],
            address=address,
        ),
    )
