"""Reading compliance cases: what the coordinator has to follow up, with the report that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_

from programme.queries.annual_reports import ANNUAL_REPORTS
from programme.queries.certificates import CERTIFICATES
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import Expansion, View, between, equals, found_in, one_of
from programme.rules.compliance_cases import LIFECYCLE, CaseFacts
from programme.tables import Certificate, ComplianceCase, Organisation
from programme.work import Actor

_k, _c, _o = ComplianceCase.__table__.c, Certificate.__table__.c, Organisation.__table__.c


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> CaseFacts:
    return CaseFacts(state=row["state"])


COMPLIANCE_CASES = View(
    name="compliance_cases",
    source=ComplianceCase.__table__.outerjoin(Organisation.__table__, _o.id == _k.organisation_id).outerjoin(
        Certificate.__table__, _c.id == _k.certificate_id
    ),
    id=_k.id,
    version=_k.version,
    fields={
        "id": _k.id,
        "organisation_id": _k.organisation_id,
        "certificate_id": _k.certificate_id,
        "annual_report_id": _k.annual_report_id,
        "kind": _k.kind,
        "state": _k.state,
        "opened_on": _k.opened_on,
        "closed_on": _k.closed_on,
        "resolution": _k.resolution,
        "version": _k.version,
    },
    keys={"id": _k.id},
    filters={
        "kind": one_of(_k.kind, "kind"),
        "state": one_of(_k.state, "state"),
        "organisation_id": equals(_k.organisation_id, "organisation_id"),
        "certificate_id": equals(_k.certificate_id, "certificate_id"),
        "annual_report_id": equals(_k.annual_report_id, "annual_report_id"),
        "municipality": one_of(_o.municipality, "municipality"),
        "q": or_(found_in(_o.search, "q"), found_in(func.fold(_c.reference), "q")),
        **between(_k.opened_on, "opened_on"),
    },
    sorts={"opened_on": _k.opened_on, "id": _k.id},
    default_sort="-opened_on",
    expands={
        "annual_report": Expansion(ANNUAL_REPORTS, _k.annual_report_id),
        "certificate": Expansion(CERTIFICATES, _k.certificate_id),
        "organisation": Expansion(ORGANISATIONS, _k.organisation_id),
    },
    owner=_k.organisation_id,
    facts={"state": _k.state},
    lifecycle=LIFECYCLE,
    judge=judge,
)
