"""The daily pass: each change is made known once, with its true day, whatever kills the pass and however days are split."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from programme.database import Database, asyncpg_url
from programme.errors import NotAllowed
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as certificate_rules
from programme.rules.annual_reports import Obligation
from programme.rules.calendar import noon_in_vilnius
from programme.services import certificates, daily, loading
from programme.services.daily import catch_up
from programme.tables import AnnualReport, Certificate, CertificateDecision, JobRun
from programme.tables.certificates import spans
from tests import oracle
from tests.made import a_certificate, many_certificates
from tests.world import World

ONE_DAY = timedelta(days=1)


async def told(world: World, *resources: UUID) -> list[tuple[str, str]]:
    """What the worker made known (of these resources), in order, each with its day."""
    return [
        (event.type, event.effective_on.isoformat())
        for event in await world.events()
        if event.actor_type == "worker" and (not resources or event.resource_id in resources)
    ]


async def runs(world: World) -> list[JobRun]:
    async with world.at_work() as work:
        return list(await work.session.scalars(select(JobRun).order_by(JobRun.day)))


def at(database: Database, day: str) -> Database:
    return replace(database, fixed_now=noon_in_vilnius(date.fromisoformat(day)))


async def test_a_whole_life_is_told_in_order_with_its_true_days(world: World) -> None:
    world.travel("2026-11-22")
    made = await a_certificate(world.database, "2026-11-22")
    world.travel("2029-11-23")

    passed = await catch_up(world.database)

    assert (str(passed["from"]), str(passed["to"]), passed["days"]) == ("2029-11-23", "2029-11-23", 1)
    assert await told(world, made.certificate) == [
        ("certificate.expiry_noticed", "2029-05-26"),
        ("certificate.expiry_noticed", "2029-08-24"),
        ("certificate.expiry_noticed", "2029-10-23"),
        ("certificate.expired", "2029-11-23"),
    ]
    assert await told(world, made.reports[0]) == [
        ("annual_report.opened", "2027-09-23"),
        ("annual_report.due_soon", "2027-10-23"),
        ("annual_report.overdue", "2027-11-23"),
        ("annual_report.delinquent", "2027-12-23"),
        ("annual_report.voided", "2029-11-23"),
    ]
    noticed = [
        event.data for event in await world.events(made.certificate) if event.type == "certificate.expiry_noticed"
    ]
    assert noticed == [{"days": 180}, {"days": 90}, {"days": 30}]
    voided = (await world.events(made.reports[0]))[-1]
    assert voided.data == {"state": "void", "void_reason": "certificate_ended"}
    assert voided.previous == {"state": "scheduled", "void_reason": None}
    assert passed["changes"] == dict(Counter(kind for kind, _ in await told(world)))
    await oracle.check(world.database)


async def test_a_repeat_changes_nothing(world: World) -> None:
    await a_certificate(world.database, "2023-11-20")
    first = await catch_up(world.database)
    before = [event.id for event in await world.events()]

    again = await catch_up(world.database)
    earlier = await catch_up(world.database, date(2026, 11, 1))

    assert first["changes"]["certificate.expired"] == 1
    for repeat in (again, earlier):
        assert repeat == {"from": None, "to": None, "days": 0, "changes": {}, "duration_ms": 0}
    assert [event.id for event in await world.events()] == before
    assert len(await runs(world)) == 1


async def test_three_missed_days_are_passed_one_by_one(world: World) -> None:
    world.travel("2026-11-19")
    made = [await a_certificate(world.database, day) for day in ("2023-11-21", "2023-11-19", "2023-11-20")]
    await catch_up(world.database)
    world.travel("2026-11-22")

    passed = await catch_up(world.database)

    assert (str(passed["from"]), str(passed["to"]), passed["days"]) == ("2026-11-20", "2026-11-22", 3)
    assert [one for one in await told(world) if one[0] == "certificate.expired"] == [
        ("certificate.expired", "2026-11-20"),
        ("certificate.expired", "2026-11-21"),
        ("certificate.expired", "2026-11-22"),
    ]
    counted = {str(run.day): run.counts.get("certificate.expired") for run in await runs(world)}
    assert counted == {"2026-11-19": None, "2026-11-20": 1, "2026-11-21": 1, "2026-11-22": 1}
    assert all(run.finished_at is not None for run in await runs(world))
    assert {event.occurred_at for one in made for event in (await world.events(one.certificate))[-1:]} == {
        datetime(2026, 11, 22, 10, tzinfo=UTC)
    }
    await oracle.check(world.database)


async def test_the_first_pass_is_one_run_that_tells_what_is_long_past(world: World) -> None:
    made = await a_certificate(world.database, "2019-04-29")
    passed = await catch_up(world.database, date(2026, 11, 20))
    assert passed["days"] == 1
    assert ("certificate.expired", "2022-04-30") in await told(world, made.certificate)
    (run,) = await runs(world)
    assert (run.day, run.counts) == (date(2026, 11, 20), passed["changes"])
    assert (await catch_up(world.database))["days"] == 2
    await oracle.check(world.database)


async def test_the_first_pass_states_the_truth_of_the_real_programme(world: World) -> None:
    await loading.load_programme(world.database)
    passed = await catch_up(world.database)
    assert passed["changes"]["certificate.expired"] == 13
    coordinator = await world.caller("coordinator")
    for reference, status, expired in (
        ("LIT2019-012", "expired", [("certificate.expired", "2022-04-30")]),
        ("LIT2021-044", "expired", [("certificate.expired", "2024-11-30")]),
        ("LIT2025-001", "active", []),
    ):
        certificate = (await coordinator.get(f"/v1/certificates/{reference}")).json()
        assert certificate["status"] == status
        assert await told(world, UUID(certificate["id"])) == expired
    await oracle.check(world.database)


async def test_what_becomes_due_after_the_days_pass_is_told_by_the_next_one_of_the_day(world: World) -> None:
    await catch_up(world.database)
    made = await a_certificate(world.database, "2019-04-29")

    late = await catch_up(world.database)

    assert (late["days"], late["changes"]["certificate.expired"]) == (0, 1)
    assert ("certificate.expired", "2022-04-30") in await told(world, made.certificate)
    (run,) = await runs(world)
    assert run.counts == late["changes"]
    assert (await catch_up(world.database))["changes"] == {}
    await oracle.check(world.database)


async def test_a_day_that_has_not_come_is_refused(world: World) -> None:
    with pytest.raises(NotAllowed, match="2026-11-23 has not come: today is 2026-11-22"):
        await catch_up(world.database, date(2026, 11, 23))
    assert await runs(world) == []


async def test_midnight_needs_no_worker_and_a_late_worker_tells_the_true_day(world: World) -> None:
    made = await a_certificate(world.database, "2023-11-22", reference="LIT2023-101")
    coordinator = await world.caller("coordinator")

    async def shown() -> tuple[Any, ...]:
        one = (await coordinator.get(f"/v1/certificates/{made.certificate}")).json()
        listed = (await coordinator.get("/v1/certificates?status=expired")).json()["items"]
        entry = (await world.nobody.get("/public/v1/certificates/LIT2023-101")).json()
        report = (await coordinator.get(f"/v1/annual-reports/{made.reports[1]}")).json()
        return one["status"], one["register_status"], len(listed), entry["status"], report["flags"]

    world.travel("2026-11-22T21:59:59+00:00")
    assert await shown() == ("expiring", "active", 0, "active", ["open", "overdue", "delinquent"])
    world.travel("2026-11-22T22:00:00+00:00")
    assert await shown() == ("expired", "expired", 1, "expired", [])
    assert await told(world) == []

    world.travel("2026-11-27")
    await catch_up(world.database)

    assert await told(world, made.certificate) == [
        ("certificate.expiry_noticed", "2026-05-26"),
        ("certificate.expiry_noticed", "2026-08-24"),
        ("certificate.expiry_noticed", "2026-10-23"),
        ("certificate.expired", "2026-11-23"),
    ]
    assert (await shown())[0] == "expired"
    await oracle.check(world.database)


async def test_a_terminal_decision_leaves_nothing_to_expire(world: World) -> None:
    made = await a_certificate(world.database, "2024-06-01")
    async with world.at_work() as work:
        await certificates.withdraw(
            work, made.certificate, reason_code=certificate_rules.ReasonCode.OTHER, reason="Veikla nutraukta.",
            effective_on=date(2027, 1, 15),
        )  # fmt: skip
    world.travel("2027-12-01")
    await catch_up(world.database)
    assert await told(world, made.certificate) == [
        ("certificate.expiry_noticed", "2026-12-03"),  # 180 days before its last day; the others would come too late
        ("certificate.decision_took_effect", "2027-01-15"),
    ]
    assert (await world.events(made.certificate))[-1].data == {"kind": "withdraw", "decision": 1}
    for report in made.reports:
        assert (await told(world, report))[-1] == ("annual_report.voided", "2027-01-15")
    await oracle.check(world.database)


BASE = date(2027, 3, 20)  # clocks change on the 28th
SOON = st.integers(min_value=0, max_value=25).map(lambda count: BASE + timedelta(days=count))
FEW = st.integers(min_value=0, max_value=15)


@st.composite
def certificate_columns(draw: st.DrawFn) -> dict[str, Any]:
    expires_on, notice_days = draw(SOON), draw(st.lists(st.integers(min_value=0, max_value=25), max_size=4))
    ended_on, review_by = draw(st.one_of(st.none(), SOON)), draw(st.one_of(st.none(), SOON))
    begins = BASE - timedelta(days=1000)
    ahead = [(kind, day) for kind in ("grant", "suspend") if (day := draw(st.one_of(st.none(), SOON)))]
    if ended_on is not None and draw(st.booleans()):
        ahead.append((draw(st.sampled_from(sorted(certificate_rules.ENDING))), ended_on))
    return {
        "ahead": ahead,
        "valid_from": begins,
        "certified_on": begins,
        "expires_on": expires_on,
        "periods": spans((begins, expires_on)),
        "notice_days": notice_days,
        "ended_on": ended_on,
        "ended_as": "withdrawn" if ended_on else None,
        "review_by": review_by,
        "next_change_on": certificate_rules.next_change(
            None, certificate_rules.Course(expires_on, notice_days, ended_on, review_by, ahead)
        ),
    }


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    due_on = draw(SOON)
    first = draw(st.one_of(st.none(), st.none(), SOON))
    return Obligation(
        opens_on=due_on - timedelta(days=draw(FEW)),
        due_on=due_on,
        state=draw(st.sampled_from([report_rules.State.SUBMITTED, report_rules.State.RETURNED]))
        if first
        else draw(st.sampled_from([report_rules.State.SCHEDULED, report_rules.State.DRAFTING])),
        first_submitted_on=first,
        due_soon_days=draw(FEW),
        grace_days=draw(FEW),
        lapses_on=draw(st.one_of(st.none(), SOON)),
    )


def expected_of_a_certificate(columns: dict[str, Any], ahead: list[tuple[str, date]], last: date) -> Counter[Any]:
    course = certificate_rules.Course(
        columns["expires_on"], columns["notice_days"], columns["ended_on"], columns["review_by"], ahead
    )
    return Counter((f"certificate.{change}", day) for day, change in certificate_rules.changes(course) if day <= last)


def expected_of_a_report(owed: Obligation, last: date) -> set[tuple[str, date]]:
    found = {
        (f"annual_report.{name}", day)
        for name, day in report_rules.milestones(owed).items()
        if owed.first_submitted_on is None and (owed.lapses_on is None or day < owed.lapses_on)
    }
    found |= {("compliance_case.opened", day) for name, day in found if name == "annual_report.delinquent"}
    if owed.lapses_on is not None:
        found.add(("annual_report.voided", owed.lapses_on))
    return {(kind, day) for kind, day in found if day <= last}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(certificate_columns(), min_size=1, max_size=4),
    st.lists(obligations(), min_size=1, max_size=6),
    st.lists(st.integers(min_value=0, max_value=9), min_size=1, max_size=5),
)
async def test_however_the_days_are_split_the_events_are_those_of_the_pure_rules(
    world: World, columns: list[dict[str, Any]], owed: list[Obligation], steps: list[int]
) -> None:
    world.travel("2030-01-01")
    if not hasattr(world, "rows"):
        world.rows = [await a_certificate(world.database, "2020-01-01") for _ in range(4)]  # type: ignore[attr-defined]
    async with world.at_work() as work:
        await work.session.execute(update(Certificate).values(next_change_on=None))
        await work.session.execute(update(AnnualReport).values(next_change_on=None))
        await work.session.execute(delete(JobRun))
        made = []
        ahead = [values.pop("ahead") for values in columns]
        for made_before, values in zip(world.rows, columns, strict=False):  # type: ignore[attr-defined]
            row = Certificate(
                organisation_id=made_before.organisation, standard="EQUASS", standard_version="EQUASS-2018",
                level="ASSURANCE", scope={"services": [], "sites": [], "unit": None}, **values,
            )  # fmt: skip
            made.append(await work.add(row, "certificate.imported"))
            for number, (kind, day) in enumerate(ahead[len(made) - 1], start=1):
                work.session.add(
                    CertificateDecision(
                        organisation_id=row.organisation_id, certificate_id=row.id, number=number, kind=kind,
                        effective_on=day, decided_at=noon_in_vilnius(BASE - timedelta(days=1)),
                    )
                )  # fmt: skip
        reports = []
        for place, one in enumerate(owed):
            moment = noon_in_vilnius(one.first_submitted_on) if one.first_submitted_on else None
            report = AnnualReport(
                organisation_id=made[0].organisation_id, certificate_id=made[0].id, sequence=place + 1,
                opens_on=one.opens_on, due_on=one.due_on, state=one.state, due_soon_days=one.due_soon_days,
                grace_days=one.grace_days, lapses_on=one.lapses_on, first_submitted_on=one.first_submitted_on,
                first_submitted_at=moment, next_change_on=report_rules.next_change(None, one),
            )  # fmt: skip
            reports.append(await work.add(report, "annual_report.scheduled"))
    last = BASE
    for step in steps:
        last += timedelta(days=step)
        await catch_up(world.database, last)

    events = [event for event in await world.events() if event.actor_type == "worker"]
    for row, values, decided in zip(made, columns, ahead, strict=True):
        found = [(event.type, event.effective_on) for event in events if event.resource_id == row.id]
        assert Counter(found) == expected_of_a_certificate(values, decided, last)
        assert [day for _, day in found] == sorted(day for _, day in found)
    for report, one in zip(reports, owed, strict=True):
        mine = {
            report.id,
            next((e.resource_id for e in events if e.data.get("annual_report_id") == str(report.id)), None),
        }
        found = [(event.type, event.effective_on) for event in events if event.resource_id in mine]
        assert len(found) == len(set(found))
        assert set(found) == expected_of_a_report(one, last)
        assert [day for _, day in found] == sorted(day for _, day in found)
    _, *later = await runs(world)
    by_day = Counter((event.effective_on, event.type) for event in events if event.resource_id in {r.id for r in made})
    for run in later:
        counted = sum(count for kind, count in run.counts.items() if kind.startswith("certificate."))
        assert counted == sum(count for (day, _), count in by_day.items() if day == run.day)


async def count(connection: Any, query: str) -> int:
    found: int = await connection.fetchval(query)
    return found


EXPIRED = "select count(*) from event where type = 'certificate.expired'"


async def until(condition: Callable[[], Any], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + 20
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.01)


async def start_daily(database_url: str, on: str) -> asyncio.subprocess.Process:
    """A real `kokybe daily` on that day."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KOKYBE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "programme.commands", "daily",
        env={
            **own, "KOKYBE_DATABASE_URL": database_url, "KOKYBE_REDIS_URL": os.environ["TEST_REDIS_URL"],
            "KOKYBE_TODAY": on,
        },
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_killed_five_times_and_run_once_it_has_told_each_change_once(clone: Database, clone_url: str) -> None:
    other = await asyncpg.connect(asyncpg_url(clone_url))
    watch = await asyncpg.connect(asyncpg_url(clone_url))
    await many_certificates(other, 500, "2023-11-20", "2026-11-20")
    for done in (0, 80, 160):  # killed between batches, while somebody else holds all but 80 of the rest
        async with other.transaction():
            await other.execute(
                "select from certificate where next_change_on <= '2026-11-22' order by id limit $1 for update",
                500 - done - 80,
            )
            process = await start_daily(clone_url, "2026-11-22")

            async def has_taken(done: int = done) -> bool:
                return await count(watch, EXPIRED) == done + 80

            await until(has_taken, "a batch is kept")
            process.kill()
            await process.wait()
    for _ in range(2):  # killed within a batch, which has written its events and waits to write its counts
        async with other.transaction():
            await other.execute("select from job_run for update")
            process = await start_daily(clone_url, "2026-11-22")

            async def waits() -> bool:
                waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                return await count(watch, f"{waiting} and datname = current_database()") > 0

            await until(waits, "a batch waits")
            process.kill()
            await process.wait()
            assert await count(watch, EXPIRED) == 240

    whole, _ = await (await start_daily(clone_url, "2026-11-22")).communicate()

    passed = json.loads(whole)
    assert {**passed, "duration_ms": None} == {
        "from": "2026-11-22", "to": "2026-11-22", "days": 1, "changes": {"certificate.expired": 500}, "duration_ms": None,
    }  # fmt: skip
    assert (await catch_up(at(clone, "2026-11-22")))["days"] == 0
    assert await count(watch, EXPIRED) == 500
    assert await count(watch, "select count(distinct resource_id) from event where type = 'certificate.expired'") == 500
    await oracle.check(at(clone, "2026-11-22"))
    await other.close()
    await watch.close()


async def test_four_at_once_tell_each_change_once(clone: Database, clone_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(daily, "BATCH", 20)
    async with clone.reading() as connection:
        await many_certificates(connection, 200, "2023-11-20", "2026-11-20")
    there = at(clone, "2026-11-22")

    passed = await asyncio.gather(*(catch_up(there) for _ in range(3)), catch_up(there, wait=False))

    assert sorted(one["days"] for one in passed) == [0, 0, 0, 1]
    assert Counter(one["changes"].get("certificate.expired", 0) for one in passed) == {0: 3, 200: 1}
    await oracle.check(there)


async def test_lost_connections_cost_time_and_nothing_else(clone: Database, clone_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(daily, "BATCH", 5)
    other = await asyncpg.connect(asyncpg_url(clone_url))
    await many_certificates(other, 300, "2023-11-20", "2026-11-20")
    there = at(clone, "2026-11-22")

    async def end_all_others() -> None:
        for _ in range(6):
            await asyncio.sleep(0.05)
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    passed, _ = await asyncio.gather(catch_up(there), end_all_others())

    assert passed["changes"] == {"certificate.expired": 300}
    assert await other.fetchval(EXPIRED) == 300
    await other.close()
    await oracle.check(there)


async def test_rows_that_others_hold_are_waited_for(clone: Database, clone_url: str) -> None:
    other = await asyncpg.connect(asyncpg_url(clone_url))
    await many_certificates(other, 20, "2023-11-20", "2026-11-20")
    async with other.transaction():
        await other.execute("select from certificate order by id limit 3 for update")
        under_way = asyncio.create_task(catch_up(at(clone, "2026-11-22")))

        async def has_taken() -> bool:
            async with clone.reading() as connection:
                return await count(connection, EXPIRED) == 17

        await until(has_taken, "what nobody holds is taken")
        assert not under_way.done()
    assert (await under_way)["changes"] == {"certificate.expired": 20}
    await other.close()
    await oracle.check(at(clone, "2026-11-22"))
