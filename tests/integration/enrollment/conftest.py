"""Makes the fixtures of `tests/support/enrollment_desk.py` known here."""

from tests.support.enrollment_desk import desk, link_key

__all__ = ["desk", "link_key"]
