"""Makes the fixtures of `tests/support` known here."""

from tests.support.enrollment_desk import desk
from tests.support.enrollment_web import town

__all__ = ["desk", "town"]
