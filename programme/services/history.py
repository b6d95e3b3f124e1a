"""Holding the history against its hashes: nothing in it was altered, taken away, put in or moved since it was written.

What this proves ends at the heads: whoever may do everything in the database can write a whole chain anew. Heads that
were kept elsewhere, where nobody who may write here can write, show that too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict
from uuid import UUID

from programme.database import Connection, Database
from programme.queries import history as query
from programme.tables import PROGRAMME
from programme.work import looking


class Head(TypedDict):
    """The last event of a chain, of which the programme's has a nil UUID. `hash`: hexadecimal."""

    organisation_id: str
    n: int
    hash: str


async def verify(database: Database, *, against: Sequence[Head] = (), with_heads: bool = False) -> dict[str, Any]:
    """The count of events and chains, and the first bad place with what was found there. Writers need not stop: each
    statement sees every chain with its head as they were at one moment.

    `finding`: `altered` (a column or the hash is not as it was), `missing_before` (places between `n_before` and this
    one are gone), `place_taken_twice`, `beyond_head` (put in after the last), `missing_before_head` (the last ones are
    gone), `head_differs`, `head_missing`, `chain_missing` (all of an organisation is gone), `rewritten` (an earlier
    head is not gone through any more). `heads`, where asked for: what a later call can be held `against`.
    """
    async with looking(database) as connection:
        counts = await connection.fetchrow(query.COUNT)
        bad = await _first_bad(connection, against)
        heads = await connection.fetch(query.HEADS) if with_heads else []
    told = {"events": counts["events"], "chains": counts["chains"], "ok": bad is None, "first_bad": bad}
    return told | {"heads": [dict(head) for head in heads]} if with_heads else told


async def _first_bad(connection: Connection, against: Sequence[Head]) -> dict[str, Any] | None:
    found = await connection.fetchrow(query.FIRST_BAD, PROGRAMME)
    if found is not None:
        return dict(found)
    found = await connection.fetchrow(query.FIRST_WITHOUT_CHAIN)
    if found is not None:
        return {"finding": "chain_missing", **found}
    found = await connection.fetchrow(
        query.FIRST_REWRITTEN,
        PROGRAMME,
        [UUID(head["organisation_id"]) for head in against],
        [head["n"] for head in against],
        [head["hash"] for head in against],
    )
    return None if found is None else {"finding": "rewritten", **found}
