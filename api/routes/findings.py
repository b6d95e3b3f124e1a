"""/v1/findings: what assessments found not to be met, answered by the organisation and verified by somebody else."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries.findings import FINDINGS
from programme.queries.views import pattern
from programme.services import findings
from schemas import findings as wire
from schemas.base import Day, Id, PastMoment
from schemas.page import KNOWN_AT, Page

router = Resource("/v1/findings", "findings")

Expand = Annotated[
    str | None,
    Query(max_length=200, description="`assessment`, `assessment.organisation`, `organisation`, separated by commas."),
]
AsOf = Annotated[Day | None, Query(description="As it was, or will be, on this day; without actions.")]
KnownAt = Annotated[PastMoment | None, Query(description=KNOWN_AT)]
Reader = Annotated[Reading, reads("findings.read")]


@router.get("", response_model=Page[wire.Finding], summary="List findings")
async def list_findings(door: Reader, asked: Annotated[wire.FindingQuery, Query()]) -> Response:
    """Findings by assessment, organisation, criterion, severity, state and dates; those that are due first, first. `q`
    finds names and legal codes of organisations."""
    filters = asked.filters(
        "assessment_id", "organisation_id", "standard_version", "principle", "criterion", "severity", "state",
        "overdue", "repeated", "repeats_id", "standard", "municipality", "county", "due_on_gte", "due_on_lte", "raised_on_gte",
        "raised_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, FINDINGS, asked, filters, as_of=asked.as_of, known_at=asked.known_at)


@router.get("/{finding_id}", response_model=wire.Finding, summary="Read a finding")
async def get_finding(
    door: Reader, finding_id: Id, expand: Expand = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """One finding with what the caller may do with it (`actions`). An organisation sees what an auditor found once the
    audit is handed in. An assessment that is read along is told as it is now, whatever the day."""
    return await answers.single(door, FINDINGS, finding_id, expand=expand, as_of=as_of, known_at=known_at)


@router.post("", response_model=wire.Finding, status_code=201, summary="Raise a finding")
async def raise_finding(
    door: Annotated[Writing, writes("findings.write", versioned=False)], body: wire.FindingNew
) -> Response:
    """A criterion is not met. Who assesses raises it while the assessment is in progress: the assigned auditor, or the
    organisation in its own work. An earlier finding that it repeats is found and linked by itself."""
    made = await findings.raise_(door.work, **body.model_dump())
    return await answers.changed(door, FINDINGS, made.id, status=201)


@router.patch("/{finding_id}", response_model=wire.Finding, summary="Word a finding anew")
async def change_finding(
    door: Annotated[Writing, writes("findings.write")], finding_id: Id, body: wire.FindingChange
) -> Response:
    """Severity, statement, evidence or the day by which it is due (JSON merge patch), while the assessment is in
    progress."""
    await findings.revise(door.work, finding_id, **body.changes())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/plan", response_model=wire.Finding, summary="Plan corrective action")
async def plan_finding(
    door: Annotated[Writing, writes("findings.plan")], finding_id: Id, body: wire.FindingPlan
) -> Response:
    """The organisation says why it came to this, what it will do about the cause, and by when. Deadlines run on. A plan
    may be written anew until the answer."""
    await findings.plan(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/answer", response_model=wire.Finding, summary="Answer a finding")
async def answer_finding(
    door: Annotated[Writing, writes("findings.answer")], finding_id: Id, body: wire.FindingAnswer
) -> Response:
    """The organisation says what was done, with evidence. That stops the clock until somebody else has verified it."""
    await findings.answer(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/verify", response_model=wire.Finding, summary="Verify and close a finding")
async def verify_finding(
    door: Annotated[Writing, writes("findings.verify")],
    finding_id: Id,
    body: Annotated[wire.FindingVerify, Body(default_factory=wire.FindingVerify)],
) -> Response:
    """The answer is found to be effective, by somebody who neither owns the finding nor answered it."""
    await findings.verify(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/reopen", response_model=wire.Finding, summary="Reopen a finding")
async def reopen_finding(
    door: Annotated[Writing, writes("findings.reopen")], finding_id: Id, body: wire.FindingReopen
) -> Response:
    """The answer is not accepted, for a reason; the organisation answers again by `due_on`."""
    await findings.reopen(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/extend", response_model=wire.Finding, summary="Give more time for a finding")
async def extend_finding(
    door: Annotated[Writing, writes("findings.extend")], finding_id: Id, body: wire.FindingExtend
) -> Response:
    """A later last day for the answer."""
    await findings.extend(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)


@router.post("/{finding_id}/withdraw", response_model=wire.Finding, summary="Withdraw a finding")
async def withdraw_finding(
    door: Annotated[Writing, writes("findings.withdraw")], finding_id: Id, body: wire.FindingWithdraw
) -> Response:
    """It was not one, for a reason. It stays on record, and no later finding repeats it."""
    await findings.withdraw(door.work, finding_id, **body.model_dump())
    return await answers.changed(door, FINDINGS, finding_id)
