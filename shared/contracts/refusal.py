"""A "no" of the domain: an answer to whoever asked, never an error of ours, never retried."""

from __future__ import annotations

from typing import Any


class Refused(Exception):  # noqa: N818  (a refusal is an answer, not an error)
    """Why a command is not carried out: stable `code` for machines, `detail` in Danish for people, and the `field`.

    `status` is the HTTP status of the answer; `extra` are further members of the problem details (RFC 9457 § 3.2),
    such as `errors`: a list of {field, code, detail}.
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, field: str | None = None, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.status = status
        self.field = field
        self.extra = extra
