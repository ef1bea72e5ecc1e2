"""What whoever opens a page waits for: its first paint in a real Chromium, and how many bytes it takes.

Every page of every service, found from the routes, in a large installation (all 98 municipalities, 40 meetings) behind
the real gateway, which compresses what is the same for everybody. Each time with nothing in the browser's cache; the
slower of two counts. The services share one process here, and browser, services and servers share the machine: on one's
own it is faster.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import tempfile
from functools import partial
from pathlib import Path

import httpx
import structlog
from playwright.async_api import Page

from bench.harness import Row, Servers, step
from deploy.local import caddy, process
from deploy.local.locations import service_names
from deploy.local.ports import HOST, free_ports
from tests.support.browser import open_chromium
from tests.support.eventually import eventually
from tests.support.every_page import FIGURES, LARGEST_BYTES, of_people, programme_of_all, where_staff_find
from tests.support.oidc import provider
from tests.support.whole import Whole, filled, open_whole

TIMES = 2
SLOWEST_PAINT_MS = 1_000
PATIENCE_S = 20


Figures = tuple[int, float]
"""Bytes without pictures, and milliseconds until something was painted."""


async def _looked_at(page: Page, paths: dict[str, str]) -> dict[str, list[Figures]]:
    """By the route; the first round is not counted: templates are read and statements prepared in it."""
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    found: dict[str, list[Figures]] = {template: [] for template in paths}
    for number in range(TIMES + 1):
        for template, path in paths.items():
            answer = await page.goto(path)
            assert answer is not None, template
            assert answer.status in (200, 400), (template, answer.status)
            if await page.query_selector("[hx-get]"):
                await page.wait_for_load_state("networkidle")
            if number:
                size, painted = await page.evaluate(FIGURES)
                found[template].append((size, painted))
    return found


async def _all_pages(whole: Whole, folder: Path) -> dict[str, list[Figures]]:
    client = await whole.workplace.signed_in("administrator")
    await filled(whole, programme_of_all())
    staff = {route.path: path for route, path in await where_staff_find(whole)}
    people = await of_people(whole)
    (port,) = free_ports(1)
    behind = dict.fromkeys(service_names(), whole.url.removeprefix("http://"))
    command = caddy.command(folder, port, HOST, behind, folder / "gateway.log")
    running = process.start(command)
    try:
        whole.url = f"http://{HOST}:{port}"
        await eventually(partial(_answers, whole.url), PATIENCE_S)  # type: ignore[arg-type]  # T is not found in a union
        async with open_chromium(folder) as chromium:
            step("first paint of staff's pages")
            context = await whole.browser(chromium, client)
            found = await _looked_at(await context.new_page(), staff)
            step("first paint of everybody's pages")
            context = await whole.browser(chromium, None)
            return found | await _looked_at(await context.new_page(), people)
    finally:
        await asyncio.to_thread(process.stop, running, command)


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"{url}/static/tovholder/tovholder.css")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


async def run(servers: Servers) -> list[Row]:
    # Each request would be a line above the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    key = Path(os.environ["TOVHOLDER_LINK_KEY_FILE"])
    step("a large installation")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with provider(folder / "oidc") as known, open_whole(servers.fresh, key, known, folder) as whole:
            found = await _all_pages(whole, folder)
    painted = {page: max(ms for _, ms in seen) for page, seen in found.items()}
    runs = sorted(painted.values())
    slowest = max(painted, key=painted.__getitem__)
    heaviest = max(found, key=lambda page: found[page][0][0])
    kilobytes = [seen[0][0] / 1000 for seen in found.values()]
    return [
        Row(f"first paint: half of {len(found)} pages", statistics.median(runs), "ms", note="nothing cached"),
        Row("first paint: 95 of 100 pages", statistics.quantiles(runs, n=20)[-1], "ms"),
        Row(
            "first paint: the slowest page",
            runs[-1],
            "ms",
            target=f"≤ {SLOWEST_PAINT_MS:,} ms",
            reached=runs[-1] <= SLOWEST_PAINT_MS,
            note=slowest,
            runs=runs,
        ),
        Row(
            "bytes of the heaviest page, no pictures",
            max(kilobytes),
            "kB",
            target=f"≤ {LARGEST_BYTES // 1000} kB",
            reached=1000 * max(kilobytes) <= LARGEST_BYTES,
            note=f"{heaviest}; half of them {statistics.median(kilobytes):.0f} kB",
            runs=kilobytes,
        ),
    ]
