"""Who takes part in which meeting, for which organisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.notifications.domain.text import address_key, storable
from shared.base.cause import Cause
from shared.contracts.enrollment import RosterFact
from shared.contracts.parties import Person
from shared.storage.tx import Tx

Seat = tuple[str, str, str]
"""Person, meeting and enrolment: the key of a row."""


@dataclass(frozen=True, slots=True)
class Participant:
    """`person` takes part, or no longer does, since the time of the fact that says so."""

    fact: RosterFact
    person: Person
    since: datetime
    cause: Cause
    takes_part: bool


async def save(tx: Tx, participants: Iterable[Participant]) -> None:
    newest = {seat_of(one): one for one in participants}
    rows = [newest[key] for key in sorted(newest)]
    await tx.execute(
        """
        INSERT INTO participants AS p (person_id, meeting_id, enrolment_id, programme_id, organisation_name, name,
                                       email, address_key, takes_part, since)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                             $8::text[], $9::boolean[], $10::timestamptz[])
             AS u (person_id, meeting_id, enrolment_id, programme_id, organisation_name, name, email, address_key,
                   takes_part, since)
        ORDER BY person_id, meeting_id, enrolment_id
        ON CONFLICT (person_id, meeting_id, enrolment_id) DO UPDATE SET
            organisation_name = excluded.organisation_name, name = excluded.name, email = excluded.email,
            address_key = excluded.address_key, takes_part = excluded.takes_part,
            since = greatest(p.since, excluded.since)
        """,
        [person for person, _, _ in sorted(newest)],
        [meeting for _, meeting, _ in sorted(newest)],
        [enrolment for _, _, enrolment in sorted(newest)],
        [storable(one.fact.programme.id) for one in rows],
        [storable(one.fact.organisation.name) for one in rows],
        [storable(one.person.name) for one in rows],
        [storable(one.person.email) for one in rows],
        [address_key(one.person.email) for one in rows],
        [one.takes_part for one in rows],
        [one.since for one in rows],
    )


async def addresses(tx: Tx, participants: Iterable[Participant]) -> dict[Seat, str]:
    """The keys of the addresses under which these are known so far, whether they take part or no longer do."""
    seats = sorted({seat_of(one) for one in participants})
    rows = await tx.fetch(
        """
        SELECT p.person_id, p.meeting_id, p.enrolment_id, p.address_key
        FROM unnest($1::text[], $2::text[], $3::text[]) AS u (person_id, meeting_id, enrolment_id)
        JOIN participants p USING (person_id, meeting_id, enrolment_id)
        """,
        [person for person, _, _ in seats],
        [meeting for _, meeting, _ in seats],
        [enrolment for _, _, enrolment in seats],
    )
    return {(row["person_id"], row["meeting_id"], row["enrolment_id"]): row["address_key"] for row in rows}


def seat_of(participant: Participant) -> Seat:
    fact = participant.fact
    return storable(participant.person.person_id), storable(fact.meeting.id), storable(fact.enrolment_id)


async def of_enrolments(tx: Tx, enrolment_ids: Iterable[str]) -> list[tuple[str, str, str]]:
    """(enrolment, meeting, address) of everybody who was ever registered."""
    rows = await tx.fetch(
        "SELECT enrolment_id, meeting_id, address_key FROM participants WHERE enrolment_id = ANY($1::text[])",
        sorted(set(enrolment_ids)),
    )
    return [(row["enrolment_id"], row["meeting_id"], row["address_key"]) for row in rows]
