"""Certificates to decide on: opening a draft and writing it anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.rules import certificates as rules
from programme.rules.certificates import LIFECYCLE, Status
from programme.sentences import Sentence
from programme.services.moves import checked_scope, known_organisation
from programme.tables import (
    Certificate,
    Standard,
    StandardVersion,
)
from programme.work import Work

UNKNOWN_VERSION = Sentence(lt="Tokios standarto versijos nėra.", en="There is no such version of a standard.")

UNKNOWN_LEVEL = Sentence(lt="Šis standartas tokio lygio neturi.", en="The standard has no such level.")

UNKNOWN_PREDECESSOR = Sentence(
    lt="Organizacija tokio ankstesnio šio standarto sertifikato neturi.",
    en="The organisation has no such earlier certificate of this standard.",
)


async def open_draft(
    work: Work,
    *,
    organisation_id: UUID,
    standard_version: str,
    level: str,
    scope: Mapping[str, Any],
    predecessor_id: UUID | None = None,
    service_users: int | None = None,
    staff: int | None = None,
) -> Certificate:
    """A certificate to decide on. `predecessor_id`: the one that it takes the place of when it is granted."""
    organisation = await known_organisation(work, organisation_id)
    version = await level_of(work, standard_version, level)
    if predecessor_id is not None:
        predecessor = await work.session.get(Certificate, predecessor_id)
        if (
            predecessor is None
            or predecessor.organisation_id != organisation.id
            or predecessor.standard != version.standard
            or predecessor.expires_on is None
        ):
            raise Invalid(FieldError("/predecessor_id", "unknown_certificate", UNKNOWN_PREDECESSOR))
    certificate = Certificate(
        organisation_id=organisation.id,
        standard=version.standard,
        standard_version=version.code,
        level=level,
        scope=await checked_scope(work, organisation.id, scope),
        predecessor_id=predecessor_id,
        service_users=service_users,
        staff=staff,
    )
    return await work.add(certificate, "certificate.drafted")


async def revise_draft(work: Work, certificate_id: UUID, **changes: Any) -> Certificate:
    """What is written in a draft may change until it is decided on."""
    certificate = await work.take(Certificate, certificate_id)
    LIFECYCLE.require(rules.status(work.today, decisions(certificate)), Status.DRAFT)
    if "scope" in changes:
        changes["scope"] = await checked_scope(
            work, certificate.organisation_id, changes["scope"], over=certificate.scope
        )
    if "level" in changes:
        await level_of(work, certificate.standard_version, changes["level"])
    for name, value in changes.items():
        setattr(certificate, name, value)
    await work.record("certificate.draft_revised", certificate)
    return certificate


async def level_of(work: Work, standard_version: str, level: str) -> StandardVersion:
    """The version that a body names, where its standard has the level."""
    version = await work.session.scalar(select(StandardVersion).where(StandardVersion.code == standard_version))
    if version is None:
        raise Invalid(FieldError("/standard_version", "unknown_version", UNKNOWN_VERSION))
    standard = (await work.session.scalars(select(Standard).where(Standard.code == version.standard))).one()
    if level not in {one["code"] for one in standard.levels}:
        raise Invalid(FieldError("/level", "unknown_level", UNKNOWN_LEVEL))
    return version


def decisions(certificate: Certificate) -> rules.Decisions:
    """What was decided about the certificate, as the rules take it."""
    return rules.Decisions(
        periods=[rules.Span(*_days(one)) for one in certificate.periods],
        suspensions=[rules.Span(*_days(one)) for one in certificate.suspensions],
        ended_as=Status(certificate.ended_as) if certificate.ended_as else None,
        ended_on=certificate.ended_on,
        expiring_days=certificate.expiring_days,
    )


def _days(one: Any) -> tuple[date, date | None]:
    return one.lower, one.upper - timedelta(days=1) if one.upper else None
