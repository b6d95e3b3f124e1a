"""Whether the service can answer: what it needs is tried within a bound. What only delays the day's news degrades it;
the API itself answers reads and writes without worker and queue."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime
from typing import Literal

import asyncpg
from pydantic import Field

from programme.database import Connection, Database, newest_revision
from programme.errors import Refusal
from programme.queries import watching
from programme.rules.calendar import VILNIUS
from programme.sentences import Sentence
from programme.services.heartbeat import SILENCE
from schemas.base import Answer

LONGEST = 2.0
"""Seconds that the database may take for all of it."""

SKEW = 5.0
"""Seconds by which the clocks of this process and of the database may differ. The database's is the one that counts."""

_REVISION = re.compile(r"\d{4}_\d{2}_\d{2}_\d{4}", re.ASCII)

Status = Literal["ok", "degraded", "unavailable"]


class Check(Answer):
    """How one thing is. `seconds`: the answer's time, the clocks' difference, or since when nothing was heard."""

    status: Status
    seconds: float | None = Field(default=None, examples=[0.004])


Checks = dict[str, Check]


class Readiness(Answer):
    """Each check, and the worst of them."""

    status: Status
    checks: Checks


class NotReady(Refusal):
    """Something without which nothing can be answered is missing; `checks` tells what."""

    code = "not_ready"
    title = Sentence(lt="Paslauga neparengta", en="Not ready")

    def __init__(self, checks: Checks) -> None:
        missing = [name for name, check in checks.items() if check.status == "unavailable"]
        super().__init__(
            Sentence(
                lt="Paslauga neparengta. Neveikia: {missing}.", en="The service is not ready. Missing: {missing}."
            ),
            facts={"missing": missing},
        )
        self.checks = checks


async def readiness(database: Database) -> Readiness:
    """`NotReady` where the database, its schema or its time zones are not what this release works with."""
    checks: Checks = {"database": Check(status="unavailable")}
    try:
        async with asyncio.timeout(LONGEST), database.reading() as connection:
            await _look(connection, checks)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        pass  # what was not reached is not ok
    found = {check.status for check in checks.values()}
    if "unavailable" in found:
        raise NotReady(checks)
    return Readiness(status="degraded" if "degraded" in found else "ok", checks=checks)


def _standing(revision: str | None) -> Status:
    """Revisions are named by their moment. Migrations only add, so that a release works with the schema of the next one
    too, while it is being replaced; with an earlier one it does not."""
    ours = newest_revision() or ""
    if revision == ours:
        return "ok"
    is_later = revision is not None and _REVISION.fullmatch(revision) is not None and revision > ours
    return "degraded" if is_later else "unavailable"


async def _look(connection: Connection, checks: Checks) -> None:
    """Fills in one check after the other; each is there as missing before it is tried."""
    before, began = time.time(), time.perf_counter()
    clock: datetime = (await connection.fetchrow(watching.CLOCKS))["clock"]
    took = time.perf_counter() - began
    checks["database"] = Check(status="ok", seconds=round(took, 4))
    skew = abs(clock.timestamp() - before - took / 2)
    checks["clock"] = Check(status="ok" if skew <= SKEW else "degraded", seconds=round(skew, 3))
    checks["schema"] = checks["time_zone"] = Check(status="unavailable")
    local = await connection.fetchval(watching.IN_VILNIUS, clock)
    if local == clock.astimezone(VILNIUS).replace(tzinfo=None):
        checks["time_zone"] = Check(status="ok")
    checks["schema"] = Check(status=_standing(await connection.fetchval(watching.REVISION)))
    if checks["schema"].status == "unavailable":
        return
    heard = {row["kind"]: row["seconds"] for row in await connection.fetch(watching.SILENCE, None)}
    for kind in ("worker", "queue"):
        silence = heard.get(kind)
        alive = silence is not None and silence < SILENCE
        checks[kind] = Check(
            status="ok" if alive else "degraded", seconds=None if silence is None else round(silence, 1)
        )
