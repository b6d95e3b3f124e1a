"""Reading assessments: what is shown of them, what the guards look at, and who could carry them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    ScalarSelect,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)

from programme.database import Connection
from programme.errors import Reason
from programme.queries.organisations import ORGANISATIONS
from programme.queries.ratings import PRINCIPLES, SEEN, SHOWN
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    View,
    between,
    compiled,
    equals,
    found_in,
    one_of,
    rows,
    said,
)
from programme.rules.assessments import (
    LIFECYCLE,
    OPEN,
    OWN_WORK,
    AssessmentFacts,
    Kind,
    RatingValue,
    State,
    conflicts,
)
from programme.rules.findings import AWAITED, Severity
from programme.rules.lifecycle import Role
from programme.tables import (
    Assessment,
    Auditor,
    AuditorAdvice,
    AuditorLicence,
    Client,
    Finding,
    Organisation,
    Policy,
    Rating,
)
from programme.work import Actor

_OWN_KINDS = [said(kind) for kind in OWN_WORK]
_l, _v = AuditorLicence.__table__.c, AuditorAdvice.__table__.c
_a, _r, _o, _p = Assessment.__table__.c, Rating.__table__.c, Organisation.__table__.c, Policy.__table__.c
_f = Finding.__table__.c

PASS_RULE = (
    select(_p.pass_rules[_a.level])
    .where(_p.standard_version == _a.standard_version, _p.effective_from <= func.coalesce(_a.ended_on, TODAY))
    .order_by(_p.effective_from.desc())
    .limit(literal_column("1"))
    .correlate(Assessment.__table__)
    .scalar_subquery()
)
"""The rule that decides the outcome: that of the policy in effect on the audit's last day."""


_earlier = Assessment.__table__.alias("earlier")
_e = _earlier.c

CARRIES_FROM = (
    select(_e.id)
    .where(
        _e.organisation_id == _a.organisation_id,
        _e.id != _a.id,
        _e.state == said(State.FINALISED.value),
        (_e.kind.in_(_OWN_KINDS)) == (_a.kind.in_(_OWN_KINDS)),
        or_(_a.kind.in_(_OWN_KINDS), _e.assessor == _a.assessor),
        _e.standard_version == _a.standard_version,
        _e.scope == _a.scope,
    )
    .order_by(_e.ended_on.desc(), _e.id.desc())
    .limit(literal_column("1"))
    .correlate(Assessment.__table__)
    .scalar_subquery()
)
"""The assessment whose ratings this one may start from: the last that was finalised of the same scope and version. The
organisation's own work starts from its own, an audit from an audit of the same auditor: what another auditor found is
not theirs to read."""


def _while_rating(value: Any) -> Any:
    """Facts that only the submission looks at are not looked up for anything else. They also make the ETag of the
    assessment, whose version ratings leave alone; in every other state ratings stand still."""
    return case((_a.state == said(State.IN_PROGRESS.value), cast(value, Text)), else_=null())


def _licensed(auditor: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the auditor is licensed for the assessment's standard on the day."""
    return (
        select(_l.client_id)
        .where(_l.client_id == auditor, _l.standard == _a.standard, _l.valid_from <= day, _l.valid_until >= day)
        .correlate(Assessment.__table__, Client.__table__)
        .exists()
    )


def _advised_until(auditor: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The last day on which the auditor advised the organisation, if they did."""
    return (
        select(_v.until_on)
        .where(_v.client_id == auditor, _v.organisation_id == _a.organisation_id)
        .correlate(Assessment.__table__, Client.__table__)
        .scalar_subquery()
    )


IMPROVEMENT_OVERDUE = and_(_a.state == said(State.IMPROVEMENT.value), func.coalesce(_a.plan_due_on < TODAY, false()))
"""What `rules.assessments.improvement_is_overdue` says, proven equal by test."""


def _criteria_of_findings(state: State, *conditions: ColumnElement[bool]) -> ColumnElement[list[str]]:
    """Criteria of the assessment's findings that wait for an answer, looked up while it is in that state only."""
    found = (
        select(_f.criterion)
        .where(_f.assessment_id == _a.id, _f.state.in_([said(one) for one in AWAITED]), SHOWN, *conditions)
        .group_by(_f.criterion)
        .order_by(cast(func.string_to_array(_f.criterion, said(".")), ARRAY(Integer)))
        .correlate(Assessment.__table__)
    )
    return case((_a.state == said(state.value), func.array(found.scalar_subquery(), type_=ARRAY(Text))), else_=null())


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> AssessmentFacts:
    """The facts that the guards of an assessment look at."""
    criteria = json.loads(row["criteria"] or "[]")
    rated: dict[str, list[Any]] = json.loads(row["rated"] or "{}")
    carries_from = row["carries_from"]
    return AssessmentFacts(
        state=row["state"],
        kind=Kind(row["kind"]),
        role=actor.role,
        caller=actor.client_id,
        assessor=row["assessor"],
        unrated=tuple(one for one in criteria if one not in rated),
        met_without_evidence=tuple(one for one in criteria if rated.get(one, [])[:2] == [RatingValue.MET, False]),
        unconfirmed=tuple(one for one in criteria if rated.get(one, [])[2:] == [True]),
        carries_from=UUID(carries_from) if carries_from else None,
        past_due=tuple(row["past_due"] or ()),
        unanswered=tuple(row["unanswered"] or ()),
        pass_rule_known=row["pass_rule_known"],
        day=today,
        licensed=row["licensed"],
        advised_until=row["advised_until"],
    )


ASSESSMENTS = View(
    name="assessments",
    source=Assessment.__table__.outerjoin(Organisation.__table__, _o.id == _a.organisation_id),
    id=_a.id,
    version=_a.version,
    fields={
        "id": _a.id,
        "organisation_id": _a.organisation_id,
        "enrolment_id": _a.enrolment_id,
        "kind": _a.kind,
        "standard": _a.standard,
        "standard_version": _a.standard_version,
        "level": _a.level,
        "scope": _a.scope,
        "assessor": _a.assessor,
        "reviewer": _a.reviewer,
        "state": _a.state,
        "outcome": _a.outcome,
        "score": _a.score,
        "principles": PRINCIPLES,
        "planned_on": _a.planned_on,
        "started_on": _a.started_on,
        "ended_on": _a.ended_on,
        "plan_due_on": _a.plan_due_on,
        "improvement_overdue": IMPROVEMENT_OVERDUE,
        "finalised_on": _a.finalised_on,
        "revision": _a.revision,
        "reason": _a.reason,
        "carried_from": _a.carried_from,
        "scale": _a.scale,
        "version": _a.version,
    },
    keys={"id": _a.id},
    filters={
        "state": one_of(_a.state, "state"),
        "kind": one_of(_a.kind, "kind"),
        "outcome": one_of(_a.outcome, "outcome"),
        "organisation_id": equals(_a.organisation_id, "organisation_id"),
        "enrolment_id": equals(_a.enrolment_id, "enrolment_id"),
        "standard": one_of(_a.standard, "standard"),
        "standard_version": one_of(_a.standard_version, "standard_version"),
        "level": one_of(_a.level, "level"),
        "assessor": equals(_a.assessor, "assessor"),
        "reviewer": equals(_a.reviewer, "reviewer"),
        "improvement_overdue": equals(IMPROVEMENT_OVERDUE, "improvement_overdue"),
        "q": found_in(_o.search, "q"),
        **between(_a.planned_on, "planned_on"),
        **between(_a.plan_due_on, "plan_due_on"),
    },
    sorts={
        "planned_on": func.coalesce(_a.planned_on, LATEST),
        "ended_on": func.coalesce(_a.ended_on, LATEST),
        "plan_due_on": func.coalesce(_a.plan_due_on, LATEST),
        "finalised_on": func.coalesce(_a.finalised_on, LATEST),
        "organisation": _o.sort_name,
        "id": _a.id,
    },
    default_sort="-planned_on",
    expands={"organisation": Expansion(ORGANISATIONS, _a.organisation_id)},
    owner=_a.organisation_id,
    seen=SEEN,
    facts={
        "state": _a.state,
        "kind": _a.kind,
        "assessor": _a.assessor,
        "pass_rule_known": PASS_RULE.is_not(None),
        "licensed": _licensed(_a.assessor, TODAY),
        "advised_until": _advised_until(_a.assessor),
        "past_due": _criteria_of_findings(State.IN_PROGRESS, _f.due_on < TODAY),
        "unanswered": _criteria_of_findings(State.IMPROVEMENT, _f.severity != said(Severity.OBSERVATION.value)),
        "criteria": _while_rating(
            func.jsonb_path_query_array(_a.catalogue, literal_column("'$[*].criteria[*].number'::jsonpath"))
        ),
        "carries_from": _while_rating(CARRIES_FROM),
        "rated": _while_rating(
            select(
                func.jsonb_object_agg(
                    _r.criterion,
                    func.jsonb_build_array(
                        _r.rating, _r.evidence != literal_column("'[]'::jsonb"), _r.carried_from.is_not(None)
                    ),
                )
            )
            .where(_r.assessment_id == _a.id, SHOWN)
            .correlate(Assessment.__table__)
            .scalar_subquery()
        ),
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)

_c, _held = Client.__table__.c, Assessment.__table__.alias("held")
_DAY = func.coalesce(case((_a.state == said(State.PLANNED.value), _a.planned_on), else_=null()), TODAY)


def _of_auditor(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """What is counted of the audits that the auditor was given."""
    return (
        select(column)
        .where(_held.c.assessor == _c.id, *conditions)
        .correlate(Client.__table__, Assessment.__table__)
        .scalar_subquery()
    )


_CANDIDATES = compiled(
    select(
        Auditor.__table__.c.id.label("auditor_id"),
        _c.id.label("client_id"),
        _c.name,
        _a.kind,
        _a.state,
        _a.reviewer,
        _DAY.label("day"),
        (_c.organisation_id.is_not_distinct_from(_a.organisation_id)).label("belongs"),
        _licensed(_c.id, _DAY).label("licensed"),
        _advised_until(_c.id).label("advised_until"),
        _of_auditor(func.count(), _held.c.state.in_([said(state) for state in OPEN])).label("open_audits"),
        _of_auditor(func.max(_held.c.ended_on), _held.c.organisation_id == _a.organisation_id).label("last_audited_on"),
    )
    .select_from(Assessment.__table__)
    .join(Client.__table__, and_(_c.role == said(Role.AUDITOR.value), _c.disabled_at.is_(None)))
    .outerjoin(Auditor.__table__, Auditor.__table__.c.client_id == _c.id)
    .where(_a.id == bindparam("id", type_=Uuid))
    .order_by(func.lt_sort_key(_c.name, type_=Text).collate("C"), _c.id)
)
"""Every auditor, with what may keep them from the assessment `id`."""


async def candidates(
    connection: Connection, assessment_id: UUID, today: date
) -> list[tuple[dict[str, Any], tuple[Reason, ...]]]:
    """Every auditor with what keeps them from the assessment: those whom nothing keeps first, then by name."""
    shown = ("auditor_id", "client_id", "name", "open_audits", "last_audited_on")
    found = [
        ({name: row[name] for name in shown}, conflicts(_candidate(row)))
        for row in await rows(connection, _CANDIDATES, id=assessment_id, today=today)
    ]
    return sorted(found, key=lambda one: bool(one[1]))


def _candidate(row: Mapping[str, Any]) -> AssessmentFacts:
    """What the rule of conflicts looks at, of an auditor who may be assigned."""
    return AssessmentFacts(
        state=row["state"],
        kind=Kind(row["kind"]),
        role=Role.AUDITOR,
        assessor=row["client_id"],
        reviewer=row["reviewer"],
        day=row["day"],
        licensed=row["licensed"],
        advised_until=row["advised_until"],
        belongs=row["belongs"],
    )
