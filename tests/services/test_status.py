"""One definition of status: what the pure rule says of decisions and a day, SQL says too, and so does every read path."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from programme.queries.certificates import CERTIFICATES, REGISTER, register_status, status_on
from programme.queries.views import TODAY, Implied, Sort, View, narrowest, page_statement
from programme.rules import certificates as rules
from programme.rules.certificates import REGISTER_STATUS, Decisions, RegisterStatus, Status
from programme.rules.sight import Sees
from programme.tables import Certificate
from programme.tables.certificates import spans
from tests.strategies import DAYS, decisions
from tests.world import World

NEAR = st.integers(min_value=-2, max_value=2).map(lambda count: timedelta(days=count))


@st.composite
def judged(draw: st.DrawFn) -> tuple[Decisions, list[date]]:
    """Decisions, with days around every day on which they could turn the status."""
    decided = draw(decisions())
    turns = [day for span in (*decided.periods, *decided.suspensions) for day in (span.first, span.last) if day]
    turns += [span.last - timedelta(days=decided.expiring_days) for span in decided.periods if span.last]
    turns += [decided.ended_on] if decided.ended_on else []
    days = [turn + draw(NEAR) for turn in turns] + draw(st.lists(DAYS, min_size=1, max_size=4))
    return decided, days


IMPLIED: list[Implied] = [*CERTIFICATES.implied.values(), *REGISTER.implied.values()]
OF_THE_REGISTER = {one for one in IMPLIED if one.by == "register_status"} | {*REGISTER.implied.values()}


async def a_certificate(world: World) -> UUID:
    """A row to write random decisions into."""
    holder = await world.organisation()
    async with world.at_work() as work:
        row = Certificate(
            organisation_id=UUID(holder["id"]), standard="EQUASS", standard_version="EQUASS-2018", level="ASSURANCE",
            scope={"services": [], "sites": [], "unit": None},
        )  # fmt: skip
        await work.add(row, "certificate.drafted")
        return row.id


def as_columns(decided: Decisions) -> dict[str, object]:
    return {
        "periods": spans(*((span.first, span.last) for span in decided.periods)),
        "suspensions": spans(*((span.first, span.last) for span in decided.suspensions)),
        "valid_from": decided.periods[-1].first if decided.periods else None,
        "expires_on": decided.periods[-1].last if decided.periods else None,
        "ended_as": decided.ended_as,
        "ended_on": decided.ended_on,
        "expiring_days": decided.expiring_days,
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(judged())
async def test_sql_and_the_pure_rule_agree_on_any_history_and_day(
    world: World, judged: tuple[Decisions, list[date]]
) -> None:
    decided, days = judged
    if not hasattr(world, "row"):
        world.row = await a_certificate(world)  # type: ignore[attr-defined]
    async with world.at_work() as work:
        one = Certificate.id == world.row  # type: ignore[attr-defined]
        await work.session.execute(update(Certificate).where(one).values(**as_columns(decided)))
        status = status_on(TODAY)
        asked = select(status, register_status(status), *(each.condition for each in IMPLIED)).where(one)
        for day in days:
            row = (await work.session.execute(asked, {"today": day})).one()
            expected = rules.status(day, decided)
            assert row[0] == expected, day
            assert row[1] == REGISTER_STATUS.get(expected), day
            for each, holds in zip(IMPLIED, row[2:], strict=True):
                assert holds or row[each in OF_THE_REGISTER] not in each.values, (day, each)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(judged())
async def test_every_read_path_tells_the_same_status(world: World, judged: tuple[Decisions, list[date]]) -> None:
    decided, days = judged
    coordinator = await world.caller("coordinator")
    if not hasattr(world, "row"):
        world.row = await a_certificate(world)  # type: ignore[attr-defined]
    async with world.at_work() as work:
        columns = {**as_columns(decided), "reference": "LIT2026-900", "certified_on": date(2020, 1, 1)}
        await work.session.execute(update(Certificate).where(Certificate.id == world.row).values(**columns))  # type: ignore[attr-defined]
    for day in days[:3]:
        if not date(1990, 1, 1) <= day <= date(2199, 12, 31):
            continue
        expected = rules.status(day, decided)
        one = (await coordinator.get(f"/v1/certificates/{world.row}?as_of={day}")).json()  # type: ignore[attr-defined]
        assert (one["status"], one["register_status"]) == (expected, REGISTER_STATUS.get(expected))
        for status in Status:
            listed = (await coordinator.get(f"/v1/certificates?status={status}&as_of={day}&include=total")).json()
            assert listed["total"] == (status is expected)
            assert [item["status"] for item in listed["items"]] == [expected] * listed["total"]
        entry = await world.nobody.get(f"/public/v1/certificates/LIT2026-900?as_of={day}")
        if expected in REGISTER_STATUS and decided.periods:
            assert entry.json()["status"] == REGISTER_STATUS[expected]
        else:
            assert entry.status_code == 404
        for shown in RegisterStatus:
            listed = (await world.nobody.get(f"/public/v1/certificates?status={shown}&as_of={day}")).json()
            assert len(listed["items"]) == (REGISTER_STATUS.get(expected) is shown)
        register = (await world.nobody.get(f"/public/v1/certificates?as_of={day}")).json()
        assert [item["status"] for item in register["items"]] == (
            [REGISTER_STATUS[expected]] if expected in REGISTER_STATUS else []
        )


@pytest.mark.parametrize(
    ("view", "filters", "sort", "found"),
    [
        (CERTIFICATES, {"status": ["active", "expiring"]}, "expires_on", "(COALESCE(expires_on, 'infinity'::date) <"),
        (CERTIFICATES, {"status": ["expired"]}, "expires_on", "(lower((datemultirange"),
        (CERTIFICATES, {"status": ["expired"]}, "certified_on", "(lower((datemultirange"),
        (CERTIFICATES, {"status": ["expired"], "municipality": ["LT-57"]}, "expires_on", "AND (lower((datemultirange"),
        (CERTIFICATES, {"register_status": ["suspended"]}, "certified_on", "ix_certificate_suspended"),
        (REGISTER, {"status": ["suspended"]}, "certified_on", "ix_certificate_suspended"),
    ],
)
async def test_an_index_passes_by_what_cannot_have_the_status(
    world: World, view: View, filters: dict[str, list[str]], sort: str, found: str
) -> None:
    given = narrowest(view, filters)
    statement = page_statement(view, frozenset(given), (Sort(sort, True),), False, None, (), Sees.EVERYTHING, False, 50)
    values = statement.values({**given, "today": date(2026, 11, 22)})
    async with world.database.reading() as connection, connection.transaction():
        for other in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort"):  # what a table without rows is read by
            await connection.execute(f"set local enable_{other} = off")
        plan = [row[0] for row in await connection.fetch(f"explain {statement.sql}", *values)]
    assert [line for line in plan if found in line and ("Index Cond" in line or "Index Scan" in line)], plan
