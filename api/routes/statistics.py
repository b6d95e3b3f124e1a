"""/v1/statistics: how many there are, by what they have in common, on any day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries import statistics, views
from programme.queries.statistics import (
    ANNUAL_REPORTS_COUNTED,
    CERTIFICATES_COUNTED,
    ENROLMENTS_COUNTED,
    FINDINGS_COUNTED,
    Subject,
)
from schemas import statistics as wire
from schemas.annual_reports import AnnualReportFilters
from schemas.certificates import CertificateFilters
from schemas.enrolments import EnrolmentFilters
from schemas.findings import FindingFilters
from schemas.page import PastFilters

router = Resource("/v1/statistics", "statistics")

OVERVIEW: dict[str, tuple[Subject, tuple[tuple[str, ...], ...]]] = {
    "certificates": (
        CERTIFICATES_COUNTED,
        (("status",), ("standard",), ("municipality",), ("county",), ("service",)),
    ),
    "annual_reports": (ANNUAL_REPORTS_COUNTED, (("timeliness",), ("year",))),
    "enrolments": (ENROLMENTS_COUNTED, (("state",),)),
    "findings": (FINDINGS_COUNTED, (("state",), ("severity",), ("standard_version", "principle"))),
}
"""What the first page of statistics shows of each resource."""


@router.get("", response_model=wire.Statistics, summary="Read the programme in numbers")
async def get_statistics(
    door: Annotated[Reading, reads("statistics.read")], asked: Annotated[wire.StatisticsQuery, Query()]
) -> Response:
    """Certificates by status, standard, place and service; annual reports on time, late and overdue; enrolments against
    capacity; findings by principle: today, or on the day `as_of`. A member is null where the caller may not read the resource."""
    past, when = answers.looking_back(door.caller, asked.as_of, asked.known_at)
    sees = door.caller.sight.sees
    parts = [f'"as_of":"{when["today"]}"']
    for name, (subject, by) in OVERVIEW.items():
        body = "null"
        if door.caller.actor.may(f"{name}.read"):
            body = await _body(door, statistics.overview(subject, by, sees, past), when)
            if name == "enrolments":
                body = f'{body[:-1]},"strands":{await _body(door, statistics.capacity(sees, past), when)}}}'
        parts.append(f'"{name}":{body}')
    return answers.plain(door, f"{{{','.join(parts)}}}")


@router.get("/certificates", response_model=wire.CertificateStatistics, summary="Count certificates")
async def count_certificates(
    door: Annotated[Reading, reads("certificates.read")], asked: Annotated[wire.CertificateStatisticsQuery, Query()]
) -> Response:
    """Certificates by up to three of status, standard, version, level, municipality, county and service, with the
    filters of their list: `?by=status,county&standard=EQUASS&as_of=2024-11-29`. Statuses are those of the day; the place
    is where the holder is now."""
    return await _counted(door, CERTIFICATES_COUNTED, asked, CertificateFilters)


@router.get("/annual-reports", response_model=wire.AnnualReportStatistics, summary="Count annual reports")
async def count_annual_reports(
    door: Annotated[Reading, reads("annual_reports.read")], asked: Annotated[wire.AnnualReportStatisticsQuery, Query()]
) -> Response:
    """Annual reports by up to three of timeliness (on time, late, overdue, upcoming, not owed), the year in which they
    are due, their place in the cycle, standard, municipality and county, with the filters of their list."""
    return await _counted(door, ANNUAL_REPORTS_COUNTED, asked, AnnualReportFilters)


@router.get("/enrolments", response_model=wire.EnrolmentStatistics, summary="Count enrolments")
async def count_enrolments(
    door: Annotated[Reading, reads("enrolments.read")], asked: Annotated[wire.EnrolmentStatisticsQuery, Query()]
) -> Response:
    """Enrolments by up to three of state, project, strand, standard, municipality, county and service, with the filters
    of their list."""
    return await _counted(door, ENROLMENTS_COUNTED, asked, EnrolmentFilters)


@router.get("/findings", response_model=wire.FindingStatistics, summary="Count findings")
async def count_findings(
    door: Annotated[Reading, reads("findings.read")], asked: Annotated[wire.FindingStatisticsQuery, Query()]
) -> Response:
    """Findings by up to three of principle, criterion, severity, state, overdue or not, the year in which they were
    raised, standard, version, municipality and county, with the filters of their list. A principle's number means
    something within its version only."""
    return await _counted(door, FINDINGS_COUNTED, asked, FindingFilters)


async def _counted(door: Reading, subject: Subject, asked: Any, filters: type[PastFilters]) -> Response:
    own = filters.model_fields.keys() - PastFilters.model_fields.keys() - {"q"}
    conditions = asked.filters(*own)
    if asked.q:
        conditions["q"] = views.pattern(asked.q)
    conditions = views.narrowest(subject.view, conditions)
    past, when = answers.looking_back(door.caller, asked.as_of, asked.known_at)
    by = tuple(dict.fromkeys(str(name) for name in asked.by))
    statement = statistics.breakdown(subject, by, frozenset(conditions), door.caller.sight.sees, past)
    row = await views.one(door.connection, statement, **conditions, **when, **door.caller.sight.values)
    assert row is not None
    return answers.plain(door, f'{{"as_of":"{when["today"]}","total":{row["total"]},"items":{row["items"]}}}')


async def _body(door: Reading, statement: views.Statement, when: Mapping[str, date | datetime]) -> str:
    row = await views.one(door.connection, statement, **when, **door.caller.sight.values)
    assert row is not None
    return str(row["body"])
