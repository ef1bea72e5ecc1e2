"""The inbox lets every event pass as new, and remembers none: what Kafka delivers again is taken in again."""

from __future__ import annotations

from typing import Any

from shared.messaging import rows


def taking(_consumer: str, columns: Any) -> tuple[str, list[Any]]:
    return "SELECT uid::text FROM unnest($1::uuid[]) AS u (uid)", [columns["uid"]]


def apply() -> None:
    rows.taking = taking
