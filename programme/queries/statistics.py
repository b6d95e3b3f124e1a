"""How many there are of each kind: counts over the rows that a list would show, by what they have in common.

A statistic is its resource's `View` counted: the same conditions, the same sight and the same derived status, on the
same day. So each number equals the `include=total` of the list asked for that part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Integer, Text, cast, extract, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.expression import FromClause

from programme.queries.annual_reports import ANNUAL_REPORTS, timeliness_on
from programme.queries.certificates import CERTIFICATES
from programme.queries.enrolments import ENROLMENTS
from programme.queries.findings import FINDINGS
from programme.queries.past import Past
from programme.queries.views import (
    TODAY,
    Statement,
    View,
    compiled,
    json_list,
    json_object,
    matching,
    said,
)
from programme.rules.enrolments import HOLDING_A_PLACE
from programme.rules.sight import Sees
from programme.tables import (
    AnnualReport,
    Assessment,
    Certificate,
    Enrolment,
    Finding,
    Municipality,
    Organisation,
    Project,
    Strand,
)

_c, _r, _e = Certificate.__table__.c, AnnualReport.__table__.c, Enrolment.__table__.c
_a, _f = Assessment.__table__.c, Finding.__table__.c
_m, _o, _p, _s = Municipality.__table__.c, Organisation.__table__.c, Project.__table__.c, Strand.__table__.c


@dataclass(frozen=True, eq=False)
class Subject:
    """What is counted. `by`: what it can be counted by; `several`: those of which a row may have several (a JSON
    list), so that it counts once under each of them, and under null where it has none."""

    view: View
    source: FromClause
    by: Mapping[str, ColumnElement[Any]]
    several: frozenset[str] = frozenset()


def _in_place(source: FromClause, municipality: ColumnElement[Any]) -> FromClause:
    return source.outerjoin(Municipality.__table__, _m.code == municipality)


CERTIFICATES_COUNTED = Subject(
    view=CERTIFICATES,
    source=_in_place(CERTIFICATES.source, _c.municipality_key),
    by={
        "status": CERTIFICATES.fields["status"],
        "register_status": CERTIFICATES.fields["register_status"],
        "standard": _c.standard,
        "standard_version": _c.standard_version,
        "level": _c.level,
        "municipality": _m.code,
        "county": _m.county,
        "service": _c.scope["services"],
    },
    several=frozenset({"service"}),
)

ANNUAL_REPORTS_COUNTED = Subject(
    view=ANNUAL_REPORTS,
    source=_in_place(ANNUAL_REPORTS.source, _c.municipality_key),
    by={
        "timeliness": timeliness_on(TODAY),
        "year": cast(extract("year", _r.due_on), Integer),
        "sequence": _r.sequence,
        "standard": _c.standard,
        "municipality": _m.code,
        "county": _m.county,
    },
)

ENROLMENTS_COUNTED = Subject(
    view=ENROLMENTS,
    source=_in_place(ENROLMENTS.source, _o.municipality),
    by={
        "state": ENROLMENTS.fields["state"],
        "project": _p.code,
        "strand": _s.code,
        "standard": _s.standard,
        "municipality": _m.code,
        "county": _m.county,
        "service": _e.scope["services"],
    },
    several=frozenset({"service"}),
)

FINDINGS_COUNTED = Subject(
    view=FINDINGS,
    source=_in_place(FINDINGS.source, _o.municipality),
    by={
        "principle": _f.principle,
        "criterion": _f.criterion,
        "severity": _f.severity,
        "state": _f.state,
        "overdue": FINDINGS.fields["overdue"],
        "year": cast(extract("year", _f.raised_on), Integer),
        "standard": _a.standard,
        "standard_version": _a.standard_version,
        "municipality": _m.code,
        "county": _m.county,
    },
)

_NO_ITEMS: ColumnElement[Any] = literal_column("'[]'::json")


def _counted(subject: Subject, by: Iterable[str], conditions: Iterable[str], sees: Sees) -> CTE:
    """How many rows (`n`) have the same of everything; what everything below adds up, so that it agrees with itself."""
    rows = select(*(subject.by[name].label(name) for name in by)).select_from(subject.source)
    each = matching(rows, subject.view, conditions, sees).subquery("each")
    return select(*each.c, func.count().label("n")).group_by(*each.c).cte("counted")


def _total(counted: CTE) -> Any:
    return select(cast(func.coalesce(func.sum(counted.c.n), literal_column("0")), BigInteger)).scalar_subquery()


def _items(subject: Subject, counted: CTE, by: Iterable[str]) -> Any:
    """The counts as a JSON list of objects, in the order of what they are counted by, null last."""
    source: FromClause = counted
    kinds: dict[str, ColumnElement[Any]] = {}
    for name in by:
        kinds[name] = counted.c[name]
        if name in subject.several:
            member = func.jsonb_array_elements_text(counted.c[name]).table_valued("value")
            member = member.render_derived(f"each_{name}")
            source, kinds[name] = source.outerjoin(member, true()), member.c.value
    summed = (
        select(*(kind.label(name) for name, kind in kinds.items()))
        .add_columns(cast(func.sum(counted.c.n), BigInteger).label("count"))
        .select_from(source)
        .group_by(*kinds.values())
        .subquery("summed")
    )
    order = [summed.c[name].asc().nulls_last() for name in kinds]
    rows = func.json_agg(aggregate_order_by(func.row_to_json(literal_column("summed")), *order))
    return select(func.coalesce(rows, _NO_ITEMS)).select_from(summed).scalar_subquery()


@lru_cache(maxsize=1000)
def breakdown(
    subject: Subject, by: tuple[str, ...], conditions: frozenset[str], sees: Sees, past: Past | None
) -> Statement:
    """One answer: `total`, the number of rows, and `items`, how many of them there are of each kind."""
    counted = _counted(subject, by, conditions, sees)
    told: list[Any] = [_total(counted).label("total"), cast(_items(subject, counted, by), Text).label("items")]
    return compiled(select(*told), past, sees)


@lru_cache(maxsize=100)
def overview(subject: Subject, by: tuple[tuple[str, ...], ...], sees: Sees, past: Past | None) -> Statement:
    """All of the subject in one object (`body`): its total, and a breakdown by each of these, named after the last of its
    names."""
    counted = _counted(subject, dict.fromkeys(name for names in by for name in names), (), sees)
    members: list[Any] = [said("total"), _total(counted)]
    for names in by:
        members += [said(f"by_{names[-1]}"), _items(subject, counted, names)]
    body: Any = cast(func.json_build_object(*members), Text)
    return compiled(select(body.label("body")), past, sees)


@lru_cache(maxsize=20)
def capacity(sees: Sees, past: Past | None) -> Statement:
    """Every strand with its capacity and how many of the enrolments in sight hold a place in it on the day (`body`)."""
    holding = select(_e.strand_id, func.count().label("n")).select_from(ENROLMENTS.source)
    holding = holding.where(ENROLMENTS.fields["state"].in_([said(state) for state in HOLDING_A_PLACE]))
    held = matching(holding, ENROLMENTS, (), sees).group_by(_e.strand_id).subquery("held")
    line = {
        "project": _p.code,
        "strand": _s.code,
        "standard": _s.standard,
        "capacity": _s.capacity,
        "holding_a_place": func.coalesce(held.c.n, literal_column("0")),
    }
    every = json_list(json_object(line), _p.code, _s.code)
    source = Strand.__table__.join(Project.__table__, _p.id == _s.project_id).outerjoin(held, held.c.strand_id == _s.id)
    body: Any = cast(every, Text)
    return compiled(select(body.label("body")).select_from(source), past, sees)
