"""The one exception of the local stack that is meant to be read by the person who typed the command."""

from __future__ import annotations


class StackError(Exception):
    """Says what is wrong and what to do about it, in one or two sentences; shown without a traceback."""
