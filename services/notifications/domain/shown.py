"""A mail as staff are shown it: where it stands in a sentence, and without what is its recipient's alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.notifications.domain.message import (
    ERASED,
    INVALID_ADDRESS,
    TOO_LATE,
    UNSENDABLE,
    Message,
    State,
)
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN

CUT = "[personligt link]"
"""What staff read where a link of somebody else's stood."""
CUT_ADDRESS = "[mailadresse]"
"""What those read where the recipient's address stood, who see whose a mail is and not where it went."""
_ANCHOR = re.compile(r"<a\b([^>]*) href=\"\[personligt link\]\"([^>]*)>(.*?)</a>", re.DOTALL)
# The end of what `shared.base.links` signs: without it a link leads nowhere, whatever stands before it.
_SIGNED = re.compile(r"\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_HASH = re.compile(r"<?([0-9a-f]{32})(?:@[^\s>]*)?>?")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = re.compile(r"\w+")
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """States that staff see as one. `key` stands in an address; `bounced`: only those that the address refused."""

    key: str
    word: str
    states: tuple[State, ...]
    bounced: bool | None = None


GROUPS = (
    Group("venter", "Venter", ("pending", "claimed", "sending")),
    Group("sendt", "Sendt", ("sent",)),
    Group("maaske", "Måske sendt", ("unknown",)),
    Group("retur", "Adressen afviste", ("failed",), bounced=True),
    Group("fejlet", "Kunne ikke sendes", ("failed",), bounced=False),
    Group("afgjort", "Sendes ikke", ("settled",)),
)


_STANDING: Mapping[State, str] = {
    "pending": "Venter på at blive sendt",
    "claimed": "Venter på at blive sendt",
    "sending": "Bliver sendt nu",
    "unknown": "Måske sendt: mailserveren svarede ikke, før forbindelsen forsvandt",
    "settled": "Afgjort: den bliver ikke sendt",
}


def group_of(key: str) -> Group | None:
    return next((one for one in GROUPS if one.key == key), None)


def bounced(message: Message) -> bool:
    """Whether it failed because the server does not take mails to the address, or it is none."""
    return message.state == "failed" and (message.reply or "").startswith(("smtp_5", INVALID_ADDRESS))


def standing(message: Message) -> str:
    """Where it stands, as a sentence without its full stop."""
    if message.state == "sent":
        there = (message.sent_at or message.written_at).astimezone(COPENHAGEN)
        return f"Sendt {short_day(there.date())} kl. {clock(there.time())}"
    if message.state == "failed":
        return f"Afvist: {why(message.reply)}"
    if message.state == "pending" and message.attempts:
        return f"Venter på næste forsøg: {why(message.reply)}"
    if message.reply == TOO_LATE:
        return "Ikke sendt: koden kunne ikke bruges længere"
    return _STANDING[message.state]


def why(reply: str | None) -> str:
    """A stable code, in words for staff."""
    known: Mapping[str, str] = {
        INVALID_ADDRESS: "det er ingen gyldig adresse",
        UNSENDABLE: "mailen kunne ikke skrives",
        ERASED: "personen er slettet",
    }
    code = reply or ""
    if code in known:
        return known[code]
    if code.startswith("smtp_5"):
        return f"modtagerens mailserver tager ikke imod (svar {code.removeprefix('smtp_')})"
    if code.startswith("smtp_4"):
        return f"modtagerens mailserver bad os vente (svar {code.removeprefix('smtp_')})"
    return "mailserveren kunne ikke nås" if code else "grunden kendes ikke"


def without_own_links(text: str, public_url: str) -> str:
    """A text or an HTML without any address of ours, and without anything that one of our links could be made of."""
    if public_url:
        text = re.sub(rf"{re.escape(public_url)}(?![\w.-])[^\s<>\"']*", CUT, text)
    return _SIGNED.sub(CUT, _ANCHOR.sub(r"<span\1\2>\3</span>", text))


def without_address(message: Message) -> Message:
    """As it reads for whoever may not see where it went: neither in its words nor in its calendar."""
    if not message.email:
        return message
    found = re.compile(re.escape(message.email), re.IGNORECASE)

    def cut(value: Any) -> Any:
        match value:
            case str():
                return found.sub(CUT_ADDRESS, value)
            case Mapping():
                return {name: cut(one) for name, one in value.items()}
            case list() | tuple():
                return [cut(one) for one in value]
            case _:
                return value

    says = {name: one if name == "programme" else cut(one) for name, one in message.says.items()}
    entry = message.calendar
    if entry is not None:
        entry = replace(entry, attendee=replace(entry.attendee, email=CUT_ADDRESS))
    return replace(message, says=says, calendar=entry, email="")


@dataclass(frozen=True, slots=True)
class SoughtMail:
    """What somebody typed: the beginning of a Message-ID, an id of ours, a whole address, or words of a subject."""

    text: str = ""
    digest: str = ""
    message_id: str = ""
    address: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.digest or self.message_id or self.address or self.words)


def sought_mail(typed: str) -> SoughtMail:
    text = " ".join(typed.split())
    if found := _HASH.fullmatch(text):
        return SoughtMail(text, digest=found[1])
    if _ID.fullmatch(text):
        return SoughtMail(text, message_id=text)
    if "@" in text:
        return SoughtMail(text, address=text.lower())
    return SoughtMail(text, words=tuple(_WORD.findall(text.lower())[:MOST_WORDS]))
