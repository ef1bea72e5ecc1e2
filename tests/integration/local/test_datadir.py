"""A data directory is one installation's, is never guessed at, and never used by two at once."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from deploy.local import datadir
from deploy.local.datadir import DataDir, MadeBy
from deploy.local.errors import StackError
from deploy.local.locations import ROOT
from deploy.local.ports import HOST, free_ports
from deploy.local.postgres import Server
from tests.support.modes import open_to_others

SERVICES = ("enrollment", "invoicing")


@contextmanager
def opened(path: Path, made_by: MadeBy = "up") -> Iterator[DataDir]:
    data = DataDir.open(path, made_by)
    try:
        yield data
    finally:
        data.close()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StackError, match=r"thesis\.txt"):
        DataDir.open(tmp_path)
    assert [child.name for child in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_was_stopped_before_its_marker_was_written_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "tovholder.new").write_text('{"tov')
    with opened(tmp_path) as data:
        assert json.loads(data.marker.read_text())["made_by"] == "up"


def test_a_marker_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "tovholder.json").write_text('{"tov')
    with pytest.raises(StackError, match=r"tovholder\.json can't be read"):
        DataDir.open(tmp_path)


def test_a_second_opening_is_refused_and_names_the_process(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StackError, match=f"in use by process {os.getpid()}"):
        DataDir.open(tmp_path)


def test_the_lock_of_a_process_that_is_gone_is_no_hindrance(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from deploy.local.datadir import DataDir; "
    script += "DataDir.open(Path(sys.argv[1])); import os; os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=ROOT)
    assert (tmp_path / "lock").read_text().isdecimal()
    with opened(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_an_orphan_that_still_runs_keeps_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datadir, "ORPHAN_DEADLINE_S", 0.3)
    data = DataDir.open(tmp_path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(data.lock_fd,)) as orphan:
        data.close()
        gone = subprocess.Popen(["true"])
        gone.wait()
        (tmp_path / "lock").write_text(str(gone.pid))
        with pytest.raises(StackError, match="is gone, but a server that it started still runs"):
            DataDir.open(tmp_path)
        orphan.kill()
    with opened(tmp_path):
        pass


def test_only_what_a_demo_made_is_emptied(tmp_path: Path) -> None:
    with opened(tmp_path / "mine") as data, pytest.raises(StackError, match="not made by a demo"):
        data.empty()
    with opened(tmp_path / "demo", "demo") as data:
        (data.mails / "000001-velkommen.eml").write_text("x")
        data.secret("api-token")
        data.empty()
        assert list(data.mails.iterdir()) == []
        assert not data.secret_file("api-token").exists()
        assert data.marker.exists()


@pytest.mark.parametrize(("first", "then"), [("up", "demo"), ("demo", "up")])
def test_a_demo_never_uses_an_installations_folder_nor_the_other_way_round(
    tmp_path: Path, first: MadeBy, then: MadeBy
) -> None:
    with opened(tmp_path, first):
        pass
    with pytest.raises(StackError, match=f"was made by `tovholder {first}`"):
        DataDir.open(tmp_path, then)


def test_automatic_ports_are_kept_and_a_taken_one_is_chosen_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as data:
        before = data.ports("auto", SERVICES)
        assert len(set(before.values())) == len(before)
        assert data.ports("auto", SERVICES) == before
        with socket.socket() as taken:
            taken.bind((HOST, before["gateway"]))
            taken.listen()
            after = data.ports("auto", SERVICES)
        assert after["gateway"] != before["gateway"]
        assert {**after, "gateway": 0} == {**before, "gateway": 0}


def test_no_two_names_get_the_same_port_however_the_system_deals_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealt: list[int] = []

    def deal(count: int, _besides: Collection[int]) -> list[int]:
        dealt.append(count)
        return [50_000 + (turn + len(dealt)) % count for turn in range(count)]

    monkeypatch.setattr(datadir, "free_ports", deal)
    with opened(tmp_path) as data:
        chosen = data.ports("auto", SERVICES)
        assert len(set(chosen.values())) == len(chosen) == dealt[0]


def test_a_port_that_two_have_in_the_file_stays_with_one_of_them(tmp_path: Path) -> None:
    with opened(tmp_path) as data:
        one = data.ports("auto", SERVICES)["gateway"]
        (data.path / "ports.json").write_text(json.dumps(dict.fromkeys([*datadir.SERVERS, *SERVICES], one)))
        chosen = data.ports("auto", SERVICES)
        assert chosen["gateway"] == one
        assert len(set(chosen.values())) == len(chosen)


def test_a_free_port_is_none_of_those_that_are_kept() -> None:
    offered: list[int] = []

    class FirstThree(list[int]):
        def __contains__(self, port: object) -> bool:
            offered.append(cast("int", port))
            return len(offered) <= 3

    assert free_ports(2, FirstThree()) == offered[3:]


def test_ports_for_the_administrator_only_are_refused_before_anything_starts(tmp_path: Path) -> None:
    with opened(tmp_path) as data, pytest.raises(StackError, match=r"--ports 80: only an administrator may use"):
        data.ports(80, SERVICES)


def test_ports_file_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as data:
        (data.path / "ports.json").write_text('{"gateway": 80')
        assert set(SERVICES) < set(data.ports("auto", SERVICES))


def test_a_row_of_ports_begins_with_the_gateway_and_a_taken_one_is_named(tmp_path: Path) -> None:
    with opened(tmp_path) as data:
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            first = taken.getsockname()[1] - 1
            with pytest.raises(StackError, match=rf"{first + 1} \(mail\)"):
                data.ports(first, SERVICES)
        with pytest.raises(StackError, match="are needed"):
            data.ports(65_530, SERVICES)


def test_secrets_are_for_their_owner_only_and_stay_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as data:
        token = data.secret("api-token")
        assert data.secret("api-token") == token != data.secret("postgres-admin")
        assert stat.S_IMODE(data.secret_file("api-token").stat().st_mode) == 0o600
        assert stat.S_IMODE(data.secret_file("api-token").parent.stat().st_mode) == 0o700


def test_everything_that_is_made_in_it_is_its_owners_alone_whatever_the_shell_says(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        with opened(tmp_path / "data") as data:
            data.ports("auto", SERVICES)
            data.prefix = "1."
            (data.mails / "000001-velkommen.eml").write_text("x")
            assert open_to_others(data.path) == []
    finally:
        os.umask(before)


def test_what_an_earlier_version_left_readable_is_closed_and_nothing_beyond_it(tmp_path: Path) -> None:
    (tmp_path / "others.txt").touch()
    (tmp_path / "others.txt").chmod(0o644)
    folder = tmp_path / "data"
    with opened(folder) as data:
        (data.documents / "old").mkdir()
        (data.documents / "old" / "K-1.pdf").write_text("x")
        (data.documents / "elsewhere").symlink_to(tmp_path / "others.txt")
    for path in (folder, folder / "invoices", folder / "invoices" / "old"):
        path.chmod(0o755)
    (folder / "invoices" / "old" / "K-1.pdf").chmod(0o664)
    (folder / "logs").chmod(0o2770)
    assert len(open_to_others(folder)) == 5
    with opened(folder):
        assert open_to_others(folder) == []
        assert stat.S_IMODE((folder / "logs").stat().st_mode) == 0o2700
    assert stat.S_IMODE((tmp_path / "others.txt").stat().st_mode) == 0o644


def test_a_demos_links_are_signed_with_the_same_key_each_time(tmp_path: Path) -> None:
    keys = []
    for name in ("a", "b"):
        with opened(tmp_path / name, "demo") as data:
            keys.append((data.link_key_file(2020).read_text(), data.link_key_file(None).read_text()))
    assert keys[0] == keys[1]
    with opened(tmp_path / "c") as data:
        assert data.link_key_file(None).read_text() not in keys[0]


def test_a_database_folder_that_an_interrupted_start_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data.new" / "base").mkdir(parents=True)
    Server(tmp_path / "postgres", port=1, password="x", logs=tmp_path).prepare()  # noqa: S106 # nobody logs in
    assert (tmp_path / "postgres" / "data" / "PG_VERSION").exists()
    assert not (tmp_path / "postgres" / "data.new").exists()


def test_a_database_folder_without_a_version_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(StackError, match="PG_VERSION is missing"):
        Server(tmp_path / "postgres", port=1, password="x", logs=tmp_path).prepare()  # noqa: S106 # as above
    assert list((tmp_path / "postgres" / "data").iterdir()) == []
