"""/v1/enrolments: who takes part in which strand of a project, from the application to the outcome."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import enrolments as query
from programme.queries import explanations
from programme.queries.enrolments import ENROLMENTS
from programme.queries.views import pattern
from programme.services import enrolments
from schemas import enrolments as wire
from schemas.base import Day, Id, Move, PastMoment
from schemas.page import KNOWN_AT, Page

router = Resource("/v1/enrolments", "enrolments")

Expand = Annotated[str | None, Query(max_length=200, description="`organisation`: who takes part along with it.")]
StageCode = Annotated[str, Path(max_length=100, examples=["staff_training_2_days"])]
AsOf = Annotated[Day | None, Query(description="As it was on this day, by its dated moves; without actions.")]
KnownAt = Annotated[PastMoment | None, Query(description=KNOWN_AT)]
Reader = Annotated[Reading, reads("enrolments.read")]


@router.get("", response_model=Page[wire.Enrolment], summary="List enrolments")
async def list_enrolments(door: Reader, asked: Annotated[wire.EnrolmentQuery, Query()]) -> Response:
    """Enrolments by state, organisation, project, strand, place, service and agreement; the newest first. `q` finds
    names and legal codes of organisations and agreement numbers."""
    filters = asked.filters(
        "state", "flag", "organisation_id", "project", "strand", "standard", "municipality", "county", "service",
        "agreement_number", "signed_on_gte", "signed_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, ENROLMENTS, asked, filters, as_of=asked.as_of, known_at=asked.known_at)


@router.post("", response_model=wire.Enrolment, status_code=201, summary="Begin an application")
async def open_enrolment(
    door: Annotated[Writing, writes("enrolments.write", versioned=False)], body: wire.EnrolmentNew
) -> Response:
    """A draft of an application to take part in a strand. An organisation has at most one open enrolment in a strand
    for the same scope."""
    made = await enrolments.apply(door.work, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, made.id, status=201)


@router.get("/{enrolment_id}", response_model=wire.Enrolment, summary="Read an enrolment")
async def get_enrolment(
    door: Reader, enrolment_id: Id, expand: Expand = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """One enrolment with its stages, and what the caller may do with it (`actions`)."""
    return await answers.single(door, ENROLMENTS, enrolment_id, expand=expand, as_of=as_of, known_at=known_at)


@router.get("/{enrolment_id}/explain", response_model=wire.EnrolmentExplained, summary="Explain an enrolment's state")
async def explain_enrolment(door: Reader, enrolment_id: Id, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """The trace behind the state: the project's period and each dated move whose day had come."""
    explain = explanations.enrolment
    return await answers.explained(door, ENROLMENTS, enrolment_id, explain, as_of=as_of, known_at=known_at)


@router.patch("/{enrolment_id}", response_model=wire.Enrolment, summary="Change an application")
async def change_enrolment(
    door: Annotated[Writing, writes("enrolments.write")], enrolment_id: Id, body: wire.EnrolmentChange
) -> Response:
    """Writes a draft anew (JSON merge patch). From its submission on, an enrolment changes by its moves only."""
    await enrolments.revise_draft(door.work, enrolment_id, **body.changes())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.get("/{enrolment_id}/stages", response_model=wire.EnrolmentStages, summary="List an enrolment's stages")
async def list_enrolment_stages(door: Reader, enrolment_id: Id) -> Response:
    """The stages of taking part, in the strand's order, each with the days on which it was planned, started and
    done."""
    return await answers.rows_of(door, ENROLMENTS, enrolment_id, query.STAGES)


@router.put("/{enrolment_id}/stages/{code}", response_model=wire.Enrolment, summary="Record a stage")
async def record_enrolment_stage(
    door: Annotated[Writing, writes("enrolments.stages")],
    enrolment_id: Id,
    code: StageCode,
    body: wire.EnrolmentStageChange,
) -> Response:
    """Writes down how far one stage is, all three days anew. `If-Match` takes the enrolment's ETag, and the answer is
    the enrolment as it is then."""
    await enrolments.record_stage(door.work, enrolment_id, code, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/submit", response_model=wire.Enrolment, summary="Submit an application")
async def submit_enrolment(
    door: Annotated[Writing, writes("enrolments.submit")],
    enrolment_id: Id,
    body: Annotated[Move, Body(default_factory=Move)],
) -> Response:
    """Hands the application in, while the project is open. Needs a named scope, and the declaration that the project's
    requirements are met."""
    await enrolments.submit(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/return", response_model=wire.Enrolment, summary="Return an application")
async def return_enrolment(
    door: Annotated[Writing, writes("enrolments.return")], enrolment_id: Id, body: wire.EnrolmentReasonedMove
) -> Response:
    """Makes it a draft again, for the organisation to mend what `reason` says."""
    await enrolments.return_(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/start-review", response_model=wire.Enrolment, summary="Start the selection")
async def start_enrolment_review(
    door: Annotated[Writing, writes("enrolments.start_review")],
    enrolment_id: Id,
    body: Annotated[Move, Body(default_factory=Move)],
) -> Response:
    """The commission begins to judge the application."""
    await enrolments.start_review(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/select", response_model=wire.Enrolment, summary="Select an application")
async def select_enrolment(
    door: Annotated[Writing, writes("enrolments.select")], enrolment_id: Id, body: wire.EnrolmentSelect
) -> Response:
    """The commission's decision; it takes one of the strand's places. When all are taken, the refusal
    (`strand_full`) offers the reserve list."""
    await enrolments.select(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/put-on-reserve", response_model=wire.Enrolment, summary="Put on the reserve list")
async def put_enrolment_on_reserve(
    door: Annotated[Writing, writes("enrolments.put_on_reserve")],
    enrolment_id: Id,
    body: Annotated[wire.EnrolmentPutOnReserve, Body(default_factory=wire.EnrolmentPutOnReserve)],
) -> Response:
    """The application waits for a place that somebody gives back; it can then be selected."""
    await enrolments.put_on_reserve(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/reject", response_model=wire.Enrolment, summary="Reject an application")
async def reject_enrolment(
    door: Annotated[Writing, writes("enrolments.reject")], enrolment_id: Id, body: wire.EnrolmentReject
) -> Response:
    """The commission does not fund the application. It stays on record; the organisation may apply anew."""
    await enrolments.reject(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/withdraw", response_model=wire.Enrolment, summary="Withdraw an application")
async def withdraw_enrolment(
    door: Annotated[Writing, writes("enrolments.withdraw")],
    enrolment_id: Id,
    body: Annotated[wire.EnrolmentWithdraw, Body(default_factory=wire.EnrolmentWithdraw)],
) -> Response:
    """The organisation steps back before an agreement is signed. A place that it held is free again."""
    await enrolments.withdraw(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/sign-agreement", response_model=wire.Enrolment, summary="Sign the agreement")
async def sign_enrolment_agreement(
    door: Annotated[Writing, writes("enrolments.sign_agreement")], enrolment_id: Id, body: wire.EnrolmentSignAgreement
) -> Response:
    """Taking part begins. The agreement's number is unique in the project, and its day lies in the project's period as
    far as that is known."""
    await enrolments.sign_agreement(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/complete", response_model=wire.Enrolment, summary="Complete an enrolment")
async def complete_enrolment(
    door: Annotated[Writing, writes("enrolments.complete")], enrolment_id: Id, body: wire.EnrolmentComplete
) -> Response:
    """All stages are done; `outcome` says what they led to. The place stays taken."""
    await enrolments.complete(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)


@router.post("/{enrolment_id}/terminate", response_model=wire.Enrolment, summary="Terminate an enrolment")
async def terminate_enrolment(
    door: Annotated[Writing, writes("enrolments.terminate")], enrolment_id: Id, body: wire.EnrolmentReasonedMove
) -> Response:
    """The agreement ends before its time. The place is free again."""
    await enrolments.terminate(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, ENROLMENTS, enrolment_id)
