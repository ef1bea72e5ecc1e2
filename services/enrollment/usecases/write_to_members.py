"""Where members are written to has been said in the address book: each gets the page where it names its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.enrollment.adapters import enrolments, links, people, programmes
from services.enrollment.adapters.people import Named
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.membership import mailbox_of, written_to_at
from shared.storage.tx import Tx


async def write_to_members(tx: Tx, entries: Sequence[Entry]) -> None:
    """The entries are locked. Whatever is no member's changes nothing, nor does what is called off meanwhile."""
    reached = {enrolment_id(one.member_of, one.organisation.code): one for one in entries if one.member_of}
    known = await enrolments.lock_many(tx, [here for here, one in reached.items() if one.main_email])
    offered = await programmes.lock_many_going_on(tx, (one.programme_id for one in known.values()))
    # Whoever is named at the same address keeps their name.
    named = {
        one.id: Named(one.organisation.code, one.organisation.name, reached[one.id].main_email or "", renames=False)
        for one in known.values()
    }
    persons = await people.recognise_many(tx, list(named.values()))
    for one in known.values():
        programme, who = offered[one.programme_id], named[one.id]
        mailbox = mailbox_of(programme, persons[who.key].person_id, who.name, who.email)
        path = links.participants_path_of(tx.links, replace(one, contact=mailbox))

        decided = written_to_at(one, programme, mailbox, path)

        if decided.after != one:
            await enrolments.save(tx, decided.after, tx.cause)
        tx.tell(decided)
