"""Somebody was erased: nothing more is sent to them, and what was said to them, or of them, is forgotten."""

from __future__ import annotations

from services.notifications.adapters.forgetting import HOLDINGS, withhold
from shared.runtime.erasure import Forgetting

FORGETTING = Forgetting(HOLDINGS, first=withhold)
