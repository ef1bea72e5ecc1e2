"""Staff follow a programme's money, find an invoice, and are told what a decision comes to before they make it."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from html import unescape

import httpx
import pytest

from services.invoicing.domain.claim import State
from services.invoicing.domain.ledger import STANDS
from shared.contracts.enrollment import ProgrammeCancelled
from shared.contracts.invoicing import CreditNoteIssued, PaymentRegistered
from shared.contracts.parties import Billing, Organisation
from tests.support.branch import Branch, done, looked, rows, text
from tests.support.facts import (
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting_held,
    a_person,
    a_programme,
    an_enrolment,
    an_extra_participant,
    an_extra_participant_removed,
)
from tests.support.workplace import typed

HERE = f"/invoicing/stab/forloeb/{PROGRAMME.id}"
MONEY = f"{HERE}/oekonomi"
FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
NOW = datetime(2021, 1, 11, 9, tzinfo=UTC)
FULL_FEE = "24.375,00 kr."
AARHUS, RANDERS, VIBORG = (
    Organisation(code=code, name=f"{name} Kommune", cvr="64942212")
    for code, name in (("0730", "Aarhus"), ("0751", "Randers"), ("0791", "Viborg"))
)


async def two_are_invoiced(office: Branch) -> httpx.AsyncClient:
    """The first two are invoiced in September and pay nothing; of the third nobody knows where to send it to."""
    await office.room.hear(
        an_enrolment(enrolment_id="e1", organisation=AARHUS),
        an_enrolment(enrolment_id="e2", organisation=RANDERS),
        an_enrolment(enrolment_id="e3", organisation=VIBORG, billing=Billing()),
    )
    await office.room.ring(FEES_FALL_DUE)
    office.room.time = NOW
    await office.room.told()
    return office.comes("finance")


def claims_of(answer: httpx.Response) -> list[str]:
    return re.findall(rf'href="{MONEY}/krav/([^"/.]+)"', answer.text)


async def the_claim(browser: httpx.AsyncClient, stands: str) -> str:
    """Of the first that stands so: the path of its page."""
    return f"{MONEY}/krav/{claims_of(await browser.get(f'{MONEY}?staar={stands}'))[0]}"


async def test_the_sums_and_everything_owed_stand_on_one_page(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    answer = await browser.get(MONEY)
    shown = text(answer)
    assert rows(answer) == [AARHUS.name, RANDERS.name, VIBORG.name]
    for said in (
        "Ikke faktureret endnu 24.375,00 kr. 19.500,00 kr. ekskl. moms",
        "Faktureret 48.750,00 kr. 39.000,00 kr. ekskl. moms",
        "Betalt 0,00 kr.",
        "Heraf forfaldent 48.750,00 kr.",
        "Krediteret 0,00 kr.",
        "Alt 3 Holdt tilbage 1 Forfalden 2",
        "forfaldt 1. oktober 2020, fakturaen mangler 24.375,00 kr.",
    ):
        assert said in shown, said
    assert '<title id="penge-navn">Hvor pengene står: forfaldent 67 %, ikke faktureret endnu 33 %.' in answer.text
    assert not re.search(r"\(missing_[a-z_]+\)|\([a-z]+_[a-z_]+\)", shown), "no code stands on a page"


async def by_pages(browser: httpx.AsyncClient, path: str) -> list[str]:
    """Whom all of its pages name, one after the other."""
    seen = list[str]()
    while path:
        answer = await browser.get(path)
        seen += rows(answer)
        path = unescape(answer.text.partition('rel="next" href="')[2].partition('"')[0])
    return seen


async def test_the_list_is_filtered_searched_and_paged(money_office: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await two_are_invoiced(money_office)
    assert rows(await browser.get(f"{MONEY}?staar=overdue")) == [AARHUS.name, RANDERS.name]
    assert rows(await browser.get(f"{MONEY}?staar=held_back")) == [VIBORG.name]
    assert "Intet står som »betalt«" in text(await browser.get(f"{MONEY}?staar=paid"))
    form = (await browser.get(MONEY)).text
    for sought, found in (("N-2", [RANDERS.name]), ("2", [RANDERS.name]), ("VIBORG", [VIBORG.name])):
        answer = await browser.post(MONEY, data=typed(form, q=sought))
        assert rows(answer) == found, sought
        assert (answer.url.path, answer.url.query) == (MONEY, b""), "what was typed stands in no address"
    assert "Intet passer med »%«" in text(await browser.post(MONEY, data=typed(form, q="%")))
    monkeypatch.setattr("services.invoicing.usecases.read_ledger.ON_A_PAGE", 1)
    assert await by_pages(browser, MONEY) == [AARHUS.name, RANDERS.name, VIBORG.name]
    assert await by_pages(browser, f"{MONEY}?staar=overdue") == [AARHUS.name, RANDERS.name]
    for asked in ("fra=nonsens", "staar=overdue&fra=nonsens"):
        assert (await browser.get(f"{MONEY}?{asked}")).status_code == 422, asked


async def test_the_tables_are_those_of_the_api(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    answer = await browser.get(f"{MONEY}/fakturaer.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="fakturaer-{PROGRAMME.id}.csv"'
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [one["Inkl. moms, kr."] for one in found] == ["24375,00", "24375,00"]
    claims = (await browser.get(f"{MONEY}/krav.csv")).content.decode("utf-8-sig").splitlines()
    assert len(claims) == 4
    for path in ("krav", "fakturaer"):
        assert (await browser.get(f"{MONEY}/{path}.xlsx")).content.startswith(b"PK")


async def test_nothing_of_another_programme_is_found_below_this_one(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    other = a_programme("et-andet")
    await money_office.room.hear(an_enrolment(enrolment_id="e9", organisation=AARHUS, programme=other))
    claim = await money_office.room.pool.fetchval("SELECT id FROM claims WHERE programme_id = 'et-andet'")
    nowhere = await browser.get("/invoicing/stab/forloeb/intet/oekonomi")
    assert (nowhere.status_code, "Tjenesten har ikke hørt om forløbet endnu" in nowhere.text) == (404, True)
    paths = [f"oekonomi/krav/{claim}{rest}" for rest in ("", "/faktureres-ikke", "/fakturer-alligevel", "/oplysninger")]
    elsewhere = "/invoicing/stab/forloeb/et-andet"
    for base, each in (
        (HERE, paths),
        (elsewhere, ["fakturaer/N-1", "fakturaer/N-1/N-1.pdf", "fakturaer/N-1/krediter"]),
    ):
        for path in each:
            assert (await browser.get(f"{base}/{path}")).status_code == 404, path
    assert (await browser.get(f"{HERE}/fakturaer/N-1/N-2.pdf")).status_code == 404, "a file of another invoice"


async def test_a_payment_is_registered_after_it_is_said_what_is_left(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    path = f"{HERE}/fakturaer/N-1/betaling"
    said = {"amount": "4.375", "paid_on": "2021-01-08", "payment_id": "bank-1"}
    assert "Der mangler derefter 20.000,00 kr. af fakturaen." in text(await looked(browser, path, **said))
    assert await money_office.room.told() == []
    answer = await done(browser, path, **said)
    (fact,) = await money_office.room.told()
    assert isinstance(fact, PaymentRegistered)
    assert (fact.amount_ore, fact.paid_on, fact.payment_id) == (437_500, date(2021, 1, 8), "bank-1")
    page = text(await browser.get(answer.headers["location"]))
    assert "Betalingen er registreret" in page
    assert "8. januar 2021 4.375,00 kr. blev betalt (reference bank-1) En medarbejder" in page
    assert "er registreret i forvejen" in text(await looked(browser, path, **said))
    for wrong in ({"amount": "12.5"}, {"amount": "0"}, {"amount": ""}, {"payment_id": ""}, {"paid_on": "i dag"}):
        shown = await looked(browser, path, **{**said, **wrong})
        assert shown.status_code in {409, 422}, wrong
    await done(browser, path, amount="20.000,00", paid_on="2021-01-08", payment_id="bank-2")
    assert "Alt 3 Holdt tilbage 1 Forfalden 1 Betalt 1" in text(await browser.get(MONEY))


async def test_an_invoice_is_credited_by_line_or_a_part_of_one(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    path = f"{HERE}/fakturaer/N-1/krediter"
    page = await browser.get(path)
    (line,) = re.findall(r'name="lines" value="([^"]+)"', page.text)
    assert "Vælg mindst én linje." in text(await looked(browser, path, lines="", reason="R"))
    assert "Skriv, hvorfor fakturaen krediteres." in text(await looked(browser, path, lines=line, reason=""))
    said = {"lines": line, "part": "9.500", "reason": "Aftalt med kommunen."}
    shown = text(await looked(browser, path, **said))
    assert "Kreditnotaen bliver på 11.875,00 kr. inkl. moms" in shown
    assert "Der mangler derefter 12.500,00 kr. af fakturaen." in shown
    number = "SELECT last FROM counters"
    before = await money_office.room.pool.fetchval(number)
    await looked(browser, path, **said)
    assert await money_office.room.pool.fetchval(number) == before, "a rehearsal draws no number"
    await done(browser, path, **said)
    (fact,) = await money_office.room.told()
    assert isinstance(fact, CreditNoteIssued)
    assert (fact.id, fact.net_ore) == ("N-3", 950_000)
    assert "Der er kun 10.000,00 kr. ekskl. moms tilbage" in text(
        await looked(browser, path, **{**said, "part": "10.000,01"})
    )
    await done(browser, path, lines=line, reason="Resten")
    shown = text(await browser.get(f"{HERE}/fakturaer/N-1"))
    assert "Krediteret" in shown
    assert "Kreditnota N-4" in shown
    assert "Hele fakturaen er krediteret." in text(await browser.get(path))
    assert "Krediteret 24.375,00 kr." in text(await browser.get(MONEY))


async def test_whoever_was_removed_after_the_invoice_is_ticked_already(money_office: Branch) -> None:
    bo, carl = a_person("Bo Prøvesen"), a_person("Carl Prøvesen", "carl@kobenhavn.example")
    await money_office.room.hear(an_extra_participant(person=bo), an_extra_participant(person=carl), a_meeting_held())
    await money_office.room.ring(datetime(2021, 4, 16, 6, tzinfo=UTC))
    await money_office.room.hear(an_extra_participant_removed(person=bo))
    browser = money_office.comes("finance")
    page = await browser.get(f"{HERE}/fakturaer/N-1/krediter")
    ticked = re.findall(r'value="[^"]+" checked>\s*<label[^>]+>([^<]+)', page.text)
    assert [bo.name in one for one in ticked] == [True]
    assert "Bør krediteres" in text(await browser.get(f"{HERE}/fakturaer/N-1"))
    assert "Bør krediteres 1" in text(await browser.get(MONEY))


async def test_the_files_of_an_invoice_are_whoever_may_see_it(money_office: Branch) -> None:
    await two_are_invoiced(money_office)
    browser = money_office.comes("reader", PROGRAMME.id)
    pdf = await browser.get(f"{HERE}/fakturaer/N-1/N-1.pdf")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert "attachment" in pdf.headers["content-disposition"]
    assert b"Invoice" in (await browser.get(f"{HERE}/fakturaer/N-1/N-1.xml")).content
    elsewhere = money_office.comes("finance", "et-andet")
    assert (await elsewhere.get(f"{HERE}/fakturaer/N-1/N-1.pdf")).status_code == 403


async def test_what_is_held_back_is_put_right_and_then_ready(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    claim = await the_claim(browser, "held_back")
    path = f"{claim}/oplysninger"
    assert "Holdt tilbage" in text(await browser.get(claim))
    said = {
        "billing.ean": "5798009800015",
        "billing.order_reference": "O-1",
        "billing.address.street": "Torvet 1",
        "billing.address.postcode": "8000",
        "billing.address.city": "Aarhus C",
    }
    shown = text(await looked(browser, path, **said))
    assert "klar til fakturering" in shown
    wrong = text(await looked(browser, path, **{**said, "billing.ean": "123"}))
    assert "EAN" in wrong
    await done(browser, path, **said)
    assert "Klar til fakturering" in text(await browser.get(claim))


async def test_a_claim_is_waived_for_a_reason_and_never_after_it_is_invoiced(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    claim = await the_claim(browser, "held_back")
    path = f"{claim}/faktureres-ikke"
    assert "Skriv, hvorfor" in text(await looked(browser, path, reason=" "))
    assert "Kravet står derefter som »faktureres ikke«." in text(await looked(browser, path, reason="Aftalt"))
    await done(browser, path, reason="Aftalt")
    shown = text(await browser.get(claim))
    assert "Faktureres ikke Aftalt" in shown
    assert "faktureres-ikke" not in (await browser.get(claim)).text
    invoiced = await the_claim(browser, "overdue")
    assert "Kreditér fakturaen i stedet." in text(await browser.get(f"{invoiced}/faktureres-ikke"))


async def test_the_fee_of_a_programme_that_was_called_off_is_decided_by_people(money_office: Branch) -> None:
    await money_office.room.hear(an_enrolment(enrolment_id="e1", organisation=AARHUS))
    terms = PROGRAMME_TERMS
    await money_office.room.hear(ProgrammeCancelled(owner=OWNER, terms=terms, reason="For få", some_held=True))
    browser = money_office.comes("finance")
    claim = await the_claim(browser, "held_back")
    assert "afgør, om gebyret skal faktureres" in text(await browser.get(claim))
    assert "klar til fakturering" in text(await looked(browser, f"{claim}/fakturer-alligevel"))
    await done(browser, f"{claim}/fakturer-alligevel")
    assert "Klar til fakturering" in text(await browser.get(claim))
    assert "ikke noget at afgøre" in text(await browser.get(f"{claim}/fakturer-alligevel"))


async def test_whoever_may_only_read_is_offered_nothing(money_office: Branch) -> None:
    await two_are_invoiced(money_office)
    for role in ("reader", "consultant"):
        browser = money_office.comes(role)  # type: ignore[arg-type]  # a role
        page = await browser.get(f"{HERE}/fakturaer/N-1")
        assert page.status_code == 200
        assert "/betaling" not in page.text
        assert "/krediter" not in page.text
        claim = await the_claim(browser, "held_back")
        assert "faktureres-ikke" not in (await browser.get(claim)).text
        for path in (f"{HERE}/fakturaer/N-1/betaling", f"{claim}/oplysninger"):
            assert (await browser.get(path)).status_code == 403


async def test_an_invoice_is_found_by_its_number_in_the_programmes_of_ones_own(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    await browser.get("/invoicing/stab/soeg")

    async def sought(who: httpx.AsyncClient, number: str) -> httpx.Response:
        form = (await who.get("/invoicing/stab/soeg")).text
        return await who.post("/invoicing/stab/soeg", data=typed(form, q=number))

    for number in ("N-2", "2"):
        answer = await sought(browser, number)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/fakturaer/N-2")
    for nothing in ("N-9", "9" * 30, "%", "N-2' OR 1=1"):
        assert "Ingen faktura" in text(await sought(browser, nothing)), nothing
    elsewhere = money_office.comes("finance", "et-andet")
    assert "Ingen faktura" in text(await sought(elsewhere, "N-2"))


async def test_every_state_of_a_claim_stands_somewhere(money_office: Branch) -> None:
    """What a later state were called that nobody has a word for, no filter would show."""
    browser = await two_are_invoiced(money_office)
    await browser.get(MONEY)
    as_they_are: set[State] = {"credited", "waived", "withdrawn"}
    assert as_they_are <= set(STANDS)


async def test_whoever_puts_right_what_was_put_right_meanwhile_is_shown_to_what(money_office: Branch) -> None:
    browser = await two_are_invoiced(money_office)
    path = f"{await the_claim(browser, 'held_back')}/oplysninger"
    shown = await browser.get(path)
    await done(browser, path, **{"billing.order_reference": "O-1"})
    mine = {"billing.order_reference": "O-2", "billing.person_reference": "Afd. 7"}
    met = await browser.post(path, data=typed(shown.text, _se="1", **mine))
    assert met.status_code == 409
    assert "Behold den andens: O-1 Brug vores: O-2" in text(met)
    assert 'value="Afd. 7"' in met.text, "nothing that was typed is lost"
    seen = await browser.post(path, data=typed(met.text, _se="1", **mine, **{"imens.billing.order_reference": "mit"}))
    assert (await browser.post(path, data=typed(seen.text))).status_code == 303


async def test_how_a_claim_is_billed_is_put_back_from_the_page_that_says_it_was_put_right(
    money_office: Branch,
) -> None:
    browser = await two_are_invoiced(money_office)
    path = f"{await the_claim(browser, 'held_back')}/oplysninger"
    before = 'name="billing.order_reference" value=""'
    assert before in (await browser.get(path)).text
    answer = await done(browser, path, **{"billing.order_reference": "O-1"})
    (undo,) = re.findall(r'<a href="([^"]+)">Fortryd</a>', (await browser.get(answer.headers["location"])).text)
    shown = await browser.get(undo)
    assert before in shown.text
    seen = await browser.post(undo, data=typed(shown.text, _se="1"))
    assert (await browser.post(undo, data=typed(seen.text))).status_code == 303
    assert before in (await browser.get(path)).text
