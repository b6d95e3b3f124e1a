"""All tables, so that importing this package is knowing the whole schema."""

from programme.tables.annual_reports import (
    AnnualReport,
    AnnualReportDraft,
    AnnualReportReview,
    AnnualReportSubmission,
    ComplianceCase,
)
from programme.tables.assessments import Assessment, AssessmentSubmission, Rating
from programme.tables.auditors import Auditor, AuditorAdvice, AuditorLicence
from programme.tables.base import Dated, Known, Recorded, Table, refusal_of, sandboxed
from programme.tables.catalogue import Municipality, Policy, ServiceType, Standard, StandardVersion
from programme.tables.certificates import (
    Certificate,
    CertificateDecision,
    CertificatePeriod,
    CertificateRevision,
    CertificateVote,
)
from programme.tables.clients import ApiKey, Client, ClientGrant, IdempotencyKey
from programme.tables.events import PROGRAMME, Event, EventChain, EventEra, Heartbeat, JobRun
from programme.tables.findings import Finding
from programme.tables.imports import Import, ImportRow
from programme.tables.indicators import Indicator
from programme.tables.jobs import Job
from programme.tables.mappings import CriterionMapping
from programme.tables.organisations import Contact, KnownFact, Organisation, Site
from programme.tables.past import PastVersion
from programme.tables.projects import Enrolment, Project, Strand
from programme.tables.support_activities import SupportActivity
from programme.tables.test_clocks import SandboxRow, TestClock
from programme.tables.webhooks import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookPlace,
)

__all__ = [
    "PROGRAMME",
    "AnnualReport",
    "AnnualReportDraft",
    "AnnualReportReview",
    "AnnualReportSubmission",
    "ApiKey",
    "Assessment",
    "AssessmentSubmission",
    "Auditor",
    "AuditorAdvice",
    "AuditorLicence",
    "Certificate",
    "CertificateDecision",
    "CertificatePeriod",
    "CertificateRevision",
    "CertificateVote",
    "Client",
    "ClientGrant",
    "ComplianceCase",
    "Contact",
    "CriterionMapping",
    "Dated",
    "Enrolment",
    "Event",
    "EventChain",
    "EventEra",
    "Finding",
    "Heartbeat",
    "IdempotencyKey",
    "Import",
    "ImportRow",
    "Indicator",
    "Job",
    "JobRun",
    "Known",
    "KnownFact",
    "Municipality",
    "Organisation",
    "PastVersion",
    "Policy",
    "Project",
    "Rating",
    "Recorded",
    "SandboxRow",
    "ServiceType",
    "Site",
    "Standard",
    "StandardVersion",
    "Strand",
    "SupportActivity",
    "Table",
    "TestClock",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookPlace",
    "refusal_of",
    "sandboxed",
]
