"""What waits for the caller, as it crosses the wire."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from programme.rules.work_queue import Kind
from schemas.base import ActionRead, Answer, Day, Id, ReasonRead
from schemas.page import Filters, Several


class ResourceType(StrEnum):
    """As events name it."""

    ENROLMENT = "enrolment"
    ASSESSMENT = "assessment"
    FINDING = "finding"
    CERTIFICATE = "certificate"
    ANNUAL_REPORT = "annual_report"
    COMPLIANCE_CASE = "compliance_case"
    CONTACT = "contact"


class WorkResource(Answer):
    type: ResourceType
    id: UUID


class WorkOrganisation(Answer):
    id: UUID
    name: str = Field(examples=["Utenos rajono savivaldybės Leliūnų socialinės globos namai"])


class WorkItem(Answer):
    """One thing that waits for the caller."""

    kind: Kind
    resource: WorkResource
    organisation: WorkOrganisation
    due_on: date | None = Field(description="The last day for it; null where there is none.", examples=["2027-02-21"])
    overdue: bool = Field(description="That day has passed.")
    reason: ReasonRead = Field(
        description="Why it waits: the kind as `code`, and a sentence in the caller's language.",
        examples=[{"code": "report_to_submit", "message": "Reikia pateikti metinę ataskaitą."}],
    )
    href: str = Field(
        description="Where to read the resource.",
        examples=["/v1/annual-reports/019ab2c4-0000-7000-8000-000000000001"],
    )
    action: ActionRead | None = Field(
        description="What is to be done, as it stands in the resource's `actions`, with what is still in its way. Null "
        "where somebody else records it: an agreement is signed with the coordinator."
    )


class WorkCount(Answer):
    kind: Kind
    count: int = Field(examples=[4])
    overdue: int = Field(examples=[1])


class WorkQueue(Answer):
    """One page of what waits, the first due first; what has no day comes last, oldest first."""

    items: list[WorkItem]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")
    total: int | None = Field(default=None, description="How many wait in all; with `include=total` only.")
    counts: list[WorkCount] | None = Field(
        default=None,
        description="How many of each kind, those of which none waits left out; with `include=total` only.",
    )


class WorkQueueQuery(Filters):
    """Filters of the queue. Its order is always that of `due_on`."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many items a page has at most.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=2000, description="`next_cursor` of the page before; for the same filters.")
    ] = None
    include: Annotated[str | None, Field(max_length=50, description="`total`.")] = None
    kind: Several[Kind] | None = None
    organisation_id: Id | None = None
    municipality: Several[str] | None = Field(default=None, description="Of the organisation; ISO 3166-2:LT codes.")
    overdue: bool | None = None
    due_on_lte: Day | None = Field(default=None, alias="due_on[lte]")
