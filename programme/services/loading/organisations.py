"""The organisations with their certificates and enrolments of before, and whatever else is known of their past.

What the file states becomes a record where a record can carry it; the rest is kept as a known fact. Nothing is
invented: a year is no certification date, and a standard without a known validity makes no certificate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, update

from programme.rules import annual_reports as report_rules
from programme.rules import certificates as certificate_rules
from programme.rules import enrolments as enrolment_rules
from programme.rules.annual_reports import State, VoidReason
from programme.rules.calendar import noon_in_vilnius
from programme.rules.certificates import Source
from programme.rules.projects import StrandKind
from programme.services import organisations
from programme.services.annual_reports import obligation
from programme.services.certificates import decide, keep_apart, obligations, policy_on, put_in_force, put_on_record
from programme.services.loading.files import BrokenFile, mistake
from programme.services.loading.keeping import LOADING, Memory, amend
from programme.services.loading.providers import FILE, STANDARD, Agreement, Provider
from programme.tables import (
    AnnualReport,
    Certificate,
    Enrolment,
    Event,
    KnownFact,
    Organisation,
    Policy,
    Project,
    Strand,
)
from programme.work import Work

SYSTEM = "programme"
"""The system of `external_ids` under which an organisation keeps the key of its entry."""

VERSION, LEVEL = "EQUASS-2018", "ASSURANCE"
"""What certificates of before were given by. Of another standard no level is known, so an entry that names one makes
no certificate."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What earlier loadings made, found by who they made it for: a certificate may have another holder since."""

    organisations: dict[str, Organisation]
    certificates: dict[UUID, Certificate]
    enrolments: dict[tuple[UUID, UUID], Enrolment]
    facts: dict[UUID, list[KnownFact]]
    memory: Memory

    @classmethod
    async def of(cls, work: Work) -> _Before:
        known = await work.session.scalars(
            select(Organisation)
            .where(Organisation.external_ids.contains([{"system": SYSTEM}]))
            .order_by(Organisation.id)
        )
        organisations = {one["value"]: row for row in known for one in row.external_ids if one["system"] == SYSTEM}
        made = await work.session.execute(
            select(Event.resource_id, Event.organisation_id, Event.data["strand_id"].astext).where(
                Event.actor_type == LOADING.type,
                Event.actor_id == LOADING.id,
                Event.type.in_(["certificate.imported", "enrolment.imported"]),
            )
        )
        holders = {resource: (holder, strand and UUID(strand)) for resource, holder, strand in made}
        certificates = list(await work.session.scalars(select(Certificate).where(Certificate.id.in_(holders))))
        enrolments = list(await work.session.scalars(select(Enrolment).where(Enrolment.id.in_(holders))))
        facts: dict[UUID, list[KnownFact]] = {}
        for fact in await work.session.scalars(select(KnownFact)):
            facts.setdefault(fact.organisation_id, []).append(fact)
        return cls(
            organisations,
            {holders[row.id][0]: row for row in certificates},
            {holders[row.id]: row for row in enrolments},
            facts,
            await Memory.of(work, [*organisations.values(), *certificates, *enrolments]),
        )


async def keep_organisations(work: Work, providers: list[Provider]) -> Counter[str]:
    """Brings the tables to what the file says anew. Counts the records that its entries have, and `new_or_changed`."""
    before = await _Before.of(work)
    strands = {
        (project, strand.code): strand
        for strand, project in await work.session.execute(
            select(Strand, Project.code).join(Project, Project.id == Strand.project_id)
        )
    }
    tally = Counter(dict.fromkeys(("organisations", "certificates", "enrolments", "new_or_changed"), 0))
    for provider in providers:
        organisation, touched = await _keep_organisation(work, before, provider)
        certified, new = await _keep_certificate(work, before, organisation, provider)
        touched += new
        for agreement in provider.agreements:
            strand = strands[agreement.project, agreement.strand]
            touched += await _keep_enrolment(work, before, organisation, provider, agreement, strand)
        touched += await _keep_facts(work, before, organisation, provider, certified=certified)
        tally.update(
            organisations=1, certificates=certified, enrolments=len(provider.agreements), new_or_changed=touched
        )
    return tally


async def _keep_organisation(work: Work, before: _Before, provider: Provider) -> tuple[Organisation, int]:
    row = before.organisations.get(provider.key)
    if row is None:
        external_ids = [{"system": SYSTEM, "value": provider.key}]
        row = Organisation(**provider.values, external_ids=external_ids, source="import")
        return await work.add(row, "organisation.imported"), 1
    changes = before.memory.news(row, provider.values)
    if not changes:
        return row, 0
    return await organisations.amend(work, row.id, **changes), 1


async def _keep_certificate(
    work: Work, before: _Before, organisation: Organisation, provider: Provider
) -> tuple[bool, int]:
    """Whether the entry has a certificate, and whether that is new or changed."""
    row = before.certificates.get(organisation.id)
    if row is not None:
        _refuse_other_decision(before.memory, row, provider)
        return True, await amend(work, row, before.memory.news(row, provider.particulars))
    if provider.certified_on is None or provider.standard != STANDARD:
        return False, 0
    policy = await policy_on(work, VERSION, provider.certified_on)
    if policy is None or (policy.validity_months is None and provider.expires_on is None):
        return False, 0
    await _bring_in(work, organisation, provider, provider.certified_on, policy)
    return True, 1


def _refuse_other_decision(memory: Memory, row: Certificate, provider: Provider) -> None:
    """What was decided is not rewritten by a later file: other days or services need a decision."""
    decided = {"certified_on": provider.certified_on, "scope": provider.scope}
    if provider.expires_on is not None:
        decided["expires_on"] = provider.expires_on
    if other := memory.told_otherwise(row, decided):
        raise BrokenFile(
            [
                mistake(
                    FILE,
                    f"{provider.values['name']}, {name}",
                    "jau įkelto sertifikato dienos ir apimtis keičiamos sprendimu, ne įkėlimu.",
                    "days and scope of a certificate that is already loaded change by a decision, not by loading.",
                )
                for name in other
            ]
        )


async def _bring_in(
    work: Work, organisation: Organisation, provider: Provider, certified_on: date, policy: Policy
) -> None:
    """A certificate of before, decided elsewhere: no audit here, and nothing raised that was past already."""
    certificate = Certificate(
        organisation_id=organisation.id,
        standard=STANDARD,
        standard_version=VERSION,
        level=LEVEL,
        scope=provider.scope,
        source=Source.IMPORT,
        service_users=provider.particulars["service_users"],
        staff=provider.particulars["staff"],
    )
    reference = provider.particulars["reference"]
    await put_in_force(work, certificate, reference, certified_on, policy, last=provider.expires_on)
    expires_on = provider.expires_on or certificate_rules.last_valid_day(certified_on, policy.validity_months or 0)
    certificate.next_change_on = certificate_rules.next_change_of_import(
        work.today, certificate_rules.Course(expires_on, certificate.notice_days)
    )
    await work.add(certificate, "certificate.imported", effective_on=certified_on)
    put_on_record(work, certificate, await decide(work, certificate, "import", effective_on=certified_on))
    await keep_apart(work, certificate)
    for report in obligations(certificate, policy):
        await _bring_report_in(work, report, provider.submitted.get(report.sequence))


async def _bring_report_in(work: Work, report: AnnualReport, submitted_on: date | None) -> None:
    """What was owed before the import is void, unless it is known when it was handed in. Such a report is submitted,
    without the text, which is not here; where the certificate has ended since, the daily pass says so of it as of any
    open report. What falls due later is owed here, and of its window what is not past yet will be made known."""
    if submitted_on is not None:
        await work.add(report, "annual_report.imported")
        report.state = State.SUBMITTED
        report.first_submitted_at = report.submitted_at = noon_in_vilnius(submitted_on)
        report.first_submitted_on = submitted_on
        report.next_change_on = report_rules.next_change(None, obligation(report))
        await work.record("annual_report.submitted", report, effective_on=submitted_on)
    elif report.due_on < work.today:
        report.state, report.void_reason, report.next_change_on = State.VOID, VoidReason.IMPORTED, None
        await work.add(report, "annual_report.imported")
    else:
        report.next_change_on = report_rules.next_change(work.today - timedelta(days=1), obligation(report))
        await work.add(report, "annual_report.scheduled")


async def _keep_enrolment(
    work: Work, before: _Before, organisation: Organisation, provider: Provider, agreement: Agreement, strand: Strand
) -> int:
    """An agreement of before. Taking part led to what it was for where the organisation was certified afterwards."""
    values = {
        "scope": provider.scope,
        "agreement_number": agreement.number,
        "signed_on": agreement.signed_on,
    }
    row = before.enrolments.get((organisation.id, strand.id))
    if row is not None:
        return await amend(work, row, before.memory.news(row, values))
    enrolment = Enrolment(
        organisation_id=organisation.id,
        project_id=strand.project_id,
        strand_id=strand.id,
        state=enrolment_rules.State.ACTIVE,
        stages=enrolment_rules.new_stages(strand.stages),
        next_change_on=work.today,
        source=enrolment_rules.Source.IMPORT,
        **values,
    )
    taken = update(Strand).where(Strand.id == strand.id).values(places_taken=Strand.places_taken + 1)
    await work.session.execute(taken.execution_options(synchronize_session=False))
    await work.add(enrolment, "enrolment.imported", effective_on=agreement.signed_on)
    if provider.certified_on is not None and provider.certified_on >= agreement.signed_on:
        maintained = strand.kind == StrandKind.MAINTENANCE
        enrolment.state, enrolment.next_change_on = enrolment_rules.State.COMPLETED, None
        enrolment.outcome = enrolment_rules.Outcome.MAINTAINED if maintained else enrolment_rules.Outcome.CERTIFIED
        enrolment.ended_on = provider.certified_on
        await work.record("enrolment.completed", enrolment, effective_on=provider.certified_on)
    return 1


async def _keep_facts(
    work: Work, before: _Before, organisation: Organisation, provider: Provider, *, certified: bool
) -> int:
    """What no record carries. The facts of an entry are the file's alone, so those that it no longer says go."""
    wanted = {(fact.kind, fact.happened): fact.details for fact in provider.facts}
    if provider.certified_on is not None and not certified:
        day = provider.certified_on.isoformat()
        wanted["certified", day] = {"certified_on": day, "standard": provider.standard}
    if not certified and not provider.agreements:
        told = {name: value for name, value in (provider.scope | provider.particulars).items() if value}
        if told:
            wanted["scope", None] = told
    touched = 0
    for row in before.facts.get(organisation.id, []):
        details = wanted.pop((row.kind, row.happened), None)
        if details is None:
            await work.session.delete(row)
        elif (row.details, row.confidence) != (details, provider.confidence):
            row.details, row.confidence = details, provider.confidence
        else:
            continue
        touched += 1
    work.session.add_all(
        KnownFact(
            organisation_id=organisation.id,
            kind=kind,
            happened=happened,
            details=details,
            confidence=provider.confidence,
        )
        for (kind, happened), details in wanted.items()
    )
    await work.session.flush()
    return touched + len(wanted)
