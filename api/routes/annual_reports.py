"""/v1/annual-reports: what the holder of a certificate owes each year, handed in, commented on and approved."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import annual_reports as query
from programme.queries import explanations
from programme.queries.annual_reports import ANNUAL_REPORTS, DRAFTS
from programme.queries.views import pattern
from programme.services import annual_reports
from schemas import annual_reports as wire
from schemas.base import Day, Id, Move, PastMoment
from schemas.page import KNOWN_AT, Page

router = Resource("/v1/annual-reports", "annual-reports")

Expand = Annotated[
    str | None,
    Query(
        max_length=200,
        description="`certificate`, `certificate.organisation`, `organisation`, separated by commas.",
    ),
]
AsOf = Annotated[Day | None, Query(description="As it was, or will be, on this day; without actions.")]
KnownAt = Annotated[PastMoment | None, Query(description=KNOWN_AT)]
Reader = Annotated[Reading, reads("annual_reports.read")]
Plain = Annotated[Move, Body(default_factory=Move)]


@router.get("", response_model=Page[wire.AnnualReport], summary="List annual reports")
async def list_annual_reports(door: Reader, asked: Annotated[wire.AnnualReportQuery, Query()]) -> Response:
    """Annual reports by state, flag, certificate, holder, place and dates. Flags are derived on the day of the question,
    or on `as_of`. `q` finds names and legal codes of holders and references of certificates."""
    filters = asked.filters(
        "state", "flag", "extension_requested", "certificate_id", "organisation_id", "sequence", "timeliness", "standard",
        "municipality", "county", "due_on_gte", "due_on_lte", "opens_on_gte", "opens_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, ANNUAL_REPORTS, asked, filters, as_of=asked.as_of, known_at=asked.known_at)


@router.get("/{annual_report_id}", response_model=wire.AnnualReport, summary="Read an annual report")
async def get_annual_report(
    door: Reader, annual_report_id: Id, expand: Expand = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """One annual report with its flags today, and what the caller may do with it (`actions`)."""
    return await answers.single(door, ANNUAL_REPORTS, annual_report_id, expand=expand, as_of=as_of, known_at=known_at)


@router.get(
    "/{annual_report_id}/explain", response_model=wire.AnnualReportExplained, summary="Explain an annual report's flags"
)
async def explain_annual_report(
    door: Reader, annual_report_id: Id, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """The rule trace behind state and flags: the certification date, the policy and the months counted by it, the window,
    the days of grace, the moves, and for each flag whether it is raised and why."""
    explain = explanations.annual_report
    return await answers.explained(door, ANNUAL_REPORTS, annual_report_id, explain, as_of=as_of, known_at=known_at)


@router.get(
    "/{annual_report_id}/submissions", response_model=wire.Submissions, summary="Read an annual report's submissions"
)
async def list_annual_report_submissions(door: Reader, annual_report_id: Id) -> Response:
    """Every version that was handed in, oldest first, with the auditor's feedback on it and why it was sent back."""
    return await answers.rows_of(door, ANNUAL_REPORTS, annual_report_id, query.SUBMISSIONS)


@router.get("/{annual_report_id}/draft", response_model=wire.AnnualReportDraft, summary="Read an annual report's draft")
async def get_annual_report_draft(
    door: Annotated[Reading, reads("annual_reports.read_draft")], annual_report_id: Id
) -> Response:
    """The report as it is written, for those who write it. After a submission, what was submitted."""
    return await answers.single(door, DRAFTS, annual_report_id)


@router.patch(
    "/{annual_report_id}/draft", response_model=wire.AnnualReportDraft, summary="Write an annual report's draft"
)
async def write_annual_report_draft(
    door: Annotated[Writing, writes("annual_reports.draft")], annual_report_id: Id, body: wire.AnnualReportDraftChange
) -> Response:
    """Keeps what is written so far, while the report is drafted or was returned (JSON merge patch; results come whole).
    `If-Match` takes the version of the annual report."""
    await annual_reports.save_draft(door.work, annual_report_id, **body.changes())
    return await answers.changed(door, DRAFTS, annual_report_id)


@router.post("/{annual_report_id}/start", response_model=wire.AnnualReport, summary="Start an annual report")
async def start_annual_report(
    door: Annotated[Writing, writes("annual_reports.start")], annual_report_id: Id, body: Plain
) -> Response:
    """The holder begins to write, once the window is open. Deadlines run on until the first submission."""
    await annual_reports.start(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/submit", response_model=wire.AnnualReport, summary="Submit an annual report")
async def submit_annual_report(
    door: Annotated[Writing, writes("annual_reports.submit")], annual_report_id: Id, body: wire.AnnualReportSubmit
) -> Response:
    """Hands in a version of the report, all three parts of it, with what was measured of the holder's indicators; what
    is left out is taken from the draft. The first submission stops the clock: later returns make nobody overdue, and
    what came late stays late."""
    await annual_reports.submit(door.work, annual_report_id, **body.model_dump(exclude={"declaration"}))
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post(
    "/{annual_report_id}/forward-to-auditor", response_model=wire.AnnualReport, summary="Forward to the auditor"
)
async def forward_annual_report_to_auditor(
    door: Annotated[Writing, writes("annual_reports.forward_to_auditor")], annual_report_id: Id, body: Plain
) -> Response:
    """The coordinator passes the submission on to the auditor."""
    await annual_reports.forward_to_auditor(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/comment", response_model=wire.AnnualReport, summary="Comment on an annual report")
async def comment_on_annual_report(
    door: Annotated[Writing, writes("annual_reports.comment")], annual_report_id: Id, body: wire.AnnualReportComment
) -> Response:
    """The auditor's feedback on the submission, criterion by criterion."""
    await annual_reports.comment(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/forward-to-office", response_model=wire.AnnualReport, summary="Forward to the office")
async def forward_annual_report_to_office(
    door: Annotated[Writing, writes("annual_reports.forward_to_office")], annual_report_id: Id, body: Plain
) -> Response:
    """The coordinator passes the commented report on to the office of the standard."""
    await annual_reports.forward_to_office(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/approve", response_model=wire.AnnualReport, summary="Approve an annual report")
async def approve_annual_report(
    door: Annotated[Writing, writes("annual_reports.approve")], annual_report_id: Id, body: Plain
) -> Response:
    """The office's last word. The report is closed as it was submitted last."""
    await annual_reports.approve(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/return", response_model=wire.AnnualReport, summary="Return an annual report")
async def return_annual_report(
    door: Annotated[Writing, writes("annual_reports.return")], annual_report_id: Id, body: wire.AnnualReportReturn
) -> Response:
    """Sends the submission back for another version by `resubmit_by`. The day of the first submission stays."""
    await annual_reports.return_(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post(
    "/{annual_report_id}/request-extension", response_model=wire.AnnualReport, summary="Ask for a later deadline"
)
async def request_annual_report_extension(
    door: Annotated[Writing, writes("annual_reports.request_extension")],
    annual_report_id: Id,
    body: wire.AnnualReportExtensionRequest,
) -> Response:
    """The holder asks for a later last day, while nothing is submitted. Until it is granted, the present one holds."""
    await annual_reports.request_extension(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post(
    "/{annual_report_id}/decide-extension", response_model=wire.AnnualReport, summary="Decide about a later deadline"
)
async def decide_annual_report_extension(
    door: Annotated[Writing, writes("annual_reports.decide_extension")],
    annual_report_id: Id,
    body: wire.AnnualReportExtensionDecision,
) -> Response:
    """Grants or refuses what was asked for. A granted extension moves the deadline of this one report from the day of
    the decision on; what its flags said of earlier days stays so."""
    await annual_reports.decide_extension(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/waive", response_model=wire.AnnualReport, summary="Waive an annual report")
async def waive_annual_report(
    door: Annotated[Writing, writes("annual_reports.waive")], annual_report_id: Id, body: wire.AnnualReportWaive
) -> Response:
    """Nothing is owed for this year, as the awarder decides."""
    await annual_reports.waive(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)


@router.post("/{annual_report_id}/void", response_model=wire.AnnualReport, summary="Void an annual report")
async def void_annual_report(
    door: Annotated[Writing, writes("annual_reports.void")], annual_report_id: Id, body: Plain
) -> Response:
    """Nothing is owed any more, as the certificate has ended. The daily pass does the same by itself."""
    await annual_reports.void(door.work, annual_report_id, **body.model_dump())
    return await answers.changed(door, ANNUAL_REPORTS, annual_report_id)
