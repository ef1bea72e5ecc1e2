"""The address book, in Danish order: the municipalities, or the members of one programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Entry, unknown_organisation
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_organisations(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    page = page_of(query, "organisations")
    return page.answer(await organisations.load_page(tx, page, member_of=query.get("member_of")), shown)


async def read_organisation(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await organisations.load(tx, query["code"])
    if found is None:
        raise unknown_organisation()
    return shown(found)


async def read_names(tx: Tx, codes: Sequence[str]) -> dict[str, str]:
    """By code, of those that are in the book."""
    return await organisations.load_names(tx, codes)


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        **entry.organisation.model_dump(mode="json"),
        "member_of": entry.member_of,
        "merged_into": entry.merged_into,
        "main_email": entry.main_email,
        "roles": dict(entry.roles or {}),
        "billing": entry.billing.model_dump(mode="json"),
        "mailboxes": sorted(entry.mailboxes),
        "domains": sorted(entry.domains),
        "units": [
            {"id": one.id, "name": one.name, "billing": one.billing.model_dump(mode="json")} for one in entry.units
        ],
    }
