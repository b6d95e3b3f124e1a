"""Auditors: for which standards and days they are licensed, and whom they advised, which keeps them from auditing them."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from programme.tables.base import FOUND_THERE, Recorded, Table, refuses


class Auditor(Recorded, Table):
    """What is known of a client whose role is auditor, one record for each."""

    __tablename__ = "auditor"
    resource = "auditor"
    told: ClassVar = ("client_id", "licences", "advised")
    __table_args__ = (
        UniqueConstraint(
            "client_id",
            info=refuses(
                "auditor_already_entered",
                lt="Šio auditoriaus įrašas jau yra.",
                en="There is a record of this auditor already.",
            ),
        ),
        {"info": FOUND_THERE},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))

    licensed: Mapped[list[AuditorLicence]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="(AuditorLicence.standard, AuditorLicence.valid_from)"
    )
    advice: Mapped[list[AuditorAdvice]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AuditorAdvice.organisation_id"
    )

    @property
    def licences(self) -> list[dict[str, Any]]:
        return [
            {
                "standard": one.standard,
                "valid_from": one.valid_from.isoformat(),
                "valid_until": one.valid_until.isoformat(),
            }
            for one in sorted(self.licensed, key=lambda one: (one.standard, one.valid_from))
        ]

    @property
    def advised(self) -> list[dict[str, Any]]:
        return [
            {"organisation_id": str(one.organisation_id), "until_on": one.until_on.isoformat()}
            for one in sorted(self.advice, key=lambda one: one.organisation_id)
        ]


class AuditorLicence(Table):
    """The right to audit against a standard, from its first to its last day."""

    __tablename__ = "auditor_licence"
    __table_args__ = (
        CheckConstraint(
            "valid_until >= valid_from",
            name="period",
            info=refuses(
                "licence_ends_before_start",
                lt="Licencija negali baigtis anksčiau, negu prasideda.",
                en="A licence cannot end before it starts.",
            ),
        ),
        {"info": FOUND_THERE},
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("auditor.client_id"), primary_key=True)
    standard: Mapped[str] = mapped_column(ForeignKey("standard.code"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_until: Mapped[date]


class AuditorAdvice(Table):
    """Advice that an auditor gave to an organisation; `until_on`: its last day, perhaps ahead."""

    __tablename__ = "auditor_advice"
    __table_args__ = (Index("ix_auditor_advice_organisation_id", "organisation_id"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("auditor.client_id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    until_on: Mapped[date]
