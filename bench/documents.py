"""Documents that leave the house: e-invoices, their official check, PDFs and calendar mails, and what 10,000 cost.

No two documents of a row are the same: what was set or written before is remembered here and there. Each is measured
against the least that could do the same: a bare tree of the same XML, the same rules without a process in between, a
bare page of the same words, the standard library's mail of the same parts. Both sides take turns.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from itertools import cycle
from multiprocessing import get_context

import psutil
import typst
from lxml import etree

from bench.harness import Row, median, step
from deploy.local import einvoice_rules
from services.invoicing.adapters.einvoice import pdf, rules_process
from services.invoicing.adapters.einvoice.formats import FORMATS, Format
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.document.model import Document
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox, ics
from services.notifications.domain.message import Message, queue
from services.notifications.domain.samples import OWNER, calendar_letters
from shared.pdf.glyphs import FOLDERS
from tests.support.documents import THREE_LINES, a_credit_note, an_invoice

Work = Callable[[], object]

ROUNDS = 5
TIMES = 400
MANY = 10_000
WARM = MANY // 10
"""In the first so many caches fill; the second so many are compared with the last."""
SAMPLED = 50
"""Every so many documents the heap is swept and looked at, which takes longer than to make one."""
XML_TARGET, CHECK_TARGET_MS, PDF_TARGET_MS, MAIL_TARGET, GROWTH_TARGET_MB = 2000, 20, 20, 300, 20
DOCUMENTS = {"invoice": an_invoice(), "credit note": a_credit_note(lines=THREE_LINES)}
PDF_STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]


def seconds_each(work: Work, times: int) -> float:
    """CPU seconds of this process: rates are per core."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def taking_turns(ours: Work, bare: Work, times: int) -> tuple[float, float, list[float]]:
    """Median seconds of ours, median of bare ÷ ours, and that ratio of each round."""
    seconds, ratios = [], []
    for _ in range(ROUNDS):
        seconds.append(seconds_each(ours, times))
        ratios.append(seconds_each(bare, times) / seconds[-1])
    return median(seconds), median(ratios), ratios


def run() -> list[Row]:
    step("documents: written as XML")
    rows = [written(form, kind) for form in FORMATS for kind in DOCUMENTS]
    step("documents: checked by the official rules")
    rows += checked()
    step("documents: as PDF and as mails")
    rows.append(set_as_pdf())
    rows.append(mailed())
    step(f"documents: {MANY:,} of each kind, in processes of their own")
    return rows + remembered()


def written(form: Format, kind: str) -> Row:
    documents = cycle([different(at, DOCUMENTS[kind]) for at in range(TIMES)])
    roots = cycle([etree.fromstring(form.write(next(documents))) for _ in range(TIMES)])

    def copied(element: etree._Element, parent: etree._Element | None = None) -> bytes:
        if parent is None:
            copy = etree.Element(element.tag, nsmap=element.nsmap)
        else:
            copy = etree.SubElement(parent, element.tag, dict(element.attrib))
        copy.text = element.text
        for child in element:
            copied(child, copy)
        return etree.tostring(copy) if parent is None else b""

    seconds, ratio, runs = taking_turns(lambda: form.write(next(documents)), lambda: copied(next(roots)), TIMES)
    rate = 1 / seconds
    return Row(
        *(f"{form.title}, {kind} of 3 lines", rate, "documents/s", ratio, "the same trees, copied"),
        target=f"≥ {XML_TARGET:,}", reached=rate >= XML_TARGET,
        note=f"{len(form.write(next(documents))):,} bytes", runs=runs,
    )  # fmt: skip


def checked() -> list[Row]:
    """Schema and all rules of the format, warm; wall time, as it is another process that works."""
    folder = einvoice_rules.install()
    here = rules_process.Rules(folder, lambda: None)
    with OfficialRules(folder) as rules:
        return [judged(form, kind, rules, here) for form in FORMATS for kind in DOCUMENTS]


def judged(form: Format, kind: str, rules: OfficialRules, here: rules_process.Rules) -> Row:
    xmls = [form.write(different(at, DOCUMENTS[kind])) for at in range(110)]
    ours, bare, core = [], [], []
    for xml in xmls:
        started = time.process_time()
        ours.append(wall(partial(rules.check, xml)) * 1000)
        bare.append(wall(partial(here.check, xml)) * 1000)
        core.append((time.process_time() - started) * 1000)
        assert rules.check(xml).passed
    ours, bare, core = ours[10:], bare[10:], core[10:]
    took = median(ours)
    return Row(
        *(f"official check, {form.title}, {kind}", took, "ms", median(bare) / took, "the same rules in this process"),
        target=f"≤ {CHECK_TARGET_MS} ms", reached=took <= CHECK_TARGET_MS,
        note=f"{median(core):.0f} ms of a core", runs=ours,
    )  # fmt: skip


def wall(work: Work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def different(at: int, base: Document = DOCUMENTS["invoice"]) -> Document:
    """Another number, buyer, and on each line another text, quantity, price and discount than every other one has.

    What sets documents remembers what it has set: the same one again takes a quarter of the time and no memory.
    """
    lines = tuple(
        replace(
            line,
            text=f"{at + 1}: {line.text}, hold {7 * at + nth}",
            description=f"{line.description} i forløb {3 * at + nth}" if line.description else "",
            quantity=Decimal(1 + (at + nth) % 40),
            unit_price_ore=Decimal(100_000 + 7 * at + nth),
            allowances=tuple(
                replace(one, amount_ore=1_000 + 7 * at, percent=None, base_ore=None) for one in line.allowances
            ),
        )
        for nth, line in enumerate(base.lines)
    )
    contact = replace(base.buyer.contact, name=f"Person {at}", email=f"person{at}@kommune.example")
    address = replace(base.buyer.address, street=f"Rådhustorvet {at}", postcode=f"{1000 + at % 9000}")
    buyer = replace(base.buyer, name=f"Kommune {at}", address=address, contact=contact)
    return replace(base, number=100 + at, buyer=buyer, lines=lines)


def set_as_pdf() -> Row:
    form = FORMATS[0]
    papers = [(one, form.write(one)) for one in map(different, range(110))]
    compiler = typst.Compiler(
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(FOLDERS)),
        ignore_system_fonts=True,
    )

    def ours(document: Document, xml: bytes) -> int:
        return len(pdf.write(document, xml, form.title))

    def bare(xml: bytes) -> object:
        words = "\n\n".join(text for text in etree.fromstring(xml).itertext() if text.isascii() and text.isalnum())
        source = f'#set document(title: "Faktura", date: datetime(year: 2026, month: 9, day: 1))\n{words}'
        return compiler.compile(source.encode(), format="pdf", pdf_standards=PDF_STANDARDS)

    took, plain, core = [], [], []
    for document, xml in papers:
        started = time.process_time()
        took.append(wall(partial(ours, document, xml)) * 1000)
        core.append((time.process_time() - started) * 1000)
        plain.append(wall(partial(bare, xml)) * 1000)
    took, plain, core = took[10:], plain[10:], core[10:]
    each = median(took)
    return Row(
        *("PDF/A-3a and PDF/UA-1, invoice of 3 lines", each, "ms", median(plain) / each, "a bare page of its words"),
        target=f"≤ {PDF_TARGET_MS} ms", reached=each <= PDF_TARGET_MS,
        note=f"{median(core):.0f} ms of a core; {ours(*papers[0]):,} bytes", runs=took,
    )  # fmt: skip


def mailed() -> Row:
    composer, first = a_composer(), an_invitation(0)
    messages = cycle([an_invitation(at) for at in range(TIMES)])
    mail = composer.mail(first)
    texts = composer.texts(first)
    assert first.calendar is not None
    file = ics(first.calendar)

    def bare() -> bytes:
        plain = EmailMessage(SMTP)
        plain["From"], plain["To"], plain["Subject"] = mail.sender, mail.recipient, texts.subject
        plain.set_content(texts.plain)
        plain.add_alternative(texts.html, subtype="html")
        plain.add_alternative(file, "text", "calendar")
        plain.add_attachment(file, "application", "ics", filename="invitation.ics")
        return plain.as_bytes()

    seconds, ratio, runs = taking_turns(lambda: composer.mail(next(messages)), bare, TIMES)
    rate = 1 / seconds
    return Row(
        *("calendar mail, an invitation", rate, "mails/s", ratio, "the standard library's, of finished parts"),
        target=f"≥ {MAIL_TARGET}", reached=rate >= MAIL_TARGET, note=f"{len(mail.content):,} bytes", runs=runs,
    )  # fmt: skip


def a_composer() -> Composer:
    return Composer(Words("https://tovholder.example"), Mailbox("", ""))


def an_invitation(at: int) -> Message:
    """Of another meeting, to another person, than every other one."""
    message = queue(calendar_letters()["invitation"], OWNER).after
    entry = message.calendar
    assert entry is not None
    return replace(
        message,
        name=f"Person {at}",
        email=f"person{at}@kommune.example",
        about=f"meeting-{at}",
        calendar=replace(entry, uid=f"{at}.{entry.uid}", title=f"{entry.title}, hold {at}"),
    )


def remembered() -> list[Row]:
    """Megabytes that a process has grown by, from the second thousand documents to the tenth; each is another one.

    Each kind has a process of its own: room that was taken and given back before would hide what it grows by. Two work
    side by side, the slowest first; what a process grows by does not depend on how fast it is.
    """
    names = ("official checks", "PDF", "XML, written and read", "calendar mails")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        working = [pool.submit(grown_by, name) for name in names]
        for done, _ in enumerate(as_completed(working)):
            step(f"documents: {MANY:,} of each kind, {done + 1} of {len(names)} kinds")
        return [one.result() for one in working]


def grown_by(name: str) -> Row:
    if name == "official checks":
        with OfficialRules(einvoice_rules.install()) as rules:
            # It is another process from time to time.
            return growth(name, lambda at: judged_well(rules, at), lambda: rules.process_id)
    composer = a_composer()
    works: dict[str, Callable[[int], object]] = {
        "XML, written and read": written_and_read,
        "PDF": as_pdf,
        "calendar mails": lambda at: composer.mail(an_invitation(at)),
    }
    return growth(name, works[name], os.getpid)


def one_of_many(at: int) -> tuple[Document, Format]:
    kinds = list(DOCUMENTS.values())
    return different(at, kinds[at % 2]), FORMATS[at // 2 % len(FORMATS)]


def written_and_read(at: int) -> None:
    document, form = one_of_many(at)
    form.read(form.write(document))


def judged_well(rules: OfficialRules, at: int) -> None:
    document, form = one_of_many(at)
    assert rules.check(form.write(document)).passed


def as_pdf(at: int) -> None:
    document, form = one_of_many(at)
    pdf.write(document, form.write(document), form.title)


def growth(name: str, work: Callable[[int], object], process_id: Callable[[], int | None]) -> Row:
    """Highest mark against highest mark: the heap of the rules' process swings as it is swept.

    The target is what 2 kB a document would add.
    """
    marks = {"first": 0.0, "second": 0.0, "between": 0.0, "last": 0.0}
    for at in range(MANY):
        work(at)
        if at % SAMPLED == 0:
            stretch = (
                "first" if at < WARM else "second" if at < 2 * WARM else "last" if at >= MANY - WARM else "between"
            )
            gc.collect()
            marks[stretch] = max(marks[stretch], psutil.Process(process_id()).memory_info().rss / 2**20)
    grown = marks["last"] - marks["second"]
    return Row(
        *(f"memory grown by {MANY:,} {name}", grown, "MB"),
        target=f"≤ {GROWTH_TARGET_MB} MB", reached=grown <= GROWTH_TARGET_MB,
        note=f"at most {max(marks.values()):,.0f} MB",
    )  # fmt: skip
