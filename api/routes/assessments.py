"""/v1/assessments: self-assessments and audits, the ratings of their criteria, the results of their principles."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Body, Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import assessments as query
from programme.queries.assessments import ASSESSMENTS, RATINGS
from programme.queries.views import pattern
from programme.services import assessments, ratings
from schemas import assessments as wire
from schemas.base import Id, Move
from schemas.page import Page

router = Resource("/v1/assessments", "assessments")

Criterion = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{1,2}\.[0-9]{1,3}$",
        description="The criterion's number in the version of the standard.",
        examples=["3.2"],
    ),
]
Expand = Annotated[str | None, Query(max_length=200, description="`organisation`: the organisation along with it.")]
Reader = Annotated[Reading, reads("assessments.read")]
Rater = Annotated[Writing, writes("assessments.rate", versioned="where_given")]
When = Annotated[Move, Body(default_factory=Move)]


# Ratings first: they are what is written most often.


@router.put(
    "/{assessment_id}/ratings/{criterion}",
    response_model=wire.Rating,
    summary="Record a rating",
    responses={201: {"model": wire.Rating, "description": "Rated for the first time."}},
)
async def record_rating(door: Rater, assessment_id: Id, criterion: Criterion, body: wire.RatingRecord) -> Response:
    """Says what the criterion was found to be: for the first time without `If-Match` (201), anew with the ETag of the
    rating itself (200). Only who assesses can rate, and only while the assessment is in progress. The version of the
    assessment stays as it is, so that raters of different criteria do not block each other."""
    row = await ratings.record(door.work, door.connection, assessment_id, criterion, **body.model_dump())
    return await answers.left_as(
        door, RATINGS, row, criterion, status=201 if row["is_new"] else 200, path=_ratings(assessment_id)
    )


@router.get("/{assessment_id}/ratings/{criterion}", response_model=wire.Rating, summary="Read a rating")
async def get_rating(door: Reader, assessment_id: Id, criterion: Criterion) -> Response:
    """The rating of one criterion. Its ETag is what a change of it takes in `If-Match`."""
    key = await query.rating_id(door.connection, assessment_id, criterion)
    return await answers.single(door, RATINGS, key, path=_ratings(assessment_id))


@router.get("/{assessment_id}/ratings", response_model=Page[wire.Rating], summary="List an assessment's ratings")
async def list_ratings(door: Reader, assessment_id: Id, asked: Annotated[wire.RatingQuery, Query()]) -> Response:
    """The ratings recorded so far, in the order of the criteria."""
    await answers.parent(door, ASSESSMENTS, assessment_id)
    filters = {"assessment_id": assessment_id, **asked.filters("principle", "rating")}
    return await answers.page(door, RATINGS, asked, filters, path=_ratings(assessment_id))


def _ratings(assessment_id: UUID) -> str:
    return f"/v1/assessments/{assessment_id}/ratings"


@router.get("/{assessment_id}", response_model=wire.Assessment, summary="Read an assessment")
async def get_assessment(door: Reader, assessment_id: Id, expand: Expand = None) -> Response:
    """One assessment with the results of its principles, and what the caller may do with it (`actions`)."""
    return await answers.single(door, ASSESSMENTS, assessment_id, expand=expand)


@router.get(
    "/{assessment_id}/principles", response_model=wire.PrincipleAssessments, summary="Read the principle assessments"
)
async def list_principle_assessments(door: Reader, assessment_id: Id) -> Response:
    """Every principle with its result and its criteria, each as the version had it when the assessment was planned,
    with its rating."""
    return await answers.rows_of(door, ASSESSMENTS, assessment_id, query.PRINCIPLE_ASSESSMENTS)


@router.get("", response_model=Page[wire.Assessment], summary="List assessments")
async def list_assessments(door: Reader, asked: Annotated[wire.AssessmentQuery, Query()]) -> Response:
    """Assessments by state, kind, organisation, who assesses and reviews, and when they are planned."""
    filters = asked.filters(
        "state", "kind", "outcome", "organisation_id", "enrolment_id", "standard", "standard_version", "level",
        "assessor", "reviewer", "planned_on_gte", "planned_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, ASSESSMENTS, asked, filters)


@router.post("", response_model=wire.Assessment, status_code=201, summary="Plan an assessment")
async def plan_assessment(
    door: Annotated[Writing, writes("assessments.write", versioned=False)], body: wire.AssessmentNew
) -> Response:
    """Freezes the version's principles and criteria for it. An organisation plans its own self-assessments and internal
    audits; everything else, and who assesses and reviews, is the coordinator's."""
    made = await assessments.plan(door.work, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, made.id, status=201)


@router.patch("/{assessment_id}", response_model=wire.Assessment, summary="Change a planned assessment")
async def change_assessment(
    door: Annotated[Writing, writes("assessments.assign")], assessment_id: Id, body: wire.AssessmentChange
) -> Response:
    """Assigns who assesses and who reviews, or changes day and scope (JSON merge patch), until the work begins."""
    await assessments.replan(door.work, assessment_id, **body.changes())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/start", response_model=wire.Assessment, summary="Start an assessment")
async def start_assessment(
    door: Annotated[Writing, writes("assessments.start")], assessment_id: Id, body: When
) -> Response:
    """From now on criteria are rated. A self-assessment or internal audit is started by the organisation, an external
    audit or follow-up by the assigned auditor, either by the coordinator."""
    await assessments.start(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/submit", response_model=wire.Assessment, summary="Submit an assessment")
async def submit_assessment(
    door: Annotated[Writing, writes("assessments.submit")], assessment_id: Id, body: When
) -> Response:
    """Hands it in: every criterion is rated, each that is met with evidence (409 with the lists of those that are not).
    Ratings stand from then on."""
    await assessments.submit(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/return", response_model=wire.Assessment, summary="Return an assessment")
async def return_assessment(
    door: Annotated[Writing, writes("assessments.return")], assessment_id: Id, body: wire.AssessmentReasonedMove
) -> Response:
    """Back to whoever assessed, to rate anew what the reason says. The next submission is a new revision."""
    await assessments.return_(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/start-review", response_model=wire.Assessment, summary="Start the review")
async def start_assessment_review(
    door: Annotated[Writing, writes("assessments.start_review")], assessment_id: Id, body: When
) -> Response:
    """Somebody who did not assess looks at what was found. A reviewer who begins where none was assigned is recorded
    as the reviewer."""
    await assessments.start_review(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/finalise", response_model=wire.Assessment, summary="Finalise a reviewed assessment")
async def finalise_assessment(
    door: Annotated[Writing, writes("assessments.finalise")], assessment_id: Id, body: When
) -> Response:
    """Freezes the score and computes the outcome by the pass rule in effect on the last day of the work. Of an external
    audit a decision about the certificate may now be recorded."""
    await assessments.finalise(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/finalise-self", response_model=wire.Assessment, summary="Finalise without a review")
async def finalise_own_assessment(
    door: Annotated[Writing, writes("assessments.finalise_self")], assessment_id: Id, body: When
) -> Response:
    """Freezes score and outcome of a self-assessment or internal audit, which needs no review."""
    await assessments.finalise_self(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/cancel", response_model=wire.Assessment, summary="Cancel an assessment")
async def cancel_assessment(
    door: Annotated[Writing, writes("assessments.cancel")], assessment_id: Id, body: wire.AssessmentReasonedMove
) -> Response:
    """It will not be carried out to its end. What was rated stays on record."""
    await assessments.cancel(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)
