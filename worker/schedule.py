"""When jobs run, by the clock of Vilnius."""

from __future__ import annotations

from arq import cron
from arq.cron import CronJob

from worker.jobs.daily import daily_pass

SCHEDULE: list[CronJob] = [
    cron(daily_pass, name="daily", hour=0, minute=5),  # type: ignore[arg-type]  # arq types jobs by a protocol of its own
    # Midnight may pass with no worker, a job may be killed, the queue may forget: soon it is looked again.
    cron(daily_pass, name="sweep", second={0, 15, 30, 45}),  # type: ignore[arg-type]
]
