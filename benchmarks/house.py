"""What is measured: a PostgreSQL of the benchmark's own, generated databases in it, and real web processes before them."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks import data
from benchmarks.data import Size
from programme import embedded
from programme.children import Child, StartError
from programme.database import Database, migrate
from programme.rules import calendar
from programme.services import auditors
from programme.services.clients import create_client
from programme.services.loading import load_catalogue
from programme.settings import PREFIX, Settings
from programme.work import begin

HOST = "127.0.0.1"
_PATIENCE = 60.0
_LONGEST_STATEMENT_MS = 600_000


@dataclass(frozen=True, slots=True)
class Filled:
    """One generated database and the keys of three callers of it. `busiest`: an auditor of nearly all that is assessed."""

    url: str
    size: Size
    coordinator: str
    auditor: str
    busiest: str


@dataclass(frozen=True, slots=True)
class Web:
    """One web server; below `pid` is its whole process tree."""

    port: int
    pid: int

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[Any, Mapping[str, str]]:
        """The JSON of an answer and its headers, outside of any measurement."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise AssertionError(f"{path}: {answer.status} {body[:1000]!r}")
        return json.loads(body), dict(answer.getheaders())


class House:
    """Everything runs below one temporary folder, which is gone with everything in it when the block ends."""

    def __init__(self, folder: Path, instance: embedded.Instance, stack: ExitStack) -> None:
        self.today = calendar.today(datetime.now(UTC))
        self.postgres = next(child.process.pid for child in instance.children if child.name == "PostgreSQL")
        self._folder = folder
        self._instance = instance
        self._stack = stack
        self._filled: dict[Size, Filled] = {}
        self._served: dict[tuple[str, ...], Web] = {}

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[House]:
        with TemporaryDirectory(prefix="kokybe-bench-") as folder, ExitStack() as stack:
            instance = embedded.start(Path(folder), durable=True)
            stack.callback(instance.stop)
            yield cls(Path(folder), instance, stack)

    def filled(self, size: Size) -> Filled:
        """The database of this size, generated when it is first asked for."""
        if size not in self._filled:
            self._filled[size] = asyncio.run(self._fill(size))
        return self._filled[size]

    async def _fill(self, size: Size) -> Filled:
        name = f"programme_{size.certificates}"
        await _ask(self._instance.servers.database_url, f"create database {name}")
        url = self._instance.servers.database_url.replace("@/kokybe?", f"@/{name}?")
        await asyncio.to_thread(migrate, url)
        async with self.database(url) as database:
            await load_catalogue(database)
            coordinator = await create_client(database, "coordinator", "Koordinatorė")
            auditor, busiest = [await create_client(database, "auditor", name) for name in ("Auditorė", "Auditorius")]
            async with begin(database) as work:
                licence = {"standard": "EQUASS", "valid_from": date(2000, 1, 1), "valid_until": date(2100, 12, 31)}
                for one in (auditor, busiest):
                    await auditors.enter(work, client_id=UUID(one["client_id"]), licences=[licence])
        started = time.monotonic()
        await data.generate(url, size, self.today, UUID(auditor["client_id"]), UUID(busiest["client_id"]))
        say(f"{size.certificates:,} certificates generated in {time.monotonic() - started:.0f} s")
        return Filled(url, size, coordinator["key"], auditor["key"], busiest["key"])

    def database(self, url: str) -> AbstractAsyncContextManager[Database]:
        """The database as the worker opens it."""
        return Database.open(Settings(data_dir=self._folder), url, statement_timeout_ms=_LONGEST_STATEMENT_MS)

    def ask(self, filled: Filled, query: str, *values: Any) -> list[Any]:
        return asyncio.run(_ask(filled.url, query, *values))

    def served(self, filled: Filled, *words: str) -> Web:
        """`python -m api`, or another module with its words, with one web process, started when it is first asked for."""
        key = (filled.url, *words)
        if key not in self._served:
            self._served[key] = self._serve(filled, *(words or ("api",)))
        return self._served[key]

    def _serve(self, filled: Filled, module: str, *rest: str) -> Web:
        port = _free_port()
        child = Child(
            f"{module} on port {port}",
            [sys.executable, "-m", module, *rest],
            on_orphan=signal.SIGTERM,
            orphan_patience=3.0,
            ending=((signal.SIGTERM, 10.0),),
            log=self._folder / "log" / f"{module}-{port}.log",
            env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
            | {
                f"{PREFIX}DATABASE_URL": filled.url,
                f"{PREFIX}REDIS_URL": self._instance.servers.redis_url,
                f"{PREFIX}DATA_DIR": str(self._folder),
                f"{PREFIX}HOST": HOST,
                f"{PREFIX}PORT": str(port),
                # Counted like everybody's, and never refused.
                f"{PREFIX}RATE_LIMIT_CLIENT": "1000000000",
                f"{PREFIX}RATE_LIMIT_WRITES": "1000000000",
                f"{PREFIX}RATE_LIMIT_ADDRESS": "1000000000",
            },
        )
        self._stack.callback(child.stop)
        web = Web(port, child.process.pid)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                web.get("/livez")
            except OSError:
                if child.ended or time.monotonic() > deadline:
                    raise StartError(child.report()) from None
                time.sleep(0.05)
            else:
                return web


async def _ask(url: str, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = await connection.fetch(query, *values)
    finally:
        await connection.close()
    return rows


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def say(text: str) -> None:
    print(text, flush=True)
