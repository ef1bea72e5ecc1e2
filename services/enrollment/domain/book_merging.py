"""Two entries of the address book that are one organisation: the one goes, and is read through the one that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.enrollment.domain.address_book import Entry, Unit, require_own
from services.enrollment.domain.billing import over
from shared.contracts.decision import Decision
from shared.contracts.enrollment import OrganisationsMerged
from shared.contracts.refusal import Refused, together


def merge(goes: Entry, stays: Entry, owner: str, now: datetime) -> Decision[Entry]:
    """The entry that stays, with all that the other has and it lacks. Said again it changes nothing.

    Of what both say, that of the one that stays holds. Refused where a municipality would go into a member, and where
    both have a unit of one id that are not the same: invoices are sent by it.
    """
    if goes.organisation.code == stays.organisation.code:
        raise Refused("same_organisation", "Det er den samme organisation.", status=422, field="into")
    if goes.merged_into == stays.organisation.code:
        return Decision(stays)
    for one in (goes, stays):
        require_own(one)
    if goes.member_of is None and stays.member_of is not None:
        detail = f"{goes.organisation.name} kan tilmelde sig selv og skal derfor være den, der bliver."
        raise Refused("municipality_stays", detail, status=422, field="into")
    after = replace(
        stays,
        organisation=stays.organisation.model_copy(update={"cvr": stays.organisation.cvr or goes.organisation.cvr}),
        main_email=stays.main_email or goes.main_email,
        roles={**(goes.roles or {}), **(stays.roles or {})},
        billing=over(goes.billing, stays.billing),
        mailboxes=stays.mailboxes | goes.mailboxes,
        domains=stays.domains | goes.domains,
        units=_units(goes, stays),
    )
    fact = OrganisationsMerged(owner=owner, organisation=goes.organisation, into=after.organisation, merged_at=now)
    return Decision(after, (fact,))


def _units(goes: Entry, stays: Entry) -> tuple[Unit, ...]:
    known: Mapping[str, Unit] = {one.id: one for one in stays.units}
    both = [one for one in goes.units if one.id in known and one != known[one.id]]
    if both:
        raise together(
            [
                Refused(
                    "unit_in_both",
                    f"Begge har en enhed »{one.id}«, og de er ikke ens. Ret dem til det samme, eller fjern den ene.",
                    field="into",
                )
                for one in both
            ]
        )
    units = {**{one.id: one for one in goes.units}, **known}
    return tuple(units[one] for one in sorted(units))
