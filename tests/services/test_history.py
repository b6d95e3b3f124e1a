"""A history that nobody can bend: what was told is refused every change, and a change that was forced is found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programme import commands
from programme.database import Database, asyncpg_url
from programme.services import organisations
from programme.services.daily import catch_up
from programme.services.history import verify
from programme.tables import PROGRAMME, Site
from programme.work import begin
from tests import oracle
from tests.made import a_certificate, many_certificates
from tests.world import NOON, World, assert_told

TELL = """
insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type, resource_id,
                   resource_version, data, previous)
select 'thing.happened', '2026-11-22 10:00Z', '2026-11-22', 'system', 'system', organisation, 'thing', uuidv7(), 1,
       jsonb_build_object('place', place), '{}'
  from unnest($1::uuid[]) with ordinality as told (organisation, place)
 order by place
"""
NAMES = [UUID(int=place) for place in range(1, 4)]


async def tell(database: Database, *organisations: UUID | None) -> None:
    async with begin(database) as work:
        await (await work.connection()).execute(TELL, organisations)


@asynccontextmanager
async def forced(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """What only the owner of the tables can do, and no role of the service: every trigger switched off."""
    await connection.execute("alter table event disable trigger all; alter table event_chain disable trigger all")
    try:
        yield
    finally:
        await connection.execute(
            "alter table event enable trigger all; alter table event enable always trigger append_only;"
            "alter table event_chain enable trigger all; alter table event_chain enable always trigger append_only"
        )


@asynccontextmanager
async def bent(database: Database, statement: str, *values: Any) -> AsyncIterator[None]:
    """The history with the statement forced on it, until the end of the block."""
    async with database.reading() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            async with forced(connection):
                done = await connection.execute(statement, *values)
                assert not done.endswith(" 0"), "nothing was bent"
            yield
        finally:
            await transaction.rollback()


async def found(database: Database) -> dict[str, Any] | None:
    """What is wrong first, as seen from inside the transaction that bent it."""
    told = await verify(database)
    assert told["ok"] is (told["first_bad"] is None)
    bad: dict[str, Any] | None = told["first_bad"]
    return bad


@pytest.fixture
async def five(database: Database) -> Database:
    """A database with a chain of five events, another of one, and the programme's."""
    await tell(database, *[NAMES[0]] * 5, NAMES[1], None, None)
    return database


async def attempt(connection: asyncpg.Connection, *statements: str) -> None:
    async with connection.transaction():
        for statement in statements:
            await connection.execute(statement)


@pytest.mark.parametrize("statement", ["update event set data = '{}'", "delete from event", "truncate event"])
async def test_what_happened_is_refused_every_change_also_the_owners(five: Database, statement: str) -> None:
    async with five.reading() as connection:
        for role in ("origin", "replica"):
            for refused in (statement, "delete from event_chain", "truncate event_chain"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never altered"):
                    await attempt(connection, f"set local session_replication_role = {role}", refused)
    assert await found(five) is None


@pytest.mark.parametrize(
    ("statement", "finding", "n"),
    [
        ("update event set data = '{\"place\": 7}' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set previous = '{\"place\": 7}' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set id = uuidv7() where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set seq = default where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set xact = '3' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set type = 'thing.other' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set occurred_at = occurred_at + '1 us' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set effective_on = effective_on - 1 where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set actor_type = 'client' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set actor_id = 'somebody' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set request_id = 'another' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set resource_type = 'other' where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set resource_id = uuidv7() where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set resource_version = 2 where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set hash = sha256('') where n = 3 and organisation_id = $1", "altered", 3),
        ("update event set n = 5 - n where n between 2 and 3 and organisation_id = $1", "altered", 2),
        ("update event set n = 4 where n = 3 and organisation_id = $1", "missing_before", 4),
        ("update event set organisation_id = '{1}' where n = 5 and organisation_id = $1", "missing_before_head", 5),
        ("delete from event where n = 1 and organisation_id = $1", "missing_before", 2),
        ("delete from event where n = 3 and organisation_id = $1", "missing_before", 4),
        ("delete from event where n = 5 and organisation_id = $1", "missing_before_head", 5),
        ("delete from event where organisation_id = $1", "missing_before_head", 5),
        ("delete from event_chain where organisation_id = $1", "head_missing", 5),
        ("update event_chain set n = 4 where organisation_id = $1", "beyond_head", 4),
        ("update event_chain set n = 3 where organisation_id = $1", "beyond_head", 3),
        ("update event_chain set hash = sha256('') where organisation_id = $1", "head_differs", 5),
        ("{insert} 6, hash from event where n = 5 and organisation_id = $1", "altered", 6),
        ("{insert} 7, hash from event where n = 5 and organisation_id = $1", "beyond_head", 7),
        ("{insert} 3, hash from event where n = 3 and organisation_id = $1", "place_taken_twice", 3),
        ("{insert} 0, hash from event where n = 3 and organisation_id = $1", "place_taken_twice", 0),
    ],
)
async def test_what_a_superuser_bends_is_found(five: Database, statement: str, finding: str, n: int) -> None:
    insert = """insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type,
                                   resource_id, resource_version, data, previous, n, hash)
                select type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type,
                       uuidv7(), resource_version, data, previous,"""
    statement = statement.replace("{insert}", insert).replace("{1}", str(NAMES[2]))
    async with bent(five, statement, NAMES[0]):
        bad = await found(five)
        assert bad is not None
        assert (bad["finding"], bad["organisation_id"], bad["n"]) == (finding, NAMES[0], n)
    assert await found(five) is None


async def test_events_of_no_organisation_are_a_chain_too(five: Database) -> None:
    async with bent(five, "update event set actor_id = 'x' where n = 2 and organisation_id is null"):
        bad = await found(five)
        assert bad is not None
        assert (bad["finding"], bad["organisation_id"], bad["n"]) == ("altered", None, 2)
    async with bent(five, "delete from event_chain where organisation_id = $1", PROGRAMME):
        bad = await found(five)
        assert bad is not None
        assert (bad["finding"], bad["organisation_id"]) == ("head_missing", None)


async def test_an_organisation_whose_whole_chain_is_gone_is_missed(world: World) -> None:
    made = await a_certificate(world.database, "2024-06-01")
    async with (
        bent(world.database, "delete from event where organisation_id = $1", made.organisation),
        bent(world.database, "delete from event_chain where organisation_id = $1", made.organisation),
    ):
        assert await found(world.database) == {"finding": "chain_missing", "organisation_id": made.organisation}


async def test_a_chain_written_anew_from_end_to_end_shows_against_earlier_heads_alone(five: Database) -> None:
    """The limit of what hashes prove: who may do everything can also compute them."""
    earlier = (await verify(five, with_heads=True))["heads"]
    await tell(five, NAMES[0], NAMES[2])  # what is added since is no harm
    assert (await verify(five, against=earlier))["ok"]
    rewrite = """
        with recursive anew as (
            select id, n, sha256(event_digest(event)) as hash from event where organisation_id = $1 and n = 1
             union all
            select event.id, event.n, sha256(anew.hash || event_digest(event))
              from anew join event on event.organisation_id = $1 and event.n = anew.n + 1
        ), told as (
            update event set hash = anew.hash from anew where anew.id = event.id
        )
        update event_chain set hash = (select hash from anew order by n desc limit 1) where organisation_id = $1"""
    async with (
        bent(five, "update event set data = '{\"place\": 7}' where n = 2 and organisation_id = $1", NAMES[0]),
        bent(five, rewrite, NAMES[0]),
    ):
        assert (await verify(five))["ok"]
        told = await verify(five, against=earlier)
        assert told["first_bad"]["finding"] == "rewritten"
        assert (told["first_bad"]["organisation_id"], told["first_bad"]["n"]) == (NAMES[0], 5)


async def test_the_command_says_what_it_found_and_ends_with_one(
    clone_url: str, clone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "DATABASE_URL": clone_url,
        "REDIS_URL": "redis://127.0.0.1:1",
        "DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"KOKYBE_{name}", value)
    made = await a_certificate(clone, "2024-06-01")

    async def said(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = await asyncio.to_thread(commands.main, ["verify-history", *words])
        return status, json.loads(capsys.readouterr().out)

    status, whole = await said("--heads")
    assert (status, whole["ok"], whole["first_bad"]) == (0, True, None)
    assert {"organisation_id": str(made.organisation)} in [
        {"organisation_id": one["organisation_id"]} for one in whole["heads"]
    ]
    kept = tmp_path / "heads.json"
    kept.write_text(json.dumps(whole), encoding="utf-8")
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    async with forced(connection):
        altered = await connection.fetchval(
            "update event set actor_id = 'x' where n = 2 and organisation_id = $1 returning id", made.organisation
        )
    await connection.close()

    status, told = await said("--against", str(kept))

    bad = {"finding": "altered", "organisation_id": str(made.organisation), "n": 2, "id": str(altered), "n_before": 1}
    assert (status, told) == (1, {"events": whole["events"], "chains": whole["chains"], "ok": False, "first_bad": bad})
    kept.write_text("[]", encoding="utf-8")
    with pytest.raises(SystemExit):
        await said("--against", str(kept))


async def test_two_works_on_two_organisations_in_opposite_order_do_not_lock_each_other_out(
    clone: Database, clone_url: str
) -> None:
    made = [await a_certificate(clone, "2024-06-01") for _ in range(2)]
    gate = await asyncpg.connect(asyncpg_url(clone_url))

    async def tell_of_both(order: int) -> None:
        async with begin(clone) as work:
            for one in made[::order]:
                site = Site(
                    organisation_id=one.organisation, name="Filialas", address="Beržų g. 1", municipality="LT-54"
                )
                await work.add(site, "site.opened")

    async with gate.transaction():
        await gate.execute("select from event_chain where organisation_id = $1 for update", made[1].organisation)
        both = []
        for order in (
            -1,
            1,
        ):  # unordered, the first would wait for the second chain and the second would hold the first
            both.append(asyncio.create_task(tell_of_both(order)))
            while await gate.fetchval("select count(*) from pg_locks where not granted") < len(both):
                await asyncio.sleep(0.01)

    await asyncio.gather(*both)
    await gate.close()
    assert await found(clone) is None
    await oracle.check(clone)


async def test_writers_of_one_organisation_and_the_daily_pass_make_one_chain(clone: Database, clone_url: str) -> None:
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    await many_certificates(connection, 200, "2023-11-20", "2026-11-20")
    await connection.close()
    there = replace(clone, fixed_now=NOON)
    holders = [await a_certificate(there, "2025-06-01") for _ in range(2)]

    async def open_site(whose: UUID) -> None:
        async with begin(there) as work:
            await organisations.open_site(work, whose, name="Filialas", address="Beržų g. 1", municipality="LT-54")

    await asyncio.gather(catch_up(there), *[open_site(one.organisation) for one in holders * 10])

    told = await verify(there)
    assert told["ok"], told
    assert told["chains"] == 200 + 2 + 1
    await oracle.check(there)


async def test_a_change_that_tells_nothing_fails_its_test(world: World) -> None:
    """What every answer of every test is held to (tests/world.py)."""
    site = {"name": "Filialas", "address": "Beržų g. 1", "municipality": "LT-54"}
    path = f"/v1/organisations/{(await world.organisation())['id']}/sites"
    answer = await (await world.caller("coordinator")).post(path, site)
    answer.headers["x-request-id"] = "a change whose event was lost"
    with pytest.raises(AssertionError, match="sites told nothing"):
        await assert_told(world.database, answer)


BENDS = {
    "edit": "update event set actor_id = actor_id || '!' where id = $1",
    "remove": "delete from event where id = $1",
    "move": """update event set n = case event.n when one.n then one.n + 1 else one.n end
                 from (select coalesce(organisation_id, $2) as chain, n from event where id = $1) as one
                where coalesce(event.organisation_id, $2) = one.chain and event.n in (one.n, one.n + 1)""",
    "give away": "update event set organisation_id = '00000000-0000-0000-0000-00000000000a' where id = $1",
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.sampled_from([None, *NAMES]), min_size=1, max_size=6), min_size=1, max_size=4),
    st.sampled_from(sorted(BENDS)),
    st.data(),
)
async def test_whatever_is_told_stands_and_whatever_is_bent_is_found(
    database: Database, told: list[list[UUID | None]], how: str, data: st.DataObject
) -> None:
    async with database.reading() as connection:
        before = await connection.fetchval("select max(seq) from event")
        for statement in told:
            await tell(database, *statement)
        assert await found(database) is None
        made = await connection.fetch("select id from event where seq > $1 order by seq", before or 0)
        one = data.draw(st.sampled_from(made))["id"]
        values = (one, PROGRAMME) if "$2" in BENDS[how] else (one,)
        was = await connection.fetchval("select coalesce(organisation_id, $2) from event where id = $1", one, PROGRAMME)
        async with bent(database, BENDS[how], *values):
            bad = await found(database)
            assert bad is not None
            assert (bad["organisation_id"] or PROGRAMME) == was
        assert await found(database) is None
