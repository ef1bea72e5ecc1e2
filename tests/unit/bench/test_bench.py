"""What `make bench` says when it is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.harness import Row


@pytest.mark.parametrize(
    ("reached", "status"), [([], 0), ([None], 0), ([True, None], 0), ([True, False], 1), ([False, None], 1)]
)
def test_a_figure_that_does_not_reach_its_target_is_an_exit_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reached: list[bool | None], status: int
) -> None:
    rows = [Row(name="what", value=1.0, unit="ms", reached=one) for one in reached]
    monkeypatch.setattr(bench, "measure", lambda _: rows)
    assert bench.main(["--json", str(tmp_path / "bench.json")]) == status
    assert len(json.loads((tmp_path / "bench.json").read_text())["figures"]) == len(rows)
