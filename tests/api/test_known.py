"""Whoever asks with a tag is answered by the short way as by the ordinary one, to the byte, and by no other rule."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from api import middleware
from api.app import create_app
from api.known import Plain, ShortWay
from api.routes import ROUTES
from programme.database import Database
from programme.settings import Settings
from tests.full import Full, a_full_organisation
from tests.world import Caller, World

SHORT = [route for route in ROUTES if "GET" in route.methods and Plain.of(route)]
ODD = [
    "expand=organisation", "expand=organisation,organisation", "expand=nothing", "expand=", "expand=organisation&expand=",
    "expand=Organisation", "expand=%6frganisation", "expand=a+b", "as_of=2026-11-01", "known_at=2026-11-21T10:00:00Z",
    f"test_clock={UUID(int=8)}", "test_clock=x", "fields=id", "x=1", "&",
]  # fmt: skip
OF_EACH_ANSWER = ("x-request-id", "ratelimit")


@pytest.mark.parametrize("route", SHORT, ids=lambda route: route.path)
def test_a_route_that_needs_more_than_its_address_is_not_tried(route: APIRoute) -> None:
    """Else a door would be opened for an endpoint that cannot be called, at every such question."""
    door = {one.name for one in route.dependant.dependencies}
    needed = {name for name, one in signature(route.endpoint).parameters.items() if one.default is one.empty}
    assert needed == door | {one.name for one in route.dependant.path_params}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses that the short way has answered with."""
    answered: list[int] = []
    ask = ShortWay._answer

    async def noting(self: ShortWay, scope: Any, receive: Any) -> Any:
        response = await ask(self, scope, receive)
        answered.extend([response.status_code] if response else [])
        return response

    monkeypatch.setattr(ShortWay, "_answer", noting)
    return answered


@contextmanager
def closed() -> Iterator[None]:
    """Everybody goes the ordinary way."""
    with pytest.MonkeyPatch.context() as patch:

        async def nobody(*_: Any) -> None:
            return None

        patch.setattr(ShortWay, "_answer", nobody)
        yield


async def both(caller: Caller, path: str, tag: str | None, method: str = "GET", **more: str) -> httpx2.Response:
    """The answer of the short way, which is the ordinary one's too."""
    headers = more | ({} if tag is None else {"If-None-Match": tag})
    answer = await caller.request(method, path, headers=headers)
    with closed():
        ordinary = await caller.request(method, path, headers=headers)
    assert told(answer) == told(ordinary), (method, path, tag)
    return answer


def told(answer: httpx2.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in OF_EACH_ANSWER]
    return answer.status_code, headers, re.sub(rb'"request_id": ?"\w+"', b"", answer.content)


@pytest.fixture
async def full(world: World) -> Full:
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    return await a_full_organisation(
        world, "LIT2025-401", assessor=UUID(str(auditor.client_id)), reviewer=UUID(str(reviewer.client_id))
    )


async def callers(world: World, full: Full, role: str) -> list[Caller]:
    if role == "provider":
        other = await world.organisation()
        return [await world.caller(role, full.organisation_id), await world.caller(role, other["id"])]
    return [await world.caller(role)]


@pytest.mark.parametrize("role", ["coordinator", "provider", "auditor", "reviewer", "awarder", "partner", "ops"])
async def test_every_answer_about_one_thing_is_the_ordinary_one(
    world: World, full: Full, role: str, short: list[int]
) -> None:
    office = await world.caller("coordinator")
    some, matched = await callers(world, full, role), 0
    for route in SHORT:
        path = full.address(route.path)
        for caller in some:
            seen = await caller.get(path)
            tag = seen.headers.get("etag")
            other = (await office.get(path)).headers.get("etag")
            for known in {tag, other, '"0.0"', "*", f'"1.0", {tag}', f"W/{tag}", ""} - {None}:
                answer = await both(caller, path, known)
                if answer.status_code == 304:
                    matched += 1
                    assert (tag or "") in known or known == "*"
                    assert (answer.headers["etag"], answer.content) == (tag, b"")
            if tag:
                await both(caller, path, tag, "HEAD")
                await both(caller, path, tag, **{"Accept-Language": "en"})
    assert short.count(304) >= matched > 0
    assert set(short) == {200, 304}
    assert len(SHORT) > 40


async def test_nobody_is_let_in_by_a_tag(world: World, full: Full, short: list[int]) -> None:
    path = f"/v1/certificates/{full.certificate_id}"
    caller = await world.caller("coordinator")
    tag = (await caller.get(path)).headers["etag"]
    for key in (None, "kk_", f"kk_{'0' * 12}_{'0' * 43}", str(caller.key)[:-1] + "_", "a.b.c"):
        stranger = Caller(world.http, key, None)
        for known in (tag, "*"):
            assert (await both(stranger, path, known)).status_code == 401
    twice = [("Authorization", f"Bearer {caller.key}")] * 2 + [("If-None-Match", tag)]
    assert (await world.http.get(path, headers=twice)).status_code == 401
    assert short == []


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("update api_key set revoked_at = clock_timestamp() where client_id = :client", 401),
        ("update api_key set expires_at = clock_timestamp() where client_id = :client", 401),
        ("update client set disabled_at = clock_timestamp() where id = :client", 401),
        ("update client set expires_on = current_date - 2 where id = :client", 401),
        ("update client set scopes = '{me.read}' where id = :client", 403),
        ("update client set role = 'partner' where id = :client", 404),
    ],
)
async def test_what_ended_a_moment_ago_is_refused_now(
    world: World, full: Full, statement: str, status: int, short: list[int]
) -> None:
    path = (
        f"/v1/organisations/{full.organisation_id}" if status == 404 else f"/v1/annual-reports/{full.annual_report_id}"
    )
    caller = await world.caller("coordinator")
    tag = (await caller.get(path)).headers["etag"]
    assert (await both(caller, path, tag)).status_code == 304
    async with world.at_work() as work:
        await work.session.execute(text(statement), {"client": caller.client_id})
    short.clear()
    for known in (tag, "*"):
        assert (await both(caller, path, known)).status_code == status
    assert short == []


async def test_what_has_changed_is_told_anew(world: World, full: Full, short: list[int]) -> None:
    path, office = f"/v1/organisations/{full.organisation_id}", await world.caller("coordinator")
    before = (await office.get(path)).headers["etag"]
    assert (await both(office, path, before)).status_code == 304
    assert (await office.change(path, {"name": "Kiti namai"})).status_code == 200
    assert (await both(office, path, before)).json()["name"] == "Kiti namai"
    assert short == [304, 200]


@pytest.mark.parametrize("query", ODD)
async def test_what_is_not_plain_goes_the_ordinary_way(world: World, full: Full, query: str, short: list[int]) -> None:
    office = await world.caller("coordinator")
    for path in (f"/v1/certificates/{full.certificate_id}?{query}", f"/v1/certificates/{full.reference}?{query}"):
        tag = (await office.get(path)).headers.get("etag", '"0.0"')
        assert (await both(office, path, tag)).status_code in (304, 400, 404)
    plain = re.fullmatch(r"expand=organisation(,organisation)?", query)
    assert short == ([304, 304] if plain else [])


@pytest.mark.parametrize("path", ["/v1/certificates/not-an-id%00", f"/v1/certificates/{'x' * 61}", "/v1/findings/7"])
async def test_an_address_that_names_nothing_is_not_found(world: World, path: str) -> None:
    assert (await both(await world.caller("coordinator"), path, "*")).status_code in (404, 422)


async def test_a_body_is_the_ordinary_ways(world: World, full: Full, short: list[int]) -> None:
    path, office = f"/v1/organisations/{full.organisation_id}", await world.caller("coordinator")
    tag = (await office.get(path)).headers["etag"]
    answer = await office.request("GET", path, headers={"If-None-Match": tag}, content=b"{}")
    assert (answer.status_code, short) == (304, [])
    answer = await office.request("GET", path, headers={"If-None-Match": tag}, content=b" " * 300_000)
    assert answer.status_code == 413


async def test_what_goes_wrong_on_it_is_asked_again_on_the_ordinary_one(
    world: World, full: Full, monkeypatch: pytest.MonkeyPatch, short: list[int]
) -> None:
    path, office = f"/v1/organisations/{full.organisation_id}", await world.caller("coordinator")
    tag = (await office.get(path)).headers["etag"]

    async def fail(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(Plain, "ask", fail)
    assert (await both(office, path, tag)).status_code == 304
    assert short == []


async def test_each_request_has_one_line_with_its_route(
    world: World, full: Full, monkeypatch: pytest.MonkeyPatch, short: list[int]
) -> None:
    office = await world.caller("coordinator")
    tag = (await office.get(f"/v1/organisations/{full.organisation_id}")).headers["etag"]
    lines: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        middleware, "tell", lambda _, **said: lines.append((said["method"], said["route"], said["status"]))
    )
    for method, key in (("GET", full.organisation_id), ("HEAD", full.organisation_id), ("GET", uuid4())):
        await office.request(method, f"/v1/organisations/{key}", headers={"If-None-Match": tag})
    route = "/v1/organisations/{organisation_id}"
    assert lines == [("GET", route, 304), ("HEAD", route, 304), ("GET", route, 404)]
    assert short == [304, 304]


@pytest.fixture
async def counting(settings: Settings, database: Database) -> AsyncIterator[World]:
    counting = settings.model_copy(update={"rate_limits": True, "rate_limit_client": 6, "rate_limit_address": 3})
    async with World.of(create_app(counting), database) as made:
        yield made


async def test_each_request_counts_once(counting: World, short: list[int]) -> None:
    path = f"/v1/organisations/{(await counting.organisation())['id']}"
    caller = await counting.caller("provider", path.rpartition("/")[2])
    tag = (await caller.get(path)).headers["etag"]
    left = []
    for where, known in (
        (path, tag),
        (path, '"0.0"'),
        (f"/v1/organisations/{uuid4()}", "*"),
        (f"/v1/imports/{uuid4()}", "*"),
        (path, tag),
    ):
        answer = await caller.get(where, headers={"If-None-Match": known})
        left.append((answer.status_code, re.findall(r"r=(\d+)", answer.headers["ratelimit"])))
    assert left == [(304, ["4"]), (200, ["3"]), (404, ["2"]), (403, ["1"]), (304, ["0"])]
    answer = await caller.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert short == [304, 200, 304]
