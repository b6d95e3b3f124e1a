"""`python -m worker`: works until it is told to end. arq gives up when its queue goes away; this begins anew.

Before each beginning the daily pass is run directly, so that a Valkey that stays away delays nothing but waking.
`python -m worker --check` ends with 0 where the worker of this host is alive.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
import uvloop
from redis.exceptions import RedisError

from programme.database import Database, is_passing
from programme.logs import configure
from programme.services.heartbeat import is_beating
from programme.settings import Settings, SettingsError, load
from worker.jobs import relay
from worker.jobs.daily import daily_pass
from worker.settings import create_worker
from worker.waking import listen

log = structlog.get_logger()

LONGEST_PAUSE = 10.0
"""Seconds between two beginnings at most."""

STEADY_AFTER = 60.0
"""Seconds of work after which an interruption counts as the first one again."""


async def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Runs one worker after the other until a signal ends it."""
    ended = asyncio.Event()
    pause = 0.0
    async with (
        Database.open(settings, database_url, statement_timeout_ms=60_000) as database,
        relaying(database, settings),
        listening(database),
    ):
        while not ended.is_set():
            _listen(ended)
            began = time.monotonic()
            try:
                await daily_pass({"database": database})
                await _run(redis_url, database)
                ended.set()
            except Exception as error:
                if not isinstance(error, RedisError | OSError) and not is_passing(error):
                    raise
                pause = next_pause(pause, time.monotonic() - began)
                log.warning("worker_interrupted", error=type(error).__name__, again_in_s=pause)
                _listen(ended)
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), pause)


@asynccontextmanager
async def relaying(database: Database, settings: Settings) -> AsyncIterator[None]:
    """The relay beside the queue, which it does not need: webhooks go on while Valkey is away."""
    task = asyncio.create_task(relay.run(database, settings), name="relay")
    task.add_done_callback(_tell_end)
    try:
        yield
    finally:
        await relay.ended(task)


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[None]:
    """Jobs as they come, beside the queue too."""
    task = asyncio.create_task(listen(database), name="listening")
    task.add_done_callback(_tell_end)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _tell_end(task: asyncio.Task[None]) -> None:
    """What ends by itself takes the process with it, so that its supervisor begins anew."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(f"{task.get_name()}_ended", error=type(error).__name__)
        os.kill(os.getpid(), signal.SIGTERM)


def next_pause(before: float, worked_s: float) -> float:
    """Seconds to the next beginning: twice the pause before, unless the worker was steady meanwhile."""
    return min(before * 2, LONGEST_PAUSE) if before and worked_s < STEADY_AFTER else 0.5


async def check(settings: Settings, database_url: str) -> int:
    """0 where the worker of this host lives. Seen from the database: without a queue it lives on, and a new one would
    find none either."""
    try:
        async with Database.open(settings, database_url, connections=1) as database:
            return 0 if await is_beating(database) else 1
    except Exception as error:
        if not is_passing(error):
            raise
        return 1


async def _run(redis_url: str, database: Database) -> None:
    """One worker, which takes the signals over; it comes back when one of them has ended it."""
    worker = create_worker(redis_url, database)
    log.info("worker_started")
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        log.info("worker_ended")
    finally:
        with suppress(RedisError, OSError):
            await worker.close()


def _listen(ended: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)


def main() -> None:
    try:
        settings = load()
        if settings.database_url is None or settings.redis_url is None:
            raise SettingsError("KOKYBE_DATABASE_URL and KOKYBE_REDIS_URL are not set; `kokybe dev` starts servers")
    except SettingsError as error:
        sys.exit(str(error))
    configure(settings)
    if sys.argv[1:] == ["--check"]:
        sys.exit(uvloop.run(check(settings, settings.database_url)))
    uvloop.run(serve(settings, settings.database_url, settings.redis_url))


if __name__ == "__main__":
    main()
