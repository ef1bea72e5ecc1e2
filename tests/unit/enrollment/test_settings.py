"""Who staff sign in at is told in full or not at all, and its secret is shown to nobody."""

from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from deploy.local.oidc.server import VARIABLES
from services.enrollment.settings import Settings

NAMED = dict(zip(VARIABLES, ("https://login.example", "tovholder", "hemmeligt"), strict=True))


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an installation in the environment."""
    for name in [name for name in os.environ if name.startswith("TOVHOLDER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", "postgresql://r:p@h/d")


def test_a_provider_is_known_by_all_that_it_has_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    read = Settings()
    assert read.oidc_client_secret is not None
    assert (read.oidc_issuer, read.oidc_client_id) == ("https://login.example", "tovholder")
    assert read.oidc_client_secret.get_secret_value() == "hemmeligt"
    assert "hemmeligt" not in repr(read)


@pytest.mark.parametrize("blank", [True, False], ids=["as compose tells it", "not named"])
def test_nobody_signs_in_where_no_provider_is_named(monkeypatch: pytest.MonkeyPatch, *, blank: bool) -> None:
    for name in VARIABLES if blank else ():
        monkeypatch.setenv(name, "")
    read = Settings()
    assert (read.oidc_issuer, read.oidc_client_id, read.oidc_client_secret) == (None, None, None)


@pytest.mark.parametrize("left_out", VARIABLES)
def test_a_provider_by_halves_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, left_out: str) -> None:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, "" if name == left_out else value)
    with pytest.raises(ValidationError, match="belong together") as refused:
        Settings()
    assert "hemmeligt" not in str(refused.value)
