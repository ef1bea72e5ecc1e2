"""Forgetting a person in JSON and in texts: who is sought, and what is written in their place.

An object that names an erased person by its id keeps the id and loses the name and the address beside it. Where only
words are known (a line of text, a key, a field that has no id beside it) the person's addresses and names are replaced
as they were written. Somebody else of the same name is not touched: names are sought only in what names the person by
id or address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pydantic_core import from_json, to_json

from shared.contracts.addresses import is_erased
from shared.contracts.event import COMMANDS
from shared.contracts.parties import ERASED_NAME, erased_email

PERSON_IDS = ("person_id", "applicant_id", "recipient")
NAMES = ("name", "written_name", "person_name", "contact_name")
EMAILS = ("email", "written_email", "contact_email", "address_key", "contact_key")
REFERENCE = "person_reference"
SHORTEST_WORD = 2
"""A name of one letter is not sought in a text: an initial may be anybody's."""
_OURS = re.compile(r"[a-z0-9_.:/-]+")
"""How words that programs agree on are written: a text that is nothing else is no name, whatever somebody is called."""


@dataclass(frozen=True)
class Sought:
    """Somebody who is forgotten: the first of `person_ids` is who the others stand for.

    `addresses` are in lower case. Both lists of words are in the order in which they became known. `by_id`: only what
    names one of the ids is about them; whoever has an address of theirs by now, and another id, is somebody new.
    """

    person_ids: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    by_id: bool = False

    @property
    def known_by(self) -> tuple[str, ...]:
        """The addresses by which something is about them that names none of their ids."""
        return () if self.by_id else self.addresses

    @cached_property
    def stands_for(self) -> Mapping[str, str]:
        """Address → what is written instead of it."""
        return {address: erased_email(self.person_ids[0], number) for number, address in enumerate(self.addresses)}

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self.person_ids)

    @cached_property
    def _addresses(self) -> re.Pattern[str] | None:
        return _any_of(self.addresses, re.IGNORECASE)

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        return _any_of([name for name in self.names if len(name) >= SHORTEST_WORD and name != ERASED_NAME], 0)

    def and_words(self, names: Collection[str], addresses: Collection[str]) -> Sought:
        """With those that became known since."""
        return replace(
            self,
            addresses=_and(self.addresses, [one.lower() for one in addresses if one and not is_erased(one)]),
            names=_and(self.names, [one for one in names if one and one != ERASED_NAME]),
        )

    def in_text(self, text: str) -> str:
        """The text without the person's addresses and names."""
        text = self.in_key(text)
        if self._names is None or (text in self.names and _OURS.fullmatch(text)):
            return text
        return self._names.sub(ERASED_NAME, text)

    def in_key(self, key: str) -> str:
        """What a field is called, without the addresses: no field is called as somebody is."""
        return key if self._addresses is None else self._addresses.sub(self._instead_of, key)

    def _instead_of(self, found: re.Match[str]) -> str:
        return self.stands_for[found[0].lower()]

    def in_json(self, value: Any) -> Any:
        """The same value without the person, keys of objects too."""
        if isinstance(value, str):
            return self.in_text(value)
        if isinstance(value, list):
            return [self.in_json(one) for one in value]
        if isinstance(value, dict):
            named = self._id_in(value)
            spared = self.by_id and named is None and any(_text(value.get(key)) for key in PERSON_IDS)
            if named is None and not spared and any(_text(value.get(key)).lower() in self.stands_for for key in EMAILS):
                named = self.person_ids[0]
            known: dict[str, Any] = {} if named is None else dict(self._instead(value, named))
            if (said := _text(value.get(REFERENCE))) and self.in_text(said) != said:
                # Whom an invoice refers to is nobody, and not somebody called by another word.
                known[REFERENCE] = None
            if spared:
                known |= {key: value[key] for key in (*NAMES, *EMAILS) if key in value}
            return {self.in_key(key): known[key] if key in known else self.in_json(one) for key, one in value.items()}
        return value

    def in_event(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """A CloudEvent without the person: what is said around its data is said in our words."""
        around = replace(self, names=()).in_json({key: one for key, one in event.items() if key != "data"})
        return {**around, **({"data": self.in_json(event["data"])} if "data" in event else {})}

    def names_somebody(self, value: Any) -> bool:
        """Whether an object in it has one of the ids, or one of the addresses stands in it."""
        if isinstance(value, str):
            return not self.by_id and self._addresses is not None and self._addresses.search(value) is not None
        if isinstance(value, list):
            return any(self.names_somebody(one) for one in value)
        if isinstance(value, dict):
            return self._id_in(value) is not None or any(
                self.names_somebody(key) or self.names_somebody(one) for key, one in value.items()
            )
        return False

    def _id_in(self, value: Mapping[str, Any]) -> str | None:
        return next((value[key] for key in PERSON_IDS if _text(value.get(key)) in self.ids), None)

    def _instead(self, value: Mapping[str, Any], named: str) -> Iterator[tuple[str, str]]:
        for key in NAMES:
            if _text(value.get(key)):
                yield key, ERASED_NAME
        for key in EMAILS:
            if email := _text(value.get(key)):
                yield key, self.stands_for.get(email.lower(), email if is_erased(email) else erased_email(named))


def words_in(value: Any, person_ids: Collection[str]) -> tuple[list[str], list[str]]:
    """Names and addresses that stand beside one of these ids."""
    names: list[str] = []
    emails: list[str] = []
    if isinstance(value, list):
        for one in value:
            more = words_in(one, person_ids)
            names += more[0]
            emails += more[1]
    elif isinstance(value, dict):
        if any(_text(value.get(key)) in person_ids for key in PERSON_IDS):
            names += [value[key] for key in NAMES if _text(value.get(key))]
            emails += [value[key] for key in EMAILS if "@" in _text(value.get(key))]
        more = words_in(list(value.values()), person_ids)
        names += more[0]
        emails += more[1]
    return names, emails


def forget_in_bytes(raw: bytes, sought: Sought) -> bytes | None:
    """What is left of it: JSON without the person; a text that is none without their words; None = nothing, for it
    cannot be read, or it names the person by id and may call them anything.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError:
        pass
    else:
        value, replaced = _apart(value)
        if not sought.names_somebody(value):
            return raw
        # Of several who have nothing to do with each other, whoever stands here is called as it says here.
        known = (replace(sought, names=()) if sought.by_id else sought).and_words(*words_in(value, sought.ids))
        is_event = isinstance(value, dict) and "specversion" in value
        after = known.in_event(value) if is_event else known.in_json(value)
        if after == value:
            return raw
        return to_json({**after, "data": {**after["data"], **replaced}} if replaced else after)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        read = raw.decode("latin-1").lower()
        return None if any(one.lower() in read for one in (*sought.person_ids, *sought.known_by)) else raw
    if any(one in text for one in sought.person_ids):
        return None
    return raw if sought.by_id else sought.in_text(text).encode()


def _apart(value: Any) -> tuple[Any, Mapping[str, Any]]:
    """A command without the id of whom it replaces, for what stands beside that is about somebody else; and the id."""
    if not isinstance(value, dict) or not isinstance(data := value.get("data"), dict):
        return value, {}
    command = COMMANDS.get(_text(value.get("type")))
    if command is None or not command.names_another or "person_id" not in data:
        return value, {}
    beside = {key: one for key, one in data.items() if key != "person_id"}
    return {**value, "data": beside}, {"person_id": data["person_id"]}


@dataclass
class ErasureList:
    """Whom a reader brings back no more, as of its last look."""

    person_ids: set[str] = field(default_factory=set)
    seen: int = 0
    """The number of the newest one."""

    def add(self, number: int, person_id: str) -> None:
        self.person_ids.add(person_id)
        self.seen = max(self.seen, number)

    def without_the_erased(self, raw: bytes | None) -> bytes | None:
        """The same bytes, or, where they name somebody who is erased, what is left of them."""
        if not self.person_ids or not raw or not (found := self._named(raw)):
            return raw
        for person_id in found:
            left = forget_in_bytes(raw, Sought((person_id,)))
            if left is None:
                return None
            raw = left
        return raw

    def _named(self, raw: bytes) -> list[str]:
        if b"\\u" in raw:
            # Escaped characters may hide an id.
            with suppress(ValueError):
                raw = to_json(from_json(raw, allow_inf_nan=False))
        said = {found.decode("utf-8", "replace") for found in _PERSON_ID.findall(raw)}
        return sorted(said & self.person_ids)


_PERSON_ID = re.compile(rb'"(?:person_id|applicant_id|recipient)"\s*:\s*"([^"\\]{1,255})"')


def _any_of(words: Sequence[str], flags: int) -> re.Pattern[str] | None:
    """The longest first, each as a word of its own."""
    if not words:
        return None
    listed = "|".join(re.escape(one) for one in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![\w.+-])(?:{listed})(?!\.?[\w-])", flags)


def _and(known: tuple[str, ...], more: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*known, *more]))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
