"""Who may do what on Kafka: worked out from the contracts, and nothing else is allowed to anybody.

A principal is `<prefix><name>`, so that installations on one broker have nothing to do with each other:

- `<service>-worker` reads what its service does something with, as its group; `<service>-relay` writes what it tells,
  and what comes over `POST /events`; `<service>-web` speaks to nobody; `<service>` is all three in one process;
- `operator` is whoever runs commands: it reads everything, makes topics, sets groups back, and tells again what was
  told. So it is trusted as an administrator of the databases is;
- `from-<producer>` writes to that producer's own topics, and does nothing else.

The administrator (`admin`) and the broker itself (`broker`) are super users: they need no rights and have all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deploy.local.kafka_requests import Acl, Operation, Pattern, Resource
from deploy.local.principals import OPERATOR, ROLES, of_producer, principal
from shared.contracts.catalogue import topics_read_by
from shared.contracts.event import INTAKE_TOPIC, topic_of
from shared.messaging.grants import FROM, PRODUCERS_TOPIC, Grant

Right = tuple[Resource, Pattern, str, Operation]
"""What, how it is named, its name without prefix, and what may be done with it."""


def rights(services: Sequence[str], grants: Iterable[Grant] = ()) -> Mapping[str, frozenset[Right]]:
    """By principal, all that it may do."""
    found = {principal(service, role): rights_of(service, role) for service in services for role in ROLES}
    found[OPERATOR] = _operator(services)
    found |= {of_producer(grant.producer): frozenset(_writing(grant.own_topics)) for grant in grants}
    return found


def rights_of(service: str, role: str) -> frozenset[Right]:
    """Of one process of a service."""
    found: set[Right] = set()
    if role in {"all", "worker"}:
        read = sorted(topics_read_by(service))
        found.update((Resource.TOPIC, Pattern.LITERAL, topic, Operation.READ) for topic in (*read, PRODUCERS_TOPIC))
        # Of producers that are yet to come as well.
        found.update((Resource.TOPIC, Pattern.PREFIXED, topic + FROM, Operation.READ) for topic in read)
        # A group is named as the service's topic.
        found.add((Resource.GROUP, Pattern.LITERAL, topic_of(service), Operation.READ))
    if role in {"all", "relay"}:
        found |= _writing((topic_of(service), INTAKE_TOPIC))
    return frozenset(found)


def acls(prefix: str, allowed: Mapping[str, Iterable[Right]]) -> frozenset[Acl]:
    """As Kafka keeps them."""
    return frozenset(
        [
            Acl(prefix + who, kind, pattern, prefix + name, operation)
            for who, those in allowed.items()
            for kind, pattern, name, operation in those
        ]
    )


def _operator(services: Sequence[str]) -> frozenset[Right]:
    everything = "tovholder."
    return frozenset(
        {
            (Resource.TOPIC, Pattern.PREFIXED, everything, Operation.READ),
            (Resource.TOPIC, Pattern.PREFIXED, everything, Operation.CREATE),
            (Resource.GROUP, Pattern.PREFIXED, everything, Operation.READ),
            *_writing((*map(topic_of, services), INTAKE_TOPIC)),
        }
    )


def _writing(topics: Iterable[str]) -> set[Right]:
    """An idempotent producer needs no more since Kafka 3.0 (KIP-679)."""
    return {(Resource.TOPIC, Pattern.LITERAL, topic, Operation.WRITE) for topic in topics}
