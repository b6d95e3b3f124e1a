"""Connections to PostgreSQL, which holds the truth: sessions for the verbs that change it, a bare pool for reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
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
from programme.lending import PATIENCE, Lender
from programme.settings import Settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

Connection = asyncpg.Connection
Sessions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True, slots=True)
class Database:
    """What a process needs to work with the database.

    `reading`: gives a connection for statements that change nothing, in a transaction that begins so
    (`programme.lending.READ`, `ONE_MOMENT`), or each in its own.
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
