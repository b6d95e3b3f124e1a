"""/v1/assessments: self-assessments and audits, the ratings of their criteria, the results of their principles."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Body, Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import assessments as query
from programme.queries import comparisons
from programme.queries import ratings as rated
from programme.queries.assessments import ASSESSMENTS
from programme.queries.mappings import mapped_evidence
from programme.queries.ratings import RATINGS
from programme.queries.views import pattern
from programme.services import assessments, ratings
from schemas import assessments as wire
from schemas.base import Id, Move, Nothing
from schemas.bulk import Atomicity
from schemas.comparisons import Comparison
from schemas.mappings import MappedEvidence
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
Beside = Annotated[
    str | None,
    Query(max_length=200, description="`self_assessment`: what the organisation itself said of the criterion."),
]
Reader = Annotated[Reading, reads("assessments.read")]
Rater = Annotated[Writing, writes("assessments.rate", versioned="where_given")]
Plain = Annotated[Nothing, Body(default_factory=Nothing)]
When = Annotated[Move, Body(default_factory=Move)]


# Ratings first: they are what is written most often.


@router.put(
    "/{assessment_id}/ratings/{criterion}",
    response_model=wire.CriterionRating,
    summary="Record a rating",
    responses={201: {"model": wire.CriterionRating, "description": "Rated for the first time."}},
)
async def record_rating(door: Rater, assessment_id: Id, criterion: Criterion, body: wire.RatingRecord) -> Response:
    """Says what the criterion was found to be: for the first time without `If-Match` (201), anew with the ETag of the
    rating itself (200). Only who assesses can rate, and only while the assessment is in progress. The version of the
    assessment stays as it is, so that raters of different criteria do not block each other."""
    row = await ratings.record(door.work, door.connection, assessment_id, criterion, **body.model_dump())
    return await answers.left_as(
        door, RATINGS, row, criterion, status=201 if row["is_new"] else 200, path=_ratings(assessment_id)
    )


@router.post("/{assessment_id}/ratings/bulk", response_model=wire.RatingResults, summary="Record several ratings")
async def record_ratings(
    door: Annotated[Writing, writes("assessments.rate", versioned=False)],
    assessment_id: Id,
    body: wire.RatingsRecord,
    atomicity: Annotated[
        Atomicity, Query(description="What becomes of the others where one is refused.")
    ] = Atomicity.ALL,
) -> Response:
    """Rates up to 200 criteria at once, each for the first time or, with its `version`, anew; each that changes has its
    own event. The results stand in the order of the request, each with the status that it would have had alone. With
    `atomicity=all` one refusal keeps nothing; with `atomicity=item` the others are kept. Where nothing is kept, the answer
    is the problem `nothing_kept` (422) with the results in `items`."""
    done = await ratings.record_all(door.work, door.connection, assessment_id, body.model_dump()["items"])
    results = [({"criterion": one.criterion}, one.row, one.refusal) for one in done]
    return await answers.several(door, RATINGS, atomicity, "rating", results)


@router.get("/{assessment_id}/ratings/{criterion}", response_model=wire.CriterionRating, summary="Read a rating")
async def get_rating(door: Reader, assessment_id: Id, criterion: Criterion, expand: Beside = None) -> Response:
    """The rating of one criterion. Its ETag is what a change of it takes in `If-Match`."""
    key = await rated.rating_id(door.connection, assessment_id, criterion)
    return await answers.single(door, RATINGS, key, expand=expand, path=_ratings(assessment_id))


@router.get(
    "/{assessment_id}/ratings", response_model=Page[wire.CriterionRating], summary="List an assessment's ratings"
)
async def list_ratings(door: Reader, assessment_id: Id, asked: Annotated[wire.RatingQuery, Query()]) -> Response:
    """The ratings recorded so far, in the order of the criteria; with `expand=self_assessment` what the organisation
    itself said of each beside it."""
    await answers.parent(door, ASSESSMENTS, assessment_id)
    filters = {"assessment_id": assessment_id, **asked.filters("principle", "rating", "carried")}
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
async def list_principle_assessments(
    door: Reader,
    assessment_id: Id,
    expand: Annotated[
        Literal["self_assessment"] | None,
        Query(description="`self_assessment`: what the organisation itself said of each criterion beside it."),
    ] = None,
) -> Response:
    """Every principle with its result and its criteria, each as the version had it when the assessment was planned,
    with its rating. So an auditor sees beside every criterion what the organisation said of itself, from the first day
    of the audit; the organisation sees what the auditor found once the audit is handed in."""
    statement = rated.PRINCIPLE_ASSESSMENTS_BESIDE if expand else rated.PRINCIPLE_ASSESSMENTS
    return await answers.rows_of(door, ASSESSMENTS, assessment_id, statement)


@router.get(
    "/{assessment_id}/submissions",
    response_model=wire.AssessmentSubmissions,
    summary="Read an assessment's submissions",
)
async def list_assessment_submissions(door: Reader, assessment_id: Id) -> Response:
    """Every revision as it was handed in, oldest first: a correction is made after a return and handed in as the next
    revision, and leaves those before as they were."""
    return await answers.rows_of(door, ASSESSMENTS, assessment_id, rated.SUBMISSIONS)


@router.get("/{assessment_id}/compare", response_model=Comparison, summary="Compare two assessments")
async def compare_assessments(
    door: Reader,
    assessment_id: Id,
    other: Annotated[Id, Query(alias="with", description="The assessment to compare with, usually the earlier one.")],
) -> Response:
    """Criterion by criterion from the one named in `with` to this one: improved, the same or worse; principles by their
    scores. Across versions of a standard, criteria are found by the code of their principle and their place in it; what
    only one of the two has is named as added or removed."""
    await answers.parent(door, ASSESSMENTS, assessment_id)
    await answers.parent(door, ASSESSMENTS, other)
    compared = await comparisons.compare(door.connection, assessment_id, other, door.caller.today, door.caller.sight)
    return answers.plain(door, answers.as_json(compared))


@router.get("/{assessment_id}/candidates", response_model=wire.Candidates, summary="List who could audit")
async def list_assessment_candidates(
    door: Annotated[Reading, reads("assessments.candidates")], assessment_id: Id
) -> Response:
    """Every auditor with what keeps them from this assessment on the planned day: no licence for the standard, advice
    to the organisation within two years, belonging to it, reviewing it."""
    await answers.parent(door, ASSESSMENTS, assessment_id)
    found = await query.candidates(door.connection, assessment_id, door.caller.today)
    listed = [
        {**one, "eligible": not reasons, "reasons": [reason.say(door.caller.language) for reason in reasons]}
        for one, reasons in found
    ]
    return answers.plain(door, answers.as_json({"items": listed}))


@router.get(
    "/{assessment_id}/mapped-evidence", response_model=MappedEvidence, summary="Read evidence from other standards"
)
async def list_mapped_evidence(door: Reader, assessment_id: Id) -> Response:
    """By criterion: what finalised assessments of the same organisation against other versions found met, of the
    criteria that are mapped to it. Of assessments of one kind, version, level and scope the latest counts. It is evidence
    to look at and to name, not a rating; and only what the caller may see of those assessments is listed."""
    statement = mapped_evidence(door.caller.sight.sees)
    return await answers.rows_of(door, ASSESSMENTS, assessment_id, statement)


@router.get("", response_model=Page[wire.Assessment], summary="List assessments")
async def list_assessments(door: Reader, asked: Annotated[wire.AssessmentQuery, Query()]) -> Response:
    """Assessments by state, kind, organisation, who assesses and reviews, and when they are planned."""
    filters = asked.filters(
        "state", "kind", "outcome", "organisation_id", "enrolment_id", "standard", "standard_version", "level",
        "assessor", "reviewer", "improvement_overdue", "plan_due_on_gte", "plan_due_on_lte", "planned_on_gte",
        "planned_on_lte",
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


@router.post("/{assessment_id}/assign", response_model=wire.Assessment, summary="Assign who assesses and reviews")
async def assign_assessment(
    door: Annotated[Writing, writes("assessments.assign")], assessment_id: Id, body: wire.Assignment
) -> Response:
    """Names who assesses, until the work is handed in, and who reviews, until the review begins. Every conflict that is
    found stands in `errors`: the licence on the day, advice within two years, belonging to the organisation, the same
    person in both. `GET …/candidates` tells them beforehand."""
    await assessments.assign(door.work, assessment_id, **body.changes())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/carry-forward", response_model=wire.Assessment, summary="Start from the last cycle")
async def carry_assessment_forward(
    door: Annotated[Writing, writes("assessments.carry_forward")], assessment_id: Id, body: Plain
) -> Response:
    """Copies to the criteria that are not rated yet what the last finalised assessment of the same scope and version
    found: the organisation's own work from its own, an audit from the same auditor's. Each copy is a draft, marked
    `carried_from`, which counts in no result and has to be rated anew, perhaps alike, before the submission."""
    await ratings.carry_forward(door.work, assessment_id)
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


@router.post("/{assessment_id}/require-improvement", response_model=wire.Assessment, summary="Require improvement")
async def require_assessment_improvement(
    door: Annotated[Writing, writes("assessments.require_improvement")],
    assessment_id: Id,
    body: wire.AssessmentImprovement,
) -> Response:
    """The review gives the organisation until `plan_due_on` to improve what was found and to answer the findings.
    Ratings stand meanwhile; what improved is rated anew where the review returns the assessment."""
    await assessments.require_improvement(door.work, assessment_id, **body.model_dump())
    return await answers.changed(door, ASSESSMENTS, assessment_id)


@router.post("/{assessment_id}/resubmit", response_model=wire.Assessment, summary="Resubmit an improved assessment")
async def resubmit_assessment(
    door: Annotated[Writing, writes("assessments.resubmit")], assessment_id: Id, body: When
) -> Response:
    """The improvements are made: the review goes on. Every nonconformity is answered by then (409 with the criteria of
    those that are not)."""
    await assessments.resubmit(door.work, assessment_id, **body.model_dump())
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
