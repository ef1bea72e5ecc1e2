"""A "no" of the domain: an answer to whoever asked, never an error of ours, never retried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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


class Together:
    """Looks at one thing after the other, so that whoever asked is told all that is wrong at once."""

    def __init__(self) -> None:
        self.wrong: list[Refused] = []

    def look(self, rule: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What the rule answers; None when it refuses, which is remembered."""
        try:
            return rule(*args, **kwargs)
        except Refused as refused:
            self.wrong.append(refused)
            return None

    def require(self) -> None:
        """Refused when anything was."""
        if self.wrong:
            raise several(self.wrong)


def several(refusals: Sequence[Refused]) -> Refused:
    """The one there is, or 422 `validation_failed` with `errors`: every one of them, by field."""
    if len(refusals) == 1:
        return refusals[0]
    errors = [
        error
        for one in refusals
        for error in one.extra.get("errors") or [{"field": one.field or "", "code": one.code, "detail": one.detail}]
    ]
    return Refused("validation_failed", f"{len(errors)} oplysninger skal rettes.", status=422, errors=errors)
