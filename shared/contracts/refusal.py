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
            raise together(self.wrong)


def together(refusals: Sequence[Refused]) -> Refused:
    """One "no" that says all of them, each at its field, so that nobody has to try five times. Alone it is itself."""
    if len(refusals) == 1:
        return refusals[0]
    errors = [error for one in refusals for error in errors_of(one)]
    detail = f"{len(errors)} oplysninger skal rettes. " + " ".join(dict.fromkeys(one["detail"] for one in errors))
    return Refused("validation_failed", detail, status=422, errors=errors)


def errors_of(refused: Refused) -> list[dict[str, str]]:
    """Each thing that it says is wrong: {field, code, detail}."""
    said: list[dict[str, str]] | None = refused.extra.get("errors")
    return said or [{"field": refused.field or "", "code": refused.code, "detail": refused.detail}]
