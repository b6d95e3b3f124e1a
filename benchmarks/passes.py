"""The daily pass: what a change costs, what a day without changes costs, and what other writers notice of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from statistics import median
from time import perf_counter, process_time

import asyncpg

from benchmarks import bare, data
from benchmarks.house import HOST, Filled, Web
from benchmarks.load import HttpLoad, Played, Request, cpu_seconds
from benchmarks.paths import Bench, ratio, whole
from benchmarks.report import Figure, Line
from programme.database import Database
from programme.rules.calendar import noon_in_vilnius
from programme.services.daily import catch_up

DAYS = 5
"""How many days a round passes, and how often it passes one without changes: a single one is over too soon."""

PAUSE = 0.01
"""Seconds that a writer waits after each answer: writers alone do not keep the machine busy."""


def daily(bench: Bench) -> None:
    """Each change against a bare UPDATE of its row; other writers during the pass against the same ones alone."""
    filled = bench.house.filled(bench.size)
    asyncio.run(_daily(bench, filled, bench.house.served(filled)))


def quiet(bench: Bench) -> None:
    """Days without changes, in a tenth of the data and in all of it."""
    asyncio.run(_quiet(bench, bench.house.filled(bench.size.divided(10)), bench.house.filled(bench.size)))


def large(bench: Bench) -> None:
    """Days without changes, in the data and in ten times as much."""
    asyncio.run(_quiet(bench, bench.house.filled(bench.size), bench.house.filled(bench.size.times(10))))


async def _daily(bench: Bench, filled: Filled, web: Web) -> None:
    watched = {"web": web.pid, "postgres": bench.house.postgres}
    writes = _writes(filled)

    def load() -> HttpLoad:
        return HttpLoad(HOST, web.port, list(islice(writes, max(bench.requests // 4, 10))), 200, 0, PAUSE)

    passes, updates, alone, beside = [], [], [], []
    async with _days(bench, filled) as days:
        for _ in range(bench.rounds):
            await days.updated()  # so that neither side finds its rows first
            await days.put_back()
            updates.append(await _timed(bench, days.updated))
            await days.put_back()
            passes.append(await _timed(bench, days.passed))
            alone.append(bench.player.play(load(), watched))
            playing = bench.player.start(load(), watched)
            while not playing.done():
                await days.passed()
            beside.append(playing.result())
    sides = {
        "change, by the daily pass": passes,
        "its row, by a bare UPDATE": updates,
        "writer, alone": alone,
        "writer, during the daily pass": beside,
    }
    bench.report.lines += [Line.of(name, played) for name, played in sides.items()]
    bench.find(
        Figure("changes of one day", median(one.count for one in passes) / DAYS),
        Figure("daily pass, a change against a bare UPDATE", ratio(passes, updates, whole), "×", at_most=2.5),
        Figure(
            "other writers' p99 during the daily pass against alone",
            ratio(beside, alone, lambda played: played.percentile(0.99)),
            "×",
            at_most=2.5,
        ),
    )


async def _quiet(bench: Bench, small: Filled, large: Filled) -> None:
    names = [f"day without changes, among {filled.size.certificates:,}" for filled in (small, large)]
    played: list[list[Played]] = [[], []]
    async with _days(bench, small) as few, _days(bench, large) as many:
        for _ in range(bench.rounds):
            for days, rounds in zip((few, many), played, strict=True):
                rounds.append(await _timed(bench, days.passed_again))
    bench.report.lines += [Line.of(name, rounds) for name, rounds in zip(names, played, strict=True)]
    bench.find(
        Figure("daily pass with nothing due, ten times the data", ratio(played[1], played[0], whole), "×", at_most=3)
    )


async def _timed(bench: Bench, work: Callable[[], Awaitable[int]]) -> Played:
    """The work, which tells how much it was, as one answer."""
    started, client, postgres = perf_counter(), process_time(), cpu_seconds(bench.house.postgres)
    done = await work()
    seconds = perf_counter() - started
    cpu = {"client": process_time() - client, "postgres": cpu_seconds(bench.house.postgres) - postgres}
    return Played(done, seconds, cpu, [seconds])


class _Days:
    """The days of a generated database from today on, one after the other."""

    def __init__(self, bench: Bench, database: Database, connection: asyncpg.Connection) -> None:
        self._database = database
        self._connection = connection
        self._next = bench.house.today

    async def first(self) -> None:
        """Of a database where the pass ran before, the days that had it are passed by."""
        latest = await self._connection.fetchval("select max(day) from job_run")
        if latest is None:
            await self._pass()
        else:
            self._next = latest + timedelta(days=1)

    async def _pass(self) -> int:
        done = await catch_up(replace(self._database, fixed_now=noon_in_vilnius(self._next)), self._next)
        self._next += timedelta(days=1)
        changes: int = sum(done["changes"].values())
        return changes

    async def passed(self) -> int:
        """How many changes the next days had."""
        return sum([await self._pass() for _ in range(DAYS)])

    async def passed_again(self) -> int:
        """How many days were passed, of which everything is known already and only the record of the run is missing."""
        for _ in range(DAYS):
            self._next -= timedelta(days=1)
            await self._connection.execute("delete from job_run where day = $1", self._next)
            if await self._pass():
                raise AssertionError("a day was not passed to its end")
        return DAYS

    async def updated(self) -> int:
        """How many rows the next days will change."""
        moved = 0
        for ahead in range(DAYS):
            for statement in bare.MOVE:
                done = await self._connection.execute(statement, self._next + timedelta(days=ahead))
                moved += int(done.split()[-1])
        return moved

    async def put_back(self) -> None:
        for statement in (*bare.MOVE_BACK, "vacuum certificate, annual_report"):
            await self._connection.execute(statement)


@asynccontextmanager
async def _days(bench: Bench, filled: Filled) -> AsyncIterator[_Days]:
    """After the first pass, which counts all earlier days as done."""
    connection = await asyncpg.connect(filled.url)
    try:
        async with bench.house.database(filled.url) as database:
            days = _Days(bench, database, connection)
            await days.first()
            yield days
    finally:
        await connection.close()


def _writes(filled: Filled) -> Iterator[Request]:
    """Changes of organisations, each of another one."""
    headers = {
        "Authorization": f"Bearer {filled.coordinator}", "Content-Type": "application/merge-patch+json", "If-Match": '"1"'
    }  # fmt: skip
    body = json.dumps({"address": "Beržų g. 1, Lietuva"}).encode()
    for n in range(filled.size.organisations):
        yield Request(f"/v1/organisations/{data.identity(1, n)}", "PATCH", headers, body)
