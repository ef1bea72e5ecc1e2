"""The official rules of e-invoices, unpacked from the checked Maven packages into the cache.

`python -m deploy.local.einvoice_rules` fetches and unpacks; TOVHOLDER_EINVOICE_RULES of invoicing names the folder. The
files lie at the paths that they have in the packages, so unzipping these by hand into any folder does as well.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from deploy.local import jars
from deploy.local.errors import StackError
from deploy.local.locations import cache_dir

WANTED = (
    "external/schematron/openpeppol/2026.5/xslt/CEN-EN16931-UBL.xslt",
    "external/schematron/openpeppol/2026.5/xslt/PEPPOL-EN16931-UBL.xslt",
    "external/schematron/oioubl/1.17.1/xslt/OIOUBL_Invoice_Schematron.xslt",
    "external/schematron/oioubl/1.17.1/xslt/OIOUBL_CreditNote_Schematron.xslt",
    "external/schemas/ubl21/maindoc/UBL-Invoice-2.1.xsd",
    "external/schemas/ubl21/maindoc/UBL-CreditNote-2.1.xsd",
    "external/schemas/ubl21/common/*.xsd",
    "schemas/*.xsd",
)
"""Paths inside the packages; `*` is any part of a name. The packages hold a hundred times as much."""


def folder(cache: Path | None = None) -> Path:
    """Where the rules of this lock lie once they are unpacked; another lock or another list has another folder."""
    wanted = hashlib.sha256(jars.EINVOICE_RULES.file.read_bytes() + "\n".join(WANTED).encode()).hexdigest()[:12]
    return (cache or cache_dir()) / f"einvoice-rules-{wanted}"


def unpacked() -> Path | None:
    """The folder, or None when nobody has fetched the rules; the program works without them."""
    found = folder()
    return found if found.is_dir() else None


def install(cache: Path | None = None) -> Path:
    """Fetches, checks and unpacks unless it was done before; the folder is there in full or not at all."""
    target = folder(cache)
    if not target.is_dir():
        paths = jars.install(jars.read_lock(jars.EINVOICE_RULES), cache)
        with tempfile.TemporaryDirectory(prefix="einvoice-rules-", dir=target.parent) as name:
            unfinished = Path(name) / "rules"
            unpack(paths, unfinished)
            if not target.is_dir():
                shutil.move(unfinished, target)
    return target


def unpack(packages: tuple[Path, ...], target: Path) -> None:
    """What is wanted of the packages, in `target`. Raises StackError when one of them has not got it."""
    found: set[str] = set()
    for package in packages:
        with zipfile.ZipFile(package) as archive:
            for name in archive.namelist():
                if wanted := next((one for one in WANTED if fnmatch.fnmatchcase(name, one)), None):
                    archive.extract(name, target)
                    found.add(wanted)
    if missing := [one for one in WANTED if one not in found]:
        raise StackError(f"The packages of {jars.EINVOICE_RULES.file.name} do not hold {', '.join(missing)}.")


if __name__ == "__main__":
    install()
