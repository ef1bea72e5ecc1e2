"""The command line of the service, as an operator runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.local.locations import ROOT
from services.enrollment.app import SERVICE
from services.enrollment.usecases.explain import explain
from shared.base.links import Links
from shared.storage.tx import transaction
from tests.support.enrollment_desk import CAUSE, P1, Desk, programme_text
from tests.support.servers import Database, MakeDatabase

P5 = "sammenhaengende-ungeindsats"
ENROLMENTS = "kommunekode;navn;e-mail;rolle\n0751;Asta Prøvesen;asta@aarhus.example;kontakt\n"
CSV = "kommunekode;hovedpostkasse\n0751;post@aarhus.example\n"


Run = Callable[..., Awaitable[tuple[int | None, str]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process, as `python -m` comes to it: its status, and all that it said."""

    async def carry_out(where: Database, *arguments: str, link_key_file: Path | None = None) -> tuple[int | None, str]:
        monkeypatch.setenv("TOVHOLDER_DATABASE_URL", where.url)
        if link_key_file:
            monkeypatch.setenv("TOVHOLDER_LINK_KEY_FILE", str(link_key_file))
        status = await asyncio.to_thread(SERVICE.commands[arguments[0]], arguments[1:])
        said = capsys.readouterr()
        return status, said.out + said.err

    return carry_out


async def run_by_itself(where: Database, *arguments: str) -> tuple[int | None, str]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.enrollment",
        *arguments,
        cwd=ROOT,
        env={**os.environ, "TOVHOLDER_DATABASE_URL": where.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await running.communicate()
    return running.returncode, output.decode()


async def test_a_file_of_addresses_is_tried_before_it_is_imported(
    database: MakeDatabase, run: Run, tmp_path: Path
) -> None:
    where = await database("enrollment")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(CSV, encoding="utf-8")
    bad.write_text(CSV.replace("@", " ").replace("0751", "9751"), encoding="utf-8")

    shown = (
        "Række 2, 0751 Aarhus Kommune: hovedpostkasse: (tom) → post@aarhus.example\n1 rækker læst, 1 med ændringer: "
    )
    tried = (0, f"{shown}kan indlæses; kør igen med --import for at gemme.\n")
    assert await run(where, "import-addresses", str(good)) == tried
    assert await run_by_itself(where, "import-addresses", str(good)) == tried
    assert "1 med ændringer: er indlæst" in (await run(where, "import-addresses", "--import", str(good)))[1]
    assert "0 med ændringer" in (await run(where, "import-addresses", "--import", str(good)))[1]
    status, said = await run(where, "import-addresses", "--import", str(bad))
    assert status == 1
    assert "Række 2, kolonne »kommunekode«" in said
    assert "Række 2, kolonne »hovedpostkasse«" in said
    assert (await run(where, "import-addresses", str(tmp_path / "none.csv")))[0] == 1


async def test_a_file_of_enrolments_is_shown_row_by_row_before_it_is_imported(
    database: MakeDatabase, run: Run, links: Links, link_key_file: Path, tmp_path: Path
) -> None:
    where = await database("enrollment")
    async with asyncpg.create_pool(where.url, min_size=1, max_size=1) as pool:
        await Desk(pool, links).publish(programme_text(P5))
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(ENROLMENTS, encoding="utf-8")
    bad.write_text(ENROLMENTS.replace("kontakt", "chef"), encoding="utf-8")

    shown = "Række 2, Aarhus Kommune, kontakt: får plads\n1 rækker læst, 1 med ændringer, 0 kan ikke: "
    asked = ("import-enrolments", str(good), "--programme", P5)
    assert await run(where, *asked, link_key_file=link_key_file) == (
        0,
        f"{shown}kan indlæses; kør igen med --import for at gemme.\n",
    )
    assert await run(where, *asked, "--import", link_key_file=link_key_file) == (0, f"{shown}er indlæst.\n")
    assert "er tilmeldt i forvejen" in (await run(where, *asked, "--import", link_key_file=link_key_file))[1]
    status, said = await run(where, "import-enrolments", str(bad), "--programme", P5)
    assert status == 1
    assert "Række 2, kolonne »rolle«: Skriv kontakt eller deltager." in said


async def test_programme_files_are_checked(database: MakeDatabase, run: Run) -> None:
    where = await database("enrollment")
    assert (await run(where, "check", str(ROOT / "programmes" / f"{P1}.yaml")))[0] == 0
    assert (await run(where, "check", str(ROOT / "programmes" / "gode-overgange.yaml")))[0] == 1


async def test_why_something_is_as_it_is_names_who_was_behind_it(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    person = (await desk.register(enrolment, meeting.id, "Anna"))["person_id"]
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE) as tx:
        found = [await explain(tx, sought) for sought in (enrolment, P1, person, "ukendt")]
    assert [one and (one.kind, one.title, one.cause.actor) for one in found] == [
        ("tilmelding", "Aarhus Kommune i Netværk om den kommunale ungeindsats: Plads bekræftet", "token/test"),
        ("forløb", "Netværk om den kommunale ungeindsats, version 1", "token/test"),
        ("deltager", "Anna fra Aarhus Kommune ved Møde", "token/test"),
        None,
    ]
