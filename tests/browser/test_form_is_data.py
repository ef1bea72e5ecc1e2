"""A form of all kinds of questions in a real browser: what is asked, what a limit leaves, drafts, and every error."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from services.enrollment.domain.form import WIDTH, characters, lines, read
from shared.contracts.enrollment import EnrolmentReceived, MunicipalityEnrolled, SignUpDraftSaved
from shared.contracts.programme import EnrolmentPlan, FormField
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import AARHUS, P1, programme_text
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser

FORM = """
  form:
    - {id: baggrund, label: "Hvorfor vil I være med?", kind: lines, max_lines: 3, max_chars: 200, required: true}
    - {id: partnere, label: "Har I partnere?", kind: yes_no, required: true}
    - {id: antal, label: "Hvor mange partnere?", kind: number, least: 1, most: 20, required: true,
       when: {field: partnere, is: [ja]}}
    - {id: temaer, label: "Hvilke temaer?", kind: choices, choices: [Skole, Job, Bolig], least: 1, most: 2,
       required: true}
    - {id: andet-tema, label: "Hvad ved bolig?", when: {field: temaer, is: [Bolig]}}
    - {id: behandlet, label: "Hvornår er sagen behandlet?", kind: day}
    - {id: telefon, label: Telefon, kind: phone}
    - {id: hjemmeside, label: Hjemmeside, kind: link}
    - {id: stilling, label: Kontaktens stilling, max_chars: 40}
  declarations:
    - {id: opbakning, text: Der er politisk opbakning.}
    - {id: tovholder, text: Vi har udpeget en intern tovholder.}
"""
HOSTILE = [
    "",
    " \u3000\n\u2028 ",
    "\x85a\u2003",
    "a" * WIDTH,
    "a" * (WIDTH + 1),
    "å" * WIDTH + "\n" + "a\u030a" * WIDTH,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1f0",
    "\n\nx\n\n\ny\n ",
    "\ufeffx\ufeff",
    "e\u0301\u0323\u0307 \u1e69 \uac00 \u1100\u1161",
    "Z" + "\u0300\u0301\u0489\u0336" * 30,
    "a\tb\u2028c\u2029d",
]


def with_form() -> str:
    return programme_text().replace("  contact_label:", FORM.strip("\n") + "\n  contact_label:", 1)


@pytest.fixture(autouse=True)
def people_are_as_fast_as_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


def left(most: int, used: int, one: str, many: str) -> str:
    rest = abs(most - used)
    return f"{rest} {one if rest == 1 else many} {'for meget' if used > most else 'tilbage'}"


async def press(page: Page, name: str) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


async def test_what_the_counter_says_is_what_the_server_counts(chromium: Browser, town: Town) -> None:
    await town.desk.publish(with_form())
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    field, counter = (
        page.locator('[id="answers.baggrund"]'),
        page.locator('[data-counts="answers.baggrund"] >> span >> nth=0'),
    )
    for text in HOSTILE:
        await field.fill(text)
        # A text area gives line breaks as LF, as a form that is sent is read.
        typed = (await field.input_value()).strip()
        said = f"{left(3, lines(typed), 'linje', 'linjer')}, {left(200, characters(typed), 'tegn', 'tegn')}"
        await expect(counter).to_have_text(said)
    # Every mark that either side could take for a blank, alone around a letter.
    for first in range(0, 0x3100, 64):
        marks = [
            chr(code) for code in range(first, first + 64) if chr(code) not in "\n\r" and not 0xD800 <= code < 0xE000
        ]
        seen = await page.evaluate(
            """marks => marks.map(mark => {
                const field = document.getElementById("answers.baggrund");
                field.value = mark + "x" + mark;
                field.dispatchEvent(new Event("input"));
                return document.querySelector('[data-counts="answers.baggrund"] span').textContent;
            })""",
            marks,
        )
        wanted = [left(200, characters(f"{mark}x{mark}".strip()), "tegn", "tegn") for mark in marks]
        assert [one.partition(", ")[2] for one in seen] == wanted
    await context.close()


async def test_in_a_field_of_one_line_the_counter_and_the_server_take_blanks_that_follow_each_other_for_one(
    chromium: Browser, town: Town
) -> None:
    await town.desk.publish(with_form())
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    question = FormField(id="stilling", label="Kontaktens stilling", max_chars=40)
    plan = EnrolmentPlan(who="municipalities", how="sign_up", form=(question,))
    for first in range(0, 0x3100, 64):
        marks = [chr(code) for code in range(first, first + 64) if not 0xD800 <= code < 0xE000]
        seen = await page.evaluate(
            """marks => marks.map(mark => {
                const field = document.getElementById("answers.stilling");
                field.value = mark + "x" + mark + " " + mark + "y";
                field.dispatchEvent(new Event("input"));
                return [field.value, document.querySelector('[data-counts="answers.stilling"] span').textContent];
            })""",
            marks,
        )
        for typed, said in seen:
            kept = read(plan, {"stilling": typed}).given["stilling"]
            assert said == left(40, characters(kept), "tegn", "tegn"), ascii(typed)
    await context.close()


async def test_what_is_not_asked_is_not_shown_and_not_sent(chromium: Browser, town: Town) -> None:
    await town.desk.publish(with_form())
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    number, housing = page.get_by_label("Hvor mange partnere?"), page.get_by_label("Hvad ved bolig?")
    await expect(number).to_be_hidden()
    await page.get_by_role("radio", name="Ja").check()
    await number.fill("4")
    await page.get_by_role("checkbox", name="Bolig").check()
    await expect(housing).to_be_visible()
    await page.get_by_role("checkbox", name="Bolig").uncheck()
    await expect(housing).to_be_hidden()
    await page.get_by_role("radio", name="Nej").check()
    await expect(number).to_be_hidden()
    await press(page, "Send tilmeldingen")
    assert await page.get_by_role("link", name="Hvor mange partnere?").count() == 0
    # Asked for again it is still there.
    await page.get_by_role("radio", name="Ja").check()
    await expect(number).to_be_visible()
    await context.close()


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_everything_that_is_wrong_is_said_at_once_and_led_to(chromium: Browser, town: Town, width: str) -> None:
    await town.desk.publish(with_form())
    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await page.get_by_label("Kommune", exact=True).select_option(label="Aarhus Kommune")
    await page.get_by_label("E-mail", exact=True).fill("karen")
    await page.locator('[id="answers.baggrund"]').fill("x\n" * 4 + "y")
    await page.get_by_role("radio", name="Ja").check()
    await page.get_by_label("Hvor mange partnere?").fill("halvtreds")
    for theme in ("Skole", "Job", "Bolig"):
        await page.get_by_role("checkbox", name=theme).check()
    await page.get_by_label("Hjemmeside").fill("kommune.example")
    await page.get_by_label("Der er politisk opbakning.").check()
    await page.get_by_label("EAN-nummer").fill("5798000000002")
    await press(page, "Send tilmeldingen")
    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await look(page, f"form-errors-{width}")
    links = summary.get_by_role("link")
    assert [(await links.nth(at).get_attribute("href")) for at in range(await links.count())] == [
        "#contact_name",
        "#contact_email",
        "#answers.baggrund",
        "#answers.antal",
        "#answers.temaer",
        "#answers.hjemmeside",
        "#answers.tovholder",
        "#billing.ean",
    ]
    for at in range(await links.count()):
        await links.nth(at).press("Enter")
        target = (await links.nth(at).get_attribute("href") or "")[1:]
        assert await page.evaluate("id => document.activeElement.id === id || !!document.getElementById(id)", target)
    await expect(page.get_by_label("Hvor mange partnere?")).to_have_value("halvtreds")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 0
    await context.close()


async def begin(page: Page) -> None:
    """Some of it is typed, and saved."""
    await page.goto(f"/tilmeld/{P1}")
    await press(page, "Gem som kladde")
    await expect(page.get_by_role("link", name="E-mail: Skriv en gyldig")).to_be_visible()
    await page.get_by_label("E-mail", exact=True).fill("karen@aarhus.example")
    await page.locator('[id="answers.baggrund"]').fill("Vi vil\nlære.")
    await page.get_by_role("radio", name="Ja").check()
    await page.get_by_role("checkbox", name="Skole").check()
    await page.get_by_role("checkbox", name="Bolig").check()
    await press(page, "Gem som kladde")
    await expect(page.get_by_role("heading", name="Kladden er gemt")).to_be_visible()


async def finish(page: Page) -> None:
    await page.get_by_label("Kommune", exact=True).select_option(label="Aarhus Kommune")
    await page.get_by_label("Hvor mange partnere?").fill("4")
    for text in ("Der er politisk opbakning.", "Vi har udpeget en intern tovholder."):
        await page.get_by_label(text).check()
    await press(page, "Send tilmeldingen")
    await expect(page.get_by_role("heading", name="Tilmeldingen er modtaget")).to_be_visible()


@pytest.mark.parametrize("scripts", ["with", "without"])
async def test_a_draft_is_taken_up_again_by_its_link_and_sent(chromium: Browser, town: Town, scripts: str) -> None:
    await town.desk.publish(with_form())
    await town.desk.knows(AARHUS, domains=("aarhus.example",))
    await town.desk.told()
    context = await visitor(chromium, town, scripts=scripts == "with")
    page = await context.new_page()
    await begin(page)
    if scripts == "with":
        await look(page, "draft-saved")
    (fact,) = [one for one in await town.desk.told() if isinstance(one, SignUpDraftSaved)]

    other = await (await visitor(chromium, town, scripts=scripts == "with")).new_page()
    await other.goto(fact.draft_path)
    if scripts == "with":
        await look(other, "draft")
    assert await other.locator('[id="answers.baggrund"]').input_value() == "Vi vil\nlære."
    for name in ("Skole", "Bolig"):
        await expect(other.get_by_role("checkbox", name=name)).to_be_checked()
    await other.get_by_label("Navn", exact=True).fill("Karen Kontakt")
    await press(other, "Gem kladden")
    await expect(other.get_by_text("Linket fører hertil til og med")).to_be_visible()
    # Whoever had it open all the time is told, and keeps what they have typed.
    await page.goto(fact.draft_path)
    await page.get_by_label("Hvor mange partnere?").fill("4")
    await other.get_by_label("Hvad ved bolig?").fill("Ungdomsboliger")
    await press(other, "Gem kladden")
    await press(page, "Gem kladden")
    await expect(page.get_by_role("alert").first).to_contain_text("gemt et andet sted")
    await expect(page.get_by_label("Hvor mange partnere?")).to_have_value("4")

    await other.reload()
    await finish(other)
    (received,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentReceived)]
    await other.goto(received.confirm_path)
    await expect(other.get_by_text("Vi har udpeget en intern tovholder.")).to_be_visible()
    if scripts == "with":
        await look(other, "confirm-answers")
    await press(other, "Bekræft tilmeldingen")
    (enrolled,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert [(one.question, one.answer) for one in enrolled.answers] == [
        ("Hvorfor vil I være med?", "Vi vil\nlære."),
        ("Har I partnere?", "Ja"),
        ("Hvor mange partnere?", "4"),
        ("Hvilke temaer?", "Skole; Bolig"),
        ("Hvad ved bolig?", "Ungdomsboliger"),
    ]
    assert enrolled.declared == ("Der er politisk opbakning.", "Vi har udpeget en intern tovholder.")
    gone = await other.goto(fact.draft_path)
    assert gone is not None
    assert gone.status == 410
    await expect(other.get_by_role("link", name="Begynd på en ny tilmelding")).to_be_visible()
    await context.close()
