"""The key that signs badges is changed step by step: what signs is known, whenever the power goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import compose_secrets
from deploy.local.datadir import DataDir, write_atomically
from deploy.local.ed25519 import public_key
from deploy.local.errors import StackError
from deploy.local.session_keys import STEPS, KeyFiles, NotNowError, Step, change, standing


class PowerError(Exception):
    """It went off."""


def public_of(file: Path) -> str:
    return public_key(bytes.fromhex(file.read_text())).hex()


def known(files: KeyFiles) -> list[str]:
    return files.public.read_text().split()


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    found = KeyFiles(tmp_path / "signs", tmp_path / "public", tmp_path / "next")
    found.signing.write_text("01" * 32)
    found.public.write_text(public_of(found.signing) + "\n")
    return found


def test_the_new_one_is_known_first_then_it_signs_then_the_old_one_goes(files: KeyFiles) -> None:
    old = public_of(files.signing)
    assert standing(files) == ""
    change(files, "begin", write_atomically)
    new = public_of(files.coming)
    assert (public_of(files.signing), known(files), standing(files)) == (old, [old, new], "begin")
    change(files, "switch", write_atomically)
    assert (public_of(files.signing), known(files), standing(files)) == (new, [old, new], "switch")
    change(files, "end", write_atomically)
    assert (public_of(files.signing), known(files), standing(files)) == (new, [new], "")
    assert not files.coming.exists()


def test_no_step_is_taken_before_its_turn(files: KeyFiles) -> None:
    taken: list[Step] = []
    for turn in STEPS:
        for step in STEPS:
            if step != turn:
                with pytest.raises(NotNowError):
                    change(files, step, write_atomically)
        change(files, turn, write_atomically)
        taken.append(turn)
    assert standing(files) == ""


@pytest.mark.parametrize("writes", range(3))
@pytest.mark.parametrize("cut", STEPS)
def test_a_step_that_was_cut_short_is_taken_again_and_what_signs_is_known_all_along(
    files: KeyFiles, cut: Step, writes: int
) -> None:
    left = writes

    def until_the_power_goes(path: Path, text: str) -> None:
        nonlocal left
        if not left:
            raise PowerError
        left -= 1
        write_atomically(path, text)

    for step in STEPS:
        if step == cut:
            try:
                change(files, step, until_the_power_goes)
            except PowerError:
                assert public_of(files.signing) in known(files)
                change(files, step, write_atomically)
        else:
            change(files, step, write_atomically)
        assert public_of(files.signing) in known(files)
    assert (known(files), standing(files)) == ([public_of(files.signing)], "")


def test_a_switch_that_only_had_to_be_tidied_up_is_finished(files: KeyFiles) -> None:
    change(files, "begin", write_atomically)
    files.signing.write_text(files.coming.read_text())
    change(files, "switch", write_atomically)
    assert standing(files) == "switch"


def test_on_one_machine_all_are_the_owners_alone_and_it_knows_how_far_it_is(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    assert data.session_key_step() == ""
    data.change_session_key("begin")
    assert data.session_key_step() == "begin"
    assert {file.stat().st_mode & 0o777 for file in data.secrets.iterdir() if file.is_file()} == {0o600}
    with pytest.raises(StackError, match="already"):
        data.change_session_key("begin")
    data.close()


def test_compose_takes_the_same_steps_and_mounts_the_key_to_come_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "secrets"

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["compose_secrets", "--folder", str(folder), *words])
        compose_secrets.main()
        return capsys.readouterr().out

    assert run() == ""
    before = (folder / "session_key").read_text()
    assert "then switch" in run("--session-key", "begin")
    assert "then switch" in run(), "a second run says how far it is, and changes nothing"
    assert (folder / "session_key").read_text() == before
    assert "hour later end" in run("--session-key", "switch")
    assert run("--session-key", "end") == ""
    assert (folder / "session_key").read_text() != before
    assert "next_session_key" not in compose_secrets.file_names(("enrollment",))
