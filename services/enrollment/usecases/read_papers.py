"""What a public archive is handed of a programme: lists that say the same whenever they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.enrollment.adapters import enrolments, papers, programmes
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.papers import in_words
from services.enrollment.domain.programme import unknown_programme
from shared.base.listing import page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

ENROLMENTS = "enrolments"
_CODES = ("state", "forbehold", "move", "order")


async def read_papers(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of one of them. Nothing in it depends on the day on which it is read, as a status does that lapses."""
    programme_id, paper = query["programme_id"], query["paper"]
    if paper != ENROLMENTS and paper not in papers.PAPERS:
        raise Refused("unknown_paper", "Sådan en liste er der ikke.", status=404)
    if await programmes.load(tx, programme_id) is None:
        raise unknown_programme()
    page = page_of(query, paper)
    if paper == ENROLMENTS:
        found = await enrolments.load_page(
            tx, page, programme_id=programme_id, state=None, organisation_code=None, put_in_by=None
        )
        return page.answer(found, _enrolment)
    return page.answer(await papers.load_page(tx, page, programme_id), _shown)


async def read_version(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """The programme file as it was published; None where it was not kept, and the terms in any case."""
    number = query["version"]
    known = number.isascii() and number.isdecimal() and len(number) <= 9  # noqa: PLR2004  (digits of an integer)
    found = await papers.load_file(tx, query["programme_id"], int(number)) if known else None
    if found is None:
        raise Refused("unknown_version", "Den version af forløbet er ikke gemt.", status=404)
    return {"yaml": found[0], "terms": json.loads(found[1])}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The codes in words, and days and instants as JSON has them."""
    return {
        name: in_words(name, value) if name in _CODES else value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
    }


def _enrolment(one: Enrolment) -> dict[str, Any]:
    """Without where it stands on a waiting list, which is another one every time that somebody moves up."""
    return {
        "organisation": one.organisation.model_dump(mode="json"),
        "state": in_words("state", one.state),
        "group": one.group,
        "number": one.number,
        "received_at": one.received_at.isoformat() if one.received_at else None,
        "enrolled_at": one.enrolled_at.isoformat() if one.enrolled_at else None,
        "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
        "forbehold": {
            "state": in_words("forbehold", one.forbehold.state),
            "committee": one.forbehold.committee or None,
            "expected_on": one.forbehold.expected_on.isoformat() if one.forbehold.expected_on else None,
        },
        "late": {"reason": one.late.reason if one.late else None, "by": one.late.by if one.late else None},
        "contact": one.contact.model_dump(mode="json", exclude={"person_id"}) if one.contact else {},
        "billing": one.billing.model_dump(mode="json"),
        "put_in_by": one.put_in_by,
    }
