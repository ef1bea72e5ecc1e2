"""The inbox lets every event pass as new, and remembers none: what Kafka delivers again is taken in again."""

from __future__ import annotations

from shared.messaging import inbox


def apply() -> None:
    inbox._TAKE = """
    SELECT uid FROM unnest($2::uuid[]) AS u (uid)
    WHERE ($1::text, $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[], $9::text[],
           $10::text[], $11::text[]) IS NOT NULL
    """
