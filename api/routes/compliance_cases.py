"""/v1/compliance-cases: what the coordinator has to follow up."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries.compliance_cases import COMPLIANCE_CASES
from programme.queries.views import pattern
from programme.services import compliance_cases
from schemas import compliance_cases as wire
from schemas.base import Id
from schemas.page import Page

router = Resource("/v1/compliance-cases", "compliance-cases")

Expand = Annotated[
    str | None,
    Query(max_length=200, description="`annual_report`, `certificate`, `organisation`, separated by commas."),
]
Reader = Annotated[Reading, reads("compliance_cases.read")]


@router.get("", response_model=Page[wire.ComplianceCase], summary="List compliance cases")
async def list_compliance_cases(door: Reader, asked: Annotated[wire.ComplianceCaseQuery, Query()]) -> Response:
    """Compliance cases by state, holder, certificate, report, place and day; the newest first. `q` finds names and
    legal codes of holders and references of certificates."""
    filters = asked.filters(
        "kind", "state", "organisation_id", "certificate_id", "annual_report_id", "municipality", "opened_on_gte",
        "opened_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, COMPLIANCE_CASES, asked, filters)


@router.get("/{case_id}", response_model=wire.ComplianceCase, summary="Read a compliance case")
async def get_compliance_case(door: Reader, case_id: Id, expand: Expand = None) -> Response:
    """One case with what the caller may do with it (`actions`). The daily pass opens one for each annual report that
    becomes delinquent."""
    return await answers.single(door, COMPLIANCE_CASES, case_id, expand=expand)


@router.post("/{case_id}/close", response_model=wire.ComplianceCase, summary="Close a compliance case")
async def close_compliance_case(
    door: Annotated[Writing, writes("compliance_cases.close")], case_id: Id, body: wire.ComplianceCaseClose
) -> Response:
    """The coordinator has followed it up; `resolution` says how."""
    await compliance_cases.close(door.work, case_id, **body.model_dump())
    return await answers.changed(door, COMPLIANCE_CASES, case_id)
