"""Makes the fixtures of `tests/support` known here."""

from tests.support.browser import chromium
from tests.support.enrollment_web import town
from tests.support.invoicing_web import counting_house
from tests.support.link_key import link_key

__all__ = ["chromium", "counting_house", "link_key", "town"]
