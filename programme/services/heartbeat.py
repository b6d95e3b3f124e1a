"""Signs of life of the worker, in PostgreSQL: there the API sees them without knowing the queue."""

from __future__ import annotations

import socket

from programme.database import Database
from programme.queries import watching
from programme.work import WORKER, begin, looking

SILENCE = 60.0
"""Seconds without a sign after which the worker or its queue counts as away: four of its rounds."""


async def beat(database: Database, *kinds: str) -> None:
    """`worker`: this one works; `queue`: what it did came through the queue."""
    async with begin(database, WORKER) as work:
        connection = await work.connection()
        await connection.execute(watching.BEAT, list(kinds), socket.gethostname())


async def is_beating(database: Database) -> bool:
    """Whether the worker of this very host has given a sign lately."""
    async with looking(database) as connection:
        heard = {row["kind"]: row["seconds"] for row in await connection.fetch(watching.SILENCE, socket.gethostname())}
    return bool(heard.get("worker", SILENCE) < SILENCE)
