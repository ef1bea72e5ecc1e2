"""What the check of a programme file says. Each code has a file that has this fault and no other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.enrollment.domain.programme_file.check import CheckResult, check, day_readings, last_day
from services.enrollment.domain.programme_file.findings import CODES, Finding
from services.enrollment.domain.programme_file.municipality import Municipality
from services.enrollment.domain.programme_file.terms import terms
from services.enrollment.domain.programme_file.yaml_lines import MOST_CHARACTERS, MOST_LEVELS
from shared.contracts.danish import WEEKDAYS, weekday

SOUND = """\
id: proevenetvaerk
version: 1
title: Prøvenetværk
noun: netværk
summary: Et netværk til at prøve med.
period: {starts: 2021-09, ends: 2022-12}
staff_email: stab@proeve.example

organiser:
  name: Prøveforeningen
  cvr: "90000012"
  street: Prøvevej 1
  postcode: 2300
  city: København S
  sender_name: Prøveforeningen
  sender_email: noreply@proeve.example
  organizer_email: netvaerk@proeve.example
  bank: {registration: 0000, account: 0000123456}
  invoice_series: proeve

enrolment:
  who: municipalities
  how: sign_up
  deadline: 2021-08-20
  deadline_weekday: fredag
  capacity: {usual: 10, hard: 12}
  invitation: {invite_on: 2021-06-01, remind_on: 2021-08-10}
  billing: {remind_before: [7]}
  form:
    - {id: interesse, label: Hvad vil I, kind: choice, choices: [Lidt, Meget]}

fees:
  total: 1500.50
  instalments:
    - {id: rate-1, text: Rate 1 af 2, amount: 1000, invoice_on: 2021-09-01}
    - {id: rate-2, text: Rate 2 af 2, amount: 500.50, invoice_on: 2022-09-01}

groups:
  - {id: vest, title: Vest, regions: [Region Nordjylland, Region Midtjylland, Region Syddanmark], expected: 2}
  - {id: oest, title: Øst, regions: [Region Hovedstaden, Region Sjælland]}

meeting_kinds:
  - {key: heldag, title: Heldag, included: 3, minimum: 1, extra: billed, extra_price: 1000}

meetings:
  - {key: moede-1, title: Møde 1, kind: heldag, group: vest, precision: day, date: 2021-10-05, weekday: tirsdag}
  - {key: moede-2, title: Møde 2, kind: heldag, precision: timed, date: 2022-03-01, starts: 9.30, ends: 15:00}
  - {key: moede-3, title: Møde 3, kind: heldag, precision: month, month: 2022-09}
  - {key: moede-4, title: Møde 4, kind: heldag, after: {track: spor, phase: start, more_than_percent: 50}}

options:
  - {id: analyse, title: Analyse, text: Analyse}

tracks:
  - id: spor
    title: Spor
    per: organisation
    phases:
      - {id: start, title: Start, steps: [{id: dialog, title: Dialog, option: analyse}]}

activities:
  - {id: barometer, kind: barometer, title: Barometer, statements: [Ja], scale_from: 1, scale_to: 10, meeting: moede-1}
"""

READING = """
readings:
  - id: laesning
    about: fees.instalments.rate-1.amount
    question: Hvad koster det?
    possible: [{id: lidt, text: Lidt}, {id: meget, text: Meget}]
"""

THREE = (
    Municipality("0851", "Aalborg Kommune", "Region Nordjylland", "29189420"),
    Municipality("0751", "Aarhus Kommune", "Region Midtjylland", "55133018"),
    Municipality("0101", "Københavns Kommune", "Region Hovedstaden", "64942212"),
)


def changed(old: str, new: str) -> str:
    assert SOUND.count(old) == 1, f"{old!r} stands {SOUND.count(old)} times in the sound file"
    return SOUND.replace(old, new)


KIND = "  - {key: heldag, title: Heldag, included: 3, minimum: 1, extra: billed, extra_price: 1000}"


def on_a_team(*kinds: str) -> str:
    """The sound file, whose meetings are those of a standing team."""
    text = changed(KIND, "\n".join(f"  - {{title: Møde, attendance: team, {one}}}" for one in kinds))
    for number, _ in enumerate(kinds[1:], start=2):
        text = text.replace(f"title: Møde {number}, kind: heldag", f"title: Møde {number}, kind: kind-{number}")
    return text


FEES = SOUND[SOUND.index("fees:") : SOUND.index("groups:")]
ENROLMENT = SOUND[SOUND.index("enrolment:") : SOUND.index("fees:")]
OPTIONS = SOUND[SOUND.index("options:") : SOUND.index("tracks:")]


NOBODY = "attendance: none"


def asking(*parts: str, consent: str = "consent: Ja, ", of: str = SOUND) -> str:
    """The sound file, or another, that asks what people need."""
    return of + f"\nregistration: {{needs: {{{consent}{', '.join(parts)}}}}}\n"


def by_name(
    invitation: str = "{inviter: {title: Borgmesteren}}", kind: str = "attendance: members", more: str = ""
) -> str:
    """The sound file, whose members are invited by name."""
    members = (
        f"  who: invited\n  how: invited\n  invitation: {invitation}\n  invited: [{{id: skolen, title: Skolen}}]\n"
    )
    text = SOUND.replace(ENROLMENT, f"enrolment:\n{members}{more}\n").replace(FEES, "").replace(OPTIONS, "")
    return text.replace(", option: analyse", "").replace(KIND, f"  - {{key: heldag, title: Heldag, {kind}}}")


FORBEHOLD = "  reservation_allowed: true\n  forbehold: {remind_before: [14]}\n"


def with_roles(roles: str, more: str = "") -> str:
    return changed("  invitation: {", f"{more}  roles: [{roles}]\n  invitation: {{")


FAULTS: dict[str, list[str]] = {
    "activity_incomplete": [
        changed("scale_to: 10, ", ""),
        changed("scale_to: 10", "scale_to: 1"),
        SOUND + "  - {id: loeb, kind: orienteering, title: O-løb}\n",
        SOUND + "  - {id: kort, kind: postcard, title: Postkort}\n",
        SOUND + "  - {id: iglo, kind: iglo, title: IGLO}\n",
    ],
    "alias": [
        changed("title: Prøvenetværk", "title: &navn Prøvenetværk"),
        changed("Et netværk til at prøve med.", "*x"),
    ],
    "bad_value": [
        changed("2021-08-20", "20. august 2021"),
        changed("2021-08-20", "2021-02-30"),
        changed("2021-08-20", "1021-08-20"),
        changed("total: 1500.50", "total: 1500,50"),
        changed("total: 1500.50", "total: 1.500"),
        changed("total: 1500.50", "total: 0"),
        changed("starts: 9.30", "starts: 9"),
        changed("starts: 9.30", "starts: 24.00"),
        changed("90000012", "90000013"),
        changed("stab@proeve.example", "stab"),
        changed("stab@proeve.example", "'stab@proeve.example\\nBcc: andre@proeve.example'"),
        changed("title: Prøvenetværk", "title: [Prøvenetværk]"),
        changed("title: Prøvenetværk", "title:"),
        changed("title: Prøvenetværk", 'title: "To\\nlinjer"'),
        changed("noun: netværk", "noun: klub"),
        changed("usual: 10", "usual: ti"),
        changed("usual: 10", "usual: 0"),
        asking("diet: {label: Kost, text: true}", "keep_days: 0"),
        SOUND + "look: {colour: blå}\n",
        SOUND + "look: {colour: '#05a'}\n",
        SOUND + "look: {colour: #005a8c\n  }\n",
        SOUND + "look: {colour: '#005a8c', text: red}\n",
        asking("diet: {label: Kost, text: true}", "keep_days: 61"),
        changed("more_than_percent: 50", "more_than_percent: 101"),
        changed("id: vest", "id: Vest!"),
        changed("capacity: {usual: 10, hard: 12}", "capacity: 12"),
        changed("  - {id: analyse, title: Analyse, text: Analyse}", "  analyse: ja"),
        changed("version: 1", "version: true"),
        changed("month: 2022-09", "month: 2022-13"),
        changed("starts: 2021-09", "starts: 2021-9"),
        SOUND + READING.replace(", {id: meget, text: Meget}", "") + "    chosen: lidt\n    why: Fordi\n",
    ],
    "bank_missing": [
        changed("  bank: {registration: 0000, account: 0000123456}\n", ""),
        changed("  invoice_series: proeve\n", ""),
    ],
    "payment_incomplete": [
        changed("  invoice_series: proeve\n", "  invoice_series: proeve\n  payment: iban\n"),
        changed(
            "  invoice_series: proeve\n", "  invoice_series: proeve\n  payment: fik71\n  iban: DK5000400440116243\n"
        ),
    ],
    "team_mismatch": [
        on_a_team("key: heldag, included: 5, minimum: 3", "key: kind-2, included: 4, minimum: 3"),
        on_a_team("key: heldag, included: 5, minimum: 3", "key: kind-2, included: 5, minimum: 2"),
        on_a_team("key: heldag, included: 5, extra: billed, extra_price: 1000"),
    ],
    "terms_too_long": [changed("  invoice_series: proeve\n", "  invoice_series: proeve\n  payment_days: 31\n")],
    "vat_exemption_missing": [changed("instalments:", "vat_percent: 0\n  instalments:")],
    "vat_rate_not_danish": [changed("instalments:", "vat_percent: 12\n  instalments:")],
    "capacity_mismatch": [changed("usual: 10", "usual: 13")],
    "waiting_list_all_the_same": [changed("hard: 12}", "hard: 12, when_full: refuse, given: at_deadline}")],
    "billing_mismatch": [
        SOUND.replace(FEES, ""),
    ],
    "forbehold_mismatch": [
        changed("  invitation: {", "  forbehold: {holds: always}\n  invitation: {"),
        *(
            changed("  invitation: {", f"  reservation_allowed: true\n  forbehold: {{{wrong}}}\n  invitation: {{")
            for wrong in ("holds: until", "until: 2021-09-01", "holds: until, until: 2021-08-19")
        ),
    ],
    "role_mismatch": [
        with_roles("{id: main, label: fakturakontakt, purpose: billing}"),
        with_roles("{id: faktura, label: Kontaktperson, purpose: billing}"),
        with_roles("{id: a, label: en, purpose: billing}, {id: b, label: En, purpose: political}", FORBEHOLD),
        with_roles("{id: a, label: en, purpose: billing}, {id: b, label: to, purpose: billing}"),
        with_roles("{id: politisk, label: politisk kontakt, purpose: political}"),
    ],
    "withdrawal_mismatch": [
        changed("  invitation: {", "  withdrawal: {owes: nothing, free_until: 2021-09-01}\n  invitation: {"),
    ],
    "choices_mismatch": [
        changed(", choices: [Lidt, Meget]", ""),
        changed("kind: choice", "kind: text"),
        changed("choices: [Lidt, Meget]", "choices: [Lidt, Lidt]"),
        changed("kind: choice, choices: [Lidt, Meget]", 'kind: choices, choices: [Lidt, "Meget; mere"]'),
    ],
    "limit_mismatch": [
        changed("kind: choice,", f"kind: {kind},")
        for kind in (
            "choice, max_lines: 2",
            "choice, max_chars: 20",
            "choice, least: 1",
            "choice, most: 1",
            "choices, least: 2, most: 1",
            "choices, least: 3",
        )
    ],
    "condition_mismatch": [
        changed(
            "kind: choice, choices: [Lidt, Meget]}", f"{asked}}}\n    - {{id: mere, label: Mere, when: {{{when}}}}}"
        )
        for asked, when in (
            ("kind: choice, choices: [Lidt, Meget]", "field: interesse, is: [Noget]"),
            ("kind: text", "field: interesse, is: [ja]"),
        )
    ],
    "chosen_not_a_reading": [changed("weekday: tirsdag", "weekday: onsdag, chosen: 2021-10-07")],
    "deadline_after_start": [
        changed("deadline: 2021-08-20\n  deadline_weekday: fredag", "deadline: 2021-09-01").replace(
            "invoice_on: 2021-09-01", "invoice_on: 2021-09-02"
        )
    ],
    "duplicate_id": [
        changed("key: moede-3", "key: moede-2"),
        changed("id: rate-2", "id: rate-1"),
        changed("id: oest", "id: vest").replace("group: vest, ", ""),
        asking("diet: {label: Kost, choices: [{id: vegetar, title: Vegetar}, {id: vegetar, title: Vegan}]}"),
    ],
    "duplicate_key": [changed("version: 1", "version: 1\nversion: 2")],
    "empty": ["", "# kun en bemærkning\n", "- en\n- liste\n", "bare en tekst\n"],
    "ends_before_start": [
        changed("ends: 15:00", "ends: 9.30"),
        changed("weekday: tirsdag", "last_date: 2021-10-04"),
    ],
    "option_mismatch": [changed("text: Analyse", "price: 1, remind_before: [7], text: Analyse")],
    "option_of_two_steps": [
        changed("option: analyse}", "option: analyse}, {id: mere, title: Mere, option: analyse}"),
    ],
    "extra_mismatch": [
        changed(", extra_price: 1000", ""),
        changed("extra: billed", "extra: refused"),
        changed("included: 3, minimum: 1, ", ""),
        changed("extra: billed, extra_price: 1000", "extra: refused, extra_free_until_days: 7"),
    ],
    "fees_do_not_add_up": [changed("total: 1500.50", "total: 1500")],
    "group_count_mismatch": [changed("expected: 2", "expected: 3")],
    "invitation_mismatch": [
        changed("{invite_on: 2021-06-01, remind_on: 2021-08-10}", "{remind_on: 2021-08-10}"),
        changed("{invite_on", "{inviter: {title: Borgmesteren}, invite_on"),
        by_name("{invite_on: 2021-06-01}"),
    ],
    "invitation_order": [
        changed("remind_on: 2021-08-10", "remind_on: 2021-08-20"),
        changed("invite_on: 2021-06-01", "invite_on: 2021-08-11"),
    ],
    "invited_mismatch": [
        changed("how: sign_up", "how: invited"),
        changed("  capacity:", "  invited: [{id: en, title: En skole}]\n  capacity:"),
        by_name(more="  capacity: {usual: 1, hard: 2}\n"),
        by_name(more="  reservation_allowed: true\n"),
        by_name(more="  declarations: [{id: enig, text: Vi er enige.}]\n"),
        by_name().replace("groups:", FEES + "groups:"),
    ],
    "invoice_before_deadline": [changed("invoice_on: 2021-09-01", "invoice_on: 2021-08-20")],
    "look_unreadable": [
        SOUND + "look: {colour: '#ffcc00'}\n",
        SOUND + "look: {colour: '#005a8c', text: black}\n",
        SOUND + "look: {colour: '#777777'}\n",
    ],
    "members_mismatch": [
        changed(KIND, "  - {key: heldag, title: Heldag, attendance: members}"),
        by_name(kind="attendance: team, included: 5"),
        by_name(kind="attendance: members, included: 3"),
        by_name(kind="attendance: members, minimum: 1"),
    ],
    "needs_mismatch": [
        asking("keep_days: 3"),
        asking("diet: {label: Kost}"),
        asking("access: {label: Adgang, text: false}", "diet: {label: Kost, text: true}"),
        asking("diet: {label: Kost, text: true}", of=on_a_team("key: heldag").replace("attendance: team", NOBODY)),
    ],
    "meeting_on_holiday": [
        changed("date: 2022-03-01", "date: 2022-04-14"),
        changed("date: 2022-03-01", "date: 2022-05-13"),
        changed("2021-10-05, weekday: tirsdag", "2021-12-24, last_date: 2021-12-25").replace(
            "precision: day, date: 2021-12-24", "precision: day, date: 2021-12-25"
        ),
    ],
    "meeting_on_quiet_day": [changed("2021-10-05, weekday: tirsdag", "2021-12-24")],
    "meeting_on_weekend": [changed("2021-10-05, weekday: tirsdag", "2021-10-09")],
    "meeting_outside_period": [
        changed("date: 2022-03-01", "date: 2023-03-01"),
        changed("month: 2022-09", "month: 2023-01"),
    ],
    "missing_field": [
        changed("title: Prøvenetværk\n", ""),
        changed("amount: 500.50, ", ""),
        changed("  city: København S\n", ""),
    ],
    "billing_unasked": [
        changed("  billing: {remind_before: [7]}\n", ""),
        changed("billing: {remind_before: [7]}", "billing: {remind_before: [], remind_after: [], remind_every: 0}"),
    ],
    "forbehold_unasked": [
        changed("  form:\n", "  reservation_allowed: true\n  form:\n"),
        changed(
            "  form:\n",
            "  reservation_allowed: true\n  forbehold: {remind_before: [], remind_after: []}\n  form:\n",
        ),
    ],
    "no_deadline": [changed("  deadline: 2021-08-20\n  deadline_weekday: fredag\n", "")],
    "open_reading": [
        SOUND + READING + "    chosen: lidt\n    why: Fordi\n",
        changed("weekday: tirsdag", "weekday: onsdag, chosen: 2021-10-06"),
    ],
    "precision_mismatch": [
        changed("month: 2022-09", "date: 2022-09-01"),
        changed("ends: 15:00", "note: Uden sluttid"),
        changed("precision: day, ", ""),
        changed("weekday: tirsdag", "starts: 9.30"),
    ],
    "reading_not_chosen": [SOUND + READING],
    "region_in_two_groups": [changed("[Region Hovedstaden, ", "[Region Hovedstaden, Region Syddanmark, ")],
    "region_without_group": [changed(", Region Sjælland", "")],
    "seats_mismatch": [changed("minimum: 1", "minimum: 4")],
    "several_documents": [SOUND + "---\nid: et-til\n"],
    "tag": [
        changed("version: 1", "version: !!python/name:os.system 1"),
        changed("title: Prøvenetværk", "title: !!str x"),
    ],
    "too_deep": [changed("title: Prøvenetværk", "title: " + "[" * MOST_LEVELS + "]" * MOST_LEVELS)],
    "too_large": [SOUND + "#" * MOST_CHARACTERS],
    "unknown_field": [
        changed("capacity:", "kapacitet:"),
        changed("extra_price: 1000", "extra_price: 1000, extra_prise: 1000"),
        changed("staff_email", "staff_emial: stab@proeve.example\nstaff_email"),
    ],
    "unknown_reference": [
        changed("kind: heldag, precision: month", "kind: halvdag, precision: month"),
        changed("group: vest", "group: nord"),
        changed("track: spor", "track: sti"),
        changed("phase: start", "phase: slut"),
        changed("option: analyse", "option: andet"),
        changed("meeting: moede-1", "meeting: moede-9"),
        SOUND + "ours: [{about: fees.instalments.rate-3, why: Fordi}]\n",
        SOUND + "ours: [{about: enrolment.frist, why: Fordi}]\n",
        SOUND + READING + "    chosen: gratis\n    why: Fordi\n",
    ],
    "unused_kind": [changed("meetings:\n", "  - {key: aften, title: Aften}\n\nmeetings:\n")],
    "weekday_mismatch": [
        changed("weekday: tirsdag", "weekday: onsdag"),
        changed("deadline_weekday: fredag", "deadline_weekday: torsdag"),
    ],
    "yaml_syntax": [
        changed("version: 1", "version: 1: 2"),
        changed("version: 1", "\tversion: 1"),
        changed("title: Prøvenetværk", 'title: "Prøvenetværk'),
        changed("title: Prøvenetværk", "Prøvenetværk"),
        changed("title: Prøvenetværk", "? [a, b]\n: Prøvenetværk"),
        changed("title: Prøvenetværk", 'title: "\\uD800"'),
        changed("title: Prøvenetværk", 'title: "\\UFFFFFFFF"'),
        changed("title: Prøvenetværk", "title: \x07"),
    ],
}


def checked(text: str) -> CheckResult:
    return check(text, file_name="proevenetvaerk.yaml", municipalities=THREE)


def only(text: str, code: str) -> Finding:
    (finding,) = [one for one in checked(text).findings if one.code == code]
    return finding


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_sound_file_has_no_findings_and_can_be_published() -> None:
    result = checked(SOUND)
    assert result.findings == ()
    assert result.publishable
    assert checked(by_name()).findings == ()


@pytest.mark.parametrize(
    ("code", "text"),
    [(code, text) for code, texts in FAULTS.items() for text in texts],
    ids=[f"{code}-{number}" for code, texts in FAULTS.items() for number, _ in enumerate(texts)],
)
def test_a_file_with_one_fault_gets_its_code_and_no_other(code: str, text: str) -> None:
    result = checked(text)
    assert [one.code for one in result.findings] == [code], result.findings
    assert result.publishable == (CODES[code] != "error")


def test_every_code_has_a_file_that_gets_it() -> None:
    assert set(FAULTS) | {"file_name_mismatch", "series_taken"} == set(CODES)


def test_a_file_is_named_by_its_programme() -> None:
    (finding,) = check(SOUND, file_name="netvaerk.yaml").findings
    assert (finding.code, finding.line, finding.column) == ("file_name_mismatch", 1, 5)
    assert "proevenetvaerk.yaml" in finding.message


@pytest.mark.parametrize(
    ("code", "text", "part", "path"),
    [
        ("weekday_mismatch", FAULTS["weekday_mismatch"][0], "key: moede-1", "meetings[0].weekday"),
        ("unknown_field", FAULTS["unknown_field"][0], "kapacitet:", "enrolment.kapacitet"),
        ("missing_field", FAULTS["missing_field"][1], "id: rate-2", "fees.instalments[1].amount"),
        ("missing_field", FAULTS["missing_field"][2], "organiser:", "organiser.city"),
        ("fees_do_not_add_up", FAULTS["fees_do_not_add_up"][0], "total:", "fees.total"),
        (
            "invoice_before_deadline",
            FAULTS["invoice_before_deadline"][0],
            "id: rate-1",
            "fees.instalments[0].invoice_on",
        ),
        ("meeting_on_holiday", FAULTS["meeting_on_holiday"][0], "key: moede-2", "meetings[1].date"),
        ("alias", FAULTS["alias"][0], "title: &navn", ""),
        ("bank_missing", FAULTS["bank_missing"][0], "organiser:", "organiser.bank"),
    ],
)
def test_a_finding_names_the_line_and_the_path(code: str, text: str, part: str, path: str) -> None:
    finding = only(text, code)
    assert (finding.line, finding.path) == (line_of(text, part), path)


def test_a_colour_that_cannot_be_read_on_is_told_with_what_was_measured_and_what_would_do() -> None:
    white, black, nearly = (only(text, "look_unreadable").message for text in FAULTS["look_unreadable"])
    assert white == (
        "Hvid tekst på #ffcc00 har kontrasten 1,51:1 og kan ikke læses; WCAG AA kræver 4,50:1. Sort tekst har 13,88:1: "
        "skriv text: black, eller vælg en mørkere farve."
    )
    assert black == (
        "Sort tekst på #005a8c har kontrasten 2,84:1 og kan ikke læses; WCAG AA kræver 4,50:1. Hvid tekst har 7,39:1: "
        "slet text: black, eller vælg en lysere farve."
    )
    assert "kontrasten 4,47:1" in nearly


@pytest.mark.parametrize("look", ["'#005a8c'", "'#005A8C'", "'#ffcc00', text: black", "'#767676', text: white"])
def test_a_colour_that_can_be_read_on_is_that_of_the_mails(look: str) -> None:
    result = checked(f"{SOUND}look: {{colour: {look}}}\n")
    assert result.programme is not None
    assert result.findings == ()
    told = terms(result.programme).look
    assert told is not None
    assert told.colour == look[1:8].lower()


def test_the_column_is_where_the_value_begins() -> None:
    finding = only(FAULTS["fees_do_not_add_up"][0], "fees_do_not_add_up")
    assert finding.column == len("  total: ") + 1


def test_a_key_that_stands_twice_names_both_lines() -> None:
    finding = only(FAULTS["duplicate_key"][0], "duplicate_key")
    assert finding.line == 3
    assert "linje 2" in finding.message


def test_an_unknown_field_is_answered_with_the_one_that_was_meant() -> None:
    assert "staff_email" in only(FAULTS["unknown_field"][2], "unknown_field").message


def test_an_unknown_field_does_not_hide_the_other_faults() -> None:
    text = FAULTS["unknown_field"][0].replace("total: 1500.50", "total: 1500")
    assert [one.code for one in checked(text).findings] == ["unknown_field", "fees_do_not_add_up"]


def test_sums_that_disagree_are_told_in_kroner() -> None:
    message = only(FAULTS["fees_do_not_add_up"][0], "fees_do_not_add_up").message
    assert message == "Raterne giver 1.500,50 kr., men prisen er 1.500,00 kr. (forskel 0,50 kr.)"


def test_a_wrong_weekday_has_three_readings_and_none_is_chosen() -> None:
    finding = only(FAULTS["weekday_mismatch"][0], "weekday_mismatch")
    assert [(one.value, one.text, one.chosen) for one in finding.readings] == [
        ("2021-10-05", "tirsdag den 5. oktober 2021", False),
        ("2021-09-29", "onsdag den 29. september 2021", False),
        ("2021-10-06", "onsdag den 6. oktober 2021", False),
    ]


def test_the_readings_of_any_date_are_itself_and_the_named_weekday_on_both_sides() -> None:
    for shift in range(400):
        day = date(2024, 1, 1) + timedelta(days=shift)
        for name in WEEKDAYS:
            readings = day_readings(day, name)
            if weekday(day) == name:
                assert readings == (day,)
            else:
                itself, before, after = readings
                assert itself == day
                assert weekday(before) == weekday(after) == name
                assert before < day < after == before + timedelta(days=7)


def test_a_holiday_that_is_meant_is_allowed() -> None:
    assert checked(changed("date: 2022-03-01", "date: 2022-04-14, holiday_ok: true")).findings == ()


def test_store_bededag_is_a_holiday_until_2023_only() -> None:
    text = changed("ends: 2022-12", "ends: 2024-12")
    on_day = text.replace("date: 2022-03-01", "date: 2023-05-05")
    assert only(on_day, "meeting_on_holiday").message.startswith("5. maj 2023 er store bededag.")
    assert checked(text.replace("date: 2022-03-01", "date: 2024-04-26")).findings == ()


def test_a_scalar_means_what_its_field_needs() -> None:
    programme = checked(SOUND).programme
    assert programme is not None
    assert programme.organiser.postcode == "2300"
    assert programme.organiser.bank is not None
    assert programme.organiser.bank.account == "0000123456"
    assert checked(changed("Et netværk til at prøve med.", "no")).programme.summary == "no"  # type: ignore[union-attr] # a None would fail here, as it should


@pytest.mark.parametrize(
    ("when", "last"), [("2024-02", "2024-02-29"), ("2023-12", "2023-12-31"), ("2023-05-06", "2023-05-06")]
)
def test_a_period_ends_with_its_last_day(when: str, last: str) -> None:
    assert last_day(when).isoformat() == last


def test_a_period_that_ends_before_it_starts_is_an_error() -> None:
    codes = {one.code for one in checked(changed("ends: 2022-12", "ends: 2021-08")).findings}
    assert "ends_before_start" in codes
