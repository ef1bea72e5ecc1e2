"""Somebody that an organisation has named, by their id."""

from __future__ import annotations

from services.enrollment.adapters import people
from shared.contracts.addresses import is_erased
from shared.contracts.parties import Person
from shared.storage.tx import Tx


async def read_person(tx: Tx, person_id: str, organisation_code: str) -> Person | None:
    """None where it is another organisation's, or nobody any more."""
    found = await people.load(tx, person_id, organisation_code)
    return None if found is None or is_erased(found.email) else found
