"""`tovholder dlq|outbox|replay SERVICE …`: what follows the service's name reaches the service as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local import cli, stack


@pytest.mark.parametrize("operation", ["dlq", "outbox", "replay"])
def test_an_operation_is_passed_on_with_all_its_words(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def service(*arguments: str, addresses: Any) -> int:
        asked.append((*arguments, addresses))
        return 3

    monkeypatch.setattr(stack, "running", lambda data_dir: f"the addresses in {data_dir}")
    monkeypatch.setattr(cli, "_service", service)
    words = [operation, "invoicing", "retry", "7", "--help", "--data-dir", "there", "--since", "2020-01-01"]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 3, done.output
    given = ("invoicing", operation, "retry", "7", "--help", "--since", "2020-01-01")
    assert asked == [(*given, f"the addresses in {Path('there')}")]
