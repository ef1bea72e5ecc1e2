"""Who has signed up for what, and where each stands. A client is shown what it put in itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.enrollment.adapters import enrolments, links, programmes
from services.enrollment.domain.enrolment import Enrolment, put_in_by, require_enrolment
from services.enrollment.domain.programme import allots
from services.enrollment.domain.status import status
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_enrolments(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Filtered by `programme_id`, `state` and `organisation_code`, each if given; in Danish order."""
    page = page_of(query, "enrolments")
    found = await enrolments.load_page(
        tx,
        page,
        programme_id=query.get("programme_id"),
        state=query.get("state"),
        organisation_code=query.get("organisation_code"),
        put_in_by=None if tx.cause.client is None else put_in_by(tx.cause.client),
    )
    words = await _words(tx, [one for _, one in found])
    return page.answer(found, lambda one: _short(one, words))


async def read_enrolment(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """`participants_path` is the contact's secret: only whoever signed it up, and was told it then, is shown it.

    What it did not say itself of who is billed comes from the address book, which is not shown to a client.
    """
    found = require_enrolment(await enrolments.load(tx, query["enrolment_id"]), tx.cause.client)
    return {
        **_short(found, await _words(tx, [found])),
        "billing": found.billing.model_dump(mode="json") if tx.cause.client is None else None,
        "answers": dict(found.answers),
        "participants_path": links.participants_path_of(tx.links, found) if found.put_in_by == tx.cause.actor else None,
    }


async def _words(tx: Tx, found: Sequence[Enrolment]) -> Mapping[str, tuple[str, int | None]]:
    """By id what is read of where each stands, and its place on the waiting list, if it is on it."""
    positions = await enrolments.load_positions(tx, found)
    waited_for = sorted({one.programme_id for one in found if one.waits})
    allotted = {
        one: allots(programme, tx.now) for one, programme in (await programmes.load_many(tx, waited_for)).items()
    }
    told = {}
    for one in found:
        position = positions[one.id].number if one.id in positions else None
        given = allotted.get(one.programme_id, True)
        word = status(one.state, forbehold_open=one.forbehold_open, position=position, allotted=given)
        told[one.id] = (word, position if given else None)
    return told


def _short(one: Enrolment, words: Mapping[str, tuple[str, int | None]]) -> dict[str, Any]:
    word, position = words[one.id]
    return {
        "enrolment_id": one.id,
        "programme_id": one.programme_id,
        "organisation": one.organisation.model_dump(mode="json"),
        "state": one.state,
        "status": word,
        "position": position,
        "forbehold": {
            "state": one.forbehold.state,
            "committee": one.forbehold.committee or None,
            "expected_on": one.forbehold.expected_on.isoformat() if one.forbehold.expected_on else None,
        },
        "group": one.group,
        "contact": None if one.contact is None else one.contact.model_dump(mode="json"),
        "received_at": None if one.received_at is None else one.received_at.isoformat(),
        "enrolled_at": None if one.enrolled_at is None else one.enrolled_at.isoformat(),
    }
