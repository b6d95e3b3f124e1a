"""What waits for the caller, by the day that it is due: one part for each kind of duty, put together in one order.

Each part gives no more than a page, in the order of the whole, so that a page costs the same however much waits. What
has no day comes last, oldest first (ids rise with time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Date,
    Interval,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from programme.queries.annual_reports import ANNUAL_REPORTS, EXTENSION_REQUESTED
from programme.queries.assessments import ASSESSMENTS
from programme.queries.certificates import AUDITS, CERTIFICATES
from programme.queries.compliance_cases import COMPLIANCE_CASES
from programme.queries.enrolments import ENROLMENTS
from programme.queries.findings import FINDINGS
from programme.queries.organisations import CONTACTS
from programme.queries.ratings import HANDED_IN
from programme.queries.views import (
    LATEST,
    TODAY,
    Statement,
    View,
    at_most,
    compiled,
    derived,
    equals,
    matching,
    one_of,
    said,
)
from programme.rules.annual_reports import State as ReportState
from programme.rules.assessments import OWN_WORK
from programme.rules.calendar import VILNIUS
from programme.rules.findings import State as FindingState
from programme.rules.sight import Sees
from programme.rules.work_queue import DUTIES, Kind
from programme.tables import (
    AnnualReport,
    AnnualReportReview,
    Assessment,
    Certificate,
    CertificateVote,
    Contact,
    Enrolment,
    Finding,
    Organisation,
)

_a, _c, _e, _k = Assessment.__table__.c, Certificate.__table__.c, Enrolment.__table__.c, Contact.__table__.c
_f = Finding.__table__.c
_o, _r, _v = Organisation.__table__.c, AnnualReport.__table__.c, AnnualReportReview.__table__.c

VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (ENROLMENTS, ASSESSMENTS, FINDINGS, CERTIFICATES, ANNUAL_REPORTS, COMPLIANCE_CASES, CONTACTS)
}

_CLIENT = bindparam("client", type_=Uuid)


@dataclass(frozen=True, eq=False)
class Waiting:
    """What SQL adds to a duty. `due_on`: the last day for it, where there is one; `when`: what has to hold besides the
    state that its move starts from."""

    when: ColumnElement[bool] | None = None
    due_on: ColumnElement[Any] | None = None


_OWN_WORK = _a.kind.in_([said(kind) for kind in OWN_WORK])
_MY_AUDIT = and_(not_(_OWN_WORK), _a.assessor == _CLIENT)
_MY_REVIEW = and_(
    not_(_OWN_WORK), or_(_a.reviewer.is_(None), _a.reviewer == _CLIENT), _a.assessor.is_distinct_from(_CLIENT)
)
_STILL_OWED = or_(_r.lapses_on.is_(None), _r.lapses_on > TODAY)
_COMMENTED_BY_ME = (
    select(_v.id)
    .where(_v.annual_report_id == _r.id, _v.kind == said("comment"), _v.reviewed_by == _CLIENT)
    .correlate(AnnualReport.__table__)
    .exists()
)
_TO_DECIDE = and_(_c.expires_on.is_(None), _c.ended_on.is_(None), AUDITS.exists())
_COMMITTEE_DECIDES = cast(CERTIFICATES.facts["policy"], JSONB)[said("decision_quorum")].astext.is_not(None)
_VOTED_BY_ME = (
    select(CertificateVote.id)
    .where(
        CertificateVote.certificate_id == _c.id,
        CertificateVote.draft_version == _c.version,
        CertificateVote.voter == _CLIENT,
    )
    .correlate(Certificate.__table__)
    .exists()
)
_REVIEW_BY = func.coalesce(_c.review_by, LATEST)
"""As the index has it."""
_UNDONE: ColumnElement[Any] = literal_column("""'$[*] ? (@.done_on == null)'::jsonpath""")
_MONTH = literal_column("interval '1 month'", type_=Interval)
_REQUESTED_ON = cast(func.timezone(said(VILNIUS.key), _k.erasure_requested_at), Date)

WAITING: Mapping[Kind, Waiting] = {
    Kind.APPLICATION_TO_SUBMIT: Waiting(),
    Kind.APPLICATION_TO_REVIEW: Waiting(),
    Kind.APPLICATION_TO_DECIDE: Waiting(_e.state != said("reserve")),
    Kind.AGREEMENT_TO_SIGN: Waiting(),
    Kind.ENROLMENT_TO_COMPLETE: Waiting(not_(func.jsonb_path_exists(_e.stages, _UNDONE))),
    Kind.ASSESSMENT_TO_START: Waiting(_OWN_WORK, _a.planned_on),
    Kind.ASSESSMENT_TO_SUBMIT: Waiting(_OWN_WORK),
    Kind.ASSESSMENT_TO_FINALISE: Waiting(_OWN_WORK),
    Kind.AUDITOR_TO_ASSIGN: Waiting(and_(not_(_OWN_WORK), _a.assessor.is_(None)), _a.planned_on),
    Kind.AUDIT_TO_START: Waiting(_MY_AUDIT, _a.planned_on),
    Kind.AUDIT_TO_SUBMIT: Waiting(_MY_AUDIT),
    Kind.AUDIT_TO_REVIEW: Waiting(_MY_REVIEW),
    Kind.AUDIT_TO_FINALISE: Waiting(_MY_REVIEW),
    Kind.IMPROVEMENT_TO_RESUBMIT: Waiting(due_on=_a.plan_due_on),
    Kind.FINDING_TO_PLAN: Waiting(and_(HANDED_IN, _f.state == said(FindingState.OPEN.value)), _f.due_on),
    Kind.FINDING_TO_ANSWER: Waiting(HANDED_IN, _f.due_on),
    Kind.FINDING_TO_VERIFY: Waiting(and_(HANDED_IN, or_(_OWN_WORK, _MY_AUDIT, _MY_REVIEW))),
    Kind.CERTIFICATE_TO_VOTE_ON: Waiting(and_(_TO_DECIDE, _COMMITTEE_DECIDES, not_(_VOTED_BY_ME))),
    Kind.CERTIFICATE_TO_DECIDE: Waiting(_TO_DECIDE),
    Kind.SUSPENSION_TO_REVIEW: Waiting(and_(_c.review_by.is_not(None), _REVIEW_BY <= TODAY), _c.review_by),
    Kind.CANCELLATION_TO_DECIDE: Waiting(_c.cancellation_requested_on.is_not(None), _c.cancellation_wanted_on),
    Kind.REPORT_TO_SUBMIT: Waiting(
        and_(_r.opens_on <= TODAY, _STILL_OWED),
        case((_r.state == said(ReportState.RETURNED.value), _r.resubmit_by), else_=_r.due_on),
    ),
    Kind.EXTENSION_TO_DECIDE: Waiting(and_(EXTENSION_REQUESTED, _STILL_OWED), _r.due_on),
    Kind.REPORT_TO_FORWARD: Waiting(_STILL_OWED),
    Kind.REPORT_TO_COMMENT: Waiting(_STILL_OWED),
    Kind.COMMENTED_REPORT_TO_FORWARD: Waiting(_STILL_OWED),
    Kind.REPORT_TO_APPROVE: Waiting(and_(_STILL_OWED, not_(_COMMENTED_BY_ME))),
    Kind.COMPLIANCE_CASE_TO_CLOSE: Waiting(),
    # A request is answered within a month: GDPR 12(3).
    Kind.ERASURE_TO_CARRY_OUT: Waiting(
        and_(
            _k.erasure_requested_at.is_not(None),
            _k.erased_at.is_(None),
            or_(_k.hold_until_on.is_(None), _k.hold_until_on < TODAY),
        ),
        cast(_REQUESTED_ON + _MONTH, Date),
    ),
}


def _part(kind: Kind, filters: Iterable[str], sees: Sees, *columns: ColumnElement[Any]) -> Select[Any]:
    """What waits of one kind; `id`, `organisation_id`, `due` (the sort key) and these columns of each."""
    duty, waiting = DUTIES[kind], WAITING[kind]
    view = VIEWS[duty.resource]
    whose = view.owner
    if whose is None:
        raise TypeError(f"{view.name} are of no organisation")
    due = LATEST if waiting.due_on is None else func.coalesce(waiting.due_on, LATEST)
    query = select(view.id.label("id"), whose.label("organisation_id"), due.label("due"), *columns)
    query = query.select_from(view.source)
    if duty.states is not None:
        state = view.facts["state"]
        there = state.in_([said(name) for name in duty.states])
        query = query.where(there if isinstance(state, Column) else derived(there))
    if waiting.when is not None:
        query = query.where(waiting.when)
    conditions = {
        "organisation_id": equals(whose, "organisation_id"),
        "municipality": whose.in_(select(_o.id).where(one_of(_o.municipality, "municipality")).correlate(None)),
        "overdue": (due < TODAY) == bindparam("overdue"),
        "due_on[lte]": at_most(due, "due_on[lte]"),
    }
    return matching(query.where(*(conditions[name] for name in sorted(filters))), view, (), sees)


@lru_cache(maxsize=500)
def page_statement(kinds: tuple[Kind, ...], filters: frozenset[str], sees: Sees, after: bool, limit: int) -> Statement:
    """A page: `kind`, `id`, `due_on`, `due` (its sort key), and of the organisation `organisation_id` and its name."""
    parts = []
    for kind in kinds:
        part = _part(kind, filters, sees, said(kind).label("kind")).subquery(f"of_{kind}")
        rows = select(*part.c)
        if after:
            reached = [
                cast(bindparam(f"after_{place}", type_=column.type), column.type)
                for place, column in enumerate((part.c.due, part.c.id, part.c.kind))
            ]
            rows = rows.where(tuple_(part.c.due, part.c.id, part.c.kind) > tuple_(*reached))
        rows = rows.order_by(part.c.due, part.c.id, part.c.kind).limit(literal_column(str(limit)))
        parts.append(select(*rows.subquery(f"first_{kind}").c))
    every = union_all(*parts).subquery("waiting")
    return compiled(
        select(every.c.kind, every.c.id, every.c.due, func.nullif(every.c.due, LATEST).label("due_on"))
        .add_columns(every.c.organisation_id, _o.name.label("organisation"))
        .join(Organisation.__table__, _o.id == every.c.organisation_id)
        .order_by(every.c.due, every.c.id, every.c.kind)
        .limit(literal_column(str(limit)))
    )


@lru_cache(maxsize=500)
def count_statement(kinds: tuple[Kind, ...], filters: frozenset[str], sees: Sees) -> Statement:
    """How many wait of each kind (`n`), and how many of those are overdue (`overdue`)."""
    parts = []
    for kind in kinds:
        part = _part(kind, filters, sees).subquery(f"of_{kind}")
        late = func.count().filter(part.c.due < TODAY).label("overdue")
        parts.append(select(said(kind).label("kind"), func.count().label("n"), late).select_from(part))
    return compiled(select(*union_all(*parts).subquery("counted").c))


@lru_cache(maxsize=50)
def facts_statement(view: View) -> Statement:
    """What the view's lifecycle looks at, of those with these `ids`."""
    facts = [column.label(f"fact_{name}") for name, column in view.facts.items()]
    wanted = view.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
    return compiled(select(view.id.label("id"), *facts).select_from(view.source).where(wanted))
