"""What the check of a programme file finds: a stable code, a place in the file, and what to do about it in Danish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "open", "warning"]
"""error = cannot be published; open = a choice between readings, shown each time; warning = look again."""

Path = tuple[str | int, ...]

CODES: dict[str, Severity] = {
    "activity_incomplete": "error",
    "alias": "error",
    "bad_value": "error",
    "bank_missing": "error",
    "billing_mismatch": "error",
    "billing_unasked": "warning",
    "capacity_mismatch": "error",
    "choices_mismatch": "error",
    "condition_mismatch": "error",
    "chosen_not_a_reading": "error",
    "deadline_after_start": "error",
    "duplicate_id": "error",
    "duplicate_key": "error",
    "empty": "error",
    "ends_before_start": "error",
    "extra_mismatch": "error",
    "fees_do_not_add_up": "error",
    "file_name_mismatch": "error",
    "forbehold_mismatch": "error",
    "forbehold_unasked": "warning",
    "group_count_mismatch": "error",
    "invitation_mismatch": "error",
    "invitation_order": "error",
    "invited_mismatch": "error",
    "limit_mismatch": "error",
    "invoice_before_deadline": "error",
    "look_unreadable": "error",
    "members_mismatch": "error",
    "meeting_on_holiday": "error",
    "meeting_on_quiet_day": "warning",
    "meeting_on_weekend": "warning",
    "meeting_outside_period": "warning",
    "missing_field": "error",
    "needs_mismatch": "error",
    "no_deadline": "warning",
    "open_reading": "open",
    "option_mismatch": "error",
    "option_of_two_steps": "warning",
    "payment_incomplete": "error",
    "precision_mismatch": "error",
    "reading_not_chosen": "error",
    "region_in_two_groups": "error",
    "region_without_group": "error",
    "role_mismatch": "error",
    "seats_mismatch": "error",
    "series_taken": "error",
    "several_documents": "error",
    "tag": "error",
    "team_mismatch": "error",
    "terms_too_long": "warning",
    "too_deep": "error",
    "too_large": "error",
    "unknown_field": "error",
    "unknown_reference": "error",
    "unused_kind": "warning",
    "vat_exemption_missing": "error",
    "vat_rate_not_danish": "error",
    "waiting_list_all_the_same": "warning",
    "weekday_mismatch": "error",
    "withdrawal_mismatch": "error",
    "yaml_syntax": "error",
}
"""Every code there is. A code keeps its meaning for ever; docs/programmes.md explains each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a fact: `value` is what to write as `chosen:`, `text` what it means."""

    value: str
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` and `column` count from 1; `path` is like meetings[4].weekday, empty for the file as a whole."""

    code: str
    line: int
    column: int
    path: str
    message: str
    readings: tuple[Reading, ...] = ()

    @property
    def severity(self) -> Severity:
        return CODES[self.code]


def path_text(path: Path) -> str:
    """meetings[4].weekday from ("meetings", 4, "weekday")."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def path_of_text(text: str) -> Path:
    """The other way round."""
    steps: list[str | int] = []
    for part in text.replace("[", ".[").split("."):
        if part.startswith("["):
            steps.append(int(part[1:-1]))
        elif part:
            steps.append(part)
    return tuple(steps)
