"""What the feed tells to whom: an event is for those who may read the resource that it is about."""

from __future__ import annotations

from collections.abc import Callable

from programme.rules.event_types import HAPPENINGS
from programme.sentences import Sentence

READ_WITH: dict[str, str] = {
    "annual_report": "annual_reports.read",
    "assessment": "assessments.read",
    "auditor": "auditors.read",
    "certificate": "certificates.read",
    "certificate_vote": "certificates.votes",
    "client": "clients.read",
    "compliance_case": "compliance_cases.read",
    "contact": "contacts.read",
    "criterion_mapping": "standards.read",
    "enrolment": "enrolments.read",
    "finding": "findings.read",
    "import": "imports.read",
    "indicator": "indicators.read",
    "organisation": "organisations.read",
    "policy": "standards.read",
    "project": "projects.read",
    "rating": "assessments.read",
    "site": "organisations.read",
    "standard": "standards.read",
    "standard_version": "standards.read",
    "strand": "projects.read",
    "support_activity": "support_activities.read",
    "webhook_endpoint": "webhooks.read",
}
"""By the kind of a resource, the permission that its reading needs. Each kind of record is here; a test demands it."""

UNTOLD = ("test_clock",)
"""Of what is for trying out, the programme's feed tells nothing."""

OPEN = ("standard", "standard_version", "policy", "criterion_mapping", "project", "strand")
"""Belong to no organisation and are told to whoever may read them."""


def types_of(resource: str) -> dict[str, Sentence]:
    """The types of event that a kind of resource can have, with what each says."""
    return {f"{resource}.{name}": told for name, told in HAPPENINGS[resource].items()}


TYPES: dict[str, Sentence] = {name: told for resource in READ_WITH for name, told in types_of(resource).items()}
"""Every type that the feed and webhooks can tell."""


def readable(may: Callable[[str], bool]) -> list[str]:
    """The kinds of resource whose events a caller with these permissions is told."""
    return [resource for resource, permission in READ_WITH.items() if may(permission)]
