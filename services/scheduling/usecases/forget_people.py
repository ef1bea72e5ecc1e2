"""Somebody was erased. No table of scheduling is about people: what was told, heard and answered is gone through."""

from __future__ import annotations

from shared.runtime.erasure import Forgetting

FORGETTING = Forgetting(())
