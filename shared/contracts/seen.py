"""Two people change the same thing: what each saw before, and what becomes of it when both are heard.

A thing is its fields, by name, as a form has them; what is empty is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.event import natural_id
from shared.contracts.parties import Billing, Person
from shared.contracts.refusal import Refused

CHANGED = "changed_meanwhile"
"""The code of the refusal of whoever was not the first."""
Fields = Mapping[str, str]


def said(whole: Mapping[str, str | None]) -> dict[str, str]:
    """Without what is empty."""
    return {name: text for name, text in whole.items() if text}


def version_of(fields: Fields) -> str:
    """Another one for every content, and the same for the same."""
    return natural_id("seen", repr(sorted(said(fields).items())))


def require_seen(fields: Fields, seen: str | None) -> None:
    """Refused 409 `changed_meanwhile` when it is not as somebody has seen it; None = they did not say."""
    if seen is not None and seen != version_of(fields):
        raise Refused(CHANGED, "Det er rettet af en anden i mellemtiden.", field="seen")


def person_fields(person: Person | None) -> dict[str, str]:
    """Who holds something; nothing = nobody."""
    return said({"name": person.name, "email": person.email}) if person else {}


def billing_fields(billing: Billing) -> dict[str, str]:
    """How somebody is billed, as far as forms ask for it."""
    at = billing.address
    return said(
        {
            "billing.unit": billing.unit,
            "billing.ean": billing.ean,
            "billing.p_number": billing.p_number,
            "billing.order_reference": billing.order_reference,
            "billing.person_reference": billing.person_reference,
            "billing.account_string": billing.account_string,
            "billing.email": billing.email,
            "billing.address.street": at.street if at else None,
            "billing.address.postcode": at.postcode if at else None,
            "billing.address.city": at.city if at else None,
        }
    )


@dataclass(frozen=True, slots=True)
class Clash:
    """What somebody else has changed meanwhile, in fields that are one thing; `field` is the first of them. `both`: so
    has whoever sends the form, to something else.
    """

    fields: tuple[str, ...]
    before: tuple[str, ...]
    theirs: tuple[str, ...]
    mine: tuple[str, ...]
    both: bool

    @property
    def field(self) -> str:
        return self.fields[0]

    def shown(self, which: Sequence[str], as_read: Callable[[str, str], str] = lambda _, text: text) -> str:
        """One of `before`, `theirs` and `mine`, as somebody reads it."""
        pairs = zip(self.fields, which, strict=True)
        return ", ".join(filter(None, (as_read(name, text) for name, text in pairs if text)))


@dataclass(frozen=True, slots=True)
class Merged:
    """What holds when both are heard: mine where I changed something, and else what stands there now."""

    values: Fields
    clashes: tuple[Clash, ...]


def merged(base: Fields, now: Fields, typed: Fields, together: Sequence[tuple[str, ...]] = ()) -> Merged:
    """`base`: as the form was shown; `now`: as it stands; `typed`: as it was sent. Fields that are one thing
    (`together`: a name and its address) are never mixed.
    """
    values: dict[str, str] = {}
    clashes = []
    grouped = {name for one in together for name in one}
    alone = [(name,) for name in dict.fromkeys([*typed, *now, *base]) if name not in grouped]
    for one in [*together, *alone]:
        was, stands, mine = (tuple(held.get(name, "") for name in one) for held in (base, now, typed))
        values |= dict(zip(one, stands if mine == was else mine, strict=True))
        if stands not in {was, mine}:
            clashes.append(Clash(one, was, stands, mine, both=mine != was))
    return Merged(said(values), tuple(clashes))
