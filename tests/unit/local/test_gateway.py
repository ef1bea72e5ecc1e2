"""The gateway's file, and the proxies that it may believe."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import caddy
from deploy.local.errors import StackError


def test_the_proxies_reach_the_gateway_as_networks_with_spaces_between(tmp_path: Path) -> None:
    made = caddy.command(tmp_path, 1, "127.0.0.1", {"enrollment": "h:1"}, tmp_path / "log", "10.0.0.0/8, 127.0.0.1")
    assert made.env[caddy.TRUSTED_PROXIES] == "10.0.0.0/8 127.0.0.1/32"


def test_without_a_setting_it_believes_nobody_whatever_the_shell_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(caddy.TRUSTED_PROXIES, "0.0.0.0/0")
    made = caddy.command(tmp_path, 1, "127.0.0.1", {"enrollment": "h:1"}, tmp_path / "log")
    assert made.env[caddy.TRUSTED_PROXIES] == ""


@pytest.mark.parametrize("text", ["0.0.0.0/0", "proxy.example", "10.0.0.1/8"])
def test_what_is_no_network_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(StackError, match="must be addresses or networks"):
        caddy.command(tmp_path, 1, "127.0.0.1", {"enrollment": "h:1"}, tmp_path / "log", text)
