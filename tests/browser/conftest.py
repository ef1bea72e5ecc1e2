"""Makes the fixtures of `tests/support` known here."""

from tests.support.browser import chromium
from tests.support.enrollment_desk import link_key
from tests.support.enrollment_web import town

__all__ = ["chromium", "link_key", "town"]
