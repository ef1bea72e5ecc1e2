"""The bill of materials names everything that the locks name, with their sums, and is the same each time."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from deploy.local import jars
from deploy.local.locations import ROOT, cache_dir

REQUIREMENTS = ROOT / "requirements"


def make_sbom(out: Path) -> str:
    """What `make sbom` runs, in the environment that `make test` makes."""
    command = [str(cache_dir() / "tools" / "bin" / "python"), "-W", "error", "-m", "deploy.sbom", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return dict(json.loads(make_sbom(tmp_path_factory.mktemp("sbom") / "sbom.json")))


def parts(bill: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """By name@version, of one kind of address."""
    begin = f"pkg:{kind}/"
    return {
        unquote(one["purl"]).removeprefix(begin): one for one in bill["components"] if one["purl"].startswith(begin)
    }


def pinned(lock: str) -> dict[str, set[str]]:
    """name@version: its sums."""
    found: dict[str, set[str]] = {}
    for line in (REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8").splitlines():
        if name := re.match(r"([\w.-]+)==(\S+)", line):
            sums = found.setdefault(f"{name[1]}@{name[2]}", set())
        elif sum_ := re.search(r"--hash=sha256:(\w+)", line):
            sums.add(sum_[1])
    return found


def test_the_same_locks_give_the_same_file(bill: dict[str, Any], tmp_path: Path) -> None:
    again = json.loads(make_sbom(tmp_path / "sbom.json"))
    assert again == bill
    assert "timestamp" not in bill["metadata"]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_every_python_package_of_every_lock_is_there_with_its_sums_and_its_scope(bill: dict[str, Any]) -> None:
    listed = parts(bill, "pypi")
    locks = {file.stem: pinned(file.stem) for file in REQUIREMENTS.glob("*.txt")}
    assert set(listed) == {name for lock in locks.values() for name in lock}
    for name, sums in locks["run"].items():
        assert listed[name]["scope"] == "required"
        assert {one["content"] for one in listed[name]["hashes"]} == sums
    assert {name for name, one in listed.items() if one["scope"] == "required"} == set(locks["run"])
    assert {listed[name]["scope"] for name in locks["demo"] if name not in locks["run"]} == {"optional"}
    assert {one["scope"] for name, one in listed.items() if name not in {*locks["demo"], *locks["rules"]}} == {
        "excluded"
    }


def test_every_jar_and_every_npm_package_is_there_with_its_sum(bill: dict[str, Any]) -> None:
    wanted = {
        f"{one['group']}/{one['artifact']}@{one['version']}": one["sha256"]
        for lock in jars.LOCKS.values()
        for one in tomllib.loads(lock.file.read_text(encoding="utf-8"))["jar"]
    }
    assert {name: one["hashes"][0]["content"] for name, one in parts(bill, "maven").items()} == wanted
    assert {one["scope"] for one in parts(bill, "npm").values()} == {"required", "optional", "excluded"}
    for lock in ("package-lock.json", "deploy/local/oidc/package-lock.json", "tests/browser/package-lock.json"):
        packages = json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"]
        for place, one in packages.items():
            if place:
                assert f"{place.rpartition('node_modules/')[2]}@{one['version']}" in parts(bill, "npm")


def test_the_servers_of_compose_are_there(bill: dict[str, Any]) -> None:
    images = set(re.findall(r"^ +image: (\S+:\S+)$", (ROOT / "docker-compose.yml").read_text("utf-8"), re.MULTILINE))
    assert {name.replace("@", ":") for name in parts(bill, "docker")} == images
