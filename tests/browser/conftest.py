"""Makes the fixtures of `tests/support` known here."""

from tests.support.browser import chromium
from tests.support.enrollment_web import town
from tests.support.invoicing_web import counting_house
from tests.support.notifications_web import post_office
from tests.support.workplace import workplace

__all__ = ["chromium", "counting_house", "post_office", "town", "workplace"]
