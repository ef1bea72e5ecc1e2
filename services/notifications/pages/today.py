"""What staff have to do about mails, on a page of its own and as a part of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import Message
from services.notifications.pages.mails import SEES_ADDRESSES, whom
from services.notifications.usecases.read_today import Today, read_today
from shared.contracts.danish import short_day
from shared.contracts.staff import EVERYWHERE
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.web.badge import Badge
from shared.web.staff import badge_in
from shared.web.today import Item, Kind
from shared.web.today import today as today_of

_SEES = "notifications.messages"


async def today(host: Host, request: Request) -> Response:
    return await today_of(host, request, "Mails", _SEES, read_today, partial(_kinds, badge_in(request)))


def _kinds(badge: Badge, found: Today) -> Iterator[Kind]:
    yield Kind(
        "afviste-adresser",
        "adresse tager ikke imod mails" if found.refusing_total == 1 else "adresser tager ikke imod mails",
        found.refusing_total,
        [
            Item(
                one.email if _sees(badge, one.programme_id) else "En adresse",
                f"{_mails(one.mails)} siden {short_day(day_of(one.since))} ({_why(one.reply)})",
                _below(one.programme_id, f"/retur/{one.message_id}"),
            )
            for one in found.refusing
        ],
        note="Åbn adressen for at se, hvem der har den, give dem en anden eller sende mailene igen.",
    )
    yield Kind(
        "usendte",
        "mail kunne ikke sendes" if found.failed_total == 1 else "mails kunne ikke sendes",
        found.failed_total,
        [_item(badge, one) for one in found.failed],
    )
    yield Kind(
        "uvisse",
        "mail er måske sendt, måske ikke" if found.unknown_total == 1 else "mails er måske sendt, måske ikke",
        found.unknown_total,
        [_item(badge, one) for one in found.unknown],
        note="Mailserveren svarede ikke, før forbindelsen forsvandt. Spørg modtageren, før I sender igen.",
    )


def _mails(count: int) -> str:
    return f"{count} mail{'' if count == 1 else 's'}"


def _why(reply: str) -> str:
    """5yz of RFC 5321, or that it is no address at all."""
    return f"serveren svarer {reply.removeprefix('smtp_')}" if reply.startswith("smtp_") else "ingen gyldig adresse"


def _item(badge: Badge, message: Message) -> Item:
    title = TITLES.get(message.template, message.template)
    to = message.email if _sees(badge, message.programme_id) else whom(message)
    about = f"til {to}, skrevet {short_day(day_of(message.written_at))}"
    return Item(title, about, _below(message.programme_id, f"/mails/{message.id}"))


def _sees(badge: Badge, programme_id: str | None) -> bool:
    """Whether they may see where a mail of the programme went."""
    return badge.may(SEES_ADDRESSES, programme_id or EVERYWHERE)


def _below(programme_id: str | None, rest: str) -> str:
    """A page of the programme; a mail that is about none has no page."""
    return f"/notifications/stab/forloeb/{programme_id}{rest}" if programme_id else ""
