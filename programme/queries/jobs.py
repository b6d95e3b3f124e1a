"""Reading jobs, and the statements by which a worker claims, holds and settles them."""

from __future__ import annotations

from programme.queries.views import (
    View,
    json_object,
    moment,
)
from programme.tables import Job

_j = Job.__table__.c

JOBS = View(
    name="jobs",
    source=Job.__table__,
    id=_j.id,
    version=_j.version,
    fields={
        "id": _j.id,
        "kind": _j.kind,
        "state": _j.state,
        "progress": json_object({"done": _j.done, "total": _j.total}),
        "result": _j.result,
        "error": _j.error,
        "test_clock_id": _j.test_clock_id,
        "created_at": moment(_j.created_at),
        "started_at": moment(_j.started_at),
        "finished_at": moment(_j.finished_at),
        "version": _j.version,
    },
    keys={"id": _j.id},
    sorts={"id": _j.id},
    default_sort="-id",
)

CHANNEL = "kokybe_job"
WAKE = f"notify {CHANNEL}"

CLAIM = """
update job
   set state = 'running', lease = uuidv7(), leased_until = clock_timestamp() + make_interval(secs => $1),
       tries = tries + 1, started_at = coalesce(started_at, clock_timestamp()), version = version + 1
 where id = (select id from job
              where kind = any ($2) and (state = 'queued' or state = 'running' and leased_until < clock_timestamp())
              order by id limit 1 for update skip locked)
returning id, kind, asked::text, test_clock_id, client_id, lease, tries
"""
"""The oldest job of these kinds that nobody works on, for so many seconds."""

HOLD = """
update job
   set done = $3, leased_until = clock_timestamp() + make_interval(secs => $4), tries = 1, version = version + 1
 where id = $1 and lease = $2
returning id
"""
"""Goes on with it, as far as it has come; no row where it was given to another meanwhile."""

SETTLE = """
update job
   set state = case when $4::jsonb is null then 'done' else 'failed' end, done = case when $4 is null then total else done end,
       result = $3::jsonb, error = $4::jsonb, lease = null, leased_until = null, finished_at = clock_timestamp(),
       version = version + 1
 where id = $1 and lease = $2
returning id
"""
