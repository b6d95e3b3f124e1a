"""Bad input on every operation: a clear problem, never a fault, never an echo, and nothing changes.

Every operation is sent more than three hundred shapes (`tests.shapes`): its bodies, fields, parameters, address and
headers. `make test` sends each operation a part of them, so that all operations together are sent each; `make soak` sends everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.routing import APIRoute
from starlette.types import Message

from api import problems
from api.deps import _known_parameters
from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.permissions import PERMISSIONS
from programme.tables import Table
from tests import shapes
from tests.shapes import ANY_ID, CANARY
from tests.soak import SOAK, sampled
from tests.world import World

BELOW_500 = range(200, 500)
REFUSED = (400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 428)


@dataclass(frozen=True, slots=True)
class Shape:
    """One request with something wrong in it; `query` is written as in an address, `path` likewise."""

    name: str
    statuses: Any = BELOW_500
    path: str = ""
    query: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | None = None


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0


async def send(app: Any, method: str, path: str, query: str, headers: dict[bytes, bytes], body: bytes) -> Answer:
    """The application's answer, without an HTTP library that would refuse half of these requests."""
    answer = Answer()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
        "path": unquote(path, errors="replace"), "raw_path": path.encode(), "query_string": query.encode(),
        "headers": list(headers.items()), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip

    async def receive() -> Message:
        part = body[answer.read : answer.read + 65_536]
        answer.read += len(part)
        return {"type": "http.request", "body": part, "more_body": answer.read < len(body)}

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], dict(message["headers"])
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, take)
    return answer


def named(route: APIRoute) -> str:
    return f"{method_of(route)} {route.path}"


def method_of(route: APIRoute) -> str:
    return sorted(route.methods)[0]


def address_of(route: APIRoute, text: str | None = None) -> str:
    """With `text` in every place that is to be filled in, or with what could stand there."""
    return re.sub(r"{\w+}", text or ANY_ID, route.path if text else route.path.replace("{criterion}", "1.1"))


def shapes_for(route: APIRoute) -> Iterator[Shape]:
    """Everything that can be wrong with a request of this operation, one thing at a time."""
    usual = address_of(route)
    for name, value in shapes.HEADERS:
        yield Shape(f"header {name!r}: {value[:40]!r}", path=usual, headers=((name, value),))
    for query in shapes.QUERIES:
        yield Shape(f"query {query[:40]}", path=usual, query=query)
    parameters = sorted(_known_parameters(route)) or ["x"]
    for number, text in enumerate(shapes.TEXTS):
        for parameter in parameters if SOAK else [parameters[number % len(parameters)]]:
            yield Shape(f"parameter {parameter}={text[:40]}", path=usual, query=f"{parameter}={text}")
        if usual != route.path:
            yield Shape(f"address {text[:40]}", path=address_of(route, text))
    if route.body_field is None:
        return
    for name, body in shapes.UNREADABLE.items():
        yield Shape(f"unreadable: {name}", statuses=(400,), path=usual, body=body)
    for name, value in shapes.NO_OBJECTS.items():
        yield Shape(f"no such body: {name}", statuses=(422,), path=usual, body=json.dumps(value).encode())
    model: Any = route.body_field.field_info.annotation
    fields = [about.alias or name for name, about in model.model_fields.items()]
    values, count = shapes.VALUES, len(shapes.VALUES)
    for number in range(count):
        # Each field takes another of the values, so that after `count` bodies every field has had every one.
        body = {name: values[(number + 37 * place) % count] for place, name in enumerate(fields)}
        yield Shape(f"fields {number}", path=usual, query="validate_only=true", body=json.dumps(body).encode())
        for name in fields if SOAK else ():
            alone = json.dumps({name: values[number]}).encode()
            yield Shape(f"field {name} {number}", path=usual, query="validate_only=true", body=alone)


async def headers_of(world: World, route: APIRoute) -> dict[bytes, bytes]:
    """Of somebody who may do it."""
    found = {
        b"host": b"kokybe.test",
        b"content-type": b"application/json",
        b"if-match": b'"1"',
        b"idempotency-key": b"bad-input",
    }
    if door := door_of(route):
        role = sorted(PERMISSIONS[door.permission])[0]
        whose = (await world.organisation())["id"] if role == "provider" else None
        found[b"authorization"] = f"Bearer {(await world.caller(role, whose)).key}".encode()
    if method_of(route) == "GET":
        del found[b"content-type"], found[b"if-match"], found[b"idempotency-key"]
    return found


async def kept(world: World) -> dict[str, int]:
    """How many rows each table has; every change of a row adds one to the events."""
    async with world.database.reading() as connection:
        counts = " union all ".join(f"select '{name}', count(*) from {name}" for name in Table.metadata.tables)
        return dict(await connection.fetch(counts))


def assert_clear(answer: Answer, shape: Shape) -> None:
    assert answer.status in shape.statuses, (shape, answer)
    assert CANARY.encode() not in answer.body, shape
    if answer.status >= 400:
        assert answer.status in REFUSED, (shape, answer)
        assert answer.headers[b"content-type"] == b"application/problem+json", shape
        problem = json.loads(answer.body)
        assert problem["code"] in problems.catalogue(), shape
        assert problem["request_id"] == answer.headers[b"x-request-id"].decode()


@sampled
@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_every_operation_answers_bad_input_clearly_and_keeps_nothing(world: World, route: APIRoute) -> None:
    usual = await headers_of(world, route)
    before = await kept(world)
    asked = list(shapes_for(route))
    assert len(asked) >= 300
    for shape in shapes.some(asked, 12, named(route)):
        body = shape.body
        if body is None:
            body = b"{}" if route.body_field is not None else b""
        headers = usual | dict(shape.headers)
        answer = await send(world.app, method_of(route), shape.path, shape.query, headers, body)
        assert_clear(answer, shape)
    assert await kept(world) == before


BODIES = [route for route in ROUTES if route.body_field is not None]


@pytest.mark.parametrize("route", BODIES, ids=named)
async def test_what_is_too_large_or_of_another_type_goes_no_further(world: World, route: APIRoute) -> None:
    usual = await headers_of(world, route)
    limit = 256 * 1024
    for declared in (True, False):
        length = {b"content-length": b"1000000"} if declared else {}
        answer = await send(world.app, method_of(route), address_of(route), "", usual | length, b" " * 1_000_000)
        assert_clear(answer, Shape("too large", (413,)))
        assert answer.read <= (0 if declared else limit + 65_536)
    for media_type in (b"text/plain", b"application/json; charset=utf-16", b"multipart/form-data; boundary=x", b""):
        wrong = usual | {b"content-type": media_type}
        answer = await send(world.app, method_of(route), address_of(route), "", wrong, b"{}")
        assert_clear(answer, Shape("media type", (415,)))
    answer = await send(
        world.app, method_of(route), address_of(route), "", usual | {b"content-encoding": b"gzip"}, b"{}"
    )
    assert_clear(answer, Shape("encoding", (415,)))
    assert answer.read == 0


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
async def test_every_other_method_is_told_which_there_are(world: World, path: str) -> None:
    address = re.sub(r"{\w+}", ANY_ID, path)
    taken = {method for route in ROUTES if route.path == path for method in route.methods}
    if "GET" in taken:
        taken.add("HEAD")
    host = {b"host": b"kokybe.test"}
    for method in {
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "FOO",
        "get",
    } - taken:
        answer = await send(world.app, method, address, "", host, b"")
        assert answer.status == 405, method
        assert answer.headers[b"allow"].decode() == ", ".join(sorted(taken)), method
        if method != "HEAD":
            assert_clear(answer, Shape(method, (405,)))


async def test_what_programs_and_markup_would_do_is_kept_as_it_was_said(world: World) -> None:
    office = await world.caller("coordinator")
    for text in (
        "'; drop table certificate; --",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "%00 \\u0000",
        "=1+1",
        "Žemaitės 😀",
    ):
        made = await world.organisation(name=text)
        read = await office.get(f"/v1/organisations/{made['id']}")
        assert read.json()["name"] == text
        assert read.headers["x-content-type-options"] == "nosniff"
    decomposed = await world.organisation(name="Z\u030cemaite\u0307s")
    assert decomposed["name"] == "Žemaitės"


async def test_wildcards_of_a_search_are_letters(world: World) -> None:
    office = await world.caller("coordinator")
    await world.organisation(name="Žiburys")
    for text in ("%25", "_", "%25iburys", "%5C", "%5C%25"):
        assert (await office.get(f"/v1/organisations?q={text}")).json()["items"] == []
    assert (await office.get("/v1/organisations?q=" + "a" * 201)).status_code == 400
