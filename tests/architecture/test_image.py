"""The image's steps, carried out in a plain folder: what is in it runs, and nothing is in it that it does not need."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploy.compose import MAIL_PORT, SERVICE_PORT, SMTP_PORT
from deploy.local.assets import DKFDS, HTMX, install_static
from deploy.local.locations import ROOT, service_names
from tests.support import dockerfile
from tests.support.dockerfile import Build, Built

pytestmark = pytest.mark.timeout(300)  # a virtual environment is made and filled
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
STAGES = dockerfile.read(DOCKERFILE.read_text(encoding="utf-8"))
FINAL = ("mailsink", "tovholder")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("image")
    return Build(STAGES, ROOT, DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(), folder)


@pytest.fixture(scope="session")
def image(build: Build) -> Built:
    return build.stage("tovholder")


def pinned(*files: str) -> set[str]:
    """`name==version` of every requirement; those for other systems are left out."""
    found = set()
    for file in files:
        for line in (ROOT / "requirements" / file).read_text(encoding="utf-8").splitlines():
            match = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;(.*?))?\s*\\?$", line)
            if match and not _for_another_system(match[3] or ""):
                found.add(f"{_normal(match[1])}=={match[2]}")
    return found


def _for_another_system(marker: str) -> bool:
    from packaging.markers import Marker  # noqa: PLC0415 # only where a line has a marker at all

    return bool(marker.strip()) and not Marker(marker.strip()).evaluate()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(built: Built) -> set[str]:
    script = (
        "import json, importlib.metadata as m;"
        "print(json.dumps([[d.metadata['Name'], d.version] for d in m.distributions()]))"
    )
    done = built.run(["python", "-c", script])
    assert done.returncode == 0, done.stderr
    return {f"{_normal(name)}=={version}" for name, version in json.loads(done.stdout)}


@pytest.mark.parametrize("service", service_names())
def test_every_service_starts_in_the_image(image: Built, service: str) -> None:
    done = image.run(["python", "-m", f"services.{service}", "--help"])
    assert done.returncode == 0, done.stderr
    assert f"python -m services.{service}" in done.stdout
    assert "migrate" in done.stdout


def test_a_programme_file_can_be_checked_in_the_image(image: Built) -> None:
    done = image.run(
        ["python", "-m", "services.enrollment.console", "check", "programmes/netvaerk-kommunal-ungeindsats.yaml"]
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["topics", "databases"])
def test_the_one_shot_jobs_start_in_the_image(image: Built, module: str) -> None:
    done = image.run(["python", "-m", f"deploy.local.{module}", "--help"])
    assert done.returncode == 0, done.stderr


def test_the_image_imports_its_own_files_and_no_others(image: Built) -> None:
    done = image.run(["python", "-c", "import services, shared, sys; print(services.__file__, shared.__file__)"])
    assert done.returncode == 0, done.stderr
    for file in done.stdout.split():
        assert Path(file).is_relative_to(image.root)


def test_exactly_the_hashed_requirements_are_installed(image: Built) -> None:
    assert installed(image) == pinned("run.txt")


def test_the_mail_catcher_starts_and_adds_its_own_requirements_only(build: Build) -> None:
    mailsink = build.stage("mailsink")
    done = mailsink.run(["python", "-m", "deploy.local.mailsink", "--help"])
    assert done.returncode == 0, done.stderr
    assert installed(mailsink) == pinned("run.txt", "mailsink.txt")


def test_the_browser_assets_are_those_of_the_lock(image: Built) -> None:
    here, there = install_static(), image.path("static")
    wanted = {str(file.relative_to(here)) for file in here.rglob("*") if file.is_file()} - {"lock.sha256"}
    assert {str(file.relative_to(there)) for file in there.rglob("*") if file.is_file()} == wanted
    assert all((here / name).read_bytes() == (there / name).read_bytes() for name in wanted)
    assert len(wanted) > len(DKFDS) + len(HTMX)


def test_nothing_that_builds_or_tests_is_in_the_image(image: Built) -> None:
    assert not (image.path("/opt/venv/bin") / "pip").exists()
    unwanted = {"tests", "node_modules", "package.json", "requirements", "bench", ".git", "secrets"}
    assert not unwanted & {path.name for path in image.path(".").iterdir()}


@pytest.mark.parametrize("name", FINAL)
def test_the_process_runs_as_a_numeric_user_that_is_not_root(name: str) -> None:
    (user,) = STAGES[name].all("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.rest)
    steps = [step.name for step in STAGES[name].instructions]
    assert steps.index("USER") > max(index for index, step in enumerate(steps) if step == "RUN")


def test_every_base_image_has_a_version() -> None:
    for stage in STAGES.values():
        if stage.base not in STAGES:
            assert re.fullmatch(r"(python:3\.11|node:\d+)-slim", stage.base)


def test_the_last_stage_is_the_one_that_is_built_by_default() -> None:
    assert list(STAGES)[-1] == "tovholder"


def test_requirements_are_installed_with_their_hashes() -> None:
    installs = [step.rest for stage in STAGES.values() for step in stage.all("RUN") if "pip install" in step.rest]
    assert len(installs) == 2
    assert all("--require-hashes" in step for step in installs)


def test_the_ports_are_those_that_compose_uses() -> None:
    exposed = {name: STAGES[name].all("EXPOSE")[0].words() for name in FINAL}
    assert exposed == {"tovholder": [str(SERVICE_PORT)], "mailsink": [str(SMTP_PORT), str(MAIL_PORT)]}


def test_what_the_mail_catcher_is_told_is_what_it_understands() -> None:
    command = " ".join(STAGES["mailsink"].all("CMD")[0].words())
    assert f"--smtp=0.0.0.0:{SMTP_PORT} --http=0.0.0.0:{MAIL_PORT}" in command
    assert "--key-file=/run/secrets/mail_key" in command
    assert "--control" not in command
