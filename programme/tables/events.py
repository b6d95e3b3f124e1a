"""What happened, in order: history, feed and outbox are this one table, each organisation's part of it a chain that
nobody can bend unseen; and the record of the daily runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from programme.tables.base import EVERY_WORLD, Table

PROGRAMME = UUID(int=0)
"""Stands for the organisation of events that are about none."""


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which puts events in an order that no late commit disturbs."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Event(Table):
    """One change of one resource, written in the transaction that made it and never altered.

    `occurred_at`: the moment of recording; `effective_on`: the legal day. `data`: the new values of the public fields
    that changed, `previous`: the same fields before. `resource_version`: 1, 2, 3… of the resource without a gap.

    `era`, `xact`, `seq`: the order of the feed. Numbers of transactions grow within one cluster of PostgreSQL only; where
    a dump was restored into another, `kokybe migrate` begins a new era, which stands in the column's default.

    `n` and `hash` are given by a trigger as the row comes in: its place in its chain, and the hash of the place before
    together with all the other columns. Another trigger refuses every UPDATE, DELETE and TRUNCATE.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_feed", "era", "xact", "seq"),
        Index("ix_event_feed_of_organisation", "organisation_id", "era", "xact", "seq"),
        Index(
            "ix_event_former_holder",
            text("((previous ->> 'organisation_id')::uuid)"),
            postgresql_where=text("previous ->> 'organisation_id' is not null"),
        ),
        UniqueConstraint("resource_id", "resource_version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    era: Mapped[int] = mapped_column(server_default=text("1"))
    xact: Mapped[int] = mapped_column(XID8(), server_default=text("pg_current_xact_id()"))
    seq: Mapped[int] = mapped_column(BIGINT(), Identity(always=True))
    type: Mapped[str]
    occurred_at: Mapped[datetime]
    effective_on: Mapped[date]
    actor_type: Mapped[str]
    actor_id: Mapped[str]
    request_id: Mapped[str | None]
    organisation_id: Mapped[UUID | None]
    resource_type: Mapped[str]
    resource_id: Mapped[UUID]
    resource_version: Mapped[int]
    data: Mapped[dict[str, Any]]
    previous: Mapped[dict[str, Any]]
    n: Mapped[int] = mapped_column(BIGINT())
    hash: Mapped[bytes] = mapped_column(LargeBinary())


class EventEra(Table):
    """A time in which all events came from one cluster, so that the numbers of its transactions put them in order."""

    __tablename__ = "event_era"
    __table_args__ = {"info": EVERY_WORLD}

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    system_identifier: Mapped[int] = mapped_column(BIGINT())
    began_at: Mapped[datetime]


class EventChain(Table):
    """The last event of each organisation's chain, or with a nil UUID of the programme's, which is of no organisation.

    Only the trigger writes it. A row is locked from its event to the end of the transaction, and so is the last thing
    that a transaction locks; several of them are locked in ascending order.
    """

    __tablename__ = "event_chain"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BIGINT())
    hash: Mapped[bytes] = mapped_column(LargeBinary())


class Heartbeat(Table):
    """When a worker last gave a sign of life, and when one last came through the queue."""

    __tablename__ = "heartbeat"
    __table_args__ = {"info": EVERY_WORLD}

    kind: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class JobRun(Table):
    """One day's run of a job. `counts`: changes made known by event type, raised in the transaction of each batch, so
    that a run that was killed and taken up again counts each change once."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    duration_ms: Mapped[int | None]
