"""Loading again: what the files say anew is brought in, what people changed since stays.

The memory of what was loaded before is the history itself: the values that the loading's own events told last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from programme.rules.lifecycle import Role
from programme.tables import Event, Recorded
from programme.work import Actor, Work

R = TypeVar("R", bound=Recorded)

LOADING = Actor("system", "loading", Role.WORKER)
_ONE_AT_A_TIME = 7_126_530_113
"""The advisory lock under which loadings take turns."""


async def take_turns(work: Work) -> None:
    """Two loadings at once would both find the same entry missing; the second one waits for the first."""
    await work.session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


class Memory:
    """What the files said when they were loaded last, by resource."""

    def __init__(self, told: Mapping[UUID, Mapping[str, Any]]) -> None:
        self._told = told

    @classmethod
    async def of(cls, work: Work, rows: Iterable[Recorded]) -> Memory:
        query = (
            select(Event.resource_id, Event.data)
            .where(
                Event.resource_id.in_([row.id for row in rows]),
                Event.actor_type == LOADING.type,
                Event.actor_id == LOADING.id,
            )
            .order_by(Event.resource_version)
        )
        told: dict[UUID, dict[str, Any]] = {}
        for resource_id, data in await work.session.execute(query):
            told.setdefault(resource_id, {}).update(data)
        return cls(told)

    def knows(self, row: Recorded) -> bool:
        """Whether a loading made or changed the row."""
        return row.id in self._told

    def news(self, row: Recorded, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that the files give anew and the row does not have yet."""
        told = self._told.get(row.id, {})
        return {
            name: value
            for name, value in values.items()
            if (name not in told or not same(value, told[name])) and not same(value, getattr(row, name))
        }

    def told_otherwise(self, row: Recorded, values: Mapping[str, Any]) -> list[str]:
        """Names of the values that the files gave differently before."""
        told = self._told.get(row.id, {})
        return [name for name, value in values.items() if not same(value, told.get(name))]


def same(one: Any, other: Any) -> bool:
    """Whether two values are written alike in an event."""
    return _written(one) == _written(other)


def _written(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)


async def keep(work: Work, memory: Memory, row: R | None, kind: type[R], values: Mapping[str, Any]) -> tuple[R, int]:
    """The row as the files say it anew, and whether that made an event."""
    if row is None:
        return await work.add(kind(**values), f"{kind.resource}.added"), 1
    return row, await amend(work, row, memory.news(row, values))


async def amend(work: Work, row: Recorded, changes: Mapping[str, Any]) -> int:
    """Changes the row as one event, where there is anything to change: 1, else 0."""
    if not changes:
        return 0
    taken = await work.take(type(row), row.id)
    taken.assign(changes)
    await work.record(f"{taken.resource}.amended", taken)
    return 1
