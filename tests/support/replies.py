"""Mails in which calendars answer invitations, as the usual programs write them. Written by hand, names invented."""

from __future__ import annotations

import base64
from typing import Any

ROMANCE = """BEGIN:VTIMEZONE
TZID:Romance Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""

EXCHANGE = """BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
{zone}BEGIN:VEVENT
ATTENDEE;PARTSTAT={partstat};CN="Prøvesen, Bo (Børne- og Ungeforvaltningen)":MAILTO:{attendee}
COMMENT;LANGUAGE=da-DK:Jeg kommer.\\n
UID:{uid}
SUMMARY;LANGUAGE=da-DK:Accepteret: 1. heldagsmøde
DTSTART;TZID=Romance Standard Time:20210415T093000
DTEND;TZID=Romance Standard Time:20210415T160000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:{stamp}
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:{sequence}
LOCATION;LANGUAGE=da-DK:Mødehuset\\, København
X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}
X-MICROSOFT-CDO-OWNERAPPTID:2119823458
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-DISALLOW-COUNTER:FALSE
X-BROKEN;=":;
END:VEVENT
END:VCALENDAR
"""

GOOGLE = """BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20210415T073000Z
DTEND:20210415T140000Z
DTSTAMP:{stamp}
ORGANIZER;CN=Foreningen af Kommuner:mailto:{organizer}
UID:{uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={partstat};CN={at
 tendee};X-NUM-GUESTS=0:mailto:{attendee}
CREATED:20210301T080000Z
DESCRIPTION:
LAST-MODIFIED:{stamp}
LOCATION:Mødehuset\\, København
SEQUENCE:{sequence}
STATUS:CONFIRMED
SUMMARY:1. heldagsmøde
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""

APPLE = """BEGIN:VCALENDAR
METHOD:REPLY
VERSION:2.0
PRODID:-//Apple Inc.//macOS 14.4//EN
CALSCALE:GREGORIAN
BEGIN:VEVENT
UID:{uid}
DTSTART;TZID=Europe/Copenhagen:20210415T093000
DTEND;TZID=Europe/Copenhagen:20210415T160000
SEQUENCE:{sequence}
SUMMARY:1. heldagsmøde
DTSTAMP:{stamp}
ATTENDEE;CN="Bo Prøvesen";CUTYPE=INDIVIDUAL;EMAIL="{attendee}";PARTSTAT={partstat}:mailto:{attendee}
ORGANIZER;CN="Foreningen af Kommuner":mailto:{organizer}
REQUEST-STATUS:2.0;Success
END:VEVENT
END:VCALENDAR
"""

FAMILIES = {"exchange": EXCHANGE, "google": GOOGLE, "apple": APPLE}


def ics(
    family: str = "google",
    *,
    uid: str,
    attendee: str = "bo@kobenhavn.example",
    partstat: str = "ACCEPTED",
    sequence: int | str = 0,
    stamp: str = "20210302T091500Z",
    organizer: str = "moeder@forening.example",
) -> str:
    """The calendar part alone, its lines ended by CRLF."""
    values = {"zone": ROMANCE, "uid": uid, "attendee": attendee, "partstat": partstat, "sequence": sequence}
    text = FAMILIES[family].replace("{at\n tendee}", "{attendee}")
    return text.format(**values, stamp=stamp, organizer=organizer).replace("\n", "\r\n")


def a_reply(family: str = "google", **said: Any) -> bytes:
    """The whole mail: Google's with a file besides, Exchange's beside its texts, Apple's as the only part."""
    organizer = said.get("organizer", "moeder@forening.example")
    calendar = ics(family, **said)
    encoded = base64.encodebytes(calendar.encode()).decode()
    part = "Content-Type: text/calendar; charset=utf-8; method=REPLY\nContent-Transfer-Encoding: base64\n\n" + encoded
    plain = "Content-Type: text/plain; charset=utf-8\n\nAccepteret\n"
    head = (
        "Received: from mail.kobenhavn.example by mx.forening.example; Tue, 2 Mar 2021 10:15:02 +0100\n"
        "From: =?utf-8?q?Bo_Pr=C3=B8vesen?= <bo@kobenhavn.example>\n"
        f"To: Foreningen af Kommuner <{organizer}>\n"
        "Subject: =?utf-8?q?Accepteret=3A_1=2E_heldagsm=C3=B8de?=\n"
        "Date: Tue, 2 Mar 2021 10:15:00 +0100\n"
        "MIME-Version: 1.0\n"
    )
    match family:
        case "apple":
            text = head + part
        case "exchange":
            text = (
                head + 'Content-Type: multipart/alternative; boundary="_000_"\n\n'
                f"--_000_\n{plain}\n--_000_\n{part}--_000_--\n"
            )
        case _:
            file = part.replace("text/calendar; charset=utf-8; method=REPLY", 'application/ics; name="invite.ics"')
            text = (
                head + 'Content-Type: multipart/mixed; boundary="m"\n\n'
                f'--m\nContent-Type: multipart/alternative; boundary="a"\n\n--a\n{plain}\n--a\n{part}--a--\n'
                f"--m\n{file}--m--\n"
            )
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
