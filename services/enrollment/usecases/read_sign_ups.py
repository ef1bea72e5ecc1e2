"""The forms that wait for staff to say who their contact is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, organisations, sign_ups
from services.enrollment.domain.sign_up import SignUp
from services.enrollment.domain.status import status
from shared.contracts.parties import Organisation
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

_MOST = 500
_USUAL = 100


async def read_sign_ups(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """In the order they came in; by `programme_id` and `organisation_code`, each if given.

    At most `limit` of them, from behind `after` on: the `next` of the answer before. None = there are no more.
    """
    limit = min(_number(query, "limit", _USUAL), _MOST)
    found = await sign_ups.load_waiting(
        tx,
        programme_id=query.get("programme_id"),
        organisation_code=query.get("organisation_code"),
        after=_number(query, "after", 0),
        limit=limit,
    )
    book = await organisations.load_many(tx, [one.organisation_code for one in found])
    standing = await enrolments.load_many(tx, [one.enrolment_id for one in found])
    placed = {key for key, one in standing.items() if one.has_place}
    return {
        "sign_ups": [_shown(one, book[one.organisation_code].organisation, placed) for one in found],
        "next": found[-1].number if len(found) == limit else None,
    }


def _shown(one: SignUp, organisation: Organisation, placed: set[str]) -> dict[str, Any]:
    """`has_place`: the organisation has one by another sign-up, so that there is nothing to decide."""
    return {
        "sign_up_id": one.id,
        "enrolment_id": one.enrolment_id,
        "programme_id": one.command.programme_id,
        "organisation": organisation.model_dump(mode="json"),
        "contact": one.contact.model_dump(mode="json"),
        "received_at": one.received_at.isoformat(),
        "shown_at": one.shown_at.isoformat() if one.shown_at else None,
        "status": status("received"),
        "has_place": one.enrolment_id in placed,
    }


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) < 1:  # noqa: PLR2004  (digits of a bigint)
        raise Refused("not_a_number", f"{name} skal være et positivt tal.", status=422, field=name)
    return int(text)
