"""No page takes a form into which no hostile text has been put."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import pytest

from deploy.local.locations import service_names
from tests.integration.enrollment import test_hostile_texts as enrollment
from tests.integration.invoicing import test_hostile_texts as invoicing

WALKED = {"enrollment": set(enrollment.PAGES), "invoicing": set(invoicing.PAGES)}
NO_FORM = {"/api/notifications/calendar/replies"}
"""Takes a mail as it is; `tests/unit/notifications/test_replies.py` reads odd ones."""


@pytest.mark.parametrize("service", service_names())
def test_every_page_that_takes_a_form_is_walked_with_hostile_texts(service: str) -> None:
    where = f"services.{service}.entrypoints.pages"
    host: Any = None
    pages = importlib.import_module(where).pages(host) if find_spec(where) else ()
    takes = {one.path for one in pages if "POST" in one.methods} - NO_FORM
    lacking = f"has no line in PAGES of tests/integration/{service}/test_hostile_texts.py"
    assert takes == WALKED.get(service, set()), f"one of {takes ^ WALKED.get(service, set())} {lacking}"
