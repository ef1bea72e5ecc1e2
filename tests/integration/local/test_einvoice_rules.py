"""The official rules are unpacked in full or not at all."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from deploy.local import einvoice_rules
from deploy.local.errors import StackError


def package(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, f"content of {name}")
    return path


def test_what_is_wanted_comes_out_of_whichever_package_has_it_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(einvoice_rules, "WANTED", ("rules/invoice.xslt", "schemas/*.xsd"))
    packages = (
        package(tmp_path / "a.jar", "rules/invoice.xslt", "rules/order.xslt"),
        package(tmp_path / "b.jar", "schemas/one.xsd", "schemas/two.xsd", "META-INF/MANIFEST.MF"),
    )
    einvoice_rules.unpack(packages, tmp_path / "out")
    found = sorted(str(one.relative_to(tmp_path / "out")) for one in (tmp_path / "out").rglob("*.*"))
    assert found == ["rules/invoice.xslt", "schemas/one.xsd", "schemas/two.xsd"]
    assert (tmp_path / "out" / "schemas" / "two.xsd").read_text() == "content of schemas/two.xsd"


def test_a_package_without_a_wanted_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(einvoice_rules, "WANTED", ("rules/invoice.xslt", "rules/reminder.xslt"))
    with pytest.raises(StackError, match=r"do not hold rules/reminder\.xslt"):
        einvoice_rules.unpack((package(tmp_path / "a.jar", "rules/invoice.xslt"),), tmp_path / "out")


def test_another_list_of_files_is_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    before = einvoice_rules.folder()
    monkeypatch.setattr(einvoice_rules, "WANTED", (*einvoice_rules.WANTED, "one/more.xslt"))
    assert einvoice_rules.folder() != before


def test_the_rules_of_the_lock_are_there_for_the_tests() -> None:
    folder = einvoice_rules.install()
    assert einvoice_rules.unpacked() == folder
    assert all(list(folder.glob(wanted)) for wanted in einvoice_rules.WANTED)
