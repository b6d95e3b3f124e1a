"""An organisation with one of everything, made by the services' own verbs as far as a test can wait for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.services import clients
from programme.tables import (
    AnnualReport,
    AnnualReportDraft,
    AnnualReportReview,
    AnnualReportSubmission,
    Assessment,
    AssessmentSubmission,
    CertificateDecision,
    CertificateRevision,
    CertificateVote,
    ComplianceCase,
    Contact,
    Enrolment,
    Event,
    Finding,
    Indicator,
    KnownFact,
    Project,
    Rating,
    Site,
    StandardVersion,
    Strand,
    SupportActivity,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from tests.made import a_certificate
from tests.world import World

DAY = date(2026, 11, 2)


@dataclass(frozen=True, slots=True)
class Full:
    """The ids of what an organisation has, by the names that addresses give them. `draft_id`: an external audit that
    was not handed in; `assessment_id`: one that was; `finding_id`: a finding of that one."""

    organisation_id: UUID
    site_id: UUID
    contact_id: UUID
    enrolment_id: UUID
    assessment_id: UUID
    draft_id: UUID
    own_id: UUID
    finding_id: UUID
    certificate_id: UUID
    annual_report_id: UUID
    case_id: UUID
    indicator_id: UUID
    activity_id: UUID
    client_id: UUID
    key_id: str
    event_id: UUID
    endpoint_id: UUID
    delivery_id: UUID
    reference: str

    def address(self, path: str) -> str:
        """The path with these ids, and what is the same for all in the place of the rest."""
        known = {name: str(getattr(self, name)) for name in self.__slots__} | SHARED
        return path.format(**known)


SHARED = {
    "criterion": "1.1", "code": "staff_training_2_days", "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
    "standard": "EQUASS", "version": "EQUASS-2018", "principle": "1", "auditor_id": str(UUID(int=7)),
    "import_id": str(UUID(int=10)), "mapping_id": str(UUID(int=11)),
    "test_clock_id": str(UUID(int=8)), "job_id": str(UUID(int=9)),
}  # fmt: skip


async def a_full_organisation(world: World, reference: str, *, assessor: UUID | None, reviewer: UUID | None) -> Full:
    """One of everything. `assessor` carries out its audits."""
    made = await a_certificate(world.database, "2025-12-01", reference=reference, clock=world.clock)
    holder = made.organisation
    async with world.at_work() as work:
        version = (
            await work.session.scalars(select(StandardVersion).where(StandardVersion.code == "EQUASS-2018"))
        ).one()
        strand = await work.session.scalar(select(Strand).where(Strand.code == SHARED["strand"]))
        if strand is None:
            project = await work.add(
                Project(code=SHARED["project"], name={"lt": "Kokybė", "en": "Quality"}, kind="funded", partners=[],
                        targets={}, requirements=[]),
                "project.added",
            )  # fmt: skip
            strand = await work.add(
                Strand(project_id=project.id, code=SHARED["strand"], standard="EQUASS", kind="implementation",
                       stages=[SHARED["code"]], places_taken=0),
                "strand.added",
            )  # fmt: skip

        def assessment(kind: str, state: str, **more: Any) -> Assessment:
            return Assessment(
                organisation_id=holder, kind=kind, standard="EQUASS", standard_version="EQUASS-2018", level="ASSURANCE",
                scope=SCOPE, catalogue=version.principles, state=state, planned_on=DAY, started_on=DAY, **more,
            )  # fmt: skip

        site = await work.add(
            Site(organisation_id=holder, name=f"Namai {reference}", address="Ąžuolyno g. 3", municipality="LT-57"),
            "site.opened",
        )
        contact = await work.add(
            Contact(organisation_id=holder, name="Ona Pavyzdė", email="ona@namai.example.lt", telephone="+370 600 00000",
                    purpose="ryšiams", legal_basis="BDAR 6 str. 1 d. e p.", retain_until_on=date(2029, 12, 31)),
            "contact.added",
        )  # fmt: skip
        enrolment = await work.add(
            Enrolment(organisation_id=holder, project_id=strand.project_id, strand_id=strand.id, scope=SCOPE,
                      state="submitted", declared_on=DAY, source="entry",
                      stages=[{"code": SHARED["code"], "planned_on": None, "started_on": None, "done_on": None}]),
            "enrolment.drafted",
        )  # fmt: skip
        own = await work.add(assessment("self_assessment", "in_progress"), "assessment.planned")
        draft = await work.add(assessment("external_audit", "in_progress", assessor=assessor), "assessment.planned")
        handed_in = await work.add(
            assessment("external_audit", "submitted", assessor=assessor, reviewer=reviewer, ended_on=DAY, revision=1),
            "assessment.planned",
        )
        for one in (own, draft, handed_in):
            await work.add(
                Rating(organisation_id=holder, assessment_id=one.id, principle=1, criterion="1.1", rating="met",
                       comment=f"{reference} {one.kind}", evidence=[], recorded_at=work.now),
                "rating.recorded",
            )  # fmt: skip
        work.session.add(
            AssessmentSubmission(organisation_id=holder, assessment_id=handed_in.id, revision=1, submitted_at=work.now,
                                 ended_on=DAY, ratings=[{"criterion": "1.1", "rating": "met", "level": None, "levels": [],
                                                         "comment": f"{reference} {handed_in.kind}", "evidence": []}])
        )  # fmt: skip
        found = [
            await work.add(
                Finding(organisation_id=holder, assessment_id=one.id, principle=1, criterion="1.1", severity="minor",
                        statement=f"{reference} {one.kind}", evidence=[], raised_on=DAY, due_on=date(2026, 12, 2), state="open",
                        next_change_on=date(2026, 12, 3) if one is handed_in else None),
                "finding.raised",
            )
            for one in (handed_in, draft, own)
        ]  # fmt: skip
        activity = await work.add(
            SupportActivity(organisation_id=holder, enrolment_id=enrolment.id, kind="training",
                            topic={"lt": f"Mokymai {reference}", "en": f"Training {reference}"}, held_on=DAY, hours=6.5,
                            people=14, provided_by=reference),
            "support_activity.recorded",
        )  # fmt: skip
        indicator = await work.add(
            Indicator(organisation_id=holder, name={"lt": f"Pasitenkinimas {reference}", "en": f"Satisfaction {reference}"},
                      unit="proc.", direction="higher", target=90.0, state="active"),
            "indicator.defined",
        )  # fmt: skip
        report = await work.take(AnnualReport, made.reports[0])
        report.state, report.submissions, report.submitted_at = "with_auditor", 1, work.now
        report.first_submitted_at, report.first_submitted_on = work.now, work.today
        await work.record("annual_report.submitted", report)
        parts = {"performance": reference, "progress": reference, "development": reference}
        result = {"indicator_id": str(indicator.id), "value": 92.5, "target": 90.0, "comment": reference}
        work.session.add(
            AnnualReportSubmission(organisation_id=holder, annual_report_id=report.id, number=1, submitted_at=work.now,
                                   parts=parts, results=[{**result, "name": indicator.name, "unit": "proc.",
                                                          "direction": "higher"}])
        )  # fmt: skip
        work.session.add(
            AnnualReportDraft(organisation_id=holder, annual_report_id=report.id, parts=parts, results=[result],
                              saved_at=work.now)
        )  # fmt: skip
        work.session.add(
            AnnualReportReview(organisation_id=holder, annual_report_id=report.id, number=1, submission=1, kind="comment",
                               reviewed_at=work.now, feedback=[{"criterion": "1.1", "text": reference}])
        )  # fmt: skip
        work.session.add(
            CertificateDecision(organisation_id=holder, certificate_id=made.certificate, number=1, kind="grant",
                                effective_on=date(2025, 12, 1), decided_at=work.now, decision_ref=reference)
        )  # fmt: skip
        work.session.add(
            CertificateRevision(organisation_id=holder, certificate_id=made.certificate, number=1, decision=1,
                                effective_on=date(2025, 12, 1), holder_id=holder, scope=WHOLE,
                                valid_from=date(2025, 12, 1), expires_on=date(2028, 12, 1))
        )  # fmt: skip
        work.session.add(
            KnownFact(organisation_id=holder, kind="ceremony", happened="2021", details={}, confidence="A")
        )
        case = await work.add(
            ComplianceCase(organisation_id=holder, certificate_id=made.certificate, annual_report_id=report.id,
                           kind="report_delinquent", state="open", opened_on=DAY),
            "compliance_case.opened",
        )  # fmt: skip
        client, key = await clients.make_client(
            work, role="provider", name=f"Raštinė {reference}", organisation_id=holder
        )
        await work.add(
            CertificateVote(organisation_id=holder, certificate_id=made.certificate, voter=client.id, vote="for",
                            voted_at=work.now, draft_version=1),
            "certificate_vote.recorded",
        )  # fmt: skip
        event = await work.session.scalar(select(Event.id).where(Event.organisation_id == holder).limit(1))
        assert event is not None
        endpoint = await work.add(
            WebhookEndpoint(client_id=client.id, organisation_id=holder, url=f"https://namai.example.lt/{reference}",
                            state="disabled", disabled_for="by_owner", secret=b"sealed"),
            "webhook_endpoint.added",
        )  # fmt: skip
        message = WebhookMessage(body=json.dumps(EXAMPLE | {"data": {"reference": reference}}))
        work.session.add(message)
        await work.session.flush()
        delivery = WebhookDelivery(endpoint_id=endpoint.id, message_id=message.id, type="certificate.granted")
        work.session.add(delivery)
        await work.session.flush()
        work.session.add(
            WebhookAttempt(delivery_id=delivery.id, number=1, attempted_at=work.now, duration_ms=12, status=500,
                           error="status")
        )  # fmt: skip
        return Full(
            holder, site.id, contact.id, enrolment.id, handed_in.id, draft.id, own.id, found[0].id,
            made.certificate, report.id, case.id, indicator.id, activity.id, client.id, key.split("_")[1], event,
            endpoint.id, delivery.id, reference,
        )  # fmt: skip


EXAMPLE: dict[str, Any] = {
    "id": str(UUID(int=8)), "type": "certificate.granted", "occurred_at": "2026-11-20T10:00:00Z", "effective_on": "2026-11-20",
    "actor": {"type": "client", "id": str(UUID(int=9))}, "request_id": None, "organisation_id": None,
    "resource": {"type": "certificate", "id": str(UUID(int=10)), "version": 1}, "previous": {},
}  # fmt: skip

SCOPE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}
WHOLE: dict[str, Any] = {"services": [], "sites": [], "unit": None}
