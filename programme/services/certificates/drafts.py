"""Certificates to decide on: opening a draft, one that takes another's place, and writing it anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.queries.certificates import CERTIFICATES
from programme.rules import certificates as rules
from programme.rules.certificates import LIFECYCLE, Status
from programme.rules.standards import GRANTED_BY, VersionState, not_in_force
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_VERSION, checked_scope, judge, known_organisation
from programme.tables import (
    Certificate,
    Standard,
    StandardVersion,
)
from programme.work import Work

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
    in_force(version, GRANTED_BY)
    await _check_predecessor(work, predecessor_id, organisation.id, version.standard)
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
    await _check_predecessor(work, changes.get("predecessor_id"), certificate.organisation_id, certificate.standard)
    certificate.assign(changes)
    await work.record("certificate.draft_revised", certificate)
    return certificate


async def renew(
    work: Work,
    certificate_id: UUID,
    *,
    standard_version: str | None = None,
    level: str | None = None,
    scope: Mapping[str, Any] | None = None,
    service_users: int | None = None,
    staff: int | None = None,
) -> Certificate:
    """Opens a draft that is to take the place of the certificate; what is not said is as in that one, which itself stays
    as it is until the draft is granted. By a version that is no longer in force nothing new is audited, so that the
    standard's current one takes its place."""
    certificate = await work.take(Certificate, certificate_id)
    await judge(work, CERTIFICATES, certificate.id, "renew")
    return await open_draft(
        work,
        organisation_id=certificate.organisation_id,
        standard_version=standard_version or await _version_in_force(work, certificate),
        level=level or certificate.level,
        scope=scope or certificate.scope,
        predecessor_id=certificate.id,
        service_users=certificate.service_users if service_users is None else service_users,
        staff=certificate.staff if staff is None else staff,
    )


async def _version_in_force(work: Work, certificate: Certificate) -> str:
    """The certificate's version while it is current, else the one that is and came in force last; where none is, its own,
    by which an audit may have been planned before."""
    version = StandardVersion
    current = await work.session.scalar(
        select(version.code)
        .where(version.standard == certificate.standard, version.state == VersionState.CURRENT)
        .order_by(
            (version.code == certificate.standard_version).desc(),
            version.in_force_from.desc().nulls_last(),
            version.code,
        )
        .limit(1)
    )
    return current or certificate.standard_version


async def _check_predecessor(work: Work, predecessor_id: UUID | None, organisation_id: UUID, standard: str) -> None:
    if predecessor_id is None:
        return
    found = await work.session.get(Certificate, predecessor_id)
    if found is None or (found.organisation_id, found.standard) != (organisation_id, standard) or not found.expires_on:
        raise Invalid(FieldError("/predecessor_id", "unknown_certificate", UNKNOWN_PREDECESSOR))


async def level_of(work: Work, standard_version: str, level: str) -> StandardVersion:
    """The version that a body names, where its standard has the level."""
    version = await work.session.scalar(select(StandardVersion).where(StandardVersion.code == standard_version))
    if version is None:
        raise Invalid(FieldError("/standard_version", "unknown_version", UNKNOWN_VERSION))
    standard = (await work.session.scalars(select(Standard).where(Standard.code == version.standard))).one()
    if level not in {one["code"] for one in standard.levels}:
        raise Invalid(FieldError("/level", "unknown_level", UNKNOWN_LEVEL))
    return version


def in_force(version: StandardVersion, allowed: Collection[str]) -> None:
    """Refuses a body that names a version in whose state nothing new can be done by it."""
    if (reason := not_in_force(version.state, allowed)) is not None:
        raise Invalid(FieldError("/standard_version", reason.code, reason.sentence, reason.facts))


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
