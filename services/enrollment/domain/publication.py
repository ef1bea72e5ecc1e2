"""When a programme file becomes a published programme, and when a later one takes its place."""

from __future__ import annotations

from typing import Literal

from shared.contracts.programme import ProgrammeTerms
from shared.contracts.refusal import Refused

Outcome = Literal["published", "changed", "unchanged"]


def decide(current: ProgrammeTerms | None, new: ProgrammeTerms, source: str) -> Outcome:
    """Refused `version_not_higher` for other content under a version that is already published.

    The owner of a programme never changes: others have bound its facts to it.
    """
    if new.ref.owner != source:
        raise Refused(
            "other_owner", f"Filen siger, at {new.ref.owner} ejer tilmeldingerne; så skal den udgives dér.", status=422
        )
    if current is None:
        return "published"
    if current == new:
        return "unchanged"
    if new.ref.version <= current.ref.version:
        raise Refused(
            "version_not_higher",
            f"Version {current.ref.version} er udgivet. Giv filen en højere version, når noget er ændret.",
            version=current.ref.version,
        )
    return "changed"
