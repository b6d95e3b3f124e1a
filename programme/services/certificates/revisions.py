"""What a certificate says is decided anew: its scope, its numbers, its last valid day. Each time a new revision of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from programme.errors import FieldError, Invalid
from programme.queries.certificates import CERTIFICATES
from programme.rules import annual_reports as report_rules
from programme.rules.calendar import add_months
from programme.rules.scopes import supplements
from programme.sentences import Sentence
from programme.services.annual_reports import obligation
from programme.services.certificates.decisions import (
    decide,
    last_in_effect,
    open_reports,
    put_on_record,
    reschedule,
)
from programme.services.certificates.grants import audit_of, obligations, policy_on
from programme.services.certificates.periods import claim, give_up, held, keep_apart, places, refuse_overlap
from programme.services.moves import checked_scope, judge, judged, within
from programme.tables import AnnualReport, Certificate, CertificatePeriod
from programme.tables.certificates import spans, spans_before
from programme.work import Work

SCOPE_UNCHANGED = Sentence(lt="Tokia apimtis jau yra.", en="The scope is this one already.")
NOTHING_AMENDED = Sentence(lt="Nurodykite, kas keičiama.", en="Say what changes.")
NOT_RECERTIFIED = Sentence(
    lt="Auditas turi būti atliktas po to, kai prasidėjo pasibaigęs galiojimo laikotarpis.",
    en="The audit has to be one that was carried out since the period began that has run out.",
)


async def revise_scope(
    work: Work,
    certificate_id: UUID,
    *,
    scope: Mapping[str, Any],
    decision_ref: str,
    reason: str | None = None,
    effective_on: date | None = None,
) -> Certificate:
    """Restricts the certificate to less, or supplements it with what it did not cover. Dates and reports stay.

    What is given up is free for another certificate from that day on, what comes in is claimed from it.
    """
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "revise_scope")
    day = effective_on or work.today
    await _in_force_by_today(work, certificate, day)
    before, new = certificate.scope, await checked_scope(work, certificate.organisation_id, scope)
    if new == before:
        raise Invalid(FieldError("/scope", "scope_unchanged", SCOPE_UNCHANGED))
    more = supplements(before, new)
    await _revised(
        work, certificate, "revise_scope", day, {"scope": new}, reason=reason, decision_ref=decision_ref,
        details={"previous_scope": before},
    )  # fmt: skip
    await give_up(work, certificate, places(before) - places(new), on=day)
    await claim(work, certificate, places(new) - places(before), first=day)
    restricted, supplemented = move.events
    await work.record(supplemented if more else restricted, certificate, effective_on=day)
    return certificate


async def amend(
    work: Work,
    certificate_id: UUID,
    *,
    reason: str,
    effective_on: date | None = None,
    decision_ref: str | None = None,
    **changes: Any,
) -> Certificate:
    """New particulars: how many are served and work there. Also of one that has run out, as the register still tells it."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "amend")
    day = effective_on or work.today
    within(
        "/effective_on", day, earliest=[certificate.certified_on, await last_in_effect(work, certificate)],
        latest=[work.today],
    )  # fmt: skip
    if not changes:
        raise Invalid(FieldError("", "nothing_amended", NOTHING_AMENDED))
    before = {f"previous_{name}": getattr(certificate, name) for name in changes}
    await _revised(
        work,
        certificate,
        "amend",
        day,
        changes,
        reason=reason,
        decision_ref=decision_ref,
        details={**changes, **before},
    )
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def extend(
    work: Work,
    certificate_id: UUID,
    *,
    expires_on: date,
    decision_ref: str,
    reason: str | None = None,
    effective_on: date | None = None,
) -> Certificate:
    """Sets a later last valid day, as far as the policy goes beyond the regular one. What is owed is owed as long."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "extend")
    day = effective_on or work.today
    await _in_force_by_today(work, certificate, day)
    before = certificate.expires_on
    if before is None:
        raise ValueError("a draft is not extended")
    facts = await judged(work, CERTIFICATES, certificate.id)
    within("/expires_on", expires_on, earliest=[before + timedelta(days=1)], latest=[facts.extension_until])
    present = held(certificate)
    changes = {
        "expires_on": expires_on,
        "extended_from": certificate.extended_from or before,
        "periods": [*certificate.periods, *spans((before, expires_on))],
    }
    await _revised(
        work, certificate, "extend", day, changes, reason=reason, decision_ref=decision_ref,
        details={"expires_on": expires_on.isoformat(), "previous_expires_on": before.isoformat()},
    )  # fmt: skip
    await refuse_overlap(work, certificate, first=before + timedelta(days=1))
    await work.session.execute(update(CertificatePeriod).where(*present).values(expires_on=expires_on))
    await reschedule(work, certificate)
    for report in await open_reports(work, certificate):
        told = report.next_change_on - timedelta(days=1) if report.next_change_on else work.today
        report.lapses_on = expires_on + timedelta(days=1)
        report.next_change_on = report_rules.next_change(told, obligation(report))
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def restore(
    work: Work,
    certificate_id: UUID,
    *,
    assessment_id: UUID,
    decision_ref: str,
    reason: str | None = None,
    effective_on: date | None = None,
) -> Certificate:
    """Puts an expired certificate in force again after its recertification (ISO/IEC 17021-1, 9.6.3.2.5).

    Its new period begins on the day of the decision and ends where the cycle before goes on: at the last valid day of
    before plus the validity of the version. The days between stay without validity. Reports are owed as in that cycle.
    """
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "restore")
    audit = await audit_of(work, certificate, assessment_id)
    before, began = certificate.expires_on, certificate.valid_from
    if before is None or began is None:
        raise ValueError("a draft is not restored")
    if audit.ended_on is None or audit.ended_on < began or audit.outcome != "met":
        raise Invalid(FieldError("/assessment_id", "unknown_audit", NOT_RECERTIFIED))
    if audit.assessor is not None and audit.assessor == work.actor.client_id:
        await judge(work, CERTIFICATES, certificate.id, "restore", auditor_of_all=True)
    day = effective_on or work.today
    policy = await policy_on(work, certificate.standard_version, work.today)
    if policy is None or policy.validity_months is None:
        raise ValueError("a guard of the move has seen to it")
    last = add_months(before, policy.validity_months)
    within(
        "/effective_on", day,
        earliest=[before + timedelta(days=1), audit.ended_on, await last_in_effect(work, certificate)],
        latest=[work.today, last],
    )  # fmt: skip
    await _tell_the_end(work, certificate, before)
    if certificate.suspended_from is not None and certificate.suspended_to is None:
        certificate.suspensions = spans_before(before + timedelta(days=1), certificate.suspensions)
        certificate.suspended_to = before
    changes = {
        "assessment_id": audit.id,
        "valid_from": day,
        "expires_on": last,
        "extended_from": None,
        "periods": [*certificate.periods, *spans((day, last))],
        "review_by": None,
        "expiring_days": policy.expiring_days,
        "notice_days": list(policy.expiry_notice_days),
    }
    await _revised(
        work, certificate, "restore", day, changes, reason=reason, decision_ref=decision_ref,
        details={"expires_on": last.isoformat(), "previous_expires_on": before.isoformat()},
    )  # fmt: skip
    await keep_apart(work, certificate)
    await reschedule(work, certificate, told_until=work.today)
    await work.record(move.event, certificate, effective_on=day)
    await _oblige_anew(work, certificate, policy, before)
    return certificate


async def _tell_the_end(work: Work, certificate: Certificate, last: date) -> None:
    """The end of the period before, where no pass has told it yet: each has one `certificate.expired`."""
    first_after = last + timedelta(days=1)
    if certificate.next_change_on is not None and certificate.next_change_on <= first_after:
        await work.record("certificate.expired", certificate, effective_on=first_after)


async def _oblige_anew(work: Work, certificate: Certificate, policy: Any, anchor: date) -> None:
    there = await work.session.scalar(select(func.count()).where(AnnualReport.certificate_id == certificate.id))
    for report in obligations(certificate, policy, anchor=anchor, after=there or 0):
        await work.add(report, "annual_report.scheduled", effective_on=certificate.valid_from)


async def _in_force_by_today(work: Work, certificate: Certificate, day: date) -> None:
    """What a certificate says changes on a day of its validity that has come, not before a decision that is in effect."""
    within(
        "/effective_on",
        day,
        earliest=[certificate.valid_from, await last_in_effect(work, certificate)],
        latest=[work.today],
    )


async def _revised(
    work: Work, certificate: Certificate, kind: str, day: date, changes: Mapping[str, Any], **said: Any
) -> None:
    """The decision on record, and with it the certificate as it reads from then on."""
    certificate.assign(changes)
    certificate.revision += 1
    decision = await decide(work, certificate, kind, effective_on=day, **said)
    put_on_record(work, certificate, decision)
