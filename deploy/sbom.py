"""`make sbom`: everything of others' that Tovholder is made of, made with or tested with, as one CycloneDX 1.6 file.

It is read from the locks alone (hashed requirements, npm's locks, those of jars, the images of compose), so the same
checkout gives the same bytes on any machine, and nothing is asked of a registry. `scope` says what a part is for:
*required* is in the image of the services, *optional* is what `up`, the demo, compose and the official rules add,
*excluded* is only for tests and for tools. Licences stand in no lock and are not told.

It runs where `requirements/tools.txt` is installed, and imports nothing of the product, which is not there.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from pip_requirements_parser import RequirementsFile

ROOT = Path(__file__).parents[1]
VERSION = SchemaVersion.V1_6
REQUIRED, OPTIONAL, EXCLUDED = ComponentScope.REQUIRED, ComponentScope.OPTIONAL, ComponentScope.EXCLUDED
PYTHON = {
    "run": REQUIRED,
    "mailsink": OPTIONAL,
    "demo": OPTIONAL,
    "rules": OPTIONAL,
    "test": EXCLUDED,
    "tools": EXCLUDED,
}
NPM = {
    "package-lock.json": REQUIRED,
    "deploy/local/oidc/package-lock.json": OPTIONAL,
    "tests/browser/package-lock.json": EXCLUDED,
}
JARS = {"kafka": OPTIONAL, "einvoice-rules": OPTIONAL, "verapdf": EXCLUDED, "ical4j": EXCLUDED}
COMPOSE = "docker-compose.yml"
_IMAGE = re.compile(r"^ +image: ([\w./-]+):([\w.-]+)$", re.MULTILINE)


def locks() -> list[Path]:
    """Every file that is read, in the order in which the first to name a part says its scope."""
    return [
        *(ROOT / "requirements" / f"{name}.txt" for name in PYTHON),
        *(ROOT / name for name in NPM),
        *(ROOT / "deploy" / "local" / f"{name}.lock.toml" for name in JARS),
        ROOT / COMPOSE,
    ]


def _component(url: PackageURL, scope: ComponentScope, hashes: list[HashType], kind: ComponentType) -> Component:
    return Component(
        type=kind,
        name=url.name,
        group=url.namespace,
        version=url.version,
        purl=url,
        bom_ref=url.to_string(),
        scope=scope,
        hashes=hashes,
    )


def _python(file: Path, scope: ComponentScope) -> Iterator[Component]:
    for one in RequirementsFile.from_file(str(file)).requirements:
        url = PackageURL("pypi", name=one.name, version=one.get_pinned_version)
        hashes = [
            HashType(alg=HashAlgorithm.SHA_256, content=each.removeprefix("sha256:")) for each in one.hash_options
        ]
        yield _component(url, scope, hashes, ComponentType.LIBRARY)


def _npm(file: Path, scope: ComponentScope) -> Iterator[Component]:
    for place, one in json.loads(file.read_text(encoding="utf-8"))["packages"].items():
        if not place:
            continue
        group, _, name = place.rpartition("node_modules/")[2].rpartition("/")
        digest = base64.b64decode(one["integrity"].removeprefix("sha512-"), validate=True)
        sum_ = HashType(alg=HashAlgorithm.SHA_512, content=digest.hex())
        yield _component(PackageURL("npm", group or None, name, one["version"]), scope, [sum_], ComponentType.LIBRARY)


def _jars(file: Path, scope: ComponentScope) -> Iterator[Component]:
    for one in tomllib.loads(file.read_text(encoding="utf-8"))["jar"]:
        url = PackageURL("maven", one["group"], one["artifact"], one["version"])
        sum_ = HashType(alg=HashAlgorithm.SHA_256, content=one["sha256"])
        yield _component(url, scope, [sum_], ComponentType.LIBRARY)


def _images(file: Path) -> Iterator[Component]:
    """The servers that compose starts; what our own image is built on stands in `deploy/Dockerfile`, by its tag."""
    for name, tag in sorted(set(_IMAGE.findall(file.read_text(encoding="utf-8")))):
        namespace, _, short = name.rpartition("/")
        yield _component(PackageURL("docker", namespace or None, short, tag), OPTIONAL, [], ComponentType.CONTAINER)


def components() -> list[Component]:
    """Each part once, under the first scope that names it, in the order of their addresses."""
    files = iter(locks())
    found: list[Component] = []
    for scope in PYTHON.values():
        found += _python(next(files), scope)
    for scope in NPM.values():
        found += _npm(next(files), scope)
    for scope in JARS.values():
        found += _jars(next(files), scope)
    found += _images(next(files))
    once: dict[str, Component] = {}
    for one in found:
        once.setdefault(str(one.purl), one)
    return [once[url] for url in sorted(once)]


def bill() -> str:
    """The whole file. Its number follows from what it says; it has no date."""
    product = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bom = Bom(components=components())
    bom.metadata.component = Component(
        type=ComponentType.APPLICATION, name=product["name"], version=product["version"], bom_ref=product["name"]
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    read = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in locks())).hexdigest()
    bom.serial_number = uuid5(NAMESPACE_URL, f"urn:tovholder:sbom:{read}")
    written = json.loads(make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string())
    del written["metadata"]["timestamp"]
    text = json.dumps(written, indent=1, sort_keys=True) + "\n"
    if error := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"not a CycloneDX file: {error}")
    return text


def main() -> None:
    """Writes it, or to standard output without a name."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sbom", description=main.__doc__)
    parser.add_argument("--out", type=Path, help="the file")
    out: Path | None = parser.parse_args().out
    text = bill()
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{out}: {text.count('bom-ref') - 1} parts\n")


if __name__ == "__main__":
    main()
