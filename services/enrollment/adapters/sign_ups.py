"""Forms that wait for the link mailed for them to be used, or for staff to say who their contact is."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from services.enrollment.domain.ended_forms import Told
from services.enrollment.domain.sign_up import CONFIRM_DAYS, Alike, Counted, Hopeful, Mails, SignUp
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.enrollment import EnrolMunicipality, RoleWish
from shared.contracts.parties import Billing
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_SIGN_UPS = Table(
    "sign_ups",
    {
        "id": "text",
        "enrolment_id": "text",
        "applicant_id": "text",
        "command": "jsonb",
        "form_asked": "jsonb",
        "received_at": "timestamptz",
        "caller": "text",
        "by_main_mailbox": "boolean",
        "main_mailbox": "text",
        "mailed": "boolean",
        "shown_at": "timestamptz",
        "confirmed_at": "timestamptz",
        "dismissed_at": "timestamptz",
        "ended_because": "text",
        **CAUSE,
    },
    key=("id",),
)
_COLUMNS = """
    id, number, coalesce(applicant_id, person_id) AS applicant_id, command::text AS command,
    form_asked::text AS form_asked, received_at,
    coalesce(caller, '') AS caller, coalesce(mailbox, '') AS mailbox, by_main_mailbox, mailed, shown_at, confirmed_at,
    dismissed_at, ended_because
"""
_SELECT = f"SELECT {_COLUMNS} FROM sign_ups"
_IN_ORDER = Order({"number": "bigint"})
# As the index has it.
_DOMAIN = "substring(contact_key FROM '[^@]*$')"
_NEWEST_FIRST = Order({"-number": "bigint"})
_WAITING = "shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL"


class NotMailed(NamedTuple):
    """A form as whoever looks for theirs knows it again."""

    sign_up_id: str
    received_at: datetime
    organisation: str
    programme: str
    contact: str


async def load(tx: Tx, sign_up_id: str) -> SignUp | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", sign_up_id)
    return None if row is None else _sign_up(row)


async def lock(tx: Tx, sign_up_id: str) -> SignUp | None:
    """Whoever locks its organisation or programme too locks those first."""
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", sign_up_id)
    return None if row is None else _sign_up(row)


async def lock_waiting(tx: Tx, organisation_codes: Collection[str], hopeful: Hopeful) -> list[SignUp]:
    """Those of these organisations that wait for staff and may have waited enough; as `lock_many`."""
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE organisation_code = ANY($1) AND {_WAITING}
            AND (by_main_mailbox OR contact_key = ANY($2) OR {_DOMAIN} = ANY($3) OR programme_id = ANY($4))
        ORDER BY number FOR UPDATE
        """,
        sorted(organisation_codes),
        sorted(hopeful.mailboxes),
        sorted(hopeful.domains),
        sorted(hopeful.programme_ids),
    )
    return [_sign_up(row) for row in rows]


async def lock_many(tx: Tx, sign_up_ids: Collection[str]) -> list[SignUp]:
    """Those of these that wait for staff, in the order they came in, which is the one in which all lock several."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE id = ANY($1) AND {_WAITING} ORDER BY number FOR UPDATE", sorted(sign_up_ids)
    )
    return [_sign_up(row) for row in rows]


async def lock_waiting_for(tx: Tx, enrolment_id: str, after: int, most: int) -> list[SignUp]:
    """At most so many of those that wait for staff to let them into this enrolment, after that number; as `lock_many`.

    An index finds them by organisation.
    """
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE organisation_code = (SELECT organisation_code FROM enrolments WHERE id = $1)
            AND enrolment_id = $1 AND number > $2 AND {_WAITING}
        ORDER BY number LIMIT $3 FOR UPDATE
        """,
        enrolment_id,
        after,
        most,
    )
    return [_sign_up(row) for row in rows]


async def lock_open(tx: Tx, programme_id: str, after: int, most: int) -> list[SignUp]:
    """At most so many of those that wait for staff, or whose link still works, after that number; as `lock_many`."""
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE programme_id = $1 AND number > $2 AND confirmed_at IS NULL AND dismissed_at IS NULL
            AND (shown_at IS NOT NULL OR received_at > $3)
        ORDER BY number LIMIT $4 FOR UPDATE
        """,
        programme_id,
        after,
        tx.now - timedelta(days=CONFIRM_DAYS),
        most,
    )
    return [_sign_up(row) for row in rows]


async def load_waited_for(tx: Tx, enrolment_ids: Collection[str]) -> list[str]:
    """Those of these enrolments that forms wait for. An index finds them by organisation."""
    rows = await tx.fetch(
        f"""
        SELECT id FROM enrolments WHERE id = ANY($1) AND EXISTS (
            SELECT FROM sign_ups AS s
            WHERE s.organisation_code = enrolments.organisation_code AND s.enrolment_id = enrolments.id AND {_WAITING}
        )
        """,
        sorted(enrolment_ids),
    )
    return [row["id"] for row in rows]


async def count_alike(tx: Tx, alike: Alike, up_to: int | None) -> Counted:
    """Of those that wait for staff, up to that number."""
    row = await tx.fetchrow(
        f"""
        SELECT count(*) AS count, coalesce(max(number), 0) AS up_to FROM sign_ups
        WHERE {_like(alike)} AND ($2::bigint IS NULL OR number <= $2) AND {_WAITING}
        """,
        alike.key,
        up_to,
    )
    return Counted(0, 0) if row is None else Counted(row["count"], row["up_to"])


async def lock_alike(tx: Tx, alike: Alike, up_to: int, most: int) -> list[SignUp]:
    """At most so many of those that `count_alike` counts; as `lock_many`."""
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE {_like(alike)} AND number <= $2 AND {_WAITING}
        ORDER BY number LIMIT $3 FOR UPDATE
        """,
        alike.key,
        up_to,
        most,
    )
    return [_sign_up(row) for row in rows]


def _like(alike: Alike) -> str:
    return f"{_DOMAIN} = $1" if alike.whole_domain else "contact_key = $1"


async def load_programmes_of_waiting(tx: Tx, organisation_codes: Collection[str]) -> list[str]:
    """The programmes that forms of these organisations wait for."""
    rows = await tx.fetch(
        f"SELECT DISTINCT programme_id FROM sign_ups WHERE organisation_code = ANY($1) AND {_WAITING}",
        sorted(organisation_codes),
    )
    return [row["programme_id"] for row in rows]


async def load_page_of_waiting(
    tx: Tx, page: Page, *, programme_id: str | None, organisation_code: str | None
) -> list[Placed[SignUp]]:
    """Those that wait for staff, in the order they came in; None = any."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} FROM sign_ups
        WHERE {_WAITING} AND {_IN_ORDER.after(3)} AND ($1::text IS NULL OR programme_id = $1)
            AND ($2::text IS NULL OR organisation_code = $2)
        ORDER BY {_IN_ORDER.by} LIMIT $4
        """,
        programme_id,
        organisation_code,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _sign_up(row)) for row in rows]


def _as_it_was(said: dict[str, Any]) -> EnrolMunicipality:
    """Taken in already, so that today's bounds of the door are nothing to it."""
    expected_on = said.get("forbehold_expected_on")
    return EnrolMunicipality.model_construct(
        **{
            **said,
            "billing": Billing.model_validate_json(json.dumps(said["billing"])),
            "forbehold_expected_on": date.fromisoformat(expected_on) if expected_on else None,
            "roles": {key: RoleWish.model_construct(**one) for key, one in said.get("roles", {}).items()},
        }
    )


async def lock_mails(tx: Tx, mailbox: str, caller: str) -> Mails:
    """Those of the last day to this mailbox, and those of them for forms from there; there is no other until COMMIT.

    The lock is of the mailbox's name: there may be no row yet that it could be of.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('mails to ' || $1, 0))", mailbox)
    row = await tx.fetchrow(
        """
        SELECT count(*) AS to_mailbox, count(*) FILTER (WHERE caller = $3) AS for_caller
        FROM sign_ups WHERE mailbox = $1 AND mailed AND received_at > $2
        """,
        mailbox,
        tx.now - timedelta(days=1),
        caller,
    )
    return Mails(0, 0) if row is None else Mails(row["to_mailbox"], row["for_caller"])


async def load_page_not_mailed(tx: Tx, page: Page, mailbox: str, *, beside: str) -> list[Placed[NotMailed]]:
    """Forms, beside the one of this id, whose links go to this mailbox and were not mailed; the newest first.

    Those that wait for nothing but that: none that was used, and none whose link would have ended.
    """
    rows = await tx.fetch(
        f"""
        SELECT sign_ups.id, sign_ups.received_at, organisations.name AS organisation,
            terms #>> '{{ref,title}}' AS programme, command ->> 'contact_name' AS contact, {_NEWEST_FIRST.place}
        FROM sign_ups JOIN organisations ON code = organisation_code JOIN programmes ON programmes.id = programme_id
        WHERE mailbox = $1 AND NOT mailed AND sign_ups.id <> $2 AND received_at > $3 AND {_NEWEST_FIRST.after(4)}
            AND shown_at IS NULL AND confirmed_at IS NULL AND dismissed_at IS NULL
        ORDER BY {_NEWEST_FIRST.by} LIMIT $5
        """,
        mailbox,
        beside,
        tx.now - timedelta(days=CONFIRM_DAYS),
        page.after,
        page.wanted,
    )
    return [
        (
            row["stands_at"],
            NotMailed(row["id"], row["received_at"], row["organisation"], row["programme"], row["contact"]),
        )
        for row in rows
    ]


async def insert(tx: Tx, sign_up: SignUp, cause: Cause) -> None:
    row = {
        "id": sign_up.id,
        "enrolment_id": sign_up.enrolment_id,
        "applicant_id": sign_up.applicant_id,
        "command": sign_up.command.model_dump_json(),
        "form_asked": json.dumps(dict(sign_up.asked)),
        "received_at": sign_up.received_at,
        "caller": sign_up.caller,
        "by_main_mailbox": sign_up.by_main_mailbox,
        "main_mailbox": sign_up.mailbox if sign_up.by_main_mailbox else None,
        "mailed": sign_up.mailed,
        **cause_columns(cause),
    }
    await _SIGN_UPS.insert(tx, [row])


async def mark(tx: Tx, sign_ups: Sequence[SignUp]) -> None:
    """What became of forms that are locked; the cause of each stays who sent it."""
    rows = [
        {
            "id": one.id,
            "shown_at": one.shown_at,
            "confirmed_at": one.confirmed_at,
            "dismissed_at": one.dismissed_at,
            "ended_because": one.ended_because,
        }
        for one in sign_ups
    ]
    await _SIGN_UPS.update(tx, rows)
    # Machine time: from now on it is kept as long again (`forgetting`).
    await tx.execute("UPDATE sign_ups SET stored_at = now() WHERE id = ANY($1)", sorted(one.id for one in sign_ups))


async def load_told_of_end(tx: Tx, mailboxes: Collection[str]) -> list[Told]:
    """What these were told of forms that came to nothing, the newest of each kind."""
    rows = await tx.fetch(
        """
        SELECT mailbox, enrolment_id, programme_id, ended_because, max(dismissed_at) AS at FROM (
            SELECT mailbox, enrolment_id, programme_id, ended_because, dismissed_at FROM sign_ups
            WHERE mailbox = ANY($1) AND mailed
            UNION ALL
            SELECT mailbox, enrolment_id, programme_id, ended_because, dismissed_at FROM sign_ups
            WHERE mailbox = ANY($1) AND NOT mailed AND shown_at IS NOT NULL
        ) forms
        WHERE ended_because IS NOT NULL GROUP BY mailbox, enrolment_id, programme_id, ended_because
        """,
        sorted(set(mailboxes)),
    )
    return [Told(*row.values()) for row in rows]


async def forget(tx: Tx, sign_up_ids: Collection[str]) -> None:
    """Of forms that are locked: they are gone, and their links with them."""
    if sign_up_ids:
        await tx.execute("DELETE FROM sign_ups WHERE id = ANY($1)", sorted(sign_up_ids))


def _sign_up(row: Any) -> SignUp:
    return SignUp(
        id=row["id"],
        number=row["number"],
        applicant_id=row["applicant_id"],
        command=_as_it_was(json.loads(row["command"])),
        received_at=row["received_at"],
        caller=row["caller"],
        mailbox=row["mailbox"],
        by_main_mailbox=row["by_main_mailbox"],
        mailed=row["mailed"],
        shown_at=row["shown_at"],
        confirmed_at=row["confirmed_at"],
        dismissed_at=row["dismissed_at"],
        ended_because=row["ended_because"],
        asked=json.loads(row["form_asked"] or "{}"),
    )
