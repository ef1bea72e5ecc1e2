"""What every page of the editor has: the draft, whoever may write it, and what is found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.programme_file.changes import by_numbers
from services.enrollment.domain.programme_file.check import CheckResult, check
from services.enrollment.domain.programme_file.findings import Finding, Path, path_of_text
from services.enrollment.domain.programme_file.moving import Moved
from services.enrollment.domain.programme_file.places import page_of, spoken, where_of
from services.enrollment.domain.programme_file.yaml_lines import read
from services.enrollment.pages.staff_programme import reader
from services.enrollment.usecases.read_programme_drafts import Opened, read_programme_draft
from shared.base.problems import Problem
from shared.runtime.service import Host
from shared.web.staff import badge_in, render

SCOPE = "enrollment.PublishProgramme"
READS = "enrollment.programmes"
HERE = "/stab/redigering"
ROOM = 512 * 1024
"""Octets of a file; a text in UTF-8 that is as long as one may be."""
EDITION = "_udgave"
"""Hidden in every form: the edition that is on the page."""
_LONGEST_EDITION = 9
_DONE = {
    "begyndt": "Kladden er begyndt",
    "gemt": "Det er gemt",
    "valgt": "Læsningen er valgt, og det står i kladden, at det var dig",
    "kasseret": "Kladden er kasseret",
    "udgivet": "Forløbet er udgivet",
    "vaek": "Kladden er der ikke mere: den er udgivet eller kasseret",
    "set": "Datoerne er set efter",
    "indlaest": "Filen er læst ind",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding on a page: what it is, where it is said, and the address of the field."""

    finding: Finding
    path: Path
    about: str
    link: str

    @property
    def name(self) -> str:
        """Of the field."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft that is open, what it says, and what is found in it."""

    opened: Opened
    data: dict[str, Any]
    result: CheckResult
    notes: Sequence[Noted]
    proposals: dict[Path, Moved]
    """Days to be looked at, by their places."""

    @property
    def base(self) -> str:
        return f"{HERE}/{self.opened.draft.id}"

    def of(self, *severities: str) -> list[Noted]:
        return [one for one in self.notes if one.finding.severity in severities]

    def on(self, path: Path) -> list[Noted]:
        """Those whose page it is."""
        return [one for one in self.notes if page_of(one.path) == path]

    def link(self, path: Path) -> str:
        return link_of(self.base, path)


def link_of(base: str, path: Path) -> str:
    page = page_of(path)
    rest = f"#{'.'.join(map(str, path))}" if page != path and path else ""
    return f"{base}/felter/{where_of(page)}{rest}"


async def desk(host: Host, request: Request, edition: int | None = None) -> Desk:
    """Problem 404 where there is no such draft, or none that whoever is signed in may write."""
    async with host.transaction(reader(request)) as tx:
        opened = await read_programme_draft(tx, request.path_params["draft_id"], edition)
    if opened is None or not badge_in(request).may(SCOPE, opened.draft.programme_id):
        raise Problem(404, "not_found")
    return looked_at(opened, opened.draft.text)


def looked_at(opened: Opened, text: str) -> Desk:
    """The draft as if it said this."""
    result = check(text, municipalities=opened.municipalities)
    data = read(text).value or {}
    base = f"{HERE}/{opened.draft.id}"
    paths = ((one, path_of_text(one.path)) for one in result.findings)
    notes = [Noted(one, path, spoken(path, data), link_of(base, path)) for one, path in paths]
    numbered = ((by_numbers(data, one.where), one) for one in opened.draft.proposals)
    return Desk(opened, data, result, notes, {path: one for path, one in numbered if path is not None})


def edition_in(text: str) -> int:
    """0 for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_EDITION else 0


def show(host: Host, request: Request, template: str, at: Desk, *, status: int = 200, **values: Any) -> Response:
    """A page of the draft."""
    draft = at.opened.draft
    return render(
        host,
        request,
        f"enrollment/{template}",
        status=status,
        draft=draft,
        desk=at,
        base=at.base,
        title=draft.title or draft.programme_id,
        saved=sent_at(draft.saved_at),
        saved_by=at.opened.names.get(draft.saved_by, ""),
        errors=len(at.of("error")),
        to_choose=sum(bool(one.finding.readings) for one in at.of("error")),
        to_look_at=len(at.proposals),
        said=_DONE.get(request.query_params.get("besked", "")),
        **values,
    )


async def desk_if_there(host: Host, request: Request) -> Desk | None:
    """As `desk`; None where a form was sent a second time, and the draft went with the first."""
    try:
        return await desk(host, request)
    except Problem:
        if request.method == "POST":
            return None
        raise


def done_word(request: Request) -> str | None:
    return _DONE.get(request.query_params.get("besked", ""))
