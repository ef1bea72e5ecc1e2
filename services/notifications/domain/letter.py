"""A letter: who is told what, once. Its text is made from it when it is sent, and is the same each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.domain.calendar.entry import Entry
from shared.contracts.event import natural_id
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import ProgrammeRef


@dataclass(frozen=True, slots=True)
class Recipient:
    """`key` is a person_id, or `<organisation code>/<role>` for a mailbox that is no person's."""

    key: str
    name: str
    email: str
    person: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """`occasion` is the version of the fact it speaks of, `written_at` that fact's domain time.

    `says` is JSON for the template. `people` are all whose names or addresses stand in it. `own`: it speaks of what
    the actor behind it did for itself, so that it is shown to that client.
    """

    template: str
    to: Recipient
    about: str
    occasion: str
    programme: ProgrammeRef | None
    written_at: datetime
    says: dict[str, Any]
    calendar: Entry | None = None
    people: tuple[str, ...] = ()
    own: bool = False
    introduces: bool = False
    """After it whoever it goes to knows what is done with their data."""

    @property
    def id(self) -> str:
        return natural_id("message", self.template, self.to.key, self.about, self.occasion)


def to_person(person: Person | Contact) -> Recipient:
    return Recipient(person.person_id, person.name, person.email)


def to_mailbox(organisation: Organisation, role: str, email: str) -> Recipient:
    return Recipient(f"{organisation.code}/{role}", organisation.name, email, person=False)


TITLES = {
    "invited": "Invitation til forløbet",
    "invitation_reminder": "Påmindelse om invitationen",
    "draft_saved": "Link til kladden",
    "sign_up_received": "Link til at bekræfte tilmeldingen",
    "mailbox_code": "Kode på seks cifre",
    "sign_up_ended": "Besked om formular, der ikke blev til noget",
    "sign_ups_confirmed": "Orientering til hovedpostkassen",
    "place_confirmed": "Bekræftelse af pladsen",
    "waitlisted": "Besked om venteliste",
    "forbehold_awaited": "Påmindelse om forbeholdet",
    "billing_awaited": "Påmindelse om oplysninger til fakturaen",
    "forbehold_answered": "Kvittering for svar på forbeholdet",
    "lapsed": "Besked om bortfaldet plads",
    "withdrawn": "Kvittering for afmelding",
    "called_off": "Besked om aflyst forløb",
    "groups_merged": "Besked om grupper, der er lagt sammen",
    "regrouped": "Besked om en anden gruppe",
    "quote_given": "Tilbud på tilkøb",
    "quote_awaited": "Påmindelse om tilbud",
    "option_ordered": "Kvittering for tilkøb",
    "option_withdrawn": "Besked om tilkøb, der er trukket tilbage",
    "option_delivered": "Besked om leveret tilkøb",
    "contact_appointed": "Besked til ny kontakt",
    "links_renewed": "Nye links til kontakten",
    "own_links_renewed": "Nye links til deltager, sekretær eller rolle",
    "guest_links_renewed": "Nye links til gæst",
    "contact_left": "Besked til tidligere kontakt",
    "role_appointed": "Besked til ny indehaver af en rolle",
    "role_left": "Besked til tidligere indehaver af en rolle",
    "secretary_appointed": "Link til kontaktens sekretær",
    "secretary_left": "Besked til sekretær, der ikke har adgang mere",
    "access_given": "Besked til kontakten om en sekretærs adgang",
    "save_the_date": "Reservér datoen",
    "invitation": "Invitation til mødet",
    "meeting_moved": "Besked om flyttet møde",
    "meeting_cancelled": "Besked om aflyst møde",
    "participant_registered": "Invitation til deltager",
    "registration_cancelled": "Afmelding af deltager",
    "meeting_left": "Møde taget ud af kalenderen",
    "walked_in": "Besked til den, der kom uden tilmelding",
    "seat_passed_on": "Besked om skiftet deltager",
    "seat_left": "Besked om afmeldt deltager",
    "place_passed_on": "Besked om skiftet person på holdet",
    "place_left": "Besked om person, der har forladt holdet",
    "team_incomplete": "Påmindelse om at navngive nogen",
    "member_admitted": "Invitation til medlemmet",
    "extra_participant": "Pris for ekstra deltager",
    "extra_participant_removed": "Ekstra deltager faktureres ikke",
    "meeting_reminder": "Påmindelse om mødet",
    "nobody_registered": "Påmindelse om at tilmelde deltagere",
    "invoice": "Faktura",
    "credit_note": "Kreditnota",
    "payment_reminder": "Betalingspåmindelse",
    "note": "Besked",
    "written": "Mail til flere",
    "digest": "Dagens overblik",
}
"""What a template's letters are called among staff."""
