"""The queue of jobs as a job of the worker: rows of the database, which a notice from there or the next round wakes."""

from __future__ import annotations

from typing import Any

from programme.services import test_clocks
from programme.services.jobs import work_off

KINDS = {**test_clocks.ADVANCE}
"""Every kind of job that there is."""


async def queued(context: dict[str, Any]) -> None:
    """Does what is queued, and what another worker left behind."""
    await work_off(context["database"], KINDS)
