"""What a mailed link leads to besides its own form: forms for the same mailbox that no mail was sent for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.enrollment.adapters import links, sign_ups
from services.enrollment.adapters.sign_ups import NotMailed
from shared.base.listing import page_of
from shared.storage.tx import Tx

ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class MoreForms:
    """Each with the path that confirms it, the newest first.

    `path` is of the link they are found by, `more_path` of this page.
    """

    path: str
    more_path: str
    forms: Sequence[tuple[NotMailed, str]]
    following: str | None
    """Cursor of the next page."""


async def read_not_mailed(tx: Tx, token: str, query: Mapping[str, str]) -> MoreForms | None:
    """None for a link that is none of ours, or too old."""
    sign_up_id = links.sign_up_of(tx.links, token, tx.now)
    sign_up = await sign_ups.load(tx, sign_up_id) if sign_up_id else None
    if sign_up is None:
        return None
    page = page_of(query, "forms", most=ON_A_PAGE)
    found, following = page.cut(await sign_ups.load_page_not_mailed(tx, page, sign_up.mailbox, beside=sign_up.id))
    return MoreForms(
        path=links.confirm_path(tx.links, sign_up.id, sign_up.received_at),
        more_path=links.more_forms_path(tx.links, sign_up.id, sign_up.received_at),
        forms=[(one, links.confirm_path(tx.links, one.sign_up_id, one.received_at)) for one in found],
        following=following,
    )
