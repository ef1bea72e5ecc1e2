"""What a page asks for is there, down to its fonts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Response

from tests.support.browser import visitor
from tests.support.enrollment_desk import P1
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", [f"/tilmeld/{P1}", "/api/enrollment/docs"])
async def test_no_request_of_a_page_fails(chromium: Browser, town: Town, path: str) -> None:
    await town.desk.publish()
    context = await visitor(chromium, town)
    page = await context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (it takes no built-in function)
    lost: list[str] = []
    page.on("requestfailed", lambda request: lost.append(request.url))
    await page.goto(path, wait_until="load")
    await page.evaluate("document.fonts.ready")
    assert [answer.url for answer in answers if answer.status >= 400] == lost == []
    assert any(answer.url.endswith(".css") for answer in answers)
    assert path.startswith("/api") or any(
        answer.url.endswith("ibm-plex-sans-latin-400-normal.woff2") for answer in answers
    )
    await context.close()
