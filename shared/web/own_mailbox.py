"""A letter to oneself, from a service that does not know who signs in: a badge holds no address.

The browser asks the service that people sign in with (`OWN_MAILBOX`), which shows the address that the account has and
sends it on with a form, signed: for whoever has that badge, for a quarter of an hour (machine time), for nothing else.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shared.base.links import Links

OWN_MAILBOX = "/login/postkasse"
"""The page that asks whether it is to be sent there."""
_PURPOSE = "own mailbox of staff"
_MINUTES = 15
_TAKES = re.compile(r"/notifications/stab/forloeb/[a-z0-9-]{1,200}/skriv/[a-z0-9-]{1,64}/proeve")


def ask_for_own_mailbox(path: str) -> str:
    """Where a link leads that comes back to `path` as a form."""
    return f"{OWN_MAILBOX}?{urlencode({'til': path})}"


def takes_own_mailbox(path: str) -> bool:
    """Whether it is a page that such a form may go to."""
    return _TAKES.fullmatch(path) is not None


def sign_own_mailbox(links: Links, email: str, subject: str, now: datetime) -> str:
    return links.sign(_PURPOSE, f"{subject}\n{email}", now + timedelta(minutes=_MINUTES))


def own_mailbox(links: Links, token: str, subject: str, now: datetime) -> str | None:
    """The address of whoever has this badge; None for what is another's, too old, or not signed at all."""
    who, _, email = (links.verify(_PURPOSE, token, now) or "").partition("\n")
    return email if email and who == subject else None
