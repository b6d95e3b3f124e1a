"""`python -m worker`: works until it is told to end. arq gives up when its queue goes away; this begins anew.

Before each beginning the daily pass is run directly, so that a Valkey that stays away delays nothing but waking.
`python -m worker --check` ends with 0 where some worker is alive.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress

import structlog
import uvloop
from arq.worker import async_check_health
from redis.exceptions import RedisError

from programme.database import Database, is_passing
from programme.logs import configure
from programme.settings import Settings, SettingsError, load
from worker.jobs.daily import daily_pass
from worker.settings import HEALTH, create_worker, redis

log = structlog.get_logger()

LONGEST_PAUSE = 10.0
"""Seconds between two beginnings at most."""

STEADY_AFTER = 60.0
"""Seconds of work after which an interruption counts as the first one again."""


async def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Runs one worker after the other until a signal ends it."""
    ended = asyncio.Event()
    pause = 0.0
    async with Database.open(settings, database_url, statement_timeout_ms=60_000) as database:
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


def next_pause(before: float, worked_s: float) -> float:
    """Seconds to the next beginning: twice the pause before, unless the worker was steady meanwhile."""
    return min(before * 2, LONGEST_PAUSE) if before and worked_s < STEADY_AFTER else 0.5


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
        sys.exit(uvloop.run(async_check_health(redis(settings.redis_url), HEALTH)))
    uvloop.run(serve(settings, settings.database_url, settings.redis_url))


if __name__ == "__main__":
    main()
