"""Standards as data: levels, versions with their principles and criteria, and policies with the day they begin."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from programme.rules.ratings import PLAIN_SCALE
from programme.tables.base import FOUND_THERE, Recorded, Table, refuses

PLAIN = text("'" + json.dumps(PLAIN_SCALE) + "'")
"""The scale of a version that says nothing of it."""


class Standard(Recorded, Table):
    """A quality standard, addressed by its code. `levels`: [{code, name{lt,en}, rank}]."""

    __tablename__ = "standard"
    resource = "standard"
    told: ClassVar = (
        "code", "name", "owner", "national_licence_holder", "reference_pattern", "levels", "marks",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint(
            "code",
            info=refuses("code_in_use", lt="Toks standarto kodas jau yra.", en="This standard code is already in use."),
        ),
        {"info": FOUND_THERE},
    )

    code: Mapped[str]
    name: Mapped[dict[str, Any]]
    owner: Mapped[dict[str, Any] | None]
    national_licence_holder: Mapped[dict[str, Any] | None]
    reference_pattern: Mapped[str | None]
    levels: Mapped[list[dict[str, Any]]]
    marks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB(), server_default=text("'[]'"))


class StandardVersion(Recorded, Table):
    """One edition of a standard. `principles`: [{number, code, name, description, criteria: [{number, title, text}]}].

    The tree is one value, because it is written, read and frozen as one. `in_force_from`, `in_force_to`: first and
    last day on which certificates of this version are granted, as far as they are known. `scale`: what levels of ratings
    mean, {lowest, highest, perspectives: [{number, name}]}; it is part of the tree.
    """

    __tablename__ = "standard_version"
    resource = "standard_version"
    told: ClassVar = (
        "standard", "code", "state", "in_force_from", "in_force_to", "node_kind", "counts", "display_type",
        "criteria_official", "principles", "scale",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint(
            "code",
            info=refuses("code_in_use", lt="Toks versijos kodas jau yra.", en="This version code is already in use."),
        ),
        CheckConstraint("state in ('announced', 'draft', 'current', 'retired')", name="state"),
        Index("ix_standard_version_standard", "standard"),
        {"info": FOUND_THERE},
    )

    standard: Mapped[str] = mapped_column(ForeignKey("standard.code"))
    code: Mapped[str]
    state: Mapped[str]
    in_force_from: Mapped[date | None]
    in_force_to: Mapped[date | None]
    node_kind: Mapped[str]
    counts: Mapped[dict[str, Any]]
    display_type: Mapped[dict[str, Any]]
    criteria_official: Mapped[bool]
    principles: Mapped[list[dict[str, Any]]]
    scale: Mapped[dict[str, Any]] = mapped_column(server_default=PLAIN)


class Policy(Recorded, Table):
    """What a version's owner decides, from a day on. A later policy never rewrites what an earlier one computed.

    `validity_months` null: not known, so nothing is granted. `pass_rules`: level code → {type, …}; a level without a
    rule is not granted. Days count back from the date that they belong to. `extension_months`, `restoration_months`: how
    far beyond its regular end a certificate may be extended, and until how long after its end it may be restored; null:
    not at all. `decision_quorum`: how many of a committee have to vote on a grant; null: one awarder decides.
    """

    __tablename__ = "policy"
    resource = "policy"
    told: ClassVar = (
        "standard_version", "effective_from", "validity_months", "annual_reports_at_months", "report_opens_days",
        "report_due_soon_days", "report_grace_days", "report_extension_days", "expiring_days", "expiry_notice_days",
        "renewal_opens_days", "extension_months", "restoration_months", "decision_quorum", "pass_rules",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint(
            "standard_version",
            "effective_from",
            info=refuses(
                "policy_day_in_use",
                lt="Nuo šios dienos versijos taisyklės jau nustatytos.",
                en="The version already has a policy from this day.",
            ),
        ),
        CheckConstraint("validity_months between 1 and 120", name="validity_months"),
        CheckConstraint("decision_quorum >= 1", name="decision_quorum"),
        {"info": FOUND_THERE},
    )

    standard_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    effective_from: Mapped[date]
    validity_months: Mapped[int | None]
    annual_reports_at_months: Mapped[list[int]]
    report_opens_days: Mapped[int]
    report_due_soon_days: Mapped[int]
    report_grace_days: Mapped[int]
    report_extension_days: Mapped[int] = mapped_column(server_default=text("60"))
    expiring_days: Mapped[int]
    expiry_notice_days: Mapped[list[int]]
    renewal_opens_days: Mapped[int] = mapped_column(server_default=text("365"))
    extension_months: Mapped[int | None]
    restoration_months: Mapped[int | None]
    decision_quorum: Mapped[int | None]
    pass_rules: Mapped[dict[str, Any]]


class Municipality(Table):
    """One of the 60 municipalities, by ISO 3166-2:LT code."""

    __tablename__ = "municipality"
    __table_args__ = {"info": FOUND_THERE}

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[dict[str, Any]]
    kind: Mapped[str]
    county: Mapped[str]


class ServiceType(Table):
    """A kind of social service. `authorisation`: which statutory regime applies; `spis`: its code there, if known."""

    __tablename__ = "service_type"
    __table_args__ = {"info": FOUND_THERE}

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[dict[str, Any]]
    group: Mapped[str]
    authorisation: Mapped[str | None]
    spis: Mapped[str | None]
