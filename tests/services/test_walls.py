"""The second wall: what PostgreSQL itself shows and takes, whatever the queries above it forget."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from api.metrics import exposition
from programme.database import Connection, Database
from programme.rules.lifecycle import Role
from programme.rules.sight import SEES, Sees, Sight
from programme.services import heartbeat
from programme.services.daily import catch_up
from programme.services.history import verify
from programme.services.housekeeping import forget_answers
from programme.settings import Settings
from programme.tables import Table
from programme.work import NOBODY, Actor, begin
from tests.conftest import administer
from tests.full import Full, a_full_organisation
from tests.world import World

OPEN = {
    "standard", "standard_version", "policy", "criterion_mapping", "service_type", "municipality", "project", "strand",
}  # fmt: skip
"""Known to everybody who calls."""

OF_THE_SERVICE = {
    "import", "import_row", "auditor", "auditor_licence", "auditor_advice", "job_run", "heartbeat", "event_chain",
    "event_era", "webhook_place", "job", "test_clock", "sandbox_row",
}  # fmt: skip
"""About files brought in, auditors and the service itself: no rows of an organisation's records."""

OF_CALLERS = {"client", "api_key", "client_grant", "idempotency_key"}

WALLED = set(Table.metadata.tables) - OPEN - OF_THE_SERVICE


async def values(connection: Connection, query: str, *given: Any) -> set[Any]:
    return {row[0] for row in await connection.fetch(query, *given)}


async def test_every_table_is_behind_the_wall_or_named_as_open(world: World) -> None:
    async with world.database.reading() as connection:
        walled = await values(
            connection, "select relname from pg_class where relrowsecurity and relforcerowsecurity and relkind = 'r'"
        )
        reachable = await values(
            connection,
            "select distinct table_name::text from information_schema.role_table_grants"
            " where grantee in ('kokybe_scoped', 'kokybe_public')",
        )
    assert walled == WALLED
    named = {
        "auditor",
        "auditor_licence",
        "auditor_advice",
        "event_era",
        "register_past",
        "test_clock",
    }  # the last: tests/api/test_past.py
    assert reachable <= WALLED | OPEN | named


async def two(world: World) -> tuple[Full, Full]:
    own = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    return own, await a_full_organisation(world, "LIT2025-302", assessor=None, reviewer=None)


def a_provider_of(organisation: UUID) -> Actor:
    return Actor("client", str(uuid4()), Role.PROVIDER, organisation)


async def test_a_provider_reads_no_row_of_another_organisation_with_any_statement(world: World) -> None:
    own, _ = await two(world)
    owner = {
        "organisation": "id",
        "webhook_delivery": "endpoint_id",
        "webhook_attempt": "delivery_id",
        "webhook_message": "(body::json -> 'data' ->> 'reference')",
        **dict.fromkeys(OF_CALLERS, "client_id"),
        "client": "organisation_id",
    }
    async with world.at_work(a_provider_of(own.organisation_id)) as work:
        connection = await work.connection()
        expected: dict[str, set[Any]] = {
            "idempotency_key": set(), "client_grant": set(), "api_key": {own.client_id},
            "certificate_vote": set(),
            "event": {own.organisation_id, None}, "webhook_delivery": {own.endpoint_id},
            "webhook_attempt": {own.delivery_id}, "webhook_message": {own.reference},
        }  # fmt: skip
        for table in sorted(WALLED):
            found = await values(connection, f"select {owner.get(table, 'organisation_id')} from {table}")
            assert found == expected.get(table, {own.organisation_id}), table


async def test_nor_changes_moves_or_adds_one(world: World) -> None:
    own, foreign = await two(world)
    for statement, taken in (
        ("update certificate set staff = 1 where id = $1", foreign.certificate_id),
        ("update enrolment set reason = 'x' where id = $1", foreign.enrolment_id),
        ("update contact set name = 'x' where id = $1", foreign.contact_id),
    ):
        async with world.at_work(a_provider_of(own.organisation_id)) as work:
            assert await (await work.connection()).execute(statement, taken) == "UPDATE 0"
    for statement in (
        "update contact set organisation_id = $1",
        """insert into contact (organisation_id, name, purpose, legal_basis, retain_until_on)
           values ($1, 'x', 'x', 'x', '2029-12-31')""",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with world.at_work(a_provider_of(own.organisation_id)) as work:
                await (await work.connection()).execute(statement, foreign.organisation_id)


async def test_an_auditor_reads_the_self_assessment_handed_in_and_changes_nothing_in_it(world: World) -> None:
    auditor = await world.caller("auditor")
    client = UUID(str(auditor.client_id))
    own = await a_full_organisation(world, "LIT2025-301", assessor=client, reviewer=None)
    foreign = await a_full_organisation(world, "LIT2025-302", assessor=None, reviewer=None)
    actor = Actor("client", str(client), Role.AUDITOR)
    read = "select assessment_id from rating"
    async with world.at_work(actor) as work:
        assert await values(await work.connection(), read) == {own.assessment_id, own.draft_id}
    async with world.at_work() as work:
        await work.session.execute(text("update assessment set revision = 1 where kind = 'self_assessment'"))
    async with world.at_work(actor) as work:
        connection = await work.connection()
        assert await values(connection, read) == {own.assessment_id, own.draft_id, own.own_id}
        assert foreign.own_id not in await values(connection, "select id from assessment")
    for statement in (
        "update assessment set reason = 'x' where id = $1",
        "update rating set comment = 'x' where assessment_id = $1",
        """insert into assessment_submission (organisation_id, assessment_id, revision, submitted_at, ended_on, ratings)
           select organisation_id, id, 7, now(), '2026-11-02', '[]' from assessment where id = $1""",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with world.at_work(actor) as work:
                await (await work.connection()).execute(statement, own.own_id)


async def test_until_it_is_known_who_calls_there_is_nothing(world: World) -> None:
    await two(world)
    async with begin(world.database, NOBODY) as work:
        connection = await work.connection()
        assert await connection.fetchval("select current_user") == "kokybe_door"
        assert await connection.fetchval("select count(*) from client") >= 0
    for table in ("organisation", "certificate", "contact", "event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(world.database, NOBODY) as work:
                await (await work.connection()).execute(f"select from {table}")


async def test_a_role_without_a_sight_sees_nothing(world: World) -> None:
    await two(world)
    async with world.database.reading() as connection, connection.transaction():
        await connection.execute("set local role kokybe_scoped")
        for setting in ("''", "'00000000-0000-0000-0000-000000000000'"):
            await connection.execute(f"set local app.organisations = {setting}")
            for table in ("organisation", "certificate", "assessment", "rating", "event"):
                assert await connection.fetchval(f"select count(*) from {table}") == 0


async def test_the_public_role_reads_the_columns_of_the_register_and_no_others(world: World) -> None:
    own, _ = await two(world)
    async with world.database.reading() as connection, connection.transaction():
        await connection.execute("select enter_world('register', null, null)")
        assert await connection.fetchval("select name from organisation where id = $1", own.organisation_id)
    for column in ("organisation.address", "certificate.staff", "certificate_decision.reason", "contact.name",
                   "assessment.id", "event.data", "api_key.id", "client.name"):  # fmt: skip
        question = f"select enter_world('register', null, null); select {column} from {column.partition('.')[0]}"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with world.database.reading() as connection, connection.transaction():
                await connection.execute(question)


async def test_which_organisations_each_role_sees(world: World) -> None:
    auditor, partner = await world.caller("auditor"), await world.caller("partner")
    one = await a_full_organisation(world, "LIT2025-301", assessor=UUID(str(auditor.client_id)), reviewer=None)
    other = await a_full_organisation(world, "LIT2025-302", assessor=None, reviewer=None)
    fresh = UUID((await world.organisation())["id"])

    async def seen(role: Role, client: str | None, organisation: UUID | None = None) -> set[UUID]:
        async with world.at_work(Actor("client", str(client), role, organisation)) as work:
            assert work.sight.sees is SEES[role]
            return set(work.sight.organisations)

    assert await seen(Role.AUDITOR, auditor.client_id) == {one.organisation_id}
    assert await seen(Role.AUDITOR, str(uuid4())) == set()
    assert await seen(Role.AWARDER, str(uuid4())) == {one.organisation_id, other.organisation_id}
    assert await seen(Role.REVIEWER, str(uuid4())) == {one.organisation_id, other.organisation_id}
    assert await seen(Role.PROVIDER, str(uuid4()), fresh) == {fresh}
    assert await seen(Role.PARTNER, partner.client_id) == set()
    await world.grant(partner, organisation_id=fresh)
    assert await seen(Role.PARTNER, partner.client_id) == {fresh}
    await world.grant(partner, municipality="LT-54")
    assert await seen(Role.PARTNER, partner.client_id) == {fresh, one.organisation_id, other.organisation_id}
    async with world.at_work() as work:
        await work.session.execute(text("delete from client_grant"))
        strand = (await work.session.execute(text("select strand_id from enrolment limit 1"))).scalar_one()
    assert await seen(Role.PARTNER, partner.client_id) == set()
    await world.grant(partner, strand_id=strand)
    assert await seen(Role.PARTNER, partner.client_id) == {one.organisation_id, other.organisation_id}


async def test_a_login_that_owns_nothing_serves_everything(settings: Settings, app: Any, clone_url: str) -> None:
    """As in a deployment: a member of `kokybe_door`, which alone can read keys and nothing else."""
    login = f"login_{uuid4().hex[:12]}"
    await administer(f"create role {login} login; grant kokybe_door to {login}")
    try:
        async with Database.open(
            settings, clone_url.replace("postgresql://kokybe@", f"postgresql://{login}@")
        ) as database:
            async with database.reading() as connection:
                assert await connection.fetchval("select session_user") == login
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("select from organisation")
            async with World.of(app, database) as world:
                assert (await world.nobody.get("/readyz")).status_code == 200
                assert b"kokybe_database_up 1.0" in await exposition(database)
                await heartbeat.beat(database, "worker")
                assert await heartbeat.is_beating(database)
                assert (await catch_up(database))["days"] == 1
                await forget_answers(database)
                audit = await world.assessment(started=True)
                history = await verify(database)
                assert history["ok"]
                assert history["events"] > 0
                provider = await world.caller("provider", audit["organisation_id"])
                assert (await provider.get(f"/v1/assessments/{audit['id']}")).status_code == 200
                assert (await provider.get("/v1/organisations?include=total")).json()["total"] == 1
                assert (await world.nobody.get("/public/v1/certificates")).status_code == 200
                async with database.reading() as connection:
                    assert await connection.fetchval("select current_user") == login
                    assert not await connection.fetchval("select current_setting('app.organisations', true)")
                    used = await connection.fetchval("select count(*) from api_key where last_used_at is not null")
                    assert used == 2  # the coordinator and the provider have called
    finally:
        await administer(f"drop role {login}")


@pytest.mark.parametrize(
    ("table", "row", "column", "target"),
    [
        ("certificate", "certificate_id", "predecessor_id", "certificate_id"),
        ("certificate", "certificate_id", "assessment_id", "assessment_id"),
        ("assessment", "own_id", "enrolment_id", "enrolment_id"),
        ("annual_report", "annual_report_id", "organisation_id", "organisation_id"),
        ("compliance_case", "case_id", "certificate_id", "certificate_id"),
        ("compliance_case", "case_id", "organisation_id", "organisation_id"),
        ("assessment", "own_id", "carried_from", "assessment_id"),
        ("finding", "finding_id", "assessment_id", "assessment_id"),
        ("finding", "finding_id", "repeats_id", "finding_id"),
        ("finding", "finding_id", "organisation_id", "organisation_id"),
        ("rating", None, "organisation_id", "organisation_id"),
        ("rating", None, "carried_from", "assessment_id"),
        ("certificate_decision", None, "organisation_id", "organisation_id"),
        ("certificate_period", None, "organisation_id", "organisation_id"),
        ("certificate_revision", None, "organisation_id", "organisation_id"),
        ("certificate_vote", None, "organisation_id", "organisation_id"),
        ("annual_report_submission", None, "organisation_id", "organisation_id"),
        ("annual_report_review", None, "organisation_id", "organisation_id"),
    ],
)
async def test_no_child_hangs_on_a_row_of_another_organisation(
    world: World, table: str, row: str | None, column: str, target: str
) -> None:
    own, foreign = await two(world)
    which = f"id = '{getattr(own, row)}'" if row else f"organisation_id = '{own.organisation_id}'"
    change = f"update {table} set {column} = $1 where {which}"
    with pytest.raises((asyncpg.ForeignKeyViolationError, asyncpg.ExclusionViolationError)):
        async with world.at_work() as work:
            await (await work.connection()).execute(change, getattr(foreign, target))


HELD_AS_THEY_ARE_NAMED = ["certificate.assessment_id", "certificate.predecessor_id"]
"""By a trigger, since a transfer leaves them with the former holder."""


def test_every_reference_between_records_names_the_organisation_too() -> None:
    records = (
        {name for name, table in Table.metadata.tables.items() if "organisation_id" in table.c}
        - OF_THE_SERVICE
        - OF_CALLERS
    )
    loose = [
        f"{name}.{key.parent.name}"
        for name in sorted(records)
        for constraint in Table.metadata.tables[name].foreign_key_constraints
        for key in constraint.elements
        if key.column.table.name in records
        and not any(one.parent.name == "organisation_id" for one in constraint.elements)
    ]
    assert sorted(loose) == HELD_AS_THEY_ARE_NAMED


def test_a_sight_says_what_is_in_it() -> None:
    one, other, client = uuid4(), uuid4(), uuid4()
    everything, own = Sight(Role.COORDINATOR), Sight(Role.PROVIDER, client, frozenset([one]))
    assert everything.knows(one)
    assert everything.knows(None)
    assert (own.knows(one), own.knows(other), own.knows(None)) == (True, False, False)
    assert everything.knows_assessment("external_audit", None, 0)
    assert own.knows_assessment("external_audit", None, 0)
    auditor, awarder = Sight(Role.AUDITOR, client), Sight(Role.AWARDER, client)
    assert [auditor.knows_assessment("external_audit", who, 1) for who in (client, other, None)] == [True, False, False]
    assert [awarder.knows_assessment("external_audit", None, revision) for revision in (0, 1)] == [False, True]
    assert not Sight(Role.PARTNER, client).knows_assessment("external_audit", client, 1)
    assert not Sight(Role.AUDITOR).knows_assessment("external_audit", None, 1)
    assert Sight(Role.OPS).values["people_masked"]
    assert own.values["drafts_hidden"]
    assert {SEES[role] for role in Role} == set(Sees) - {Sees.NOBODY}
