"""The same document is the same file, byte for byte, on another machine, in another time zone and on another day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.locations import ROOT
from services.invoicing.adapters.einvoice import pdf
from services.invoicing.adapters.einvoice.formats import FORMATS
from services.notifications.adapters import receipt
from tests.support import papers
from tests.support.facts import CONTACT

ELSEWHERE = {
    "TZ": "Pacific/Kiritimati",  # 14 hours ahead: another day for most of ours
    "SOURCE_DATE_EPOCH": "86400",
    "HOSTNAME": "another-machine",
    "USER": "nobody",
    "LANG": "tr_TR.UTF-8",  # where an i is not an i
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "4711",
}
SCRIPT = (
    "import json; from tests.support.papers import digest; from tests.unit.pdf.test_same_bytes import every_kind;"
    "print(json.dumps({name: digest(content) for name, content in every_kind().items()}))"
)


def every_kind() -> dict[str, bytes]:
    """Of invoices and credit notes in each format."""
    hostile = papers.HOSTILE["typst"] + papers.HOSTILE["emoji"] + papers.HOSTILE["scripts"]
    made = {}
    for name, document in (papers.everyday() | {"hostile": papers.hostile(hostile)}).items():
        for one in FORMATS if name in papers.everyday() else FORMATS[:1]:
            made[f"{name}, {one.name}"] = pdf.write(document, one.write(document), one.title)
    made |= {name: receipt.write(CONTACT.name, says) or b"" for name, says in papers.receipts().items()}
    return made


@pytest.mark.timeout(120)  # two interpreters start
def test_the_same_document_is_the_same_file_wherever_and_whenever_it_is_made(tmp_path: Path) -> None:
    here = {name: papers.digest(content) for name, content in every_kind().items()}
    for elsewhere in (ELSEWHERE, ELSEWHERE | {"TZ": "America/Los_Angeles", "SOURCE_DATE_EPOCH": "4102444800"}):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **elsewhere}
        done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, env=env, capture_output=True, check=True)
        assert json.loads(done.stdout) == here
    assert len(set(here.values())) == len(here) > 10, "every kind, each another file"
