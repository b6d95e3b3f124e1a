"""Reading connections are lent again as they come back; whoever waits gets one, and none that is broken is lent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from programme import lending
from programme.database import Database, asyncpg_url
from programme.lending import ONE_MOMENT, READ
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


@pytest.fixture
async def onlooker(clone_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    yield connection
    await connection.close()


async def state(onlooker: asyncpg.Connection, backend: int) -> str:
    found: str = await onlooker.fetchval("select state from pg_stat_activity where pid = $1", backend)
    return found


async def test_each_reads_in_a_transaction_of_their_own(alone: Database) -> None:
    seen = []
    for begin in (READ, READ, None):
        async with alone.reading(begin) as connection:
            assert connection.is_in_transaction() is (begin is not None)
            seen.append(await connection.fetchrow("select now() as now, current_user as who"))
            if begin is not None:
                await connection.execute("select from enter_world('nobody', null, null)")
                assert await connection.fetchval("select current_user") != seen[0]["who"]
    assert len({one["now"] for one in seen}) == 3, "the time goes on"
    assert len({one["who"] for one in seen}) == 1, "nobody is who was there before"
    async with alone.reading(READ) as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("create table kept ()")
    async with alone.reading(READ) as connection:
        assert await connection.fetchval("select to_regclass('kept')") is None


async def test_what_was_read_can_be_altered_a_moment_later(
    alone: Database, onlooker: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alone.reading(READ) as connection:
        backend = await connection.fetchval(PID)
        await connection.fetchval("select count(*) from municipality")
    await onlooker.execute("set lock_timeout = '4s'; alter table municipality add column kept int")
    assert await state(onlooker, backend) == "idle"
    monkeypatch.setattr(lending, "LINGER", 1)
    async with alone.reading(READ) as connection:
        pass
    assert await state(onlooker, backend) == "idle in transaction"
    assert await pid(alone) == backend
    assert await state(onlooker, backend) == "idle"


async def test_one_moment_ends_with_the_block(alone: Database, onlooker: asyncpg.Connection) -> None:
    async with alone.reading(ONE_MOMENT) as connection:
        backend = await connection.fetchval(PID)
        count = await connection.fetchval("select count(*) from heartbeat")
        await onlooker.execute("insert into heartbeat (kind, host, seen_at) values ('worker', 'here', now())")
        assert await connection.fetchval("select count(*) from heartbeat") == count
    assert await state(onlooker, backend) == "idle"


async def test_what_was_ended_behind_its_transaction_is_not_lent_again(
    alone: Database, onlooker: asyncpg.Connection
) -> None:
    backends = []
    for pause in (0.0, 0.05, 0.0):
        async with alone.reading(READ) as connection:
            backends.append(await connection.fetchval(PID))
        await onlooker.execute("select pg_terminate_backend($1, 5000)", backends[-1])
        await asyncio.sleep(pause)
        if not pause:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):  # it may be the first that notices
                await pid(alone)
    assert len(set(backends)) == 3


async def test_whoever_waits_gets_what_comes_back_out_of_a_transaction(alone: Database) -> None:
    async def read() -> str:
        async with alone.reading(READ) as connection:
            found: str = await connection.fetchval("select now()::text")
            return found

    assert len(set(await asyncio.gather(*(read() for _ in range(20))))) == 20


async def test_closing_ends_what_is_open(settings: Settings, clone_url: str, onlooker: asyncpg.Connection) -> None:
    async with Database.open(settings, clone_url, connections=2) as database, database.reading(READ) as connection:
        backend = await connection.fetchval(PID)
    async with asyncio.timeout(5):
        while await onlooker.fetchval("select count(*) from pg_stat_activity where pid = $1", backend):
            await asyncio.sleep(0.01)


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
