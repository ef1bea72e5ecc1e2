"""Two years of the first programme: the numbers that came out last time come out again, on any machine."""

from __future__ import annotations

import email
import json
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from deploy.local.demo.play import PROGRAMME
from deploy.local.locations import ROOT
from tests.support.modes import open_to_others
from tests.support.official_rules import MustPass

NUMBERS = Path(__file__).parent / "demo_numbers.json"
ORE_PER_FEE = 1_950_000
ORE_PER_EXTRA = 100_000


CLI = [sys.executable, "-m", "deploy.local.cli"]


def give(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return give("demo", "--exit", *arguments)


def look_again(data_dir: Path, invoice: str) -> None:
    """What was played is there, as it was, without being played: an invoice, and why its mail went out."""
    before = sorted(file.name for file in (data_dir / "mails").iterdir())
    here = ("--data-dir", str(data_dir))
    again = [*CLI, "demo", "--look", *here]
    with subprocess.Popen(again, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as looking:
        try:
            assert looking.stdout is not None
            said = list(takewhile(lambda line: not line.startswith("Alt kører videre"), looking.stdout))
            assert looking.poll() is None, said
            assert [line for line in said if f"/tilmeld/{PROGRAMME}" in line], said
            shown = give("document", "show", invoice, "--as", "json", *here)
            assert json.loads(shown.stdout) == json.loads(
                (data_dir / "invoices" / f"{invoice}.json").read_text("utf-8")
            )
            (mail,) = (data_dir / "mails").glob(f"*-faktura-{invoice}-netvaerk-*.eml")
            explained = give("why", str(email.message_from_bytes(mail.read_bytes())["Message-ID"]), *here)
            assert explained.stdout.startswith("Mail: Faktura til "), explained.stderr
            assert f"fakturaen blev udstedt  (invoice/{invoice}" in explained.stdout
        finally:
            looking.send_signal(signal.SIGINT)
    assert looking.returncode == 0
    assert sorted(file.name for file in (data_dir / "mails").iterdir()) == before


@pytest.mark.timeout(900)
def test_two_years_are_played_and_give_the_same_numbers(tmp_path: Path, must_pass: MustPass) -> None:
    done = demo("--summary", str(tmp_path / "numbers.json"), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert open_to_others(tmp_path / "data") == []
    assert open_to_others(tmp_path / "numbers.json") == []
    numbers = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert numbers == json.loads(NUMBERS.read_text(encoding="utf-8"))

    fees, extras = numbers["invoices"]["fees"], numbers["invoices"]["extra_participants"]
    assert fees["count"] == numbers["enrolments"]["Plads bekræftet"] >= 40
    assert fees["net_ore"] == fees["count"] * ORE_PER_FEE
    assert extras["net_ore"] % ORE_PER_EXTRA == 0
    for sums in (*numbers["invoices"].values(), numbers["credit_notes"]):
        assert sums["gross_ore"] == sums["net_ore"] + sums["vat_ore"] == sums["net_ore"] * 5 // 4

    files = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "data" / "invoices").glob("*.json")]
    given_back = [file for file in files if "credit_id" in file]
    invoiced, credited = numbers["invoices"]["all"], numbers["credit_notes"]
    assert sorted(file["number"] for file in files) == list(range(1, invoiced["count"] + credited["count"] + 1))
    assert len(given_back) == credited["count"] == 1
    assert sum(file["gross_ore"] for file in given_back) == credited["gross_ore"]
    assert sum(file["gross_ore"] for file in files) == invoiced["gross_ore"] + credited["gross_ore"]
    for file in files:
        written = tmp_path / "data" / "invoices" / f"{file['id']}"
        must_pass(written.with_suffix(".xml").read_bytes())
        assert written.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
    assert len(list((tmp_path / "data" / "mails").glob("*.eml"))) == numbers["mails"]["sent"]

    look_again(tmp_path / "data", "ungenetvaerk-1")


def test_a_folder_that_no_demo_made_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    done = demo("--data-dir", str(tmp_path))
    assert done.returncode != 0
    assert str(tmp_path) in done.stdout + done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]
