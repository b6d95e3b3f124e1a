"""/metrics in the words of Prometheus: what this service's processes counted, and what the database says of its progress.

Labels are templates of routes, methods, statuses, codes and event types: never an id, never anything that was sent. The
processes of one server add up through files in `PROMETHEUS_MULTIPROC_DIR`, which `api.__main__` makes for them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from programme.database import Database
from programme.queries import watching
from programme.rules import calendar
from programme.work import looking

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LONGEST = 2.0
"""Seconds that the database may take to tell its part; without it the counters are told alone."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Histogram(
    "kokybe_request_seconds",
    "Seconds from a request's first line to the end of its answer. Status 0: it broke off.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    registry=None,
)
PROBLEMS = Counter("kokybe_problems", "Refusals and faults by their code.", ["code"], registry=None)
REPLAYS = Counter("kokybe_idempotent_replays", "Requests answered with what they were answered before.", registry=None)

GATHERED = 0.25
"""Seconds for which a process keeps to itself what it has seen. Many at once cost a fifth of one by one."""

_seen: list[tuple[str, str | None, int, float]] = []
_requests: dict[tuple[str, str | None, int], Histogram] = {}


def observe(method: str, route: str | None, status: int, seconds: float) -> None:
    """Counts one request, soon: for this process's own answer at once."""
    if not _seen:
        asyncio.get_running_loop().call_later(GATHERED, settle)
    _seen.append((method if method in METHODS else "other", route, status, seconds))


def settle() -> None:
    """Counts what was seen; the labels of a combination are looked up once."""
    for method, route, status, seconds in _seen:
        which = (method, route, status)
        found = _requests.get(which)
        if found is None:
            found = _requests[which] = REQUESTS.labels(method, route or "none", status)
        found.observe(seconds)
    _seen.clear()


class _Told(Collector):
    """What is known already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def exposition(database: Database) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Told(await _of_the_database(database)))
    settle()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for one in (REQUESTS, PROBLEMS, REPLAYS):
            registry.register(one)
    return generate_latest(registry)


async def _of_the_database(database: Database) -> list[Metric]:
    up = GaugeMetricFamily("kokybe_database_up", "Whether the database answers.", value=1)
    try:
        async with asyncio.timeout(LONGEST), database.reading() as connection:
            # As the login itself, which alone is shown what its other connections do.
            connections = await connection.fetch(watching.CONNECTIONS)
        async with asyncio.timeout(LONGEST), looking(database) as connection:
            now = database.fixed_now or await connection.fetchval(watching.CLOCKS)
            progress = await connection.fetchrow(watching.PROGRESS, calendar.today(now))
            silence = await connection.fetch(watching.SILENCE, None)
            changes = await connection.fetch(watching.CHANGES)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return [GaugeMetricFamily("kokybe_database_up", "Whether the database answers.", value=0)]
    told = CounterMetricFamily("kokybe_daily_changes", "Changes that the daily pass made known.", labels=["type"])
    for row in changes:
        told.add_metric([row["type"]], row["changes"])
    heard = GaugeMetricFamily("kokybe_silence_seconds", "Seconds since the last sign of life.", labels=["of"])
    for row in silence:
        heard.add_metric([row["kind"]], row["seconds"])
    pool = GaugeMetricFamily("kokybe_database_connections", "Connections to the database.", labels=["state"])
    for row in connections:
        pool.add_metric([row["state"]], row["connections"])
    return [up, told, heard, pool, *_progress(dict(progress))]


def _progress(progress: dict[str, int | None]) -> Iterator[Metric]:
    said = {
        "days_behind": ("kokybe_daily_days_behind", "Days since the day of the last finished daily pass."),
        "oldest_due_days": ("kokybe_daily_oldest_due_days", "Age in days of the oldest change that is not yet told."),
        "feed_position": ("kokybe_feed_position", "The number of the newest event."),
    }
    for name, (metric, meaning) in said.items():
        if (value := progress[name]) is not None:
            yield GaugeMetricFamily(metric, meaning, value=value)
