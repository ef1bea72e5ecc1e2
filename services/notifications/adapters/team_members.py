"""Who is on which standing team."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from services.notifications.domain.closed_links import Led
from services.notifications.domain.team import Known, Member, Place
from services.notifications.domain.text import storable
from shared.storage.table import Table
from shared.storage.tx import Tx

_MEMBERS = Table(
    "team_members",
    {
        "enrolment_id": "text",
        "person_id": "text",
        "programme_id": "text",
        "organisation_name": "text",
        "name": "text",
        "email": "text",
        "address_key": "text",
        "kinds": "text[]",
        "takes_part": "boolean",
        "since": "timestamptz",
        "member_quiet_since": "timestamptz",
        "place_path": "text",
        "member_page_path": "text",
    },
    key=("enrolment_id", "person_id", "address_key"),
    fixed=("programme_id",),
)


async def load_known(tx: Tx, places: Iterable[Place]) -> dict[Place, Known]:
    """How these are known so far, whether they are on the team or no longer are."""
    sought = sorted(set(places))
    rows = await tx.fetch(
        """
        SELECT enrolment_id, person_id, max(since) AS since,
               (array_agg(place_path ORDER BY since DESC, takes_part DESC))[1] AS place_path,
               (array_agg(member_page_path ORDER BY since DESC, takes_part DESC))[1] AS own_path
        FROM unnest($1::text[], $2::text[]) AS u (enrolment_id, person_id)
        JOIN team_members USING (enrolment_id, person_id) GROUP BY enrolment_id, person_id
        """,
        [enrolment for enrolment, _ in sought],
        [person for _, person in sought],
    )
    return {
        (row["enrolment_id"], row["person_id"]): Known(row["since"], row["place_path"], row["own_path"]) for row in rows
    }


async def save_led(tx: Tx, led: Mapping[Place, Led]) -> None:
    """Where mails to these lead, at whichever address."""
    await tx.execute(
        """
        UPDATE team_members AS t SET place_path = u.one, member_page_path = u.own
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u (enrolment_id, person_id, one, own)
        WHERE t.enrolment_id = u.enrolment_id AND t.person_id = u.person_id
        """,
        [enrolment for enrolment, _ in led],
        [person for _, person in led],
        [one.one for one in led.values()],
        [one.own for one in led.values()],
    )


async def save(tx: Tx, members: Mapping[Place, Member]) -> None:
    """At the address that was told last, and at no other."""
    await tx.execute(
        """
        UPDATE team_members AS t SET takes_part = false
        FROM unnest($1::text[], $2::text[]) AS u (enrolment_id, person_id)
        WHERE t.enrolment_id = u.enrolment_id AND t.person_id = u.person_id AND t.takes_part
        """,
        [enrolment for enrolment, _ in members],
        [person for _, person in members],
    )
    rows = [
        {
            "enrolment_id": enrolment,
            "person_id": person,
            "programme_id": storable(one.fact.programme.id),
            "organisation_name": storable(one.fact.organisation.name),
            "name": storable(one.person.name),
            "email": storable(one.person.email),
            "address_key": one.address,
            "kinds": json.dumps(storable(list(one.fact.kinds))),
            "takes_part": one.takes_part,
            "since": one.since,
            "member_quiet_since": one.since if one.quiet else None,
            "place_path": storable(one.place_path),
            "member_page_path": storable(one.own_path),
        }
        for (enrolment, person), one in members.items()
    ]
    await _MEMBERS.upsert(tx, rows)
