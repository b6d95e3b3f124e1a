"""What can be done with an assessment: planned, carried out, handed in, reviewed, finalised. Ratings: `ratings`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Forbidden, Invalid
from programme.queries.assessments import ASSESSMENTS, PASS_RULE
from programme.rules import assessments as rules
from programme.rules.assessments import OWN_WORK, RatingValue, State
from programme.rules.lifecycle import Move, Role
from programme.rules.standards import ASSESSED_BY
from programme.sentences import Sentence
from programme.services.certificates import in_force, level_of
from programme.services.findings import owe_answers
from programme.services.moves import checked_scope, judge, known_organisation, within
from programme.tables import (
    Assessment,
    AssessmentSubmission,
    AuditorAdvice,
    AuditorLicence,
    Client,
    Enrolment,
    Rating,
    Strand,
)
from programme.work import Work

REVIEWERS = (Role.REVIEWER, Role.AWARDER)

NO_CRITERIA = Sentence(
    lt="Ši standarto versija dar neturi kriterijų, pagal kuriuos būtų galima vertinti.",
    en="This version of the standard has no criteria yet that could be assessed.",
)
UNKNOWN_ENROLMENT = Sentence(
    lt="Organizacija tokio dalyvavimo šio standarto veikloje neturi.",
    en="The organisation has no such enrolment in a strand of this standard.",
)
NOT_AN_AUDITOR = Sentence(
    lt="Išorės auditą ir tolesnį vertinimą atlieka klientas, kurio vaidmuo – auditorius.",
    en="An external audit or follow-up is carried out by a client whose role is auditor.",
)
NOT_ONE_OF_THEM = Sentence(
    lt="Įsivertinimą ir vidaus auditą atlieka pačios organizacijos klientas.",
    en="A self-assessment or internal audit is carried out by a client of the organisation itself.",
)
NOT_A_REVIEWER = Sentence(
    lt="Peržiūri klientas, kurio vaidmuo – peržiūrėtojas arba sertifikavimo sprendimų priėmėjas.",
    en="The reviewer is a client whose role is reviewer or awarder.",
)
REVIEWER_OF_THEIRS = Sentence(
    lt="Peržiūrėtojas pats priklauso šiai organizacijai, todėl jos vertinimo peržiūrėti negali.",
    en="The reviewer belongs to this organisation, and so cannot review its assessment.",
)
NEEDS_AN_AUDITOR = Sentence(
    lt="Pradėtas auditas negali likti be auditoriaus: paskirkite kitą.",
    en="An audit that has begun cannot be left without its auditor: name another one.",
)
HANDED_IN = Sentence(
    lt="Darbas jau pateiktas, todėl vertintojas nebekeičiamas.",
    en="The work is handed in, so who carried it out can no longer be changed.",
)
NOBODY_NAMED = Sentence(
    lt="Nurodykite vertintoją, peržiūrėtoją arba abu.", en="Name who assesses, who reviews, or both."
)
OTHERS_WORK = Sentence(
    lt="Organizacija planuoja tik savo įsivertinimą ir vidaus auditą; kitus vertinimus planuoja koordinatorius.",
    en="An organisation plans its own self-assessments and internal audits only; the coordinator plans the others.",
)
NOT_YOURS_TO_ASSIGN = Sentence(
    lt="Vertintoją ir peržiūrėtoją skiria koordinatorius.", en="The coordinator assigns who assesses and who reviews."
)


async def plan(
    work: Work,
    *,
    organisation_id: UUID,
    kind: str,
    standard_version: str,
    level: str,
    scope: Mapping[str, Any],
    enrolment_id: UUID | None = None,
    assessor: UUID | None = None,
    reviewer: UUID | None = None,
    planned_on: date | None = None,
) -> Assessment:
    """An assessment to carry out, against the version's principles and criteria as they are now: what becomes of the
    version later changes nothing in it."""
    organisation = await known_organisation(work, organisation_id)
    if work.actor.role is Role.PROVIDER and kind not in OWN_WORK:
        raise Forbidden(OTHERS_WORK)
    if (assessor or reviewer) and not work.actor.may("assessments.assign"):
        raise Forbidden(NOT_YOURS_TO_ASSIGN)
    version = await level_of(work, standard_version, level)
    in_force(version, ASSESSED_BY)
    if not any(principle["criteria"] for principle in version.principles):
        raise Invalid(FieldError("/standard_version", "criteria_missing", NO_CRITERIA))
    if enrolment_id is not None:
        await _known_enrolment(work, enrolment_id, organisation.id, version.standard)
    assessment = Assessment(
        organisation_id=organisation.id,
        enrolment_id=enrolment_id,
        kind=kind,
        standard=version.standard,
        standard_version=version.code,
        level=level,
        scope=await checked_scope(work, organisation.id, scope),
        catalogue=version.principles,
        scale=version.scale,
        assessor=assessor,
        reviewer=reviewer,
        state=State.PLANNED,
        planned_on=planned_on,
    )
    await _fit(work, assessment, ("assessor", "reviewer"))
    return await work.add(assessment, "assessment.planned")


async def replan(work: Work, assessment_id: UUID, **changes: Any) -> Assessment:
    """Who assesses, who reviews, when and what may change until the work begins."""
    assessment = await work.take(Assessment, assessment_id)
    rules.LIFECYCLE.require(assessment.state, State.PLANNED)
    if "scope" in changes:
        changes["scope"] = await checked_scope(
            work, assessment.organisation_id, changes["scope"], over=assessment.scope
        )
    assessment.assign(changes)
    assigned = changes.keys() & {"assessor", "reviewer"}
    await _fit(work, assessment, {*assigned, "assessor"} if "planned_on" in changes else assigned)
    await work.record("assessment.assigned" if assigned else "assessment.replanned", assessment)
    return assessment


async def assign(work: Work, assessment_id: UUID, **named: UUID | None) -> Assessment:
    """Who assesses, until the work is handed in, and who reviews, until the review begins; whoever is not named stays."""
    assessment = await work.take(Assessment, assessment_id)
    move = await judge(work, ASSESSMENTS, assessment.id, "assign")
    if not named:
        raise Invalid(FieldError("", "nobody_named", NOBODY_NAMED))
    if "assessor" in named:
        if assessment.state not in (State.PLANNED, State.IN_PROGRESS):
            raise Invalid(FieldError("/assessor", "assessor_fixed", HANDED_IN))
        if named["assessor"] is None and assessment.state != State.PLANNED and assessment.kind not in OWN_WORK:
            raise Invalid(FieldError("/assessor", rules.NO_ASSESSOR.code, NEEDS_AN_AUDITOR))
    assessment.assign(named)
    await _fit(work, assessment, named)
    await work.record(move.event, assessment)
    return assessment


async def _known_enrolment(work: Work, enrolment_id: UUID, organisation_id: UUID, standard: str) -> None:
    known = select(Enrolment.id).join(Strand, Strand.id == Enrolment.strand_id)
    if not await work.session.scalar(
        known.where(
            Enrolment.id == enrolment_id, Enrolment.organisation_id == organisation_id, Strand.standard == standard
        )
    ):
        raise Invalid(FieldError("/enrolment_id", "unknown_enrolment", UNKNOWN_ENROLMENT))


async def _fit(work: Work, assessment: Assessment, named: Collection[str]) -> None:
    """Whether those who are named may assess and review: an auditor from outside, licensed and independent, or one of
    the organisation's own, and never the same for both."""
    errors = []
    if "assessor" in named and assessment.assessor is not None:
        client = await _client(work, assessment.assessor)
        if assessment.kind not in OWN_WORK:
            if client is None or client.role != Role.AUDITOR:
                errors.append(FieldError("/assessor", "not_an_auditor", NOT_AN_AUDITOR))
            else:
                day = (assessment.planned_on if assessment.state == State.PLANNED else None) or work.today
                facts = replace(
                    await _of_auditor(work, assessment, day),
                    belongs=client.organisation_id == assessment.organisation_id,
                )
                errors += [reason.at("/assessor") for reason in rules.conflicts(facts)]
        elif client is None or (client.role, client.organisation_id) != (Role.PROVIDER, assessment.organisation_id):
            errors.append(FieldError("/assessor", "not_of_the_organisation", NOT_ONE_OF_THEM))
    if assessment.reviewer is not None and assessment.reviewer == assessment.assessor:
        errors.append(rules.REVIEWER_IS_ASSESSOR.at("/reviewer"))
    elif "reviewer" in named and assessment.reviewer is not None:
        client = await _client(work, assessment.reviewer)
        if client is None or client.role not in REVIEWERS:
            errors.append(FieldError("/reviewer", "not_a_reviewer", NOT_A_REVIEWER))
        elif client.organisation_id == assessment.organisation_id:
            errors.append(FieldError("/reviewer", "reviewer_of_the_organisation", REVIEWER_OF_THEIRS))
    if errors:
        raise Invalid(*errors)


async def _of_auditor(work: Work, assessment: Assessment, day: date) -> rules.AssessmentFacts:
    """What the guards of licence and independence look at on the day."""
    licence = select(AuditorLicence.client_id).where(
        AuditorLicence.client_id == assessment.assessor,
        AuditorLicence.standard == assessment.standard,
        AuditorLicence.valid_from <= day,
        AuditorLicence.valid_until >= day,
    )
    advice = select(AuditorAdvice.until_on).where(
        AuditorAdvice.client_id == assessment.assessor, AuditorAdvice.organisation_id == assessment.organisation_id
    )
    return rules.AssessmentFacts(
        state=assessment.state,
        kind=rules.Kind(assessment.kind),
        role=work.actor.role,
        assessor=assessment.assessor,
        day=day,
        licensed=await work.session.scalar(licence) is not None,
        advised_until=await work.session.scalar(advice),
    )


async def _client(work: Work, client_id: UUID) -> Client | None:
    return await work.session.scalar(select(Client).where(Client.id == client_id, Client.disabled_at.is_(None)))


async def start(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """The work begins: from now on criteria are rated, and the plan stands."""
    assessment, move, day = await _move(work, assessment_id, "start", effective_on)
    if day != work.today:
        began = await _of_auditor(work, assessment, day)
        reasons = [reason for reason in (rules.licensed(began), rules.independent(began)) if reason is not None]
        if reasons:
            raise Invalid(*(reason.at("/effective_on") for reason in reasons))
    assessment.started_on = day
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def submit(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """The work is done and handed in: its ratings stand unless it is returned, and its findings wait for answers.
    `effective_on`: its last day."""
    assessment, move, day = await _move(work, assessment_id, "submit", effective_on)
    assessment.ended_on = day
    assessment.revision += 1
    await owe_answers(work, assessment)
    await work.record(move.event, assessment, effective_on=day)
    work.session.add(
        AssessmentSubmission(
            organisation_id=assessment.organisation_id,
            assessment_id=assessment.id,
            revision=assessment.revision,
            submitted_at=work.now,
            submitted_by=work.actor.client_id,
            ended_on=day,
            ratings=await _handed_in(work, assessment.id),
        )
    )
    return assessment


async def _handed_in(work: Work, assessment_id: UUID) -> list[dict[str, Any]]:
    """The ratings as they are, in the order of the criteria."""
    rated = await work.session.scalars(select(Rating).where(Rating.assessment_id == assessment_id))
    return [
        {name: getattr(one, name) for name in ("criterion", "rating", "level", "levels", "comment", "evidence")}
        for one in sorted(rated, key=lambda one: (one.principle, int(one.criterion.partition(".")[2])))
    ]


async def return_(work: Work, assessment_id: UUID, *, reason: str, effective_on: date | None = None) -> Assessment:
    """Back to whoever assessed, who rates anew what the reason says; the next submission is a new revision."""
    assessment, move, day = await _move(work, assessment_id, "return", effective_on, reason)
    assessment.ended_on = None
    await owe_answers(work, assessment)
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def start_review(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """Somebody else looks at what was found. A reviewer who begins where none was assigned is the reviewer."""
    assessment, move, day = await _move(work, assessment_id, "start_review", effective_on)
    if assessment.reviewer is None and work.actor.role in REVIEWERS:
        assessment.reviewer = work.actor.client_id
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def require_improvement(
    work: Work, assessment_id: UUID, *, plan_due_on: date, effective_on: date | None = None
) -> Assessment:
    """The organisation improves what was found, and answers the findings, until the last day `plan_due_on`."""
    assessment, move, day = await _move(work, assessment_id, "require_improvement", effective_on)
    within("/plan_due_on", plan_due_on, earliest=[work.today])
    assessment.plan_due_on = plan_due_on
    assessment.next_change_on = plan_due_on + timedelta(days=1)
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def resubmit(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """The improvements are made and the nonconformities answered: the review goes on, over the same ratings."""
    assessment, move, day = await _move(work, assessment_id, "resubmit", effective_on)
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def finalise(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """The review is over: score and outcome stand, and of an external audit a decision may now be recorded."""
    return await _finalise(work, assessment_id, "finalise", effective_on)


async def finalise_self(work: Work, assessment_id: UUID, *, effective_on: date | None = None) -> Assessment:
    """What the organisation found of itself stands without a review."""
    return await _finalise(work, assessment_id, "finalise_self", effective_on)


async def cancel(work: Work, assessment_id: UUID, *, reason: str, effective_on: date | None = None) -> Assessment:
    """It will not be carried out to its end. What was rated stays on record."""
    assessment, move, day = await _move(work, assessment_id, "cancel", effective_on, reason)
    await owe_answers(work, assessment)
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def _move(
    work: Work, assessment_id: UUID, verb: str, effective_on: date | None, reason: str | None = None
) -> tuple[Assessment, Move, date]:
    """The assessment in its new state, the move, and its day: today or earlier, but not before the move before it."""
    assessment = await work.take(Assessment, assessment_id)
    move = await judge(work, ASSESSMENTS, assessment.id, verb)
    day = effective_on or work.today
    within("/effective_on", day, earliest=[assessment.started_on, assessment.ended_on], latest=[work.today])
    if move.to is not None:
        assessment.state = move.to
    assessment.reason, assessment.next_change_on = reason, None
    return assessment, move, day


async def _finalise(work: Work, assessment_id: UUID, verb: str, effective_on: date | None) -> Assessment:
    assessment, move, day = await _move(work, assessment_id, verb, effective_on)
    rule: Mapping[str, Any] = (
        await work.session.scalars(
            select(PASS_RULE).select_from(Assessment).where(Assessment.id == assessment.id), {"today": work.today}
        )
    ).one()
    scores = await _scores(work, assessment.id)
    assessment.outcome = rules.outcome(rule, scores)
    assessment.score = rules.whole(scores).rounded
    assessment.finalised_on = day
    await work.record(move.event, assessment, effective_on=day)
    return assessment


async def _scores(work: Work, assessment_id: UUID) -> list[rules.Score]:
    """The score of each principle."""
    rated = await work.session.execute(
        select(Rating.principle, Rating.rating).where(Rating.assessment_id == assessment_id).order_by(Rating.principle)
    )
    return [
        rules.score(RatingValue(rating) for _, rating in ratings)
        for _, ratings in groupby(rated, key=lambda one: one.principle)
    ]
