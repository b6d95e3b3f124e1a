"""Statistics as they cross the wire: what can be counted by what, and the counts."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from programme.rules.annual_reports import Timeliness
from programme.rules.certificates import RegisterStatus, Status
from programme.rules.enrolments import State as EnrolmentState
from programme.rules.findings import Severity
from programme.rules.findings import State as FindingState
from schemas.annual_reports import AnnualReportFilters
from schemas.base import Answer
from schemas.certificates import CertificateFilters
from schemas.enrolments import EnrolmentFilters
from schemas.findings import FindingFilters
from schemas.page import PastFilters, Several

MOST = 3
"""Names in one `by`: each multiplies the items."""


class CertificatesBy(StrEnum):
    STATUS = "status"
    REGISTER_STATUS = "register_status"
    STANDARD = "standard"
    STANDARD_VERSION = "standard_version"
    LEVEL = "level"
    MUNICIPALITY = "municipality"
    COUNTY = "county"
    SERVICE = "service"


class AnnualReportsBy(StrEnum):
    TIMELINESS = "timeliness"
    YEAR = "year"
    SEQUENCE = "sequence"
    STANDARD = "standard"
    MUNICIPALITY = "municipality"
    COUNTY = "county"


class EnrolmentsBy(StrEnum):
    STATE = "state"
    PROJECT = "project"
    STRAND = "strand"
    STANDARD = "standard"
    MUNICIPALITY = "municipality"
    COUNTY = "county"
    SERVICE = "service"


class FindingsBy(StrEnum):
    PRINCIPLE = "principle"
    CRITERION = "criterion"
    SEVERITY = "severity"
    STATE = "state"
    OVERDUE = "overdue"
    YEAR = "year"
    STANDARD = "standard"
    STANDARD_VERSION = "standard_version"
    MUNICIPALITY = "municipality"
    COUNTY = "county"


_BY = f"What to count by: at most {MOST} names separated by commas."


class CertificateStatisticsQuery(CertificateFilters):
    """The filters of the list of certificates, and what to count by."""

    by: Annotated[Several[CertificatesBy], Field(max_length=MOST, description=_BY)] = [CertificatesBy.STATUS]


class AnnualReportStatisticsQuery(AnnualReportFilters):
    """The filters of the list of annual reports, and what to count by."""

    by: Annotated[Several[AnnualReportsBy], Field(max_length=MOST, description=_BY)] = [AnnualReportsBy.TIMELINESS]


class EnrolmentStatisticsQuery(EnrolmentFilters):
    """The filters of the list of enrolments, and what to count by."""

    by: Annotated[Several[EnrolmentsBy], Field(max_length=MOST, description=_BY)] = [EnrolmentsBy.STATE]


class FindingStatisticsQuery(FindingFilters):
    """The filters of the list of findings, and what to count by."""

    by: Annotated[Several[FindingsBy], Field(max_length=MOST, description=_BY)] = [
        FindingsBy.STANDARD_VERSION,
        FindingsBy.PRINCIPLE,
    ]


_COUNT = Field(description="How many there are.", examples=[3])
_PLACE = Field(default=None, description="Of the organisation, ISO 3166-2:LT; null where it is not known.")
_SERVICE = Field(
    default=None,
    description="A service type that the scope names. One that names several counts under each of them; null: the "
    "scope names none, and covers the whole organisation.",
    examples=["LONG_TERM_CARE"],
)


class CertificateCount(Answer):
    """How many certificates are alike in what was asked for by `by`; the other members are left out."""

    status: Status | None = None
    register_status: RegisterStatus | None = Field(default=None, description="Null: not in the public register.")
    standard: str | None = Field(default=None, examples=["EQUASS"])
    standard_version: str | None = Field(default=None, examples=["EQUASS-2018"])
    level: str | None = Field(default=None, examples=["ASSURANCE"])
    municipality: str | None = _PLACE
    county: str | None = _PLACE
    service: str | None = _SERVICE
    count: int = _COUNT


class AnnualReportCount(Answer):
    """How many annual reports are alike in what was asked for by `by`; the other members are left out."""

    timeliness: Timeliness | None = None
    year: int | None = Field(default=None, description="In which they are due.", examples=[2027])
    sequence: int | None = Field(default=None, description="1 for the first year of the certificate.")
    standard: str | None = Field(default=None, examples=["EQUASS"])
    municipality: str | None = _PLACE
    county: str | None = _PLACE
    count: int = _COUNT


class EnrolmentCount(Answer):
    """How many enrolments are alike in what was asked for by `by`; the other members are left out."""

    state: EnrolmentState | None = None
    project: str | None = Field(default=None, examples=["QUALITY-LT-2"])
    strand: str | None = Field(default=None, examples=["EQUASS_MAINTENANCE"])
    standard: str | None = Field(default=None, examples=["EQUASS"])
    municipality: str | None = _PLACE
    county: str | None = _PLACE
    service: str | None = _SERVICE
    count: int = _COUNT


class FindingCount(Answer):
    """How many findings are alike in what was asked for by `by`; the other members are left out."""

    principle: int | None = Field(default=None, description="Its number within the version.", examples=[3])
    criterion: str | None = Field(default=None, examples=["3.2"])
    severity: Severity | None = None
    state: FindingState | None = None
    overdue: bool | None = None
    year: int | None = Field(default=None, description="In which they were raised.", examples=[2026])
    standard: str | None = Field(default=None, examples=["EQUASS"])
    standard_version: str | None = Field(default=None, examples=["EQUASS-2018"])
    municipality: str | None = _PLACE
    county: str | None = _PLACE
    count: int = _COUNT


_ON = Field(description="The day that it is counted on: `as_of`, or today in Vilnius.", examples=["2024-11-29"])
_TOTAL = Field(description="How many there are in all: the list's `include=total` with the same filters.")


class CertificateStatistics(Answer):
    """Certificates counted. The counts add up to the total, save those by `service`."""

    as_of: date = _ON
    total: int = _TOTAL
    items: list[CertificateCount] = Field(description="What does not occur is left out.")


class AnnualReportStatistics(Answer):
    """Annual reports counted."""

    as_of: date = _ON
    total: int = _TOTAL
    items: list[AnnualReportCount] = Field(description="What does not occur is left out.")


class EnrolmentStatistics(Answer):
    """Enrolments counted. The counts add up to the total, save those by `service`."""

    as_of: date = _ON
    total: int = _TOTAL
    items: list[EnrolmentCount] = Field(description="What does not occur is left out.")


class FindingStatistics(Answer):
    """Findings counted."""

    as_of: date = _ON
    total: int = _TOTAL
    items: list[FindingCount] = Field(description="What does not occur is left out.")


class CertificateFigures(Answer):
    """All certificates in sight."""

    total: int
    by_status: list[CertificateCount]
    by_standard: list[CertificateCount]
    by_municipality: list[CertificateCount]
    by_county: list[CertificateCount]
    by_service: list[CertificateCount]


class AnnualReportFigures(Answer):
    """All annual reports in sight."""

    total: int
    by_timeliness: list[AnnualReportCount]
    by_year: list[AnnualReportCount]


class Places(Answer):
    """A strand of a project, and how many hold a place in it."""

    project: str = Field(examples=["QUALITY-LT-2"])
    strand: str = Field(examples=["EQUASS_MAINTENANCE"])
    standard: str = Field(examples=["EQUASS"])
    capacity: int | None = Field(description="Null: no bound.", examples=[80])
    holding_a_place: int = Field(
        description="Enrolments in sight that are selected, active or completed on the day.", examples=[63]
    )


class EnrolmentFigures(Answer):
    """All enrolments in sight, and the capacity of each strand."""

    total: int
    by_state: list[EnrolmentCount]
    strands: list[Places]


class FindingFigures(Answer):
    """All findings in sight."""

    total: int
    by_state: list[FindingCount]
    by_severity: list[FindingCount]
    by_principle: list[FindingCount] = Field(description="Of each version of a standard.")


class Statistics(Answer):
    """The programme in numbers on one day, as far as the caller sees it. What they may not read is null."""

    as_of: date = _ON
    certificates: CertificateFigures | None
    annual_reports: AnnualReportFigures | None
    enrolments: EnrolmentFigures | None
    findings: FindingFigures | None


class StatisticsQuery(PastFilters):
    """The day, and by what was known."""
