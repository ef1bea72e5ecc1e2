"""Makes the fixtures of `tests/support` known here."""

from tests.support.branch import diary_office, money_office
from tests.support.browser import chromium
from tests.support.enrollment_web import town
from tests.support.invoicing_web import counting_house
from tests.support.notifications_web import calendar_office
from tests.support.post_office import post_office
from tests.support.workplace import workplace

__all__ = [
    "calendar_office",
    "chromium",
    "counting_house",
    "diary_office",
    "money_office",
    "post_office",
    "town",
    "workplace",
]
