"""Makes the fixtures of `tests/support` known here."""

from tests.support.enrollment_desk import desk
from tests.support.enrollment_web import town
from tests.support.link_key import link_key

__all__ = ["desk", "link_key", "town"]
