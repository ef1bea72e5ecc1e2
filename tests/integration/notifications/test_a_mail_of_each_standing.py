"""What the table of docs/enrolments.md says is told becomes the mails that it names, whichever way it came to it."""

from __future__ import annotations

import re

from deploy.local.locations import ROOT
from services.enrollment.console.standings import HAPPENINGS, STANDINGS, Stands
from shared.contracts.catalogue import EFFECTS
from shared.contracts.decision import Decision
from shared.contracts.enrollment import EnrolmentCalledOff
from shared.contracts.event import Event
from shared.contracts.refusal import Refused
from tests.integration.notifications.test_calendars import TABLES
from tests.support.letters import COMPOSER, written
from tests.support.room import Room

TEXT = (ROOT / "docs" / "enrolments.md").read_text(encoding="utf-8").partition("## Who gets a place")[0]
NAMED = {
    fact: set(re.findall(r"\*([^*]+)\*", mails))
    for fact, mails in re.findall(r"^\| `([A-Za-z]+)`[^|]*\| ([^|]+)\|$", TEXT, re.MULTILINE)
}
"""By a fact the mails that the docs say the contact gets because of it."""


def decided(known: Stands, happening: str) -> list[Event]:
    try:
        found: Decision[object] | None = HAPPENINGS[happening](known)
    except Refused:
        return []
    return [] if found is None else list(found.facts)


async def test_whatever_is_told_of_an_enrolment_is_one_mail_that_the_docs_name(desk: Room) -> None:
    sent: dict[str, set[str]] = {}
    for name, known in STANDINGS.items():
        for happening in HAPPENINGS:
            for table in TABLES:
                await desk.pool.execute(f"DELETE FROM {table}")
            for told in decided(known, happening):
                fact = type(told).__name__
                if fact in NAMED and not NAMED[fact]:
                    assert all(one.service != "notifications" for one in EFFECTS.get(told.type, ())), "nobody is mailed"
                    continue
                await desk.hear(told)
                if isinstance(told, EnrolmentCalledOff) and told.contact is None:
                    assert (told.standing, told.to, await written(desk)) == ("invited", (), []), "nobody to write to"
                    continue
                (mail,) = await written(desk)
                word = COMPOSER.texts(mail).subject.partition(": ")[0]
                assert word in NAMED.get(fact, ()), (name, happening)
                sent.setdefault(fact, set()).add(word)
    assert {fact: words - sent.get(fact, set()) for fact, words in NAMED.items() if words - sent.get(fact, set())} == {
        "EnrolmentWaitlisted": {"Modtaget"},
        "BillingReminderDue": {"Mangler til fakturaen"},
        "ReservationReminderDue": {"Er det godkendt?"},
        "EnrolmentRegrouped": {"… hører nu til …"},
        "SignUpEnded": {"… er allerede tilmeldt …", "Tilmeldingen gælder ikke mere", "Aflyst"},
    }, "what comes of a day that is reached, of staff, or of a form"
