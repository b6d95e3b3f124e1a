"""When the worker looks: steadily, in an hour that the clock of Vilnius skips or shows twice as in any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from programme.database import Database
from programme.services.housekeeping import forget_answers
from tests.world import World, legal_code
from worker.__main__ import next_pause
from worker.settings import create_worker


@pytest.mark.parametrize("night", ["2027-03-28T00:30", "2027-10-31T00:30", "2026-11-22T21:30"])
async def test_the_sweep_comes_every_15_seconds_whatever_the_clock_of_vilnius_shows(
    database: Database, night: str
) -> None:
    worker = create_worker("redis://nowhere", database)
    (sweep,) = (job for job in worker.cron_jobs if job.name == "sweep")
    moment = datetime.fromisoformat(night).replace(tzinfo=UTC)
    sweep.calculate_next(moment.astimezone(worker.timezone))
    for _ in range(2 * 60 * 4):
        assert sweep.next_run is not None
        before = sweep.next_run
        sweep.calculate_next(before)
        assert sweep.next_run.astimezone(UTC) - before.astimezone(UTC) == timedelta(seconds=15)


def test_the_pause_grows_while_nothing_works_and_begins_anew_after_steady_work() -> None:
    pauses = [0.0]
    for _ in range(7):
        pauses.append(next_pause(pauses[-1], worked_s=0.2))
    assert pauses[1:] == [0.5, 1, 2, 4, 8, 10, 10]
    assert next_pause(pauses[-1], worked_s=3600) == 0.5


async def test_answers_are_kept_for_a_day(world: World) -> None:
    coordinator = await world.caller("coordinator")
    headers: dict[str, Any] = {"Idempotency-Key": "once"}
    new = {"legal_code": legal_code(), "name": "Namai", "kind": "ngo", "municipality": "LT-57"}
    first = await coordinator.post("/v1/organisations", new, headers=headers)
    async with world.database.reading() as connection:
        await connection.execute("update idempotency_key set created_at = created_at - interval '23 hours 59 minutes'")
        assert await forget_answers(world.database) == 0
        again = await coordinator.post("/v1/organisations", new, headers=headers)
        assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
        await connection.execute("update idempotency_key set created_at = created_at - interval '2 minutes'")
        late = await coordinator.post("/v1/organisations", new, headers=headers)
        assert late.status_code == 409
        assert await forget_answers(world.database) == 1
        assert await connection.fetchval("select count(*) from idempotency_key") == 0
