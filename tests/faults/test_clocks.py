"""The clock jumps, stands on the hour that is shown twice, goes back and leaps a year: each change is made known once,
with its true day."""

from __future__ import annotations

import pytest

from programme.services.daily import catch_up
from tests import oracle
from tests.made import a_certificate
from tests.world import World


async def expired(world: World) -> list[str]:
    return [event.effective_on.isoformat() for event in await world.events() if event.type == "certificate.expired"]


@pytest.mark.parametrize(
    ("last_day", "before", "after"),
    [
        ("2026-11-22", "2026-11-22T21:59:59+00:00", "2026-11-22T22:00:00+00:00"),  # winter, UTC+2
        ("2027-06-30", "2027-06-30T20:59:59+00:00", "2027-06-30T21:00:00+00:00"),  # summer, UTC+3
        ("2027-03-27", "2027-03-27T21:59:59+00:00", "2027-03-27T22:00:00+00:00"),  # into the day of 23 hours
        ("2027-03-28", "2027-03-28T20:59:59+00:00", "2027-03-28T21:00:00+00:00"),  # and out of it
        ("2027-10-30", "2027-10-30T20:59:59+00:00", "2027-10-30T21:00:00+00:00"),  # into the day of 25 hours
        ("2027-10-31", "2027-10-31T21:59:59+00:00", "2027-10-31T22:00:00+00:00"),
    ],
)
async def test_a_last_day_ends_at_midnight_in_vilnius(world: World, last_day: str, before: str, after: str) -> None:
    year, month_and_day = int(last_day[:4]), last_day[4:]
    world.travel(f"{year - 3}{month_and_day}")
    made = await a_certificate(world.database, f"{year - 3}{month_and_day}")
    coordinator = await world.caller("coordinator")

    async def status() -> str:
        return str((await coordinator.get(f"/v1/certificates/{made.certificate}")).json()["status"])

    world.travel(before)
    await catch_up(world.database)
    assert (await status(), await expired(world)) == ("expiring", [])
    world.travel(after)
    assert await status() == "expired"
    for _ in range(2):
        await catch_up(world.database)
    assert len(await expired(world)) == 1
    await oracle.check(world.database)


async def test_through_the_hour_that_is_shown_twice_one_day_has_one_run(world: World) -> None:
    world.travel("2027-10-30")
    await a_certificate(world.database, "2024-10-30")
    await catch_up(world.database)
    days = []
    for moment in ("2027-10-30T23:30", "2027-10-31T00:30", "2027-10-31T01:30", "2027-10-31T21:30", "2027-10-31T22:30"):
        world.travel(f"{moment}:00+00:00")
        days.append((await catch_up(world.database))["days"])
    assert days == [1, 0, 0, 0, 1]
    assert await expired(world) == ["2027-10-31"]
    await oracle.check(world.database)


async def test_a_clock_that_goes_back_over_midnight_and_leaps_a_year_tells_nothing_twice(world: World) -> None:
    world.travel("2026-11-22")
    first = await a_certificate(world.database, "2023-11-22")
    second = await a_certificate(world.database, "2024-06-01")
    world.travel("2026-11-22T22:30:00+00:00")
    await catch_up(world.database)
    assert await expired(world) == ["2026-11-23"]
    kept = [event.id for event in await world.events()]

    world.travel("2026-11-22T20:30:00+00:00")  # two hours back, yesterday again
    assert (await catch_up(world.database))["changes"] == {}
    assert [event.id for event in await world.events()] == kept
    await oracle.check(world.database)

    world.travel("2027-11-23")
    assert (await catch_up(world.database))["days"] == 365  # each of them, as a missed day is
    assert await expired(world) == ["2026-11-23", "2027-06-02"]
    for made in (first, second):
        told = [event.type for event in await world.events(made.certificate)]
        assert told.count("certificate.expired") == 1
    await oracle.check(world.database)


async def test_after_three_days_without_a_worker_each_day_is_caught_up_with(world: World) -> None:
    world.travel("2026-11-19")
    made = [await a_certificate(world.database, day) for day in ("2023-11-20", "2023-11-21", "2023-11-22")]
    await catch_up(world.database)
    world.travel("2026-11-23T08:00:00+00:00")
    assert (await catch_up(world.database))["days"] == 4
    assert await expired(world) == ["2026-11-21", "2026-11-22", "2026-11-23"]
    for one in made:
        assert [event.type for event in await world.events(one.certificate)].count("certificate.expired") == 1
    await oracle.check(world.database)
