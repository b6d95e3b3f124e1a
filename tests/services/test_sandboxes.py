"""The world of a test clock holds everything that the programme's tables hold to, and nothing of what is in them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text

from programme.database import Connection, Database, asyncpg_url, migrate, migrations_config
from programme.rules.lifecycle import Role
from programme.services import test_clocks
from programme.services.history import verify
from programme.tables import Table, sandboxed
from programme.work import Actor, begin
from tests import oracle
from tests.full import a_full_organisation
from tests.world import World

# What holds of each table, by a name and in words; the schema's own name is left out of the words.
HELD = {
    "columns": """
        select relname || '.' || attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity,
               attgenerated, pg_get_expr(adbin, adrelid))
          from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
          left join pg_attrdef on adrelid = attrelid and adnum = attnum
         where relkind = 'r' and relnamespace = $1::regnamespace""",
    "constraints": """
        select relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
          from pg_constraint join pg_class on pg_class.oid = conrelid
         where relnamespace = $1::regnamespace
           and (contype <> 'f' or (select relname from pg_class where oid = confrelid) = any ($2))""",
    "indexes": """
        select tablename || '.' || indexname, indexdef from pg_indexes where schemaname = $1""",
    "triggers": """
        select relname || '.' || tgname, tgenabled::text || pg_get_triggerdef(pg_trigger.oid)
          from pg_trigger join pg_class on pg_class.oid = tgrelid
         where relnamespace = $1::regnamespace and not tgisinternal and tgname <> 'note_sandbox_rows'""",
    "views": """
        select viewname, definition from pg_views where schemaname = $1""",
    "walls": """
        select relname, concat_ws(' ', relrowsecurity, relforcerowsecurity) from pg_class
         where relkind = 'r' and relnamespace = $1::regnamespace""",
    "policies": """
        select tablename || '.' || policyname, concat_ws(' ', permissive, roles, cmd, qual, with_check) from pg_policies
         where schemaname = $1""",
    "rights": """
        select table_name || ' ' || grantee || ' ' || privilege_type || ' ' || coalesce(column_name, ''), ''
          from (select table_name, null as column_name, grantee, privilege_type from information_schema.role_table_grants
                 where table_schema = $1
                 union all
                select table_name, column_name, grantee, privilege_type from information_schema.column_privileges
                 where table_schema = $1) as granted where grantee like 'kokybe%'""",
    "functions": """
        select proname, concat_ws(' ', prosrc, prosqlbody is not null, prosecdef, proconfig, proacl) from pg_proc
         where pronamespace = $1::regnamespace""",
}


async def held(connection: Connection, schema: str, what: str) -> dict[str, str]:
    own, _ = sandboxed()
    statement = await connection.prepare(HELD[what])
    rows = await statement.fetch(*[schema, own][: len(statement.get_parameters())])
    return {
        name: told.replace(f"{schema}, public", "public").replace(f"{schema}.", "").replace("public.", "")
        for name, told in rows
        if name.partition(".")[0].partition(" ")[0] in own or what in ("functions", "views")
    }


async def a_clock(database: Database) -> UUID:
    async with begin(database) as work:
        return (await test_clocks.open_clock(work, name="Trys metai", today=work.today)).id


async def schema_of(connection: Connection, clock: UUID) -> str:
    return str(await connection.fetchval("select sandbox_schema($1)", clock))


@pytest.mark.parametrize("what", HELD)
async def test_its_tables_are_held_to_what_the_programmes_are(world: World, what: str) -> None:
    """Whatever a later revision adds: a policy, a trigger, a right to one column."""
    clock = await a_clock(world.database)
    async with world.database.reading() as connection:
        await connection.execute("set local search_path = public")
        copied = await held(connection, await schema_of(connection, clock), what)
        original = await held(connection, "public", what)
    assert copied
    if what == "functions":
        original = {name: told for name, told in original.items() if name in copied}
    assert copied == original


async def test_every_table_is_in_it_or_named_as_shared_and_it_begins_empty(world: World) -> None:
    await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    clock = await a_clock(world.database)
    own, filled = sandboxed()
    async with world.within(clock).at_work() as work:
        connection = await work.connection()
        here = await connection.fetch("select relname from pg_class where relkind = 'r' and relnamespace = $1::regnamespace",
                                      await schema_of(connection, clock))  # fmt: skip
        assert {row[0] for row in here} == set(own)
        assert set(Table.metadata.tables) - set(own) == {
            "client", "client_grant", "api_key", "idempotency_key", "heartbeat", "event_era", "test_clock", "sandbox_row", "job",
        }  # fmt: skip
        for table in own:
            rows = await connection.fetchval(f"select count(*) from {table}")
            inside = await connection.fetchval(f"select count(*) from public.{table}")
            assert rows == {"job_run": 1}.get(table, inside if table in filled else 0), table
        assert await connection.fetchval("select sum(places_taken) from strand") == 0


async def test_no_other_kind_of_table_looks_past_the_worlds(clone_url: str) -> None:
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    await connection.execute("create materialized view everything as select name from organisation")
    with pytest.raises(asyncpg.RaiseError, match="would show the programme"):
        await connection.execute("select open_sandbox(uuidv7(), '{organisation}', '{}')")
    await connection.close()


async def test_a_transaction_that_was_in_a_world_is_back_in_the_programme_with_the_next_entering(world: World) -> None:
    clock = await a_clock(world.database)
    async with world.within(clock).at_work() as work:
        assert work.clock == clock
        assert (await work.connection()).is_in_transaction()
    async with world.at_work() as work:
        connection = await work.connection()
        assert await connection.fetchval("show search_path") == "public"
        assert await connection.fetchval("select current_setting('app.test_clock')") == ""
        async with work.inside(clock):
            assert (await connection.fetchval("show search_path")).startswith("clock_")
        assert await connection.fetchval("show search_path") == "public"


async def test_of_a_clock_that_is_not_known_nothing_is_shown(world: World) -> None:
    async with world.at_work() as work:
        connection = await work.connection()
        await connection.execute("select from enter_world('everything', null, null, $1)", UUID(int=5))
        assert await connection.fetchval("select current_user") == "kokybe_door"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute("select from organisation")


async def test_a_world_changes_no_client_of_the_programme(world: World) -> None:
    clock, office = await a_clock(world.database), await world.caller("coordinator")
    there = world.within(clock)
    own = await there.caller("coordinator")
    actor = Actor("client", str(own.client_id), Role.COORDINATOR)

    async def touched(where: World, as_: Actor) -> set[str]:
        async with where.at_work(as_) as work:
            rows = await (await work.connection()).fetch("update client set version = version returning id")
            work.keeps = False
            return {str(row["id"]) for row in rows}

    assert await touched(there, actor) == {own.client_id}
    assert own.client_id not in await touched(world, Actor("client", str(office.client_id), Role.COORDINATOR))
    with pytest.raises(Exception, match="row-level security"):
        async with there.at_work(actor) as work:
            await work.session.execute(text("insert into client (name, role, test_clock_id) values ('X', 'ops', null)"))


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_clocks_end_before_the_schema_changes(racing_world: World, clone_url: str) -> None:
    clock = await a_clock(racing_world.database)
    holder = await racing_world.organisation(test_clock_id=str(clock))
    provider = await racing_world.within(clock).caller("provider", holder["id"])
    connection = await asyncpg.connect(asyncpg_url(clone_url))
    await asyncio.to_thread(migrate, clone_url)
    assert await connection.fetchval("select ended_at is null from test_clock")

    await connection.execute("update alembic_version set version_num = 'the one before'")
    with pytest.raises(Exception, match="the one before"):
        await asyncio.to_thread(migrate, clone_url)
    assert await connection.fetchval("select count(*) from test_clock where ended_at is null") == 0
    assert await connection.fetchval("select count(*) from pg_namespace where nspname like 'clock\\_%'") == 0
    assert (await provider.get("/v1/organisations")).status_code in (401, 404)
    assert (await verify(racing_world.database))["ok"]
    await oracle.check(racing_world.database)
    await asyncio.to_thread(command.stamp, migrations_config(clone_url), "head", purge=True)
    await asyncio.to_thread(command.downgrade, migrations_config(clone_url), "-1")
    await connection.close()


async def test_a_world_costs_the_daily_pass_of_the_programme_nothing(world: World) -> None:
    """What is due there is not in the index that the programme's pass reads."""
    clock = await a_clock(world.database)
    there = world.within(clock)
    async with there.at_work() as work:
        await work.session.execute(text("insert into organisation (name, source) values ('Namai', 'import')"))
        await work.session.execute(text(
            "insert into contact (organisation_id, name, purpose, legal_basis, retain_until_on)"
            " select id, 'Ona', 'ryšiams', 'BDAR', '2020-01-01' from organisation"
        ))  # fmt: skip
    async with world.at_work() as work:
        due: Any = await (await work.connection()).fetchval("select min(next_change_on) from contact")
        assert due is None
