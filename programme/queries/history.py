"""Whether the history is as it was written: the statements that `kokybe verify-history` asks.

Every event is held against the hash of the place before it, and every chain against its head. PostgreSQL sorts and
compares; nothing of it grows in memory here, however long the history.
"""

from __future__ import annotations

COUNT = "select (select count(*) from event) as events, (select count(*) from event_chain) as chains"

FIRST_BAD = """
with place as (
    select coalesce(organisation_id, $1) as chain, n, false as is_head, seq, id, hash, event_digest(event) as digest
      from event
     union all
    -- The head takes the place after the last event, which it has to match.
    select organisation_id, n + 1, true, null, null, hash, null from event_chain
),
linked as (
    select *, lag(n) over by_place as n_before, lag(hash) over by_place as hash_before,
           lag(is_head) over by_place as after_head, lead(n) over by_place is null as is_last
      from place
    window by_place as (partition by chain order by n, is_head, seq)
),
judged as (
    select *,
           case when after_head then 'beyond_head'
                when is_head and n <= n_before then 'beyond_head'
                when is_head and n <> coalesce(n_before, 0) + 1 then 'missing_before_head'
                when is_head and hash <> hash_before then 'head_differs'
                when is_head then null
                when n = n_before or n < 1 then 'place_taken_twice'
                when n <> coalesce(n_before, 0) + 1 then 'missing_before'
                when hash <> sha256(coalesce(hash_before, '') || digest) then 'altered'
                when is_last then 'head_missing'
           end as finding
      from linked
)
select finding, nullif(chain, $1) as organisation_id, case when is_head then n - 1 else n end as n, id, n_before
  from judged
 where finding is not null
 order by judged.chain, judged.n, is_head, seq
 limit 1
"""
"""The first place that is not as it was written, in the order of the chains; $1 stands for the programme's chain."""

FIRST_WITHOUT_CHAIN = """
select id as organisation_id
  from organisation
 where not exists (select from event_chain where organisation_id = organisation.id)
 order by id
 limit 1
"""
"""Every organisation has events, its registration first; where there is not even a chain, all of it was taken away."""

HEADS = "select organisation_id::text, n, encode(hash, 'hex') as hash from event_chain order by organisation_id"

FIRST_REWRITTEN = """
select nullif(head.chain, $1) as organisation_id, head.n, event.id
  from unnest($2::uuid[], $3::bigint[], $4::text[]) as head (chain, n, hash)
  left join event on coalesce(event.organisation_id, $1) = head.chain and event.n = head.n
 where event.id is null or encode(event.hash, 'hex') <> head.hash
 order by head.chain
 limit 1
"""
"""The first of earlier heads ($2 chains, $3 places, $4 hashes) that the history does not go through any more."""
