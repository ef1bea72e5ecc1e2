"""`tovholder emit` and `tovholder tail` against a real broker."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from typer.testing import CliRunner, Result

from deploy.local import cli, emit, tail, topics
from deploy.local.blocking import run_blocking
from deploy.local.errors import StackError
from deploy.local.locations import ROOT
from shared.contracts.event import PARTITIONS, Command, Event
from tests.support.facts import COMMAND_EXAMPLES, FACT_EXAMPLES, a_meeting_held, an_enrolment, cloud_event

NOW = datetime(2021, 4, 15, 12, tzinfo=UTC)


@pytest.fixture
def tovholder(kafka: str, prefix: str) -> Callable[..., Result]:
    """Runs the command line on topics of this test's own."""
    run_blocking(topics.ensure_topics(kafka, prefix))

    def run(*arguments: str, given: Any = None) -> Result:
        text = given if isinstance(given, str) or given is None else json.dumps(given)
        env = {"TOVHOLDER_KAFKA": kafka, "TOVHOLDER_PREFIX": prefix}
        return CliRunner().invoke(cli.app, list(arguments), input=text, env=env)

    return run


def shown(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_event_goes_to_the_topic_of_its_owner_with_its_subject_as_key(
    tovholder: Callable[..., Result], prefix: str
) -> None:
    enrolment = an_enrolment()
    (sent,) = shown(tovholder("emit", "-", "--json", given=cloud_event(enrolment)))
    (found,) = shown(tovholder("tail", "--no-follow", "--json"))

    assert sent["topic"] == found["topic"] == f"{prefix}tovholder.enrollment"
    assert found["key"] == enrolment.subject
    assert found["partition"] == (murmur2(enrolment.subject.encode()) & 0x7FFFFFFF) % PARTITIONS
    assert found["event"] == cloud_event(enrolment)


def test_a_command_goes_to_the_intake(tovholder: Callable[..., Result], prefix: str) -> None:
    command = next(each for each in COMMAND_EXAMPLES if each.type.endswith(".SetMeetingDate.v1"))
    event = cloud_event(command)
    del event["subject"]
    assert tovholder("emit", "-", given=event).exit_code == 0
    (found,) = shown(tovholder("tail", "--no-follow", "--json"))
    assert found["topic"] == f"{prefix}tovholder.intake"
    assert found["key"] == found["event"]["subject"]
    assert found["key"].startswith("intake/")


def test_every_example_can_be_sent_as_a_file_with_one_event_a_line(
    tovholder: Callable[..., Result], tmp_path: Path
) -> None:
    examples: list[Event | Command] = [*FACT_EXAMPLES, *COMMAND_EXAMPLES]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(cloud_event(each), ensure_ascii=False) for each in examples) + "\n\n")
    result = tovholder("emit", str(file))
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == len(examples)
    found = shown(tovholder("tail", "--no-follow", "--json"))
    assert {event["event"]["type"] for event in found} == {each.type for each in examples}


def test_tail_shows_only_the_types_and_subjects_that_were_asked_for(tovholder: Callable[..., Result]) -> None:
    held = a_meeting_held()
    tovholder("emit", "-", given=[cloud_event(an_enrolment()), cloud_event(held)])
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--type", "MeetingHeld", "--type", "Invoice"))) == 1
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--type", "tovholder.*.v1"))) == 2
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--type", "Meeting*"))) == 0
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--subject", held.subject))) == 1
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--since", "1h"))) == 2
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()  # noqa: TID251 # the broker's own time
    assert len(shown(tovholder("tail", "--no-follow", "--json", "--since", tomorrow))) == 0


def test_a_line_for_people_names_the_event_and_no_data_of_it(tovholder: Callable[..., Result]) -> None:
    enrolment = an_enrolment()
    tovholder("emit", "-", given=cloud_event(enrolment))
    (line,) = tovholder("tail", "--no-follow").stdout.splitlines()
    assert line.startswith("2020-06-15 09:30:00Z  enrollment.MunicipalityEnrolled.v1")
    assert enrolment.subject in line
    assert enrolment.contact.email not in line


def test_tail_follows_until_it_is_interrupted(tovholder: Callable[..., Result], kafka: str, prefix: str) -> None:
    tovholder("emit", "-", given=cloud_event(an_enrolment()))
    command = [sys.executable, "-m", "deploy.local.cli", "tail", "--since", "start"]
    env = {**os.environ, "TOVHOLDER_KAFKA": kafka, "TOVHOLDER_PREFIX": prefix}
    lines: queue.Queue[str] = queue.Queue()
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as running:
        stdout = running.stdout
        assert stdout is not None
        reader = threading.Thread(target=lambda: deque(map(lines.put, stdout), maxlen=0))
        reader.start()
        try:
            assert "MunicipalityEnrolled" in lines.get(timeout=30)
            tovholder("emit", "-", given=cloud_event(a_meeting_held()))
            assert "MeetingHeld" in lines.get(timeout=30)
        finally:
            running.send_signal(signal.SIGINT)
            status = running.wait(20)
            reader.join()
        assert status == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "tovholder.enrollment.Nothing.v1"}, "type: Den type kendes ikke her."),
        ({"type": None}, "type: Den type kendes ikke her."),
        ({"id": ""}, "id: mangler."),
        ({"source": "/somebody/else"}, "source: et faktum sendes af sin ejer"),
        ({"subject": "enrolment/other"}, "subject: passer ikke til indholdet."),
        ({"data": {}}, "data.owner:"),
        ({"specversion": "0.3"}, "konvolutten kan ikke læses (specversion"),
        ({"time": "yesterday"}, "konvolutten kan ikke læses (time"),
    ],
)
def test_an_event_that_breaks_the_contract_is_refused_with_the_field_named(change: dict[str, Any], said: str) -> None:
    event = cloud_event(an_enrolment()) | change
    with pytest.raises(StackError) as refused:
        emit.read_events(json.dumps(event))
    assert "Intet er sendt." in str(refused.value)
    assert said in str(refused.value)


def test_nothing_is_sent_when_one_event_of_many_is_wrong(tovholder: Callable[..., Result]) -> None:
    good = cloud_event(an_enrolment())
    result = tovholder("emit", "-", given="\n".join(json.dumps(event) for event in (good, good | {"type": "x"})))
    assert isinstance(result.exception, StackError)
    assert "Linje 2: type:" in str(result.exception)
    assert shown(tovholder("tail", "--no-follow", "--json")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("start", datetime(1970, 1, 1, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("2t", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2021-04-01T10:00:00+02:00", datetime(2021, 4, 1, 8, tzinfo=UTC)),
    ],
)
def test_since_is_the_start_a_span_or_a_time(text: str | None, expected: datetime | None) -> None:
    assert tail.parse_since(text, NOW) == expected


def test_since_that_is_none_of_these_is_refused() -> None:
    with pytest.raises(StackError, match="skriv start"):
        tail.parse_since("forleden", NOW)
