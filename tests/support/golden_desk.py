"""What staff, a mail server and somebody's calendar do on an installation that a story has left: nobody does it by the
API, so that no story can. `python -m tests.support.golden play STORY --desk FOLDER` goes on with it.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from deploy.local.simulation import Simulation
from deploy.local.stack import Addresses, kafka_as
from tests.support.oidc import accounts_in, sign_in
from tests.support.replies import a_reply
from tests.support.workplace import ROLES, a_browser, onward, typed

PROGRAMME = "netvaerk-kommunal-ungeindsats"
REFUSING, ANSWERING, CLOSED = "kontakt@k0101.example", "Bo@k0751.example", "Carla@k0751.example"
"""A mailbox that takes no mail, a calendar that answers, and whose links staff close."""
GUEST = "Gerda@fgu.example"
"""As well, as a guest's."""


class DeskError(Exception):
    """A page did not do what it was asked for."""


async def at_the_desk(addresses: Addresses) -> None:
    """Ends when all of it has been heard of and every mail was tried."""
    simulation = Simulation(addresses.services, kafka_as(addresses), addresses.prefix, token=addresses.api_token)
    async with simulation, _signed_in(addresses, "consultant"), _signed_in(addresses, "administrator") as browser:
        await _refuses(addresses, REFUSING)
        await _writes_to_many(browser)
        await simulation.quiet()
        await _closes_links(addresses, browser)
        await _makes_a_key(browser)
        await _gives_a_role(addresses, browser)
        await _answers(addresses)
        await simulation.quiet()


@asynccontextmanager
async def _signed_in(addresses: Addresses, role: str) -> AsyncIterator[httpx.AsyncClient]:
    account = accounts_in(Path(addresses.oidc_accounts_file))[ROLES[role]]
    async with a_browser(addresses.gateway) as client:
        sent = await client.post("/login", data={"_key": secrets.token_hex(16), "til": "/stab"})
        came = await sign_in(client, onward(sent), account)
        if came.status_code != httpx.codes.OK:
            raise DeskError(f"{role} is not let in: {came.status_code}")
        yield client


async def _does(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """The form at `path` is sent; one that first says what would come of it, with its button."""
    shown = await browser.get(path)
    answer = await browser.post(path, data=typed(shown.text, **said))
    if answer.status_code not in {httpx.codes.OK, httpx.codes.SEE_OTHER}:
        raise DeskError(f"{path}: {answer.status_code}")
    return answer


async def _refuses(addresses: Addresses, mailbox: str) -> None:
    async with httpx.AsyncClient(base_url=addresses.mail, trust_env=False) as mails:
        rules = [{"recipient": mailbox, "action": "refuse"}]
        key = {"Authorization": f"Bearer {addresses.mail_key}"}
        (await mails.put("/control/rules", json=rules, headers=key)).raise_for_status()


async def _writes_to_many(browser: httpx.AsyncClient) -> None:
    said = {"to": "contacts", "headline": "Nyt til {kommune}", "body": "Kære alle.\n\nVi ses til {forløb}."}
    begun = await _does(browser, f"/notifications/stab/forloeb/{PROGRAMME}/skriv", **said)
    await _does(browser, f"{begun.headers['location'].partition('?')[0]}/send")


async def _closes_links(addresses: Addresses, browser: httpx.AsyncClient) -> None:
    row = await _one(
        addresses,
        "enrollment",
        "SELECT r.enrolment_id, s.person_id FROM people p JOIN seats s USING (person_id)"
        " JOIN rosters r ON r.id = s.roster_id WHERE p.email_key = lower($1)",
        CLOSED,
    )
    at = f"/stab/forloeb/{PROGRAMME}/tilmeldinger/{row['enrolment_id']}/links/{row['person_id']}"
    await _does(browser, at)
    guest = await _one(
        addresses,
        "enrollment",
        "SELECT meeting_id, guest_id FROM guests WHERE lower(guest_email) = lower($1)",
        GUEST,
    )
    of_guest = f"deltagere/{guest['meeting_id']}/gaester/{guest['guest_id']}/links"
    await _does(browser, f"/stab/forloeb/{PROGRAMME}/{of_guest}")


async def _makes_a_key(browser: httpx.AsyncClient) -> None:
    await _does(browser, "/stab/noegler/ny", client="crm", days="365", may_bundles="enrol")


async def _gives_a_role(addresses: Addresses, browser: httpx.AsyncClient) -> None:
    """To somebody who is signed in, and has to sign in again."""
    known = accounts_in(Path(addresses.oidc_accounts_file))[ROLES["consultant"]]
    await _does(browser, "/stab/adgang", email=known.email, role="finance", programme_id="")


async def _answers(addresses: Addresses) -> None:
    sql = "SELECT m.uid FROM invitations i JOIN meetings m ON m.id = i.meeting_id WHERE i.address_key = lower($1)"
    row = await _one(addresses, "notifications", sql, ANSWERING)
    mail = a_reply(uid=row["uid"], attendee=ANSWERING, partstat="ACCEPTED", stamp="20201014T090000Z")
    headers = {"Authorization": f"Bearer {addresses.api_token}", "Content-Type": "message/rfc822"}
    async with httpx.AsyncClient(base_url=addresses.gateway, trust_env=False) as gateway:
        answer = await gateway.post("/api/notifications/calendar/replies", content=mail, headers=headers)
    if answer.status_code != httpx.codes.OK:
        raise DeskError(f"the reply of a calendar: {answer.text}")


async def _one(addresses: Addresses, service: str, sql: str, *values: str) -> asyncpg.Record:
    connection = await asyncpg.connect(addresses.databases[service])
    try:
        row = await connection.fetchrow(sql, *values)
    finally:
        await connection.close()
    if row is None:
        raise DeskError(f"{service} knows nobody: {sql}")
    return row
