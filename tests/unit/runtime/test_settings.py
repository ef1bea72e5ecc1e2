"""The environment is read once, strictly, and its secrets are shown to nobody."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.runtime.settings import ServiceSettings
from shared.runtime.tokens import read_tokens

HASH = hashlib.sha256(b"token").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an installation in the environment."""
    for name in [name for name in os.environ if name.startswith("TOVHOLDER_")]:
        monkeypatch.delenv(name)


def settings(**values: Any) -> ServiceSettings:
    return ServiceSettings(**({"database_url": "postgresql://r:hemmeligt@h/d"} | values))


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", "postgresql://r:p@h/d")
    monkeypatch.setenv("TOVHOLDER_PUBLIC_URL", "https://tovholder.example/")
    monkeypatch.setenv("TOVHOLDER_SIMULATED_START", "2020-08-01T08:00:00Z")
    monkeypatch.setenv("TOVHOLDER_LINK_KEY_FILE", "")
    read = ServiceSettings()

    assert read.public_url == "https://tovholder.example"
    assert read.simulated
    assert read.link_key_file is None


def test_settings_never_change_and_never_show_a_secret() -> None:
    read = settings(api_tokens=f"crm:{HASH}")

    with pytest.raises(ValidationError):
        read.http_port = 1  # type: ignore[misc]  # that it is frozen is the point
    assert "hemmeligt" not in repr(read)
    assert HASH not in repr(read)


@pytest.mark.parametrize(
    "wrong",
    [
        {"http_port": 70_000},
        {"public_url": "tovholder.example"},
        {"simulated_start": "2020-08-01T08:00:00"},
        {"api_tokens": "crm:hemmeligt"},
        {"api_tokens": f"crm:{HASH},crm:{OTHER}"},
        {"api_tokens": f"crm:{HASH},cms:{HASH}"},
        {"api_tokens": f"CRM:{HASH}"},
        {"api_tokens": f"crm:{HASH}:a b"},
    ],
)
def test_a_wrong_setting_is_refused_without_repeating_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**wrong)
    assert "hemmeligt" not in str(refused.value)
    assert HASH not in str(refused.value)


def test_a_token_without_scopes_may_do_all_and_one_with_scopes_only_those() -> None:
    tokens = read_tokens(f"crm:{HASH}, site:{OTHER}:enrol+look")
    crm, site = tokens.principal("token"), tokens.principal("other")

    assert crm is not None
    assert site is not None
    assert (crm.name, crm.may("anything")) == ("token/crm", True)
    assert [site.may(scope) for scope in ("enrol", "look", "staff", "intake")] == [True, True, False, False]
    assert tokens.principal("") is tokens.principal("nobody's") is tokens.principal("\ud800") is None


def test_a_link_key_is_long_or_an_error(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x" * 31)
    with pytest.raises(ValueError, match="fewer than 32"):
        _ = settings(link_key_file=file).link_key
    with pytest.raises(ValueError, match="not set"):
        _ = settings().link_key
    file.write_text("x" * 64 + "\n")
    assert settings(link_key_file=file).link_key == b"x" * 64
