"""Listening for jobs: PostgreSQL says at once when one is queued. That is a hint only; the rounds of the schedule find it
too."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from programme.database import Database, is_passing
from programme.queries.jobs import CHANNEL
from worker.jobs.queued import queued

log = structlog.get_logger()

PAUSE = 2.0
"""Seconds until it listens anew where the database was away."""


async def listen(database: Database) -> None:
    """Works jobs off as they come, until it is cancelled."""
    while True:
        try:
            await _listen(database)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("listening_interrupted", error=type(error).__name__)
            await asyncio.sleep(PAUSE)


async def _listen(database: Database) -> None:
    woken = asyncio.Event()

    def wake(*_: Any) -> None:
        woken.set()

    async with database.reading() as connection:
        await connection.add_listener(CHANNEL, wake)
        connection.add_termination_listener(wake)
        try:
            while not connection.is_closed():
                await queued({"database": database})
                await woken.wait()
                woken.clear()
        finally:
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, wake)
                connection.remove_termination_listener(wake)
