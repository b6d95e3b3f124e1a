"""Backends are ended ten times a second, and the server itself restarts, while callers write: what was acknowledged is
there, once, and nobody is told of a fault. `make soak` makes it last."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from programme import embedded
from programme.database import Database, asyncpg_url, migrate
from programme.embedded import Instance
from programme.retries import again
from programme.services import loading
from programme.settings import Settings
from tests import oracle
from tests.faults.service import restart_at_once
from tests.soak import SOAK, sampled
from tests.world import Caller, World, legal_code

SECONDS = 20.0 if SOAK else 2.5


class Office:
    """Callers who write without rest and remember what they were told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: Counter[tuple[int, str]] = Counter()
        self.registered: dict[str, str] = {}
        self.over = asyncio.Event()

    async def say(self, caller: Caller, method: str, path: str, json: Any = None, **headers: str) -> Any:
        answer = await caller.request(method, path, json=json, headers=headers)
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""
        self.told[answer.status_code, code] += 1
        assert answer.status_code < 500 or answer.headers["retry-after"] == "1", answer.text
        return answer

    async def register(self, caller: Caller, number: int) -> None:
        """One organisation after the other, each under its own key until the answer is there."""
        for turn in range(10_000):
            if self.over.is_set():
                return
            new = {"legal_code": legal_code(), "name": "Namai", "kind": "ngo", "municipality": "LT-57"}
            while True:
                answer = await self.say(
                    caller, "POST", "/v1/organisations", new, **{"Idempotency-Key": f"{number}-{turn}"}
                )
                if answer.status_code == 201:
                    break
                assert (answer.status_code, answer.json()["code"]) in (
                    (503, "unavailable"), (503, "outcome_unknown"), (409, "idempotency_in_progress"),
                )  # fmt: skip
                await asyncio.sleep(0.05)
            self.registered[new["legal_code"]] = answer.json()["id"]

    async def amend(self, caller: Caller, path: str) -> None:
        """One record again and again without a key: each answer says what has become of its version."""
        version = 1
        while not self.over.is_set():
            body = {"website": f"https://namai{version}.example.lt"}
            answer = await self.say(caller, "PATCH", path, body, **{"If-Match": f'"{version}"'})
            if answer.status_code == 200:
                assert answer.json()["version"] == version + 1
                version += 1
            else:
                assert answer.status_code == 503, answer.text
                known = answer.json()["code"] == "unavailable"
                while (read := await self.say(caller, "GET", path)).status_code != 200:
                    assert read.status_code == 503, read.text
                    await asyncio.sleep(0.05)
                assert read.json()["version"] in ([version] if known else [version, version + 1])
                version = read.json()["version"]

    async def work(self, disturb: Any) -> None:
        coordinator = await self.world.caller("coordinator")
        records = [(await self.world.organisation())["id"] for _ in range(3)]
        busy = [asyncio.create_task(self.register(coordinator, number)) for number in range(4)]
        busy += [asyncio.create_task(self.amend(coordinator, f"/v1/organisations/{one}")) for one in records]
        try:
            await disturb()
        finally:
            self.over.set()
            await asyncio.gather(*busy)
        held = await again(lambda: _organisations(self.world))  # it may be the first who finds a connection lost
        assert set(self.registered.values()) | set(records) == set(held.values())
        assert {code: held.get(code) for code in self.registered} == self.registered
        await oracle.check(self.world.database)


async def _organisations(world: World) -> dict[str, str]:
    async with world.at_work() as work:
        rows = await (await work.connection()).fetch("select legal_code, id::text as id from organisation")
        return {row["legal_code"]: row["id"] for row in rows}


@sampled
async def test_backends_ended_ten_times_a_second_cost_no_write(racing_world: World, clone_url: str) -> None:
    ender = await asyncpg.connect(asyncpg_url(clone_url))
    office, ended = Office(racing_world), 0

    async def disturb() -> None:
        nonlocal ended
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(0.1)
            ended += await ender.fetchval(
                "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where datname ="
                " current_database() and pid <> pg_backend_pid() order by random() limit 2) as chosen"
            )

    await office.work(disturb)
    await ender.close()
    assert ended >= SECONDS * 5
    assert office.registered
    assert set(office.told) <= {
        (200, ""), (201, ""), (503, "unavailable"), (503, "outcome_unknown"), (409, "idempotency_in_progress"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Servers of this module's own, durable as in production."""
    instance = embedded.start(tmp_path_factory.mktemp("own"), durable=True)
    migrate(instance.servers.database_url)
    yield instance
    instance.stop()


@sampled
async def test_a_server_that_restarts_at_once_loses_nothing_that_was_acknowledged(
    app: Any, instance: Instance, settings: Settings
) -> None:
    async with Database.open(settings, instance.servers.database_url, connections=20) as database:
        await loading.load_catalogue(database)
        async with World.of(app, database) as world:
            office = Office(world)

            async def disturb() -> None:
                for _ in range(3 if SOAK else 1):
                    await asyncio.sleep(0.7)
                    restart_at_once(instance)  # the whole test stands still until the server accepts again
                    began = time.monotonic()
                    coordinator = await world.caller("coordinator")
                    while (await coordinator.get("/v1/organisations?limit=1")).status_code != 200:
                        assert time.monotonic() - began < 3
                    await asyncio.sleep(0.7)

            await office.work(disturb)
            assert office.registered
            assert {status for status, _ in office.told} <= {200, 201, 503, 409}
