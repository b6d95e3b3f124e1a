"""Deciding on a draft: granting with all that follows from it, and refusing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import exists, select

from programme.errors import FieldError, Invalid
from programme.queries.certificates import CERTIFICATES
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.rules.annual_reports import Obligation
from programme.rules.certificates import Status
from programme.sentences import Sentence
from programme.services.certificates.decisions import MOST_AHEAD, decide, put_on_record, reschedule
from programme.services.certificates.periods import keep_apart
from programme.services.certificates.standing import end
from programme.services.moves import judge, within
from programme.tables import (
    AnnualReport,
    Assessment,
    Certificate,
    Policy,
    Standard,
    StandardVersion,
)
from programme.tables.certificates import spans
from programme.work import Work

UNKNOWN_AUDIT = Sentence(
    lt="Tai nėra šios apimties ir versijos užbaigtas išorės auditas, kuriuo dar nepagrįstas joks sertifikatas.",
    en="This is not a finalised external audit of this scope and version on which no certificate rests yet.",
)

NOT_SET_THEN = Sentence(
    lt="Tą dieną dar nebuvo nustatyta, kiek laiko galioja šios versijos sertifikatas.",
    en="On that day it was not set yet how long a certificate of this version is valid.",
)

UNKNOWN_MARK = Sentence(lt="Šis standartas tokio ženklo neturi.", en="The standard has no such mark.")

BAD_REFERENCE = Sentence(
    lt="Numeris neatitinka šio standarto numerių pavidalo.", en="The reference is not of this standard's form."
)


async def grant(
    work: Work,
    certificate_id: UUID,
    *,
    certified_on: date,
    reference: str,
    assessment_id: UUID,
    decision_ref: str,
    override_reason: str | None = None,
) -> Certificate:
    """The decision that the scope meets the version. Computes the last valid day, creates the obligations to report,
    and supersedes the predecessor from the first valid day on."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "grant", override=override_reason is not None)
    audit = await audit_of(work, certificate, assessment_id)
    if audit.assessor is not None and audit.assessor == work.actor.client_id:
        await judge(work, CERTIFICATES, certificate.id, "grant", auditor_of_all=True)
    if audit.outcome != "met" and override_reason is None:
        raise Invalid(rules.AUDIT_NOT_PASSED.at("/assessment_id"))
    predecessor = await _predecessor(work, certificate)
    version = (
        await work.session.scalars(select(StandardVersion).where(StandardVersion.code == certificate.standard_version))
    ).one()
    within(
        "/certified_on",
        certified_on,
        earliest=[audit.ended_on, version.in_force_from, predecessor.valid_from if predecessor else None],
        latest=[work.today + MOST_AHEAD, version.in_force_to],
    )
    await _check_reference(work, certificate.standard, reference)
    policy = await policy_on(work, certificate.standard_version, certified_on)
    if policy is None or policy.validity_months is None:
        raise Invalid(FieldError("/certified_on", rules.VALIDITY_UNKNOWN.code, NOT_SET_THEN))
    await put_in_force(work, certificate, reference, certified_on, policy)
    certificate.assessment_id = audit.id
    decision = await decide(
        work, certificate, "grant", effective_on=certified_on, decision_ref=decision_ref,
        details={"override_reason": override_reason} if override_reason else {},
    )  # fmt: skip
    put_on_record(work, certificate, decision)
    if certified_on > work.today:
        await reschedule(work, certificate, told_until=work.today)
    if predecessor is not None:
        await _supersede(work, predecessor, certificate, decision_ref)
    await keep_apart(work, certificate)
    await work.record(move.event, certificate, effective_on=certified_on)
    for report in obligations(certificate, policy):
        await work.add(report, "annual_report.scheduled", effective_on=certified_on)
    return certificate


async def refuse(
    work: Work,
    certificate_id: UUID,
    *,
    reason: str,
    effective_on: date | None = None,
    decision_ref: str | None = None,
    mark: str | None = None,
) -> Certificate:
    """The decision that the scope does not meet the version. It stays on record. `mark`: one that the standard's owner
    gives to whoever does not reach a level, such as COMMITTED of EQUASS."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "refuse")
    day = effective_on or work.today
    within("/effective_on", day, latest=[work.today])
    if mark is not None:
        await _check_mark(work, certificate.standard, mark)
    await decide(
        work, certificate, "refuse", effective_on=day, reason=reason, decision_ref=decision_ref,
        details={"mark": mark} if mark else {},
    )  # fmt: skip
    certificate.ended_as, certificate.ended_on, certificate.mark = Status.REFUSED, day, mark
    await work.record(move.event, certificate, effective_on=day)
    return certificate


async def audit_of(work: Work, certificate: Certificate, assessment_id: UUID) -> Assessment:
    """The audit that a body names, where it can carry a decision on the certificate."""
    audit = await work.session.get(Assessment, assessment_id)
    used = select(exists().where(Certificate.assessment_id == assessment_id))
    if (
        audit is None
        or (audit.organisation_id, audit.standard_version)
        != (certificate.organisation_id, certificate.standard_version)
        or (audit.kind, audit.state) != ("external_audit", "finalised")
        or (audit.level, audit.scope) != (certificate.level, certificate.scope)
        or await work.session.scalar(used)
    ):
        raise Invalid(FieldError("/assessment_id", "unknown_audit", UNKNOWN_AUDIT))
    return audit


async def policy_on(work: Work, standard_version: str, day: date) -> Policy | None:
    """What the version's owner had decided by the day."""
    return await work.session.scalar(
        select(Policy)
        .where(Policy.standard_version == standard_version, Policy.effective_from <= day)
        .order_by(Policy.effective_from.desc())
        .limit(1)
    )


async def _check_reference(work: Work, standard: str, reference: str) -> None:
    form = await work.session.scalar(select(Standard.reference_pattern).where(Standard.code == standard))
    if form is not None and not re.fullmatch(form, reference, re.ASCII):
        raise Invalid(FieldError("/reference", "reference_malformed", BAD_REFERENCE))


async def _check_mark(work: Work, standard: str, mark: str) -> None:
    marks = await work.session.scalar(select(Standard.marks).where(Standard.code == standard))
    if mark not in {one["code"] for one in marks or () if not one["is_certificate"]}:
        raise Invalid(FieldError("/mark", "unknown_mark", UNKNOWN_MARK))


async def put_in_force(
    work: Work,
    certificate: Certificate,
    reference: str | None,
    certified_on: date,
    policy: Policy,
    *,
    last: date | None = None,
) -> None:
    """Writes the first period and what the policy of the day says about it."""
    if policy.validity_months is None and last is None:
        raise ValueError("a certificate without validity cannot be put in force")
    certificate.reference = reference
    certificate.certified_on = certificate.valid_from = certified_on
    certificate.expires_on = last or rules.last_valid_day(certified_on, policy.validity_months or 0)
    certificate.periods = spans((certified_on, certificate.expires_on))
    certificate.expiring_days = policy.expiring_days
    certificate.notice_days = list(policy.expiry_notice_days)
    certificate.next_change_on = rules.next_change(None, rules.Course(certificate.expires_on, certificate.notice_days))


def obligations(
    certificate: Certificate, policy: Policy, *, anchor: date | None = None, after: int = 0
) -> list[AnnualReport]:
    """The reports that the holder owes, each due so many months after the certification date, or after the `anchor` of a
    later cycle; `after`: how many there are already."""
    anchor = anchor or certificate.certified_on
    if anchor is None or certificate.expires_on is None:
        raise ValueError("a draft obliges nobody")
    reports = []
    for sequence, due_on in enumerate(report_rules.due_dates(anchor, policy.annual_reports_at_months), start=after + 1):
        owed = Obligation(
            opens_on=due_on - timedelta(days=policy.report_opens_days),
            due_on=due_on,
            due_soon_days=policy.report_due_soon_days,
            grace_days=policy.report_grace_days,
            lapses_on=certificate.expires_on + timedelta(days=1),
        )
        reports.append(
            AnnualReport(
                organisation_id=certificate.organisation_id,
                certificate_id=certificate.id,
                sequence=sequence,
                opens_on=owed.opens_on,
                due_on=owed.due_on,
                state=owed.state,
                due_soon_days=owed.due_soon_days,
                grace_days=owed.grace_days,
                extension_days=policy.report_extension_days,
                extensions=[],
                lapses_on=owed.lapses_on,
                next_change_on=report_rules.next_change(None, owed),
            )
        )
    return reports


async def _predecessor(work: Work, certificate: Certificate) -> Certificate | None:
    if certificate.predecessor_id is None:
        return None
    return await work.take(Certificate, certificate.predecessor_id)


async def _supersede(work: Work, predecessor: Certificate, successor: Certificate, decision_ref: str) -> None:
    """A predecessor that is still alive, or has run out, gives way on the successor's first valid day. The days between
    an end and that day stay what they were: nothing covers them."""
    on = successor.valid_from
    if predecessor.ended_as is not None or on is None:
        return
    await decide(
        work, predecessor, "supersede", effective_on=on, decision_ref=decision_ref,
        details={"certificate_id": str(successor.id)},
    )  # fmt: skip
    await end(work, predecessor, Status.SUPERSEDED, on)
    await work.record("certificate.superseded", predecessor, effective_on=on)
