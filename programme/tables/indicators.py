"""Result indicators: what an organisation measures itself by. What it reported of them stands in its submissions."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Recorded, Table, refuses


class Indicator(Recorded, Table):
    """One indicator of one organisation. `target`: the defined result, as it is now; each submission keeps the one that
    held for it. `principle`, `criterion`: what of a version of a standard it bears on, if anything."""

    __tablename__ = "indicator"
    resource = "indicator"
    told: ClassVar = (
        "organisation_id", "name", "unit", "direction", "target", "standard_version", "principle", "criterion", "state",
        "retired_on",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        CheckConstraint("direction in ('higher', 'lower')", name="direction"),
        CheckConstraint("(state = 'retired') = (retired_on is not null)", name="retired"),
        CheckConstraint("principle is null or standard_version is not null", name="principle_of_a_version"),
        CheckConstraint("criterion is null or principle is not null", name="criterion_of_a_principle"),
        Index(
            "uq_indicator_active_name",
            "organisation_id",
            text("(name ->> 'lt')"),
            unique=True,
            postgresql_where=text("state = 'active'"),
            info=refuses(
                "indicator_name_in_use",
                lt="Organizacija jau stebi rodiklį tokiu pavadinimu.",
                en="The organisation already has an active indicator of this name.",
            ),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[dict[str, Any]]
    unit: Mapped[str]
    direction: Mapped[str]
    target: Mapped[float | None]
    standard_version: Mapped[str | None] = mapped_column(ForeignKey("standard_version.code"))
    principle: Mapped[int | None]
    criterion: Mapped[str | None]
    state: Mapped[str]
    retired_on: Mapped[date | None]
