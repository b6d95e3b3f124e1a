"""Files that were brought in, each with a report on every row, staged until somebody commits or discards it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Recorded, Table


class Import(Recorded, Table):
    """`compared_with`: the version's own version when its tree was held against the file. `counts`: rows by status.
    `missing`: criteria that the file says nothing of. `sha256`: of the file, which itself is not kept."""

    __tablename__ = "import"
    resource = "import"
    told: ClassVar = (
        "kind", "standard_version", "compared_with", "file_name", "format", "sha256", "counts", "missing", "state",
        "staged_at", "staged_by", "committed_at",
    )  # fmt: skip
    __table_args__ = (
        CheckConstraint("kind in ('criteria')", name="kind"),
        CheckConstraint("state in ('staged', 'committed', 'discarded')", name="state"),
        CheckConstraint("(state = 'committed') = (committed_at is not null)", name="committed"),
        Index("ix_import_staged_at", "staged_at", "id"),
    )

    kind: Mapped[str]
    standard_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    compared_with: Mapped[int]
    file_name: Mapped[str | None]
    format: Mapped[str]
    sha256: Mapped[str]
    counts: Mapped[dict[str, Any]]
    missing: Mapped[list[str]]
    state: Mapped[str]
    staged_at: Mapped[datetime]
    staged_by: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    committed_at: Mapped[datetime | None]


class ImportRow(Table):
    """One entry of the file, as it was read, and what it would do. `place`: the row of the sheet or entry of the list.
    `changes`: [{field, before, after}]; `errors`: [{pointer, code, message{lt,en}}]."""

    __tablename__ = "import_row"
    __table_args__ = (
        UniqueConstraint("import_id", "place"),
        CheckConstraint("status in ('new', 'changed', 'same', 'unknown', 'error')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    import_id: Mapped[UUID] = mapped_column(ForeignKey("import.id"))
    place: Mapped[int]
    status: Mapped[str]
    number: Mapped[str | None]
    title: Mapped[dict[str, Any] | None]
    text: Mapped[dict[str, Any] | None]
    changes: Mapped[list[dict[str, Any]]]
    errors: Mapped[list[dict[str, Any]]]
