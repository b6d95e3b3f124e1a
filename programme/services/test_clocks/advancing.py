"""Taking a test clock from day to day: the daily pass of its world, each day once, as a job."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from programme.database import Connection, Database
from programme.errors import NotFound
from programme.queries import daily as passes
from programme.queries import test_clocks as query
from programme.queries.test_clocks import TEST_CLOCKS
from programme.rules.test_clocks import FARTHEST
from programme.services import jobs
from programme.services.daily import any_due, every_batch
from programme.services.jobs import Claim, Kind
from programme.services.moves import judge, within
from programme.tables import Job, TestClock
from programme.work import JOBS, WORKER, Work, begin

KIND = "test_clock.advance"

STRIDE = 32
"""Days that are looked at in one step, where nothing is due on any of them."""

_A_DAY = timedelta(days=1)


async def advance(work: Work, clock_id: UUID, *, to: date) -> Job:
    """The job that takes the clock on to the day `to`, the daily pass of each day made in its world."""
    clock = await work.take(TestClock, clock_id)
    move = await judge(work, TEST_CLOCKS, clock.id, "advance")
    within("/to", to, earliest=[clock.today], latest=[clock.today + FARTHEST])
    async with work.inside(clock.id) as there:
        before = json.loads(await there.fetchval(query.CHANGES_SO_FAR))
    clock.advancing_to = to
    await work.record(move.event, clock)
    asked = {"from": clock.today.isoformat(), "to": to.isoformat(), "before": before}
    return await jobs.queue(work, KIND, asked, total=(to - clock.today).days, test_clock_id=clock.id)


async def _do(database: Database, claim: Claim) -> None:
    """Day by day. Days on which nothing is due are passed over in one step; the runs of all of them are on record."""
    clock_id, to = _clock_of(claim), date.fromisoformat(claim.asked["to"])
    day = await _where_it_stands(database, clock_id)
    while day <= to:
        day = await _step(database, claim, clock_id, day, to)
    async with begin(database, JOBS) as work:
        async with work.inside(clock_id) as there:
            changes = Counter(json.loads(await there.fetchval(query.CHANGES_SO_FAR))) - Counter(claim.asked["before"])
        told = {"from": claim.asked["from"], "to": claim.asked["to"], "days": _days(claim, to)}
        await _at_rest(work, clock_id, "arrive", to)
        await claim.settle(await work.connection(), result={**told, "changes": dict(sorted(changes.items()))})


def _clock_of(claim: Claim) -> UUID:
    if claim.test_clock_id is None:
        raise LookupError(claim.id)
    return claim.test_clock_id


async def _where_it_stands(database: Database, clock_id: UUID) -> date:
    async with begin(database, WORKER, clock=clock_id) as work:
        return work.today


async def _step(database: Database, claim: Claim, clock_id: UUID, day: date, to: date) -> date:
    """The day, or the days from it on up to one on which something is due; tells the next one."""
    async with begin(database, WORKER, clock=clock_id) as work:
        connection = await work.connection()
        last = await _last_quiet_day(connection, day, to)
        await _go_on(connection, claim, clock_id, max(day, last))
        if last >= day:
            await connection.execute(query.ON_RECORD, day, last)
            return last + _A_DAY
    for kind in passes.KINDS:
        await every_batch(database, kind, day, clock_id)
    async with begin(database, WORKER, clock=clock_id) as work:
        connection = await work.connection()
        await _go_on(connection, claim, clock_id, day)
        await connection.execute(query.ON_RECORD, day, day)
    return day + _A_DAY


async def _last_quiet_day(connection: Connection, day: date, to: date) -> date:
    """The last day up to which nothing is due; the day before `day` where something is on it."""
    span = min(STRIDE, (to - day).days + 1)
    while span and await any_due(connection, day + timedelta(days=span - 1)):
        span //= 2
    return day + timedelta(days=span - 1)


async def _go_on(connection: Connection, claim: Claim, clock_id: UUID, day: date) -> None:
    if await connection.fetchval(query.GO_ON, clock_id, day) is None:
        raise NotFound
    await claim.step(connection, _days(claim, day))


def _days(claim: Claim, day: date) -> int:
    return (day - date.fromisoformat(claim.asked["from"])).days


async def _at_rest(work: Work, clock_id: UUID, how: str, day: date) -> None:
    """The clock stands again."""
    clock = await work.take(TestClock, clock_id)
    move = await judge(work, TEST_CLOCKS, clock.id, how)
    clock.advancing_to = None
    await work.record(move.event, clock, effective_on=day)


async def _give_up(work: Work, claim: Claim) -> None:
    clock = await work.session.get(TestClock, _clock_of(claim))
    if clock is not None and clock.advancing_to is not None:
        await _at_rest(work, clock.id, "break_off", clock.today)


ADVANCE: dict[str, Any] = {KIND: Kind(_do, _give_up)}
