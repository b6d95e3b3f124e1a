"""Compliance cases as they cross the wire."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from programme.rules.compliance_cases import Kind, State
from schemas.annual_reports import AnnualReportItem
from schemas.base import ActionRead, Answer, Body, Day, Id, Prose
from schemas.certificates import CertificateItem
from schemas.organisations import Organisation
from schemas.page import PageQuery, Search, Several


class ComplianceCaseClose(Body):
    """How the case was followed up."""

    resolution: Prose = Field(examples=["Ataskaita gauta, su turėtoju sutarta dėl kitų metų termino."])
    effective_on: Day | None = Field(default=None, description="Not ahead; today where it is left out.")


class ComplianceCaseItem(Answer):
    """What the coordinator has to follow up: an annual report that is not there although its days of grace passed."""

    id: UUID
    organisation_id: UUID
    certificate_id: UUID
    annual_report_id: UUID
    kind: Kind
    state: State
    opened_on: date = Field(description="The day on which the report became delinquent.", examples=["2027-03-24"])
    closed_on: date | None
    resolution: str | None = Field(description="How it was followed up; only here, never in events.")
    version: int
    annual_report: AnnualReportItem | None = Field(default=None, description="With `expand=annual_report`.")
    certificate: CertificateItem | None = Field(default=None, description="With `expand=certificate`.")
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")


class ComplianceCase(ComplianceCaseItem):
    __doc__ = ComplianceCaseItem.__doc__

    actions: list[ActionRead] = Field(default=[], description="On single cases; in lists with `include=actions`.")


class ComplianceCaseQuery(PageQuery):
    """Filters of the list of compliance cases; sorts: `opened_on`."""

    q: Search | None = None
    kind: Several[Kind] | None = None
    state: Several[State] | None = None
    organisation_id: Id | None = None
    certificate_id: Id | None = None
    annual_report_id: Id | None = None
    municipality: Several[str] | None = Field(default=None, description="Of the holder; ISO 3166-2:LT codes.")
    opened_on_gte: Day | None = Field(default=None, alias="opened_on[gte]")
    opened_on_lte: Day | None = Field(default=None, alias="opened_on[lte]")
