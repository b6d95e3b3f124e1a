"""What operators watch: clocks, signs of life, how far the daily pass and the feed have come. Sums only: nothing here
tells one organisation from another."""

from __future__ import annotations

CLOCKS = "select clock_timestamp() as clock"

IN_VILNIUS = "select $1::timestamptz at time zone 'Europe/Vilnius'"
"""The same moment by the database's own data of time zones."""

REVISION = "select version_num from alembic_version"

BEAT = """
with old as (delete from heartbeat where seen_at < clock_timestamp() - interval '1 day')
insert into heartbeat (kind, host, seen_at) select kind, $2, clock_timestamp() from unnest($1::text[]) as kind
on conflict (kind, host) do update set seen_at = excluded.seen_at
"""

SILENCE = """
select kind, extract(epoch from clock_timestamp() - max(seen_at))::float8 as seconds
  from heartbeat where $1::text is null or host = $1 group by kind
"""
"""For how long nothing was heard of each kind: of one host, or of all (null)."""

PROGRESS = """
select (select $1::date - max(day) from job_run where job = 'daily' and finished_at is not null) as days_behind,
       (select greatest(0, $1::date - least((select min(next_change_on) from certificate),
                                            (select min(next_change_on) from annual_report)))) as oldest_due_days,
       (select coalesce(max(seq), 0) from event) as feed_position
"""
"""As of the day $1: days since the last finished pass, the age of the oldest change that is due and not yet told, and
where the feed stands."""

CHANGES = """
select type, sum(changes::bigint)::bigint as changes
  from job_run, jsonb_each_text(counts) as told (type, changes) where job = 'daily' group by type order by type
"""

CONNECTIONS = """
select coalesce(state, 'none') as state, count(*) as connections
  from pg_stat_activity where datname = current_database() and backend_type = 'client backend' group by 1 order by 1
"""
