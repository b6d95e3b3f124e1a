"""Reading test clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import case, literal_column, select

from programme.queries.views import View, moment, one_of, said
from programme.rules.test_clocks import LIFECYCLE, State, TestClockFacts
from programme.tables import Job, TestClock
from programme.work import Actor

_t, _j = TestClock.__table__.c, Job.__table__.c

_STATE = case(
    (_t.ended_at.is_not(None), said(State.ENDED.value)),
    (_t.advancing_to.is_not(None), said(State.ADVANCING.value)),
    else_=said(State.READY.value),
)
_LAST_JOB = (
    select(_j.id)
    .where(_j.test_clock_id == _t.id)
    .order_by(_j.id.desc())
    .limit(literal_column("1"))
    .correlate(TestClock.__table__)
    .scalar_subquery()
)


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> TestClockFacts:
    """The facts that the guards of a test clock look at: not the day outside of its world."""
    return TestClockFacts(row["state"])


TEST_CLOCKS = View(
    name="test_clocks",
    source=TestClock.__table__,
    id=_t.id,
    version=_t.version,
    fields={
        "id": _t.id,
        "name": _t.name,
        "started_on": _t.started_on,
        "today": _t.today,
        "advancing_to": _t.advancing_to,
        "state": _STATE,
        "job_id": _LAST_JOB,
        "created_at": moment(_t.created_at),
        "ended_at": moment(_t.ended_at),
        "version": _t.version,
    },
    keys={"id": _t.id},
    filters={"state": one_of(_STATE, "state")},
    sorts={"id": _t.id},
    default_sort="-id",
    facts={"state": _STATE, "today": _t.today, "job_id": _LAST_JOB},
    lifecycle=LIFECYCLE,
    judge=judge,
)

PLACES_FREE = "update strand set places_taken = 0"
"""In its own world, where nobody takes part yet."""

NO_MORE_CALLS = """
update client set disabled_at = clock_timestamp(), version = version + 1 where test_clock_id = $1 and disabled_at is null
"""
"""In its own world: the clients that were made there."""

REMOVE = """
select count(close_sandbox(id)) from test_clock
 where ended_at is not null and to_regnamespace(sandbox_schema(id)::text) is not null
"""

CHANGES_SO_FAR = """
select coalesce(jsonb_object_agg(type, changes), '{}')::text
  from (select type, sum(changes::bigint) as changes from job_run, jsonb_each_text(counts) as told (type, changes)
         where job = 'daily' group by type) as by_type
"""
"""What the daily passes of a world have made known up to now."""

GO_ON = "update test_clock set today = $2 where id = $1 and today <= $2 and advancing_to >= $2 returning today"
"""Takes the clock on to the day; no row where it has ended, or was taken further."""

ON_RECORD = """
insert into job_run (job, day, started_at, finished_at, duration_ms)
select 'daily', day, clock_timestamp(), clock_timestamp(), 0 from generate_series($1::date, $2::date, '1 day') as day
on conflict (job, day) do update set finished_at = coalesce(job_run.finished_at, excluded.finished_at),
       duration_ms = coalesce(job_run.duration_ms, excluded.duration_ms)
"""
"""The runs of these days are finished."""
