"""Everything that is done to one organisation at once takes its locks in one order: nobody ever waits in a ring."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg

from programme.database import asyncpg_url
from programme.services.daily import catch_up
from tests import oracle
from tests.made import Made, a_certificate
from tests.world import NOON, Caller, World

REPORT = {
    "parts": {"performance": "Tikslai pasiekti.", "progress": "Tvarka atnaujinta.", "development": "Daugiau įtraukties."},
    "declaration": True,
}  # fmt: skip
SITE = {"name": "I korpusas", "address": "Vilniaus g. 1", "municipality": "LT-57"}


async def test_who_works_on_one_organisation_at_once_is_never_in_a_ring(racing_world: World, clone_url: str) -> None:
    world = racing_world
    world.travel(NOON)
    made = [
        await a_certificate(world.database, "2025-12-01", reference="LIT2025-201"),
        await a_certificate(world.database, "2023-11-20", reference="LIT2023-101"),
    ]
    coordinator, awarder = await world.caller("coordinator"), await world.caller("awarder")
    until = time.monotonic() + 1.5

    async def repeat(caller: Caller, path: str, *moves: tuple[str, Any]) -> None:
        while time.monotonic() < until:
            for verb, body in moves:
                answer = await (caller.move(path, verb, body) if verb else caller.change(path, body))
                assert answer.status_code in (200, 201, 409, 412), answer.text

    async def pass_the_day() -> None:
        while time.monotonic() < until:
            await catch_up(world.database, wait=False)

    moving_house = [("", {"municipality": place}) for place in ("LT-57", "LT-02")]

    def busy_with(one: Made) -> list[Any]:
        certificate, holder = f"/v1/certificates/{one.certificate}", f"/v1/organisations/{one.organisation}"
        suspend = {"reason_code": "other", "reason": "Aiškinamasi.", "review_by": "2027-03-01"}
        return [
            repeat(awarder, certificate, ("suspend", suspend), ("reinstate", {"reason": "Išsiaiškinta."})),
            repeat(coordinator, holder, ("", {"website": "https://namai.example.lt"}), *moving_house),
            repeat(coordinator, holder, ("sites", SITE)),
            *(repeat(coordinator, f"/v1/annual-reports/{report}", ("submit", REPORT)) for report in one.reports),
        ]

    await asyncio.gather(pass_the_day(), *(task for one in made for task in busy_with(one)))

    await oracle.check(world.database)
    watch = await asyncpg.connect(asyncpg_url(clone_url))
    await watch.execute(  # a backend that ends tells what it has counted
        "select pg_terminate_backend(pid, 1000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    query = "select deadlocks, xact_commit from pg_stat_database where datname = current_database()"
    deadlocks, commits = await watch.fetchrow(query)
    await watch.close()
    assert (deadlocks, commits > 20) == (0, True)
