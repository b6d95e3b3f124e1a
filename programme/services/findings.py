"""What can be done with a finding: raised, planned for, answered, verified by somebody else. Each verb is one event.

Each verb first locks the finding's assessment for share, as rating does: an assessment that is handed in, back or on
does so with its findings as they were judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from programme.errors import FieldError, Invalid, NotFound
from programme.queries.assessments import ASSESSMENTS
from programme.queries.findings import FINDINGS
from programme.rules.assessments import OWN_WORK, RATING, is_handed_in
from programme.rules.findings import AWAITED, LIFECYCLE, STANDING, State
from programme.rules.lifecycle import Move, Role
from programme.sentences import Sentence
from programme.services.moves import judge, judged, within
from programme.tables import Assessment, Finding
from programme.work import Work

UNKNOWN_ASSESSMENT = Sentence(lt="Tokio vertinimo nėra.", en="There is no such assessment.")
UNKNOWN_CRITERION = Sentence(
    lt="Vertinimo standarto versijoje tokio kriterijaus nėra.",
    en="The version that the assessment is against has no such criterion.",
)


async def raise_(
    work: Work,
    *,
    assessment_id: UUID,
    criterion: str,
    severity: str,
    statement: str,
    evidence: Sequence[Mapping[str, Any]] = (),
    due_on: date | None = None,
) -> Finding:
    """A requirement that is found not to be met. Who may rate may raise, and while criteria are rated. Where an earlier
    finalised assessment of the organisation, of the same version and an overlapping scope, found the same criterion not
    to be met, the finding is linked to the latest such one."""
    assessment = await _assessment(work, assessment_id)
    if assessment is None:
        raise Invalid(FieldError("/assessment_id", "unknown_assessment", UNKNOWN_ASSESSMENT))
    await _may_write(work, assessment)
    principle = next(
        (
            principle["number"]
            for principle in assessment.catalogue
            if criterion in {one["number"] for one in principle["criteria"]}
        ),
        None,
    )
    if principle is None:
        raise Invalid(FieldError("/criterion", "unknown_criterion", UNKNOWN_CRITERION))
    if due_on is not None:
        within("/due_on", due_on, earliest=[work.today])
    finding = Finding(
        organisation_id=assessment.organisation_id,
        assessment_id=assessment.id,
        principle=principle,
        criterion=criterion,
        severity=severity,
        statement=statement,
        evidence=[dict(one) for one in evidence],
        raised_on=work.today,
        raised_by=work.actor.client_id,
        due_on=due_on,
        state=State.OPEN,
        repeats_id=await work.session.scalar(select(func.repeated_finding(assessment.id, criterion))),
    )
    return await work.add(finding, "finding.raised")


async def revise(work: Work, finding_id: UUID, **changes: Any) -> Finding:
    """What was found may be worded anew while the assessment is in progress, also after it was returned."""
    finding, assessment = await _taken(work, finding_id)
    await _may_write(work, assessment)
    LIFECYCLE.require(finding.state, *STANDING)
    if changes.get("due_on") is not None:
        within("/due_on", changes["due_on"], earliest=[work.today])
    finding.assign(changes)
    await work.record("finding.revised", finding)
    return finding


async def plan(
    work: Work, finding_id: UUID, *, cause: str, action: str, action_due_on: date, effective_on: date | None = None
) -> Finding:
    """The corrective action plan: why it came to this, what will be done about the cause, and by when."""
    finding, move, day = await _move(work, finding_id, "plan", effective_on)
    in_time = finding.due_on is None or day <= finding.due_on
    within("/action_due_on", action_due_on, earliest=[day], latest=[finding.due_on] if in_time else [])
    finding.cause, finding.action, finding.action_due_on, finding.planned_on = cause, action, action_due_on, day
    await work.record(move.event, finding, effective_on=day)
    return finding


async def answer(
    work: Work,
    finding_id: UUID,
    *,
    answer: str,
    evidence: Sequence[Mapping[str, Any]],
    effective_on: date | None = None,
) -> Finding:
    """What was done, with what proves it. It stops the clock: whoever verifies may take their time."""
    finding, move, day = await _move(work, finding_id, "answer", effective_on)
    finding.answer, finding.answer_evidence = answer, [dict(one) for one in evidence]
    finding.answered_on, finding.answered_by = day, work.actor.client_id
    await work.record(move.event, finding, effective_on=day)
    return finding


async def verify(
    work: Work, finding_id: UUID, *, verification: str | None = None, effective_on: date | None = None
) -> Finding:
    """Somebody else than its owner and than who answered found the answer to be effective: the finding is closed."""
    finding, move, day = await _move(work, finding_id, "verify", effective_on)
    finding.verification, finding.verified_on, finding.verified_by = verification, day, work.actor.client_id
    await work.record(move.event, finding, effective_on=day)
    return finding


async def reopen(
    work: Work, finding_id: UUID, *, reason: str, due_on: date, effective_on: date | None = None
) -> Finding:
    """The answer is not accepted; another one is due by `due_on`. Earlier answers stand in the events."""
    finding, move, day = await _move(work, finding_id, "reopen", effective_on, reason)
    within("/due_on", due_on, earliest=[work.today])
    return await _due(work, finding, move, due_on, day)


async def extend(
    work: Work, finding_id: UUID, *, reason: str, due_on: date, effective_on: date | None = None
) -> Finding:
    """More time to answer."""
    finding, move, day = await _move(work, finding_id, "extend", effective_on, reason)
    within("/due_on", due_on, earliest=[work.today, finding.due_on])
    return await _due(work, finding, move, due_on, day)


async def withdraw(work: Work, finding_id: UUID, *, reason: str, effective_on: date | None = None) -> Finding:
    """It was not one. Whoever finds, or decides, takes it back and says why; it stays on record."""
    finding, move, day = await _move(work, finding_id, "withdraw", effective_on, reason)
    await work.record(move.event, finding, effective_on=day)
    return finding


async def owe_answers(work: Work, assessment: Assessment) -> None:
    """Whenever an assessment is handed in, back or cancelled: from now on its findings have to be answered, or no longer.
    Nothing that is told of them changes, but when the daily pass looks at them."""
    awaited: ColumnElement[bool] = Finding.state.in_(AWAITED)
    await work.session.flush()
    await work.session.execute(
        update(Finding)
        .where(Finding.assessment_id == assessment.id, awaited)
        .values(next_change_on=Finding.due_on + 1 if is_handed_in(assessment.state) else None)
        .execution_options(synchronize_session=False)
    )


async def _due(work: Work, finding: Finding, move: Move, due_on: date, day: date) -> Finding:
    finding.due_on = due_on
    finding.next_change_on = due_on + timedelta(days=1)
    await work.record(move.event, finding, effective_on=day)
    return finding


async def _assessment(work: Work, assessment_id: UUID) -> Assessment | None:
    """The assessment, where the caller may know what it found; none that was handed in, back or on while this is done."""
    found = await work.session.get(Assessment, assessment_id, with_for_update={"read": True}, populate_existing=True)
    if found is None or not found.known_to(work.sight):
        return None
    withheld = work.actor.role is Role.PROVIDER and found.kind not in OWN_WORK and not is_handed_in(found.state)
    return None if withheld else found


async def _taken(work: Work, finding_id: UUID) -> tuple[Finding, Assessment]:
    known = await work.session.get(Finding, finding_id)
    assessment = None if known is None else await _assessment(work, known.assessment_id)
    if assessment is None:
        raise NotFound
    return await work.take(Finding, finding_id), assessment


async def _may_write(work: Work, assessment: Assessment) -> None:
    """As for rating: who assesses, licensed and independent, while the assessment is in progress."""
    RATING.check("record", await judged(work, ASSESSMENTS, assessment.id))


async def _move(
    work: Work, finding_id: UUID, verb: str, effective_on: date | None, reason: str | None = None
) -> tuple[Finding, Move, date]:
    """The finding in its new state, the move, and its day: today or earlier, but not before the move before it. What
    waits for an answer goes on to; whatever else it comes to, nothing is due any more."""
    finding, assessment = await _taken(work, finding_id)
    move = await judge(work, FINDINGS, finding.id, verb)
    day = effective_on or work.today
    earlier = [finding.raised_on, assessment.ended_on, finding.planned_on, finding.answered_on]
    within("/effective_on", day, earliest=earlier, latest=[work.today])
    finding.state = move.to or finding.state
    finding.reason = reason
    if finding.state not in AWAITED:
        finding.next_change_on = None
    return finding, move, day
