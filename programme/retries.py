"""A whole unit of work, run again where the database was away for a moment or preferred another writer.

Nothing is ever done twice: where the connection was lost while the transaction was being kept, only a unit that bears
repetition (`repeatable`) is run again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from programme.database import is_worth_another_try
from programme.errors import OutcomeUnknown

T = TypeVar("T")

log = structlog.get_logger()

TRIES = 3
PAUSE = 0.1
"""Seconds before the second try, about; twice as long before the third."""

PATIENCE = 5.0
"""Seconds after which no further try begins: a caller waits, and a lock has already been waited for."""


async def again(unit: Callable[[], Awaitable[T]], *, repeatable: bool = False, tries: int = TRIES) -> T:
    """What the unit returns, or the error of its last try. A unit has to begin its own transaction."""
    began = time.monotonic()
    for left in reversed(range(tries)):
        try:
            return await unit()
        except Exception as error:
            worth = repeatable if isinstance(error, OutcomeUnknown) else is_worth_another_try(error)
            if not left or not worth or time.monotonic() - began > PATIENCE:
                raise
            cause = getattr(error, "driver_exception", None) or error.__cause__ or error
            log.warning("tried_again", error=type(cause).__name__, tries_left=left)
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE * 2 ** (tries - left - 1))  # noqa: S311 - no secret
    raise AssertionError("the last try returns or raises")
