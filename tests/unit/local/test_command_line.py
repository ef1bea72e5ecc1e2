"""The command line helps with nothing running, refuses what it does not know, and finds what runs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from deploy.local import cli, documents, emit, producers, up
from deploy.local.errors import StackError, in_words
from deploy.local.locations import DEFAULT_DATA_DIR, DEMO_DATA_DIR, ROOT, read_running, where_it_runs
from deploy.local.stack import Addresses
from tests.support.modes import open_to_others

COMMANDS = [
    *("up", "demo", "play", "status", "check", "publish", "why", "dlq", "outbox", "replay", "emit", "tail", "document"),
    *(
        "document show",
        "document page",
        "document samples",
        "document check",
        "person export",
        "person erase",
        "archive",
    ),
]


def give(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words, prog_name="tovholder")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What services were asked to do, each without success; in an empty folder."""
    found: list[tuple[str, ...]] = []

    def service(*arguments: str, **_: Any) -> int:
        found.append(arguments)
        return 73

    monkeypatch.setattr(cli, "_service", service)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_nothing_running(command: str, asked: list[tuple[str, ...]]) -> None:
    done = give(*command.split(), "--help")
    assert done.exit_code == 0, done.output
    assert f"Usage: tovholder {command}" in done.output
    assert "python -m" not in done.output
    assert asked == list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("samples", "-x"), ("samples", "--", "-x"), ("samples", "a", "b"), ("show", "K-1", "--as", "doc"), ("sing",)],
)
def test_what_a_document_command_does_not_know_is_refused(words: tuple[str, ...], asked: list[tuple[str, ...]]) -> None:
    done = give("document", *words)
    assert done.exit_code == 2 or isinstance(done.exception, StackError)
    assert asked == list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    "program", ["deploy.local.cli", "services.invoicing.console", "services.notifications.console"]
)
def test_what_a_command_writes_is_its_owners_alone_whatever_the_shell_says(tmp_path: Path, program: str) -> None:
    words = [sys.executable, "-m", program, "document", "samples", str(tmp_path / "made")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, umask=0o022)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "made").iterdir())
    assert open_to_others(tmp_path / "made") == []


@pytest.mark.parametrize("words", [("tail",), ("producer", "list"), ("producer", "remove", "somebody")], ids=" ".join)
def test_a_broker_that_is_away_is_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    """Nor does its client say in between what it tries."""
    databases = ("--databases", str(tmp_path)) if words[-1] == "somebody" else ()
    command = [sys.executable, "-m", "deploy.local.cli", *words, "--kafka", "127.0.0.1:1", *databases]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Kafka svarer ikke som ventet: KafkaConnectionError.\n"


def test_a_fault_of_ours_is_put_in_no_other_words() -> None:
    assert in_words(asyncpg.InvalidPasswordError("no")) == "Databasen svarer ikke som ventet: InvalidPasswordError."
    assert in_words(asyncpg.UndefinedColumnError("a column of ours")) is None
    assert in_words(KeyError("ours")) is None


def test_samples_stop_at_the_first_service_that_cannot_write_them(asked: list[tuple[str, ...]]) -> None:
    assert give("document", "samples", "there").exit_code == 73
    assert asked == [("invoicing.console", "document", "samples", str(Path.cwd() / "there"))]


def test_each_file_goes_to_the_service_that_knows_its_kind(asked: list[tuple[str, ...]]) -> None:
    assert give("document", "check", "--json", "a.xml", "b.ICS", "c.pdf").exit_code == 73
    here = Path.cwd()
    assert asked == [
        ("invoicing.console", "document", "check", "--json", str(here / "a.xml"), str(here / "c.pdf")),
        ("notifications.console", "calendar", "check", "--json", str(here / "b.ICS")),
    ]


def test_the_file_to_write_lies_where_the_command_was_given() -> None:
    assert documents.show("K-1", None, Path("k.pdf"))[3:] == ("--out", str(Path.cwd() / "k.pdf"), "--", "K-1")
    assert documents.show("K-1", "xml", None)[3:] == ("--as", "xml", "--", "K-1")
    ics = ("notifications", "mail", "show", "--as", "ics", "--out", str(Path.cwd() / "m.ics"), "--", "<1@x>")
    assert documents.mail("<1@x>", "ics", Path("m.ics")) == ics


def test_programmes_are_checked_for_machines_too(asked: list[tuple[str, ...]]) -> None:
    give("check", "--json", "programmes")
    assert asked == [("enrollment.console", "check", "--json", str(Path.cwd() / "programmes"))]


def test_the_command_line_does_not_load_what_only_some_commands_need() -> None:
    look = "import sys, deploy.local.cli; print({'faststream', 'aiokafka', 'asyncpg', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_what_can_be_copied_is_never_broken_however_narrow_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    said = io.StringIO()
    secrets = {
        "api_token": "t",
        "databases": {},
        "services": {},
        "link_key_file": "k",
        "seed": 0,
        "simulated_start": None,
    }
    where = {
        "data_dir": str(folder),
        "api_token_file": f"{folder}/token",
        "postgres": f"postgresql://postgres:p@{'h' * 90}/x",
    }
    up.show(
        Console(file=said, width=40),
        Addresses(gateway="http://g", mail="http://m", smtp="s:1", kafka="k:1", **where, **secrets),  # type: ignore[arg-type]
    )
    assert f"Data og logfiler  {folder}\n" in said.getvalue()
    assert f"i filen {folder}/token\n" in said.getvalue()

    monkeypatch.setattr(sys, "argv", ["tovholder", "status", "--data-dir", str(folder)])
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        cli.main()
    assert str(folder) in capsys.readouterr().err


def test_it_says_its_version() -> None:
    assert give("--version").output == f"tovholder {version('tovholder')}\n"


def running(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "running.json").write_text(json.dumps({"data_dir": folder.name}))


@pytest.mark.parametrize(
    ("running_there", "words", "sent_to"),
    [
        ({"kafka": "k:1", "prefix": "2."}, (), ("k:1", "2.")),
        ({"kafka": "k:1"}, (), ("k:1", "")),
        ({"kafka": "k:1", "prefix": "2."}, ("--prefix", "other."), ("k:1", "other.")),
        ({"kafka": "k:1", "prefix": "2."}, ("--kafka", "k:2"), ("k:2", "")),
    ],
    ids=["what runs", "an earlier version", "a prefix of one's own", "another broker"],
)
def test_what_is_sent_goes_to_the_topics_of_what_runs_unless_others_are_named(
    running_there: dict[str, str],
    words: tuple[str, ...],
    sent_to: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    async def send(bootstrap: str, _events: object, prefix: str) -> list[object]:
        asked.append((bootstrap, prefix))
        return []

    monkeypatch.setattr(emit, "send", send)
    monkeypatch.delenv("TOVHOLDER_KAFKA", raising=False)
    (tmp_path / "running.json").write_text(json.dumps(running_there))
    example = min((ROOT / "tests" / "contracts" / "examples").glob("*.json"))
    done = CliRunner().invoke(cli.app, ["emit", str(example), "--data-dir", str(tmp_path), *words])
    assert done.exit_code == 0, done.output
    assert asked == [sent_to]


def test_without_a_folder_what_runs_is_found_and_the_demo_comes_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert where_it_runs(None) == DEFAULT_DATA_DIR
    running(tmp_path / DEMO_DATA_DIR)
    assert where_it_runs(None) == DEMO_DATA_DIR
    running(tmp_path / DEFAULT_DATA_DIR)
    assert where_it_runs(None) == DEFAULT_DATA_DIR
    assert where_it_runs(DEMO_DATA_DIR) == DEMO_DATA_DIR


def test_what_a_demo_left_is_started_by_the_command_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "tovholder.json").write_text('{"tovholder": 1, "made_by": "demo"}')
    with pytest.raises(StackError, match=f"`tovholder demo --look --data-dir {tmp_path}`"):
        read_running(tmp_path)


def test_whoever_names_no_folder_is_told_of_what_a_demo_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    DEMO_DATA_DIR.mkdir()
    (DEMO_DATA_DIR / "tovholder.json").write_text('{"tovholder": 1, "made_by": "demo"}')
    with pytest.raises(StackError, match=r"`tovholder up --data-dir var`.*`tovholder demo --look`"):
        read_running(where_it_runs(None))


def test_looking_where_nothing_was_played_is_refused_and_leaves_nothing(asked: list[tuple[str, ...]]) -> None:
    done = give("demo", "--look", "--data-dir", "there")
    assert isinstance(done.exception, StackError)
    assert "tovholder demo --data-dir there" in str(done.exception)
    assert give("demo", "--look", "--exit").exit_code == 2
    assert asked == list(Path.cwd().iterdir()) == []


def test_the_script_finds_its_checkout_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    script = tmp_path / "checkout" / "tovholder"
    script.write_bytes((ROOT / "tovholder").read_bytes())
    script.chmod(0o755)
    (tmp_path / "link").symlink_to(script)
    done = subprocess.run([str(tmp_path / "link")], capture_output=True, text=True, check=False)
    assert done.stderr == f"Run 'make install' in {tmp_path / 'checkout'} first.\n"


def test_a_producer_that_is_refused_leaves_no_password_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`emit --as` would take it for somebody's; one that was there before stays."""
    secret = tmp_path / "secret"

    async def refuse(*_: Any, **__: Any) -> None:
        assert secret.exists()
        raise StackError("Intet er ændret: /crm is the source of token/crm.")

    monkeypatch.setattr(producers, "add", refuse)
    monkeypatch.setenv("TOVHOLDER_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    words = ("producer", "add", "crm", "--may", "enrollment", "--kafka", "127.0.0.1:1", "--password-file", str(secret))
    (tmp_path / "enrollment_database_url").write_text("postgresql://127.0.0.1:1/none")
    assert give(*words, "--databases", str(tmp_path)).exit_code != 0
    assert not secret.exists()
    secret.write_text("kept")
    assert give(*words, "--databases", str(tmp_path)).exit_code != 0
    assert secret.read_text() == "kept"


@pytest.mark.parametrize("words", [(), ("anna@by.example", "--again")], ids=" ".join)
def test_to_erase_is_somebody_or_all_once_more(words: tuple[str, ...], asked: list[tuple[str, ...]]) -> None:
    done = give("person", "erase", *words)
    assert isinstance(done.exception, StackError)
    assert "enten en adresse eller --again" in str(done.exception)
    assert asked == []
