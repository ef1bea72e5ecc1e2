"""Somebody was erased: what is still to be invoiced is invoiced without their name."""

from __future__ import annotations

from services.invoicing.adapters.forgetting import HOLDINGS
from shared.runtime.erasure import Forgetting

FORGETTING = Forgetting(HOLDINGS)
