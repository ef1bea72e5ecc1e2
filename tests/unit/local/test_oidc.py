"""What is known of a provider before any runs."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.oidc import server
from deploy.local.oidc.server import VARIABLES, Elsewhere, taken

NAMED = dict(zip(VARIABLES, ("https://login.example", "id", "given"), strict=True))


def test_a_provider_that_is_named_is_taken_out_of_what_others_inherit() -> None:
    environment = {**NAMED, "PATH": "/bin"}
    assert taken(environment) == Elsewhere("https://login.example", "id", "given")
    assert environment == {"PATH": "/bin"}
    assert "given" not in repr(taken(dict(NAMED)))


@pytest.mark.parametrize("blank", ["", " ", None])
def test_where_nobody_is_named_there_is_nobody(blank: str | None) -> None:
    assert taken({} if blank is None else dict.fromkeys(VARIABLES, blank)) is None


@pytest.mark.parametrize("left_out", VARIABLES)
def test_a_provider_is_named_in_full_or_not_at_all(left_out: str) -> None:
    with pytest.raises(StackError, match="TOVHOLDER_OIDC_ISSUER, TOVHOLDER_OIDC_CLIENT_ID"):
        taken({name: value for name, value in NAMED.items() if name != left_out})


def test_a_password_that_somebody_has_changed_stays_and_who_is_missing_is_added(tmp_path: Path) -> None:
    first = server.accounts(tmp_path)
    assert set(first) == {"konsulent", "oekonomi", "drift", "administrator"}
    assert len({one["password"] for one in first.values()} | {one["sub"] for one in first.values()}) == 8
    assert all(len(one["password"]) >= 16 and one["email"].endswith("@tovholder.example") for one in first.values())
    chosen = {**first["drift"], "password": "min egen"}
    first["drift"] = chosen
    del first["oekonomi"]
    file = tmp_path / server.ACCOUNTS_FILE
    file.write_text(json.dumps(first))
    again = server.accounts(tmp_path)
    assert again["drift"] == chosen
    assert {name: one for name, one in again.items() if name != "oekonomi"} == first
    assert again["oekonomi"]["sub"] == server.ACCOUNTS[1].sub
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_provider_is_short_and_loads_nothing_from_outside() -> None:
    """All that is ours of it: the rest stands in the lock, each package with its sum."""
    ours = {file.name: file.read_text(encoding="utf-8") for file in server.HERE.glob("*.mjs")}
    assert set(ours) == {"provider.mjs", "pages.mjs", "passwords.mjs", "keys.mjs"}
    assert all(text.count("\n") <= 200 for text in ours.values())
    assert not [name for name, text in ours.items() if re.search(r"https?://", text)]
    lock = json.loads((server.HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(one["integrity"].startswith("sha512-") for place, one in lock.items() if place)
    assert not [place for place, one in lock.items() if "resolved" in one or one.get("hasInstallScript")]
    assert {one["license"] for place, one in lock.items() if place} <= {"MIT", "ISC"}
