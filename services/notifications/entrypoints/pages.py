"""What is reached over HTTP beside the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.notifications.entrypoints import acts
from services.notifications.pages import (
    calendar,
    code_mail,
    draft_letters,
    mail_gateway,
    mails,
    publication,
    receipt,
    refusing,
    today,
    writing,
)
from services.notifications.usecases.explain import explain
from services.notifications.usecases.forget_people import FORGETTING
from shared.base.acts import Act
from shared.runtime.erasure_page import erasure_pages
from shared.runtime.service import Host
from shared.runtime.why_page import why_page
from shared.web.carried import ROOM
from shared.web.pages import page
from shared.web.scopes import of_command
from shared.web.staff import staff_page
from shared.web.token_use import use_page

_PROGRAMME = "/notifications/stab/forloeb/{programme_id}"
_MAILS = f"{_PROGRAMME}/mails"
_MAIL = f"{_MAILS}/{{message_id}}"
_REFUSED = f"{_PROGRAMME}/retur/{{message_id}}"
_WRITING = f"{_PROGRAMME}/skriv/{{writing_id}}"
_SEES = "notifications.programmes.mails"

EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The page says itself which one it takes."""


_CALENDAR = "/notifications/kalender"


def pages(host: Host) -> Sequence[BaseRoute]:
    """The first path that fits counts."""
    shows = partial(page, host)
    return (
        Route(mail_gateway.PATH, partial(mail_gateway.replies, host), methods=list(EVERY_METHOD)),
        shows("/notifications/kode/{code_id}", code_mail.code_mail),
        shows(f"{_CALENDAR}/abonnement/{{token}}.ics", calendar.feed),
        shows(f"{_CALENDAR}/{{token}}", calendar.calendar),
        shows(f"{_CALENDAR}/{{token}}/nyt", calendar.renew, acts.RENEW_CALENDAR),
        shows("/notifications/kvittering/{token}", receipt.receipt),
        *_for_staff(host),
        *erasure_pages(host, FORGETTING, acts.FIND_PEOPLE, acts.FORGET),
        use_page(host),
    )


def _for_staff(host: Host) -> Sequence[BaseRoute]:
    shows = partial(staff_page, host)

    def does(path: str, shown: Callable[..., Awaitable[Response]], act: Act, room: int = 0) -> BaseRoute:
        """A page that says what will come of the act and then does it: for whoever may do it alone."""
        return shows(path, shown, act, opens=of_command(act.command, host.service.name), room=room)

    return (
        shows("/notifications/stab/i-dag", today.today, opens=""),
        shows("/notifications/stab/udkast", draft_letters.draft_letters, opens="notifications.messages", posts=True),
        does("/notifications/stab/udgivelse", publication.publication, acts.REHEARSE, room=ROOM),
        why_page(host, explain, "notifications.messages"),
        shows(_MAILS, mails.mails, opens=_SEES, posts=True),
        shows(_MAIL, mails.mail, opens=_SEES),
        shows(f"{_MAIL}/html", mails.mail_as_html, opens=_SEES),
        shows(f"{_MAIL}/bilag/{{number:int}}", mails.file_of_mail, opens=_SEES),
        does(f"{_MAIL}/send-igen", mails.send_again, acts.RESEND),
        does(f"{_MAIL}/afgoer", mails.settle, acts.SETTLE),
        shows(_REFUSED, refusing.refusing, opens=_SEES),
        does(f"{_REFUSED}/virker", refusing.trust, acts.TRUST_ADDRESS),
        shows(f"{_PROGRAMME}/skrevet", writing.written, opens=_SEES),
        does(f"{_PROGRAMME}/skriv", writing.begin, acts.BEGIN_WRITING),
        shows(_WRITING, writing.writing, opens=_SEES),
        shows(f"{_WRITING}/html", writing.preview, opens=_SEES),
        does(f"{_WRITING}/ret", writing.change, acts.CHANGE_WRITING),
        does(f"{_WRITING}/bilag", writing.attach, acts.ATTACH, room=writing.ROOM),
        shows(f"{_WRITING}/bilag/{{place:int}}", writing.file_of_writing, opens=_SEES),
        does(f"{_WRITING}/bilag/{{place:int}}/fjern", writing.remove, acts.REMOVE_FILE),
        does(f"{_WRITING}/proeve", writing.try_it, acts.TRY_WRITING),
        does(f"{_WRITING}/send", writing.send, acts.WRITE_TO_MANY),
    )
