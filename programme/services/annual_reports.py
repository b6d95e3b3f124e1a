"""What can be done with an annual report. Each verb is one function and one event on the report.

What the daily pass makes known of a report that nobody moves is in `services.daily`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from programme.errors import FieldError, Invalid
from programme.queries.annual_reports import ANNUAL_REPORTS, extensions
from programme.rules import annual_reports as rules
from programme.rules.annual_reports import LIFECYCLE, Obligation, State, VoidReason
from programme.rules.lifecycle import Move
from programme.sentences import Sentence
from programme.services import indicators
from programme.services.indicators import Results
from programme.services.moves import judge, within
from programme.tables import (
    AnnualReport,
    AnnualReportDraft,
    AnnualReportReview,
    AnnualReportSubmission,
    Certificate,
    Event,
    StandardVersion,
)
from programme.work import Work

MOVED = ["annual_report.scheduled", "annual_report.transferred", *(move.event for move in LIFECYCLE.moves.values())]
"""Events that no move of the report goes back behind. A new holder sees none of before the transfer, which is dated so that
it bounds as they would."""

UNKNOWN_CRITERION = Sentence(
    lt="Sertifikato standarto versijoje tokio kriterijaus nėra.",
    en="The certificate's version of the standard has no such criterion.",
)
PART_MISSING = Sentence(lt="Šios dalies dar nėra.", en="This part is not there yet.")
CRITERION_TWICE = Sentence(lt="Apie šį kriterijų jau pasakyta.", en="This criterion has been spoken of already.")


def obligation(report: AnnualReport) -> Obligation:
    """What is owed, as the rules take it."""
    return Obligation(
        opens_on=report.opens_on,
        due_on=report.due_on,
        state=State(report.state),
        void_reason=VoidReason(report.void_reason) if report.void_reason else None,
        first_submitted_on=report.first_submitted_on,
        due_soon_days=report.due_soon_days,
        grace_days=report.grace_days,
        lapses_on=report.lapses_on,
        waived_on=report.waived_on,
        extensions=extensions(report.extensions),
    )


async def start(work: Work, report_id: UUID, *, effective_on: date | None = None) -> AnnualReport:
    """The holder begins to write. Deadlines run on."""
    report, move, day = await _allowed(work, report_id, "start", effective_on)
    within("/effective_on", day, earliest=[report.opens_on])
    return await _moved(work, report, move, day)


async def save_draft(
    work: Work, report_id: UUID, *, parts: Mapping[str, Any] | None = None, results: Results | None = None
) -> AnnualReport:
    """Keeps what is written so far, whole or not. Of `parts` only those that are named change; `results` come whole."""
    report = await work.take(AnnualReport, report_id)
    LIFECYCLE.require(report.state, State.DRAFTING, State.RETURNED)
    draft = await _draft(work, report)
    await _write(work, report, draft, {**draft.parts, **(parts or {})}, results)
    await work.record("annual_report.draft_saved", report)
    return report


async def submit(
    work: Work,
    report_id: UUID,
    *,
    parts: Mapping[str, Any] | None = None,
    results: Results | None = None,
    effective_on: date | None = None,
) -> AnnualReport:
    """Hands in a version of the report, which is kept as it is; what is left out is taken from the draft.

    The first one stops the clock for good: nothing that happens to it afterwards makes the holder overdue, and it stays
    late where it came late. So the day of a submission is the day on which it comes in.
    """
    report, move, day = await _allowed(work, report_id, "submit", effective_on)
    within("/effective_on", day, earliest=[work.today])
    draft = await _draft(work, report)
    await _write(
        work, report, draft, draft.parts if parts is None else parts, draft.results if results is None else results
    )
    if missing := [name for name in rules.PARTS if not draft.parts.get(name)]:
        raise Invalid(*(FieldError(f"/parts/{name}", "missing", PART_MISSING) for name in missing))
    report.submissions += 1
    report.submitted_at = work.now
    if report.first_submitted_at is None:
        report.first_submitted_at, report.first_submitted_on = work.now, work.today
    report.resubmit_by = None
    work.session.add(
        AnnualReportSubmission(
            organisation_id=report.organisation_id,
            annual_report_id=report.id,
            number=report.submissions,
            submitted_at=work.now,
            submitted_by=work.actor.client_id,
            parts=draft.parts,
            results=await indicators.as_reported(work, draft.results),
        )
    )
    return await _moved(work, report, move, day)


async def forward_to_auditor(work: Work, report_id: UUID, *, effective_on: date | None = None) -> AnnualReport:
    report, move, day = await _allowed(work, report_id, "forward_to_auditor", effective_on)
    return await _moved(work, report, move, day)


async def comment(
    work: Work, report_id: UUID, *, feedback: Sequence[Mapping[str, str]], effective_on: date | None = None
) -> AnnualReport:
    """The auditor's feedback on the latest submission, criterion by criterion."""
    report, move, day = await _allowed(work, report_id, "comment", effective_on)
    await _check_criteria(work, report, [one["criterion"] for one in feedback])
    await _review(work, report, "comment", feedback=[dict(one) for one in feedback])
    return await _moved(work, report, move, day)


async def forward_to_office(work: Work, report_id: UUID, *, effective_on: date | None = None) -> AnnualReport:
    report, move, day = await _allowed(work, report_id, "forward_to_office", effective_on)
    return await _moved(work, report, move, day)


async def approve(work: Work, report_id: UUID, *, effective_on: date | None = None) -> AnnualReport:
    """The office's last word: the report is closed as it was submitted last."""
    report, move, day = await _allowed(work, report_id, "approve", effective_on)
    return await _moved(work, report, move, day)


async def return_(
    work: Work, report_id: UUID, *, reason: str, resubmit_by: date, effective_on: date | None = None
) -> AnnualReport:
    """Sends the latest submission back; `resubmit_by` is the last day to submit anew, while the certificate lives."""
    report, move, day = await _allowed(work, report_id, "return", effective_on)
    last = report.lapses_on - timedelta(days=1) if report.lapses_on else None
    within("/resubmit_by", resubmit_by, earliest=[work.today], latest=[last])
    report.resubmit_by = resubmit_by
    await _review(work, report, "return", reason=reason, resubmit_by=resubmit_by)
    return await _moved(work, report, move, day)


async def request_extension(
    work: Work, report_id: UUID, *, new_due_on: date, reason: str, effective_on: date | None = None
) -> AnnualReport:
    """The holder asks for a later last day. Until it is granted, the present one holds."""
    report, move, day = await _allowed(work, report_id, "request_extension", effective_on)
    latest = rules.latest_due_on(obligation(report), report.extension_days)
    later = [max(report.due_on, work.today) + timedelta(days=1)]
    within("/new_due_on", new_due_on, earliest=later, latest=[latest])
    asked = {
        "due_on": report.due_on.isoformat(), "new_due_on": new_due_on.isoformat(), "reason": reason,
        "requested_on": day.isoformat(), "granted": None, "decided_on": None, "decision_reason": None,
    }  # fmt: skip
    report.extensions = [*report.extensions, asked]
    return await _moved(work, report, move, day)


async def decide_extension(
    work: Work, report_id: UUID, *, granted: bool, reason: str, effective_on: date | None = None
) -> AnnualReport:
    """Grants the later last day, for this one report and from the day of the decision on, or refuses it."""
    report, move, day = await _allowed(work, report_id, "decide_extension", effective_on)
    *earlier, asked = report.extensions
    decided = {**asked, "granted": granted, "decided_on": day.isoformat(), "decision_reason": reason}
    report.extensions = [*earlier, decided]
    if granted:
        report.due_on = date.fromisoformat(asked["new_due_on"])
        # What came until today was made known or is told by the decision itself.
        report.next_change_on = rules.next_change(work.today, obligation(report))
    return await _moved(work, report, move, day)


async def waive(work: Work, report_id: UUID, *, reason: str, effective_on: date | None = None) -> AnnualReport:
    """Nothing is owed from the day on, as the awarder decides. What the flags said until then stays so."""
    report, move, day = await _allowed(work, report_id, "waive", effective_on)
    report.waived_on, report.reason, report.resubmit_by = day, reason, None
    return await _moved(work, report, move, day)


async def void(work: Work, report_id: UUID, *, effective_on: date | None = None) -> AnnualReport:
    """Nothing is owed any more, as the certificate has ended: what the daily pass does by itself, done now."""
    report, move, _ = await _allowed(work, report_id, "void", effective_on)
    day = effective_on or report.lapses_on or work.today
    within("/effective_on", day, earliest=[report.lapses_on])
    report.void_reason = VoidReason.CERTIFICATE_ENDED
    return await _moved(work, report, move, day)


async def _allowed(
    work: Work, report_id: UUID, name: str, effective_on: date | None
) -> tuple[AnnualReport, Move, date]:
    """The report, locked, the move that its state allows, and its day: not ahead, and not before the last move's, nor
    before the report was owed."""
    report = await work.take(AnnualReport, report_id)
    move = await judge(work, ANNUAL_REPORTS, report.id, name)
    if effective_on is not None:
        before = await work.session.scalar(
            select(func.max(Event.effective_on)).where(Event.resource_id == report.id, Event.type.in_(MOVED))
        )
        within("/effective_on", effective_on, earliest=[before], latest=[work.today])
    return report, move, effective_on or work.today


async def _moved(work: Work, report: AnnualReport, move: Move, day: date) -> AnnualReport:
    report.state = move.to or report.state
    if report.first_submitted_on is not None or report.state in rules.CLOSED:
        report.next_change_on = rules.next_change(None, obligation(report))
    await work.record(move.event, report, effective_on=day)
    return report


async def _draft(work: Work, report: AnnualReport) -> AnnualReportDraft:
    """The draft of a report that is locked; a new one where nothing was written yet."""
    draft = await work.session.get(AnnualReportDraft, report.id)
    if draft is None:
        draft = AnnualReportDraft(
            annual_report_id=report.id, organisation_id=report.organisation_id, parts={}, results=[]
        )
        work.session.add(draft)
    return draft


async def _write(
    work: Work, report: AnnualReport, draft: AnnualReportDraft, parts: Mapping[str, Any], results: Results | None
) -> None:
    """Puts the text into the draft, where its criteria exist, and the results, where the indicators do."""
    for part in ("improvements", "plans"):
        await _check_criteria(work, report, [one["criterion"] for one in parts.get(part) or ()], f"/parts/{part}")
    draft.parts = dict(parts)
    if results is not None:
        draft.results = await indicators.checked(work, report.organisation_id, results)
    draft.saved_at = work.now


async def _check_criteria(work: Work, report: AnnualReport, criteria: Sequence[str], under: str = "/feedback") -> None:
    principles = await work.session.scalar(
        select(StandardVersion.principles)
        .join(Certificate, Certificate.standard_version == StandardVersion.code)
        .where(Certificate.id == report.certificate_id)
    )
    known = {one["number"] for principle in principles or () for one in principle["criteria"]}
    errors = []
    for place, criterion in enumerate(criteria):
        pointer = f"{under}/{place}/criterion"
        if criterion not in known:
            errors.append(FieldError(pointer, "unknown_criterion", UNKNOWN_CRITERION))
        elif criterion in criteria[:place]:
            errors.append(FieldError(pointer, "criterion_repeated", CRITERION_TWICE))
    if errors:
        raise Invalid(*errors)


async def _review(work: Work, report: AnnualReport, kind: str, **found: Any) -> None:
    number = await work.session.scalar(select(func.count()).where(AnnualReportReview.annual_report_id == report.id))
    work.session.add(
        AnnualReportReview(
            organisation_id=report.organisation_id,
            annual_report_id=report.id,
            number=(number or 0) + 1,
            submission=report.submissions,
            kind=kind,
            reviewed_at=work.now,
            reviewed_by=work.actor.client_id,
            **found,
        )
    )
