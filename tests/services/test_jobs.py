"""Jobs: claimed, taken step by step, settled; by one worker at a time, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from programme.database import Database
from programme.errors import NotFound
from programme.services import jobs
from programme.services.jobs import Claim, Kind, Lost, work_off
from programme.tables import Job
from programme.work import Work, begin


async def queued(database: Database, total: int = 3) -> Job:
    async with begin(database) as work:
        return await jobs.queue(work, "test.count", {"how": "slowly"}, total=total)


async def nothing(work: Work, claim: Claim) -> None:
    """There is nothing to undo."""


def kinds(do: Callable[[Database, Claim], Awaitable[None]]) -> dict[str, Kind]:
    return {"test.count": Kind(do, nothing)}


async def counted(database: Database, claim: Claim) -> None:
    for done in range(1, 4):
        async with begin(database) as work:
            await claim.step(await work.connection(), done)
    async with begin(database) as work:
        await claim.settle(await work.connection(), result={"counted": 3})


async def seen(database: Database, job: Job) -> Job:
    async with begin(database) as work:
        return await work.session.get_one(Job, job.id)


async def let_go(database: Database) -> None:
    """The lease is over, as ten seconds later."""
    async with begin(database) as work:
        await work.session.execute(text("update job set leased_until = clock_timestamp() - interval '1 s'"))


async def test_a_job_is_done_once(database: Database) -> None:
    job = await queued(database)
    assert await work_off(database, kinds(counted)) == 1
    assert await work_off(database, kinds(counted)) == 0
    kept = await seen(database, job)
    assert (kept.state, kept.done, kept.result, kept.lease, kept.error) == ("done", 3, {"counted": 3}, None, None)


async def test_only_kinds_that_are_known_are_taken(database: Database) -> None:
    job = await queued(database)
    assert await work_off(database, {}) == 0
    assert (await seen(database, job)).state == "queued"


async def test_whoever_lost_the_job_keeps_nothing_more_of_it(database: Database) -> None:
    job = await queued(database)
    first: list[Claim] = []

    async def dies(_: Database, claim: Claim) -> None:
        first.append(claim)
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        await work_off(database, kinds(dies))
    assert (await seen(database, job)).state == "running"
    assert await work_off(database, kinds(counted)) == 0
    await let_go(database)
    assert await work_off(database, kinds(counted)) == 1
    async with begin(database) as work:
        connection = await work.connection()
        with pytest.raises(Lost):
            await first[0].step(connection, 1)
        with pytest.raises(Lost):
            await first[0].settle(connection, result={})
    assert (await seen(database, job)).result == {"counted": 3}

    async def is_told(_: Database, claim: Claim) -> None:
        raise Lost

    await queued(database)
    assert await work_off(database, kinds(is_told)) == 1


async def test_what_fails_each_time_fails_for_good(database: Database) -> None:
    job = await queued(database)

    async def breaks(_: Database, claim: Claim) -> None:
        raise ValueError("a fault of ours")

    for _ in range(jobs.TRIES):
        assert await work_off(database, kinds(breaks)) == 1
        assert (await seen(database, job)).state == "running"
        await let_go(database)
    assert await work_off(database, kinds(breaks)) == 1
    kept = await seen(database, job)
    assert (kept.state, kept.error and kept.error["code"], kept.lease) == ("failed", "job_broken", None)


async def test_a_step_ahead_gives_new_tries(database: Database) -> None:
    job = await queued(database)

    async def stumbles(_: Database, claim: Claim) -> None:
        async with begin(database) as work:
            await claim.step(await work.connection(), 1)
        raise ValueError("a fault of ours")

    for _ in range(jobs.TRIES * 2):
        assert await work_off(database, kinds(stumbles)) == 1
        await let_go(database)
    assert (await seen(database, job)).state == "running"


async def test_a_refusal_is_told_at_once(database: Database) -> None:
    job = await queued(database)

    async def refuses(_: Database, claim: Claim) -> None:
        raise NotFound

    assert await work_off(database, kinds(refuses)) == 1
    kept = await seen(database, job)
    assert kept.error == {"code": "not_found", "message": {"lt": "Tokio įrašo nėra.", "en": "There is no such record."}}


async def test_many_workers_take_each_job_once(clone: Database) -> None:
    for _ in range(10):
        await queued(clone)
    done = await asyncio.gather(*(work_off(clone, kinds(counted)) for _ in range(5)))
    assert sum(done) == 10
    async with begin(clone) as work:
        rows = await work.session.execute(text("select count(*), min(tries), max(tries) from job where state = 'done'"))
        assert tuple(rows.one()) == (10, 1, 1)
