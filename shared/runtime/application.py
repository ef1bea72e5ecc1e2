"""The ASGI application of a service: API, intake, pages, health and clock, with what protects them around."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.base.cause import new_correlation
from shared.base.failures import Failure, classify
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import DOORKEEPER, Host
from shared.runtime.simulation import clock_route
from shared.runtime.why import why_route
from shared.web.api import api_routes, problem_response
from shared.web.intake import intake_routes
from shared.web.metrics import HTTP_ANSWERS, HTTP_SECONDS
from shared.web.pages import static_routes
from shared.web.proxies import BehindGateway
from shared.web.safety import PROGRAM_PATHS, Nameable, SameSite, SecurityHeaders

_TEMPLATES = {404: "web/404.html", 405: "web/404.html", 500: "web/500.html", 503: "web/503.html"}
_FOR_PEOPLE = {"idempotency_key_reused": Problem(409, "form_already_sent")}
"""Where a person meets a problem that is worded for programs."""
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
            who = scope.get("principal")
            _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), who=who)


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


class Failures:
    """Whatever a page raises becomes an answer; what passes by itself (no database for a moment) asks to come again."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Problem], Response]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if begun:
                raise
            problem = Problem(500, "internal_error")
            if classify(error) is Failure.TRANSIENT:
                problem = Problem(503, "unavailable", headers={"Retry-After": "2"})
                _log.warning("unavailable", error=type(error).__name__)
            else:
                _log.error("request_failed", exc_info=error)
            await self._answer(Request(scope, receive), problem)(scope, receive, send)


def _is_program(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith(PROGRAM_PATHS)


def web_application(host: Host) -> ASGIApp:
    """Everything the web role answers. `/_clock` exists only when domain time is simulated."""
    pages = list(host.service.pages(host)) if host.service.pages else []
    routes: list[BaseRoute] = [
        *host.health.routes(),
        *([clock_route(host)] if host.clock.simulated else []),
        # Before the API, whose {invoice_id} would take `K-1.html` for an id.
        *pages,
        *api_routes(
            host.service.name,
            (*host.service.routes, why_route(host.service.name, host.service.explain)),
            host.door,
            host.transaction,
            host.keyring,
            host.pages,
        ),
        *intake_routes(host.door, host.keyring, first_use=host.service.name == DOORKEEPER),
        *static_routes(host.settings.static_dir),
    ]

    def answer(request: Request, problem: Problem) -> Response:
        if _is_program(request.scope):
            return problem_response(problem, new_correlation())
        problem = _FOR_PEOPLE.get(problem.code, problem)
        values = {"problem": problem.as_dict(new_correlation())}
        response = host.pages.render(
            _TEMPLATES.get(problem.status, "web/problem.html"), status=problem.status, **values
        )
        response.headers.update(problem.headers)
        return response

    async def not_found(request: Request, _error: Exception) -> Response:
        return answer(request, Problem(404, "not_found"))

    async def wrong_method(request: Request, error: Exception) -> Response:
        allow = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
        return answer(request, Problem(405, "method_not_allowed", headers={"Allow": allow}))

    async def refused(request: Request, error: Exception) -> Response:
        match error:
            case Problem():
                return answer(request, error)
            case Refused():
                return answer(request, Problem(error.status, error.code, error.detail))
            case _:
                raise error

    async def cross_site(scope: Scope, receive: Receive, send: Send) -> None:
        _log.warning("access_refused", code="cross_site", route=scope.get("template"))
        response = answer(Request(scope, receive), Problem(403, "cross_site"))
        await response(scope, receive, send)

    async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope, receive), Problem(404, "not_found"))(scope, receive, send)

    app = Starlette(
        routes=routes,
        exception_handlers={404: not_found, 405: wrong_method, Problem: refused, Refused: refused},
        middleware=[
            Middleware(BehindGateway, trusted=host.settings.gateways),
            Middleware(Access, host=host),
            Middleware(_Named, routes=routes),
            Middleware(SecurityHeaders, hsts_seconds=host.settings.hsts_seconds),
            Middleware(Nameable, refuse=nowhere),
            Middleware(SameSite, public_url=host.settings.public_url, refuse=cross_site),
            Middleware(Failures, answer=answer),
        ],
    )
    app.router.redirect_slashes = False
    return app


def probe_application(host: Host) -> ASGIApp:
    """For roles without pages and API: health, and the clock if it is simulated."""
    routes = [*host.health.routes(), *([clock_route(host)] if host.clock.simulated else [])]
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])
