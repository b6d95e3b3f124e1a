"""What has had its time goes, in small transactions that nobody waits for."""

from __future__ import annotations

from programme.database import Database
from programme.retries import again
from programme.work import WORKER, begin

BATCH = 1000

_FORGET = """
with past as (
    select ctid from idempotency_key where created_at < clock_timestamp() - interval '24 hours' limit $1
       for update skip locked
),
gone as (delete from idempotency_key where ctid in (select ctid from past) returning 1)
select count(*) from gone
"""


async def forget_answers(database: Database) -> int:
    """Deletes the answers that were kept for repeated requests longer than the 24 hours (of real time) for which a key
    is good: how many."""

    async def batch() -> int:
        async with begin(database, WORKER) as work:
            return int(await (await work.connection()).fetchval(_FORGET, BATCH))

    forgotten = 0
    while taken := await again(batch, repeatable=True):
        forgotten += taken
    return forgotten
