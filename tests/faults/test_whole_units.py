"""What passes by itself (a lost connection, a deadlock, a lock, another writer preferred) costs the caller time at most:
the whole request is carried out anew within bounds, never twice, and what is left is 503 with a time to try again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from programme.database import Database, asyncpg_url
from programme.settings import Settings
from tests import oracle
from tests.faults.wires import Wire, before_postgres
from tests.world import World, legal_code


@pytest.fixture
async def other(racing_world: World, clone_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else's connection to the database behind `racing_world`."""
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    yield connection
    await connection.close()


def body(**particulars: Any) -> dict[str, Any]:
    """A new organisation."""
    return {
        "legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57", **particulars,
    }  # fmt: skip


async def versions(world: World, path: str) -> tuple[int, int]:
    """The version of a record and the number of its events."""
    read = (await (await world.caller("coordinator")).get(path)).json()
    return read["version"], len(await world.events(read["id"]))


async def test_of_two_who_wait_for_each_other_the_request_gives_way_and_is_carried_out_anew(
    racing_world: World, other: asyncpg.Connection
) -> None:
    world = racing_world
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    path = f"/v1/organisations/{holder['id']}"
    site = {"name": "Namai", "address": "Vilniaus g. 1", "municipality": "LT-57"}
    opened = (await coordinator.post(f"{path}/sites", site)).json()
    await other.execute("create or replace function meet() returns trigger language plpgsql as $$ begin "
                        "perform from organisation where id = new.organisation_id for update; return new; end $$")  # fmt: skip
    await other.execute("create trigger meet before update on site for each row execute function meet()")
    meeting = other.transaction()
    await meeting.start()
    await other.execute("select from organisation where id = $1 for update", holder["id"])

    request = asyncio.create_task(
        coordinator.request("PATCH", f"{path}/sites/{opened['id']}", json={"name": "Kiti"}, headers={"If-Match": '"1"'})
    )
    await asyncio.sleep(0.3)  # it holds the site and waits for the organisation
    await other.execute("select from site where id = $1 for update", opened["id"])
    await meeting.commit()

    answer = await request
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    await oracle.check(world.database)


async def test_a_row_that_is_held_too_long_is_waited_for_once_more(
    racing_world: World, other: asyncpg.Connection
) -> None:
    coordinator, holder = await racing_world.caller("coordinator"), await racing_world.organisation()
    path = f"/v1/organisations/{holder['id']}"
    async with other.transaction():
        await other.execute("select from organisation where id = $1 for update", holder["id"])
        request = asyncio.create_task(coordinator.change(path, {"website": "https://namai.example.lt"}))
        await asyncio.sleep(4.3)
        assert not request.done()
    assert (await request).status_code == 200
    assert await versions(racing_world, path) == (2, 2)


async def test_among_serialisable_transactions_none_is_refused_with_a_fault(
    racing_world: World, other: asyncpg.Connection, clone_url: str, settings: Settings
) -> None:
    await other.execute(
        f"alter database {clone_url.split('/')[3].split('?')[0]} set default_transaction_isolation to serializable"
    )
    coordinator, holder = await racing_world.caller("coordinator"), await racing_world.organisation()
    path = f"/v1/organisations/{holder['id']}"
    site = {"name": "Namai", "address": "Vilniaus g. 1", "municipality": "LT-57"}
    async with Database.open(settings, clone_url) as racing_world.app.state.database:
        answers = await asyncio.gather(*(coordinator.post(f"{path}/sites", site) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    made = Counter(answer.status_code for answer in answers)[201]
    assert made
    assert await other.fetchval("select count(*) from site") == made
    await oracle.check(racing_world.database)


@pytest.fixture
async def wired(racing_world: World, clone_url: str, settings: Settings) -> AsyncIterator[Wire]:
    """A wire between the service and its database."""
    with tempfile.TemporaryDirectory(prefix="kw-") as folder:
        async with before_postgres(asyncpg_url(clone_url), Path(folder)) as (wire, url):
            async with Database.open(settings, url) as racing_world.app.state.database:
                yield wire
            racing_world.app.state.database = racing_world.database


async def test_whether_a_lost_commit_was_kept_is_not_guessed(
    racing_world: World, wired: Wire, other: asyncpg.Connection
) -> None:
    coordinator, new = await racing_world.caller("coordinator"), body()
    wired.lose_reply_to = b"COMMIT;"
    answer = await coordinator.post("/v1/organisations", new, headers={"Accept-Language": "en"})
    assert wired.lost.is_set()
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert answer.headers["retry-after"] == "1"
    assert await other.fetchval("select count(*) from organisation") == 1
    again = await coordinator.post("/v1/organisations", new)
    assert (again.status_code, again.json()["code"]) == (409, "legal_code_in_use")
    await oracle.check(racing_world.database)


async def test_with_a_key_a_lost_commit_is_asked_again_and_answered_from_what_was_kept(
    racing_world: World, wired: Wire, other: asyncpg.Connection
) -> None:
    coordinator = await racing_world.caller("coordinator")
    wired.lose_reply_to = b"COMMIT;"
    answer = await coordinator.post("/v1/organisations", body(), headers={"Idempotency-Key": "once"})
    assert wired.lost.is_set()
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "true")
    assert await other.fetchval("select count(*) from organisation") == 1
    await oracle.check(racing_world.database)


async def test_a_connection_lost_before_the_commit_is_lost_without_a_trace(
    racing_world: World, wired: Wire, other: asyncpg.Connection
) -> None:
    coordinator = await racing_world.caller("coordinator")
    wired.lose_reply_to = b"INSERT INTO event"
    answer = await coordinator.post("/v1/organisations", body())
    assert wired.lost.is_set()
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    assert await other.fetchval("select count(*) from organisation") == 1
    await oracle.check(racing_world.database)


async def test_reading_over_a_lost_connection_is_read_again(racing_world: World, wired: Wire) -> None:
    coordinator, holder = await racing_world.caller("coordinator"), await racing_world.organisation()
    wired.lose_reply_to = b"former_names"
    answer = await coordinator.get(f"/v1/organisations/{holder['id']}")
    assert wired.lost.is_set()
    assert answer.json() == holder


async def test_where_no_connection_is_free_callers_are_told_so_soon_and_the_process_is_alive(
    racing_world: World, other: asyncpg.Connection, clone_url: str, settings: Settings
) -> None:
    coordinator, holder = await racing_world.caller("coordinator"), await racing_world.organisation()
    path = f"/v1/organisations/{holder['id']}"

    async def timed(asked: Any) -> tuple[int, float]:
        began = time.monotonic()
        return (await asked).status_code, time.monotonic() - began

    async with Database.open(settings, clone_url, connections=5) as racing_world.app.state.database:
        async with other.transaction():
            await other.execute("select from organisation where id = $1 for update", holder["id"])
            changes = [
                asyncio.create_task(
                    timed(
                        coordinator.request(
                            "PATCH", path, json={"website": "https://a.example.lt"}, headers={"If-Match": '"1"'}
                        )
                    )
                )
                for _ in range(50)
            ]
            await asyncio.sleep(0.5)
            alive, took = await timed(racing_world.nobody.get("/livez"))
            await asyncio.sleep(2.0)
        answers = await asyncio.gather(*changes)
    assert (alive, took < 0.5) == (200, True)
    assert Counter(status for status, _ in answers) == {503: 45, 200: 1, 412: 4}
    assert max(took for status, took in answers if status == 503) < 2.5
    await oracle.check(racing_world.database)


async def test_where_nobody_may_write_reading_goes_on(
    racing_world: World, other: asyncpg.Connection, clone_url: str, settings: Settings
) -> None:
    coordinator, holder = await racing_world.caller("coordinator"), await racing_world.organisation()
    path = f"/v1/organisations/{holder['id']}"
    name = clone_url.split("/")[3].split("?")[0]
    await other.execute("update api_key set last_used_at = null")
    await other.execute(f"alter database {name} set default_transaction_read_only to on")
    async with Database.open(settings, clone_url) as racing_world.app.state.database:
        assert (await coordinator.get(path)).status_code == 200
        refused = await coordinator.post("/v1/organisations", body())
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    await other.execute(f"alter database {name} reset default_transaction_read_only")
    racing_world.app.state.database = racing_world.database
    assert await versions(racing_world, path) == (1, 1)
    await oracle.check(racing_world.database)
