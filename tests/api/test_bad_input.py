"""Bad input on every operation: a clear problem, never a fault, never an echo, and nothing changes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.deps import WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.permissions import PERMISSIONS
from tests.world import World

CANARY = "kanarėlė-7f3a"
ANY_ID = "019ab2c4-0000-7000-8000-000000000001"

UNREADABLE: dict[str, bytes] = {
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "overflowing number": b'{"a": 1e400}',
    "five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "lone surrogate": b'{"a": "\\udc00"}',
    "lone surrogate as a key": b'{"\\ud800": 1}',
    "nul": b'{"a": "\\u0000"}',
    "duplicate key": b'{"a": 1, "a": 2}',
    "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "trailing junk": b"{}{}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "broken utf-8": b'{"a": "\xc3"}',
    "cut off": b'{"a": ',
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // a",
}
WRONG: dict[str, Any] = {
    "a list": [],
    "a text": CANARY,
    "a number": 7,
    "null": None,
    "an unknown field": {CANARY: CANARY},
    "a million keys' beginning": {f"k{number}": number for number in range(2000)},
}
SHAPES: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**63, 2**31, -0.0, "", " ", "12", "1_0", "٣", "a" * 20_000, "\u202e", "\u200b", "\u0007",
    "infinity", "9999-12-31", "0001-01-01", "2026-02-30", "2026-13-01", "20261122", "2026-11-22T00:00:00Z", [], [[]], [None],
    {}, {"lt": ""}, {"lt": 1, "en": None}, "../../etc/passwd", "'; drop table certificate; --", "{{7*7}}", "<script>", "%00",
    "a\r\nSet-Cookie: x=1", ["LONG_TERM_CARE"] * 500, {"services": "x"}, {"sites": ["x"]}, "LIT2021-044", ANY_ID,
]  # fmt: skip


def writing() -> list[APIRoute]:
    return [route for route in ROUTES if isinstance(door_of(route), WritingDoor) and route.body_field is not None]


def named(route: APIRoute) -> str:
    return f"{sorted(route.methods)[0]} {route.path}"


async def send(world: World, route: APIRoute, body: bytes, content_type: str = "application/json") -> Any:
    door = door_of(route)
    assert door is not None
    role = sorted(PERMISSIONS[door.permission])[0]
    whose = None
    if role == "provider":
        whose = getattr(world, "provider_of", None) or (await world.organisation())["id"]
        world.provider_of = whose  # type: ignore[attr-defined]
    caller = await world.caller(role, whose)
    path = re.sub(r"{\w+}", ANY_ID, route.path.replace("{criterion}", "1.1"))
    headers = {"Content-Type": content_type, "If-Match": '"1"', "Idempotency-Key": "bad-input"}
    return await caller.request(sorted(route.methods)[0], path, content=body, headers=headers)


def assert_problem(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("route", writing(), ids=named)
async def test_what_cannot_be_read_is_refused_by_every_operation(world: World, route: APIRoute) -> None:
    for name, body in UNREADABLE.items():
        answer = await send(world, route, body)
        assert answer.status_code == 400, (name, answer.text)
        assert_problem(answer, 400)
    assert_problem(await send(world, route, b"x" * 300_000), 413)
    assert_problem(await send(world, route, b"{}", "text/plain"), 415)
    assert_problem(await send(world, route, b"{}", "application/json; charset=utf-16"), 415)


@pytest.mark.parametrize("route", writing(), ids=named)
async def test_what_is_no_such_body_is_pointed_at_by_every_operation(world: World, route: APIRoute) -> None:
    for name, body in WRONG.items():
        answer = await send(world, route, json.dumps(body).encode())
        assert answer.status_code == 422, (name, answer.text)
        assert_problem(answer, 422)


@pytest.mark.parametrize("route", writing(), ids=named)
async def test_any_shape_in_any_field_is_a_problem_or_no_such_record(world: World, route: APIRoute) -> None:
    assert route.body_field is not None
    model: Any = route.body_field.field_info.annotation
    for field in model.model_fields:
        for shape in SHAPES:
            answer = await send(world, route, json.dumps({field: shape}).encode())
            assert_problem(answer, 404, 409, 412, 422)


def reading_role(route: APIRoute) -> str:
    """The coordinator where they may, as they see most."""
    door = door_of(route)
    roles = PERMISSIONS[door.permission] if door else {"coordinator"}
    return "coordinator" if "coordinator" in roles else "ops"


READS_ONE = [one for one in ROUTES if "GET" in one.methods and "{" in one.path]


@pytest.mark.parametrize("route", READS_ONE, ids=named)
async def test_any_text_in_the_place_of_an_id_is_not_found(world: World, route: APIRoute) -> None:
    reader = await world.caller(reading_role(route))
    for key in ("x", "%00", "%ff", "..%2f..", "a" * 3000, "%C4%85", "1", "\u200b", "LIT2021-044'"):
        assert_problem(await reader.get(re.sub(r"{\w+}", key, route.path)), 400, 404, 422)


@pytest.mark.parametrize("route", [one for one in ROUTES if "GET" in one.methods], ids=named)
async def test_no_query_makes_any_reading_stumble(world: World, route: APIRoute) -> None:
    reader = await world.caller(reading_role(route))
    path = re.sub(r"{\w+}", ANY_ID, route.path)
    for query in ("?%00=1", "?a", "?=", "?limit=%00", "?q=%00", "?q=%ff", "?q=" + "a" * 5000, "?sort=,", "?expand=.", "?as_of=%F0",
                  "?cursor=" + "A" * 1900, "?limit=1e3", "?limit=٣", "?fields=,", "?status=%00", "?include=,"):  # fmt: skip
        answer = await reader.get(path + query)
        assert answer.status_code < 500, (query, answer.text)
        if answer.status_code != 200:
            assert_problem(answer, 400, 404, 422)
