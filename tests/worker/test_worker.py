"""`python -m worker` on a real Valkey: it catches up at start, survives its queue, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from programme.services.certificates import keep_apart, policy_on, put_in_force
from programme.tables import Certificate
from programme.work import begin
from tests.conftest import url_of
from tests.world import World

QUEUE = os.environ.get("TEST_REDIS_URL", "").replace("db=0", f"db={os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]}")
"""A part of Valkey for each pytest process, as some tests empty it."""


@pytest.fixture
async def url(racing_world: World) -> str:
    """The address of the database behind `racing_world`."""
    async with racing_world.database.reading() as connection:
        name = await connection.fetchval("select current_database()")
    return url_of(name)


@contextmanager
def a_worker(database_url: str, redis_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"KOKYBE_DATABASE_URL": database_url, "KOKYBE_REDIS_URL": redis_url}
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "worker"], env=environment, stdout=output, stderr=output)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(10)


async def an_expired_certificate(world: World) -> UUID:
    """One that ran out yesterday."""
    holder = await world.organisation()
    async with begin(world.database) as work:
        policy = await policy_on(work, "EQUASS-2018", work.today)
        assert policy is not None
        certificate = Certificate(
            organisation_id=UUID(holder["id"]), standard="EQUASS", standard_version="EQUASS-2018", level="ASSURANCE",
            scope={"services": [], "sites": [], "unit": None},
        )  # fmt: skip
        await work.add(certificate, "certificate.drafted")
        day = work.today - timedelta(days=1)
        await put_in_force(work, certificate, None, day.replace(year=day.year - 3), policy, last=day)
        certificate.next_change_on = day + timedelta(days=1)
        await keep_apart(work, certificate)
        await work.record("certificate.imported", certificate)
        return certificate.id


async def expired_events(url: str, *, within_s: float) -> int:
    """How many expiries are told, as soon as there is one or the time is up."""
    connection = await asyncpg.connect(url)
    count = 0
    for _ in range(int(within_s * 10)):
        count = await connection.fetchval("select count(*) from event where type = 'certificate.expired'")
        if count:
            break
        await asyncio.sleep(0.1)
    await connection.close()
    return count


async def logged(log: Path, word: str, *, times: int = 1, within_s: float = 15) -> None:
    for _ in range(int(within_s * 10)):
        if log.exists() and log.read_text().count(word) >= times:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{word!r} not logged {times} times:\n{log.read_text()}")


async def test_it_catches_up_at_start_and_ends_when_told(racing_world: World, url: str, tmp_path: Path) -> None:
    await an_expired_certificate(racing_world)
    log = tmp_path / "worker.log"
    with a_worker(url, QUEUE, log) as process:
        assert await expired_events(url, within_s=15) == 1
        await logged(log, "worker_started")
        await asyncio.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 25) == 0
    assert "worker_ended" in log.read_text()


async def test_a_queue_that_forgets_everything_and_a_forged_job_stop_nothing(
    racing_world: World, url: str, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    queue = Redis.from_url(QUEUE)
    with a_worker(url, QUEUE, log) as process:
        await logged(log, "worker_started")
        await queue.flushdb()
        await queue.set("arq:job:forged", b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.")
        await queue.zadd("kokybe", {"forged": 1})
        await asyncio.sleep(1.5)
        assert process.poll() is None
        assert await queue.zcard("kokybe") == 0 or await queue.zscore("kokybe", "forged") is None
        await an_expired_certificate(racing_world)
        assert await expired_events(url, within_s=35) == 1
    await queue.aclose()


async def test_without_a_queue_the_pass_is_made_all_the_same(racing_world: World, url: str, tmp_path: Path) -> None:
    await an_expired_certificate(racing_world)
    log = tmp_path / "worker.log"
    with a_worker(url, f"unix://{tmp_path}/nobody.sock", log) as process:
        assert await expired_events(url, within_s=15) == 1
        await logged(log, "worker_interrupted", times=2)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0


async def test_the_check_tells_a_living_worker_from_none(racing_world: World, url: str, tmp_path: Path) -> None:
    queue = Redis.from_url(QUEUE)
    await queue.flushdb()
    await queue.aclose()

    async def check() -> int:
        environment = os.environ | {"KOKYBE_DATABASE_URL": url, "KOKYBE_REDIS_URL": QUEUE}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "worker", "--check", env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    assert await check() != 0
    log = tmp_path / "worker.log"
    with a_worker(url, QUEUE, log):
        await logged(log, "worker_started")
        await asyncio.sleep(1)
        assert await check() == 0
