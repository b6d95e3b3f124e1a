"""Playing a fixed number of requests or statements against a server, as cheaply as Python can.

This runs in a process of its own (`Player`), so that neither its work nor its pauses are counted as the server's. CPU
time is read from the processes themselves between the warm-up and the last answer: it hardly depends on what else the
machine does meanwhile, which the wall does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any

import psutil
import uvloop

from programme.database import Connection, Database
from programme.settings import Settings

CONNECTIONS = 4

_PATIENCE = 300.0
"""Seconds after which a server that does not answer any more is given up."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one side did in one round: wall and CPU seconds for all of `count`, latencies in seconds.

    `cpu`: of the watched process trees, by name, and of the player itself as `client`.
    """

    count: int
    seconds: float
    cpu: Mapping[str, float]
    latencies: Sequence[float]

    @property
    def worker(self) -> str:
        """Who does the work: the web process or, where there is none, the player itself."""
        return "web" if "web" in self.cpu else "client"

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def each(self, *names: str) -> float:
        """CPU microseconds of these processes together for one request."""
        return sum(self.cpu[name] for name in names) / self.count * 1e6

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        latencies = sorted(self.latencies)
        return latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    def wire(self, host: str) -> bytes:
        headers = {"Host": host, "Content-Length": str(len(self.body)), **(self.headers or {})}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


@dataclass(frozen=True, slots=True)
class HttpLoad:
    """The first `warm_up` requests are not counted. `pause`: seconds that a connection waits after each answer."""

    host: str
    port: int
    requests: Sequence[Request]
    status: int
    warm_up: int
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class SqlLoad:
    """One statement with the values of each time, each a transaction of its own, on connections like the service's."""

    database_url: str
    statement: str
    values: Sequence[Sequence[Any]]
    warm_up: int


class Player:
    """The process that plays; `watched` are the roots of the process trees whose CPU time is read."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Player]:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            yield cls(pool)

    def play(self, load: HttpLoad | SqlLoad, watched: Mapping[str, int]) -> Played:
        return self.start(load, watched).result()

    def start(self, load: HttpLoad | SqlLoad, watched: Mapping[str, int]) -> Future[Played]:
        """Plays while this process does something else."""
        return self._pool.submit(_play, load, watched)


def _play(load: HttpLoad | SqlLoad, watched: Mapping[str, int]) -> Played:
    play = _play_http(load, watched) if isinstance(load, HttpLoad) else _play_sql(load, watched)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(play)


class _Clock:
    """Wall and CPU time between `start` and `stop`."""

    def __init__(self, watched: Mapping[str, int]) -> None:
        self._watched = watched
        self._started: tuple[float, dict[str, float]] = (0.0, {})

    def start(self) -> None:
        cpu = self._read()
        self._started = perf_counter(), cpu

    def stop(self, latencies: list[float]) -> Played:
        seconds = perf_counter() - self._started[0]
        cpu = {name: value - self._started[1][name] for name, value in self._read().items()}
        return Played(len(latencies), seconds, cpu, latencies)

    def _read(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._watched.items()} | {"client": process_time()}


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and everything below it, what has ended meanwhile included."""
    root = psutil.Process(pid)
    return sum(sum(process.cpu_times()[:4]) for process in [root, *root.children(recursive=True)])


async def _play_http(load: HttpLoad, watched: Mapping[str, int]) -> Played:
    wires = iter([request.wire(f"{load.host}:{load.port}") for request in load.requests])
    clock = _Clock(watched)
    await _on_connections(load, islice(wires, load.warm_up))
    clock.start()
    latencies = await _on_connections(load, wires)
    return clock.stop(latencies)


async def _on_connections(load: HttpLoad, wires: Iterator[bytes]) -> list[float]:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    asking = [_Asking(load, wires, latencies, loop.create_future()) for _ in range(CONNECTIONS)]
    async with asyncio.timeout(_PATIENCE):
        for one in asking:
            await loop.create_connection(partial(_same, one), load.host, load.port)
        await asyncio.gather(*(one.done for one in asking))
    return latencies


def _same(asking: _Asking) -> _Asking:
    return asking


class _Asking(asyncio.Protocol):
    """One connection that is kept alive and asks for the next thing as soon as it has the answer."""

    def __init__(
        self, load: HttpLoad, wires: Iterator[bytes], latencies: list[float], done: asyncio.Future[None]
    ) -> None:
        self._load = load
        self._wires = wires
        self._latencies = latencies
        self._status = f"HTTP/1.1 {load.status} ".encode()
        self._received = b""
        self._asked_at = 0.0
        self.done = done

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport
        self._ask()

    def _ask(self) -> None:
        wire = next(self._wires, None)
        if wire is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._asked_at = perf_counter()
        self._transport.write(wire)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or len(self._received) < end + 4 + _length(self._received[:end]):
            return
        if not self._received.startswith(self._status):
            self.done.set_exception(AssertionError(f"{self._load.status} was expected: {self._received[:1000]!r}"))
            self._transport.close()
            return
        self._received = b""
        self._latencies.append(perf_counter() - self._asked_at)
        if self._load.pause:
            asyncio.get_running_loop().call_later(self._load.pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, exception: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exception or ConnectionError("the server closed the connection"))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def _play_sql(load: SqlLoad, watched: Mapping[str, int]) -> Played:
    values = iter(load.values)
    clock = _Clock(watched)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(Settings(), load.database_url, connections=CONNECTIONS)
        )
        connections = [await stack.enter_async_context(database.reading()) for _ in range(CONNECTIONS)]
        await _ask_on_all(connections, load.statement, islice(values, load.warm_up))
        clock.start()
        return clock.stop(await _ask_on_all(connections, load.statement, values))


async def _ask_on_all(
    connections: Sequence[Connection], statement: str, values: Iterator[Sequence[Any]]
) -> list[float]:
    latencies: list[float] = []

    async def ask(connection: Connection) -> None:
        for given in values:
            asked_at = perf_counter()
            if not await connection.fetch(statement, *given):
                raise AssertionError(f"nothing was found: {statement}")
            latencies.append(perf_counter() - asked_at)

    await asyncio.gather(*(ask(connection) for connection in connections))
    return latencies
