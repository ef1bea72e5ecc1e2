"""What a programme would mail, before it is published: as its terms say it that somebody has written."""

from __future__ import annotations

from typing import NamedTuple

from jinja2 import TemplateError
from pydantic import ValidationError

from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.message import queue
from services.notifications.domain.samples import OWNER, letters_of
from services.notifications.domain.shown import CUT
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


class DraftLetter(NamedTuple):
    """To somebody who does not exist."""

    to: str
    subject: str
    text: str


async def read_draft_letters(tx: Tx, terms: str, public_url: str) -> list[DraftLetter] | None:
    """`terms` are a programme's as JSON; None when they are none, or nothing can be written of them."""
    composer = Composer(Words(public_url, CUT), Mailbox("", ""))
    try:
        letters = letters_of(ProgrammeTerms.model_validate_json(terms), tx.now)
        messages = [queue(one, OWNER).after for one in letters]
        written = [(one, composer.texts(one)) for one in messages]
    except (ValidationError, ValueError, LookupError, TemplateError):
        return None
    return [DraftLetter(f"{one.name} <{one.email}>", texts.subject, texts.plain) for one, texts in written]
