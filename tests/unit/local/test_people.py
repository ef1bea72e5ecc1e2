"""`tovholder person` asks every service, and tells of each what stays; no address stands in a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from deploy.local.errors import StackError
from deploy.local.people import AT_ONCE, OWNER, erase, erase_again, export

SERVICES = ("enrollment", "notifications")
ADDRESS = "anna@by.example"
STAYS = ["Fakturaer bliver.", "enrollment: noget bliver.", "notifications: noget bliver."]
"""What each service says of it, once."""


@dataclass
class Services:
    """As the services answer: `known` by the address, `slow` times that an erasure has not been heard of."""

    known: dict[str, list[str]]
    refuses: str = ""
    slow: int = 0
    without_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What they hold under the address with no id beside it."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[Mapping[str, Any]] = field(default_factory=list)

    def ask(self, service: str, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        self.asked.append((service, method, path))
        self.bodies.append(body or {})
        if path == "/search":
            return 200, {"person_ids": self.known.get(service, []), "held": self.without_id.get(service, {})}
        if path == "/erase":
            return self._erase(body or {})
        if path == "/forget":
            self.slow -= 1
            return (409, {"code": "not_erased"}) if self.slow >= 0 else (200, {})
        held = {"messages": [{"name": "Anna"}]} if service == "notifications" else {}
        return 200, {
            "held": held,
            "stays": [f"{service}: noget bliver.", "Fakturaer bliver."][: 2 - (service == OWNER)],
        }

    def _erase(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        if self.refuses:
            return 409, {"code": "still_contact", "detail": self.refuses}
        if "person_id" not in body and not self.known.get("enrollment"):
            return 404, {"code": "unknown_person"}
        ids = [body["person_id"]] if "person_id" in body else self.known["enrollment"]
        return 200, {"erased": ids, "stays": ["Fakturaer bliver."]}


def test_what_every_service_holds_is_shown() -> None:
    services = Services({"enrollment": ["p1"], "notifications": ["p1"]})
    assert export(services.ask, SERVICES, ADDRESS) == {
        "person_ids": ["p1"],
        "held": {"notifications": [{"messages": [{"name": "Anna"}]}]},
    }
    assert not [path for _, _, path in services.asked if "@" in path]


def test_what_is_held_with_no_id_beside_it_is_shown_too() -> None:
    draft = {"drafts": [{"mailbox": ADDRESS}]}
    services = Services({"notifications": ["draft-1"]}, without_id={"enrollment": draft})
    assert export(services.ask, SERVICES, ADDRESS)["held"]["enrollment"] == [draft]


def test_all_by_whom_the_address_is_known_are_erased_everywhere() -> None:
    services = Services({"enrollment": ["p1"], "notifications": ["p1", "draft-1"]}, slow=2)
    pauses: list[float] = []
    erased = erase(services.ask, SERVICES, ADDRESS, pauses.append)
    assert (erased.person_ids, erased.stays) == (["draft-1", "p1"], STAYS)
    assert erased.left == {"notifications": {"messages": 2}}
    assert len(pauses) == 2, "asked again until it has heard of the erasure"
    assert services.bodies[[path for _, _, path in services.asked].index("/forget")] == {
        "person_ids": ["draft-1", "p1"],
        "email": ADDRESS,
    }
    assert not [path for _, _, path in services.asked if "@" in path]


def test_somebody_whom_only_another_service_knows_is_erased_as_well() -> None:
    services = Services({"notifications": ["draft-1"]})
    assert erase(services.ask, SERVICES, ADDRESS).person_ids == ["draft-1"]
    assert {"person_id": "draft-1", "email": ADDRESS} in services.bodies, "what has no id beside it is found by that"


def test_a_refusal_and_an_unknown_address_are_said_in_words() -> None:
    with pytest.raises(StackError, match="Skift kontakt først"):
        erase(Services({"enrollment": ["p1"]}, refuses="Skift kontakt først.").ask, SERVICES, ADDRESS)
    with pytest.raises(StackError, match="Ingen af tjenesterne kender adressen"):
        erase(Services({}).ask, SERVICES, ADDRESS)


def test_why_an_archive_did_not_come_first_is_said_with_every_erasure_and_only_then() -> None:
    for because, said in (
        ("", {}),
        ("Adressen er beskyttet.", {"also_unarchived": True, "reason": "Adressen er beskyttet."}),
    ):
        services = Services({"enrollment": ["p1"], "notifications": ["p1", "draft-1"]})
        erase(services.ask, SERVICES, ADDRESS, unarchived_because=because)
        asked = [body for body, (_, _, path) in zip(services.bodies, services.asked, strict=True) if path == "/erase"]
        assert asked == [{"email": ADDRESS, **said}, {"person_id": "draft-1", **said}]


@dataclass
class Lists:
    """Services' erasure lists, two ids a page; `alike` are erased with each other, `contacts` are refused."""

    lists: dict[str, list[str]]
    alike: dict[str, list[str]] = field(default_factory=dict)
    contacts: tuple[str, ...] = ()
    wishes: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    def ask(self, service: str, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        if method == "GET":
            return 200, self._page(service, int(path.partition("?cursor=")[2] or 0))
        assert body is not None
        self.wishes.append((service, path, body))
        if path == "/erase":
            one = body["person_id"]
            if one in self.contacts:
                return 409, {"code": "still_contact", "detail": "Skift kontakt først."}
            erased = self.alike.get(one, [one])
        else:
            erased = [one for one in body["person_ids"] if one not in self.lists[service]]
        self.lists[service] += erased
        return 200, {"erased": erased}

    def _page(self, service: str, at: int) -> dict[str, Any]:
        known = self.lists[service]
        following = str(at + 2) if len(known) > at + 2 else None
        return {"erased": [{"person_id": one} for one in known[at : at + 2]], "next": following}


def test_whoever_is_missing_on_a_list_is_erased_there_and_nowhere_else() -> None:
    services = Lists({"enrollment": ["p1", "p2", "p3", "p4", "p5"], "notifications": ["p2"]})
    again = erase_again(services.ask, SERVICES)
    assert (again.listed, again.done, again.refused) == (5, {"notifications": ["p1", "p3", "p4", "p5"]}, {})
    assert services.wishes == [("notifications", "/erased", {"person_ids": ["p1", "p3", "p4", "p5"]})]
    services.wishes.clear()
    assert erase_again(services.ask, SERVICES).done == {}
    assert services.wishes == []


def test_at_the_owner_they_are_erased_anew_and_a_contact_keeps_none_of_the_others() -> None:
    known = {"enrollment": [], "notifications": ["p1", "p2", "p3", "p4"]}
    services = Lists(known, alike={"p1": ["p1", "p3"]}, contacts=("p2",))
    again = erase_again(services.ask, SERVICES)
    assert again.done == {"enrollment": ["p1", "p3", "p4"]}
    assert again.refused == {"p2": "Skift kontakt først."}
    assert [body["person_id"] for _, _, body in services.wishes] == ["p1", "p2", "p4"]
    assert all(body["also_unarchived"] and body["reason"] for _, _, body in services.wishes), (
        "an archive was asked before"
    )


def test_many_who_are_missing_are_asked_for_in_turns() -> None:
    ids = [f"p{number:03}" for number in range(AT_ONCE + 1)]
    services = Lists({"enrollment": list(ids), "notifications": []})
    assert erase_again(services.ask, SERVICES).done == {"notifications": ids}
    assert [len(body["person_ids"]) for _, _, body in services.wishes] == [AT_ONCE, 1]
