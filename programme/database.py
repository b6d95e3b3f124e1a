"""Connections to PostgreSQL, which holds the truth: sessions for the verbs that change it, a bare pool for reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from programme.errors import OutcomeUnknown
from programme.settings import Settings

PATIENCE = 2.0
"""Seconds for which a caller waits for a connection that is free."""

LINGER = 0.01
"""Seconds for which a reading transaction may stay open behind its answer."""

READ = "begin read only"
ONE_MOMENT = "begin isolation level repeatable read, read only"
"""How a transaction begins in which all is seen as it was at its first question."""

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

Connection = asyncpg.Connection
Sessions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True, slots=True)
class Database:
    """What a process needs to work with the database.

    `reading`: gives a connection for statements that change nothing, in a transaction that begins so (`READ`,
    `ONE_MOMENT`), or each in its own.
    `fixed_now`: the moment that stands in for the clock, for demonstrations and tests.
    """

    sessions: Sessions
    reading: Callable[..., AbstractAsyncContextManager[Any]]
    fixed_now: datetime | None = None

    @staticmethod
    @asynccontextmanager
    async def open(
        settings: Settings, database_url: str, *, connections: int = 10, statement_timeout_ms: int = 5000
    ) -> AsyncIterator[Database]:
        """Pools of at most `connections` sessions and as many reading connections, closed at the end of the block.

        `statement_timeout_ms` bounds every statement; a transaction that idles for 10 s is ended by the server.
        """
        session_settings = {
            "timezone": "UTC",
            "jit": "off",
            # Many small questions at once on disks without moving parts: indexes first, no helpers for one of them.
            "random_page_cost": "1.1",
            "max_parallel_workers_per_gather": "0",
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": "10000",
            "lock_timeout": "4000",
        }
        engine = create_async_engine(
            sqlalchemy_url(database_url),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=PATIENCE,
            hide_parameters=True,
            json_serializer=dump_json,
            connect_args={"server_settings": session_settings},
        )
        pool = await asyncpg.create_pool(
            asyncpg_url(database_url),
            min_size=1,
            max_size=connections,
            reset=_keep,
            statement_cache_size=1000,
            max_cached_statement_lifetime=0,
            server_settings=session_settings,
        )
        lender = Lender(pool)
        try:
            sessions = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
            yield Database(sessions, lender.lend, settings.fixed_now)
        finally:
            await lender.close()
            await engine.dispose()


class Lender:
    """Lends the connections of a pool, as they are or in a transaction that reads.

    Taking one and giving it back costs the pool two tasks and a timer, some 15 µs, and each question that is sent and
    answered 25 more: so one that comes back well stays here and is lent next, and the end of its transaction, of which
    nobody learns anything, is sent with the beginning of the next. Where none begins within `LINGER`, it is sent alone:
    until then the tables that were read cannot be altered. By the pool goes what comes back where somebody waits, or
    from work that did not end well, since the pool knows how to mend or to replace it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._free: list[tuple[Any, float]] = []
        """Connections, each with the moment at which it came back; the newest last."""
        self._waiting = 0
        self._closing = False
        self._ending: asyncio.Task[None] | None = None

    def lend(self, begin: str | None = None) -> Loan:
        """`begin`: how the transaction begins in which the connection is lent; none otherwise."""
        return Loan(self, begin)

    async def take(self) -> Any:
        """A connection, which may still be in the transaction that it was lent in last."""
        while self._free:
            connection, _ = self._free.pop()
            if not _is_lost(connection):
                return connection
            await self._release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=PATIENCE)
        finally:
            self._waiting -= 1

    async def take_back(self, connection: Any, *, well: bool) -> None:
        if not well or self._waiting or self._closing or _is_lost(connection):
            await self._release(connection)
            return
        self._free.append((connection, monotonic()))
        if connection.is_in_transaction() and self._ending is None:
            self._ending = asyncio.create_task(self._end())

    async def _release(self, connection: Any) -> None:
        """Whatever is wrong with it, the pool replaces it: nobody's work fails with what becomes of a connection."""
        with suppress(Exception):
            try:
                if _is_open(connection):
                    await connection.execute("rollback")
            finally:
                await self._pool.release(connection)

    async def _end(self) -> None:
        """Ends the transactions of connections that are not lent again, until there are none."""
        try:
            while any(_is_open(connection) for connection, _ in self._free):
                await asyncio.sleep(LINGER)
                while lingering := self._lingering(monotonic() - LINGER):
                    self._free.remove(lingering)
                    await self._end_of(lingering[0])
        finally:
            self._ending = None

    async def _end_of(self, connection: Any) -> None:
        try:
            await connection.execute("commit")
            well = True
        except Exception:  # there are many ways in which a lost connection shows
            well = False
        await self.take_back(connection, well=well)

    def _lingering(self, since: float) -> tuple[Any, float] | None:
        return next((one for one in self._free if one[1] <= since and _is_open(one[0])), None)

    async def close(self) -> None:
        """When all that is lent has come back."""
        self._closing = True
        if self._ending is not None:
            await self._ending
        while self._free:
            await self._release(self._free.pop()[0])
        await self._pool.close()


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken its place back already
        return True


def _is_open(connection: Any) -> bool:
    """Whether it is in a transaction still."""
    return not _is_lost(connection) and connection.is_in_transaction()


class Loan:
    """One connection, for as long as the block."""

    __slots__ = ("_begin", "_connection", "_lender")

    def __init__(self, lender: Lender, begin: str | None) -> None:
        self._lender = lender
        self._begin = begin

    async def __aenter__(self) -> Any:
        self._connection = await self._lender.take()
        try:
            if self._connection.is_in_transaction():
                await self._connection.execute(f"commit; {self._begin or ''}")
            elif self._begin is not None:
                await self._connection.execute(self._begin)
        except BaseException:
            await self._lender.take_back(self._connection, well=False)
            raise
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._lender.take_back(self._connection, well=kind is None and self._begin != ONE_MOMENT)


async def _keep(connection: asyncpg.Connection) -> None:
    """Reading leaves nothing on a connection that had to be reset; the query for it would halve the rate of lookups."""


def is_passing(error: BaseException) -> bool:
    """Whether the database is away, restarting, overwhelmed or chose between two writers: the same work, begun anew,
    may succeed a moment later."""
    cause = getattr(error, "driver_exception", None) or error
    passing = (
        asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError | asyncpg.InsufficientResourcesError
        | asyncpg.TransactionRollbackError | asyncpg.LockNotAvailableError | asyncpg.InterfaceError
        | asyncpg.InternalClientError  # what a connection lost at the wrong moment looks like
        | asyncpg.ReadOnlySQLTransactionError | OSError | TimeoutError | PoolTimeout | OutcomeUnknown
    )  # fmt: skip
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(cause, passing) or isinstance(error, OperationalError)


def is_worth_another_try(error: BaseException) -> bool:
    """Whether the same work, begun anew at once, may well succeed. Not so where it was too much already (no connection
    free, a statement out of time), which more of it makes worse, or where nobody may write."""
    cause = getattr(error, "driver_exception", None) or error
    hopeless = (
        asyncpg.QueryCanceledError | asyncpg.InsufficientResourcesError | asyncpg.ReadOnlySQLTransactionError
        | TimeoutError | PoolTimeout | OutcomeUnknown
    )  # fmt: skip
    return is_passing(error) and not isinstance(cause, hopeless)


def asyncpg_url(database_url: str) -> str:
    return database_url.replace("postgresql+asyncpg://", "postgresql://", 1).replace("postgres://", "postgresql://", 1)


def sqlalchemy_url(database_url: str) -> str:
    return asyncpg_url(database_url).replace("postgresql://", "postgresql+asyncpg://", 1)


def dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def migrations_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["database_url"] = sqlalchemy_url(database_url)
    return config


def migrate(database_url: str) -> None:
    """Brings the schema to the newest revision. Several at once are safe: they take turns under an advisory lock.

    Test clocks end before the schema changes: their worlds are copies of the one of before.
    """
    asyncio.run(_end_sandboxes(database_url))
    command.upgrade(migrations_config(database_url), "head")


async def _end_sandboxes(database_url: str) -> None:
    connection = await asyncpg.connect(asyncpg_url(database_url))
    try:
        if await connection.fetchval("select to_regprocedure('end_sandboxes()') is not null"):
            await connection.execute(
                "select end_sandboxes() from alembic_version where version_num <> $1", newest_revision()
            )
    finally:
        await connection.close()


@cache
def newest_revision() -> str | None:
    """The revision of the schema that this release works with."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
