"""Which criterion of one version says something of a criterion of another."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import FOUND_THERE, Recorded, Table, refuses


class CriterionMapping(Recorded, Table):
    """What is met by `from_criterion` is evidence for `to_criterion`; `relation` says how far. Criteria are numbers in
    the versions' trees."""

    __tablename__ = "criterion_mapping"
    resource = "criterion_mapping"
    told: ClassVar = ("from_version", "from_criterion", "to_version", "to_criterion", "relation", "note")
    __table_args__ = (
        UniqueConstraint(
            "from_version",
            "from_criterion",
            "to_version",
            "to_criterion",
            name="uq_criterion_mapping_pair",
            info=refuses(
                "mapping_exists",
                lt="Šių dviejų kriterijų sąsaja jau yra.",
                en="These two criteria are mapped already.",
            ),
        ),
        CheckConstraint("from_version <> to_version", name="two_versions"),
        CheckConstraint("relation in ('equivalent', 'broader', 'narrower', 'related')", name="relation"),
        Index("ix_criterion_mapping_to_version", "to_version", "to_criterion"),
        {"info": FOUND_THERE},
    )

    from_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    from_criterion: Mapped[str]
    to_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    to_criterion: Mapped[str]
    relation: Mapped[str]
    note: Mapped[str | None]
