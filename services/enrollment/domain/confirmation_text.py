"""What happens once the link that is mailed for a form has been used, before anybody knows whose address it is."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.danish import day_and_clock
from shared.contracts.enrollment import Prospect
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.time import COPENHAGEN

_THEN: dict[Prospect, str] = {
    "place": "er pladsen jeres",
    "waiting_list": "står I på ventelisten",
    "after_deadline": "er I med, når pladserne gives efter fristen",
}


def what_follows(terms: ProgrammeTerms, prospect: Prospect) -> str:
    """In Danish, and the same for everybody who signs up for the programme."""
    sender, then = terms.ref.seller.name, _THEN[prospect]
    match terms.enrolment.confirmation:
        case "own_link":
            return f"Når der er trykket på linket, {then}."
        case "main_mailbox":
            return f"Når kommunen har trykket på linket i sin hovedpostkasse, {then}."
        case "staff":
            return f"Når I har trykket på linket, ser {sender} på tilmeldingen. I får en mail, når pladsen er jeres."
        case _:
            return (
                f"Når I har trykket på linket, {then}, hvis vi kender e-mailadressen som en af kommunens. "
                f"Ellers ser {sender} først på, hvem I er. Det sker kun første gang, og I får en mail, når pladsen er "
                "jeres. Det er tidspunktet, hvor I sendte formularen, der tæller."
            )


def sent_at(instant: datetime) -> str:
    """When a form was sent, for whoever sent it to know it again."""
    there = instant.astimezone(COPENHAGEN)
    return day_and_clock(there.date(), there.time())
