"""People: one address in one organisation is one person, whose id is random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.base.ids import new_id
from shared.contracts.parties import Person
from shared.storage.tx import Tx


class Named(NamedTuple):
    """Somebody as they were written down: the name of an address that is known already is the newest one given."""

    organisation_code: str
    name: str
    email: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.organisation_code, self.email.lower())


async def recognise(tx: Tx, organisation_code: str, name: str, email: str) -> Person:
    one = Named(organisation_code, name, email)
    return (await recognise_many(tx, [one]))[one.key]


async def recognise_applicant(tx: Tx, organisation_code: str, name: str, email: str) -> str:
    """The person_id of an address that somebody has typed: whoever is known by it keeps their name."""
    person_id: str = await tx.fetchval(
        """
        INSERT INTO people (person_id, organisation_code, name, email) VALUES ($1, $2, $3, $4)
        ON CONFLICT (email_key, organisation_code) DO UPDATE SET name = people.name RETURNING person_id
        """,
        new_id(),
        organisation_code,
        name,
        email,
    )
    return person_id


async def recognise_many(tx: Tx, named: Sequence[Named]) -> dict[tuple[str, str], Person]:
    """The person of each, by key; new ones get an id."""
    # Sorted, so that two transactions that name the same people wait for each other instead of deadlocking.
    newest = dict(sorted({one.key: one for one in named}.items()))
    rows = await tx.fetch(
        """
        INSERT INTO people (person_id, organisation_code, name, email)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        ON CONFLICT (email_key, organisation_code) DO UPDATE SET name = excluded.name
        RETURNING person_id, organisation_code, name, email, email_key
        """,
        [new_id() for _ in newest],
        [one.organisation_code for one in newest.values()],
        [one.name for one in newest.values()],
        [one.email for one in newest.values()],
    )
    return {
        (row["organisation_code"], row["email_key"]): Person(
            person_id=row["person_id"], name=row["name"], email=row["email"]
        )
        for row in rows
    }
