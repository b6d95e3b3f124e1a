"""/livez, /readyz and /metrics: what operators are told, and whom nothing is told."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from api import metrics
from programme.database import Database
from programme.services.daily import catch_up
from programme.services.heartbeat import beat
from programme.settings import Settings
from tests.made import a_certificate
from tests.platform.test_canaries import Written, api
from tests.world import World


async def readyz(world: World) -> tuple[int, dict[str, Any]]:
    answer = await world.nobody.get("/readyz", headers={"Accept-Language": "en"})
    return answer.status_code, answer.json()


async def executed(world: World, statement: str, *given: Any) -> None:
    async with world.at_work() as work:
        await (await work.connection()).execute(statement, *given)


def statuses(told: dict[str, Any]) -> dict[str, str]:
    return {name: check["status"] for name, check in told["checks"].items()}


async def test_it_is_ready_where_everything_is_as_it_should_be(world: World) -> None:
    await beat(world.database, "worker", "queue")
    status, told = await readyz(world)
    assert (status, told["status"]) == (200, "ok")
    assert statuses(told) == dict.fromkeys(("database", "clock", "schema", "time_zone", "worker", "queue"), "ok")
    assert 0 <= told["checks"]["database"]["seconds"] < 2
    assert 0 <= told["checks"]["worker"]["seconds"] < 5


async def test_a_silent_worker_or_queue_degrades_and_reads_go_on(world: World) -> None:
    assert statuses((await readyz(world))[1])["worker"] == "degraded"
    await beat(world.database, "worker", "queue")
    await executed(world, "update heartbeat set seen_at = seen_at - interval '61 seconds' where kind = 'queue'")
    status, told = await readyz(world)
    assert (status, told["status"]) == (200, "degraded")
    assert (statuses(told)["worker"], statuses(told)["queue"]) == ("ok", "degraded")
    assert told["checks"]["queue"]["seconds"] >= 61


async def test_one_living_worker_of_two_is_enough_and_the_long_dead_are_forgotten(world: World) -> None:
    await executed(world, "insert into heartbeat values ('worker', 'gone', now() - interval '2 days')")
    assert statuses((await readyz(world))[1])["worker"] == "degraded"
    await beat(world.database, "worker")
    assert statuses((await readyz(world))[1])["worker"] == "ok"
    async with world.at_work() as work:
        assert await (await work.connection()).fetchval("select count(*) from heartbeat where host = 'gone'") == 0


@pytest.mark.parametrize("revision", ["2026_11_22_1600", "of_tomorrow", ""])
async def test_a_schema_of_another_release_is_not_ready(world: World, revision: str) -> None:
    await executed(world, f"update alembic_version set version_num = '{revision}'")
    status, told = await readyz(world)
    assert (status, told["code"]) == (503, "not_ready")
    assert told["detail"] == "The service is not ready. Missing: schema."
    assert statuses(told)["schema"] == "unavailable"
    assert statuses(told)["database"] == "ok"


async def test_while_it_is_being_replaced_a_release_works_with_the_schema_of_the_next(world: World) -> None:
    await executed(world, "update alembic_version set version_num = '2999_12_31_2359'")
    status, told = await readyz(world)
    assert (status, told["status"], statuses(told)["schema"]) == (200, "degraded", "degraded")


async def test_a_clock_that_is_wrong_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programme.queries.watching.CLOCKS", "select clock_timestamp() - interval '6 seconds' as clock")
    status, told = await readyz(world)
    assert (status, told["status"], statuses(told)["clock"]) == (200, "degraded", "degraded")
    assert 5.5 < told["checks"]["clock"]["seconds"] < 8


async def test_other_time_zones_in_the_database_are_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programme.queries.watching.IN_VILNIUS", "select $1::timestamptz at time zone 'Europe/Lisbon'")
    status, told = await readyz(world)
    assert (status, statuses(told)["time_zone"]) == (503, "unavailable")


async def test_without_its_database_it_is_alive_and_not_ready_within_the_bound(
    app: Any, settings: Settings, clone_url: str
) -> None:
    async with Database.open(settings, clone_url, connections=1) as database, World.of(app, database) as world:
        async with database.reading():  # the only connection is somebody's
            began = perf_counter()
            status, told = await readyz(world)
            assert (status, statuses(told)) == (503, {"database": "unavailable"})
            assert perf_counter() - began < 2.5
            assert (await world.nobody.get("/livez")).json() == {"status": "ok"}
            assert samples(await scraped(world))["kokybe_database_up"] == 0
        assert (await readyz(world))[0] == 200


async def scraped(world: World, **headers: str) -> str:
    answer = await world.http.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == metrics.CONTENT_TYPE
    return answer.text


def samples(text: str) -> dict[str, float]:
    """Values by name with labels as they are written."""
    found = {}
    for family in parsed(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_requests_are_counted_by_template_and_problems_by_code(world: World) -> None:
    home = await world.organisation()
    coordinator = await world.caller("coordinator")
    route = "method=GET,route=/v1/organisations/{organisation_id},status=200"
    before = samples(await scraped(world))
    for _ in range(3):
        await coordinator.get(f"/v1/organisations/{home['id']}")
    await world.nobody.get("/v1/organisations")
    await world.http.request("BREW", "/nowhere/at/all")
    text = await scraped(world)
    after = samples(text)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more(f"kokybe_request_seconds_count{{{route}}}") == 3
    assert more("kokybe_problems_total{code=unauthenticated}") == 1
    assert more("kokybe_request_seconds_count{method=other,route=none,status=404}") == 1
    assert home["id"] not in text
    assert "nowhere" not in text


async def test_a_repeated_request_is_counted_as_answered_again(world: World) -> None:
    before = samples(await scraped(world))["kokybe_idempotent_replays_total"]
    home = await world.organisation()
    coordinator = await world.caller("coordinator")
    contact = {"name": "O. P.", "purpose": "p", "legal_basis": "b", "retain_until_on": "2029-12-31"}
    for status in (201, 201):
        path, headers = f"/v1/organisations/{home['id']}/contacts", {"Idempotency-Key": "once"}
        assert (await coordinator.post(path, contact, headers=headers)).status_code == status
    assert samples(await scraped(world))["kokybe_idempotent_replays_total"] == before + 1


async def test_the_progress_of_the_daily_pass_and_of_the_feed_is_told(world: World) -> None:
    await a_certificate(world.database, "2023-11-22")
    await beat(world.database, "worker")
    world.travel("2026-11-25")
    due = samples(await scraped(world))
    assert due["kokybe_daily_oldest_due_days"] > 0
    await catch_up(world.database)
    passed = samples(await scraped(world))
    assert (passed["kokybe_daily_days_behind"], passed["kokybe_daily_oldest_due_days"]) == (0, 0)
    assert passed["kokybe_daily_changes_total{type=certificate.expired}"] == 1
    assert passed["kokybe_feed_position"] > 0
    assert passed["kokybe_silence_seconds{of=worker}"] < 10
    assert sum(value for name, value in passed.items() if name.startswith("kokybe_database_connections")) >= 1
    world.travel(date(2026, 11, 28))
    assert samples(await scraped(world))["kokybe_daily_days_behind"] == 3


async def test_metrics_are_for_those_nearby_and_not_for_what_comes_through_a_proxy(world: World) -> None:
    for header in ("X-Forwarded-For", "Forwarded"):
        answer = await world.nobody.get("/metrics", headers={header: "10.0.0.1"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for host, status in (("203.0.114.7", 404), ("2a00:1450::1", 404), ("10.1.2.3", 200), ("::1", 200)):
        transport = httpx2.ASGITransport(app=world.app, client=(host, 4711))
        async with httpx2.AsyncClient(transport=transport, base_url="http://kokybe.test") as somebody:
            assert (await somebody.get("/metrics")).status_code == status, host


async def test_the_processes_of_one_server_add_up(clone: Database, clone_url: str, app: Any, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KOKYBE_")} | {
        "KOKYBE_DATABASE_URL": clone_url,
        "KOKYBE_SECRET_KEY": "for tests only, not a secret at all",
        "KOKYBE_WEB_WORKERS": "2",
        "TMPDIR": str(tmp_path),
    }
    written = Written(tmp_path)
    async with api(written, environment, app, clone) as world:
        for _ in range(20):
            await asyncio.gather(*(fresh(world) for _ in range(4)))
        await asyncio.sleep(2 * metrics.GATHERED)  # for what the process has seen that does not answer this
        counted = samples(await scraped(world))
        assert counted["kokybe_request_seconds_count{method=GET,route=/v1/me,status=401}"] == 80
        files = {int(found[1]) for path in tmp_path.rglob("*.db") if (found := re.search(r"_(\d+)\.db", path.name))}
        assert len(files) == 2, "both processes answered"
    assert list(tmp_path.glob("kokybe-metrics-*")) == []


async def fresh(world: World) -> None:
    """A request on a connection of its own, which any of the processes may take."""
    async with httpx2.AsyncClient(base_url=world.http.base_url) as http:
        assert (await http.get("/v1/me")).status_code == 401


async def test_a_request_is_counted_soon_also_where_nobody_asks() -> None:
    before = told("/v1/me", 599)
    for _ in range(3):
        metrics.observe("GET", "/v1/me", 599, 0.003)
    async with asyncio.timeout(10):
        while told("/v1/me", 599) < before + 3:
            await asyncio.sleep(metrics.GATHERED / 5)


def told(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return sum(
        sample.value
        for family in metrics.REQUESTS.collect()
        for sample in family.samples
        if sample.name == "kokybe_request_seconds_count" and sample.labels == labels
    )


async def test_a_request_is_counted_in_microseconds() -> None:
    counts = 20_000
    began = perf_counter()
    for _ in range(counts):
        metrics.observe("GET", "/v1/me", 599, 0.003)
    metrics.settle()
    assert (perf_counter() - began) / counts < 50e-6
