"""Who and what is behind an effect, so that every effect can be followed back."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Cause:
    """Stored beside every effect as correlation_id, causation_id and actor.

    `causation_id` is the id of the event that caused it, None at the root. `actor` is opaque: `token/<name>` (staff),
    `client/<name>` (another system; `client/~<name>` over Kafka), `person/<person_id>`,
    `secretary/<person_id>` (a contact's secretary, for the contact), `clock`, `form`, `source/<source>`.
    """

    correlation_id: str
    causation_id: str | None
    actor: str | None

    @property
    def client(self) -> tuple[str, ...] | None:
        """The actors whose things are this client's own: it sees and changes those alone. None = nobody's client.

        What was put in before clients were told from staff has `token/<name>` as its actor.
        """
        if self.actor is None or not self.actor.startswith(_CLIENT):
            return None
        return (self.actor, _TOKEN + self.actor.removeprefix(_CLIENT))

    @property
    def is_person(self) -> bool:
        """Whether somebody with a mailed link is behind it."""
        return self.person_id is not None

    @property
    def person_id(self) -> str | None:
        """Of whoever a mailed link was given to, if it is used here."""
        if self.secretary_id is not None:
            return self.secretary_id
        if self.actor is None or not self.actor.startswith(_PERSON):
            return None
        return self.actor.removeprefix(_PERSON)

    @property
    def secretary_id(self) -> str | None:
        """Of whoever does it for the contact, by a link that was given to them for that."""
        if self.actor is None or not self.actor.startswith(_SECRETARY):
            return None
        return self.actor.removeprefix(_SECRETARY)

    def is_by(self, person_id: str) -> bool:
        """Whether it is this person for themselves, by a mailed link of theirs."""
        return self.actor == f"{_PERSON}{person_id}"


_TOKEN, _CLIENT, _PERSON, _SECRETARY = "token/", "client/", "person/", "secretary/"


def client_actor(principal: str) -> str:
    """The actor of a token that is not staff's: `token/crm` acts as `client/crm`, through every door and service."""
    return _CLIENT + principal.removeprefix(_TOKEN)


def reader_actor(person_id: str, *, as_secretary: bool = False) -> str:
    """Of whoever a mailed link was given to."""
    return f"{_SECRETARY if as_secretary else _PERSON}{person_id}"


def producer_actor(name: str) -> str:
    """The actor of whatever comes on a topic of this producer's own. No token's name begins like that."""
    return f"{_CLIENT}~{name}"


def new_correlation() -> str:
    """One id for all that follows from one wish. Random, also in a simulation: it never reaches an id that counts."""
    return str(uuid4())
