"""What lies ahead, month by month: expiries, reports due, audits needed; and which certificates outlive their project.

Seen from one day: only certificates that stand on it count, as they are decided by then. `rules.forecast` says what
runs out and when it needs an audit; the SQL here says the same, proven equal by test.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from programme.queries.annual_reports import ANNUAL_REPORTS, timeliness_on
from programme.queries.assessments import ASSESSMENTS
from programme.queries.certificates import CERTIFICATES, status_on
from programme.queries.past import Past
from programme.queries.views import TODAY, Statement, compiled, matching, said
from programme.rules.annual_reports import Timeliness
from programme.rules.assessments import Kind, Outcome, State
from programme.rules.calendar import VILNIUS
from programme.rules.certificates import Status
from programme.rules.forecast import STANDING
from programme.rules.sight import Sees
from programme.tables import AnnualReport, Assessment, Certificate, CertificateDecision, Policy, Project, Strand

_c, _d, _r = Certificate.__table__.c, CertificateDecision.__table__.c, AnnualReport.__table__.c
_y = Policy.__table__.c
_a, _p, _s = Assessment.__table__.c, Project.__table__.c, Strand.__table__.c

FILTERS = ("standard", "municipality", "county")
"""By which of the conditions on certificates a forecast can be narrowed."""

HORIZON: ColumnElement[int] = bindparam("horizon", type_=Integer)
"""How many months."""

_ONE: ColumnElement[int] = literal_column("1")

RUNS_OUT = status_on(_c.expires_on + _ONE) == said(Status.EXPIRED.value)
"""`expires_on` is reached, and nothing takes the certificate's place by then."""

_decided_by_then = (
    select(_d.id)
    .where(
        _d.certificate_id == _c.id,
        _d.kind == said("grant"),
        cast(func.timezone(said(VILNIUS.key), _d.decided_at), Date) <= TODAY,
    )
    .correlate(Certificate.__table__)
    .exists()
)
_POLICY = (
    select(_y.standard_version, _y.renewal_opens_days)
    .ext(distinct_on(_y.standard_version))
    .where(_y.effective_from <= TODAY)
    .order_by(_y.standard_version, _y.effective_from.desc())
    .subquery("policy_then")
)
"""What was in effect for each version on the day. Before there was any, the window is that in which the certificate
counts as expiring."""

_STATUS = status_on(TODAY)
STANDS = and_(
    _STATUS.in_([said(status) for status in STANDING]),
    or_(said(Status.NOT_YET_VALID.value) != _STATUS, _decided_by_then),
)
"""The certificate stands on the day; one that begins later has to be granted by then."""


def _month(day: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.date_trunc(said("month"), day), Date)


def _by_month(days: Select[Any]) -> Any:
    """How many of the `day`s lie in each month."""
    each = days.subquery()
    return select(_month(each.c.day).label("month"), func.count().label("n")).group_by(_month(each.c.day)).subquery()


def _expiries(standing: CTE) -> Select[Any]:
    return select(standing.c.expires_on.label("day")).where(standing.c.runs_out)


def _reports_due(standing: CTE, sees: Sees) -> Select[Any]:
    """Reports that are still to come on the day, and that a certificate will still be there for."""
    query = select(_r.due_on.label("day")).join(standing, standing.c.id == _r.certificate_id)
    query = query.where(
        timeliness_on(TODAY) == said(Timeliness.UPCOMING.value),
        or_(_r.lapses_on.is_(None), _r.lapses_on > _r.due_on),
    )
    return matching(query, ANNUAL_REPORTS, (), sees)


def _audits_needed(standing: CTE, sees: Sees) -> Select[Any]:
    """What runs out without an audit that was passed since it needs one."""
    opens_on = standing.c.expires_on - standing.c.renewal_opens_days
    passed = select(_a.id).where(
        _a.organisation_id == standing.c.organisation_id,
        _a.standard == standing.c.standard,
        _a.kind == said(Kind.EXTERNAL_AUDIT.value),
        _a.state == said(State.FINALISED.value),
        _a.outcome == said(Outcome.MET.value),
        _a.ended_on >= opens_on,
        _a.finalised_on <= TODAY,
    )
    passed = matching(passed, ASSESSMENTS, (), sees).correlate(standing)
    return select(func.greatest(opens_on, TODAY).label("day")).where(standing.c.runs_out, not_(passed.exists()))


def _outliving(standing: CTE) -> Any:
    """Ids of certificates whose last valid day lies behind the end of a project that runs on the day for their
    standard, those that end first before the others."""
    running = (
        select(_p.id)
        .join(Strand.__table__, _s.project_id == _p.id)
        .where(
            _s.standard == standing.c.standard,
            or_(_p.starts_on.is_(None), _p.starts_on <= TODAY),
            _p.ends_on >= TODAY,
            _p.ends_on < standing.c.expires_on,
        )
        .correlate(standing)
    )
    ids = func.json_agg(aggregate_order_by(standing.c.id, standing.c.expires_on, standing.c.id))
    found = select(func.coalesce(ids, literal_column("'[]'::json"))).select_from(standing)
    return found.where(standing.c.runs_out, running.exists()).scalar_subquery()


@lru_cache(maxsize=200)
def forecast(conditions: frozenset[str], sees: Sees, reports: bool, audits: bool, past: Past | None) -> Statement:
    """`items`, the months from that of the day on, as many as `horizon` says, and `outlives`. Without `reports`, or
    without `audits`, those are null: the caller may not know of them."""
    ahead = (
        select(_c.id, _c.organisation_id, _c.standard, _c.expires_on, RUNS_OUT.label("runs_out"))
        .add_columns(func.coalesce(_POLICY.c.renewal_opens_days, _c.expiring_days).label("renewal_opens_days"))
        .select_from(CERTIFICATES.source.outerjoin(_POLICY, _POLICY.c.standard_version == _c.standard_version))
        .where(STANDS)
    )
    standing = matching(ahead, CERTIFICATES, conditions, sees).cte("standing")
    first = _month(TODAY)
    after = func.make_interval(literal_column("0"), func.generate_series(literal_column("0"), HORIZON - _ONE))
    month = select(cast(first + after, Date).label("month")).subquery("months")
    counted: Mapping[str, Any] = {
        "expiries": _by_month(_expiries(standing)),
        "reports_due": _by_month(_reports_due(standing, sees)) if reports else None,
        "audits_needed": _by_month(_audits_needed(standing, sees)) if audits else None,
    }
    line: list[Any] = [said("month"), func.to_char(month.c.month, said("YYYY-MM"))]
    source: Any = month
    for name, found in counted.items():
        if found is None:
            line += [said(name), null()]
        else:
            source = source.outerjoin(found, found.c.month == month.c.month)
            line += [said(name), func.coalesce(found.c.n, literal_column("0"))]
    every = func.json_agg(aggregate_order_by(func.json_build_object(*line), month.c.month))
    told: list[Any] = [cast(every, Text).label("items"), cast(_outliving(standing), Text).label("outlives")]
    return compiled(select(*told).select_from(source), past, sees)
