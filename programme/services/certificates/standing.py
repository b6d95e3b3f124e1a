"""What becomes of a certificate in force: suspended, reinstated, ended; each decision on record."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import update

from programme.queries.certificates import CERTIFICATES
from programme.rules.certificates import ReasonCode, Status
from programme.services.certificates.decisions import decide, open_reports, reschedule, within_life
from programme.services.certificates.periods import held
from programme.services.moves import judge, within
from programme.tables import Certificate, CertificatePeriod
from programme.tables.certificates import spans, spans_before
from programme.work import Work


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
    await within_life(work, certificate, day)
    within("/review_by", review_by, earliest=[day, work.today])
    certificate.suspensions = [*certificate.suspensions, *spans((day, None))]
    certificate.suspended_from, certificate.suspended_to, certificate.review_by = day, None, review_by
    await decide(
        work, certificate, "suspend", effective_on=day, reason_code=reason_code, reason=reason,
        decision_ref=decision_ref, details={"review_by": review_by.isoformat()},
    )  # fmt: skip
    await reschedule(work, certificate)
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
    certificate.suspensions = spans_before(day, certificate.suspensions)
    certificate.suspended_to, certificate.review_by = day - timedelta(days=1), None
    await decide(work, certificate, "reinstate", effective_on=day, reason=reason, decision_ref=decision_ref)
    await reschedule(work, certificate)
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
    await within_life(work, certificate, day)
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


async def cancel(
    work: Work,
    certificate_id: UUID,
    *,
    holder_request_ref: str,
    reason: str | None = None,
    effective_on: date | None = None,
    decision_ref: str | None = None,
) -> Certificate:
    """Ends the certificate because its holder asked for it, on paper or by `request_cancellation`."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "cancel")
    day = effective_on or work.today
    await within_life(work, certificate, day)
    await decide(
        work, certificate, "cancel", effective_on=day, reason_code=ReasonCode.HOLDER_REQUEST, reason=reason,
        decision_ref=decision_ref, details={"holder_request_ref": holder_request_ref},
    )  # fmt: skip
    await end(work, certificate, Status.CANCELLED, day)
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def end(work: Work, certificate: Certificate, how: Status, on: date) -> None:
    """A terminal decision, which is on record: its days are given free, and nothing is owed from then on. What the holder
    asked for is answered with it."""
    certificate.ended_as, certificate.ended_on = how, on
    certificate.cancellation_requested_on = certificate.cancellation_wanted_on = None
    await reschedule(work, certificate)
    await work.session.execute(update(CertificatePeriod).where(*held(certificate)).values(ended_on=on))
    for report in await open_reports(work, certificate):
        report.lapses_on = min(on, report.lapses_on) if report.lapses_on else on
        if report.next_change_on is None or report.next_change_on > report.lapses_on:
            report.next_change_on = report.lapses_on
    await work.session.flush()
