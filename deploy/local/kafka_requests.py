"""Requests to Kafka that aiokafka has no methods for: SCRAM credentials (KIP-554), and ACLs, many in one request.

Kafka's own tools do the same and take a Java start each. Layouts: AlterUserScramCredentialsRequest.json and its
neighbours in Kafka's sources, version 0; of ACLs version 1, the lowest that Kafka 4 takes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from shared.messaging.kafka import Address, client_options

SCRAM_SHA_512 = 2
ITERATIONS = 4096
"""The least that Kafka takes; our passwords are 256 random bits, which no number of rounds makes harder to guess."""
ANY, ALLOW = 1, 3
RESOURCE_NOT_FOUND = 91
SHOWN_WITHIN_S, SHOWN_EVERY_S = 30.0, 0.02
NO_FAULT = 0


class Resource(IntEnum):
    """Kafka's ResourceType."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4


class Pattern(IntEnum):
    """Kafka's PatternType."""

    LITERAL = 3
    PREFIXED = 4


class Operation(IntEnum):
    """Kafka's AclOperation. Read and Write imply Describe."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12


_RESOURCES, _OPERATIONS = frozenset(Resource), frozenset(Operation)


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """A principal (a user's name) may do this with what fits; from any host. There are no denials."""

    principal: str
    resource: Resource
    pattern: Pattern
    name: str
    operation: Operation


class _AlterScramResponse(Response):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScramRequest0(RequestStruct):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterScramResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeScramResponse(Response):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 50
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", CompactString("utf-8")),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                (
                    "credential_infos",
                    CompactArray(("mechanism", Int8), ("iterations", Int32), ("tags", TaggedFields)),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeScramRequest0(RequestStruct):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 50
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _DescribeScramResponse
    SCHEMA = Schema(
        ("users", CompactArray(("name", CompactString("utf-8")), ("tags", TaggedFields))), ("tags", TaggedFields)
    )


class _AlterScram(Request[_AlterScramRequest0]):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 51

    def __init__(self, deletions: Sequence[Any], upsertions: Sequence[Any]) -> None:
        self._both = deletions, upsertions

    def build(self, request_struct_class: type[_AlterScramRequest0]) -> _AlterScramRequest0:
        return request_struct_class(*self._both, {})


class _DescribeScram(Request[_DescribeScramRequest0]):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 50

    def build(self, request_struct_class: type[_DescribeScramRequest0]) -> _DescribeScramRequest0:
        return request_struct_class(None, {})


class _CreateAcls(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 30

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(self._rows)


class _DeleteAcls(Request[DeleteAclsRequest_v1]):  # type: ignore[misc]  # aiokafka ships no type information
    API_KEY = 31

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def build(self, request_struct_class: type[DeleteAclsRequest_v1]) -> DeleteAclsRequest_v1:
        return request_struct_class(self._rows)


class Access:
    """Users and rights of a cluster, for one who may alter them. Each method raises KafkaError when it is refused."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def users(self) -> frozenset[str]:
        """Everybody who has a SCRAM credential."""
        answer = await self._ask(_DescribeScram())
        if answer.error_code not in (NO_FAULT, RESOURCE_NOT_FOUND):
            raise for_code(answer.error_code)(answer.error_message)
        return frozenset([user for user, *_ in answer.results])

    async def set_users(self, passwords: Mapping[str, str], gone: Collection[str] = ()) -> None:
        """These users log in with these passwords from now on; those that are `gone` never again."""
        rows: list[Any] = [
            (name, SCRAM_SHA_512, ITERATIONS, salt, salted(password, salt), {})
            for name, password in sorted(passwords.items())
            for salt in [_salt(name, password)]
        ]
        answer = await self._ask(_AlterScram([(name, SCRAM_SHA_512, {}) for name in sorted(gone)], rows))
        for user, code, message, _ in answer.results:
            if code not in (NO_FAULT, RESOURCE_NOT_FOUND):
                raise for_code(code)(f"user {user}: {message}")

    async def acls(self) -> frozenset[Acl]:
        """All that is allowed to anybody by name."""
        answer = await self._ask(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
        if answer.error_code != NO_FAULT:
            raise for_code(answer.error_code)(answer.error_message)
        return frozenset(
            [
                Acl(principal.removeprefix("User:"), Resource(kind), Pattern(pattern), name, Operation(operation))
                for kind, name, pattern, rows in answer.resources
                for principal, _host, operation, permission in rows
                if permission == ALLOW and kind in _RESOURCES and operation in _OPERATIONS
            ]
        )

    async def allow(self, acls: Collection[Acl]) -> None:
        if acls:
            answer = await self._ask(_CreateAcls([_row(acl) for acl in sorted(acls)]))
            _check(answer.creation_responses)

    async def allow_no_longer(self, acls: Collection[Acl]) -> None:
        if acls:
            answer = await self._ask(_DeleteAcls([_row(acl) for acl in sorted(acls)]))
            _check([(code, message) for code, message, _ in answer.filter_responses])

    async def until_it_holds(self, users: Collection[str], acls: Collection[Acl]) -> None:
        """Returns when the broker lets these in, and knows of their rights: its controller knows a little earlier.

        Raises TimeoutError.
        """
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while not (set(users) <= await self.users() and set(acls) <= await self.acls()):  # noqa: ASYNC110  (nobody says when)
                await asyncio.sleep(SHOWN_EVERY_S)

    async def _ask(self, request: Request[Any]) -> Any:
        return await self._client.send(self._client.get_random_node(), request)


@asynccontextmanager
async def open_access(kafka: Address) -> AsyncIterator[Access]:
    """Over a connection of its own."""
    client = AIOKafkaClient(**client_options(kafka), client_id="tovholder-access")
    try:
        await client.bootstrap()
        yield Access(client)
    finally:
        await client.close()


def salted(password: str, salt: bytes) -> bytes:
    """SaltedPassword of RFC 5802 § 3: what Kafka is told in place of the password."""
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)


def _salt(name: str, password: str) -> bytes:
    """The same each time, so that telling Kafka again what it knows changes nothing; different for each password."""
    return hmac.digest(password.encode(), f"tovholder salt\n{name}".encode(), "sha256")


def _row(acl: Acl) -> tuple[Any, ...]:
    return acl.resource, acl.name, acl.pattern, f"User:{acl.principal}", "*", acl.operation, ALLOW


def _check(answers: Sequence[tuple[int, str | None]]) -> None:
    for code, message in answers:
        if code != NO_FAULT:
            raise for_code(code)(message)
