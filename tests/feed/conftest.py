"""A cluster of its own for whatever reads the feed: an open transaction in any database of a cluster holds up what may be
given out, and the other tests live in open transactions."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from programme import embedded
from programme.database import Database, migrate
from programme.embedded import Instance
from programme.services import loading
from programme.settings import Settings
from tests import scratch
from tests.world import World

LOADED = "feed_template"


async def run_on(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


class Cluster:
    """Its databases, each a clone of the migrated catalogue."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.url = instance.servers.database_url

    def url_of(self, database: str) -> str:
        return self.url.replace("@/kokybe?", f"@/{database}?")

    async def database(self, template: str | None = LOADED) -> str:
        name = f"feed_{uuid4().hex}"
        made = f"create database {name}" + (f" template {template} strategy wal_log" if template else "")
        await run_on(self.url, made)
        return self.url_of(name)


@contextmanager
def a_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    folder = scratch.folder()
    instance = embedded.start(folder, durable=durable)
    try:
        yield Cluster(instance)
    finally:
        instance.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with a_cluster() as made:
        asyncio.run(run_on(made.url, f"create database {LOADED}"))
        migrate(made.url_of(LOADED))
        yield made


@pytest.fixture
def durable() -> Iterator[Cluster]:
    """One that may restart at once: what was committed is on the disk."""
    with a_cluster(durable=True) as made:
        migrate(made.url)
        yield made


@pytest.fixture(scope="session")
async def loaded(cluster: Cluster, settings: Settings) -> Cluster:
    async with Database.open(settings, cluster.url_of(LOADED), connections=1) as database:
        await loading.load_catalogue(database)
    return cluster


@pytest.fixture
async def feed_url(loaded: Cluster) -> str:
    return await loaded.database()


@pytest.fixture
async def feed_world(app: Any, settings: Settings, feed_url: str) -> AsyncIterator[World]:
    """The service over HTTP on a database in which every commit is real."""
    async with Database.open(settings, feed_url, connections=20) as database, World.of(app, database) as made:
        yield made
