"""What the fields of the API's lists are called in a table that people open, in Danish.

A field stands by its whole path, or by its last part where that says it all. One that nobody has named stands by its
path.
"""

from __future__ import annotations

HEADINGS = {
    "organisation.code": "Kommunekode",
    "organisation.name": "Kommune",
    "organisation.region": "Region",
    "organisation.cvr": "CVR-nummer",
    "programme_id": "Forløb",
    "status": "Status",
    "state": "Tilstand",
    "position": "Nr. på ventelisten",
    "forbehold.state": "Forbehold",
    "forbehold.committee": "Udvalg",
    "forbehold.expected_on": "Svar ventes",
    "group": "Gruppe",
    "contact.name": "Kontakt",
    "contact.email": "Kontaktens e-mail",
    "contact.role": "Kontaktens rolle",
    "name": "Navn",
    "email": "E-mail",
    "code": "Kode",
    "region": "Region",
    "cvr": "CVR-nummer",
    "title": "Titel",
    "main_email": "Hovedpostkasse",
    "received_at": "Modtaget",
    "enrolled_at": "Tilmeldt",
    "issued_on": "Udstedt",
    "due_on": "Betales senest",
    "net_ore": "Ekskl. moms, kr.",
    "vat_ore": "Moms, kr.",
    "gross_ore": "Inkl. moms, kr.",
    "amount_ore": "Beløb, kr.",
    "invoice_id": "Faktura",
    "deadline": "Tilmeldingsfrist",
    "part": "Del",
    "text": "Tekst",
    "how_many": "Antal",
}


def heading(field: str) -> str:
    return HEADINGS.get(field) or HEADINGS.get(field.rpartition(".")[2]) or field
