"""Makes the fixtures of `tests/support` known here."""

from tests.support.enrollment_desk import desk
from tests.support.enrollment_web import town
from tests.support.workplace import workplace

__all__ = ["desk", "town", "workplace"]
