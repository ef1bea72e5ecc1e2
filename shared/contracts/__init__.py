"""The language between services. Importing any of it enters every fact and command in the registries."""

from __future__ import annotations

from shared.contracts import enrollment, invoicing, notifications, scheduling

__all__ = ["enrollment", "invoicing", "notifications", "scheduling"]
