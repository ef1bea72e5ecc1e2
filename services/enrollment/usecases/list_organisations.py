"""The address book, in Danish order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Entry
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def list_organisations(tx: Tx, _query: Mapping[str, str]) -> Any:
    return {"organisations": [as_json(one) for one in await organisations.all_in_danish_order(tx)]}


async def show_organisation(tx: Tx, query: Mapping[str, str]) -> Any:
    found = (await organisations.by_code(tx, [query["code"]])).get(query["code"])
    if found is None:
        raise Refused("unknown_organisation", "Organisationen er ikke i adressebogen.", status=404, field="code")
    return as_json(found)


def as_json(entry: Entry) -> dict[str, Any]:
    return {
        **entry.organisation.model_dump(mode="json"),
        "main_email": entry.main_email,
        "roles": dict(entry.roles or {}),
        "billing": entry.billing.model_dump(mode="json"),
    }
