"""Quotas: told on every answer, refused with a time to come back, and kept whatever becomes of Valkey."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import pytest

from api import limits
from api.app import create_app
from api.limits import Limits, TooMany
from programme.database import Database
from programme.settings import Settings
from tests.world import World

CLIENT, WRITES, ADDRESS = 6, 2, 4
LEFT = 40
"""Seconds to the end of the minute, as the clock of these tests stands."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still, `LEFT` seconds before the end of a minute; the test moves it."""
    now = [60 * 29_000_000 + 60 - LEFT + 0.5]
    monkeypatch.setattr(limits, "time", lambda: now[0])
    return now


@pytest.fixture
def few() -> Settings:
    return Settings(
        secret_key="for tests only, not a secret at all", allowed_hosts=("kokybe.test",),
        rate_limit_client=CLIENT, rate_limit_writes=WRITES, rate_limit_address=ADDRESS,
    )  # fmt: skip


@pytest.fixture
async def few_world(few: Settings, database: Database) -> AsyncIterator[World]:
    async with World.of(create_app(few), database) as made:
        yield made


def told(answer: Any) -> dict[str, int]:
    """What is left under each policy, by `RateLimit`."""
    assert set(re.findall(r"t=(\d+)", answer.headers["ratelimit"])) == {str(LEFT)}
    return {name: int(left) for name, left in re.findall(r'"(\w+)";r=(\d+)', answer.headers["ratelimit"])}


def assert_refused(answer: Any) -> None:
    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert answer.headers["retry-after"] == str(LEFT)
    assert 0 in told(answer).values()


async def test_a_client_sees_its_quota_run_out_and_come_back(few_world: World, clock: list[float]) -> None:
    caller, other = await few_world.caller("coordinator"), await few_world.caller("coordinator", another=1)
    for asked in range(CLIENT):
        answer = await caller.get("/v1/me")
        assert answer.status_code == 200
        assert told(answer) == {"client": CLIENT - asked - 1}
        assert answer.headers["ratelimit-policy"] == f'"client";q={CLIENT};w=60'
    beyond = await caller.get("/v1/me", headers={"Accept-Language": "en"})
    assert_refused(beyond)
    assert beyond.json()["detail"] == f"Too many requests. Try again in {LEFT} s."
    assert (await other.get("/v1/me")).status_code == 200
    clock[0] += LEFT
    assert (await caller.get("/v1/me")).status_code == 200


async def test_changes_have_a_quota_of_their_own(few_world: World) -> None:
    caller = await few_world.caller("coordinator")
    made = {"legal_code": "999000016", "name": "Žiburys", "kind": "ngo", "municipality": "LT-57"}
    for asked in range(WRITES):
        answer = await caller.post("/v1/organisations?validate_only=true", made)
        assert told(answer) == {"client": CLIENT - asked - 1, "writes": WRITES - asked - 1}
        assert answer.headers["ratelimit-policy"] == f'"client";q={CLIENT};w=60, "writes";q={WRITES};w=60'
    assert_refused(await caller.post("/v1/organisations", made))
    assert (await caller.get("/v1/organisations")).json()["items"] == []


async def test_whoever_gives_no_key_counts_by_address_except_probes(few_world: World) -> None:
    for asked in range(ADDRESS):
        answer = await few_world.nobody.get("/public/v1/certificates")
        assert answer.status_code == 200
        assert told(answer) == {"address": ADDRESS - asked - 1}
    for path in (
        "/public/v1/certificates",
        "/public/v1/certificates/LIT2021-044",
        "/docs",
        "/nothing",
        "/v1/nothing",
        "/v1/me",
    ):
        assert_refused(await few_world.nobody.get(path))
    assert_refused(await few_world.nobody.post("/v1/organisations"))
    for _ in range(ADDRESS):
        alive = await few_world.nobody.get("/livez")
        assert alive.status_code == 200
        assert "ratelimit" not in alive.headers


async def test_wrong_keys_use_up_the_address_but_keep_no_right_key_out(few_world: World) -> None:
    caller = await few_world.caller("coordinator")
    wrong = {"Authorization": f"Bearer kk_{'0' * 12}_{'A' * 43}"}
    answers = [await few_world.nobody.get("/v1/me", headers=wrong) for _ in range(ADDRESS + 2)]
    assert [one.status_code for one in answers] == [401] * ADDRESS + [429] * 2
    assert_refused(answers[-1])
    assert (await caller.get("/v1/me")).status_code == 200


async def test_a_proxy_in_the_way_does_not_make_one_caller_of_all(few: Settings, database: Database) -> None:
    behind = create_app(few.model_copy(update={"trusted_proxies": ("127.0.0.0/8",)}))
    async with World.of(behind, database) as world:
        for number in range(ADDRESS + 2):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            assert told(await world.nobody.get("/public/v1/certificates", headers=headers)) == {"address": ADDRESS - 1}


async def test_switched_off_nothing_is_counted_or_told(world: World) -> None:
    answer = await world.nobody.get("/public/v1/certificates")
    assert "ratelimit" not in answer.headers


def ask(quotas: Limits, client: str) -> int:
    """What is left to the client after one more request; `TooMany` beyond."""
    state: dict[str, Any] = {}
    quotas.of_client(state, client, writes=False)
    counter = state["limits"][0]
    return int(counter.policy.quota - counter.used)


async def until_left(quotas: Limits, client: str, left: int) -> None:
    """Waits until the process knows that so much is left, without asking."""
    for _ in range(100):
        if any(one.key.split(":")[3] == client and CLIENT - one.used == left for one in quotas._counters.values()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{left} are not left")


async def test_every_process_counts(few: Settings) -> None:
    one, other, client = Limits(few), Limits(few), uuid4().hex
    async with one.shared(os.environ["TEST_REDIS_URL"]), other.shared(os.environ["TEST_REDIS_URL"]):
        assert [ask(one, client) for _ in range(4)] == [5, 4, 3, 2]
        await asyncio.sleep(2 * limits.EXCHANGE)
        assert ask(other, client) == 5
        await until_left(other, client, 1)
        assert ask(other, client) == 0
        with pytest.raises(TooMany):
            ask(other, client)
        await asyncio.sleep(2 * limits.EXCHANGE)
        assert ask(one, client) == 1  # it learns what the other has counted with its next exchange
        await until_left(one, client, -1)
        with pytest.raises(TooMany):
            ask(one, client)


@asynccontextmanager
async def a_slow_road_to_valkey(folder: Path) -> AsyncIterator[tuple[str, list[float]]]:
    """The address of a socket that passes everything on to Valkey after a delay that can be changed."""
    delay = [0.0]
    path = os.environ["TEST_REDIS_URL"].removeprefix("unix://").partition("?")[0]
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: bool) -> None:
        with suppress(OSError), closing(writer):
            while data := await reader.read(65_536):
                if wait:
                    await asyncio.sleep(delay[0])
                writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        for road in (pass_on(reader, far_writer, True), pass_on(far_reader, writer, False)):
            tasks.add(asyncio.create_task(road))

    server = await asyncio.start_unix_server(connected, folder / "slow")
    yield f"unix://{folder / 'slow'}", delay
    server.close()
    await server.wait_closed()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_slow_valkey_costs_a_request_nothing_and_is_found_again(few: Settings, tmp_path: Path) -> None:
    quotas, other, client, later = Limits(few), Limits(few), uuid4().hex, uuid4().hex
    async with a_slow_road_to_valkey(tmp_path) as (url, delay):
        delay[0] = 2
        async with quotas.shared(url), other.shared(os.environ["TEST_REDIS_URL"]):
            slowest = 0.0
            for left in reversed(range(CLIENT)):
                started = perf_counter()
                assert ask(quotas, client) == left
                await asyncio.sleep(0)
                slowest = max(slowest, perf_counter() - started)
                await asyncio.sleep(0.1)
            with pytest.raises(TooMany):
                ask(quotas, client)
            assert slowest < 0.05
            delay[0] = 0
            await asyncio.sleep(limits.PATIENCE + limits.PAUSE)
            assert ask(quotas, later) == 5
            await asyncio.sleep(limits.PAUSE)
            assert ask(other, later) == 5
            await until_left(other, later, 4)


@pytest.mark.parametrize("url", ["unix:///nowhere/valkey.sock", "redis://127.0.0.1:1"])
async def test_without_valkey_each_process_keeps_the_quota(few: Settings, url: str) -> None:
    quotas = Limits(few)
    async with quotas.shared(url):
        assert [ask(quotas, "a") for _ in range(CLIENT)] == [5, 4, 3, 2, 1, 0]
        await asyncio.sleep(2 * limits.EXCHANGE)
        with pytest.raises(TooMany):
            ask(quotas, "a")


def test_a_request_that_is_begun_anew_counts_once(few: Settings) -> None:
    counting, state = Limits(few), dict[str, Any]()
    for _ in range(2 * CLIENT):
        counting.of_client(state, "a", writes=False)
    assert [counter.used for counter in state["limits"]] == [1]
