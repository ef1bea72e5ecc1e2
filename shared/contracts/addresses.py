"""The one rule for an e-mail address: what is accepted at any door can be mailed, by any server, as it is stored.

That is an addr-spec (RFC 5321 § 4.1.2) without quoted strings and literals, its local part of at most 64 characters and
all of it of at most 254 (§ 4.5.3.1), in ASCII: not every server takes SMTPUTF8, so an internationalised domain stands
in its A-labels (RFC 5891, UTS #46), and a local part with other letters is refused. Nothing in it can be taken for an
encoded word (RFC 2047), which some mail programs would undo.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

ERASED_DOMAIN = "slettet.example"
"""Of the addresses that stand where those of erased people stood. Nobody can be reached there, or named by one."""
LONGEST_ADDRESS = 254
LONGEST_LOCAL = 64
_UNSEEN = "Der er et tegn i adressen, som ikke kan ses. Slet den, og skriv den igen."
_BLANK = "Der må ikke være mellemrum i en e-mailadresse."
_LETTERS = "Før @ må der kun stå a-z, tal og tegn som . og -. Æ, ø og å kan ikke bruges der."
_ERASED = "Personen bag adressen er slettet. Skriv en anden e-mailadresse."
_LIKE_THIS = "Skriv en gyldig e-mailadresse, fx navn@kommune.example."


@lru_cache(maxsize=4096)
def mail_address(text: str) -> str:
    """The address in ASCII, without blanks around it. ValueError says in Danish why it is none."""
    typed = text.strip()
    local, at, domain = typed.rpartition("@")
    if not (local and at and domain):
        raise ValueError(_LIKE_THIS)
    for reason, fault in (
        (_UNSEEN, any(unicodedata.category(one) in {"Cc", "Cf"} for one in typed)),
        (_BLANK, any(one.isspace() for one in typed)),
        (_LETTERS, not local.isascii()),
        (f"Før @ må der højst stå {LONGEST_LOCAL} tegn.", len(local) > LONGEST_LOCAL),
        ("Tegnene =? må ikke stå i en e-mailadresse.", "=?" in typed),
        (_ERASED, is_erased(typed)),
    ):
        if fault:
            raise ValueError(reason)
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=False, strict=True).ascii_email
    except EmailNotValidError:
        raise ValueError(_LIKE_THIS) from None
    if found is None or len(found) > LONGEST_ADDRESS:
        raise ValueError(f"En e-mailadresse må højst være på {LONGEST_ADDRESS} tegn.")
    # The library writes a domain in small letters; where that is all, it stays as it was typed.
    return typed if found == f"{local}@{domain.lower()}" else found


def sendable(text: str) -> str | None:
    """As `mail_address`; None where it is none."""
    try:
        return mail_address(text)
    except ValueError:
        return None


def is_erased(text: str) -> bool:
    """Whether it stands for somebody who was erased."""
    return text.lower().endswith(f"@{ERASED_DOMAIN}")


def is_mail_address(text: str) -> bool:
    """Whether it can be mailed as it stands."""
    return sendable(text) == text
