"""What becomes of a certificate in force: suspended, reinstated, ended; each decision on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from programme.queries.certificates import CERTIFICATES
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.rules.certificates import ReasonCode, Status
from programme.services.moves import judge, within
from programme.tables import (
    AnnualReport,
    Certificate,
    CertificateDecision,
    CertificatePeriod,
)
from programme.tables.certificates import spans
from programme.work import Work

MOST_AHEAD = timedelta(days=366)
"""How far ahead a decision may take effect."""


async def suspend(
    work: Work,
    certificate_id: UUID,
    *,
    reason_code: ReasonCode,
    reason: str,
    review_by: date,
    effective_on: date | None = None,
    decision_ref: str | None = None,
) -> Certificate:
    """Takes the certificate out of force for a while; `review_by` is the last day to decide what follows.

    Days left run on: a suspension changes neither the last valid day nor what is owed.
    """
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "suspend")
    day = effective_on or work.today
    await _within_life(work, certificate, day)
    within("/review_by", review_by, earliest=[day])
    certificate.suspensions = [*certificate.suspensions, *spans((day, None))]
    certificate.suspended_from, certificate.suspended_to, certificate.review_by = day, None, review_by
    await decide(
        work, certificate, "suspend", effective_on=day, reason_code=reason_code, reason=reason,
        decision_ref=decision_ref, details={"review_by": review_by.isoformat()},
    )  # fmt: skip
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def reinstate(
    work: Work, certificate_id: UUID, *, reason: str, effective_on: date | None = None, decision_ref: str | None = None
) -> Certificate:
    """The cause of a suspension is resolved: in force again from `effective_on`, with its dates unchanged."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "reinstate")
    day = effective_on or work.today
    within("/effective_on", day, earliest=[certificate.suspended_from], latest=[certificate.expires_on, work.today])
    first, until = certificate.suspended_from or day, day - timedelta(days=1)
    certificate.suspensions = [*certificate.suspensions[:-1], *(spans((first, until)) if first <= until else [])]
    certificate.suspended_to, certificate.review_by = until, None
    await decide(work, certificate, "reinstate", effective_on=day, reason=reason, decision_ref=decision_ref)
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def withdraw(
    work: Work,
    certificate_id: UUID,
    *,
    reason_code: ReasonCode,
    reason: str,
    effective_on: date | None = None,
    decision_ref: str | None = None,
) -> Certificate:
    """Ends the certificate for good, from `effective_on` on; a day ahead takes effect by itself."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "withdraw")
    day = effective_on or work.today
    await _within_life(work, certificate, day)
    await decide(
        work,
        certificate,
        "withdraw",
        effective_on=day,
        reason_code=reason_code,
        reason=reason,
        decision_ref=decision_ref,
    )
    await end(work, certificate, Status.WITHDRAWN, day)
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def _within_life(work: Work, certificate: Certificate, day: date) -> None:
    """A decision takes effect on a day of validity, not before an earlier decision did."""
    decided = await work.session.scalar(
        select(func.max(CertificateDecision.effective_on)).where(CertificateDecision.certificate_id == certificate.id)
    )
    within(
        "/effective_on",
        day,
        earliest=[certificate.valid_from, decided],
        latest=[certificate.expires_on, work.today + MOST_AHEAD],
    )


async def end(work: Work, certificate: Certificate, how: Status, on: date) -> None:
    """A terminal decision: its days are given free, and nothing is owed from then on."""
    certificate.ended_as, certificate.ended_on = how, on
    if certificate.expires_on is not None and certificate.next_change_on is not None:
        certificate.next_change_on = rules.next_change(
            certificate.next_change_on - timedelta(days=1), certificate.expires_on, certificate.notice_days, on
        )
    await work.session.execute(
        update(CertificatePeriod).where(CertificatePeriod.certificate_id == certificate.id).values(ended_on=on)
    )
    reports = await work.session.scalars(
        select(AnnualReport)
        .where(AnnualReport.certificate_id == certificate.id, AnnualReport.state.not_in(report_rules.CLOSED))
        .order_by(AnnualReport.sequence)
        .with_for_update(key_share=True)
    )
    for report in reports:
        report.lapses_on = min(on, report.lapses_on) if report.lapses_on else on
        if report.next_change_on is None or report.next_change_on > report.lapses_on:
            report.next_change_on = report.lapses_on
    await work.session.flush()


async def decide(
    work: Work,
    certificate: Certificate,
    kind: str,
    *,
    effective_on: date,
    reason_code: str | None = None,
    reason: str | None = None,
    decision_ref: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    number = await work.session.scalar(select(func.count()).where(CertificateDecision.certificate_id == certificate.id))
    work.session.add(
        CertificateDecision(
            organisation_id=certificate.organisation_id,
            certificate_id=certificate.id,
            number=(number or 0) + 1,
            kind=kind,
            effective_on=effective_on,
            decided_at=work.now,
            decided_by=work.actor.client_id,
            reason_code=reason_code,
            reason=reason,
            decision_ref=decision_ref,
            details=dict(details or {}),
        )
    )
