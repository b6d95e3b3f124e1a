"""Reading result indicators, and the series of what was reported of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Text, func, or_

from programme.database import Connection
from programme.queries import views
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import Expansion, Statement, View, equals, found_in, one_of, said
from programme.rules.indicators import LIFECYCLE, Direction, IndicatorFacts, meets, trend
from programme.tables import Indicator, Organisation
from programme.work import Actor

_i, _o = Indicator.__table__.c, Organisation.__table__.c


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> IndicatorFacts:
    return IndicatorFacts(state=row["state"])


INDICATORS = View(
    name="indicators",
    source=Indicator.__table__.outerjoin(Organisation.__table__, _o.id == _i.organisation_id),
    id=_i.id,
    version=_i.version,
    fields={
        "id": _i.id,
        "organisation_id": _i.organisation_id,
        "name": _i.name,
        "unit": _i.unit,
        "direction": _i.direction,
        "target": _i.target,
        "standard_version": _i.standard_version,
        "principle": _i.principle,
        "criterion": _i.criterion,
        "state": _i.state,
        "retired_on": _i.retired_on,
        "version": _i.version,
    },
    keys={"id": _i.id},
    filters={
        "organisation_id": equals(_i.organisation_id, "organisation_id"),
        "state": one_of(_i.state, "state"),
        "standard_version": one_of(_i.standard_version, "standard_version"),
        "principle": one_of(_i.principle, "principle"),
        "criterion": one_of(_i.criterion, "criterion"),
        "q": or_(
            found_in(func.fold(func.concat_ws(said(" "), _i.name["lt"].astext, _i.name["en"].astext, _i.unit)), "q"),
            found_in(_o.search, "q"),
        ),
    },
    sorts={"name": func.lt_sort_key(_i.name["lt"].astext, type_=Text).collate("C"), "id": _i.id},
    default_sort="name",
    expands={"organisation": Expansion(ORGANISATIONS, _i.organisation_id)},
    owner=_i.organisation_id,
    facts={"state": _i.state},
    lifecycle=LIFECYCLE,
    judge=judge,
)

_REPORTED = Statement(
    """
select report.id as annual_report_id, report.certificate_id, certificate.reference, report.sequence, report.due_on,
       report.submissions, said.number as submission,
       to_char(said.submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as submitted_at,
       (said.result ->> 'value')::float8 as value, (said.result ->> 'target')::float8 as target,
       said.result ->> 'comment' as comment
  from indicator
  join annual_report as report on report.organisation_id = indicator.organisation_id
  join certificate on certificate.id = report.certificate_id
  join lateral (
           select number, submitted_at, result
             from annual_report_submission, jsonb_array_elements(results) as result
            where annual_report_id = report.id and result ->> 'indicator_id' = indicator.id::text
       ) as said on true
 where indicator.id = $1
 order by certificate.certified_on, report.sequence, report.id, said.number desc
""",
    ("id",),
    {},
)
"""What was reported of one indicator (`id`), certificate by certificate and year by year, of each report the latest
submission first. `submissions`: how many that report has."""


async def reported(connection: Connection, indicator_id: UUID) -> list[Any]:
    return await views.rows(connection, _REPORTED, id=indicator_id)


def series(indicator: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What was `reported` as a caller reads them. The latest submission of a report counts, and whether it names the
    indicator at all; what the earlier ones said of it stands beside."""
    direction = Direction(indicator["direction"])
    points: list[dict[str, Any]] = []
    for _, of_report in groupby(rows, lambda row: row["annual_report_id"]):
        latest, *earlier = of_report
        if latest["submission"] != latest["submissions"]:
            continue
        point = {name: latest[name] for name in _OF_POINT}
        before = points[-1]["value"] if points else None
        points.append(
            {
                **point,
                "met": meets(point["value"], point["target"], direction),
                "change": None if before is None else round(point["value"] - before, 6),
                "earlier": [{name: row[name] for name in _OF_EARLIER} for row in earlier],
            }
        )
    return {
        "indicator_id": indicator["id"],
        **{name: indicator[name] for name in ("name", "unit", "direction", "target")},
        "trend": trend([point["value"] for point in points], direction),
        "points": points,
    }


_OF_EARLIER = ("submission", "submitted_at", "value", "target", "comment")
_OF_POINT = ("annual_report_id", "certificate_id", "reference", "sequence", "due_on", *_OF_EARLIER)
