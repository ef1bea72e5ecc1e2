"""`tovholder dlq|outbox|replay SERVICE …`: what the table holds reaches the service, and nothing else does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.local import cli
from shared.runtime.operations import add_parsers


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What services were asked to do."""
    found: list[Any] = []

    def service(*arguments: str, data_dir: Path) -> int:
        found.append((*arguments, data_dir))
        return 3

    monkeypatch.setattr(cli, "_service", service)
    return found


def give(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words)


@pytest.mark.parametrize(
    "words",
    [
        ("dlq", "list"),
        ("dlq", "retry", "7"),
        ("dlq", "skip-gap", "meeting/1", "/crm"),
        ("dlq", "set-aside", "7"),
        ("dlq", "retry-cause", "0a1b2c3d"),
        ("dlq", "discard-cause", "0a1b2c3d", "17", "912"),
        ("dlq", "list", "WyJnYXAiXQ"),
        ("outbox", "list", "WyJnYXAiXQ"),
        ("outbox", "discard", "7"),
        ("replay", "--since", "2020-01-01"),
    ],
)
def test_an_operation_is_passed_on_with_all_its_words(words: tuple[str, ...], asked: list[Any]) -> None:
    operation, *rest = words
    done = give(operation, "invoicing", *rest, "--data-dir", "there")
    assert done.exit_code == 3, done.output
    assert asked == [("invoicing", operation, *rest, Path("there"))]


@pytest.mark.parametrize(
    "words",
    [
        ("dlq", "invoicing", "sing"),
        ("dlq", "invoicing", "retry"),
        ("dlq", "invoicing", "retry", "all"),
        ("dlq", "invoicing", "list", "7", "8"),
        ("dlq", "invoicing", "discard-cause"),
        ("dlq", "invoicing", "discard-cause", "0a1b2c3d", "all"),
        ("dlq", "invoicing", "discard-cause", "0a1b2c3d", "17", "all"),
        ("dlq", "invoicing", "discard-cause", "0a1b2c3d", "17", "912", "18"),
        ("dlq", "invoicing", "list", "--loud"),
        ("outbox", "invoicing", "accept", "7"),
        ("replay", "invoicing"),
        ("replay", "invoicing", "--since", "yesterday"),
    ],
)
def test_what_no_service_would_understand_is_refused_before_one_is_asked(
    words: tuple[str, ...], asked: list[Any]
) -> None:
    assert give(*words).exit_code == 2
    assert asked == []


def test_the_table_is_what_the_services_can_do() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    add_parsers(commands)
    for name, (_, acts) in cli.ACTS.items():
        (theirs,) = (one for one in commands.choices[name]._actions if isinstance(one, argparse._SubParsersAction))
        wanted = {act: sum(not one.option_strings for one in parsed._actions) for act, parsed in theirs.choices.items()}
        assert {act.split()[0]: len(act.split()) - 1 for act in acts} == wanted


@pytest.mark.parametrize("name", cli.ACTS)
def test_an_operation_lists_what_it_can_do_in_its_help(name: str) -> None:
    said = " ".join(give(name, "--help").output.split())
    for act in cli.ACTS[name][1]:
        assert act.split()[0] in said
    assert "[ANTAL]" in said or name != "dlq"
