"""What a mail server's answer means for a message. RFC 5321 § 4.2: 4yz = try later, 5yz = never."""

from __future__ import annotations

from datetime import timedelta

GIVE_UP_AFTER = timedelta(days=4)
"""RFC 5321 § 4.5.4.1: four to five days. Machine time."""
LONGEST_PAUSE_S = 3600.0
_SERVER_TROUBLE = frozenset({421, 454, 530, 534, 535, 538})
"""The server closes, or wants another log-in: no message's fault, so none fails for it."""


def is_final(code: int) -> bool:
    return 500 <= code <= 599  # noqa: PLR2004  (the reply codes of RFC 5321)


def is_server_trouble(code: int) -> bool:
    return code in _SERVER_TROUBLE


def is_given_up(waited: timedelta) -> bool:
    """Whether it has been tried for so long, machine time, that "later" means never."""
    return waited > GIVE_UP_AFTER


def pause_s(attempts: int, first_s: float) -> float:
    """Seconds until the next try after so many: doubled each time, an hour at most."""
    return float(min(LONGEST_PAUSE_S, first_s * 2 ** min(attempts - 1, 20)))
