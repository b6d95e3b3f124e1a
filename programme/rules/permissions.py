"""Who may do what: the whole table as data. Every route names one permission of it; a route without one fails the
build. The roles of moves are read from the lifecycles, so that the two cannot disagree.

Which *rows* a role sees is not said here but by the caller's sight (`rules.sight`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from programme.rules import (
    annual_reports,
    assessments,
    certificates,
    compliance_cases,
    enrolments,
    findings,
    imports,
    indicators,
    support_activities,
    test_clocks,
)
from programme.rules.lifecycle import Lifecycle, Role

_R = Role
_PEOPLE = frozenset(_R) - {_R.WORKER, _R.PUBLIC}
_READERS = {_R.COORDINATOR, _R.PROJECT_MANAGER, _R.SUPERVISOR, _R.PARTNER, _R.OPS}
_DOCKET = {_R.REVIEWER, _R.AWARDER}

_TABLE: dict[str, set[Role] | frozenset[Role]] = {
    "me.read": _PEOPLE,
    "standards.read": _PEOPLE,
    "standards.write": {_R.COORDINATOR},
    "imports.read": {_R.COORDINATOR},
    "imports.write": {_R.COORDINATOR},
    "code_lists.read": _PEOPLE,
    "organisations.read": _PEOPLE,
    "organisations.write": {_R.COORDINATOR},
    "sites.write": {_R.COORDINATOR},
    "contacts.read": {_R.PROVIDER, _R.AUDITOR, _R.COORDINATOR, _R.OPS},
    "contacts.write": {_R.PROVIDER, _R.COORDINATOR},
    "contacts.request_erasure": {_R.PROVIDER, _R.COORDINATOR},
    "contacts.hold": {_R.OPS},
    "contacts.erase": {_R.OPS},
    "projects.read": _PEOPLE,
    "projects.write": {_R.COORDINATOR},
    "enrolments.read": _READERS | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "enrolments.write": {_R.PROVIDER, _R.COORDINATOR},
    "enrolments.stages": {_R.COORDINATOR},
    "assessments.read": (_READERS - {_R.PARTNER}) | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "assessments.write": {_R.COORDINATOR, _R.PROVIDER},
    "assessments.candidates": {_R.COORDINATOR},
    "assessments.rate": {_R.PROVIDER, _R.AUDITOR},
    "findings.read": (_READERS - {_R.PARTNER}) | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "findings.write": {_R.PROVIDER, _R.AUDITOR},
    "certificates.read": _READERS | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "certificates.write": {_R.COORDINATOR, _R.AWARDER},
    "certificates.renewal_info": (_READERS - {_R.PARTNER}) | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "certificates.votes": {_R.COORDINATOR, _R.SUPERVISOR, _R.OPS} | _DOCKET,
    "annual_reports.read": (_READERS - {_R.PARTNER}) | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "annual_reports.read_draft": {_R.PROVIDER, _R.COORDINATOR},
    "annual_reports.draft": {_R.PROVIDER, _R.COORDINATOR},
    "indicators.read": (_READERS - {_R.PARTNER}) | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "indicators.write": {_R.PROVIDER, _R.COORDINATOR},
    "support_activities.read": _READERS | _DOCKET | {_R.PROVIDER, _R.AUDITOR},
    "support_activities.write": {_R.COORDINATOR},
    "projects.progress": {_R.COORDINATOR, _R.PROJECT_MANAGER, _R.SUPERVISOR, _R.OPS},
    "compliance_cases.read": {_R.COORDINATOR, _R.PROJECT_MANAGER, _R.SUPERVISOR, _R.AWARDER, _R.OPS},
    "events.read": _READERS | {_R.PROVIDER},
    "webhooks.read": {_R.PROVIDER, _R.COORDINATOR, _R.PARTNER, _R.OPS},
    "webhooks.write": {_R.PROVIDER, _R.COORDINATOR, _R.PARTNER, _R.OPS},
    "clients.read": {_R.PROVIDER, _R.PARTNER, _R.OPS},
    "clients.write": {_R.PROVIDER, _R.OPS},
    "clients.keys": {_R.PROVIDER, _R.PARTNER, _R.OPS},
    "statistics.read": _PEOPLE,
    "forecast.read": _PEOPLE,
    "work_queue.read": _PEOPLE,
    "test_clocks.read": {_R.COORDINATOR, _R.OPS},
    "test_clocks.write": {_R.COORDINATOR, _R.OPS},
    "jobs.read": {_R.COORDINATOR, _R.OPS},
    "auditors.read": {_R.COORDINATOR, _R.PROJECT_MANAGER, _R.SUPERVISOR, _R.AUDITOR, _R.OPS},
    "auditors.write": {_R.COORDINATOR, _R.OPS},
}

LIFECYCLES: dict[str, Lifecycle[Any]] = {
    "enrolments": enrolments.LIFECYCLE,
    "assessments": assessments.LIFECYCLE,
    "findings": findings.LIFECYCLE,
    "certificates": certificates.LIFECYCLE,
    "annual_reports": annual_reports.LIFECYCLE,
    "compliance_cases": compliance_cases.LIFECYCLE,
    "imports": imports.LIFECYCLE,
    "indicators": indicators.LIFECYCLE,
    "support_activities": support_activities.LIFECYCLE,
    "test_clocks": test_clocks.LIFECYCLE,
}

PERMISSIONS: dict[str, frozenset[Role]] = {name: frozenset(roles) for name, roles in _TABLE.items()} | {
    f"{plural}.{move.name}": move.who for plural, lifecycle in LIFECYCLES.items() for move in lifecycle.moves.values()
}


UNBOUND = frozenset({"me.read"})
"""What no scope takes away."""


def may(role: Role, permission: str, scopes: Collection[str] = ()) -> bool:
    """Whether the role has the permission, and the scopes, where there are any, name it; an unknown permission is a
    `KeyError`, never a yes."""
    return role in PERMISSIONS[permission] and (not scopes or permission in scopes or permission in UNBOUND)


def permissions_of(role: Role, scopes: Collection[str] = ()) -> frozenset[str]:
    """All that a client of the role may do within its scopes."""
    return frozenset(permission for permission in PERMISSIONS if may(role, permission, scopes))
