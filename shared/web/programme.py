"""The pages of one programme, whichever service shows them: one row of tabs, and the same words above it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.web.badge import Badge

TABS = (
    ("Tilmeldinger", "/stab/forloeb/{}", "enrollment.enrolments"),
    ("Deltagere", "/stab/forloeb/{}/deltagere", "enrollment.enrolments.participants"),
    ("Formularer", "/stab/forloeb/{}/formularer", "enrollment.sign-ups"),
    ("Venteliste", "/stab/forloeb/{}/venteliste", "enrollment.programmes.waiting-list"),
    ("Mails", "/notifications/stab/forloeb/{}/mails", "notifications.programmes.mails"),
    ("Historik", "/stab/forloeb/{}/historik", "enrollment.programmes.audit"),
)
"""Label, address, and the scope that it is open to."""


def tabs_of(badge: Badge, programme_id: str) -> Sequence[tuple[str, str]]:
    """Those that this badge opens in the programme."""
    return [(title, path.format(programme_id)) for title, path, scope in TABS if badge.may(scope, programme_id)]
