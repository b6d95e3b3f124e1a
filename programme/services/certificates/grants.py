"""Deciding on a draft: granting with all that follows from it, and refusing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, select

from programme.errors import Conflict, FieldError, Invalid, NotAllowed
from programme.queries.certificates import CERTIFICATES
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.rules.annual_reports import Obligation
from programme.rules.certificates import Status
from programme.rules.lifecycle import REFUSED
from programme.sentences import Sentence
from programme.services.certificates.standing import MOST_AHEAD, decide, end
from programme.services.moves import judge, within
from programme.tables import (
    AnnualReport,
    Assessment,
    Certificate,
    CertificatePeriod,
    Organisation,
    Policy,
    Standard,
    refusal_of,
)
from programme.tables.certificates import NOWHERE, spans
from programme.work import Work

WHOLE = "*"
"""Stands for a period's service where the scope names none."""

UNKNOWN_AUDIT = Sentence(
    lt="Tai nėra šios apimties ir versijos užbaigtas išorės auditas.",
    en="This is not a finalised external audit of this scope and version.",
)

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
    audit = await work.session.get(Assessment, assessment_id)
    if (
        audit is None
        or (audit.organisation_id, audit.standard_version)
        != (certificate.organisation_id, certificate.standard_version)
        or (audit.kind, audit.state) != ("external_audit", "finalised")
        or (audit.level, audit.scope) != (certificate.level, certificate.scope)
    ):
        raise Invalid(FieldError("/assessment_id", "unknown_audit", UNKNOWN_AUDIT))
    if audit.assessor is not None and audit.assessor == work.actor.client_id:
        await judge(work, CERTIFICATES, certificate.id, "grant", auditor_of_all=True)
    if audit.outcome != "met" and override_reason is None:
        raise NotAllowed(REFUSED, reasons=[rules.AUDIT_NOT_PASSED])
    within("/certified_on", certified_on, earliest=[audit.ended_on], latest=[work.today + MOST_AHEAD])
    await _check_reference(work, certificate.standard, reference)
    policy = await policy_on(work, certificate.standard_version, certified_on)
    if policy is None or policy.validity_months is None:
        raise NotAllowed(REFUSED, reasons=[rules.VALIDITY_UNKNOWN])
    await put_in_force(work, certificate, reference, certified_on, policy)
    certificate.assessment_id = audit.id
    await decide(
        work, certificate, "grant", effective_on=certified_on, decision_ref=decision_ref,
        details={"override_reason": override_reason} if override_reason else {},
    )  # fmt: skip
    if certificate.predecessor_id is not None:
        await _supersede(work, certificate.predecessor_id, certified_on, decision_ref)
    await keep_apart(work, certificate)
    await work.record(move.event, certificate, effective_on=certified_on)
    for report in obligations(certificate, policy):
        await work.add(report, "annual_report.scheduled", effective_on=certified_on)
    return certificate


async def refuse(
    work: Work, certificate_id: UUID, *, reason: str, effective_on: date | None = None, decision_ref: str | None = None
) -> Certificate:
    """The decision that the scope does not meet the version. It stays on record."""
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "refuse")
    day = effective_on or work.today
    within("/effective_on", day, latest=[work.today])
    await decide(work, certificate, "refuse", effective_on=day, reason=reason, decision_ref=decision_ref)
    certificate.ended_as, certificate.ended_on = Status.REFUSED, day
    await work.record(move.event, certificate, effective_on=day)
    return certificate


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
    certificate.next_change_on = rules.next_change(None, certificate.expires_on, certificate.notice_days)


def obligations(certificate: Certificate, policy: Policy) -> list[AnnualReport]:
    """The reports that the holder owes, each due so many months after the certification date."""
    if certificate.certified_on is None or certificate.expires_on is None:
        raise ValueError("a draft obliges nobody")
    reports = []
    for sequence, due_on in enumerate(
        report_rules.due_dates(certificate.certified_on, policy.annual_reports_at_months), start=1
    ):
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
                lapses_on=owed.lapses_on,
                next_change_on=report_rules.next_change(None, owed),
            )
        )
    return reports


async def keep_apart(work: Work, certificate: Certificate) -> None:
    """Claims the certificate's days for its services and sites; refused where another one holds some of them.

    The constraint decides between equal services and sites. A whole organisation against one of its sites or
    services cannot be said there, so it is looked for under the lock of the organisation's row.
    """
    await work.session.execute(
        select(Organisation.id).where(Organisation.id == certificate.organisation_id).with_for_update(key_share=True)
    )
    services = certificate.scope["services"] or [WHOLE]
    sites = [UUID(site) for site in certificate.scope["sites"]] or [NOWHERE]
    period = CertificatePeriod
    held: list[ColumnElement[bool]] = [
        period.organisation_id == certificate.organisation_id,
        period.standard == certificate.standard,
        period.effective.op("&&")(func.daterange(certificate.valid_from, certificate.expires_on, "[]")),
    ]
    if services != [WHOLE]:
        held.append(period.service.in_([*services, WHOLE]))
    if sites != [NOWHERE]:
        held.append(period.site.in_([*sites, NOWHERE]))
    if await work.session.scalar(select(exists().where(and_(*held)))):
        refusal = refusal_of("ex_certificate_period_overlap")
        if refusal is None:
            raise LookupError("ex_certificate_period_overlap")
        raise Conflict(refusal.sentence, code=refusal.code)
    work.session.add_all(
        CertificatePeriod(
            organisation_id=certificate.organisation_id,
            certificate_id=certificate.id,
            standard=certificate.standard,
            service=service,
            site=site,
            valid_from=certificate.valid_from,
            expires_on=certificate.expires_on,
        )
        for service in services
        for site in sites
    )
    await work.session.flush()


async def _supersede(work: Work, predecessor_id: UUID, on: date, decision_ref: str) -> None:
    """A predecessor that is still alive, or has run out, gives way on the successor's first valid day."""
    predecessor = await work.take(Certificate, predecessor_id)
    if predecessor.ended_as is not None:
        return
    await decide(work, predecessor, "supersede", effective_on=on, decision_ref=decision_ref)
    await end(work, predecessor, Status.SUPERSEDED, on)
    await work.record("certificate.superseded", predecessor, effective_on=on)
