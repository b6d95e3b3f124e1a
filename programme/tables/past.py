"""What rows were before each change: what the service knew at an earlier moment, and what held on an earlier day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Table


class PastVersion(Table):
    """One row of the table `resource` as it stood before a change; only the trigger `keep_past` writes it.

    `known_from` to `known_until` (the latter excluded): while it was the last that was known. `holds_from`: the first
    day of which it tells, where that can differ from the days before; `holds_until`: that of what came next. Of a row's
    versions, the one to see at a moment on a day is the latest known by then whose day had come. `organisation_id`:
    to whom the row belonged then.
    """

    __tablename__ = "past_version"
    __table_args__ = (
        Index("ix_past_version_known", "resource", "known_until"),
        Index("ix_past_version_holds", "resource", "holds_until", postgresql_where=text("holds_until is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BIGINT(), Identity(always=True), primary_key=True)
    resource: Mapped[str]
    organisation_id: Mapped[UUID]
    known_from: Mapped[datetime]
    known_until: Mapped[datetime]
    holds_from: Mapped[date | None]
    holds_until: Mapped[date | None]
    kept: Mapped[dict[str, Any]]
