"""Which e-mail addresses speak for an organisation: one mailbox, or every mailbox of a domain.

Nothing is guessed: addresses and domains are compared whole. A domain does not cover the ones below it, no ending is
looked at, and what is written in another case or in Unicode is the same (RFC 5891, UTS #46).
"""

from __future__ import annotations

import re
from collections.abc import Collection

import idna

from shared.contracts.refusal import Refused

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LONGEST_EMAIL = 254
PUBLIC_DOMAINS = frozenset(
    [
        "aol.com",
        "biz.dk",
        "bluemail.dk",
        "co.dk",
        "email.dk",
        "fastmail.com",
        "firm.dk",
        "forum.dk",
        "get2net.dk",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "hotmail.dk",
        "hotmail.co.uk",
        "hushmail.com",
        "icloud.com",
        "jubii.dk",
        "jubiimail.dk",
        "live.com",
        "live.dk",
        "live.no",
        "live.se",
        "mac.com",
        "mail.com",
        "mail.dk",
        "mail.ru",
        "mail.tele.dk",
        "mailme.dk",
        "me.com",
        "msn.com",
        "ofir.dk",
        "outlook.com",
        "outlook.dk",
        "pm.me",
        "post.tele.dk",
        "privat.dk",
        "proton.me",
        "protonmail.ch",
        "protonmail.com",
        "reg.dk",
        "rocketmail.com",
        "sol.dk",
        "stofanet.dk",
        "store.dk",
        "tdc.dk",
        "tdcadsl.dk",
        "telia.com",
        "tuta.com",
        "tutanota.com",
        "web.de",
        "webspeed.dk",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.dk",
        "yahoo.no",
        "yahoo.se",
        "yandex.com",
        "ymail.com",
        "youmail.dk",
        "zoho.com",
    ]
)
"""Where anybody gets a mailbox or a name: such a domain speaks for nobody, whoever says so."""
_FEWEST_LABELS = 2


def is_email(text: str) -> bool:
    """A plain address (RFC 5321 without quoted parts); ASCII only, because not every mail server takes SMTPUTF8."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def mailbox_key(email: str) -> str:
    """One mailbox, in whatever case its address is written. `email` is a plain address."""
    return email.strip().lower()


def domain_of(email: str) -> str:
    return mailbox_key(email).rpartition("@")[2]


def domain_key(text: str) -> str | None:
    """The domain as mail addresses have it, in lower case and ASCII; None when it is none, or a whole top domain."""
    try:
        domain = idna.encode(text.strip().removeprefix("@"), uts46=True, std3_rules=True).decode()
    except UnicodeError:  # an IDNAError is one
        return None
    return domain if len(domain.split(".")) >= _FEWEST_LABELS and not domain.endswith(".") else None


def require_domain(text: str, field: str) -> str:
    """The domain's key. Refused 422 `invalid_domain`, or `public_domain` where anybody gets a mailbox."""
    domain = domain_key(text)
    if domain is None:
        raise Refused("invalid_domain", "Skriv et domæne, fx kommune.example.", status=422, field=field)
    if domain in PUBLIC_DOMAINS:
        raise Refused(
            "public_domain",
            f"Hos {domain} kan enhver få en postkasse. Skriv den enkelte postkasse i stedet.",
            status=422,
            field=field,
        )
    return domain


def speaks(email: str, mailboxes: Collection[str], domains: Collection[str]) -> bool:
    """Whether it is one of these mailboxes, or of one of these domains."""
    domain = domain_of(email)
    return mailbox_key(email) in mailboxes or (domain in domains and domain not in PUBLIC_DOMAINS)
