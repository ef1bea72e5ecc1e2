"""`check FILE…`: what it prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.enrollment.console.check import EXIT, check

PROGRAMMES = Path(__file__).parents[3] / "programmes"
NETWORK = PROGRAMMES / "netvaerk-kommunal-ungeindsats.yaml"
UNCHOSEN = PROGRAMMES / "gode-overgange.yaml"
PUBLISHABLE, BLOCKED, UNREADABLE = EXIT["publishable"], EXIT["blocked"], EXIT["unreadable"]


def run(files: Sequence[Path], *options: str) -> int:
    return check([*options, *map(str, files)])


def test_a_programme_without_errors_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([NETWORK]) == PUBLISHABLE
    printed = capsys.readouterr().out
    assert "✓ kan udgives" in printed
    assert "● to-om-aaret" in printed
    assert "○ fire-om-aaret" in printed
    assert "fees.instalments.deltagergebyr.invoice_on" in printed


def test_a_wrong_weekday_is_printed_with_its_line_and_every_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([UNCHOSEN]) == BLOCKED
    line = UNCHOSEN.read_text(encoding="utf-8").splitlines().index("    date: 2025-10-02") + 2
    printed = capsys.readouterr().out
    assert "✗ kan ikke udgives endnu" in printed
    assert f"{UNCHOSEN}:{line}:14" in printed
    for reading in ("torsdag den 2. oktober 2025", "tirsdag den 30. september 2025", "tirsdag den 7. oktober 2025"):
        assert reading in printed


def test_the_json_form_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([NETWORK, UNCHOSEN], "--json") == BLOCKED
    network, unchosen = json.loads(capsys.readouterr().out)
    assert (network["publishable"], network["id"], network["version"]) == (True, NETWORK.stem, 1)
    (error,) = [one for one in unchosen["findings"] if one["severity"] == "error"]
    assert (error["code"], error["path"]) == ("weekday_mismatch", "meetings[4].weekday")
    assert [one["value"] for one in error["readings"]] == ["2025-10-02", "2025-09-30", "2025-10-07"]
    assert not unchosen["publishable"]


def test_of_a_folder_every_programme_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PROGRAMMES], "--json") == BLOCKED
    assert len(json.loads(capsys.readouterr().out)) == 5


@pytest.mark.parametrize("content", [b"id: \xff\n", b"id: [", b"", b"#" * 600_000])
def test_what_cannot_be_read_has_its_own_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    assert run([NETWORK, tmp_path / "x.yaml"]) == UNREADABLE
    assert "✗ kan ikke læses" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([tmp_path / "nowhere.yaml"]) == UNREADABLE
    assert "Filen findes ikke." in capsys.readouterr().out


def test_a_folder_without_programmes_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([tmp_path]) == UNREADABLE
    assert capsys.readouterr().out


def test_a_broken_list_of_municipalities_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / NETWORK.name).write_bytes(NETWORK.read_bytes())
    (tmp_path / "municipalities.csv").write_text("code;name\n", encoding="utf-8")
    assert run([tmp_path]) == UNREADABLE
    assert "Kommunelisten" in capsys.readouterr().out


def test_the_municipalities_beside_the_file_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = NETWORK.read_text(encoding="utf-8").replace("expected: 52", "expected: 53")
    (tmp_path / NETWORK.name).write_text(text, encoding="utf-8")
    assert run([tmp_path]) == PUBLISHABLE
    (tmp_path / "municipalities.csv").write_bytes((PROGRAMMES / "municipalities.csv").read_bytes())
    assert run([tmp_path]) == BLOCKED
    assert "Regionerne har 52 kommuner" in capsys.readouterr().out


def test_markup_in_a_file_is_printed_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text("id: x\n'[bold]fed[/]': 1\n", encoding="utf-8")
    assert run([tmp_path / "x.yaml"]) == BLOCKED
    assert "[bold]fed[/]" in capsys.readouterr().out


def test_two_sellers_with_one_invoice_series_are_both_told_on_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = NETWORK.read_text(encoding="utf-8")
    (tmp_path / NETWORK.name).write_text(text, encoding="utf-8")
    other = text.replace("id: netvaerk-kommunal-ungeindsats", "id: andet").replace('"90000012"', '"99000112"')
    (tmp_path / "andet.yaml").write_text(other, encoding="utf-8")
    assert run([tmp_path / NETWORK.name]) == PUBLISHABLE
    assert run([tmp_path / "andet.yaml"]) == PUBLISHABLE
    capsys.readouterr()
    assert run([tmp_path], "--json") == BLOCKED
    line = text.splitlines().index("  invoice_series: ungenetvaerk") + 1
    found = json.loads(capsys.readouterr().out)
    errors = [
        (one["id"], finding["code"], finding["line"])
        for one in found
        for finding in one["findings"]
        if finding["severity"] == "error"
    ]
    assert errors == [("andet", "series_taken", line), ("netvaerk-kommunal-ungeindsats", "series_taken", line)]


def test_one_seller_may_use_a_series_in_two_programmes(tmp_path: Path) -> None:
    text = NETWORK.read_text(encoding="utf-8")
    (tmp_path / NETWORK.name).write_text(text, encoding="utf-8")
    other = text.replace("id: netvaerk-kommunal-ungeindsats", "id: andet")
    (tmp_path / "andet.yaml").write_text(other, encoding="utf-8")
    assert run([tmp_path]) == PUBLISHABLE
