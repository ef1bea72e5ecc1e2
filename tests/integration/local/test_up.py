"""`tovholder up` with the real services: one line of addresses, everything ready, nothing left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.locations import ROOT, service_names

CLI = [sys.executable, "-m", "deploy.local.cli"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)


@pytest.mark.timeout(240)
def test_up_prints_every_address_once_all_is_ready_and_leaves_nothing(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    command = [*CLI, "up", "--data-dir", data_dir, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as up:
        try:
            assert up.stdout is not None
            line = up.stdout.readline()
            assert line, up.communicate()[1]
            addresses = json.loads(line)
            family = psutil.Process(up.pid).children(recursive=True)
            assert set(addresses["services"]) == set(service_names())
            for url in addresses["services"].values():
                assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            assert (
                httpx.get(f"{addresses['gateway']}/tilmeld", trust_env=False, follow_redirects=True).status_code < 500
            )
            style = httpx.get(f"{addresses['gateway']}/static/dkfds/css/dkfds.min.css", trust_env=False)
            assert style.headers["Content-Type"].startswith("text/css")

            shown = run("status", "--data-dir", data_dir)
            assert shown.returncode == 0, shown.stderr
            assert addresses["gateway"] in shown.stdout
            token = Path(addresses["api_token_file"]).read_text()
            assert token not in line + shown.stdout
            people = Path(addresses["oidc_accounts_file"])
            assert f"i filen {people}" in shown.stdout
            assert not [
                one for one in json.loads(people.read_text()).values() if one["password"] in line + shown.stdout
            ]
            key = Path(addresses["mail_key_file"]).read_text()
            assert key not in line
            with httpx.Client(trust_env=False) as browser:
                assert browser.get(addresses["mail"]).status_code == 401
                (link,) = [word for word in shown.stdout.split() if key in word]
                browser.get(link)
                assert "0 mails er modtaget her" in browser.get(addresses["mail"]).text
        finally:
            up.send_signal(signal.SIGINT)
        rest, _ = up.communicate(timeout=90)
    assert (up.returncode, rest) == (0, "")
    assert not [one for one in family if one.is_running()]
    assert run("status", "--data-dir", data_dir).returncode == 1
