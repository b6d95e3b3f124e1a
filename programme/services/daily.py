"""The daily pass: what a day changes is made known, each change once, however often and by however many it is run.

Statuses and flags need no pass: they follow from the day. The pass writes the events, voids the reports that lapse with
their certificate and opens the coordinator's cases. How far it has come is known from the rows themselves: whatever
kills it, the next one goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from programme.database import Connection, Database
from programme.errors import NotAllowed, Unavailable
from programme.queries import daily as query
from programme.retries import again
from programme.sentences import Sentence
from programme.work import WORKER, begin

T = TypeVar("T")

BATCH = 500
"""Rows that one transaction takes: some ten milliseconds, which is what another writer waits at most."""

TRIES = 4
PATIENCE = 30.0
"""Seconds to wait for rows that somebody else holds; what is left then is for the next pass."""

_ONE_AT_A_TIME = 7_126_530_114
"""The advisory lock of the pass that is under way; it ends with its connection, also when the process is killed."""

NOT_YET = Sentence(lt="Diena {day} dar neatėjo: šiandien {today}.", en="The day {day} has not come: today is {today}.")


@dataclass(slots=True)
class _Told:
    """What one call made known."""

    days: list[date] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    duration_ms: int = 0


async def catch_up(database: Database, on: date | None = None, *, wait: bool = True) -> dict[str, Any]:
    """The pass for every day up to `on` (today where it is not given) that has not had it, oldest first.

    The first pass of a database is one run for that day; earlier days count as done. Where the day has had its pass,
    only rows that have become due since are taken: a certificate brought in that ended long ago, for one.

    While another pass is at work, this one waits for it, or leaves everything to it where it is told not to `wait`.
    Tells the sum of the runs: a repeat has no days.
    """
    told = _Told()
    await _surely(lambda: _in_turn(database, on, wait, told))
    return {
        "from": told.days[0] if told.days else None,
        "to": told.days[-1] if told.days else None,
        "days": len(told.days),
        "changes": dict(sorted(told.changes.items())),
        "duration_ms": told.duration_ms,
    }


async def _in_turn(database: Database, on: date | None, wait: bool, told: _Told) -> None:
    async with begin(database, WORKER) as work:
        today = work.today
    day = on or today
    if day > today:
        raise NotAllowed(NOT_YET, facts={"day": day, "today": today})
    async with _turn(database, wait) as connection:
        if connection is not None:
            await _every_missed_day(database, connection, day, told)


@asynccontextmanager
async def _turn(database: Database, wait: bool) -> AsyncIterator[Connection | None]:
    """The connection that holds this pass's turn until the end of the block; None where another pass has it. Two at
    once would do no harm, as each change is bound to the version of its row: they would only get in each other's way."""
    async with database.reading() as connection:
        try:
            await connection.execute("set role kokybe_everything")
            yield connection if await _is_our_turn(connection, wait) else None
        finally:
            try:
                await connection.execute("reset role; select pg_advisory_unlock_all()")
            except BaseException as error:
                with suppress(asyncpg.InterfaceError):  # lost already, and its lock with it
                    connection.terminate()  # a lock must not go back to the pool
                if not isinstance(error, Exception):
                    raise


async def _is_our_turn(connection: Connection, wait: bool) -> bool:
    while True:
        if await connection.fetchval("select pg_try_advisory_lock($1)", _ONE_AT_A_TIME):
            return True
        if not wait:
            return False
        await asyncio.sleep(0.1)


async def _every_missed_day(database: Database, connection: Connection, day: date, told: _Told) -> None:
    latest = await connection.fetchrow(query.LATEST)
    if latest is None:
        await _pass(database, connection, day, told)
        return
    missed = latest["day"] + timedelta(days=1) if latest["finished"] else latest["day"]
    while missed <= day:
        await _pass(database, connection, missed, told)
        missed += timedelta(days=1)
    if latest["finished"] and latest["day"] == day and await any_due(connection, day):
        await _pass(database, connection, day, told, before=json.loads(latest["counts"]))


async def any_due(connection: Connection, day: date) -> bool:
    """Whether a pass for the day would find anything, in the world that the connection is in."""
    found: bool = await connection.fetchval(query.ANY_LEFT, day)
    return found


async def _pass(
    database: Database, connection: Connection, day: date, told: _Told, *, before: dict[str, int] | None = None
) -> None:
    """The run of one day, from its beginning or from where an earlier one was broken off. `before`: the counts of a
    run that was finished already and now takes what has become due since."""
    began = time.monotonic()
    if await any_due(connection, day):
        for kind in query.KINDS:
            await every_batch(database, kind, day)
    elapsed = round((time.monotonic() - began) * 1000)
    counts = await _surely(lambda: _finish(database, day, elapsed))
    if before is None:
        told.days.append(day)
    told.changes += counts - Counter(before or {})
    told.duration_ms += elapsed


async def every_batch(database: Database, kind: str, day: date, clock: UUID | None = None) -> None:
    """Makes known what is due by the day of one kind of row; `clock`: in the world of this test clock."""
    deadline = time.monotonic() + PATIENCE
    while True:
        taken, left = await _surely(lambda: _batch(database, kind, day, clock))
        if taken:
            deadline = time.monotonic() + PATIENCE
        elif not left:
            return
        elif time.monotonic() > deadline:
            raise Unavailable
        else:
            await asyncio.sleep(0.1)


async def _batch(database: Database, kind: str, day: date, clock: UUID | None) -> tuple[int, bool]:
    """How many rows were taken, and where none was, whether some are left that somebody else holds."""
    async with begin(database, WORKER, clock=clock) as work:
        connection = await work.connection()
        taken = await connection.fetchval(query.batch(kind, BATCH), day, work.now, work.actor.type, work.actor.id)
        return taken, not taken and await connection.fetchval(query.LEFT[kind], day)


async def _finish(database: Database, day: date, elapsed: int) -> Counter[str]:
    async with begin(database, WORKER) as work:
        connection = await work.connection()
        return Counter(json.loads(await connection.fetchval(query.FINISH, day, elapsed)))


async def _surely(unit: Callable[[], Awaitable[T]]) -> T:
    """The unit, begun anew where the database was away or preferred another writer. That is safe
    also when only the answer to a commit was lost: what was kept is no longer due."""
    return await again(unit, repeatable=True, tries=TRIES)
