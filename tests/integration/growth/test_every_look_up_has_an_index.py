"""No look-up reads a whole table that grows: every statement of every adapter is asked for its plan on filled tables.

What an adapter can be asked is found by its name and called with ordinary arguments; a new function whose arguments
nobody knows fails here until it has its own.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from services.enrollment.adapters import audit as last_changes
from services.enrollment.adapters import papers
from services.enrollment.adapters.sessions import SignIn
from services.enrollment.domain.book import sought
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.overview import MayLack
from services.enrollment.domain.session import Account
from services.enrollment.domain.sign_up import Alike, Hopeful
from services.enrollment.domain.workspace import Current
from services.notifications.domain.digest import Digest, Section
from services.notifications.domain.looks import Look
from shared.base.cause import Cause
from shared.base.clock import DomainClock
from shared.base.listing import Page
from shared.base.passes import Reader
from shared.contracts.parties import Organisation
from shared.messaging import dead_letters, replay, unsendable
from shared.messaging.inbox import Inbox
from shared.messaging.rows import LOCK_POSITIONS, WAITING
from shared.runtime.housekeeping import rules_of
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.runtime.why import explain
from shared.storage import audit
from shared.storage.pool import SETTINGS
from shared.storage.tx import Tx
from shared.web import clients
from tests.support.facts import PROGRAMME_TERMS, SELLER, a_meeting
from tests.support.filled import fill
from tests.support.servers import MakeDatabase

CURRENT = Current(
    id="p9", title="Forløb 9", published_on=date(2020, 1, 1), starts="", ends="", deadline=date(2020, 8, 21),
    next_meeting=None, last_meeting=None, undated=1, taken=0, places=None, usual=None, holds_always=False,
    holds_until=date(2020, 6, 20), costs=True, has_options=True,
)  # fmt: skip
MANY = 6_000
GROWS = 1_000
"""Rows of a table from which on reading all of it is an offence."""
SERVICES = ("enrollment", "scheduling", "invoicing", "notifications")
STOPS_WHEN_ENOUGH_IS_FOUND = {
    "Incremental Sort", "Nested Loop", "Merge Join", "LockRows", "Append", "Merge Append", "Subquery Scan", "Result"
}  # fmt: skip
OF_WHAT_IS_UNDER_WAY = {
    "messages_leased", "messages_under_way", "messages_for_staff", "digest_items_untold",
    "dead_letters_oldest", "parked_keys_behind", "claims_to_invoice", "sign_ups_for_staff", "sign_ups_that_wait",
}  # fmt: skip
"""Partial indexes that hold no more than what is still to be done."""
EXPLAINED = {"SELECT", "WITH", "UPDATE", "DELETE", "INSERT"}
LOOKS = ("load", "lock", "count", "take", "read", "lease", "renew", "begin", "give_back", "mark_not_begun", "postpone")
NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
PLACES = {
    "meetings": {"scheduling": ["p9", "2021-04-15", "infinity", "k80"], "enrollment": ["2021-04-15", "m50"]},
    "enrolments": ["p9", "a", "0101"],
    "grants": ["50"],
    "signed_in": ["-1590998400", "s9"],
    "programmes": ["2020-01-01", "p5"],
    "programme_drafts": ["p5"],
    "overview": ["a", "0101"],
    "offers": ["2999-01-01", "p5"],
    "organisations": ["a", "0101"],
    "rosters": ["2021-04-15", "m50"],
    "sign_ups": ["90"],
    "rounds": ["2020-01-01", "r"],
    "guests": ["2020-06-01T08:00:00+00:00", "g"],
    "line": ["2020-06-01T08:00:00+00:00", "5"],
    "orders": ["p9", "x50", "o", "1"],
    "claims": ["0101", "x9", "false", "2020-01-01", "k9"],
    "invoices": ["N", "90"],
    "credit_notes": ["N", "90"],
    "invited": ["x"],
    "changes": ["50"],
    "steps": ["p9", "x50", "2021-04-15", "s50"],
    "mails": ["50"],
    "book": ["a", "0101"],
    "attendees": ["a", "0101", "p5"],
    "plan": ["2021-04-15", "infinity", "k80"],
    "history": ["-50"],
    "sheet_imports": ["5"],
    "enrolled": ["a", "x50"],
    "ledger": ["0101", "x9", "false", "2020-01-01", "k9"],
}
WAITING_AT = {
    "dead_letter": ["f2", "50"],
    "group": ["f2"],
    "gap": ["2020-01-01T00:00:00+00:00", "s50", "/other"],
    "halted": ["50"],
}
ALLOWED = {
    ("enrollment", "organisations.load_municipalities"): "all 98 municipalities, which a form offers",
    ("enrollment", "book.load_silent"): "who answered nothing of late is known by all that everybody was invited to",
    ("enrollment", "book.load_page"): "as book.load_silent, once for a page of the book",
    ("enrollment", "book.count_lacks"): "as book.load_silent, once for a page of the book",
    ("enrollment", "organisations.load_codes"): "an address book is compared with all of it",
    (
        "enrollment",
        "organisations.load_roles",
    ): "the headings of the book, by a row for each role",
    ("enrollment", "keeping.load_endings"): "at night, when every programme ended",
    ("enrollment", "programmes.take_places"): "writes rows that are locked, by their keys",
    ("enrollment", "papers.load_page"): "asked for each of its papers below",
    ("enrollment", "audit.load_last"): "asked for each row that it may be of below",
    ("invoicing", "invoices.load_overview"): "sums of everything, asked for by a person",
    ("notifications", "outgoing.count_waiting"): "a simulation counts what is still to be sent",
    ("notifications", "programmes.load_staff"): "once a day, three columns of every programme",
}


KEYS = {
    "enrolment": ("x50",),
    "role": ("x50", "faktura"),
    "order": ("x50", "o"),
    "seat": ("x50", "m50", "w9"),
    "needs": ("x50", "m50", "w9"),
    "team_needs": ("x50", "w9"),
    "guest_needs": ("w9",),
    "programme": ("p9",),
}
"""Of what something that was changed last was written in, by its name there."""


@dataclass
class Plans:
    """What was asked, and what PostgreSQL would do for it."""

    asked: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def note(self, record: asyncpg.connection.LoggedQuery) -> None:
        self.asked.append((record.query, tuple(record.args)))

    async def offences(self, connection: Any, sizes: dict[str, int]) -> list[str]:
        found = []
        for query, args in dict(self.asked).items():
            if "pg_catalog" in query or query.lstrip("( \n").split()[0] not in EXPLAINED:
                continue
            (plan,) = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args))
            found += [f"{offence}: {' '.join(query.split())}" for offence in whole_tables(plan["Plan"], sizes)]
        return found


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def whole_tables(node: dict[str, Any], sizes: dict[str, int], *, limited: bool = False) -> Iterator[str]:
    """Tables of which every row is read. An index that is read in its order until enough was found is no offence."""
    relation, kind = node.get("Relation Name", ""), node["Node Type"]
    unbounded = kind in {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"} and not _bounded(node)
    if sizes.get(relation, 0) > GROWS and (kind == "Seq Scan" or (unbounded and not limited)):
        yield f"{kind} of {relation}"
    limited = kind == "Limit" or (limited and kind in STOPS_WHEN_ENOUGH_IS_FOUND)
    for child in node.get("Plans", ()):
        yield from whole_tables(child, sizes, limited=limited)


def _bounded(node: dict[str, Any]) -> bool:
    return any("Index Cond" in one or one.get("Index Name") in OF_WHAT_IS_UNDER_WAY for one in nodes(node))


def argument(service: str, name: str, annotation: str) -> Any:
    """An ordinary value; LookupError where nobody has said what that would be."""
    known = {
        "programme_id": "p9", "meeting_id": "m50", "enrolment_id": "x50", "claim_id": "k9", "invoice_id": "N-9",
        "roster_id": "q9", "person_or_roster_id": "w9", "code": "0101", "organisation_code": "0101", "series": "N",
        "organiser": "12345678", "credit_id": "c7001", "credit_note_id": "N-7001", "payment_id": "b9",
        "step_id": "s9", "track": "kommunespor",
        "role_id": "faktura", "command": "tovholder.enrollment.ChangeBilling.v1",
        "sign_up_id": "f9", "draft_id": "d9", "round_id": "r", "mailbox": "n9@by.example", "caller": "x",
        "beside": "f8", "option_id": "o", "order_id": "y9", "address": "n9@by.example", "email": "n9@by.example",
        "account_id": "a9", "issuer": "i", "subject": "s9", "oidc_session": "p9", "session_id": "s9", "grant_id": 9,
        "secret": "9", "state_secret": "9",
        "uid": "u9", "guest_id": "w9", "member_of": "p9", "person_id": "w9", "known": [],
        "message_id": "m9", "digest": "0" * 32, "about": "meeting/m9", "recipient": "w9", "template": "invitation",
        "state": "enrolled" if service == "enrollment" else "ready" if service == "invoicing" else "scheduled",
        "group": "oest", "place": "0", "mailer": "a/1/b", "reply": "smtp_451", "document_id": "N-9", "key": "k9",
        "now": NOW, "due_on": date(2020, 10, 9), "today": date(2020, 6, 1), "day": date(2020, 6, 1), "level": 1,
        "kept_since": NOW, "placed_since": NOW, "beyond": "n5", "after": ("m5", "k5"), "states": ["failed"],
        "client": ["client/crm", "token/crm"], "put_in_by": ["client/crm", "token/crm"],
        "versions": [("p9", 1)], "seats": [("w9", "m1", "x1")],
        "people": [("p9", "w9")],
        "pairs": [("m9", "n45@by.example")], "refs": [PROGRAMME_TERMS.ref], "lease_s": 30.0, "pause_s": 1.0,
        "up_to": 50, "most": 50, "at_most": 50, "limit": 50, "before": 500, "version": 1, "edition": 1,
        "seller": SELLER,
        "with_forbehold": True, "members": True, "list_id": "q9", "since": {"q9": NOW}, "places": [("x50", "w9")],
        "whose": [("x50", "w9")],
        "sections": [Section("p9", "enrolled", 9), Section("p9", "awaits", 9)],
        "causes": {"k9": Cause("c", None, None)},
        "sort": "name", "forbehold": True, "named": "a", "nobody": True, "account_ids": ["a9"],
        "words": ["ida", "hold"], "number": "5798009800015", "sought_id": "x50", "by": date(2020, 7, 1),
        "up_to_month": "2020-08", "lack": "silent", "asked": sought("kommune"),
        "first": date(2021, 4, 15), "last": date(2021, 4, 15), "stands": "overdue",
        "text": "a", "numbered": 9,
        "import_id": "i9", "came_to": "stored",
        "code_id": "c9", "writing_id": "t9", "file_place": 0,
        "meant": ["x50", "x51"], "chosen": ["x50"], "role": "faktura",
        "organisation": "By", "bounced": True, "newest": MANY - 50, "correlation_id": "c9",
        "looks": [Look(one, f"{one[0].replace('e', 'x')}50", "f", NOW) for one in ("meeting", "enrolment")],
    }  # fmt: skip
    if name == "after" and annotation == "int":
        return 0
    of_the_domain = {
        "Iterable[Enrolment]": [Enrolment("x50", "p9", Organisation(code="0101", name="København"), "waitlisted")],
        "Iterable[tuple[Enrolment, MeetingCopy]]": [
            (
                Enrolment("x50", "p9", Organisation(code="0101", name="København"), "enrolled"),
                MeetingCopy("p9", "scheduled", a_meeting().model_copy(update={"id": "m51"}), None),
            )
        ],
        "frozenset[str]": frozenset({"p9"}),
        "bytes": b"9" * 32,
        "Meeting": a_meeting().model_copy(update={"id": "m51"}),
        "Digest": Digest(NOW),
        "Reader": Reader("mailbox", "x50", "w50"),
        "MayLack": MayLack(billed=True, meetings={"": "m50"}, minimum=2),
        "Sequence[State]": ["enrolled"],
        "Link": "aabnet",
        "Collection[Current]": [CURRENT],
        "SignIn": SignIn("n", "v", "/"),
        "Account": Account("a9", "i", "s9", "N", "n9@by.example"),
        "Alike": Alike("n9@by.example", whole_domain=False),
        "Hopeful": Hopeful(frozenset({"n9@by.example"}), frozenset({"by.example"}), frozenset({"p9"})),
    }
    if annotation in of_the_domain:
        return of_the_domain[annotation]
    if name in known:
        return known[name]
    if annotation.startswith(("Iterable[str]", "Sequence[str]", "Collection[str]", "list[str]")):
        return {"m": ["m50", "m51"], "p": ["p9"], "e": ["x50"], "c": ["k9"]}.get(name[0], ["m50"])
    raise LookupError(f"{name}: {annotation}")


def functions(service: str) -> Iterator[tuple[str, Callable[..., Awaitable[Any]]]]:
    package = importlib.import_module(f"services.{service}.adapters")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            if function.__module__ == found.name and not name.startswith("_"):
                yield f"{found.name.rpartition('.')[2]}.{name}", function


@pytest.fixture(params=SERVICES)
async def filled(request: pytest.FixtureRequest, database: MakeDatabase) -> AsyncIterator[tuple[str, Any]]:
    service = request.param
    where = await database(service)
    await fill(where.admin_url, service, MANY)
    pool = await asyncpg.create_pool(
        where.url, min_size=1, max_size=1, server_settings={**SETTINGS, "plan_cache_mode": "force_custom_plan"}
    )
    yield service, pool
    await pool.close()


async def sizes_of(pool: Any) -> dict[str, int]:
    rows = await pool.fetch("SELECT relname, reltuples::integer AS rows FROM pg_class WHERE relkind = 'r'")
    return {row["relname"]: row["rows"] for row in rows}


async def test_every_look_up_of_an_adapter_reads_a_part_of_what_grows(filled: tuple[str, Any]) -> None:
    service, pool = filled
    sizes = await sizes_of(pool)
    wrong: set[str] = set()
    asked = 0
    for name, function in functions(service):
        parameters = list(inspect.signature(function).parameters.values())
        if (service, name) in ALLOWED or not parameters or parameters[0].annotation not in {"Tx", "Pool"}:
            continue
        if not name.rpartition(".")[2].startswith(LOOKS):
            continue
        for filters in combinations_of(parameters):
            plans = Plans()
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    tx = Tx(connection, NOW, f"/tovholder/{service}", Cause("c", None, None))
                    given = {one.name: await given_for(tx, service, function, one, filters) for one in parameters[1:]}
                    with connection.query_logger(plans.note):
                        await function(tx if parameters[0].annotation == "Tx" else _Lent(connection), **given)
                finally:
                    await transaction.rollback()
                by = ", ".join(sorted(filters))
                wrong |= {f"{service} {name} ({by}): {one}" for one in await plans.offences(connection, sizes)}
            asked += len(plans.asked)
    assert asked > 5
    assert sorted(wrong) == []


def may_be_left_out(one: inspect.Parameter) -> bool:
    """What narrows a look-up where it is given; how many rows are wanted does not."""
    return one.name != "limit" and (one.default is not one.empty or str(one.annotation).endswith("| None"))


def combinations_of(parameters: Sequence[inspect.Parameter]) -> list[frozenset[str]]:
    """Filters that are given: none, each alone, all of them. So is the place that a page goes on from."""
    names = [one.name for one in parameters if may_be_left_out(one) or one.annotation == "Page"]
    return list(dict.fromkeys([frozenset[str](), *(frozenset([name]) for name in names), frozenset(names)]))


async def given_for(tx: Tx, service: str, function: Any, one: inspect.Parameter, filters: frozenset[str]) -> Any:
    """An ordinary argument; None, or what it is by itself, for a filter that is left out."""
    annotation = str(one.annotation)
    match annotation:
        case "Page | None" if one.name not in filters:
            return None
        case "Page" | "Page | None":
            place = PLACES[_list_of(function)]
            after = place[service] if isinstance(place, dict) else place
            return Page(_list_of(function), after if one.name in filters else None, 100)
        case "Programme":
            return await importlib.import_module("services.enrollment.adapters.programmes").load(tx, "p9")
        case "Enrolment":
            return await importlib.import_module("services.enrollment.adapters.enrolments").load(tx, "x50")
    if may_be_left_out(one) and one.name not in filters:
        return None if one.default is one.empty else one.default
    return argument(service, one.name, annotation.removesuffix(" | None"))


def _list_of(function: Any) -> str:
    module = function.__module__.rpartition(".")[2]
    named = {
        "load_offered": "offers",
        "load_rounds": "rounds",
        "load_asked": "invited",
        "load_grants": "grants",
        "load_signed_in": "signed_in",
        "load_page_of_line": "line",
        "load_page_of_changes": "changes",
        "load_page_of_sent": "mails",
        "load_page_as_planned": "plan",
        "load_page_of_history": "history",
        "load_page_of_seats": "attendees",
        "load_page_of_teams": "attendees",
    }
    return named.get(function.__name__, module)


class _Lent:
    """As a pool, of one connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def acquire(self) -> _Lent:
        return self

    async def __aenter__(self) -> Any:
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_every_paper_and_the_audit_of_a_programme_read_a_part_of_what_grows(filled: tuple[str, Any]) -> None:
    service, pool = filled
    sizes = await sizes_of(pool)
    causes = importlib.import_module(f"services.{service}.adapters.audit").CAUSES
    plans = Plans()
    async with pool.acquire() as connection:
        tx = Tx(connection, NOW, "/any", Cause("c", None, None))
        with connection.query_logger(plans.note):
            for cursor in ({}, {"cursor": Page("audit").cursor(["50"])}):
                for newest_first in (False, True):
                    await audit.read(tx, {"programme_id": "p9", **cursor}, causes, newest_first=newest_first)
            if service == "enrollment":
                for name in papers.PAPERS:
                    await papers.load_page(tx, Page(name, limit=100), "p9")
                for wrote in last_changes.WROTE:
                    await last_changes.load_last(tx, "tovholder.enrollment.ChangeBilling.v1", wrote, *KEYS[wrote])
        assert await plans.offences(connection, sizes) == []


async def test_every_look_up_of_the_mechanism_reads_a_part_of_what_grows(filled: tuple[str, Any]) -> None:
    service, pool = filled
    sizes = await sizes_of(pool)
    plans = Plans()
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        tx = Tx(connection, NOW, "/any", Cause("c", None, None))
        with connection.query_logger(plans.note):
            for sought in ("e50", "h50", "u50", "g50", "nothing"):
                await explain(tx, service, None, sought)
            for of, place in WAITING_AT.items():
                for page in (Page(of), Page(of, place)):
                    await dead_letters.LISTS[of](connection, "any", page)
            await dead_letters.show(connection, 50)
            await _settle(connection, "any")
            for page in (unsendable.RECORDS, Page("record", ["-50"])):
                await unsendable.records(connection, page)
            await connection.fetch(WAITING, "s1\x1fs2", "any")
            await connection.fetch(LOCK_POSITIONS, "s1\x1fs2", "any")
            for start in (Page("use", limit=50), Page("use", ["n50"], limit=50)):
                await clients.load_page(tx, start)
                await clients.load_use(tx, start)
            await clients.load_use(tx, Page("use"), "n50")
            await clients.load_client(tx, "n50")
            await clients.load_tokens(tx, "n50")
            await clients.stands(connection, "n50")
            await audit.load_of_access(tx, ("token add", "session end", "GrantRole"), 20)
            for rule in rules_of(_service(service), _settings(service)):
                await connection.execute(rule.statement, rule.days, 100)
        await transaction.rollback()
        plans.asked.append((f"{replay.SENT} LIMIT 1", (NOW,)))
        assert await plans.offences(connection, sizes) == []


async def _settle(connection: Any, consumer: str) -> None:
    """All dead letters of a cause, each without an effect."""
    inbox = Inbox("any", (), DomainClock())
    inbox.consumer = consumer

    async def nothing(*_: object) -> int:
        return 0

    found = await dead_letters.cause(inbox, connection, "f1")
    await dead_letters.settle_cause(inbox, connection, "f1", nothing, (found.count, found.up_to))


async def test_dead_letters_are_read_in_the_order_of_a_page_and_those_of_a_cause_without_the_others(
    filled: tuple[str, Any],
) -> None:
    _, pool = filled
    plans = Plans()
    async with pool.acquire() as connection:
        with connection.query_logger(plans.note):
            await dead_letters.letters(connection, "any")
            await _settle(connection, "any")
        # A statement that is carried out again and again gets a plan for whatever its arguments are.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        looks = {query for query, _ in plans.asked if "LIMIT" in query and "dead_letters" in query}
        assert len(looks) == 2
        for number, query in enumerate(looks):
            of_cause = "fingerprint = " in query
            await connection.execute(f"PREPARE look{number} AS {query}")
            given = "'any', 'f1', 0, 99, 50" if of_cause else "'any', null, 50"
            (plan,) = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE look{number} ({given})"))
            read = list(nodes(plan["Plan"]))
            assert not {"Sort", "Seq Scan", "Bitmap Heap Scan"} & {node["Node Type"] for node in read}
            (scan,) = (node for node in read if node.get("Relation Name") == "dead_letters")
            assert "consumer = $1" in scan["Index Cond"]
            assert ("fingerprint = $2" in scan["Index Cond"]) == of_cause


async def test_replay_sends_its_first_record_without_sorting_all_of_them(filled: tuple[str, Any]) -> None:
    _, pool = filled
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(replay.AS_IT_IS_READ)
        for told in (replay.SENT.replace("$1", "'2020-01-01'"), replay.UNSENT):
            (plan,) = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) DECLARE told CURSOR FOR {told}"))
            assert not {"Sort", "Seq Scan"} & {node["Node Type"] for node in nodes(plan["Plan"])}


def _service(name: str) -> Service:
    service = importlib.import_module(f"services.{name}.app").SERVICE
    assert isinstance(service, Service)
    return service


def _settings(name: str) -> ServiceSettings:
    return _service(name).settings(database_url=SecretStr("postgresql://nobody@127.0.0.1/none"))
