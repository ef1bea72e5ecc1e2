"""Who has signed up for what, and where each stands. A client is shown what it put in itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import contacts, enrolments, links, member_meetings, programmes
from services.enrollment.domain.contact import holders
from services.enrollment.domain.enrolment import Enrolment, put_in_by, require_enrolment
from services.enrollment.domain.invoice_details import lacking
from services.enrollment.domain.roles import Held
from services.enrollment.usecases.load_standings import Standing, load_standings
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
    standings = await load_standings(tx, [one for _, one in found])
    return page.answer(found, lambda one: _short(one, standings))


async def read_enrolment(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """`participants_path` is the contact's secret: only whoever signed it up, and was told it then, is shown it.

    What it did not say itself of who is billed comes from the address book, which is not shown to a client; nor is it
    shown who was the contact before.
    """
    found = require_enrolment(await enrolments.load(tx, query["enrolment_id"]), tx.cause.client)
    history = await contacts.load_history(tx, found.id) if tx.cause.client is None else []
    return {
        **_short(found, await load_standings(tx, [found])),
        "billing": found.billing.model_dump(mode="json") if tx.cause.client is None else None,
        "billing_missing": list(lacking(found, await programmes.load_of(tx, found))) if found.is_signed_up else [],
        "answers": dict(found.answers),
        "invited_to": sorted(await member_meetings.load(tx, found.id)) if found.ad_hoc else None,
        "contacts": [_held(one) for one in holders(history, found)] if tx.cause.client is None else None,
        "participants_path": links.participants_path_of(tx.links, found) if found.put_in_by == tx.cause.actor else None,
    }


def _held(one: Held) -> dict[str, Any]:
    return {
        "role": one.role,
        "holder": one.holder.model_dump(mode="json"),
        "from": one.since.isoformat(),
        "until": None if one.until is None else one.until.isoformat(),
        "reason": one.because,
        "by": one.by,
    }


def _short(one: Enrolment, standings: Mapping[str, Standing]) -> dict[str, Any]:
    word, position = standings[one.id]
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
        "late": None if one.late is None else {"reason": one.late.reason, "by": one.late.by},
        "group": one.group,
        "member": {"ad_hoc": one.ad_hoc, "mailbox_missing": one.contact is None} if one.is_member else None,
        "contact": None if one.contact is None else one.contact.model_dump(mode="json"),
        "received_at": None if one.received_at is None else one.received_at.isoformat(),
        "enrolled_at": None if one.enrolled_at is None else one.enrolled_at.isoformat(),
    }
