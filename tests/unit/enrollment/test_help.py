"""What the help quotes stands on a page, so that whoever reads it finds the button."""

from __future__ import annotations

import re

from deploy.local.locations import ROOT
from services.enrollment.pages.help import READERS

TEMPLATES = ROOT / "services" / "enrollment" / "templates"


def on_pages() -> str:
    """All that templates and pages say, and the states that the domain names, except the help itself."""
    found = [*ROOT.glob("services/*/templates/**/*.html"), *ROOT.glob("shared/web/**/*.html")]
    found += [*ROOT.glob("services/*/pages/*.py"), *ROOT.glob("services/*/domain/*.py"), *ROOT.glob("shared/web/*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in found if not path.name.startswith("help"))


def test_every_button_that_the_help_names_stands_on_a_page() -> None:
    said, quoted = on_pages(), set()
    for reader in READERS:
        text = (TEMPLATES / f"help_{reader.replace('-', '_')}.html").read_text(encoding="utf-8")
        here = set(re.findall("<strong>([^<]+)</strong>", text))
        assert here, reader
        quoted |= here
    assert not {one for one in quoted if not re.search(rf"[\">]{re.escape(one)}[\"<]", said)}
