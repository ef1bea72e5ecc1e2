"""People: one address in one organisation is one person, whose id tells nobody since when they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.enrollment.domain.enrolment import Enrolment
from shared.base.cause import Cause
from shared.base.ids import random_id
from shared.contracts.parties import Person, erased
from shared.storage.table import Table
from shared.storage.tx import Tx

_NAMING_MANY = 7_405_611_230_021
"""Advisory lock of whoever recognises many people in more than one statement."""
_PEOPLE = Table("people", {"person_id": "text", "name": "text", "email": "text"}, key=("person_id",))


class Named(NamedTuple):
    """Somebody as they were written down.

    The name of an address that is known already is the newest one given by who may say so (`renames`): staff, or the
    organisation itself. What others write down finds the person, who keeps their name; it stays where they wrote it,
    and they are told no other. `drawn` is the id of one who is
    not known yet, if it has been drawn.
    """

    organisation_code: str
    name: str
    email: str
    renames: bool
    drawn: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.organisation_code, self.email.lower())


def may_rename(cause: Cause, enrolment: Enrolment) -> bool:
    """A client speaks for itself, and another system's slip would rename somebody on every page and in every mail.

    So does whoever has the link of a place that a client put in: the client was told it. And so does a participant, who
    speaks for no colleague: of those with a link the contact and the contact's secretary speak for the organisation.
    """
    if cause.client is not None or (cause.is_person and enrolment.by_client):
        return False
    contact = enrolment.contact
    speaks = cause.secretary_id is not None or contact is None or cause.is_by(contact.person_id)
    return not cause.is_person or speaks


async def lock_id(tx: Tx, organisation_code: str, email: str) -> str | None:
    """Of whoever is known by the address, who is not forgotten meanwhile; None for nobody."""
    row = await tx.fetchrow(
        "SELECT person_id FROM people WHERE email_key = lower($1) AND organisation_code = $2 FOR KEY SHARE",
        email,
        organisation_code,
    )
    return None if row is None else str(row["person_id"])


async def load(tx: Tx, person_id: str, organisation_code: str) -> Person | None:
    """Of this organisation."""
    row = await tx.fetchrow(
        "SELECT person_id, name, email FROM people WHERE person_id = $1 AND organisation_code = $2",
        person_id,
        organisation_code,
    )
    return None if row is None else Person(person_id=row["person_id"], name=row["name"], email=row["email"])


async def load_alike(tx: Tx, person_id: str | None, email: str | None) -> list[Person]:
    """Whoever has the address, or that person's, in whichever organisation."""
    rows = await tx.fetch(
        """
        SELECT person_id, name, email FROM people
        WHERE email_key = ANY(ARRAY[lower($2), (SELECT email_key FROM people WHERE person_id = $1)])
        ORDER BY person_id
        """,
        person_id,
        email,
    )
    return [Person(person_id=row["person_id"], name=row["name"], email=row["email"]) for row in rows]


async def lock(tx: Tx, person_ids: Sequence[str]) -> None:
    """Nobody recognises them until the transaction ends, and whoever has just done so is waited for."""
    await tx.execute("SELECT FROM people WHERE person_id = ANY($1) ORDER BY person_id FOR UPDATE", list(person_ids))


async def lock_naming_many(tx: Tx) -> None:
    """Nobody else who names many in several statements does so until the transaction ends: each of these is sorted, and
    two such transactions would still meet the other way round. Asked for before anything else is locked.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _NAMING_MANY)


async def mark_erased(tx: Tx, person_ids: Sequence[str]) -> None:
    """Nobody is found by their address any more; whoever signs up with it is somebody new."""
    gone = [erased(one) for one in sorted(person_ids)]
    await _PEOPLE.update(tx, [{"person_id": one.person_id, "name": one.name, "email": one.email} for one in gone])


async def recognise(tx: Tx, organisation_code: str, name: str, email: str, *, renames: bool) -> Person:
    """The person, called as they are written here: who may not rename them is not told how they are known."""
    one = Named(organisation_code, name, email, renames)
    known = (await recognise_many(tx, [one]))[one.key]
    return known if renames else known.model_copy(update={"name": name, "email": email})


async def recognise_many(tx: Tx, named: Sequence[Named]) -> dict[tuple[str, str], Person]:
    """The person of each, by key; new ones get an id."""
    newest = {one.key: one for one in sorted(named, key=lambda one: one.renames)}
    # Sorted, so that two transactions that name the same people wait for each other instead of deadlocking.
    rows = [(one.drawn or random_id(), one) for _, one in sorted(newest.items())]
    found = await tx.fetch(
        """
        INSERT INTO people (person_id, organisation_code, name, email)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        ON CONFLICT (email_key, organisation_code) DO UPDATE
            SET name = CASE WHEN excluded.person_id = ANY($5) THEN excluded.name ELSE people.name END
        RETURNING person_id, organisation_code, name, email, email_key
        """,
        [person_id for person_id, _ in rows],
        [one.organisation_code for _, one in rows],
        [one.name for _, one in rows],
        [one.email for _, one in rows],
        [person_id for person_id, one in rows if one.renames],
    )
    return {
        (row["organisation_code"], row["email_key"]): Person(
            person_id=row["person_id"], name=row["name"], email=row["email"]
        )
        for row in found
    }
