"""Whatever comes in, the answer is a problem that names the field, in Danish and with a code; never a 500."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.toy import Desk

PROBLEM = "application/problem+json"


async def refused(desk: Desk, body: Any, status: int = 422, **headers: str) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await desk.staff.post(
        "/api/toy/things",
        content=content,
        headers={"Idempotency-Key": "k", "Content-Type": "application/json", **headers},
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert await desk.count() == await desk.count("http_requests") == 0
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["instance"] == f"urn:uuid:{answer.headers['x-correlation-id']}"
    return problem


@pytest.mark.parametrize(
    ("body", "field", "code", "detail"),
    [
        ({"n": 1}, "name", "required", "Feltet skal udfyldes."),
        ({"name": "kurv", "n": False}, "n", "not_an_integer", "Skal være et helt tal."),
        ({"name": "kurv", "n": 1.0}, "n", "not_an_integer", "Skal være et helt tal."),
        ({"name": "kurv", "n": "1"}, "n", "not_an_integer", "Skal være et helt tal."),
        ({"name": 7, "n": 1}, "name", "not_text", "Skal være tekst."),
        ({"name": "kurv", "n": 1, "naem": "x"}, "naem", "unknown_field", "Feltet kendes ikke."),
        ({"name": "ku\0rv", "n": 1}, "name", "control_character", "Teksten har et tegn, som ikke er tilladt."),
        ({"name": "kurv", "n": 2**60}, "n", "too_large", "Tallet er for stort."),
    ],
)
async def test_a_wrong_field_is_named(desk: Desk, body: Any, field: str, code: str, detail: str) -> None:
    problem = await refused(desk, body)

    assert problem["code"] == "validation_failed"
    assert problem["title"] == "Noget skal rettes"
    assert problem["errors"] == [{"field": field, "code": code, "detail": detail}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": "kurv", "n": 1', "invalid_json"),
        (b'{"name": "\\ud800", "n": 1}', "invalid_json"),
        (b'{"name": "kurv", "n": NaN}', "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[]", "not_an_object"),
        (b'{"note": ' + b"[" * 30 + b"]" * 30 + b"}", "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
async def test_what_is_not_a_readable_object_is_a_400(desk: Desk, body: bytes, code: str) -> None:
    assert (await refused(desk, body, 400))["code"] == code


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
async def test_another_content_type_is_refused(desk: Desk, content_type: str) -> None:
    answer = await desk.staff.post(
        "/api/toy/things",
        content=b'{"name": "kurv", "n": 1}',
        headers={"Idempotency-Key": "k", "Content-Type": content_type},
    )

    assert answer.status_code == 415
    assert answer.headers["accept-post"] == "application/json"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(desk: Desk) -> None:
    await refused(desk, b" " * (256 * 1024 + 1), 413)


async def test_a_body_of_unknown_length_is_cut_off(desk: Desk) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 64 * 1024
            yield b" " * (64 * 1024)

    answer = await desk.staff.post(
        "/api/toy/things", content=endless(), headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


async def test_who_does_not_say_who_they_are_is_asked(desk: Desk) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic c3RhZmY6eA=="},
        {"Authorization": "Bearer "},
    ):
        answer = await desk.nobody.get("/api/toy/things", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthorized"


async def test_a_token_does_only_what_it_is_for(desk: Desk) -> None:
    assert (await desk.reader.get("/api/toy/things")).status_code == 200
    answer = await desk.reader.post("/api/toy/things", json={"name": "kurv", "n": 1}, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert 'scope="toy.PutThing"' in answer.headers["www-authenticate"]


async def test_an_address_that_is_not_there_is_a_problem_for_programs(desk: Desk) -> None:
    answer = await desk.staff.get("/api/toy/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "not_found"


async def test_a_wrong_method_is_told_all_the_right_ones(desk: Desk) -> None:
    answer = await desk.staff.delete("/api/toy/things")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.json()["code"] == "method_not_allowed"


async def test_what_stands_in_the_address_becomes_a_field_and_does_not_stand_in_the_body(desk: Desk) -> None:
    await desk.put("kurv")
    moved = await desk.staff.put("/api/toy/things/kurv/place/7", json={}, headers={"Idempotency-Key": "m"})
    assert moved.json() == {"name": "kurv", "place": 7}

    twice = await desk.staff.put(
        "/api/toy/things/kurv/place/7", json={"name": "spand"}, headers={"Idempotency-Key": "n"}
    )
    assert twice.status_code == 422
    assert twice.json()["errors"][0]["code"] == "unknown_field"

    wrong = await desk.staff.put("/api/toy/things/kurv/place/x", json={}, headers={"Idempotency-Key": "o"})
    assert wrong.json()["errors"] == [{"field": "place", "code": "not_an_integer", "detail": "Skal være et helt tal."}]


async def test_questions_are_checked_as_well(desk: Desk) -> None:
    fine = await desk.reader.get("/api/toy/things?programme=unge")
    assert fine.json() == {"things": [], "asked": {"programme": "unge"}}

    assert (await desk.reader.get("/api/toy/things?a=1&a=2")).json()["code"] == "duplicate_parameter"
    assert (await desk.reader.get("/api/toy/things?a=%00")).json()["code"] == "invalid_parameter"
    assert (await desk.reader.get("/api/toy/things/a%00b")).json()["code"] == "invalid_parameter"
    missing = await desk.reader.get("/api/toy/things/kurv")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_thing")


async def test_a_number_the_table_refuses_is_an_error_of_ours_and_leaves_nothing(desk: Desk) -> None:
    answer = await desk.put("kurv", n=1001)

    assert answer.status_code == 500
    assert "things_n_check" not in answer.text
    assert await desk.count() == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


async def test_no_json_at_all_makes_an_error_of_ours(desk: Desk) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from(["name", "n", "note", "x"]), JSON, max_size=4) | JSON)
    def bodies(body: Any) -> None:
        tried.append(body)

    tried: list[Any] = []
    bodies()
    for number, body in enumerate(tried):
        try:
            content = json.dumps(body).encode("utf-8", "surrogatepass")
        except ValueError:
            continue
        answer = await desk.staff.post(
            "/api/toy/things",
            content=content,
            headers={"Idempotency-Key": f"k{number}", "Content-Type": "application/json"},
        )
        # The toy's own table refuses a name that is there and a large n: those are its bugs, on purpose.
        valid = isinstance(body, dict) and type(body.get("n")) is int and isinstance(body.get("name"), str)
        assert answer.status_code < 500 or (valid and body["n"] > 1000) or (valid and answer.status_code == 500), body
        assert answer.status_code == 201 or answer.headers["content-type"] == PROBLEM


async def test_the_document_describes_every_route_and_its_problems(desk: Desk) -> None:
    found = (await desk.nobody.get("/api/toy/openapi.json")).json()

    assert found["openapi"] == "3.1.0"
    assert sorted(found["paths"]) == [
        "/api/toy/many",
        "/api/toy/things",
        "/api/toy/things/{name}",
        "/api/toy/things/{name}/place/{place}",
        "/api/toy/why",
    ]
    asked = found["paths"]["/api/toy/why"]["get"]
    assert asked["parameters"] == [{"name": "id", "in": "query", "required": True, "schema": {"type": "string"}}]
    put = found["paths"]["/api/toy/things"]["post"]
    assert put["requestBody"]["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/PutThing"
    assert found["components"]["schemas"]["PutThing"]["additionalProperties"] is False
    assert {"400", "401", "403", "409", "415", "422", "503"} <= set(put["responses"])
    assert PROBLEM in put["responses"]["422"]["content"]
    moved = found["paths"]["/api/toy/things/{name}/place/{place}"]["put"]
    assert list(moved["requestBody"]["content"]["application/json"]["schema"]["properties"]) == ["n"]


async def test_the_documentation_page_needs_nobody_else(desk: Desk) -> None:
    page = await desk.nobody.get("/api/toy/docs")

    assert page.status_code == 200
    assert "/api/toy/things/{name}" in page.text
    assert "http" not in page.text.replace("http://toy.example", "").replace("https://tovholder.example", "")
