"""What of programmes stands around their meetings on pages for staff."""

from __future__ import annotations

import json

from services.scheduling.adapters.steps import TRACKS
from services.scheduling.domain.outline import Outline
from shared.contracts.programme import ProgrammeRef, ProgrammeTerms
from shared.storage.tx import Tx


def outline_of(terms: ProgrammeTerms) -> str:
    """As it is kept with the programme."""
    return json.dumps(
        {
            "kinds": {seat.kind: seat.title for seat in terms.terms.seats},
            "groups": {group.id: group.title for group in terms.groups},
            "starts": terms.starts,
            "ends": terms.ends,
        }
    )


async def load(tx: Tx, programme_id: str) -> Outline | None:
    """None of a programme that nobody has told of."""
    row = await tx.fetchrow(
        """
        SELECT ref::text AS ref, cancelled, ours, kinds, groups, outline::text AS outline,
            CASE WHEN tracks_version = version THEN tracks::text END AS tracks
        FROM programmes WHERE id = $1
        """,
        programme_id,
    )
    if row is None:
        return None
    said = json.loads(row["outline"] or "{}")
    kinds, groups = said.get("kinds", {}), said.get("groups", {})
    return Outline(
        ref=ProgrammeRef.model_validate_json(row["ref"]),
        cancelled=row["cancelled"],
        ours=row["ours"],
        kinds={one: kinds.get(one, one) for one in row["kinds"]},
        groups={one: groups.get(one, one) for one in row["groups"]},
        starts=said.get("starts", ""),
        ends=said.get("ends", ""),
        tracks=None if row["tracks"] is None else TRACKS.validate_json(row["tracks"]),
    )
