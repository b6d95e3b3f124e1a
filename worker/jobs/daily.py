"""The daily pass as a job. Whether there is anything to do is known from the database alone, so running it too often,
twice at once or not at all for a while loses and doubles nothing."""

from __future__ import annotations

from typing import Any

import structlog

from programme.services.daily import catch_up
from programme.services.heartbeat import beat

log = structlog.get_logger()


async def daily_pass(context: dict[str, Any]) -> None:
    """Makes known what has changed by today; leaves it to another worker that is at it already. Then gives a sign of
    life, of the queue too where the job came through it."""
    done = await catch_up(context["database"], wait=False)
    if done["days"] or done["changes"]:
        log.info("daily_pass", **done)
    await beat(context["database"], *(["worker", "queue"] if "job_id" in context else ["worker"]))
