"""A worker is killed in the middle of an advance: another one takes it to its end, and makes each change known once."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from programme.database import asyncpg_url
from tests import oracle
from tests.faults.service import running
from tests.made import a_certificate
from tests.world import Caller, World

CERTIFICATES = 20
WAITS = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"


async def settled(caller: Caller, at: str, *, within_s: float) -> dict[str, Any]:
    began = time.monotonic()
    while True:
        job: dict[str, Any] = (await caller.get(at)).json()
        if job["state"] in ("done", "failed"):
            return job
        assert time.monotonic() - began < within_s, job
        await asyncio.sleep(0.1)


async def test_an_advance_survives_its_workers(racing_world: World, clone_url: str, tmp_path: Path) -> None:
    world, office = racing_world, await racing_world.caller("coordinator")
    clock = (await office.post("/v1/test-clocks", {"name": "Trys metai", "today": "2026-01-15"})).json()
    at = f"/v1/test-clocks/{clock['id']}"
    there = world.within(clock["id"])
    for _ in range(CERTIFICATES):
        await a_certificate(world.database, "2026-01-15", clock=there.clock)
    about = {"database_url": clone_url, "redis_url": os.environ["TEST_REDIS_URL"]}
    watch, gate = await asyncpg.connect(asyncpg_url(clone_url)), await asyncpg.connect(asyncpg_url(clone_url))
    home = await watch.fetchval("select sandbox_schema($1)", there.clock)

    async with running("worker", tmp_path / "first.log", **about) as first:
        await first.says("worker_started")
        async with gate.transaction():
            await gate.execute(f"lock table {home}.event in share mode")
            asked = await office.post(f"{at}/advance", {"to": "2029-01-20"})
            began = time.monotonic()
            while not await watch.fetchval(WAITS):
                assert time.monotonic() - began < 5, "it begins as soon as it is asked for"
                await asyncio.sleep(0.05)
            first.kill()
    seen = (await office.get(asked.headers["location"])).json()
    assert (seen["state"], seen["progress"]) == ("running", {"done": 305, "total": 1101})  # in the pass of 2026-11-16
    await watch.execute("update job set leased_until = leased_until - interval '9 seconds'")  # which pass

    async with running("worker", tmp_path / "second.log", **about) as second:
        job = await settled(office, asked.headers["location"], within_s=30)
        assert second.process.poll() is None, second.log.read_text()
    changes = {
        "annual_report.delinquent": 2, "annual_report.due_soon": 2, "annual_report.opened": 2,
        "annual_report.overdue": 2, "annual_report.voided": 2, "certificate.expired": 1,
        "certificate.expiry_noticed": 3, "compliance_case.opened": 2,
    }  # fmt: skip
    assert job["result"]["changes"] == {name: count * CERTIFICATES for name, count in changes.items()}
    assert (await office.get(at)).json()["today"] == "2029-01-20"

    told = Counter(event.type for event in await there.events() if event.actor_type == "worker")
    assert told == job["result"]["changes"]
    days = await watch.fetch(f"select day from {home}.job_run where finished_at is not null order by day")
    assert [row["day"].toordinal() for row in days] == list(
        range(date(2026, 1, 15).toordinal(), date(2029, 1, 20).toordinal() + 1)
    )
    assert await watch.fetchval("select count(*) from event where actor_id = 'daily'") == 0
    await watch.close()
    await gate.close()
    await oracle.check(world.database)
