"""Whoever a programme names has its place with it; a later version changes what it says of them, and drops nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.enrollment.adapters import enrolments, links, organisations, programmes, teams
from services.enrollment.domain.membership import admit, organisations_of
from services.enrollment.domain.programme import Programme
from shared.storage.tx import Tx


async def admit_members(tx: Tx, programme: Programme) -> dict[str, Any]:
    """As staff are answered. The programme is locked, and its members in the address book before it."""
    if programme.terms.enrolment.who != "invited":
        return {}
    standing = await enrolments.lock_members(tx, programme.id)
    sizes = await teams.load_sizes(tx, [one.id for one in standing])
    paths = {one.id: path for one in standing if (path := links.participants_path_of(tx.links, one))}

    decided = admit(programme, standing, sizes, paths, tx.now)

    after = decided.after
    new = [replace(one, put_in_by=tx.cause.actor) for one in after.admitted]
    await organisations.save_members(tx, programme.id, organisations_of(programme.terms))
    await programmes.take_places(tx, [after.programme])
    await enrolments.save_many(tx, [(one, tx.cause) for one in (*new, *after.changed)])
    tx.tell(decided)
    changed = {one.id for one in after.changed}
    everybody = (*new, *after.changed, *(one for one in standing if one.id not in changed and one.has_place))
    return {
        "members": {
            "admitted": sorted(one.organisation.code for one in new),
            "mailbox_missing": sorted(one.organisation.code for one in everybody if one.contact is None),
            "not_in_file": sorted(one.organisation.code for one in after.not_in_file),
        }
    }
