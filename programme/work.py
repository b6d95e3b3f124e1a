"""One unit of work: who acts, at what moment, inside which transaction.

`begin` is the only place that opens a transaction for writing and the only one that ends it. Everything done in the
block, the events it records included, is kept together or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from programme.database import Connection, Database, is_passing
from programme.errors import Conflict, NotFound, OutcomeUnknown, Stale
from programme.lending import READ
from programme.rules import calendar
from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from programme.rules.sight import SEES, Sees, Sight
from programme.tables import PROGRAMME, Dated, Event, Recorded, refusal_of

R = TypeVar("R", bound=Recorded)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a client with its role, or the system itself. `organisation_id`: to whom a provider's client belongs.
    `scopes`: the permissions that it is bound to; none: all of its role."""

    type: str
    id: str
    role: Role
    organisation_id: UUID | None = None
    scopes: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        return may(self.role, permission, self.scopes)

    @property
    def client_id(self) -> UUID | None:
        return UUID(self.id) if self.type == "client" else None

    @property
    def sees(self) -> Sees:
        return Sees.NOBODY if self is NOBODY else SEES[self.role]


NOBODY = Actor("nobody", "nobody", Role.PUBLIC)
"""Stands for a caller of whom it is not known yet who they are."""
SYSTEM = Actor("system", "system", Role.WORKER)
WORKER = Actor("worker", "daily", Role.WORKER)
JOBS = Actor("worker", "jobs", Role.WORKER)


_ENTER = """
select now(), organisations, today, case when $4::uuid is null then set_config('app.now', $5, true) end
  from enter_world($1, $2, $3, $4)
"""
"""In the world of a clock, `enter_world` sets its moment too."""


@dataclass
class Work:
    """`now`: the moment by the programme's clock (the transaction's start, or `KOKYBE_TODAY`).

    `sight`: which rows the actor may know of. `expected_version`: the version that the caller means to change; the first
    row taken must have it. `clock`: the test clock in whose world this happens; none: the programme.
    """

    session: AsyncSession
    actor: Actor
    sight: Sight
    now: datetime
    request_id: str | None = None
    expected_version: int | None = None
    keeps: bool = True
    clock: UUID | None = None
    _before: dict[Recorded, dict[str, Any]] = field(default_factory=dict)
    _told: list[dict[str, Any]] = field(default_factory=list)

    async def connection(self) -> Connection:
        """The bare connection inside this transaction, with all changes so far on it: for statements of `queries`."""
        await self.session.flush()
        return await _bare(self.session)

    @asynccontextmanager
    async def inside(self, clock: UUID) -> AsyncIterator[Connection]:
        """The bare connection in the world of a test clock up to the end of the block. What the work tells, it tells
        where it began."""
        connection, actor = await self.connection(), self.actor
        now = await connection.fetchval("select current_setting('app.now')")
        who = (actor.sees, actor.client_id, actor.organisation_id)
        await connection.execute(_ENTER, *who, clock, now)
        yield connection
        await connection.execute(_ENTER, *who, self.clock, now)

    @cached_property
    def today(self) -> date:
        """The calendar day in Lithuania, which is what deadlines are counted in."""
        return calendar.today(self.now)

    async def take(self, kind: type[R], key: UUID, *, whose: UUID | None = None) -> R:
        """The row, locked against other changes, at the version that the caller expects.

        What the actor cannot see is not there. `whose`: the organisation that the address names besides; the row is
        looked for nowhere else.
        """
        row = await self.session.get(kind, key, with_for_update={"key_share": True}, populate_existing=True)
        if row is None or whose not in (None, row.belongs_to) or not row.known_to(self.sight):
            raise NotFound
        if self.expected_version is not None:
            if row.version != self.expected_version:
                raise Stale
            self.expected_version = None
        return self.watch(row)

    def watch(self, row: R) -> R:
        """Remembers the row as it is now, so that `record` can tell what changed. Rows that were not taken need it."""
        self._before[row] = _told(row)
        return row

    async def add(self, row: R, event: str, *, effective_on: date | None = None) -> R:
        """Puts a new row in and tells all of it as its first event."""
        self.session.add(row)
        if isinstance(row, Dated) and not row.first_holds_always:
            row.holds_from = effective_on or self.today
        await self.session.flush()
        self._tell(event, row, self._before[self.watch(row)], {}, effective_on)
        return row

    async def record(self, event: str, row: Recorded, *, effective_on: date | None = None) -> None:
        """Keeps what was changed on the row since it was taken, watched or last recorded, and tells it as one event."""
        before = self._before[row]
        row.version += 1
        if isinstance(row, Dated):
            row.holds_from = effective_on or self.today
        await self.session.flush()
        after = self._before[self.watch(row)]
        changed = [name for name, value in after.items() if value != before[name]]
        self._tell(
            event, row, {name: after[name] for name in changed}, {name: before[name] for name in changed}, effective_on
        )

    async def remove(self, row: Recorded, event: str) -> None:
        """Takes out a row that was taken, and tells it as its last event: each field is null from now on."""
        before = self._before.pop(row)
        row.version += 1
        await self.session.delete(row)
        await self.session.flush()
        self._tell(event, row, dict.fromkeys(before), before, None)

    def _tell(
        self, event: str, row: Recorded, data: dict[str, Any], previous: dict[str, Any], effective_on: date | None
    ) -> None:
        self._told.append(
            {
                "type": event,
                "occurred_at": self.now,
                "effective_on": effective_on or self.today,
                "actor_type": self.actor.type,
                "actor_id": self.actor.id,
                "request_id": self.request_id,
                "organisation_id": row.belongs_to,
                "resource_type": row.resource,
                "resource_id": row.id,
                "resource_version": row.version,
                "data": data,
                "previous": previous,
            }
        )

    async def write_events(self) -> None:
        """Writes what was told, at the end of the work: each event locks its organisation's chain, and that comes
        last and in ascending order, so that no two works wait for one another (docs/decisions/0018)."""
        if self._told:
            self._told.sort(key=lambda event: event["organisation_id"] or PROGRAMME)
            await self.session.execute(insert(Event), self._told)


@asynccontextmanager
async def begin(
    database: Database,
    actor: Actor = SYSTEM,
    *,
    now: datetime | None = None,
    clock: UUID | None = None,
    request_id: str | None = None,
    expected_version: int | None = None,
) -> AsyncIterator[Work]:
    """A transaction that ends with the block: kept where it ends well (and `work.keeps`), else rolled back.

    The transaction starts by telling PostgreSQL what the actor may see, which is nothing while nobody is known. The
    clock is the database's transaction time, read once; `now` or `KOKYBE_TODAY` stands in for it, also in PostgreSQL
    (`recorded_at()`). `clock`: in the world of this test clock, where it is noon of its day; `NotFound` where there is
    none, or none any more.
    A constraint that stops the work is a `Conflict` in the constraint's own words.
    """
    async with database.sessions() as session:
        try:
            await session.begin()
            connection = await session.connection()
            fixed = now or database.fixed_now
            entered = await connection.exec_driver_sql(
                _ENTER,
                (actor.sees, actor.client_id, actor.organisation_id, clock, fixed.isoformat() if fixed else ""),
            )
            row = entered.one()
            moment = moment_in(clock, row.today) or fixed or row.now
            sight = Sight(actor.role, actor.client_id, frozenset(row.organisations))
            work = Work(session, actor, sight, moment.astimezone(UTC), request_id, expected_version, clock=clock)
            yield work
            if work.keeps:
                await session.flush()
                await work.write_events()
                await _commit(session)
            else:
                await session.execute(text("set constraints all immediate"))
                await session.rollback()
        except IntegrityError as error:
            await _give_up(session)
            name = getattr(getattr(error, "driver_exception", None), "constraint_name", None)
            if (reason := refusal_of(name)) is None:
                raise
            raise Conflict(reason.sentence, code=reason.code) from error
        except BaseException:
            await _give_up(session)
            raise


def moment_in(clock: UUID | None, today: date | None) -> datetime | None:
    """The moment by a test clock, which `enter_world` told its day of; None in the programme."""
    if clock is None:
        return None
    if today is None:
        raise NotFound
    return calendar.noon_in_vilnius(today)


@asynccontextmanager
async def looking(database: Database) -> AsyncIterator[Connection]:
    """A connection on which the system itself sees everything and changes nothing."""
    async with database.reading(READ) as connection:
        await connection.execute("select from enter_world($1, null, null)", Sees.EVERYTHING)
        yield connection


async def _commit(session: AsyncSession) -> None:
    """The database's own no (a deferred constraint, another writer preferred) means that nothing was kept; anything
    else that passes leaves it open."""
    try:
        await session.commit()
    except Exception as error:
        cause = getattr(error, "driver_exception", None)
        if is_passing(error) and not isinstance(cause, asyncpg.TransactionRollbackError):
            raise OutcomeUnknown from error
        raise


async def _give_up(session: AsyncSession) -> None:
    """Where the connection is lost, so is the transaction, and what there is to tell is why, not that."""
    with suppress(DBAPIError, asyncpg.InterfaceError, OSError):
        await session.rollback()


async def _bare(session: AsyncSession) -> Connection:
    return (await (await session.connection()).get_raw_connection()).driver_connection


def _told(row: Recorded) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in row.told}


def _plain(value: Any) -> Any:
    """A column's value as JSON has it: days and moments in ISO 8601, moments with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return value
