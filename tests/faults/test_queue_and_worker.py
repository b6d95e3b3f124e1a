"""The worker is killed in the middle of a pass and Valkey dies, forgets and is lied to: what had to be made known is, once,
and nobody who calls the API notices."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis

from programme import embedded
from programme.database import asyncpg_url
from programme.embedded import Instance
from tests import oracle
from tests.faults.service import running
from tests.made import many_certificates
from tests.world import World, legal_code

MANY = 200
EXPIRED = "select count(*) from event where type = 'certificate.expired'"
WAITS = """
select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())
"""
PICKLED = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x0etouch /tmp/pwnd\x94\x85\x94R\x94."
POISON = b'{"t": 1, "f": "sweep", "a": [1, 2], "k": {}, "et": 0}'


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Instance]:
    """A Valkey of the test's own, beside the PostgreSQL of all tests."""
    instance = embedded.claim(tmp_path / "own")
    try:
        instance.launch(database_url=os.environ["TEST_DATABASE_URL"])
        yield instance
    finally:
        instance.stop()


async def told(connection: asyncpg.Connection, count: int, *, within_s: float) -> float:
    """Seconds until so many expiries are made known."""
    began = time.monotonic()
    while (found := await connection.fetchval(EXPIRED)) < count:
        assert time.monotonic() - began < within_s, f"{found} of {count}"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def test_what_had_to_be_made_known_is_whatever_dies(
    racing_world: World, clone_url: str, own: Instance, tmp_path: Path
) -> None:
    watch = await asyncpg.connect(asyncpg_url(clone_url))
    yesterday = await watch.fetchval("select (now() at time zone 'Europe/Vilnius')::date - 1")
    certified = yesterday - timedelta(days=3 * 365)
    await many_certificates(watch, MANY, certified.isoformat(), yesterday.isoformat())
    about = {"database_url": clone_url, "redis_url": own.servers.redis_url}

    other = await asyncpg.connect(asyncpg_url(clone_url))
    async with other.transaction():
        await other.execute("lock table event in share mode")
        async with running("worker", tmp_path / "first.log", **about) as first:
            while not await watch.fetchval(WAITS):
                assert first.process.poll() is None, first.log.read_text()
                await asyncio.sleep(0.05)
            first.kill()
    assert await watch.fetchval(EXPIRED) == 0

    async with running("worker", tmp_path / "second.log", **about) as second:
        await told(watch, MANY, within_s=30)
        await second.says("worker_started")

        (valkey,) = (child for child in own.children if child.name == "Valkey")
        valkey.process.kill()
        valkey.process.wait(10)
        began = time.monotonic()
        coordinator = await racing_world.caller("coordinator")
        new = {"legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57"}
        assert (await coordinator.post("/v1/organisations", new)).status_code == 201
        assert time.monotonic() - began < 2
        await second.says("worker_interrupted")
        own.children.remove(valkey)
        own._valkey(Path(urlsplit(own.servers.redis_url).path), lambda _: None)()

        queue = Redis.from_url(own.servers.redis_url)
        await queue.flushall()
        for forged, job in (("pickled", PICKLED), ("poison", POISON)):
            await queue.set(f"arq:job:{forged}", job)
            await queue.zadd("kokybe", {forged: 1})
        await many_certificates(watch, 1, certified.isoformat(), yesterday.isoformat())
        await told(watch, MANY + 1, within_s=60)
        while await queue.zscore("kokybe", "pickled") or await queue.zscore("kokybe", "poison"):
            assert time.monotonic() - began < 60
            await asyncio.sleep(0.1)
        await queue.aclose()
        assert second.process.poll() is None, second.log.read_text()
        second.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.process.wait, 25) == 0
    assert await watch.fetchval(EXPIRED) == MANY + 1
    assert not Path("/tmp/pwnd").exists()
    await watch.close()
    await other.close()
    await oracle.check(racing_world.database)
