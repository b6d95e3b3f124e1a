"""Real servers for every test that touches data.

One PostgreSQL and one Valkey serve the whole run. Each pytest process has a database of its own, a clone of a template
that holds the migrated schema and the real catalogue. Most tests (`world`) live in one transaction on it that is rolled
back, in which commits are savepoints; `clone` gives a database of the test's own where real commits race.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.util import await_only

from api.app import create_app
from programme import embedded
from programme.database import Database, dump_json, migrate, sqlalchemy_url
from programme.logs import configure
from programme.services import loading
from programme.settings import Settings
from tests import scratch
from tests.world import NOON, World

TEMPLATE = "programme_template"
_SERVERS: dict[str, Any] = {}


def url_of(database: str) -> str:
    return os.environ["TEST_DATABASE_URL"].replace("@/kokybe?", f"@/{database}?")


def pytest_configure(config: pytest.Config) -> None:
    """Starts the servers once, in the process that the workers of pytest-xdist inherit their environment from."""
    if "TEST_DATABASE_URL" not in os.environ and not config.option.collectonly:
        start_servers()


def pytest_unconfigure() -> None:
    if _SERVERS:
        stop_servers()


def start_servers() -> None:
    """PostgreSQL with the template, and Valkey; where they are is in the environment from then on."""
    folder = scratch.folder()
    instance = embedded.start(folder, durable=False)
    _SERVERS.update(folder=folder, instance=instance)
    os.environ["TEST_DATABASE_URL"] = instance.servers.database_url
    os.environ["TEST_LOGS"] = str(folder / "log")
    os.environ["TEST_REDIS_URL"] = instance.servers.redis_url
    asyncio.run(administer(f"create database {TEMPLATE}"))
    migrate(url_of(TEMPLATE))
    asyncio.run(_load_catalogue())


def stop_servers() -> None:
    _SERVERS["instance"].stop()
    shutil.rmtree(_SERVERS["folder"], ignore_errors=True)
    _SERVERS.clear()


async def administer(*statements: str) -> None:
    connection = await asyncpg.connect(os.environ["TEST_DATABASE_URL"])
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def _load_catalogue() -> None:
    settings = Settings(secret_key="for tests only, not a secret at all")
    async with Database.open(settings, url_of(TEMPLATE), connections=1) as database:
        await loading.load_catalogue(database)


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(
        secret_key="for tests only, not a secret at all",
        log_format="console",
        allowed_hosts=("kokybe.test",),
        rate_limits=False,
    )


@pytest.fixture(scope="session")
async def own_database() -> AsyncIterator[str]:
    """This pytest process's clone of the template."""
    name = f"own_{uuid4().hex}"
    await administer(f"create database {name} template {TEMPLATE} strategy wal_log")
    yield url_of(name)
    await administer(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
async def engine(own_database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(
        sqlalchemy_url(own_database),
        json_serializer=dump_json,
        connect_args={
            "server_settings": {"timezone": "UTC", "jit": "off"},
            # Every statement of every test comes by this one connection: no more of them are prepared than once.
            "prepared_statement_cache_size": 2000,
            "statement_cache_size": 2000,
            "max_cached_statement_lifetime": 0,
        },
    )
    _take_savepoints_plainly(engine)
    yield engine
    await engine.dispose()


def _take_savepoints_plainly(engine: AsyncEngine) -> None:
    """Each savepoint has a name of its own: as an ordinary statement it would be compiled, prepared and kept, and crowd
    out what is asked again. It is sent as text instead, but for the first one of a test, with which its transaction
    begins."""
    dialect: Any = engine.sync_engine.dialect
    ordinary = dialect.do_savepoint

    def sent(command: str, connection: Any, name: str) -> None:
        await_only(connection.connection.driver_connection.execute(f"{command} {name}"))

    def savepoint(connection: Any, name: str) -> None:
        if connection.connection.driver_connection.is_in_transaction():
            sent("savepoint", connection, name)
        else:
            ordinary(connection, name)

    dialect.do_savepoint = savepoint
    dialect.do_rollback_to_savepoint = partial(sent, "rollback to savepoint")
    dialect.do_release_savepoint = partial(sent, "release savepoint")


@pytest.fixture(scope="session")
def app(settings: Settings) -> Any:
    configure(settings)
    return create_app(settings)


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in one transaction that is rolled back after the test."""
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


@pytest.fixture
def database(connection: AsyncConnection) -> Database:
    """A database whose commits are savepoints in the transaction of `connection`."""
    return _inside(connection)


def _inside(connection: AsyncConnection) -> Database:
    sessions = async_sessionmaker(
        connection, join_transaction_mode="create_savepoint", expire_on_commit=False, autoflush=False
    )

    @asynccontextmanager
    async def reading(begin: str | None = None) -> AsyncIterator[Any]:
        bare = (await connection.get_raw_connection()).driver_connection
        await bare.execute("reset role")  # the role of a transaction ends with it, but that of a savepoint does not
        if begin is None:
            yield bare
            return
        async with bare.transaction(readonly=True):
            yield bare

    return Database(sessions, reading, NOON)


@pytest.fixture
async def world(app: Any, database: Database) -> AsyncIterator[World]:
    """The service over HTTP on `database`, at noon of 2026-11-22 until somebody travels."""
    async with World.of(app, database) as made:
        yield made


@pytest.fixture
async def clone_url() -> AsyncIterator[str]:
    """A database of the test's own, where commits are real."""
    name = f"clone_{uuid4().hex}"
    await administer(f"create database {name} template {TEMPLATE} strategy wal_log")
    yield url_of(name)
    await administer(f"drop database {name} with (force)")


@pytest.fixture
async def clone(settings: Settings, clone_url: str) -> AsyncIterator[Database]:
    """Many connections to `clone_url`, on the real clock: for races and faults."""
    async with Database.open(settings, clone_url, connections=20) as database:
        yield database


@pytest.fixture
async def racing_world(app: Any, clone: Database) -> AsyncIterator[World]:
    """The service over HTTP on `clone`."""
    async with World.of(app, clone) as made:
        yield made
