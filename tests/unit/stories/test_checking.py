"""A story is checked before anything is played: every fault has its line and says what to do, all of them at once."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.docs import DOCS
from deploy.local import mailsink
from deploy.local.locations import ROOT
from deploy.local.stories import shapes, shelf
from deploy.local.stories.checking import Checked, check_file, check_text
from deploy.local.stories.reading import UnreadableError
from deploy.local.stories.schema import story_schema
from deploy.local.stories.story import REASONS, Command, MailThere, Redeliver, TellFact
from deploy.local.stories.theatre import callers
from shared.contracts.event import FACTS
from shared.contracts.time import local

HEAD = "story: En prøve\nclock: 2020-06-02 08:00\n"


def checked(body: str) -> Checked:
    return check_text(HEAD + body, "s.yaml", Path())


def faults(body: str) -> list[str]:
    with pytest.raises(UnreadableError) as refused:
        checked(body)
    return str(refused.value).splitlines()


def test_a_story_is_read_with_its_places() -> None:
    found = checked(
        "steps:\n"
        "  - at: 2020-06-03 9.30\n"
        "    by: Asta\n"
        "    command: tovholder.enrollment.EnrolMunicipality.v1\n"
        "    data:\n"
        "      {programme_id: p, organisation_code: 0751, contact_name: 12, contact_email: a@b.example,\n"
        "       billing: {address: {street: x, postcode: 8000, city: y}}}\n"
        "    as: aarhus\n"
        "  - {redeliver: tovholder.invoicing.InvoiceIssued.v1 × 3}\n"
        "  - {fact: tovholder.enrollment.PersonErased.v1, source: /crm, data: {person_id: '{aarhus.enrolment_id}'}}\n"
    )
    enrol, again, erased = found.story.steps
    assert isinstance(enrol, Command)
    assert enrol.at == local(date(2020, 6, 3), time(9, 30))
    assert enrol.data["contact_name"] == "12", "a number where a text must stand is taken as it is written"
    assert enrol.data["billing"]["address"]["postcode"] == "8000"
    assert isinstance(again, Redeliver)
    assert (again.type, again.times) == ("tovholder.invoicing.InvoiceIssued.v1", 3)
    assert isinstance(erased, TellFact)
    assert erased.data["owner"] == "/crm"
    assert found.where(("steps", 1)) == "s.yaml:11"


def test_every_fault_is_found_at_once() -> None:
    said = faults(
        "until: 2020-06-01 08:00\n"
        "programmes: [nej, {file: netvaerk-kommunal-ungeindsats, change: {enrolment.dedline.x: 1}}]\n"
        'addresses: ["0751", "9999"]\n'
        "steps:\n"
        "  - at: 2020-06-03 9:00\n"
        "    command: tovholder.enrollment.RegisterParticpant.v1\n"
        "    data: {}\n"
        "  - at: 2020-06-02 9:00\n"
        "    command: tovholder.enrollment.WithdrawEnrolment.v1\n"
        "    data: {enrolment: x, reason: {arhus.reason}}\n"
        "  - together:\n"
        "      - {at: 2020-06-04 9:00, kill: enrolment}\n"
        "  - {command: a, kill: b}\n"
        "  - link: {too: x}\n"
        "  - {link: 7, as: 'et navn'}\n"
        "  - {for_each: {k: [1], l: [2]}, kill: invoicing}\n"
        "expect:\n"
        "  - {facts: tovholder.invoicing.InvoiceIssued.v1, wher: {}}\n"
        "  - {facts: InvoiceIssued, none: true, count: 1}\n"
        "  - {get: /api/x, count: 1}\n"
    )
    for place, what in (
        ("s.yaml:3:1: until:", "ligger før det, der står ovenfor"),
        ("s.yaml:4:14: programmes[0]:", "Programfilen"),
        ("s.yaml:4:19: programmes[1]:", "Filen har ikke noget enrolment.dedline."),
        ("s.yaml:5:21: addresses[1]:", "Ingen kommune har koden 9999."),
        ("s.yaml:8:5: steps[0].command:", "Mente du tovholder.enrollment.RegisterParticipant.v1?"),
        ("s.yaml:10:5: steps[1].at:", "ligger før det, der står ovenfor"),
        ("s.yaml:12:12: steps[1].data.enrolment:", "Feltet kendes ikke. Mente du enrolment_id?"),
        ("s.yaml:12:5: steps[1].data.enrolment_id:", "Feltet skal udfyldes."),
        ("s.yaml:12:26: steps[1].data.reason:", "Intet trin før dette hedder arhus."),
        ("s.yaml:14:10: steps[2].together[0].at:", "sker samtidig med det; slet at"),
        ("s.yaml:14:31: steps[2].together[0].kill:", "Der er ingen tjeneste enrolment; vælg mellem"),
        ("s.yaml:15:5: steps[3]:", "netop ét af felterne command, call, link"),
        ("s.yaml:16:12: steps[4].link.too:", "Mente du to?"),
        ("s.yaml:17:6: steps[5].link:", "Skal være en tekst, et tal eller felter"),
        ("s.yaml:17:15: steps[5].as:", "Et navn er bogstaver"),
        ("s.yaml:18:5: steps[6]:", "Skriv ét navn og en liste"),
        ("s.yaml:20:51: expect[0].wher:", "Mente du where?"),
        ("s.yaml:21:6: expect[1].facts:", "Et faktum med det navn findes ikke. Se docs/events.md."),
        ("s.yaml:21:5: expect[1]:", "Med none: true er alt sagt"),
        ("s.yaml:22:5: expect[2]:", "Skriv in: stien til den liste"),
    ):
        assert any(line.startswith(place) and what in line for line in said), (place, what, said)


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("{kill: invoicing, as: x}", "as: Feltet kendes ikke."),
        (
            "{command: tovholder.invoicing.WaiveClaim.v1, via: intake, as: x, data: {claim_id: a, reason: b}}",
            "intet svar",
        ),
        ("{for_each: {k: [1]}, call: GET /x, as: y}", "I for_each skal navnet være forskelligt"),
        ("{call: /x}", "Har ikke den rigtige form"),
        ("{redeliver: a × b}", "En type med det navn findes ikke"),
        ("{expect: []}", "mindst 1"),
        ("{fact: tovholder.enrollment.PersonErased.v1, source: /crm, data: {person_id: [1]}}", "Skal være tekst."),
        ("{redeliver: tovholder.invoicing.InvoiceIssued.v1 × 0}", "Skriv × 1 til × 1000"),
        ("{redeliver: tovholder.invoicing.InvoiceIssued.v1 × 1001}", "Skriv × 1 til × 1000"),
        (f"{{redeliver: tovholder.invoicing.InvoiceIssued.v1 × {'9' * 5000}}}", "Skriv × 1 til × 1000"),
        ("{for_each: 5, redeliver: tovholder.invoicing.InvoiceIssued.v1}", "for_each: "),
        ("{for_each: {k: [{a: 1}], where: {a: 1}}, redeliver: InvoiceIssued}", "En type med det navn findes ikke"),
        ("{for_each: {k: [a]}, redeliver: 'tovholder.{k}.X.v1'}", "Navnet skal skrives helt ud"),
        ("{for_each: {k: [a]}, command: '{k}'}", "Navnet skal skrives helt ud"),
        ("{for_each: {k: [a]}, fact: {k}, source: /crm, data: {}}", "Navnet skal skrives helt ud"),
        ("{for_each: {k: [a]}, steps: [{expect: [{facts: {k}}]}]}", "Navnet skal skrives helt ud"),
        ("{command: [x]}", "steps[0].command: Skal være tekst."),
        ("{command: {a: 1, b: 2}}", "steps[0].command: Skal være tekst."),
        ("{fact: [x], source: /crm, data: {}}", "steps[0].fact: Skal være tekst."),
        ("{expect: [{mails: {}, count: -2}]}", "count: Skriv et antal fra 0 og op"),
        ("{expect: [{dead_letters: {}, count: {atleast: 2}}]}", "count: Skriv et antal fra 0 og op"),
        ("{expect: [{get: /x, in: y, count: {not: {at_least: mange}}}]}", "count: Skriv et antal fra 0 og op"),
        ("{expect: [{get: /x, in: y, count: {at_least: -1}}]}", "count: Skriv et antal fra 0 og op"),
    ],
)
def test_a_step_that_cannot_be_is_refused(step: str, what: str) -> None:
    assert any(what in line for line in faults(f"steps:\n  - {step}\n"))


MISSPELT = "meeting: {id: a, key: b, title: c, knd: d}"


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (
            "{fact: tovholder.invoicing.InvoiceDelivered.v1, source: /x, data: {invoice_id: a, channel: b, chanel: c}}",
            "data.chanel: Feltet chanel kendes ikke. Mente du channel?",
        ),
        (
            f"{{fact: tovholder.scheduling.MeetingScheduled.v1, source: /x, data: {{programme: {{p.a}}, {MISSPELT}}}}}",
            "Feltet knd kendes ikke. Mente du kind?",
        ),
        ("{fact: tovholder.invoicing.CreditInvoice.v1, source: /x, data: {}}", "skriv command: foran den"),
        ("{command: tovholder.scheduling.MeetingHeld.v1, data: {}}", "skriv fact:"),
    ],
)
def test_what_another_system_tells_is_read_as_closely_as_what_is_asked_for(step: str, what: str) -> None:
    assert any(what in line for line in faults(f"steps:\n  - {{call: GET /a, as: p}}\n  - {step}\n"))


def test_a_count_may_be_compared_with_what_was_answered() -> None:
    checked(
        "steps:\n  - {call: GET /a, as: a}\n"
        "expect:\n"
        "  - {mails: {}, count: 0}\n"
        "  - {mails: {}, count: {at_least: 2, not: {one_of: [3, '{a.n}']}}}\n"
        "  - {mails: {}, count: {at_most: {a.n}}}\n"
    )


INVOICE = "facts: tovholder.invoicing.InvoiceIssued.v1"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            f"{INVOICE}, where: {{invoice.byer.code: '0751'}}, none: true",
            "where.invoice.byer.code: Stien invoice.byer.code",
        ),
        (f"{INVOICE}, where: {{invoices.buyer.code: '0751'}}, count: 0", "Mente du invoice?"),
        (
            f"{INVOICE}, where: {{invoice.buyer: {{cod: '0751'}}}}, none: true",
            "Stien cod fører ingen steder hen. Mente du code?",
        ),
        (f"{INVOICE}, sum: {{invoice.lines.*.net: 5}}", "Stien invoice.lines.*.net fører ingen steder hen."),
        (f"{INVOICE}, each: {{invoice.lines.first.net_ore: 5}}", "Stien invoice.lines.first.net_ore"),
        (f"{INVOICE}, each: {{invoice.net_ore.x: null}}", "Stien invoice.net_ore.x"),
        (f"{INVOICE}, each: {{invoice.lines: {{contains: {{net: 5}}}}}}", "Stien net fører"),
        (f"{INVOICE}, each: {{invoice.lines: [{{net: 5}}]}}", "Stien net fører"),
        (f"{INVOICE}, each: {{invoice.buyer: {{one_of: [{{cod: '1'}}]}}}}", "Stien cod fører"),
        (
            "dead_letters: {servic: invoicing}, none: true",
            "dead_letters.servic: Det felt har ingen dead letter. Mente du service?",
        ),
        ("dead_letters: {service: invoices}, none: true", "Der er ingen service invoices. Mente du invoicing?"),
        ("dead_letters: {reason: {not: not_ownr}}", "Der er ingen reason not_ownr. Mente du not_owner?"),
        ("dead_letters: {type: {one_of: [InvoiceIssued]}}", "Der er ingen type InvoiceIssued."),
        ("mails: {calendar: request}, none: true", "mails.calendar: En kalender er REQUEST eller CANCEL."),
        (
            "mails: {}, order: [{subjekt: x}]",
            "order[0].subjekt: Stien subjekt fører ingen steder hen. Mente du subject?",
        ),
    ],
)
def test_what_would_hold_of_nothing_for_ever_is_refused(said: str, what: str) -> None:
    assert any(what in line for line in faults(f"expect:\n  - {{{said}}}\n"))


def test_a_path_that_can_lead_somewhere_is_taken() -> None:
    checked(
        "steps:\n  - {call: GET /a, as: a}\n"
        "expect:\n"
        f"  - {{{INVOICE}, where: {{invoice.lines.0.net_ore: 1, invoice.lines.*.claim_id: x, how_to_pay.0.1: y}}}}\n"
        f"  - {{{INVOICE}, where: {{invoice: {{buyer.code: '0751'}}, document_path: null}}}}\n"
        f"  - {{{INVOICE}, sum: {{invoice.net_ore: 1}}}}\n"
        f"  - {{{INVOICE}, where: {{'{{a.path}}': 1, invoice.buyer: {{a.buyer}}}}}}\n"
        "  - {facts: tovholder.enrollment.IntakeRejected.v1, each: {problem.errors.0.field: x}}\n"
        "  - {dead_letters: {service: {one_of: [invoicing, '{a.x}']}, reason: gap, detail: {contains: x}}}\n"
        "  - {mails: {calendar: '{a.method}'}, order: [x, {to.0: y, calendar: {not: null}}]}\n"
    )


def test_a_mail_is_what_the_mailbox_tells_of_it() -> None:
    assert {one.name for one in fields(mailsink.Kept)} == set(MailThere.model_fields)


def test_every_reason_of_a_dead_letter_can_be_expected() -> None:
    files = [file for room in ("base", "messaging") for file in (ROOT / "shared" / room).glob("*.py")]
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    assert {*re.findall(r'Defect\("(\w+)"', written), "gap"} == set(REASONS)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_every_path_of_an_example_can_be_expected(name: str) -> None:
    example = json.loads((ROOT / "tests" / "contracts" / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    data = example.get("data", example)
    assert list(shapes.astray(shapes.of(FACTS[name]), data)) == []


def test_a_programme_file_that_cannot_be_read_is_said_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("a: [1\nb: }\n", encoding="utf-8")
    (tmp_path / "latin.yaml").write_bytes("navn: Køge\n".encode("latin-1"))
    for file in ("wrong.yaml", "latin.yaml"):
        with pytest.raises(UnreadableError, match=r"s.yaml:3:14: programmes\[0\]: Programfilen .* UTF-8"):
            check_text(f"{HEAD}programmes: [{{file: {file}, change: {{a: 1}}}}]\n", "s.yaml", tmp_path)


def test_names_are_known_from_the_step_that_gives_them_on() -> None:
    loop = "  - {for_each: {k: '{a.x}'}, call: 'GET /{k}', as: 'b-{k}'}\n"
    checked("steps:\n  - {call: GET /a, as: a}\n" + loop + "  - {call: 'GET /{b-7.id}'}\n")
    assert "hedder b" in faults("steps:\n  - {call: 'GET /{b.id}'}\n  - {call: GET /a, as: b}\n")[0]
    assert "hedder k" in faults("steps:\n  - {for_each: {k: [1]}, call: 'GET /{k}'}\n  - {call: 'GET /{k}'}\n")[0]
    assert "Navnet er brugt på linje 4" in faults("steps:\n  - {call: GET /a, as: a}\n  - {call: GET /b, as: a}\n")[0]


def test_everybody_who_does_something_is_known_before_it_begins() -> None:
    story = checked(
        "steps:\n"
        "  - {by: Asta, call: GET /a, as: a}\n"
        "  - together:\n"
        "      - {for_each: {k: ['01', '02']}, by: 'kommune {k}', call: GET /b}\n"
        "      - {steps: [{by: Bo, kill: invoicing}]}\n"
        "  - {for_each: {x: '{a.y}'}, by: '{x}', call: GET /c}\n"
    ).story
    assert sorted(callers(story)) == ["Asta", "Bo", "kommune 01", "kommune 02"]


@pytest.mark.parametrize("file", sorted(shelf.SHELF.glob("*.yaml")), ids=lambda file: file.stem)
def test_what_can_be_played_fits_the_schema_that_editors_use(file: Path) -> None:
    check_file(file)
    written = json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8")), default=str))
    assert [error.message for error in Draft202012Validator(story_schema()).iter_errors(written)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"stori": "x"},
        {"clock": "i morgen"},
        {"steps": [{"command": "tovholder.enrollment.Enrol.v1"}]},
        {"steps": [{"command": "tovholder.enrollment.WithdrawEnrolment.v1", "data": {"enrolment": "x"}}]},
        {"steps": [{"kill": "gateway"}]},
        {"expect": [{"mails": {"too": "x"}}]},
    ],
)
def test_an_editor_sees_what_is_wrong(change: dict[str, Any]) -> None:
    validator = Draft202012Validator(story_schema())
    story = {"story": "En prøve", "clock": "2020-06-02 08:00"}
    assert not list(validator.iter_errors(story))
    assert list(validator.iter_errors({**story, **change}))


def test_the_schema_is_written_down() -> None:
    committed = json.loads((DOCS / "schemas" / "story.schema.json").read_text(encoding="utf-8"))
    assert committed == story_schema()
    Draft202012Validator.check_schema(committed)
