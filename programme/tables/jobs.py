"""Work that takes longer than a request: rows are the queue, and a lease says who works on which."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import EVERY_WORLD, Table


class Job(Table):
    """`asked`: what it was asked, for whoever does it. `done` of `total`: how far it is. `result` and `error`: what came
    of it. `tries`: beginnings since it last came further. `lease`: the token of who works on it, good until
    `leased_until`: every step is bound to it, so that a worker that was given up keeps nothing any more.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("(state in ('done', 'failed')) = (finished_at is not null)", name="finished"),
        CheckConstraint("(state = 'failed') = (error is not null)", name="failed"),
        CheckConstraint(
            "(state = 'running') = (lease is not null) and (lease is null) = (leased_until is null)", name="leased"
        ),
        CheckConstraint("done between 0 and total", name="progress"),
        Index("ix_job_open", "id", postgresql_where=text("state in ('queued', 'running')")),
        Index("ix_job_test_clock_id", "test_clock_id"),
        {"info": EVERY_WORLD},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    asked: Mapped[dict[str, Any]]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    test_clock_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_clock.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
