"""The feed loses nothing and doubles nothing, whoever commits when; and tells nobody what they may not know."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from api import feed
from programme.binaries import postgres_binaries
from programme.database import Database, asyncpg_url, migrate
from programme.queries import events, webhooks
from programme.rules.events import READ_WITH, UNTOLD
from programme.rules.lifecycle import Role
from programme.services.history import verify
from programme.settings import Settings
from programme.tables import Recorded
from programme.work import begin, looking
from tests.feed.conftest import a_cluster
from tests.full import a_full_organisation
from tests.platform.serving import serving
from tests.revised import publish_revised
from tests.soak import SOAK, sampled
from tests.world import Caller, World

WRITERS = 12
CHANGES = 3000 if SOAK else 120
"""Of each writer."""


async def all_of(caller: Caller, after: str | None = None, **asked: str) -> tuple[list[dict[str, Any]], str]:
    """Everything behind the cursor, page by page, and where that ends."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await caller.get("/v1/events", params=asked | ({"after": after} if after else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        after = page["next_cursor"]
        assert after is not None
        if not page["has_more"]:
            return found, str(after)


async def test_whoever_reads_on_sees_each_change_once_and_in_order(feed_world: World) -> None:
    coordinator = await feed_world.caller("coordinator")
    _, here = await all_of(coordinator)
    assert (await all_of(coordinator, here))[0] == []

    home = await feed_world.organisation()
    path = f"/v1/organisations/{home['id']}"
    await coordinator.change(path, {"website": "https://azuolynas.example"})
    await coordinator.change(path, {"name": "Ąžuolyno globos namai"})

    told, there = await all_of(coordinator, here, limit="2")
    assert [one["type"] for one in told] == ["organisation.registered", "organisation.amended", "organisation.renamed"]
    assert [one["resource"]["version"] for one in told] == [1, 2, 3]
    assert told[1]["data"] == {"website": "https://azuolynas.example"}
    assert told[1]["previous"] == {"website": None}
    assert (await all_of(coordinator, there))[0] == []

    only, _ = await all_of(coordinator, here, type="organisation.renamed,organisation.imported")
    assert [one["id"] for one in only] == [told[2]["id"]]
    assert (await all_of(coordinator, here, resource_id=str(uuid4())))[0] == []
    assert (await coordinator.get(f"/v1/events/{told[0]['id']}")).json() == told[0]
    assert (await coordinator.get(f"/v1/events/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "A" * 80, "ž"])
async def test_a_cursor_of_somebodys_making_is_refused(feed_world: World, cursor: str) -> None:
    answer = await (await feed_world.caller("coordinator")).get("/v1/events", params={"after": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_what_is_still_under_way_keeps_back_what_came_after_it(feed_world: World, feed_url: str) -> None:
    coordinator = await feed_world.caller("coordinator")
    _, here = await all_of(coordinator)
    slow = await asyncpg.connect(asyncpg_url(feed_url))
    under_way = slow.transaction()
    await under_way.start()
    await slow.execute("select pg_current_xact_id()")

    home = await feed_world.organisation()
    assert (await all_of(coordinator, here))[0] == []

    await under_way.rollback()
    assert [one["resource"]["id"] for one in (await all_of(coordinator, here))[0]] == [home["id"]]
    await slow.close()


@sampled
@pytest.mark.timeout(3000)
async def test_twelve_writers_and_a_reader_who_loses_nothing(feed_world: World, settings: Settings) -> None:
    """Each writer changes resources of its own with delays of chance between the change and the commit."""
    coordinator = await feed_world.caller("coordinator")
    homes = [await feed_world.organisation() for _ in range(WRITERS)]
    _, here = await all_of(coordinator)
    done = asyncio.Event()

    async def write(home: dict[str, Any]) -> None:
        from programme.services import organisations

        for n in range(CHANGES):
            async with begin(feed_world.database) as work:
                await organisations.amend(work, UUID(home["id"]), website=f"https://{n}.example")
                await asyncio.sleep(random.uniform(0, 0.004))

    async def read() -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        after, ended = here, False
        while True:
            more, after = await all_of(coordinator, after, limit="1000")
            seen += more
            if ended and not more:
                return seen
            ended = done.is_set()
            await asyncio.sleep(0.01)

    reader = asyncio.create_task(read())
    await asyncio.gather(*map(write, homes))
    done.set()
    seen = await reader

    assert len(seen) == len({one["id"] for one in seen}) == WRITERS * CHANGES
    for home in homes:
        told = [one for one in seen if one["resource"]["id"] == home["id"]]
        assert [one["resource"]["version"] for one in told] == list(range(2, CHANGES + 2))
        folded = home | {name: value for one in told for name, value in one["data"].items()}
        now = (await coordinator.get(f"/v1/organisations/{home['id']}")).json()
        assert {**folded, "version": now["version"]} == {name: now[name] for name in folded}
    print(f"{len(seen):,} changes by {WRITERS} writers, each seen once", file=sys.stderr)  # noqa: T201 - the soak's figure


async def test_a_snapshot_and_what_follows_it_make_the_whole(feed_world: World) -> None:
    coordinator = await feed_world.caller("coordinator")
    homes = [await feed_world.organisation() for _ in range(30)]

    async def write() -> None:
        for n, home in enumerate(homes):
            await coordinator.change(f"/v1/organisations/{home['id']}", {"website": f"https://{n}.example"})

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    answer = await coordinator.get("/v1/organisations", headers={"Accept": "application/x-ndjson"})
    await writing

    assert answer.headers["content-type"] == "application/x-ndjson"
    copy = {row["id"]: row for row in map(json.loads, answer.text.splitlines())}
    told, _ = await all_of(coordinator, answer.headers["feed-cursor"], resource_type="organisation")
    for one in told:
        row = copy.setdefault(one["resource"]["id"], {"version": 0})
        if one["resource"]["version"] > row["version"]:
            assert one["resource"]["version"] == row["version"] + 1
            row |= one["data"] | {"version": one["resource"]["version"]}
    for home in homes:
        now = (await coordinator.get(f"/v1/organisations/{home['id']}")).json()
        assert copy[home["id"]] == now


async def test_a_snapshot_takes_the_filters_of_its_list_and_no_pages(feed_world: World) -> None:
    coordinator = await feed_world.caller("coordinator")
    home = await feed_world.organisation(municipality="LT-05")
    await feed_world.organisation()
    lines = {"Accept": "application/x-ndjson"}
    answer = await coordinator.get("/v1/organisations?municipality=LT-05&fields=id,name", headers=lines)
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"id": home["id"], "name": home["name"]}]
    for refused in ("limit=5", "sort=name", "include=total", "cursor=x"):
        answer = await coordinator.get(f"/v1/organisations?{refused}", headers=lines)
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, refused.split("=")[0])


async def test_everybody_is_told_what_they_may_read_and_nothing_else(feed_world: World) -> None:
    world = feed_world
    auditor = await world.caller("auditor")
    own = await a_full_organisation(world, "LIT2025-501", assessor=UUID(str(auditor.client_id)), reviewer=None)
    other = await a_full_organisation(world, "LIT2025-502", assessor=None, reviewer=None)
    provider = await world.caller("provider", own.organisation_id)
    partner = await world.caller("partner")
    await world.grant(partner, organisation_id=other.organisation_id)

    all_told, _ = await all_of(await world.caller("supervisor"))
    theirs = {str(one.organisation_id) for one in (own, other)}
    assert theirs <= {one["organisation_id"] for one in all_told}

    told, _ = await all_of(provider)
    assert {one["organisation_id"] for one in told} == {str(own.organisation_id), None}
    assert {one["resource"]["type"] for one in told if one["organisation_id"] is None} <= {
        "standard", "standard_version", "policy", "project", "strand",
    }  # fmt: skip
    granted, _ = await all_of(partner)
    assert {one["organisation_id"] for one in granted} == {str(other.organisation_id), None}
    assert not {one["resource"]["type"] for one in granted} & {"assessment", "rating", "contact", "annual_report"}
    for role in ("auditor", "reviewer", "awarder"):
        assert (await (await world.caller(role)).get("/v1/events")).status_code == 403


async def test_an_organisation_is_told_what_an_audit_found_once_it_may_see_it(feed_world: World) -> None:
    world = feed_world
    audit = await world.assessment(started=True)
    auditor = await world.caller("auditor")
    provider = await world.caller("provider", audit["organisation_id"])
    await world.rate_everything(audit, auditor, "auditor")

    found = {"assessment_id": audit["id"], "criterion": "3.2", "severity": "minor", "statement": "Tvarkos nėra."}
    assert (await auditor.post("/v1/findings", found | {"due_on": "2199-01-29"})).status_code == 201

    before, _ = await all_of(provider, resource_type="rating,finding")
    moved = await auditor.move(f"/v1/assessments/{audit['id']}", "submit")
    after, _ = await all_of(provider, resource_type="rating,finding")

    assert (before, moved.status_code, len(after)) == ([], 200, 51)


async def test_mappings_are_told_to_all_who_listen_and_files_to_the_coordinator(feed_world: World) -> None:
    world = feed_world
    await publish_revised(world)
    pair = {"from_criterion": "9.3", "to_version": "EQUASS-REVISED", "to_criterion": "3.1", "relation": "broader"}
    office = await world.caller("coordinator")
    assert (await office.post("/v1/standards/EQUASS/versions/EQUASS-2018/mappings", pair)).status_code == 201
    provider = await world.caller("provider", (await world.organisation())["id"])
    asked = {"resource_type": "criterion_mapping,import"}
    told = {caller.role: [one["type"] for one in (await all_of(caller, **asked))[0]] for caller in (provider, office)}
    assert told == {
        Role.PROVIDER: ["criterion_mapping.added"],
        Role.COORDINATOR: ["import.staged", "import.committed", "criterion_mapping.added"],
    }


def test_every_kind_of_record_has_its_readers() -> None:
    assert {*READ_WITH, *UNTOLD} == {kind.resource for kind in Recorded.__subclasses__()}


BURN = "do $$ begin for i in 1..{} loop perform pg_current_xact_id(); commit; end loop; end $$"
"""Transactions that write nothing, each with a number."""


async def test_places_stand_in_their_order_where_the_numbers_of_transactions_gain_a_digit(
    feed_world: World, feed_url: str
) -> None:
    """A column `xact` that is given out as text takes the name of the number in `order by`: 999 came behind 1000, and
    every stream was told of nothing new from there on."""
    organisation = await feed_world.organisation()
    other = await asyncpg.connect(feed_url)
    next_one = int(await other.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text"))
    await other.execute(BURN.format(10 ** len(str(next_one)) - 2 - next_one))
    await other.close()
    coordinator = await feed_world.caller("coordinator")
    for name in ("Beržyno globos namai", "Klevyno globos namai", "Liepyno globos namai", "Uosyno globos namai"):
        await coordinator.change(f"/v1/organisations/{organisation['id']}", {"name": name})
    async with looking(feed_world.database) as connection:
        found = await connection.fetch(events.NEXT, 0, "0", 0, 1000)
        places = [events.Place(row["era"], int(row["xact"]), row["seq"]) for row in found]
        assert len({len(str(place.xact)) for place in places}) > 1
        assert places == sorted(places)
        assert await events.place_of(connection, events.NEWEST) == places[-1]
        assert await events.place_of(connection, webhooks.SINCE, datetime.now(UTC) + timedelta(days=1)) == places[-1]


async def test_a_stream_goes_on_where_it_was_broken_off_and_ends_with_its_key(feed_world: World, feed_url: str) -> None:
    coordinator = await feed_world.caller("coordinator")
    listener = await feed_world.caller("coordinator", another=1)
    headers = {"Authorization": f"Bearer {listener.key}", "Accept": "text/event-stream"}
    _, here = await all_of(coordinator)
    home = await feed_world.organisation()

    async def listen(http: httpx2.AsyncClient, after: str, count: int) -> list[dict[str, str]]:
        """So many events as they come, without what keeps the connection alive."""
        got: list[dict[str, str]] = []
        async with http.stream("GET", "/v1/events", headers=headers | {"Last-Event-ID": after}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    got.append({})
                if name in ("event", "data", "id"):
                    got[-1][name] = value
                if len(got) == count and "id" in got[-1]:
                    break
        return got

    with serving(feed_url, RATE_LIMITS="off", SECRET_KEY="for tests only, not a secret at all") as server:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as http:
            first = await listen(http, here, 1)
            assert first[0]["event"] == "organisation.registered"
            assert json.loads(first[0]["data"])["resource"]["id"] == home["id"]

            later = asyncio.create_task(listen(http, first[0]["id"], 2))
            await asyncio.sleep(0.3)
            for name in ("Beržyno globos namai", "Klevyno globos namai"):
                await coordinator.change(f"/v1/organisations/{home['id']}", {"name": name})
            assert [json.loads(one["data"])["data"]["name"] for one in await later] == [
                "Beržyno globos namai", "Klevyno globos namai",
            ]  # fmt: skip

            ended = asyncio.create_task(listen(http, later.result()[-1]["id"], 99))
            await asyncio.sleep(0.3)
            ops = await feed_world.caller("ops")
            assert (await ops.move(f"/v1/clients/{listener.client_id}", "disable")).status_code == 200
            assert await asyncio.wait_for(ended, 2 * feed.KEEP_ALIVE) == []


async def test_a_server_that_is_told_to_end_does_not_wait_for_its_listeners(feed_world: World, feed_url: str) -> None:
    coordinator = await feed_world.caller("coordinator")
    headers = {"Authorization": f"Bearer {coordinator.key}", "Accept": "text/event-stream"}
    loop = asyncio.get_running_loop()
    async with httpx2.AsyncClient(timeout=30) as http:
        with serving(feed_url, RATE_LIMITS="off") as server:
            stream = http.stream("GET", f"http://127.0.0.1:{server.port}/v1/events", headers=headers)
            answer = await stream.__aenter__()
            await anext(answer.aiter_lines())
            began = loop.time()
        assert loop.time() - began < 15
        await answer.aclose()


async def program(name: str, *words: str, given: bytes = b"") -> bytes:
    """What a program of PostgreSQL prints."""
    run = await asyncio.create_subprocess_exec(
        postgres_binaries(None) / name, *words, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    printed, complained = await run.communicate(given)
    assert run.returncode == 0, complained
    return printed


async def test_a_reader_goes_on_over_a_restored_dump(
    feed_world: World, feed_url: str, settings: Settings, app: Any
) -> None:
    """A dump comes into a new cluster, whose transactions have smaller numbers: a new era begins, and an old cursor
    reads on into it."""
    coordinator = await feed_world.caller("coordinator")
    for _ in range(3):
        await feed_world.organisation()
    _, old = await all_of(coordinator)
    kept = await feed_world.organisation()
    roles = await program("pg_dumpall", "--dbname", asyncpg_url(feed_url), "--roles-only")
    dump = await program("pg_dump", "--dbname", asyncpg_url(feed_url), "--format", "custom")

    with a_cluster() as other:
        url = await other.database(template=None)
        await program("psql", asyncpg_url(url), given=roles)
        await program("pg_restore", "--dbname", asyncpg_url(url), "--no-owner", "--exit-on-error", given=dump)
        for _ in range(2):
            await asyncio.to_thread(migrate, url)
        connection = await asyncpg.connect(asyncpg_url(url))
        assert [row[0] for row in await connection.fetch("select number from event_era order by 1")] == [1, 2]
        await connection.close()
        async with Database.open(settings, url) as database, World.of(app, database) as world:
            again = Caller(world.http, coordinator.key, coordinator.client_id, coordinator.role)
            world._callers[("coordinator", "None", 0)] = again
            new = await world.organisation()
            told, _ = await all_of(again, old)
            assert [one["resource"]["id"] for one in told] == [kept["id"], new["id"]]
            assert (await verify(database))["ok"]
