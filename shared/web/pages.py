"""Pages of a service: its own templates, in the layout that all services share."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import BytecodeCache, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from shared.base.acts import Act
from shared.contracts.danish import clock, day_and_clock, kroner, long_day, short_day

HERE = Path(__file__).parent
NAVIGATION = (
    ("Arbejdsbord", "/stab", ""),
    ("Søg", "/stab/soeg", "enrollment.enrolments"),
    ("Adressebog", "/stab/adressebog", "enrollment.organisations"),
    ("Redigering", "/stab/redigering", "enrollment.PublishProgramme"),
    ("Adgang", "/stab/adgang", "enrollment.staff"),
)
"""Of the pages for staff: label, address, and the scope that whoever sees it has somewhere; "" = everybody sees it."""


@dataclass(frozen=True, slots=True)
class Accessibility:
    """What every page links: the statement, and who hears of a barrier (None = the organiser)."""

    statement: str = "/tilgaengelighed"
    contact: str | None = None


class Pages:
    """`render("enrollment/sign_up.html", …)`: the prefix names the service whose `templates/` it lies in.

    Everything is escaped, and a name that the template asks for and nobody gave is an error.
    """

    compiled: ClassVar[BytecodeCache | None] = None
    """Where several in one process keep templates that are compiled: a service has one and needs none."""

    def __init__(
        self, service: str, templates: Path, *, public_url: str, accessibility: Accessibility = Accessibility()
    ) -> None:
        self.environment = Environment(
            loader=PrefixLoader(
                {"web": FileSystemLoader(HERE / "templates"), service: FileSystemLoader(templates)},
            ),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=self.compiled,
        )
        self.environment.filters.update(
            kroner=kroner, dag=long_day, dato=short_day, tidspunkt=day_and_clock, klokken=clock
        )
        self.environment.globals.update(accessibility=accessibility)
        self._values: Mapping[str, Any] = {}
        self.environment.globals.update(public_url=public_url, service=service, navigation=NAVIGATION)

    def with_values(self, **values: Any) -> Pages:
        """The same pages, each shown with these values too."""
        found = copy.copy(self)
        found._values = {**self._values, **values}  # noqa: SLF001  (its own copy)
        return found

    def render(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """The page. It is about somebody, so nobody keeps it (`no-store`) unless `headers` say otherwise."""
        text = self.environment.get_template(template).render(**{**self._values, **values})
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})

    def fragment(self, template: str, block: str, **values: Any) -> str:
        """One block of a template, for a part of a page that is exchanged."""
        found = self.environment.get_template(template)
        return "".join(found.blocks[block](found.new_context(values)))


class _Static(StaticFiles):
    """Files that change only with a release: kept for an hour, then asked about again by ETag."""

    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().file_response(*args, **kwargs)
        response.headers.setdefault("Cache-Control", "public, max-age=3600")
        return response


def static_routes(static_dir: Path | None) -> list[BaseRoute]:
    """`/static/tovholder/…` is ours; everything else under `/static` lies in `static_dir` (dkfds, htmx)."""
    routes: list[BaseRoute] = [Mount("/static/tovholder", _Static(directory=HERE / "static"), name="tovholder")]
    if static_dir is not None:
        routes.append(Mount("/static", _Static(directory=static_dir, check_dir=False), name="static"))
    return routes


def page(host: Any, path: str, shown: Callable[..., Awaitable[Response]], *asked: Act) -> BaseRoute:
    """A line in a table of pages: `shown(host, *asked, request)`. Where an act may be asked for, it takes forms too."""
    return Route(path, partial(shown, host, *asked), methods=["GET", "POST"] if asked else ["GET"])
