"""Work that takes longer than a request. Rows are the queue: a job is claimed with a lease, done in small transactions
each of which is bound to the lease, and settled in the last of them. Whatever kills a worker, another one goes on where
the last kept step ended, once the lease is over.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from programme.database import Connection, Database, dump_json, is_passing
from programme.errors import Refusal
from programme.queries import jobs as query
from programme.retries import again
from programme.sentences import Sentence
from programme.tables import Job
from programme.work import JOBS, Work, begin

log = structlog.get_logger()

LEASE = 10.0
"""Seconds for which a worker has a job after each step: what another one waits before it takes over."""

TRIES = 3
"""Beginnings without a step ahead, after which a job has failed."""

BROKEN = Sentence(lt="Darbo atlikti nepavyko.", en="The job could not be done.")


class Lost(Exception):
    """The job was given to another worker meanwhile, or is no more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in hand. `asked`: what it was asked; `lease`: what every step is bound to."""

    id: UUID
    kind: str
    asked: Mapping[str, Any]
    test_clock_id: UUID | None
    lease: UUID
    tries: int

    async def step(self, connection: Connection, done: int) -> None:
        """So much of it is done once the transaction is kept; `Lost` where it is not ours any more."""
        if await connection.fetchval(query.HOLD, self.id, self.lease, done, LEASE) is None:
            raise Lost

    async def settle(self, connection: Connection, *, result: Any = None, error: Any = None) -> None:
        """All of it is done, or nothing more comes of it, once the transaction is kept."""
        told = [None if value is None else dump_json(value) for value in (result, error)]
        if await connection.fetchval(query.SETTLE, self.id, self.lease, *told) is None:
            raise Lost


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are done: `do` takes its steps and settles it; `give_up` undoes, in the transaction in which
    the job fails, what would be left half-way."""

    do: Callable[[Database, Claim], Awaitable[None]]
    give_up: Callable[[Work, Claim], Awaitable[None]]


async def queue(
    work: Work, kind: str, asked: Mapping[str, Any], *, total: int, test_clock_id: UUID | None = None
) -> Job:
    """A job that a worker begins as soon as the work is kept."""
    job = Job(kind=kind, asked=dict(asked), total=total, test_clock_id=test_clock_id, client_id=work.actor.client_id)
    work.session.add(job)
    await (await work.connection()).execute(query.WAKE)
    return job


async def work_off(database: Database, kinds: Mapping[str, Kind]) -> int:
    """Does what is queued or was left behind, one job after the other, until nothing is left: how many."""
    count = 0
    while (claim := await again(lambda: _claim(database, list(kinds)), repeatable=True)) is not None:
        count += 1
        await _do(database, claim, kinds[claim.kind])
    return count


async def _claim(database: Database, kinds: list[str]) -> Claim | None:
    async with begin(database, JOBS) as work:
        row = await (await work.connection()).fetchrow(query.CLAIM, LEASE, kinds)
    if row is None:
        return None
    return Claim(row["id"], row["kind"], json.loads(row["asked"]), row["test_clock_id"], row["lease"], row["tries"])


async def _do(database: Database, claim: Claim, kind: Kind) -> None:
    """What fails for good is settled as failed. What may pass is left to its lease, and taken up again after it."""
    try:
        if claim.tries > TRIES:
            raise RuntimeError("no step ahead")  # whatever ends its worker each time
        await kind.do(database, claim)
    except Lost:
        log.warning("job_lost", job=str(claim.id), kind=claim.kind)
    except Exception as error:
        if not isinstance(error, Refusal) and claim.tries <= TRIES:
            log.warning("job_interrupted", job=str(claim.id), kind=claim.kind, error=type(error).__name__)
            if is_passing(error):
                raise
            return
        log.error("job_failed", job=str(claim.id), kind=claim.kind, error=type(error).__name__)
        sentence = error.sentence if isinstance(error, Refusal) else BROKEN
        code = error.problem if isinstance(error, Refusal) else "job_broken"
        told = {"code": code, "message": {"lt": sentence.say("lt", {}), "en": sentence.say("en", {})}}
        async with begin(database, JOBS) as work:
            await kind.give_up(work, claim)
            await claim.settle(await work.connection(), error=told)
