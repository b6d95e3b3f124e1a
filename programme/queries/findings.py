"""Reading findings: what they are about, whether they are overdue in SQL, and what the guards look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, and_, case, cast, false, func, literal_column

from programme.queries.assessments import ASSESSMENTS
from programme.queries.code_lists import in_county
from programme.queries.organisations import ORGANISATIONS
from programme.queries.ratings import HANDED_IN, SEEN, SHOWN
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    View,
    between,
    equals,
    found_in,
    one_of,
    said,
)
from programme.rules.assessments import Kind
from programme.rules.findings import AWAITED, LIFECYCLE, FindingFacts, Severity
from programme.rules.sight import Sees
from programme.tables import Assessment, Finding, Organisation
from programme.work import Actor

_f, _a, _o = Finding.__table__.c, Assessment.__table__.c, Organisation.__table__.c


def overdue_on(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the answer is due since before the day; `rules.findings.is_overdue` says the same, proven equal by test."""
    awaited = _f.state.in_([said(state) for state in AWAITED])
    return and_(awaited, HANDED_IN, func.coalesce(_f.due_on < day, false()))


OVERDUE = overdue_on(TODAY)
_REPEATED = _f.repeats_id.is_not(None)

_GRAVEST_FIRST = case(
    *((_f.severity == said(severity.value), literal_column(str(place))) for place, severity in enumerate(Severity)),
    else_=literal_column(str(len(Severity))),
)


def judge(row: Mapping[str, Any], actor: Actor, _today: date) -> FindingFacts:
    """The facts that the guards of a finding look at."""
    return FindingFacts(
        state=row["state"],
        assessment_state=row["assessment_state"],
        kind=Kind(row["kind"]),
        role=actor.role,
        owner=row["owner"],
        assessor=row["assessor"],
        caller=actor.client_id,
        caller_organisation=actor.organisation_id,
        answered_by=row["answered_by"],
    )


FINDINGS = View(
    name="findings",
    source=Finding.__table__.join(Assessment.__table__, _a.id == _f.assessment_id).outerjoin(
        Organisation.__table__, _o.id == _f.organisation_id
    ),
    id=_f.id,
    version=_f.version,
    fields={
        "id": _f.id,
        "organisation_id": _f.organisation_id,
        "assessment_id": _f.assessment_id,
        "standard_version": _a.standard_version,
        "principle": _f.principle,
        "criterion": _f.criterion,
        "severity": _f.severity,
        "statement": _f.statement,
        "evidence": _f.evidence,
        "raised_on": _f.raised_on,
        "raised_by": _f.raised_by,
        "due_on": _f.due_on,
        "state": _f.state,
        "overdue": OVERDUE,
        "cause": _f.cause,
        "action": _f.action,
        "action_due_on": _f.action_due_on,
        "planned_on": _f.planned_on,
        "answer": _f.answer,
        "answer_evidence": _f.answer_evidence,
        "answered_on": _f.answered_on,
        "answered_by": _f.answered_by,
        "verification": _f.verification,
        "verified_on": _f.verified_on,
        "verified_by": _f.verified_by,
        "reason": _f.reason,
        "repeats_id": _f.repeats_id,
        "version": _f.version,
    },
    keys={"id": _f.id},
    filters={
        "assessment_id": equals(_f.assessment_id, "assessment_id"),
        "organisation_id": equals(_f.organisation_id, "organisation_id"),
        "standard_version": one_of(_a.standard_version, "standard_version"),
        "principle": one_of(_f.principle, "principle"),
        "criterion": one_of(_f.criterion, "criterion"),
        "severity": one_of(_f.severity, "severity"),
        "state": one_of(_f.state, "state"),
        "overdue": equals(OVERDUE, "overdue"),
        "repeated": equals(_REPEATED, "repeated"),
        "repeats_id": equals(_f.repeats_id, "repeats_id"),
        "standard": one_of(_a.standard, "standard"),
        "municipality": one_of(_o.municipality, "municipality"),
        "county": in_county(_o.municipality, "county"),
        "q": found_in(_o.search, "q"),
        **between(_f.due_on, "due_on"),
        **between(_f.raised_on, "raised_on"),
    },
    sorts={
        "due_on": func.coalesce(_f.due_on, LATEST),
        "raised_on": _f.raised_on,
        "severity": _GRAVEST_FIRST,
        "criterion": cast(func.string_to_array(_f.criterion, said(".")), ARRAY(Integer)),
        "organisation": _o.sort_name,
        "id": _f.id,
    },
    default_sort="due_on",
    expands={
        "assessment": Expansion(ASSESSMENTS, _f.assessment_id),
        "organisation": Expansion(ORGANISATIONS, _f.organisation_id),
    },
    owner=_f.organisation_id,
    seen=SEEN | {Sees.OWN: SHOWN},
    facts={
        "state": _f.state,
        "assessment_state": _a.state,
        "kind": _a.kind,
        "owner": _f.organisation_id,
        "assessor": _a.assessor,
        "answered_by": _f.answered_by,
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)
