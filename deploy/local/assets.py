"""What browsers load, and the browser that tests drive: from the package locks, never committed.

`python -m deploy.local.assets` copies the design system, its font and htmx, with their licences, to `static/` of the
cache, where the front service finds them. `--browser` also fetches the Chromium that tests fall back on. npm checks
each package against the lock's SHA-512; a second run with the same lock does nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.locations import ROOT, cache_dir

DKFDS = ("LICENSE.md", "css/dkfds.min.css", "js/dkfds.min.js", "img", "fonts/IBMPlexSans/complete/woff2")
HTMX = ("LICENSE", "dist/htmx.min.js")
PLEX = ("LICENSE", *(f"files/ibm-plex-sans-latin-{weight}-normal.woff2" for weight in (400, 500, 600)))
"""The font of dkfds for what Danish is written with, a third as large; `tovholder.css` names it."""
WHOLE_FACE = re.compile(r"font-family:IBM Plex Sans;font-style:normal;font-weight:(?:400|500|600|700);")
OTHER_LETTERS = (
    "U+100-130,U+132-151,U+154-2BA,U+2BD-2C5,U+2C7-2D9,U+2DB,U+2DD-303,U+305-307,U+309-328,U+32A-1FFF,U+2070-20AB,"
    "U+20AD-2121,U+2123-2190,U+2192,U+2194-2211,U+2213-2214,U+2216-FEFE,U+FF00-FFFC,U+FFFE-10FFFF"
)
"""All that `PLEX` has not: a browser that has read no other styles yet asks for a whole font for these alone."""
FONT_SOURCES = re.compile(r"(?P<before>@font-face\{[^}]*?src:)(?P<sources>[^;}]+)")
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def install_static() -> Path:
    """The folder with the assets; copied anew when the lock has changed."""
    target = cache_dir() / "static"
    stamp = _stamp(ROOT)
    if (target / "lock.sha256").exists() and (target / "lock.sha256").read_text() == stamp:
        return target
    with tempfile.TemporaryDirectory(prefix="npm-", dir=cache_dir()) as name:
        modules = _npm_ci(ROOT, Path(name) / "npm")
        unfinished = Path(name) / "static"
        _copy(modules / "dkfds" / "dist", unfinished / "dkfds", DKFDS)
        keep_served_fonts(unfinished / "dkfds" / "css" / "dkfds.min.css")
        for file in HTMX:
            _copy_one(modules / "htmx.org" / file, unfinished / "htmx" / Path(file).name)
        for file in PLEX:
            _copy_one(modules / "@fontsource" / "ibm-plex-sans" / file, unfinished / "plex" / Path(file).name)
        (unfinished / "lock.sha256").write_text(stamp)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    return target


def keep_served_fonts(style: Path) -> None:
    """Leaves WOFF2 as the only kind of each font, as a browser would ask for another that stands before it, and whole
    fonts for other letters alone.
    """

    def only_woff2(face: re.Match[str]) -> str:
        kept = [one for one in face["sources"].split(",") if 'format("woff2")' in one]
        return face["before"] + ",".join(kept) if kept else face[0]

    text = FONT_SOURCES.sub(only_woff2, style.read_text(encoding="utf-8"))
    text = WHOLE_FACE.sub(lambda face: f"{face[0]}unicode-range:{OTHER_LETTERS};", text)
    style.write_text(text, encoding="utf-8")


def install_browser() -> Path:
    """A Chromium that Playwright can start with `--no-zygote --no-sandbox`; the system's own where there is one."""
    named = os.environ.get("TOVHOLDER_CHROMIUM")
    own = next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    if named or own:
        return Path(named or own or "")
    source = ROOT / "tests" / "browser"
    target = cache_dir() / "browser"
    stamp = _stamp(source)
    if (target / "lock.sha256").exists() and (target / "lock.sha256").read_text() == stamp:
        return target / "chromium"
    with tempfile.TemporaryDirectory(prefix="npm-", dir=cache_dir()) as name:
        modules = _npm_ci(source, Path(name) / "npm")
        unfinished = Path(name) / "browser"
        unfinished.mkdir()
        # The package unpacks its binary into the folder for temporary files and prints where.
        script = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
        _run([_tool("node"), "-e", script], cwd=modules.parent, env={**os.environ, "TMPDIR": str(unfinished)})
        (unfinished / "lock.sha256").write_text(stamp)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    return target / "chromium"


def _npm_ci(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copy(source / file, folder)
    _run([_tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, env=dict(os.environ))
    return folder / "node_modules"


def _run(command: list[str], cwd: Path, env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"{' '.join(command[:2])} failed: {done.stderr.strip() or done.stdout.strip()}")


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    for name in names:
        _copy_one(source / name, target / name)


def _copy_one(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def _stamp(folder: Path) -> str:
    return hashlib.sha256((folder / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def main() -> None:
    """Fetches and copies what is missing."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.assets", description=main.__doc__)
    parser.add_argument("--browser", action="store_true", help="also the Chromium for tests")
    install_static()
    if parser.parse_args().browser:
        install_browser()


if __name__ == "__main__":
    main()
