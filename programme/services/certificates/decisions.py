"""What all decisions about a certificate share: they are put on record with their number, take effect within bounds, and
the daily pass is told the next day on which it has something to make known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, select

from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.services.moves import within
from programme.tables import AnnualReport, Certificate, CertificateDecision, CertificateRevision
from programme.work import Work

MOST_AHEAD = timedelta(days=366)
"""How far ahead a decision may take effect."""

REQUESTS = ("request_cancellation", "withdraw_cancellation_request", "decline_cancellation")
"""Kinds that stand beside the decisions and change nothing that the certificate says."""


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
) -> CertificateDecision:
    number = await work.session.scalar(select(func.count()).where(CertificateDecision.certificate_id == certificate.id))
    decision = CertificateDecision(
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
    work.session.add(decision)
    await work.session.flush()
    return decision


def put_on_record(work: Work, certificate: Certificate, decision: CertificateDecision) -> None:
    """Keeps what the certificate says from the decision on."""
    work.session.add(
        CertificateRevision(
            organisation_id=certificate.organisation_id,
            certificate_id=certificate.id,
            number=certificate.revision,
            decision=decision.number,
            effective_on=decision.effective_on,
            holder_id=certificate.organisation_id,
            scope=certificate.scope,
            valid_from=certificate.valid_from,
            expires_on=certificate.expires_on,
            service_users=certificate.service_users,
            staff=certificate.staff,
        )
    )


async def within_life(work: Work, certificate: Certificate, day: date) -> None:
    """A decision takes effect on a day of validity, not before one that is in effect, and not too far ahead."""
    within(
        "/effective_on",
        day,
        earliest=[certificate.valid_from, await last_in_effect(work, certificate)],
        latest=[certificate.expires_on, work.today + MOST_AHEAD],
    )


async def last_in_effect(work: Work, certificate: Certificate) -> date | None:
    """The day of the latest decision that has taken effect: none comes in before it afterwards."""
    day: date | None = await work.session.scalar(
        select(func.max(CertificateDecision.effective_on)).where(
            CertificateDecision.certificate_id == certificate.id,
            CertificateDecision.effective_on <= work.today,
            CertificateDecision.kind.not_in(REQUESTS),
        )
    )
    return day


async def reschedule(work: Work, certificate: Certificate, *, told_until: date | None = None) -> None:
    """The next day for the daily pass, after the decisions on record. What it has told is not told again: everything
    before `next_change_on`, or up to today where that lies ahead, or up to `told_until` where it is given."""
    if certificate.expires_on is None:
        return
    pending = certificate.next_change_on
    if told_until is None:
        told_until = min(pending - timedelta(days=1), work.today) if pending else work.today
    course = rules.Course(
        expires_on=certificate.expires_on,
        notice_days=certificate.notice_days,
        ended_on=certificate.ended_on,
        review_by=certificate.review_by,
        ahead=await ahead(work, certificate),
    )
    certificate.next_change_on = rules.next_change(told_until, course)


async def ahead(work: Work, certificate: Certificate) -> list[tuple[str, date]]:
    """The decisions that were taken for a day to come; `queries.daily` says the same."""
    decided = CertificateDecision
    decided_on = cast(func.timezone("Europe/Vilnius", decided.decided_at), Date)
    rows = await work.session.execute(
        select(decided.kind, decided.effective_on).where(
            decided.certificate_id == certificate.id,
            decided.kind.in_(sorted(rules.AHEAD)),
            decided.effective_on > decided_on,
        )
    )
    return [(row.kind, row.effective_on) for row in rows]


async def open_reports(work: Work, certificate: Certificate) -> Sequence[AnnualReport]:
    """What is still owed for the certificate, locked."""
    reports = await work.session.scalars(
        select(AnnualReport)
        .where(AnnualReport.certificate_id == certificate.id, AnnualReport.state.not_in(report_rules.CLOSED))
        .order_by(AnnualReport.sequence)
        .with_for_update(key_share=True)
    )
    return reports.all()
