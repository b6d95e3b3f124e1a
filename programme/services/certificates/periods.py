"""Which organisation holds which days, for which service at which place: what no two certificates of one standard share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, select, tuple_, update

from programme.errors import Conflict
from programme.tables import Certificate, CertificatePeriod, Organisation, refusal_of
from programme.tables.certificates import NOWHERE
from programme.work import Work

WHOLE = "*"
"""Stands for a period's service where the scope names none."""

Place = tuple[str, UUID]


def places(scope: Mapping[str, Any]) -> set[Place]:
    """Each service at each site that the scope covers, as periods are kept."""
    return set(product(scope["services"] or [WHOLE], [UUID(site) for site in scope["sites"]] or [NOWHERE]))


def held(certificate: Certificate) -> tuple[ColumnElement[bool], ...]:
    """The certificate's rows that hold days of its present period: not those of a period before, nor of places that it
    has given up."""
    period = CertificatePeriod
    return (
        period.certificate_id == certificate.id,
        period.expires_on == certificate.expires_on,
        period.ended_on.is_(None),
    )


async def keep_apart(work: Work, certificate: Certificate) -> None:
    """Claims the days of the certificate's period for all that its scope covers; refused where another one holds some."""
    if certificate.valid_from is None:
        raise ValueError("a draft holds no days")
    await claim(work, certificate, places(certificate.scope), first=certificate.valid_from)


async def claim(work: Work, certificate: Certificate, wanted: Iterable[Place], *, first: date) -> None:
    """Claims the days from `first` to the last valid one."""
    await refuse_overlap(work, certificate, first=first)
    work.session.add_all(
        CertificatePeriod(
            organisation_id=certificate.organisation_id,
            certificate_id=certificate.id,
            standard=certificate.standard,
            service=service,
            site=site,
            valid_from=first,
            expires_on=certificate.expires_on,
        )
        for service, site in sorted(wanted)
    )
    await work.session.flush()


async def give_up(work: Work, certificate: Certificate, left: Iterable[Place], *, on: date) -> None:
    """Gives places free from the day on."""
    gone = list(left)
    if gone:
        there = tuple_(CertificatePeriod.service, CertificatePeriod.site).in_(gone)
        await work.session.execute(update(CertificatePeriod).where(*held(certificate), there).values(ended_on=on))


async def begin_anew(work: Work, certificate: Certificate, *, on: date) -> None:
    """Lets all the days before `on` go, so that the certificate's rows can move to another organisation: what that one held
    then was its own."""
    of_the_present = and_(*held(certificate))
    period = CertificatePeriod
    await work.session.execute(
        update(period)
        .where(period.certificate_id == certificate.id)
        .values(
            valid_from=case((of_the_present, on), else_=period.valid_from),
            ended_on=case((of_the_present, None), else_=period.valid_from),
        )
    )


async def refuse_overlap(work: Work, certificate: Certificate, *, first: date) -> None:
    """Refused where another certificate of the organisation holds some of the days from `first` on.

    The constraint decides between equal services and sites. A whole organisation against one of its sites or services
    cannot be said there, so it is looked for under the lock of the organisation's row.
    """
    await work.session.execute(
        select(Organisation.id).where(Organisation.id == certificate.organisation_id).with_for_update(key_share=True)
    )
    wanted = places(certificate.scope)
    services, sites = {service for service, _ in wanted}, {site for _, site in wanted}
    period = CertificatePeriod
    others: list[ColumnElement[bool]] = [
        period.organisation_id == certificate.organisation_id,
        period.certificate_id != certificate.id,
        period.standard == certificate.standard,
        period.effective.op("&&")(func.daterange(first, certificate.expires_on, "[]")),
    ]
    if services != {WHOLE}:
        others.append(period.service.in_([*services, WHOLE]))
    if sites != {NOWHERE}:
        others.append(period.site.in_([*sites, NOWHERE]))
    if await work.session.scalar(select(exists().where(and_(*others)))):
        refusal = refusal_of("ex_certificate_period_overlap")
        if refusal is None:
            raise LookupError("ex_certificate_period_overlap")
        raise Conflict(refusal.sentence, code=refusal.code)
