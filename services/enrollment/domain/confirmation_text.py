"""What happens once the link that is mailed for a form has been used, before anybody knows whose address it is."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.danish import day_and_clock
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.time import COPENHAGEN


def what_follows(terms: ProgrammeTerms) -> str:
    """In Danish, and the same for everybody who signs up for the programme."""
    sender = terms.ref.seller.name
    match terms.enrolment.confirmation:
        case "own_link":
            return "Når der er trykket på linket, er pladsen jeres."
        case "main_mailbox":
            return "Når kommunen har trykket på linket i sin hovedpostkasse, er pladsen jeres."
        case "staff":
            return f"Når I har trykket på linket, ser {sender} på tilmeldingen. I får en mail, når pladsen er jeres."
        case _:
            return (
                "Når I har trykket på linket, er pladsen jeres, hvis vi kender e-mailadressen som en af kommunens. "
                f"Ellers ser {sender} først på, hvem I er. Det sker kun første gang, og I får en mail, når pladsen er "
                "jeres. Det er tidspunktet, hvor I sendte formularen, der tæller."
            )


def sent_at(instant: datetime) -> str:
    """When a form was sent, for whoever sent it to know it again."""
    there = instant.astimezone(COPENHAGEN)
    return day_and_clock(there.date(), there.time())
