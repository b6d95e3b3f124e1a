"""When jobs run. By UTC: a clock that shows an hour twice, as Vilnius does in October, would let arq rest for it.
Which day it is, each job asks the database."""

from __future__ import annotations

from arq import cron
from arq.cron import CronJob

from worker.jobs.daily import daily_pass
from worker.jobs.housekeeping import tidy
from worker.jobs.queued import queued

SCHEDULE: list[CronJob] = [
    # At midnight in Vilnius and at any other time: midnight may pass with no worker, a job may be killed, the queue may
    # forget.
    cron(daily_pass, name="sweep", second={0, 15, 30, 45}),  # type: ignore[arg-type]  # arq types jobs by a protocol of its own
    cron(queued, name="queued", second={5, 20, 35, 50}),  # type: ignore[arg-type]
    cron(tidy, name="tidy", minute={7, 27, 47}),  # type: ignore[arg-type]
]
