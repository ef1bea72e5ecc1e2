"""The key that signs links is changed step by step, and no key is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.datadir import DataDir, write_atomically
from deploy.local.errors import StackError
from deploy.local.link_keys import NotNowError, change


class PowerError(Exception):
    """It went off."""


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    signing, other = tmp_path / "link_key", tmp_path / "other_link_key"
    signing.write_text("old")
    return signing, other


def read(*files: Path) -> list[str]:
    return [file.read_text().strip() for file in files]


def test_the_new_one_is_known_first_then_it_signs_then_the_old_one_goes(keys: tuple[Path, Path]) -> None:
    change(*keys, "begin", write_atomically)
    old, new = read(*keys)
    assert (old, len(new)) == ("old", 64)
    change(*keys, "switch", write_atomically)
    assert read(*keys) == [new, "old"]
    change(*keys, "end", write_atomically)
    assert read(*keys) == [new, ""]


def test_no_step_is_taken_before_its_turn(keys: tuple[Path, Path]) -> None:
    for step in ("switch", "end"):
        with pytest.raises(NotNowError, match="begin first"):
            change(*keys, step, write_atomically)  # type: ignore[arg-type] # one of the steps
    change(*keys, "begin", write_atomically)
    with pytest.raises(NotNowError, match="already"):
        change(*keys, "begin", write_atomically)


@pytest.mark.parametrize("writes", range(4))
def test_a_switch_that_was_cut_short_is_finished_by_the_next_and_loses_no_key(
    keys: tuple[Path, Path], writes: int
) -> None:
    change(*keys, "begin", write_atomically)
    _, new = read(*keys)
    left = writes

    def until_the_power_goes(path: Path, text: str) -> None:
        nonlocal left
        if not left:
            raise PowerError
        left -= 1
        write_atomically(path, text)

    if writes < 3:
        with pytest.raises(PowerError):
            change(*keys, "switch", until_the_power_goes)
        held = {text for file in keys[0].parent.iterdir() for text in read(file)}
        assert {"old", new} <= held
    change(*keys, "switch", write_atomically)
    assert read(*keys) == [new, "old"]
    assert sorted(file.name for file in keys[0].parent.iterdir()) == ["link_key", "other_link_key"]


def test_a_switch_that_only_had_to_be_tidied_up_stays_switched(keys: tuple[Path, Path]) -> None:
    signing, other = keys
    signing.write_text("new")
    other.write_text("old")
    signing.with_name("other_link_key.switching").write_text("old")
    with pytest.raises(NotNowError, match="switch first"):
        change(*keys, "end", write_atomically)
    change(*keys, "switch", write_atomically)
    assert read(*keys) == ["new", "old"]


def test_on_one_machine_both_are_the_owners_alone(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    data.change_link_key("begin")
    files = [data.secret_file("link-key"), data.secret_file("other-link-key")]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    with pytest.raises(StackError, match="already"):
        data.change_link_key("begin")
    data.close()
