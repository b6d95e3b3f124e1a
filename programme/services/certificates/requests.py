"""What a holder asks for: that its certificate be cancelled. It is kept and shown until somebody decides."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from programme.queries.certificates import CERTIFICATES
from programme.services.certificates.decisions import MOST_AHEAD, decide
from programme.services.moves import judge, within
from programme.tables import Certificate
from programme.work import Work


async def request_cancellation(
    work: Work,
    certificate_id: UUID,
    *,
    reason: str,
    effective_on: date | None = None,
    holder_request_ref: str | None = None,
) -> Certificate:
    """The holder asks for cancellation from `effective_on` on. Nothing ends by it: `cancel` decides, on a day of its own."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "request_cancellation")
    wanted = effective_on or work.today
    within("/effective_on", wanted, earliest=[work.today], latest=[certificate.expires_on, work.today + MOST_AHEAD])
    certificate.cancellation_requested_on, certificate.cancellation_wanted_on = work.today, wanted
    details = {"wanted_on": wanted.isoformat()}
    if holder_request_ref:
        details["holder_request_ref"] = holder_request_ref
    await decide(work, certificate, "request_cancellation", effective_on=work.today, reason=reason, details=details)
    await work.record(move.event, certificate)
    return certificate


async def withdraw_cancellation_request(work: Work, certificate_id: UUID, *, reason: str | None = None) -> Certificate:
    """The holder takes the request back."""
    return await _answered(work, certificate_id, "withdraw_cancellation_request", reason)


async def decline_cancellation(
    work: Work, certificate_id: UUID, *, reason: str, decision_ref: str | None = None
) -> Certificate:
    """The request is not met, and why; the holder may ask again."""
    return await _answered(work, certificate_id, "decline_cancellation", reason, decision_ref)


async def _answered(
    work: Work, certificate_id: UUID, how: str, reason: str | None, decision_ref: str | None = None
) -> Certificate:
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, how)
    certificate.cancellation_requested_on = certificate.cancellation_wanted_on = None
    await decide(work, certificate, how, effective_on=work.today, reason=reason, decision_ref=decision_ref)
    await work.record(move.event, certificate)
    return certificate
