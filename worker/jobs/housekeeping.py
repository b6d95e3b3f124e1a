"""Housekeeping as a job: what has had its time goes."""

from __future__ import annotations

from typing import Any

import structlog

from programme.services import test_clocks
from programme.services.housekeeping import forget_answers

log = structlog.get_logger()


async def tidy(context: dict[str, Any]) -> None:
    """Forgets the answers that were kept for repeated requests, once their time is over, and removes the worlds of test
    clocks that have ended."""
    if forgotten := await forget_answers(context["database"]):
        log.info("answers_forgotten", count=forgotten)
    if removed := await test_clocks.sweep(context["database"]):
        log.info("sandboxes_removed", count=removed)
