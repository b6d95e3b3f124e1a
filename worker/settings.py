"""How arq is set up: JSON instead of pickle, UTC, and patience with a Valkey that restarts."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from arq.connections import RedisSettings
from arq.worker import Worker
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TooSlow

from programme.database import Database
from worker.schedule import SCHEDULE

QUEUE = "kokybe"
HEALTH = f"{QUEUE}:worker"
"""Where a living worker leaves its sign every 15 seconds."""


def redis(url: str) -> RedisSettings:
    """The queue's server. A command is tried again for some two seconds, which a restart takes; beyond that,
    `python -m worker` begins anew."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 0
    settings.retry = Retry(ExponentialBackoff(cap=1, base=0.05), 6)
    settings.retry_on_error = [Disconnected, TooSlow, OSError]
    settings.retry_on_timeout = True
    return settings


def create_worker(url: str, database: Database) -> Worker:
    """A worker that ends at SIGTERM or SIGINT: running jobs have 20 s, then their transactions are rolled back."""
    return Worker(
        cron_jobs=SCHEDULE,
        queue_name=QUEUE,
        redis_settings=redis(url),
        ctx={"database": database},
        job_serializer=_write,
        job_deserializer=json.loads,
        timezone=UTC,
        job_timeout=60,
        job_completion_wait=20,
        keep_result=0,
        health_check_interval=15,
        health_check_key=HEALTH,
        log_results=False,
    )


def _write(job: dict[str, Any]) -> bytes:
    return json.dumps(job, default=str).encode()
