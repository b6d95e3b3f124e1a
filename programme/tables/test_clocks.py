"""Test clocks, each with a world of its own beside the programme, and which rows were born in which of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import EVERY_WORLD, Recorded, Table


class TestClock(Recorded, Table):
    """A clock that stands still until somebody advances it. Its world is the schema `sandbox_schema(id)`.

    `started_on`: the day that it was set to when it was opened; `today`: the day in its world, which during an advance
    runs on to `advancing_to` and is told by no event of its own.
    """

    __tablename__ = "test_clock"
    __test__ = False  # no test, whatever pytest makes of the name
    resource = "test_clock"
    told: ClassVar = ("name", "started_on", "advancing_to", "ended_at")
    __table_args__ = (
        CheckConstraint("today >= started_on", name="forward"),
        CheckConstraint("advancing_to is null or ended_at is null", name="at_rest_when_ended"),
        {"info": EVERY_WORLD},
    )

    name: Mapped[str]
    started_on: Mapped[date]
    today: Mapped[date]
    advancing_to: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]


class SandboxRow(Table):
    """In which clock's world a row was born; a trigger there writes it. By it a change that names the row finds its
    world."""

    __tablename__ = "sandbox_row"
    __table_args__ = (Index("ix_sandbox_row_test_clock_id", "test_clock_id"), {"info": EVERY_WORLD})

    id: Mapped[UUID] = mapped_column(primary_key=True, autoincrement=False)
    test_clock_id: Mapped[UUID] = mapped_column(ForeignKey("test_clock.id"))
