"""An enrolment's standing team. A client is shown those who were named since the enrolment has its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, programmes, teams
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.team import members_for, size_text
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_team(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    enrolment = require_enrolment(await enrolments.load(tx, query["enrolment_id"]), tx.cause.client)
    programme = await programmes.load_of(tx, enrolment)
    team = await teams.load(tx, programme, enrolment)
    page = page_of(query, "members")
    shown = [([f"{one.number:010d}"], one) for one in members_for(team, client=tx.cause.client is not None)]
    after = page.after[0] if page.after else ""
    return {
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation.name,
        "kinds": [one.kind for one in team.terms],
        "size": len(team.members),
        "minimum": team.minimum,
        "most": team.most,
        "missing": team.missing,
        "team": size_text(team),
        **page.answer(
            [one for one in shown if one[0][0] > after][: page.wanted],
            lambda one: {**one.person.model_dump(mode="json"), "named_at": one.named_at.isoformat()},
        ),
    }
