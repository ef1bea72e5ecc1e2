"""How long, how many and how far away: what the doors take, and what a fact can be.

Whoever asks for something (a form, the API, the intake, a programme file) is told what is too much, by field: a day is
in this century, a line has 200 characters, an amount is at most ten billion kroner. Stated here once, and in the JSON
Schemas of the commands.

Facts have been told already, so only what nobody could ever take in is bounded: a number that no column holds, a day
that has none before or after it, a name that no index takes.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

# What the doors take ------------------------------------------------------------------------------------------------

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
MOST_ORE = 10**12
LONGEST_LINK = 2_000
LONGEST_TEXT = 20_000
MOST_ORGANISATIONS = 1_000
MOST_PLACES = 1_000_000
MOST_LINES = 1_000
MOST_ANSWERS = 100
MOST_DEMANDS = 10
MOST_UNITS = 200
MOST_ROLES = 100
LONGEST_FILE = 256 * 1024

# White space comes along when somebody pastes, and is made a blank or a line break later; nothing else is seen.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!#-;=?-\[\]_a-z~]*)?")
_PRINTABLE: dict[str, Any] = {"pattern": r"^[^\u0000-\u0008\u000e-\u001f\u007f-\u009f]*$"}
_IN_THIS_CENTURY: dict[str, Any] = {"formatMinimum": FIRST_DAY.isoformat(), "formatMaximum": LAST_DAY.isoformat()}


def is_printable(text: str) -> bool:
    """Whether it has nothing but characters, and white space of any kind."""
    return _UNPRINTABLE.search(text) is None


def _printable(text: str) -> str:
    if not is_printable(text):
        raise ValueError("control_character: Teksten har et tegn, som ikke er tilladt.")
    return text


def is_link(text: str) -> bool:
    """An http(s) address that can stand in a calendar, a mail and a page as it is."""
    return len(text) <= LONGEST_LINK and _LINK.fullmatch(text) is not None


def _linked(text: str) -> str:
    link = text.strip()
    if link and not is_link(link):
        raise ValueError("not_a_link: Skriv en adresse, der begynder med https:// eller http://.")
    return link


Id = Annotated[str, Field(max_length=200, json_schema_extra=_PRINTABLE), AfterValidator(_printable)]
"""Of something, by whoever made it: short enough that an index entry holds three of them."""
Name = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
"""What a value goes by in a free-form object; a schema has no pattern for these beside one for their values."""
Line = Annotated[str, Field(max_length=200, json_schema_extra=_PRINTABLE), AfterValidator(_printable)]
"""A name, a title, a place: something that stands on one line."""
Paragraph = Annotated[str, Field(max_length=2_000, json_schema_extra=_PRINTABLE), AfterValidator(_printable)]
"""Why, in a few sentences."""
Text = Annotated[str, Field(max_length=LONGEST_TEXT, json_schema_extra=_PRINTABLE), AfterValidator(_printable)]
"""A whole letter, an answer of several lines."""
Email = Annotated[str, Field(max_length=320, json_schema_extra=_PRINTABLE), AfterValidator(_printable)]
"""As long as an address can be written at all (RFC 3696, erratum 1690); which are addresses, the domain says."""
Link = Annotated[str, Field(max_length=LONGEST_LINK), AfterValidator(_linked)]
"""http(s), or empty; without the blanks around it."""
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY, json_schema_extra=_IN_THIS_CENTURY)]
Moment = Annotated[
    datetime,
    Field(
        ge=datetime(2000, 1, 1, tzinfo=UTC),
        le=datetime(2099, 12, 31, tzinfo=UTC),
        json_schema_extra={"formatMinimum": "2000-01-01T00:00:00Z", "formatMaximum": "2099-12-31T00:00:00Z"},
    ),
]
Ore = Annotated[int, Field(ge=-MOST_ORE, le=MOST_ORE)]
"""An amount that somebody asks for; the domain says which have to be positive."""

# What a fact can be -------------------------------------------------------------------------------------------------

MOST = 2**63 - 1
MOST_ORE_TOLD = 10**15
"""Of one price; thousands of them on one invoice, with moms, are still a bigint."""
_FIRST_TOLD, _LAST_TOLD = date(2, 1, 1), date(9998, 12, 31)


def _on_the_clock(instant: datetime) -> datetime:
    """Facts tell instants in UTC: one without a zone is one of those."""
    zoned = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    # The year of whatever zone it is told in, so that it has an hour before and after it in every other zone.
    if not _FIRST_TOLD.year <= zoned.year <= _LAST_TOLD.year:
        raise ValueError("out_of_range: Skal ligge i år 2 til 9998.")
    return zoned


Key = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]
"""What facts about something are kept together by, in indexes."""
Whole = Annotated[int, Field(ge=-MOST - 1, le=MOST)]
"""A number that a column holds."""
DateVersion = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""An INTEGER of calendars (RFC 5545 § 3.3.8)."""
Price = Annotated[int, Field(gt=0, le=MOST_ORE_TOLD)]
ToldDay = Annotated[
    date,
    Field(
        ge=_FIRST_TOLD,
        le=_LAST_TOLD,
        json_schema_extra={"formatMinimum": _FIRST_TOLD.isoformat(), "formatMaximum": _LAST_TOLD.isoformat()},
    ),
]
"""One with a day before it and a day after it, in every time zone."""
Instant = Annotated[datetime, AfterValidator(_on_the_clock)]
"""In UTC, and in the years of ToldDay."""
