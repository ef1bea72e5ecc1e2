"""The ASGI application of a service: API, intake, pages, health and clock, with what protects them around."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from shared.messaging.intake import intake_routes
from shared.runtime.api import api_routes, problem_response
from shared.runtime.correlation import new_correlation
from shared.runtime.problems import Problem
from shared.runtime.simulation import clock_route
from shared.runtime.telemetry import HTTP_ANSWERS, HTTP_SECONDS
from shared.web.pages import static_routes
from shared.web.safety import PROGRAM_PATHS, SameSite, SecurityHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.runtime.service import Host

_UNCOUNTED = ("/livez", "/readyz", "/metrics", "/_clock")

_log = structlog.get_logger()


class Access:
    """Counts, times and logs each request by its route's template: never the path, which may hold a token."""

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNCOUNTED:
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with self._host.activity.busy():
                await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            method, route = scope["method"], scope.get("template", "none")
            HTTP_SECONDS.labels(method, route).observe(seconds)
            HTTP_ANSWERS.labels(method, route, status).inc()
            _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class _Named:
    """Leaves the template of the route that answers in the scope, for Access."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._routes:
                match, _ = route.matches(scope)
                if match is not Match.NONE:
                    scope["template"] = getattr(route, "path", "none")
                    break
        await self._app(scope, receive, send)


def _is_program(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith(PROGRAM_PATHS)


def web_application(host: Host) -> ASGIApp:
    """Everything the web role answers. `/_clock` exists only when domain time is simulated."""
    tokens = host.settings.tokens
    pages = list(host.service.pages(host)) if host.service.pages else []
    routes: list[BaseRoute] = [
        *host.health.routes(),
        *([clock_route(host)] if host.clock.simulated else []),
        *api_routes(host.service.name, host.service.routes, host.door, host.transaction, tokens),
        *intake_routes(host.door, tokens),
        *pages,
        *static_routes(host.settings.static_dir),
    ]

    def page_or_problem(request: Request, problem: Problem, template: str) -> Response:
        if _is_program(request.scope):
            return problem_response(problem, new_correlation())
        response = host.pages.render(template, status=problem.status)
        response.headers.update(problem.headers)
        return response

    async def not_found(request: Request, _error: Exception) -> Response:
        return page_or_problem(request, Problem(404, "not_found"), "web/404.html")

    async def wrong_method(request: Request, error: Exception) -> Response:
        allow = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
        return page_or_problem(request, Problem(405, "method_not_allowed", headers={"Allow": allow}), "web/404.html")

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, Problem):
            raise error
        template = {404: "web/404.html", 503: "web/503.html"}.get(error.status, "web/problem.html")
        if _is_program(request.scope):
            return problem_response(error, new_correlation())
        values: dict[str, Any] = {} if template != "web/problem.html" else {"problem": error.as_dict(new_correlation())}
        response = host.pages.render(template, status=error.status, **values)
        response.headers.update(error.headers)
        return response

    async def failed(request: Request, error: Exception) -> Response:
        _log.error("request_failed", exc_info=error)
        return page_or_problem(request, Problem(500, "internal_error"), "web/500.html")

    async def cross_site(scope: Scope, receive: Receive, send: Send) -> None:
        response = await refused(Request(scope, receive), Problem(403, "cross_site"))
        await response(scope, receive, send)

    app = Starlette(
        routes=routes,
        exception_handlers={404: not_found, 405: wrong_method, Problem: refused, 500: failed},
        middleware=[
            Middleware(Access, host=host),
            Middleware(_Named, routes=routes),
            Middleware(SecurityHeaders),
            Middleware(SameSite, public_url=host.settings.public_url, refuse=cross_site),
        ],
    )
    app.router.redirect_slashes = False
    return app


def probe_application(host: Host) -> ASGIApp:
    """For roles without pages and API: health, and the clock if it is simulated."""
    return Starlette(routes=[*host.health.routes(), *([clock_route(host)] if host.clock.simulated else [])])
