"""Every page of every service, found from the routes, where there is one of it in a filled `Whole`, and what it costs.

A page that is new falls under this by itself, or fails for want of a word on where there is one of it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import Route

from deploy.roles import routes, services
from services.enrollment.adapters import links
from services.invoicing.adapters.links import invoice_address
from shared.base.passes import Reader, pass_path
from shared.web.staff import StaffRoute
from tests.integration.enrollment.test_hostile_texts import PAGES, with_form
from tests.support.enrollment_desk import P1
from tests.support.whole import PLACE, START, Whole, address

LARGEST_BYTES = 200_000
_PARAMETER = re.compile(r"\{([a-z_]+)(?::[a-z]+)?\}")
FILES = re.compile(
    r"\.(csv|xlsx|ics|pdf|xml|html|yaml|\{suffix\})$|/bilag/\{[a-z]+:int\}$|/html$|^/api/|/(faktura|kvittering)/\{token\}$"
)
"""What a route answers with that is no page: a file, or the mail that stands in a frame of a page."""
ELSEWHERE = {
    "/login/postkasse": "the mailbox of whoever is signed in, for another service's page alone",
}
"""Routes of pages that nobody walks to, each with the reason."""
STEP = "spor=kommunespor&fase=analyse&skridt=dialog"
ASKED = {"/scheduling/stab/forloeb/{programme_id}/spor/{enrolment_id}/faerdigt": STEP}
"""What has to stand behind the address of a page."""
FIGURES = """
    () => {
      const asked = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const picture = /\\.(png|jpe?g|gif|webp|svg|ico)$/;
      const bytes = asked.filter((one) => !picture.test(new URL(one.name).pathname))
        .reduce((sum, one) => sum + one.encodedBodySize, 0);
      const [painted] = performance.getEntriesByName('first-contentful-paint');
      return [bytes, painted ? painted.startTime : 0];
    }
"""
"""What a page came to on the wire, from a cache or not, without its pictures; and milliseconds until it was painted."""


def pages() -> list[tuple[str, Route, list[str]]]:
    """Service, route, and the parameters of its path."""
    return [
        (service.name, route, _PARAMETER.findall(route.path))
        for service in services()
        for route in routes(service)
        if "GET" in (route.methods or ()) and not FILES.search(route.path) and route.path not in ELSEWHERE
    ]


def of_staff() -> list[tuple[str, Route, list[str]]]:
    return [one for one in pages() if isinstance(one[1], StaffRoute)]


def programme_of_all() -> str:
    """The file of a programme with a place for nearly all of the country, so that some wait."""
    return with_form().replace("{usual: 3, hard: 3}", "{usual: 85, hard: 90}")


async def where_staff_find(whole: Whole) -> list[tuple[Route, str]]:
    """Every page of theirs, and where there is one of it."""
    found = [(route, await address(whole, service, route.path, names)) for service, route, names in of_staff()]
    return [(route, f"{path}?{ASKED[route.path]}" if route.path in ASKED else path) for route, path in found]


async def of_people(whole: Whole) -> dict[str, str]:
    """Where each page is that takes no badge: by its route, in a large installation."""
    signer, pool = whole.workplace.desk.links, whole.pools["enrollment"]
    row = await pool.fetchrow("SELECT contact ->> 'person_id' AS id, number FROM enrolments WHERE id = $1", PLACE)
    contact, reader = links.Guest(PLACE, row["id"], row["number"]), Reader("contact", PLACE, row["id"])
    sign_up_id, received_at = await pool.fetchrow("SELECT id, received_at FROM sign_ups LIMIT 1")
    invoice = await whole.pools["invoicing"].fetchval("SELECT id FROM invoices ORDER BY number LIMIT 1")
    calendar = pass_path(signer, "calendar", reader, START)
    found = {
        "/": "/",
        "/login": "/login",
        "/login/tilbage": "/login/tilbage",
        "/tilgaengelighed": "/tilgaengelighed",
        "/hjaelp": "/hjaelp",
        "/hjælp": "/hjælp",
        "/hjaelp/{reader}": "/hjaelp/konsulent",
        "/tilmeld/{programme_id}": f"/tilmeld/{P1}",
        "/tilmeld/{programme_id}/modtaget": f"/tilmeld/{P1}/modtaget",
        "/tilmeld/{programme_id}/gemt": f"/tilmeld/{P1}/gemt",
        "/tilmeld/bekraeft/{token}/flere": links.more_forms_path(signer, sign_up_id, received_at),
        "/bekraeftet": "/bekraeftet",
        "/notifications/kode/{code_id}": "/notifications/kode/en-kode",
        "/plads/{token}": links.standing_path(signer, contact),
        "/deltagere/{token}": links.participants_path(signer, contact),
        "/moedeplads/{token}": await told_path(pool, "moedeplads"),
        "/holdplads/{token}": await told_path(pool, "holdplads"),
        "/gaest/{token}": await told_path(pool, "gaest"),
        "/mig/{token}": links.own_page_path(signer, reader),
        "/notifications/kalender/{token}": calendar,
        "/notifications/kalender/{token}/nyt": f"{calendar}/nyt",
        "/invoicing/jeres-fakturaer/{token}": pass_path(signer, "invoices", reader, START),
        "/invoicing/fakturaer/{token}": urlsplit(invoice_address(signer, invoice, "token/a", START)).path,
    }
    nowhere = {route.path for _, route, _ in pages() if not isinstance(route, StaffRoute)} - {*found, *PAGES}
    assert not nowhere, f"nobody has said where there is one of {nowhere}"
    return found


async def told_path(pool: Any, page: str) -> str:
    """The path of such a page that somebody was told last."""
    text = await pool.fetchval(
        "SELECT convert_from(payload, 'UTF8') FROM outbox WHERE convert_from(payload, 'UTF8') LIKE $1 "
        "ORDER BY id DESC LIMIT 1",
        f'%"/{page}/%',
    )
    return str(re.findall(rf'"(/{page}/[^"]+)"', text)[0])
