"""What tables forget, and when: rules that housekeeping keeps to, in small transactions. Machine time."""

from __future__ import annotations

from dataclasses import dataclass

from shared.storage.tx import Connection, Pool

CHUNK = 5000
"""Rows that one transaction forgets at most."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`statement` deletes or empties at most `$2` rows of the table that are older than `$1` days.

    It compares with `now()`, for which an index can be asked, as it cannot for `clock_timestamp()`. And it names rows
    by where they lie (`ctid`), so that no plan compares them with all others; one that somebody changes at that moment
    is looked at anew.
    """

    table: str
    days: int
    statement: str


async def keep_to(rule: Rule, connection: Connection | Pool, chunk: int = CHUNK) -> int:
    """Until nothing is left that is too old, each statement in a transaction of its own; how many rows that was."""
    forgotten = 0
    while True:
        removed = int((await connection.execute(rule.statement, rule.days, chunk)).rpartition(" ")[2])
        forgotten += removed
        if removed < chunk:
            return forgotten
