"""The address book as staff work with it: found, read, changed by one and by two at a time, taken out and healthy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx
import pytest

from services.enrollment.domain.address_book import unit_key
from services.enrollment.usecases.follow_refusals import follow_refusals
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from services.enrollment.usecases.read_organisations import read_organisation
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.base.cloudevents import Received
from shared.contracts.enrollment import InviteMunicipalities, MunicipalityEnrolled
from shared.contracts.notifications import AddressBounced, MessageFailed
from shared.contracts.parties import Billing
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.workplace import Workplace, hidden, typed

BOOK = "/stab/adressebog"
HERE = f"{BOOK}/{AARHUS}"
EAN, OTHER_EAN = "5798000000001", "5798000000025"


def text(answer: httpx.Response) -> str:
    plain = re.sub(r"<(style|script).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", plain)).split())


def names(answer: httpx.Response) -> list[str]:
    return [
        unescape(one)
        for one in re.findall(r'<th scope="row"><a href="/stab/adressebog/[^"]+">([^<]+)</a>', answer.text)
    ]


def fields(page: str) -> dict[str, str]:
    """What the form on the page would send as it stands: inputs, text areas, what is chosen and what is ticked."""
    form = page[page.index('<form method="post" novalidate>') :]
    found = dict(hidden(form))
    found = {name: unescape(value) for name, value in found.items()}
    for tag in re.findall(r"<input [^>]*>", form):
        known = {one: unescape(value) for one, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        if known.get("type") in {"text", "email"} and "name" in known:
            found[known["name"]] = known.get("value", "")
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', form):
        found[name] = unescape(value)
    return found


async def sent(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """What is typed into the form as it is shown, and the button that shows what would come of it."""
    shown = await browser.get(path)
    assert shown.status_code == 200, text(shown)
    return await browser.post(path, data={**fields(shown.text), **said, "_se": "1"})


async def pressed(browser: httpx.AsyncClient, path: str, shown: httpx.Response) -> httpx.Response:
    """The button of the page that says what will come of it."""
    assert shown.status_code == 200, text(shown)
    return await browser.post(path, data={name: unescape(value) for name, value in hidden(shown.text).items()})


async def entry(desk: Desk, code: str = AARHUS) -> Mapping[str, Any]:
    found: Mapping[str, Any] = await desk.read(read_organisation, code=code)
    return found


def heard(*facts: AddressBounced | MessageFailed, hour: int = 8) -> list[Received[Any]]:
    return [
        Received(
            data=fact,
            source="/tovholder/notifications",
            id=f"{fact.message_id}-{hour}",
            type=fact.type,
            subject=fact.subject,
            sequence=None,
            time=datetime(2020, 6, 1, hour, tzinfo=UTC),
            cause=Cause("c", None, None),
        )
        for fact in facts
    ]


def bounced(recipient: str, status: str = "5.1.1") -> AddressBounced:
    return AddressBounced(owner="/tovholder/notifications", recipient=recipient, message_id="m", status=status)


async def hears(place: Workplace, *facts: AddressBounced | MessageFailed, hour: int = 8) -> None:
    async with place.host.transaction(Cause("c", None, None)) as tx:
        await follow_refusals(tx, heard(*facts, hour=hour))


async def test_an_organisation_is_found_by_what_it_lacks_by_its_name_or_a_number_and_in_danish_order(
    workplace: Workplace,
) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("consultant")
    await desk.publish()
    await desk.enrol(sign_up(AARHUS))
    unit = PutUnit(id="unge", name="Ungecentret", billing=Billing(ean=OTHER_EAN))
    await desk.ask(
        put_organisation,
        PutOrganisation(
            code=AARHUS,
            main_email="post@k0751.example",
            roles={"borgmester": "bm@k0751.example"},
            units=(unit,),
            domains=("k0751.example",),
        ),
    )
    first = await browser.get(BOOK)
    assert names(first)[0] == "Albertslund Kommune"
    assert names(first)[-3:] == ["Aabenraa Kommune", "Aalborg Kommune", "Aarhus Kommune"], "aa is å"
    assert "Uden hovedpostkasse 97" in text(first)
    assert AARHUS not in [*re.findall(r'<td data-navn="Kode">(\d+)', (await browser.get(f"{BOOK}?vis=uden-ean")).text)]
    assert names(await browser.get(f"{BOOK}?efter=forloeb"))[0] == "Aarhus Kommune"
    assert names(await browser.get(f"{BOOK}?efter=kode"))[0] == "Københavns Kommune"
    for q in ("århus", "0751", OTHER_EAN, "55133018", "k0751.example", "AARHUS"):
        found = await browser.post(BOOK, data=typed(first.text, q=q))
        assert (names(found), found.url.query) == (["Aarhus Kommune"], b""), q
    nobody = await browser.post(BOOK, data=typed(first.text, q="%"))
    assert names(nobody) == [], "a sign is a sign"


async def test_the_list_goes_on_where_its_last_page_ended_also_of_what_was_searched_for(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.enrollment.usecases.read_book.ON_A_PAGE", 40)
    browser, seen, path = await workplace.signed_in("consultant"), [], BOOK
    for _ in range(3):
        shown = await browser.get(path)
        seen += names(shown)
        following = re.search(r'rel="next" href="([^"]+)"', shown.text)
        path = unescape(following[1]) if following else ""
    assert (len(seen), len(set(seen)), path) == (98, 98, "")
    page, found = await browser.get(BOOK), []
    answer = await browser.post(BOOK, data=typed(page.text, q="kommune"))
    while True:
        found += names(answer)
        more = {name: unescape(value) for name, value in hidden(answer.text).items()}
        if "fra" not in more:
            break
        answer = await browser.post(BOOK, data=more)
    assert found == seen


async def test_an_entry_is_changed_in_a_form_that_first_says_what_becomes_of_it(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    said = {
        "main_email": "post@k0751.example",
        "role.0.name": "Borgmester",
        "role.0.email": "bm@k0751.example",
        "billing.ean": "579 8000 000001",
        "billing.address.street": "Rådhuspladsen 2",
        "billing.address.postcode": "8000",
        "billing.address.city": "Aarhus C",
        "billing.demands": "order",
        "domains": "k0751.example",
    }
    shown = await sent(browser, f"{HERE}/ret", **said)
    assert "Hovedpostkasse (tom) post@k0751.example" in text(shown)
    assert "Ean-nummer (tom) 5798000000001" in text(shown)
    assert (await entry(workplace.desk))["main_email"] is None, "nothing is stored before the button"
    done = await pressed(browser, f"{HERE}/ret", shown)
    assert (done.status_code, done.headers["location"]) == (303, f"{HERE}?besked=gemt")
    found = await entry(workplace.desk)
    assert (found["main_email"], found["roles"]) == ("post@k0751.example", {"borgmester": "bm@k0751.example"})
    assert found["billing"]["address"] == {
        "street": "Rådhuspladsen 2",
        "postcode": "8000",
        "city": "Aarhus C",
        "country": "DK",
    }
    assert (found["billing"]["demands"], found["domains"]) == (["order"], ["k0751.example"])
    page = await browser.get(done.headers["location"])
    assert "Oplysningerne er gemt" in text(page)
    history = text(page).partition("Historik")[2]
    assert "Hovedpostkasse, domæner, rolle: borgmester, ean-nummer" in history
    assert "En medarbejder" not in history.partition("Tovholder for medarbejdere")[0], "who it was is named"
    again = await sent(browser, f"{HERE}/ret", **{"billing.demands": "order"})
    assert "Intet bliver anderledes" in text(again)


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(workplace: Workplace) -> None:
    browser = await workplace.signed_in("administrator")
    said = {"main_email": "ikke en adresse", "billing.ean": "5798000000002", "role.0.email": "bm@k0751.example"}
    shown = await sent(browser, f"{HERE}/ret", **said)
    assert shown.status_code == 422
    assert "Skriv, hvilken rolle adressen er." in text(shown)
    said["role.0.name"] = "borgmester"
    shown = await sent(browser, f"{HERE}/ret", **said)
    assert shown.status_code == 422
    assert "EAN-nummeret skal være på 13 cifre, og det sidste skal passe" in text(shown)
    kept = fields(shown.text)
    assert {name: kept[name] for name in said} == said
    unit = await sent(browser, f"{HERE}/enheder/ny", id="unge", name="Unge", **{"billing.cvr": "12345678"})
    assert (unit.status_code, fields(unit.text)["id"]) == (422, "unge")
    assert "CVR-nummeret skal være på otte cifre" in text(unit)
    assert (await entry(workplace.desk))["units"] == []


async def test_two_who_change_the_same_entry_are_shown_field_by_field_and_the_second_chooses(
    workplace: Workplace,
) -> None:
    desk, browser, path = workplace.desk, await workplace.signed_in("administrator"), f"{HERE}/ret"
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="foer@k0751.example"))
    opened = fields((await browser.get(path)).text)
    others = PutOrganisation(code=AARHUS, main_email="deres@k0751.example", billing=Billing(ean=EAN))
    await desk.ask(put_organisation, others)

    mine = {"main_email": "min@k0751.example", "billing.order_reference": "min ordre"}
    shown = await browser.post(path, data={**opened, **mine, "_se": "1"})
    assert shown.status_code == 409
    assert "EAN-nummer : (tom) → 5798000000001. Det bliver stående." in text(shown)
    assert "Før: foer@k0751.example" in text(shown)
    assert "Behold den andens: deres@k0751.example" in text(shown)
    assert "Brug min: min@k0751.example" in text(shown)
    kept = fields(shown.text)
    assert (kept["main_email"], kept["billing.order_reference"]) == ("min@k0751.example", "min ordre")
    assert (await entry(desk))["main_email"] == "deres@k0751.example", "nothing of the second is stored"

    unsaid = await browser.post(path, data={**kept, "_se": "1"})
    assert (unsaid.status_code, "Vælg, hvad der skal stå i »Hovedpostkasse«" in text(unsaid)) == (422, True)
    kept = fields(unsaid.text)
    for choice, becomes in (("deres", "deres@k0751.example"), ("mit", "min@k0751.example")):
        looked = await browser.post(path, data={**kept, "valg.0": choice, "_se": "1"})
        assert looked.status_code == 200, text(looked)
        assert ("Hovedpostkasse" in text(looked).partition("Det sker")[2]) == (choice == "mit")
        assert f'value="{becomes}"' in looked.text
    assert (await pressed(browser, path, looked)).status_code == 303
    found = await entry(desk)
    assert (found["main_email"], found["billing"]["ean"]) == ("min@k0751.example", EAN)
    assert found["billing"]["order_reference"] == "min ordre"


async def test_who_was_overtaken_between_the_preview_and_the_button_chooses_too(workplace: Workplace) -> None:
    desk, browser, path = workplace.desk, await workplace.signed_in("administrator"), f"{HERE}/ret"
    looked = await sent(browser, path, main_email="min@k0751.example")
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="deres@k0751.example"))
    shown = await pressed(browser, path, looked)
    assert (shown.status_code, "En anden har rettet imens" in text(shown)) == (409, True)
    stale = PutOrganisation(code=AARHUS, main_email="x@k0751.example", seen="long ago")
    assert (await desk.refusal(put_organisation, stale)).code == "entry_changed"
    assert (await entry(desk))["main_email"] == "deres@k0751.example"


async def test_a_unit_is_added_changed_and_removed_and_the_rest_of_the_entry_stays(workplace: Workplace) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    whole = PutOrganisation(code=AARHUS, main_email="post@k0751.example", roles={"borgmester": "bm@k0751.example"})
    await desk.ask(put_organisation, whole)
    new = f"{HERE}/enheder/ny"
    shown = await sent(browser, new, id="a/b ?", name="Ungecentret", **{"billing.ean": EAN})
    assert (await pressed(browser, new, shown)).status_code == 303
    path = f"{HERE}/enheder/{unit_key('a/b ?')}"
    twice = await sent(browser, new, id="a/b ?", name="Igen")
    assert (twice.status_code, "Der er allerede en enhed" in text(twice)) == (422, True)
    shown = await sent(browser, path, **{"billing.ean": OTHER_EAN})
    assert (await pressed(browser, path, shown)).status_code == 303
    found = await entry(desk)
    assert [(one["id"], one["billing"]["ean"]) for one in found["units"]] == [("a/b ?", OTHER_EAN)]
    assert (found["main_email"], found["roles"]) == ("post@k0751.example", {"borgmester": "bm@k0751.example"})
    gone = await browser.get(f"{path}/fjern")
    assert "Ungecentret" in text(gone)
    assert (await pressed(browser, f"{path}/fjern", gone)).status_code == 303
    assert (await entry(desk))["units"] == []
    assert (await browser.get(path)).status_code == 404


async def test_only_an_administrator_of_all_programmes_changes_the_book(workplace: Workplace) -> None:
    consultant = await workplace.signed_in("consultant")
    assert (await consultant.get(HERE)).status_code == 200
    assert "Ret oplysningerne" not in text(await consultant.get(HERE))
    assert (await consultant.get(f"{HERE}/ret")).status_code == 403
    assert (await consultant.get(f"{BOOK}/9999")).status_code == 404


async def test_an_address_that_refuses_mails_is_shown_until_it_is_another_or_staff_say_that_it_works(
    workplace: Workplace,
) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    roles = {"borgmester": "bm@k0751.example"}
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@k0751.example", roles=roles))
    about = {"owner": "/tovholder/notifications", "template": "t", "about": "a/b", "occasion": "1"}
    failed = MessageFailed(message_id="m2", recipient=f"{AARHUS}/borgmester", reason="smtp_550", **about)
    later = MessageFailed(message_id="m3", recipient=f"{KOEBENHAVN}/hovedpostkasse", reason="gave_up", **about)
    await hears(workplace, bounced(f"{AARHUS}/hovedpostkasse"), failed, later, bounced("a-person"), bounced("9/x"))
    await hears(workplace, bounced(f"{AARHUS}/hovedpostkasse", status="4.2.2"), hour=9)
    shown = await browser.get(f"{BOOK}?vis=kommet-retur")
    assert names(shown) == ["Aarhus Kommune"]
    assert "Kommet retur 1" in text(shown)
    one = text(await browser.get(HERE))
    told = (
        "borgmester (bm@k0751.example), hovedpostkassen (post@k0751.example), senest mandag den 1. juni 2020 kl. 10.00"
    )
    assert told in one
    path = f"{HERE}/virker"
    looked = await browser.post(path, data=typed((await browser.get(path)).text, role="borgmester", _se="1"))
    assert (await pressed(browser, path, looked)).status_code == 303
    assert "bm@k0751.example)" not in text(await browser.get(HERE)).partition("Oplysninger")[0]
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="ny@k0751.example", roles=roles))
    assert names(await browser.get(f"{BOOK}?vis=kommet-retur")) == []
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@k0751.example", roles=roles))
    assert names(await browser.get(f"{BOOK}?vis=kommet-retur")) == ["Aarhus Kommune"], "that address refused"


async def test_whoever_left_the_last_two_invitations_unanswered_never_answers(workplace: Workplace) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("consultant")
    for code in (AARHUS, HVIDOVRE):
        await desk.ask(put_organisation, PutOrganisation(code=code, main_email=f"post@k{code}.example"))
    await desk.publish()
    other = programme_text().replace(f"id: {P1}", "id: et-andet", 1)
    for programme, day in ((P1, 1), ("et-andet", 2)):
        if programme != P1:
            await desk.publish(other)
        desk.time = datetime(2020, 6, day, 9, tzinfo=UTC)
        wish = InviteMunicipalities(programme_id=programme, round_id="r", organisation_codes=(AARHUS, HVIDOVRE))
        await desk.ask(invite_municipalities, wish)
        assert names(await browser.get(f"{BOOK}?vis=aldrig-svaret")) == (
            [] if programme == P1 else ["Hvidovre Kommune", "Aarhus Kommune"]
        ), "one silence is not never"
    await desk.enrol(sign_up(HVIDOVRE, programme_id="et-andet"))
    assert [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert names(await browser.get(f"{BOOK}?vis=aldrig-svaret")) == ["Aarhus Kommune"]
    assert "Der er ikke svaret på de to seneste invitationer" in text(await browser.get(HERE))


IMPORT = f"{BOOK}/indlaes"


async def uploaded(browser: httpx.AsyncClient, content: bytes | str, name: str = "ark.csv") -> httpx.Response:
    shown = await browser.get(IMPORT)
    raw = content.encode() if isinstance(content, str) else content
    return await browser.post(IMPORT, data=typed(shown.text, _se="1"), files={"content": (name, raw)})


async def whole(desk: Desk) -> list[tuple[Any, ...]]:
    statement = "SELECT to_jsonb(o)::text FROM {} o ORDER BY 1"
    tables = ("organisations", "organisation_units", "role_addresses", "speakers", "organisation_changes")
    return [tuple(row) for table in tables for row in await desk.pool.fetch(statement.format(table))]


async def test_a_sheet_is_shown_row_by_row_and_then_stored_whole_and_again_changes_nothing(
    workplace: Workplace,
) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="gammel@k0751.example"))
    before = await whole(desk)
    sheet = (
        "kommunekode;hovedpostkasse;enhed;enhedens navn;ean-nummer\n"
        f"0751;post@k0751.example;;;\n0751;;unge;Ungecentret;{EAN}\n0101;;;;\n"
    )
    shown = await uploaded(browser, sheet)
    assert shown.status_code == 200, text(shown)
    assert "1 ny, 1 ændret og 1 uændret række" in text(shown)
    assert "Hovedpostkasse: gammel@k0751.example → post@k0751.example" in text(shown)
    assert f"Ean-nummer: (tom) → {EAN}" in text(shown)
    assert await whole(desk) == before, "nothing is stored before the button"
    done = await pressed(browser, IMPORT, shown)
    assert (done.status_code, done.headers["location"]) == (303, f"{BOOK}?besked=indlaest")
    found = await entry(desk)
    assert (found["main_email"], found["units"][0]["name"]) == ("post@k0751.example", "Ungecentret")
    stored = await whole(desk)
    again = await uploaded(browser, sheet)
    assert "0 nye, 0 ændrede og 3 uændrede rækker" in text(again)
    assert "Der er intet at indlæse" in text(again)
    assert (await browser.post(IMPORT, data=typed(shown.text))).status_code == 303, "pressed twice it is done once"
    assert await whole(desk) == stored


async def test_what_is_wrong_with_a_sheet_is_said_by_cell_beside_what_the_other_rows_would_change(
    workplace: Workplace,
) -> None:
    browser = await workplace.signed_in("administrator")
    before = await whole(workplace.desk)
    sheet = "kommunekode;hovedpostkasse;ean-nummer\n0751;post@k0751.example;\n9999;x@k.example;5798000000002\n"
    shown = await uploaded(browser, sheet)
    assert shown.status_code == 422
    assert "1 række afvises. Intet kan indlæses, før den er rettet" in text(shown)
    assert "»9999« er ikke en kommunekode i adressebogen" in text(shown)
    assert "EAN-nummeret skal være på 13 cifre" in text(shown)
    assert "Hovedpostkasse: (tom) → post@k0751.example" in text(shown)
    assert ">Indlæs 1 række<" not in shown.text
    for content, said in (
        (b"\x00PK not a sheet", "Fil"),
        (b"", "Vælg en fil."),
        (b"x" * 160_000, "højst være på 150 kB"),
    ):
        refused = await uploaded(browser, content, "ark.xlsx")
        assert (refused.status_code, said in text(refused)) == (422, True), text(refused)
    assert await whole(workplace.desk) == before


async def test_who_presses_after_somebody_else_has_changed_the_book_is_shown_what_would_happen_now(
    workplace: Workplace,
) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    shown = await uploaded(browser, "kommunekode;hovedpostkasse\n0751;post@k0751.example\n")
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="deres@k0751.example"))
    overtaken = await pressed(browser, IMPORT, shown)
    assert overtaken.status_code == 409
    assert "Hovedpostkasse: deres@k0751.example → post@k0751.example" in text(overtaken)
    assert (await entry(desk))["main_email"] == "deres@k0751.example"
    again = {name: unescape(value) for name, value in hidden(overtaken.text).items()}
    assert (await browser.post(IMPORT, data=again)).status_code == 303
    assert (await entry(desk))["main_email"] == "post@k0751.example"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_book_that_is_taken_out_and_read_in_again_changes_nothing(workplace: Workplace, kind: str) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    unit = PutUnit(id="=unge", name="+Ungecentret", billing=Billing(ean=EAN, person_reference="-7"))
    await desk.ask(
        put_organisation,
        PutOrganisation(
            code=KOEBENHAVN,
            main_email="post@k0101.example",
            roles={"borgmester": "bm@k0101.example", "@chef": "chef@k0101.example"},
            billing=Billing(
                order_reference="=1+1",
                account_string="0012",
                demands=("order", "contact"),
                format="oioubl",
                address={"street": "Vej 1", "postcode": "0999", "city": "Byen"},  # type: ignore[arg-type]
            ),
            mailboxes=("en@k0101.example", "to@k0101.example"),
            domains=("k0101.example",),
            units=(unit,),
        ),
    )
    before = await whole(desk)
    taken = await browser.get(f"{BOOK}.{kind}")
    assert taken.status_code == 200
    if kind == "csv":
        assert "'=1+1" in taken.text, "no cell is a formula"
    shown = await uploaded(browser, taken.content, f"adressebog.{kind}")
    assert "0 nye, 0 ændrede og 99 uændrede rækker" in text(shown), text(shown)
    assert await whole(desk) == before


async def test_a_thousand_rows_are_stored_at_once_while_a_person_waits(workplace: Workplace) -> None:
    desk, browser = workplace.desk, await workplace.signed_in("administrator")
    codes = [row["code"] for row in await desk.pool.fetch("SELECT code FROM organisations ORDER BY code")]
    rows = "".join(f"{codes[at % 98]};enhed {at};Enhed {at};{EAN}\n" for at in range(1_000))
    shown = await uploaded(browser, f"kommunekode;enhed;enhedens navn;ean-nummer\n{rows}")
    assert "1000 nye" in text(shown)
    begun = machine_now()
    assert (await pressed(browser, IMPORT, shown)).status_code == 303
    assert (machine_now() - begun).total_seconds() < 10
    assert await desk.pool.fetchval("SELECT count(*) FROM organisation_units") == 1_000
