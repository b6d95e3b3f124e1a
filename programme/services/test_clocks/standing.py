"""Opening a test clock with its world, and ending both."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from programme.database import Database
from programme.errors import NotAllowed, Reason
from programme.queries import daily
from programme.queries import test_clocks as query
from programme.queries.test_clocks import TEST_CLOCKS
from programme.rules.lifecycle import REFUSED
from programme.sentences import Sentence
from programme.services.moves import judge
from programme.tables import TestClock, sandboxed
from programme.work import WORKER, Work, begin

MOST = 50
"""Clocks with a world at the same time: each has all tables of the programme once more."""

TOO_MANY = Reason(
    "too_many_test_clocks",
    Sentence(
        lt="Bandomųjų laikrodžių jau yra {most}; prieš kurdami naują, vieną baikite.",
        en="There are {most} test clocks already; end one of them before you open another.",
    ),
)

_OPENING = 7_126_530_115
"""The advisory lock of whoever opens a clock."""


async def open_clock(work: Work, *, name: str, today: date) -> TestClock:
    """A clock that stands at `today`, with a world in which there are the programme's standards, lists and projects as
    they are now, without anybody taking part."""
    connection = await work.connection()
    await connection.execute("select pg_advisory_xact_lock($1)", _OPENING)
    count = await work.session.scalar(select(func.count()).where(TestClock.ended_at.is_(None)).select_from(TestClock))
    if (count or 0) >= MOST:
        raise NotAllowed(REFUSED, reasons=[TOO_MANY.given(most=MOST)])
    clock = await work.add(TestClock(name=name, started_on=today, today=today), "test_clock.opened")
    await connection.execute("select open_sandbox($1, $2, $3)", clock.id, *sandboxed())
    async with work.inside(clock.id) as there:
        await there.execute(query.PLACES_FREE)
        await there.execute(daily.FINISH, today, 0)
    return clock


async def end(work: Work, clock_id: UUID) -> TestClock:
    """Nobody enters its world any more, its clients call no more, and a worker removes it."""
    clock = await work.take(TestClock, clock_id)
    move = await judge(work, TEST_CLOCKS, clock.id, "end")
    async with work.inside(clock.id) as there:
        await there.execute(query.NO_MORE_CALLS, clock.id)
    clock.advancing_to, clock.ended_at = None, (await work.session.scalars(select(func.clock_timestamp()))).one()
    await work.record(move.event, clock)
    return clock


async def sweep(database: Database) -> int:
    """Removes the worlds of clocks that have ended: how many."""
    async with begin(database, WORKER) as work:
        return int(await (await work.connection()).fetchval(query.REMOVE))
