"""What is meant to be read by the person who typed the command: one exception of ours, and others' in words."""

from __future__ import annotations

import sys


class StackError(Exception):
    """Says what is wrong and what to do about it, in one or two sentences; shown without a traceback."""


def in_words(error: Exception) -> str | None:
    """What is wrong with what we stand on, in one sentence; None = the fault is ours, and its trace tells of it.

    Nothing is loaded for it: a client that was never loaded has raised nothing.
    """
    kafka, postgres = sys.modules.get("aiokafka.errors"), sys.modules.get("shared.storage.pool")
    if kafka is not None and isinstance(error, kafka.KafkaError):
        lets_nobody_in = (
            kafka.AuthenticationFailedError,
            kafka.SaslAuthenticationFailed,
            kafka.TopicAuthorizationFailedError,
            kafka.GroupAuthorizationFailedError,
            kafka.ClusterAuthorizationFailedError,
        )
        away = error.retriable or isinstance(error, (kafka.KafkaTimeoutError, *lets_nobody_in))
        return f"Kafka svarer ikke som ventet: {type(error).__name__}." if away else None
    if postgres is not None and isinstance(error, postgres.AWAY):
        return f"Databasen svarer ikke som ventet: {type(error).__name__}."
    return None
