"""The schema that migrations make is the one that the tables describe, however many make it at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from programme.database import Database, migrate, migrations_config, newest_revision
from programme.services.history import verify
from programme.settings import Settings
from tests.conftest import administer, url_of
from tests.world import World

pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")


@pytest.fixture
async def empty() -> str:
    name = f"empty_{uuid4().hex}"
    await administer(f"create database {name}")
    return url_of(name)


async def test_an_empty_database_becomes_what_the_tables_say(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    await asyncio.to_thread(command.check, migrations_config(empty))


async def test_three_at_once_take_turns(empty: str) -> None:
    code = "import sys; from programme.database import migrate; migrate(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, empty], env=os.environ | {"PYTHONWARNINGS": "ignore"})
        for _ in range(3)
    ]
    assert [await asyncio.to_thread(process.wait, 60) for process in processes] == [0, 0, 0]
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("select version_num from alembic_version") == newest_revision()
    await connection.close()


async def test_migrating_again_changes_nothing(empty: str) -> None:
    for _ in range(2):
        await asyncio.to_thread(migrate, empty)


WORDS = ["Čekiškė", "Cirkliškis", "Šiauliai", "Salakas", "Žasliai", "Zarasai", "Ylakiai", "Ignalina", "Įlanka", "Jonava", "ąžuolas",
         "Azija", "ėda", "Eglė", "Ūla", "Utena", "Ųž", "uosis"]  # fmt: skip


async def test_lithuanian_order_needs_no_icu(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    connection = await asyncpg.connect(empty)
    rows = await connection.fetch('select w from unnest($1::text[]) as w order by lt_sort_key(w) collate "C"', WORDS)
    await connection.close()
    assert [row["w"] for row in rows] == [
        "Azija", "ąžuolas", "Cirkliškis", "Čekiškė", "ėda", "Eglė", "Ignalina", "Ylakiai", "Įlanka", "Jonava", "Salakas",
        "Šiauliai", "Ūla", "uosis", "Utena", "Ųž", "Zarasai", "Žasliai",
    ]  # fmt: skip


BEFORE_CHAINS = "2026_11_22_1930"
"""The last revision whose events had no place in a chain."""

TELL = """
insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type, resource_id,
                   resource_version, data, previous)
select 'thing.happened', now(), current_date, 'system', 'system', case when place % 3 > 0 then organisation.id end,
       'thing', uuidv7(), 1, '{}', '{}'
  from generate_series(1, 100) as place,
       (select id from organisation union all select '00000000-0000-0000-0000-00000000000a') as organisation
"""


async def test_events_of_before_get_their_chains_in_the_order_in_which_they_are_read(empty: str) -> None:
    config = migrations_config(empty)
    await asyncio.to_thread(command.upgrade, config, BEFORE_CHAINS)
    connection = await asyncpg.connect(empty)
    await connection.execute("insert into organisation (name, source) values ('Leliūnų namai', 'import')")
    for _ in range(2):
        await connection.execute(TELL)

    await asyncio.to_thread(command.upgrade, config, "head")

    await connection.execute(TELL)
    await connection.close()
    async with Database.open(Settings(), empty, connections=1) as database:
        assert await verify(database) == {"events": 600, "chains": 3, "ok": True, "first_bad": None}
        async with database.reading() as connection:
            out_of_order = """
                select count(*) from (select (xact, seq) < lag((xact, seq)) over (partition by organisation_id order by n)
                                        from event) as step (back) where back"""
            assert await connection.fetchval(out_of_order) == 0
    await asyncio.to_thread(command.downgrade, config, BEFORE_CHAINS)


BEFORE_SUBMISSIONS = "2026_11_26_1510"
"""The last revision in which what an assessment was handed in with stood in its ratings alone."""


async def test_what_was_handed_in_before_is_kept_as_the_revision_that_stands(
    racing_world: World, clone_url: str
) -> None:
    audit = await racing_world.finished_audit((await racing_world.organisation())["id"], "not_met")
    await racing_world.assessment(started=True)  # not handed in
    connection = await asyncpg.connect(clone_url)
    query = "select assessment_id, revision, submitted_at, submitted_by, ended_on, ratings from assessment_submission"
    before = await connection.fetch(query)
    assert [str(row["assessment_id"]) for row in before] == [audit["id"]]
    await connection.close()
    await asyncio.to_thread(command.downgrade, migrations_config(clone_url), BEFORE_SUBMISSIONS)
    await asyncio.to_thread(migrate, clone_url)
    connection = await asyncpg.connect(clone_url)
    assert await connection.fetch(query) == before
    await connection.close()
