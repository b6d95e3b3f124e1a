"""Reading connections are lent again as they come back; whoever waits gets one, and none that is broken is lent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from programme import database as lending
from programme.database import Database, asyncpg_url
from programme.settings import Settings

PID = "select pg_backend_pid()"


@pytest.fixture
async def alone(settings: Settings, clone_url: str) -> AsyncIterator[Database]:
    """With one reading connection."""
    async with Database.open(settings, clone_url, connections=1) as database:
        yield database


async def pid(database: Database) -> int:
    async with database.reading() as connection:
        return int(await connection.fetchval(PID))


async def test_one_connection_serves_one_after_another(alone: Database) -> None:
    assert len({await pid(alone) for _ in range(5)}) == 1


async def test_whoever_waits_gets_what_comes_back(alone: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await pid(alone)
    assert await asyncio.gather(*(pid(alone) for _ in range(20))) == [first] * 20
    monkeypatch.setattr(lending, "PATIENCE", 0.05)
    async with alone.reading():
        with pytest.raises(TimeoutError):
            await pid(alone)
    assert await pid(alone) == first, "who gave up waiting keeps nobody from it"


async def test_what_was_ended_is_not_lent_again(alone: Database, clone_url: str) -> None:
    first = await pid(alone)
    ender = await asyncpg.connect(asyncpg_url(clone_url))
    await ender.execute("select pg_terminate_backend($1, 5000)", first)
    await ender.close()
    await asyncio.sleep(0.05)
    assert await pid(alone) != first


async def test_work_that_ended_badly_leaves_nothing_to_the_next(alone: Database) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with alone.reading() as connection:
            await connection.execute("begin; create temporary table left_behind (); select 1 / 0")
    async with alone.reading() as connection:
        await connection.execute("begin")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), alone.reading() as connection:
            await connection.execute("select pg_sleep(5)")
    async with alone.reading() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("select to_regclass('left_behind')") is None


async def test_closing_waits_for_what_is_lent(settings: Settings, clone_url: str) -> None:
    async with Database.open(settings, clone_url, connections=2) as database:
        await asyncio.gather(pid(database), pid(database))
        lent = database.reading()
        connection = await lent.__aenter__()

        async def comes_back() -> None:
            await asyncio.sleep(0.05)
            await connection.fetchval(PID)
            await lent.__aexit__(None, None, None)

        later = asyncio.create_task(comes_back())
    await later
